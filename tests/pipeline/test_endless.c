/* What speech without end costs, with the bundled model and language model: after a short while
 * next to nothing is allocated.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/alloc.h"
#include "tests/support/speech.h"
#include "tests/support/test.h"
#include "tests/support/wav.h"

#define BEAM 50
#define PIECE 1600
#define N_SILENCE 16000 /* after each recording, so that the utterance ends */

static struct dsinfer_model *model;
static struct test_wav wav;

static int open_all(void **state) {
    char path[TEST_PATH_SIZE];

    (void)state;
    model = test_model_open(test_source_path(path, "model/english/output_graph.pb"));
    test_wav_read(test_source_path(path, "model/english/sample.wav"), &wav);
    return 0;
}

static int close_all(void **state) {
    (void)state;
    test_wav_free(&wav);
    dsinfer_model_unref(model);
    return 0;
}

static struct dsinfer_stream *create(enum dsinfer_decoder_kind kind) {
    struct dsinfer_scorer_options scorer_options;
    struct dsinfer_stream_options options;
    struct dsinfer_stream *stream;
    char path[TEST_PATH_SIZE];

    dsinfer_stream_options_init(&options);
    options.decoder.kind = kind;
    options.decoder.beam_width = BEAM;
    if (kind != DSINFER_DECODER_GREEDY) {
        dsinfer_scorer_options_init(&scorer_options);
        scorer_options.model = model;
        assert_int_equal(dsinfer_scorer_open(test_source_path(path, "model/english/lm.binary"),
                                             &scorer_options, &options.decoder.scorer, NULL),
                         DSINFER_OK);
    }
    assert_int_equal(dsinfer_stream_create(model, &options, &stream, NULL), DSINFER_OK);
    dsinfer_scorer_unref(options.decoder.scorer);
    return stream;
}

/* Two minutes as one utterance: the pools grow by half each time, with the text only. */
static void check_long_utterance(enum dsinfer_decoder_kind kind) {
    struct dsinfer_stream *stream = create(kind);
    unsigned long before;
    size_t i;

    for (i = 0; i < 3; i++) {
        test_stream_feed(stream, wav.samples, wav.n_samples, PIECE);
    }
    before = dsi_alloc_get_count();
    for (i = 0; i < 18; i++) {
        test_stream_feed(stream, wav.samples, wav.n_samples, PIECE);
    }
    assert_in_range(dsi_alloc_get_count() - before, 0, 20);
    dsinfer_stream_destroy(stream);
}

static void two_minutes_of_speech_allocate_a_few_times(void **state) {
    (void)state;
    check_long_utterance(DSINFER_DECODER_DEFAULT);
    check_long_utterance(DSINFER_DECODER_PREFIX);
    check_long_utterance(DSINFER_DECODER_GREEDY);
}

/* One recording and silence, with partial texts and ends of utterances as a microphone's; returns
 * how many there were. */
static size_t say(struct dsinfer_stream *stream) {
    static const int16_t silence[PIECE];
    const size_t n_all = wav.n_samples + N_SILENCE;
    struct dsinfer_transcript transcript;
    size_t n_utterances = 0;
    size_t done = 0;

    while (done < n_all) {
        const int16_t *samples = done < wav.n_samples ? wav.samples + done : silence;
        const size_t left = (done < wav.n_samples ? wav.n_samples : n_all) - done;
        const size_t n = left < PIECE ? left : PIECE;

        assert_int_equal(dsinfer_stream_feed_s16(stream, samples, n), DSINFER_OK);
        assert_int_equal(dsinfer_stream_partial(stream, &transcript), DSINFER_OK);
        if (dsinfer_stream_get_endpoint(stream) != DSINFER_ENDPOINT_NONE) {
            assert_int_equal(dsinfer_stream_next_utterance(stream, &transcript), DSINFER_OK);
            n_utterances++;
        }
        done += n;
    }
    return n_utterances;
}

static void check_utterances(enum dsinfer_decoder_kind kind) {
    struct dsinfer_stream *stream = create(kind);
    size_t n_utterances = 0;
    unsigned long before;
    size_t i;

    for (i = 0; i < 3; i++) {
        say(stream);
    }
    before = dsi_alloc_get_count();
    for (i = 0; i < 12; i++) {
        n_utterances += say(stream);
    }
    assert_in_range(n_utterances, 12, 36);
    assert_in_range(dsi_alloc_get_count() - before, 0, 3); /* a longer one than before */
    dsinfer_stream_destroy(stream);
}

static void utterances_take_the_memory_of_those_before(void **state) {
    (void)state;
    check_utterances(DSINFER_DECODER_DEFAULT);
    check_utterances(DSINFER_DECODER_PREFIX);
    check_utterances(DSINFER_DECODER_GREEDY);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_minutes_of_speech_allocate_a_few_times),
        cmocka_unit_test(utterances_take_the_memory_of_those_before),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
