/* The speech gate and the ends of utterances in a stream: nothing said of nothing, no word of
 * speech changed, times that go on.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/alloc.h"
#include "tests/support/rng.h"
#include "tests/support/speech.h"
#include "tests/support/test.h"
#include "tests/support/wav.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RATE 16000
#define MAX_SAMPLES (40 * RATE)

static struct dsinfer_model *bundled;
static int16_t samples[MAX_SAMPLES];

static int open_model(void **state) {
    char path[TEST_PATH_SIZE];

    (void)state;
    bundled = test_model_open(test_source_path(path, "model/english/output_graph.pb"));
    return 0;
}

static int close_model(void **state) {
    (void)state;
    dsinfer_model_unref(bundled);
    return 0;
}

static struct dsinfer_stream *create(struct dsinfer_model *model, enum dsinfer_decoder_kind kind,
                                     struct dsinfer_scorer *scorer, bool has_gate,
                                     uint32_t n_steps) {
    struct dsinfer_stream_options options;
    struct dsinfer_stream *stream;
    struct dsinfer_error error;

    dsinfer_stream_options_init(&options);
    options.n_steps = n_steps;
    options.has_speech_gate = has_gate;
    options.decoder.kind = kind;
    options.decoder.beam_width = 50;
    options.decoder.scorer = scorer;
    if (dsinfer_stream_create(model, &options, &stream, &error) != DSINFER_OK) {
        fail_msg("%s", error.message);
    }
    return stream;
}

static struct dsinfer_stream *create_gated(void) {
    return create(bundled, DSINFER_DECODER_GREEDY, NULL, true, 16);
}

static char *transcribe(struct dsinfer_stream *stream, size_t n_samples) {
    dsinfer_stream_reset(stream);
    test_stream_feed(stream, samples, n_samples, 4000);
    return test_stream_finish(stream);
}

static void assert_empty(struct dsinfer_stream *stream, size_t n_samples, const char *what) {
    char *text = transcribe(stream, n_samples);

    if (strncmp(text, "'' ", 3) != 0) {
        fail_msg("%s: %s", what, text);
    }
    free(text);
}

static void fill(size_t n, double offset, double noise, double hum, double hertz) {
    struct test_rng rng = {5};
    size_t i;

    for (i = 0; i < n; i++) {
        samples[i] = (int16_t)(offset + noise * (double)test_rng_float(&rng) +
                               hum * sin(2.0 * M_PI * hertz * (double)i / RATE));
    }
}

static void signals_in_which_nothing_stands_out_have_no_text(void **state) {
    const double noises[] = {0.0, 1.0, 5.0, 50.0, 300.0};
    struct dsinfer_stream *stream = create_gated();
    const size_t n = 4 * RATE;
    size_t i;

    (void)state;
    for (i = 0; i < 5; i++) {
        fill(n, 0.0, noises[i], 0.0, 0.0);
        assert_empty(stream, n, "noise");
        fill(n, 3000.0, noises[i], 0.0, 0.0);
        assert_empty(stream, n, "noise on a constant");
        fill(n, 0.0, noises[i], 10000.0, 50.0);
        assert_empty(stream, n, "hum of 50 Hz");
        fill(n, 0.0, noises[i], 300.0, 60.0);
        assert_empty(stream, n, "hum of 60 Hz");
    }
    assert_empty(stream, 0, "nothing");
    assert_empty(stream, 1, "one sample");
    dsinfer_stream_destroy(stream);
}

static size_t append_sample(size_t at) {
    char path[TEST_PATH_SIZE];
    struct test_wav wav;
    size_t n;

    test_wav_read(test_source_path(path, "model/english/sample.wav"), &wav);
    n = wav.n_samples;
    assert_true(at + n <= MAX_SAMPLES);
    memcpy(samples + at, wav.samples, n * sizeof(*samples));
    test_wav_free(&wav);
    return at + n;
}

/* The recording, `pause_s` of faint noise, the recording; returns the number of samples. */
static size_t fill_twice(size_t pause_s, size_t *second) {
    size_t n;

    fill(MAX_SAMPLES, 0.0, 5.0, 0.0, 0.0);
    n = append_sample(0);
    *second = n + pause_s * RATE;
    return append_sample(*second);
}

static void any_cut_and_any_steps_give_the_same_text(void **state) {
    const size_t pieces[] = {77, 160, 16000, 0};
    const uint32_t steps[] = {1, 5, 64};
    struct dsinfer_stream *stream = create_gated();
    size_t second;
    const size_t n = fill_twice(6, &second);
    char *wanted = transcribe(stream, n);
    size_t i;

    (void)state;
    for (i = 0; i < 4; i++) {
        char *got;

        dsinfer_stream_reset(stream);
        test_stream_feed(stream, samples, n, pieces[i]);
        got = test_stream_peek(stream);
        assert_string_equal(got, wanted);
        free(got);
        got = test_stream_finish(stream);
        assert_string_equal(got, wanted);
        free(got);
    }
    for (i = 0; i < 3; i++) {
        struct dsinfer_stream *other =
            create(bundled, DSINFER_DECODER_GREEDY, NULL, true, steps[i]);
        struct dsinfer_transcript a, b;

        dsinfer_stream_reset(stream);
        test_stream_feed(stream, samples, n, 0);
        assert_int_equal(dsinfer_stream_finish(stream, &a), DSINFER_OK);
        test_stream_feed(other, samples, n, 0);
        assert_int_equal(dsinfer_stream_finish(other, &b), DSINFER_OK);
        assert_string_equal(b.text, a.text);
        assert_int_equal(b.n_words, a.n_words);
        dsinfer_stream_destroy(other);
    }
    free(wanted);
    dsinfer_stream_destroy(stream);
}

static void a_copy_made_in_silence_goes_on_like_the_original(void **state) {
    struct dsinfer_stream *stream = create_gated();
    struct dsinfer_stream *copy;
    size_t second;
    const size_t n = fill_twice(6, &second);
    char *wanted = transcribe(stream, n);
    char *got;

    (void)state;
    dsinfer_stream_reset(stream);
    test_stream_feed(stream, samples, second - 1000, 0);
    assert_int_equal(dsinfer_stream_clone(stream, &copy), DSINFER_OK);
    test_stream_feed(copy, samples + second - 1000, n - second + 1000, 0);
    got = test_stream_finish(copy);
    assert_string_equal(got, wanted);
    free(got);
    free(wanted);
    dsinfer_stream_destroy(copy);
    dsinfer_stream_destroy(stream);
}

static void a_pause_changes_no_word_on_either_side(void **state) {
    struct dsinfer_stream *gated = create_gated();
    struct dsinfer_stream *open = create(bundled, DSINFER_DECODER_GREEDY, NULL, false, 16);
    struct dsinfer_transcript a, b;
    size_t second, i;
    const size_t n = fill_twice(8, &second);

    (void)state;
    test_stream_feed(gated, samples, n, 0);
    test_stream_feed(open, samples, n, 0);
    assert_int_equal(dsinfer_stream_finish(gated, &a), DSINFER_OK);
    assert_int_equal(dsinfer_stream_finish(open, &b), DSINFER_OK);
    assert_true(a.n_words > 10);
    for (i = 0; i < a.n_words; i++) {
        const struct dsinfer_word *x = &a.words[i];
        const struct dsinfer_word *y =
            x->start_s < 8.0 ? &b.words[i] : &b.words[b.n_words - a.n_words + i];

        assert_string_equal(x->text, y->text);
        assert_true(x->start_s == y->start_s && x->end_s == y->end_s);
    }
    dsinfer_stream_destroy(gated);
    dsinfer_stream_destroy(open);
}

static void the_gate_allocates_nothing_while_it_works(void **state) {
    struct dsinfer_stream *stream = create_gated();
    size_t second;
    const size_t n = fill_twice(10, &second);
    unsigned long before;

    (void)state;
    free(transcribe(stream, n));
    dsinfer_stream_reset(stream);
    before = dsi_alloc_get_count();
    test_stream_feed(stream, samples, n, 100);
    assert_int_equal(dsi_alloc_get_count(), before);
    dsinfer_stream_destroy(stream);
}

/* Feeds 0.1 s at a time and begins the next utterance wherever one is over. */
static void utterances_end_in_silence_and_times_go_on(void **state) {
    struct dsinfer_stream *stream = create_gated();
    struct dsinfer_transcript transcript;
    size_t second;
    const size_t n = fill_twice(4, &second);
    double last_s = 0.0;
    size_t n_utterances = 0;
    size_t n_words = 0;
    size_t done, i;

    (void)state;
    for (done = 0; done < n + 2 * RATE; done += 1600) {
        enum dsinfer_endpoint endpoint;

        assert_int_equal(dsinfer_stream_feed_s16(stream, samples + done, 1600), DSINFER_OK);
        endpoint = dsinfer_stream_get_endpoint(stream);
        if (endpoint == DSINFER_ENDPOINT_NONE) {
            continue;
        }
        assert_int_equal(endpoint, DSINFER_ENDPOINT_SILENCE);
        assert_int_equal(dsinfer_stream_next_utterance(stream, &transcript), DSINFER_OK);
        assert_int_equal(dsinfer_stream_get_endpoint(stream), DSINFER_ENDPOINT_NONE);
        assert_true(transcript.n_words > 0);
        for (i = 0; i < transcript.n_words; i++) {
            assert_true(transcript.words[i].start_s >= last_s);
            last_s = transcript.words[i].end_s;
            assert_true(last_s < (double)(done + 1600) / RATE);
        }
        assert_true(transcript.time_s >= last_s);
        n_words += transcript.n_words;
        n_utterances++;
    }
    assert_in_range(n_utterances, 2, 4);
    assert_true(n_words > 10);
    assert_true(last_s > (double)second / RATE + 4.0);
    assert_int_equal(dsinfer_stream_finish(stream, &transcript), DSINFER_OK);
    assert_string_equal(transcript.text, "");
    assert_int_equal(dsinfer_stream_next_utterance(stream, &transcript), DSINFER_ERR_STATE);
    assert_int_equal(dsinfer_stream_get_endpoint(stream), DSINFER_ENDPOINT_NONE);
    dsinfer_stream_destroy(stream);
}

static void times_of_endpoints_are_checked(void **state) {
    const double wrong[] = {0.0, -1.0, NAN};
    struct dsinfer_stream_options options;
    struct dsinfer_stream *stream;
    struct dsinfer_error error;
    size_t i;

    (void)state;
    for (i = 0; i < 9; i++) {
        double *const times[] = {&options.endpoint_silence_s, &options.endpoint_start_s,
                                 &options.endpoint_longest_s};

        dsinfer_stream_options_init(&options);
        *times[i / 3] = wrong[i % 3];
        assert_int_equal(dsinfer_stream_create(bundled, &options, &stream, &error),
                         DSINFER_ERR_ARGUMENT);
        *times[i / 3] = (double)INFINITY;
        assert_int_equal(dsinfer_stream_create(bundled, &options, &stream, &error), DSINFER_OK);
        dsinfer_stream_destroy(stream);
    }
    assert_int_equal(dsinfer_stream_get_endpoint(NULL), DSINFER_ENDPOINT_NONE);
    assert_int_equal(dsinfer_stream_next_utterance(NULL, NULL), DSINFER_ERR_ARGUMENT);
}

/* Everything a stream with a gate may be asked for, until the first failure. */
static enum dsinfer_status use(struct dsinfer_stream **stream, struct dsinfer_stream **copy) {
    struct dsinfer_stream_options options;
    struct dsinfer_transcript transcript;
    enum dsinfer_status status;

    dsinfer_stream_options_init(&options);
    options.has_speech_gate = 1;
    options.decoder.beam_width = 4;
    status = dsinfer_stream_create(bundled, &options, stream, NULL);
    if (status == DSINFER_OK) {
        status = dsinfer_stream_feed_s16(*stream, samples, 2 * RATE);
    }
    if (status == DSINFER_OK) {
        status = dsinfer_stream_clone(*stream, copy);
    }
    if (status == DSINFER_OK) {
        status = dsinfer_stream_next_utterance(*stream, &transcript);
    }
    if (status == DSINFER_OK) {
        status = dsinfer_stream_peek(*stream, &transcript);
    }
    if (status == DSINFER_OK) {
        status = dsinfer_stream_finish(*stream, &transcript);
    }
    return status;
}

static void every_failed_allocation_is_reported(void **state) {
    enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
    long n;

    (void)state;
    append_sample(0);
    for (n = 0; status != DSINFER_OK; n++) {
        struct dsinfer_stream *stream = NULL;
        struct dsinfer_stream *copy = NULL;

        assert_true(n < 500);
        dsi_alloc_fail_after(n);
        status = use(&stream, &copy);
        dsi_alloc_fail_after(-1);
        assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
        dsinfer_stream_destroy(stream);
        dsinfer_stream_destroy(copy);
    }
    assert_true(n > 20);
}

static struct dsinfer_scorer *open_scorer(const char *name, const char *trie) {
    char path[TEST_PATH_SIZE], trie_path[TEST_PATH_SIZE];
    struct dsinfer_scorer_options options;
    struct dsinfer_scorer *scorer;

    dsinfer_scorer_options_init(&options);
    if (trie) {
        options.trie_path = test_shared_path(trie_path, "%s", trie);
    }
    assert_int_equal(
        dsinfer_scorer_open(test_shared_path(path, "%s", name), &options, &scorer, NULL),
        DSINFER_OK);
    return scorer;
}

static void assert_unchanged(struct dsinfer_model *model, enum dsinfer_decoder_kind kind,
                             struct dsinfer_scorer *scorer) {
    static const char *const names[] = {
        "1673-143397-0007", "1673-143397-0009", "174-168635-0017",
        "174-50561-0002",   "2902-9006-0006",   "2902-9008-0015",
    };
    struct dsinfer_stream *gated = create(model, kind, scorer, true, 16);
    struct dsinfer_stream *open = create(model, kind, scorer, false, 16);
    size_t i;

    for (i = 0; i < 6; i++) {
        char path[TEST_PATH_SIZE];
        struct test_wav wav;
        char *wanted, *got;

        test_wav_read(test_shared_path(path, "audio/%s.wav", names[i]), &wav);
        dsinfer_stream_reset(gated);
        dsinfer_stream_reset(open);
        test_stream_feed(gated, wav.samples, wav.n_samples, 4000);
        test_stream_feed(open, wav.samples, wav.n_samples, 4000);
        wanted = test_stream_finish(open);
        got = test_stream_finish(gated);
        assert_string_equal(got, wanted);
        free(wanted);
        free(got);
        test_wav_free(&wav);
    }
    dsinfer_stream_destroy(gated);
    dsinfer_stream_destroy(open);
}

/* Not even a model of random weights, which has letters for silence, too, says anything else; nor
 * does one that takes recordings whole. */
static void the_gate_changes_nothing_on_speech(void **state) {
    static const char *const names[] = {
        "oracle/e2e/models/ds030-h64-seed7.pb",
        "oracle/e2e/models/ds093-h64-seed7.pb",
        "oracle/graphs/ds011-h64-s7/output_graph.pb",
    };
    struct dsinfer_scorer *trie, *package;
    size_t i;

    (void)state;
    if (!test_has_shared()) {
        skip();
    }
    trie = open_scorer("model/lm.binary", "model/trie");
    package = open_scorer("model/words.scorer", NULL);
    assert_unchanged(bundled, DSINFER_DECODER_GREEDY, NULL);
    assert_unchanged(bundled, DSINFER_DECODER_TENSORFLOW, NULL);
    assert_unchanged(bundled, DSINFER_DECODER_PREFIX, NULL);
    assert_unchanged(bundled, DSINFER_DECODER_TENSORFLOW, trie);
    assert_unchanged(bundled, DSINFER_DECODER_PREFIX, package);
    for (i = 0; i < 3; i++) {
        char path[TEST_PATH_SIZE];
        struct dsinfer_model *model = test_model_open(test_shared_path(path, "%s", names[i]));

        assert_unchanged(model, DSINFER_DECODER_GREEDY, NULL);
        assert_unchanged(model, DSINFER_DECODER_DEFAULT, NULL);
        assert_unchanged(model, DSINFER_DECODER_PREFIX, package);
        dsinfer_model_unref(model);
    }
    dsinfer_scorer_unref(trie);
    dsinfer_scorer_unref(package);
}

static void a_recording_taken_whole_is_gated_too(void **state) {
    char path[TEST_PATH_SIZE];
    struct dsinfer_stream *stream;
    struct dsinfer_transcript transcript;
    struct dsinfer_model *model;

    (void)state;
    if (!test_has_shared()) {
        skip();
    }
    model = test_model_open(test_shared_path(path, "oracle/graphs/ds011-h64-s7/output_graph.pb"));
    stream = create(model, DSINFER_DECODER_GREEDY, NULL, true, 16);
    fill(5 * RATE, 0.0, 5.0, 0.0, 0.0);
    assert_empty(stream, 5 * RATE, "noise");
    dsinfer_stream_reset(stream);
    assert_int_equal(dsinfer_stream_get_endpoint(stream), DSINFER_ENDPOINT_NONE);
    assert_int_equal(dsinfer_stream_next_utterance(stream, &transcript), DSINFER_ERR_UNSUPPORTED);
    dsinfer_stream_destroy(stream);
    dsinfer_model_unref(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_in_which_nothing_stands_out_have_no_text),
        cmocka_unit_test(any_cut_and_any_steps_give_the_same_text),
        cmocka_unit_test(a_copy_made_in_silence_goes_on_like_the_original),
        cmocka_unit_test(a_pause_changes_no_word_on_either_side),
        cmocka_unit_test(the_gate_allocates_nothing_while_it_works),
        cmocka_unit_test(utterances_end_in_silence_and_times_go_on),
        cmocka_unit_test(times_of_endpoints_are_checked),
        cmocka_unit_test(every_failed_allocation_is_reported),
        cmocka_unit_test(the_gate_changes_nothing_on_speech),
        cmocka_unit_test(a_recording_taken_whole_is_gated_too),
    };

    return cmocka_run_group_tests(tests, open_model, close_model);
}
