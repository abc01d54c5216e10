/* Models, streams and transcripts for the tests of the whole way from samples to text.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/support/speech.h"

#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dsinfer_model *test_model_open(const char *path) {
    struct dsinfer_model *model;
    struct dsinfer_error error;

    if (dsinfer_model_open(path, NULL, &model, &error) != DSINFER_OK) {
        fail_msg("%s: %s", path, error.message);
    }
    return model;
}

struct dsinfer_stream *test_stream_create(struct dsinfer_model *model, uint32_t n_steps,
                                          enum dsinfer_decoder_kind kind, uint32_t beam_width) {
    struct dsinfer_stream_options options;
    struct dsinfer_stream *stream;
    struct dsinfer_error error;

    dsinfer_stream_options_init(&options);
    options.n_steps = n_steps;
    options.decoder.kind = kind;
    options.decoder.beam_width = beam_width;
    options.decoder.n_candidates = 3;
    if (dsinfer_stream_create(model, &options, &stream, &error) != DSINFER_OK) {
        fail_msg("%s", error.message);
    }
    return stream;
}

void test_stream_feed(struct dsinfer_stream *stream, const int16_t *samples, size_t n_samples,
                      size_t piece) {
    size_t done = 0;

    while (done < n_samples) {
        const size_t left = n_samples - done;
        const size_t n = piece == 0 || left < piece ? left : piece;

        assert_int_equal(dsinfer_stream_feed_s16(stream, samples + done, n), DSINFER_OK);
        done += n;
    }
}

char *test_transcript_print(const struct dsinfer_transcript *transcript) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    size_t i, k;

    assert_non_null(out);
    fprintf(out, "'%s' %.17g, %.17g s\n", transcript->text, transcript->confidence,
            transcript->time_s);
    for (i = 0; i < transcript->n_words; i++) {
        const struct dsinfer_word *word = &transcript->words[i];

        fprintf(out, "'%s' %.17g %.17g %.17g\n", word->text, word->start_s, word->end_s,
                word->confidence);
    }
    for (i = 0; i < transcript->n_candidates; i++) {
        const struct dsinfer_candidate *candidate = &transcript->candidates[i];

        fprintf(out, "'%s' %.17g", candidate->text, candidate->score);
        for (k = 0; k < candidate->n_labels; k++) {
            fprintf(out, " %u@%u", (unsigned)candidate->labels[k],
                    (unsigned)candidate->timesteps[k]);
        }
        fprintf(out, "\n");
    }
    assert_int_equal(fclose(out), 0);
    return text;
}

char *test_stream_finish(struct dsinfer_stream *stream) {
    struct dsinfer_transcript transcript;

    assert_int_equal(dsinfer_stream_finish(stream, &transcript), DSINFER_OK);
    return test_transcript_print(&transcript);
}

char *test_stream_peek(struct dsinfer_stream *stream) {
    struct dsinfer_transcript transcript;

    assert_int_equal(dsinfer_stream_peek(stream, &transcript), DSINFER_OK);
    return test_transcript_print(&transcript);
}

char *test_stream_partial(struct dsinfer_stream *stream) {
    struct dsinfer_transcript transcript;

    assert_int_equal(dsinfer_stream_partial(stream, &transcript), DSINFER_OK);
    return test_transcript_print(&transcript);
}
