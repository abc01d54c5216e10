/* Any samples, cut and repeated in any way, with any questions in between: the transcript is the
 * same as when they are fed one at a time without a question, for each utterance they are divided
 * into. On the bundled model.
 *
 * Input: a byte for the steps of a call, one for the beam width and the speech gate, then commands.
 * A command is two bytes: what to do, and how many bytes of samples follow. The upper bits of the
 * first say how often they are fed.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz_target.h"

#include <dsinfer/dsinfer.h>

#include <stdbool.h>
#include <string.h>

/* Samples of one input: enough for some calls of the network, quick to run. */
#define MAX_SAMPLES 5000

enum command { FEED_S16, FEED_F32, PARTIAL, PEEK, CLONE, NEXT, N_COMMANDS };

static struct dsinfer_model *open_model(void) {
    const char *folder = getenv("DSINFER_SOURCE");
    struct dsinfer_error error;
    struct dsinfer_model *model;
    char path[1024];

    snprintf(path, sizeof(path), "%s/model/english/output_graph.pb", folder ? folder : ".");
    if (dsinfer_model_open(path, NULL, &model, &error) != DSINFER_OK) {
        fprintf(stderr, "%s: %s\n", path, error.message);
        abort();
    }
    return model;
}

static struct dsinfer_stream *create(struct dsinfer_model *model, uint32_t n_steps,
                                     uint8_t decoder) {
    struct dsinfer_stream_options options;
    struct dsinfer_stream *stream;

    dsinfer_stream_options_init(&options);
    options.n_steps = n_steps;
    options.decoder.beam_width = 1 + decoder % 32;
    options.has_speech_gate = decoder / 32 % 2;
    options.decoder.n_candidates = 5;
    FUZZ_CHECK(dsinfer_stream_create(model, &options, &stream, NULL) == DSINFER_OK);
    return stream;
}

static void check_same(const struct dsinfer_transcript *a, const struct dsinfer_transcript *b) {
    size_t i;

    FUZZ_CHECK(strcmp(a->text, b->text) == 0 && a->time_s == b->time_s);
    FUZZ_CHECK(a->n_words == b->n_words && a->n_candidates == b->n_candidates);
    FUZZ_CHECK(a->n_candidates > 0);
    for (i = 0; i < a->n_candidates; i++) {
        const struct dsinfer_candidate *x = &a->candidates[i];
        const struct dsinfer_candidate *y = &b->candidates[i];

        FUZZ_CHECK(x->score == y->score && strcmp(x->text, y->text) == 0);
        FUZZ_CHECK(x->n_labels == y->n_labels);
        FUZZ_CHECK(memcmp(x->timesteps, y->timesteps, x->n_labels * sizeof(*x->timesteps)) == 0);
    }
    for (i = 0; i < a->n_words; i++) {
        FUZZ_CHECK(a->words[i].start_s < a->words[i].end_s &&
                   a->words[i].end_s <= a->time_s + 1e-9);
        FUZZ_CHECK(a->words[i].confidence >= 0.0 && a->words[i].confidence <= 1.0);
    }
}

/* Feeds `size` bytes as samples to `stream` at once, to `slow` one by one. */
static void feed(struct dsinfer_stream *stream, struct dsinfer_stream *slow, bool is_float,
                 const uint8_t *bytes, size_t size) {
    float f32[64];
    int16_t s16[128];
    const size_t n = size / (is_float ? sizeof(f32[0]) : sizeof(s16[0]));
    size_t i;

    memcpy(f32, bytes, size);
    memcpy(s16, bytes, size);
    FUZZ_CHECK((is_float ? dsinfer_stream_feed_f32(stream, f32, n)
                         : dsinfer_stream_feed_s16(stream, s16, n)) == DSINFER_OK);
    for (i = 0; i < n; i++) {
        FUZZ_CHECK((is_float ? dsinfer_stream_feed_f32(slow, f32 + i, 1)
                             : dsinfer_stream_feed_s16(slow, s16 + i, 1)) == DSINFER_OK);
    }
}

static void begin_next(struct dsinfer_stream *stream, struct dsinfer_stream *slow) {
    struct dsinfer_transcript got, wanted;

    FUZZ_CHECK(dsinfer_stream_get_endpoint(stream) == dsinfer_stream_get_endpoint(slow));
    FUZZ_CHECK(dsinfer_stream_next_utterance(stream, &got) == DSINFER_OK);
    FUZZ_CHECK(dsinfer_stream_next_utterance(slow, &wanted) == DSINFER_OK);
    check_same(&got, &wanted);
}

/* Asks the stream; the one to go on with is returned. */
static struct dsinfer_stream *ask(struct dsinfer_stream *stream, unsigned command) {
    struct dsinfer_transcript transcript;
    struct dsinfer_stream *copy;

    switch (command) {
    case PARTIAL:
        FUZZ_CHECK(dsinfer_stream_partial(stream, &transcript) == DSINFER_OK);
        return stream;
    case PEEK:
        FUZZ_CHECK(dsinfer_stream_peek(stream, &transcript) == DSINFER_OK);
        return stream;
    default:
        FUZZ_CHECK(dsinfer_stream_clone(stream, &copy) == DSINFER_OK);
        dsinfer_stream_destroy(stream);
        return copy;
    }
}

/* Carries out the commands on `stream`, and the feeds of them on `slow`. */
static struct dsinfer_stream *run(struct dsinfer_stream *stream, struct dsinfer_stream *slow,
                                  const uint8_t *data, size_t size) {
    size_t n_questions = 0;

    while (size >= 2) {
        const unsigned command = data[0] % 8;
        size_t n_times = 1 + data[0] / 8;
        size_t n_bytes = data[1];

        data += 2;
        size -= 2;
        if (command > FEED_F32) {
            if (command == NEXT) {
                begin_next(stream, slow);
            } else if (command < N_COMMANDS && n_questions++ < 8) {
                stream = ask(stream, command);
            }
            continue;
        }
        n_bytes = n_bytes < size ? n_bytes : size;
        while (n_times-- > 0 && dsinfer_stream_get_n_samples(stream) < MAX_SAMPLES) {
            feed(stream, slow, command == FEED_F32, data, n_bytes);
        }
        data += n_bytes;
        size -= n_bytes;
    }
    return stream;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct dsinfer_model *model; /* opening it is slow, and it never changes */
    struct dsinfer_stream *stream, *slow;
    struct dsinfer_transcript peeked, got, wanted;

    if (!model) {
        model = open_model();
    }
    if (size < 2) {
        return 0;
    }
    stream = create(model, 1 + data[0] % 64, data[1]);
    slow = create(model, 1 + data[0] % 64, data[1]);
    stream = run(stream, slow, data + 2, size - 2);

    FUZZ_CHECK(dsinfer_stream_get_n_samples(stream) == dsinfer_stream_get_n_samples(slow));
    FUZZ_CHECK(dsinfer_stream_finish(slow, &wanted) == DSINFER_OK);
    FUZZ_CHECK(dsinfer_stream_peek(stream, &peeked) == DSINFER_OK);
    check_same(&peeked, &wanted);
    FUZZ_CHECK(dsinfer_stream_finish(stream, &got) == DSINFER_OK);
    check_same(&got, &wanted);
    dsinfer_stream_destroy(stream);
    dsinfer_stream_destroy(slow);
    return 0;
}
