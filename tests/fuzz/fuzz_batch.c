/* Three streams fed in a batch, with any samples in any order, say what they say when fed alone. On
 * the bundled model.
 *
 * Input: four bytes for the windows at a time of each stream and the size of the batch (128 and up:
 * the streams also end in the batch), then feeds:
 * two bytes for each stream, how many bytes of samples it gets (below 128 of them as int16_t, else
 * as float) and how often, then the samples, which all of them share.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz_target.h"

#include <dsinfer/dsinfer.h>

#include <stdbool.h>
#include <string.h>

#define N_STREAMS 3

/* Samples of one stream: enough for some calls of the network, quick to run. */
#define MAX_SAMPLES 8000

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

static struct dsinfer_stream *create(struct dsinfer_model *model, uint8_t n_steps) {
    struct dsinfer_stream_options options;
    struct dsinfer_stream *stream;

    dsinfer_stream_options_init(&options);
    options.n_steps = 1 + n_steps % 20;
    options.decoder.beam_width = 8;
    FUZZ_CHECK(dsinfer_stream_create(model, &options, &stream, NULL) == DSINFER_OK);
    return stream;
}

static void feed_alone(struct dsinfer_stream *stream, const struct dsinfer_batch_item *item) {
    FUZZ_CHECK((item->is_float ? dsinfer_stream_feed_f32(stream, item->samples, item->n_samples)
                               : dsinfer_stream_feed_s16(stream, item->samples, item->n_samples)) ==
               DSINFER_OK);
}

/* One feed of each stream, from `bytes`. */
static void feed(struct dsinfer_batch *batch, struct dsinfer_stream *const *streams,
                 struct dsinfer_stream *const *alone, const uint8_t *sizes, const uint8_t *bytes,
                 size_t size) {
    static float samples[N_STREAMS][MAX_SAMPLES];
    struct dsinfer_batch_item items[N_STREAMS];
    size_t i, k;

    for (i = 0; i < N_STREAMS; i++) {
        const bool is_float = sizes[2 * i] >= 128;
        const size_t sample_size = is_float ? sizeof(float) : sizeof(int16_t);
        const size_t wanted = sizes[2 * i] % 128u;
        const size_t n_bytes = (wanted < size ? wanted : size) / sample_size * sample_size;
        const size_t n_times = 1 + sizes[2 * i + 1] / 4;

        for (k = 0; k < n_times; k++) {
            memcpy((char *)samples[i] + k * n_bytes, bytes, n_bytes);
        }
        items[i] = (struct dsinfer_batch_item){
            .stream = streams[i],
            .samples = samples[i],
            .n_samples = n_times * n_bytes / sample_size,
            .is_float = is_float,
        };
        if (dsinfer_stream_get_n_samples(streams[i]) > MAX_SAMPLES) {
            items[i].n_samples = 0;
        }
    }
    FUZZ_CHECK(dsinfer_batch_feed(batch, items, N_STREAMS) == DSINFER_OK);
    for (i = 0; i < N_STREAMS; i++) {
        FUZZ_CHECK(items[i].status == DSINFER_OK);
        feed_alone(alone[i], &items[i]);
    }
}

static void end(struct dsinfer_batch *batch, struct dsinfer_stream *const *streams) {
    struct dsinfer_batch_item items[N_STREAMS] = {{0}};
    size_t i;

    for (i = 0; i < N_STREAMS; i++) {
        items[i].stream = streams[i];
        items[i].is_end = 1;
    }
    FUZZ_CHECK(dsinfer_batch_feed(batch, items, N_STREAMS) == DSINFER_OK);
    for (i = 0; i < N_STREAMS; i++) {
        FUZZ_CHECK(items[i].status == DSINFER_OK);
    }
}

static void check_and_destroy(struct dsinfer_stream *stream, struct dsinfer_stream *alone) {
    struct dsinfer_transcript got, wanted;

    FUZZ_CHECK(dsinfer_stream_get_n_samples(stream) == dsinfer_stream_get_n_samples(alone));
    FUZZ_CHECK(dsinfer_stream_finish(stream, &got) == DSINFER_OK);
    FUZZ_CHECK(dsinfer_stream_finish(alone, &wanted) == DSINFER_OK);
    FUZZ_CHECK(strcmp(got.text, wanted.text) == 0 && got.time_s == wanted.time_s);
    FUZZ_CHECK(got.confidence == wanted.confidence);
    dsinfer_stream_destroy(stream);
    dsinfer_stream_destroy(alone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct dsinfer_model *model; /* opening it is slow, and it never changes */
    struct dsinfer_stream *streams[N_STREAMS], *alone[N_STREAMS];
    struct dsinfer_batch_options options;
    struct dsinfer_batch *batch;
    bool is_ended;
    size_t i;

    if (!model) {
        model = open_model();
    }
    if (size < N_STREAMS + 1) {
        return 0;
    }
    for (i = 0; i < N_STREAMS; i++) {
        streams[i] = create(model, data[i]);
        alone[i] = create(model, data[i]);
    }
    dsinfer_batch_options_init(&options);
    options.max_streams = 1 + data[N_STREAMS] % N_STREAMS;
    FUZZ_CHECK(dsinfer_batch_create(model, &options, &batch, NULL) == DSINFER_OK);
    is_ended = data[N_STREAMS] >= 128;
    data += N_STREAMS + 1;
    size -= N_STREAMS + 1;

    while (size > 2 * N_STREAMS) {
        const size_t left = size - 2 * N_STREAMS;
        const size_t n_bytes = left < 128 ? left : 128;

        feed(batch, streams, alone, data, data + 2 * N_STREAMS, n_bytes);
        data += 2 * N_STREAMS + n_bytes;
        size = left - n_bytes;
    }
    if (is_ended) {
        end(batch, streams);
    }
    for (i = 0; i < N_STREAMS; i++) {
        check_and_destroy(streams[i], alone[i]);
    }
    dsinfer_batch_destroy(batch);
    return 0;
}
