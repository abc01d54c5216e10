/* What every stream promises, on the bundled model and its recording.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/alloc.h"
#include "tests/support/rng.h"
#include "tests/support/speech.h"
#include "tests/support/test.h"
#include "tests/support/wav.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BEAM 50
#define N_SAMPLES 32000 /* of the recording: two seconds */

static struct dsinfer_model *model;
static struct test_wav wav;
static char *expected; /* of the whole recording */

static struct dsinfer_stream *create(void) {
    return test_stream_create(model, 16, DSINFER_DECODER_DEFAULT, BEAM);
}

static void assert_and_free(char *got, const char *wanted) {
    assert_string_equal(got, wanted);
    free(got);
}

static int open_all(void **state) {
    char path[TEST_PATH_SIZE];
    struct dsinfer_stream *stream;

    (void)state;
    model = test_model_open(test_source_path(path, "model/english/output_graph.pb"));
    test_wav_read(test_source_path(path, "model/english/sample.wav"), &wav);
    assert_true(wav.n_samples > N_SAMPLES);
    wav.n_samples = N_SAMPLES;
    stream = create();
    test_stream_feed(stream, wav.samples, wav.n_samples, 0);
    expected = test_stream_finish(stream);
    dsinfer_stream_destroy(stream);
    return 0;
}

static int close_all(void **state) {
    (void)state;
    free(expected);
    test_wav_free(&wav);
    dsinfer_model_unref(model);
    return 0;
}

static void any_cut_of_the_samples_gives_the_same_transcript(void **state) {
    const size_t pieces[] = {1, 7, 160, 1021, 16000};
    struct test_rng rng = {1};
    struct dsinfer_stream *stream = create();
    size_t i;
    size_t done = 0;

    (void)state;
    for (i = 0; i < 5; i++) {
        test_stream_feed(stream, wav.samples, wav.n_samples, pieces[i]);
        assert_int_equal(dsinfer_stream_get_n_samples(stream), wav.n_samples);
        assert_and_free(test_stream_finish(stream), expected);
        dsinfer_stream_reset(stream);
    }
    while (done < wav.n_samples) {
        const size_t left = wav.n_samples - done;
        const size_t wanted = test_rng_next(&rng) % 2000;
        const size_t n = wanted < left ? wanted : left;

        assert_int_equal(dsinfer_stream_feed_s16(stream, wav.samples + done, n), DSINFER_OK);
        done += n;
    }
    assert_and_free(test_stream_finish(stream), expected);
    dsinfer_stream_destroy(stream);
}

static void floats_give_the_same_transcript(void **state) {
    struct dsinfer_stream *stream = create();
    float *samples = malloc(wav.n_samples * sizeof(*samples));
    size_t i;

    (void)state;
    assert_non_null(samples);
    for (i = 0; i < wav.n_samples; i++) {
        samples[i] = (float)wav.samples[i] / 32768.0f;
    }
    for (i = 0; i < wav.n_samples; i += 777) {
        const size_t n = wav.n_samples - i < 777 ? wav.n_samples - i : 777;

        assert_int_equal(dsinfer_stream_feed_f32(stream, samples + i, n), DSINFER_OK);
    }
    assert_and_free(test_stream_finish(stream), expected);
    free(samples);
    dsinfer_stream_destroy(stream);
}

static void the_number_of_steps_does_not_change_the_final_text(void **state) {
    const uint32_t steps[] = {1, 2, 5, 37, 64};
    struct dsinfer_stream *reference = create();
    struct dsinfer_transcript wanted, got;
    size_t i, k;

    (void)state;
    test_stream_feed(reference, wav.samples, wav.n_samples, 0);
    assert_int_equal(dsinfer_stream_finish(reference, &wanted), DSINFER_OK);
    for (i = 0; i < 5; i++) {
        struct dsinfer_stream *stream =
            test_stream_create(model, steps[i], DSINFER_DECODER_DEFAULT, BEAM);

        test_stream_feed(stream, wav.samples, wav.n_samples, 4000);
        assert_int_equal(dsinfer_stream_finish(stream, &got), DSINFER_OK);
        assert_string_equal(got.text, wanted.text);
        assert_true(fabs(got.confidence - wanted.confidence) < 1e-2);
        assert_true(got.time_s == wanted.time_s);
        assert_int_equal(got.n_words, wanted.n_words);
        for (k = 0; k < got.n_words; k++) {
            assert_true(fabs(got.words[k].start_s - wanted.words[k].start_s) < 1e-9);
        }
        dsinfer_stream_destroy(stream);
    }
    dsinfer_stream_destroy(reference);
}

static void partial_and_peek_in_between_disturb_nothing(void **state) {
    struct dsinfer_stream *stream = create();
    size_t done = 0;

    (void)state;
    free(test_stream_peek(stream));
    while (done < wav.n_samples) {
        const size_t n = wav.n_samples - done < 5000 ? wav.n_samples - done : 5000;
        char *partial;

        assert_int_equal(dsinfer_stream_feed_s16(stream, wav.samples + done, n), DSINFER_OK);
        done += n;
        partial = test_stream_partial(stream);
        free(test_stream_peek(stream));
        assert_and_free(test_stream_partial(stream), partial);
        free(partial);
    }
    assert_and_free(test_stream_finish(stream), expected);
    dsinfer_stream_destroy(stream);
}

static void peek_says_what_finish_would(void **state) {
    const size_t lengths[] = {0, 1, 399, 400, 5000, 5120, 30000, 33333, 47999};
    struct dsinfer_stream *stream = create();
    struct dsinfer_stream *other = create();
    size_t done = 0;
    size_t i;

    (void)state;
    for (i = 0; i < 9; i++) {
        char *peeked;

        test_stream_feed(stream, wav.samples + done, lengths[i] - done, 0);
        done = lengths[i];
        peeked = test_stream_peek(stream);
        dsinfer_stream_reset(other);
        test_stream_feed(other, wav.samples, done, 0);
        assert_and_free(test_stream_finish(other), peeked);
        assert_and_free(test_stream_peek(stream), peeked);
        free(peeked);
    }
    dsinfer_stream_destroy(stream);
    dsinfer_stream_destroy(other);
}

static void a_clone_goes_on_like_the_original(void **state) {
    const size_t lengths[] = {0, 100, 20000, 30001};
    size_t i;

    (void)state;
    for (i = 0; i < 4; i++) {
        struct dsinfer_stream *stream = create();
        struct dsinfer_stream *copy, *finished;

        test_stream_feed(stream, wav.samples, lengths[i], 0);
        assert_int_equal(dsinfer_stream_clone(stream, &copy), DSINFER_OK);
        assert_int_equal(dsinfer_stream_get_n_samples(copy), lengths[i]);
        test_stream_feed(copy, wav.samples + lengths[i], wav.n_samples - lengths[i], 1000);
        assert_and_free(test_stream_finish(copy), expected);
        test_stream_feed(stream, wav.samples + lengths[i], wav.n_samples - lengths[i], 3000);
        assert_int_equal(dsinfer_stream_clone(copy, &finished), DSINFER_OK);
        dsinfer_stream_destroy(copy);
        assert_and_free(test_stream_finish(stream), expected);
        dsinfer_stream_destroy(stream);
        assert_and_free(test_stream_finish(finished), expected);
        assert_int_equal(dsinfer_stream_feed_s16(finished, wav.samples, 1), DSINFER_ERR_STATE);
        dsinfer_stream_destroy(finished);
    }
}

static void after_reset_a_stream_is_as_new(void **state) {
    struct dsinfer_stream *stream = create();
    const float *h, *c;
    char *empty = test_stream_partial(stream);

    (void)state;
    test_stream_feed(stream, wav.samples + 10000, 30000, 0);
    dsinfer_stream_get_state(stream, &h, &c);
    assert_true(h[0] != 0.0f && c[0] != 0.0f);
    dsinfer_stream_reset(stream);
    dsinfer_stream_get_state(stream, &h, &c);
    assert_true(h[0] == 0.0f && c[0] == 0.0f);
    assert_int_equal(dsinfer_stream_get_n_samples(stream), 0);
    assert_and_free(test_stream_partial(stream), empty);
    test_stream_feed(stream, wav.samples, wav.n_samples, 0);
    assert_and_free(test_stream_finish(stream), expected);
    assert_and_free(test_stream_finish(stream), expected);
    free(empty);
    dsinfer_stream_destroy(stream);
}

static void words_lie_in_order_within_the_recording(void **state) {
    struct dsinfer_stream *stream = create();
    struct dsinfer_transcript transcript;
    double last_s = 0.0;
    size_t i;

    (void)state;
    test_stream_feed(stream, wav.samples, wav.n_samples, 0);
    assert_int_equal(dsinfer_stream_finish(stream, &transcript), DSINFER_OK);
    assert_true(transcript.n_words >= 3);
    for (i = 0; i < transcript.n_words; i++) {
        const struct dsinfer_word *word = &transcript.words[i];

        assert_true(word->start_s >= last_s && word->end_s > word->start_s);
        assert_true(word->confidence > 0.05 && word->confidence <= 1.0);
        last_s = word->end_s;
    }
    assert_true(last_s <= (double)wav.n_samples / 16000.0 + 0.02);
    dsinfer_stream_destroy(stream);
}

static void an_empty_stream_says_nothing(void **state) {
    struct dsinfer_stream *stream = create();
    struct dsinfer_transcript transcript;

    (void)state;
    assert_int_equal(dsinfer_stream_feed_s16(stream, NULL, 0), DSINFER_OK);
    assert_int_equal(dsinfer_stream_finish(stream, &transcript), DSINFER_OK);
    assert_string_equal(transcript.text, "");
    assert_int_equal(transcript.n_words, 0);
    assert_int_equal(transcript.n_candidates, 1);
    assert_string_equal(transcript.candidates[0].text, "");
    assert_true(transcript.time_s == 0.0);
    dsinfer_stream_destroy(stream);
}

/* Its graph is not fused and fixed to 16 steps. */
static void a_network_of_fixed_steps_is_given_as_many(void **state) {
    char path[TEST_PATH_SIZE];
    struct dsinfer_model *fixed =
        test_model_open(test_source_path(path, "tests/golden/variants/peepholes.pb"));
    struct dsinfer_stream *usual = create();
    struct dsinfer_stream *stream = test_stream_create(fixed, 5, DSINFER_DECODER_DEFAULT, BEAM);
    struct dsinfer_stream *longer = test_stream_create(fixed, 16, DSINFER_DECODER_DEFAULT, BEAM);
    struct dsinfer_transcript got, wanted;
    char *peeked;

    (void)state;
    test_stream_feed(usual, wav.samples, 20000, 0);
    test_stream_feed(stream, wav.samples, 20000, 0);
    test_stream_feed(longer, wav.samples, 20000, 777);
    assert_int_equal(dsinfer_stream_finish(usual, &wanted), DSINFER_OK);
    peeked = test_stream_peek(stream);
    assert_int_equal(dsinfer_stream_finish(stream, &got), DSINFER_OK);
    assert_true(got.time_s == wanted.time_s);
    assert_and_free(test_stream_finish(stream), peeked);
    assert_and_free(test_stream_finish(longer), peeked);
    free(peeked);
    dsinfer_stream_destroy(usual);
    dsinfer_stream_destroy(stream);
    dsinfer_stream_destroy(longer);
    dsinfer_model_unref(fixed);
}

static void wrong_calls_are_refused(void **state) {
    struct dsinfer_stream_options options;
    struct dsinfer_transcript transcript;
    struct dsinfer_stream *stream = create();
    struct dsinfer_stream *none = stream;
    struct dsinfer_error error;
    size_t i;

    (void)state;
    for (i = 0; i < 6; i++) {
        dsinfer_stream_options_init(&options);
        options.size -= i == 0;
        options.n_steps = i == 1 ? 0 : i == 2 ? 65 : 16;
        options.decoder.beam_width = i == 3 ? 0 : 500;
        options.decoder.size += i == 4;
        options.min_steps = i == 5 ? 17 : 0;
        error.message[0] = '\0';
        assert_int_equal(dsinfer_stream_create(model, &options, &none, &error),
                         DSINFER_ERR_ARGUMENT);
        assert_null(none);
        assert_true(error.message[0]);
    }
    assert_int_equal(dsinfer_stream_create(NULL, NULL, &none, NULL), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_stream_create(model, NULL, NULL, NULL), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_stream_feed_s16(NULL, NULL, 0), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_stream_feed_s16(stream, NULL, 1), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_stream_feed_f32(stream, NULL, 1), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_stream_partial(stream, NULL), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_stream_peek(NULL, &transcript), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_stream_finish(stream, NULL), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_stream_clone(stream, NULL), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_stream_clone(NULL, &none), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_stream_finish(stream, &transcript), DSINFER_OK);
    assert_int_equal(dsinfer_stream_feed_s16(stream, wav.samples, 1), DSINFER_ERR_STATE);
    assert_int_equal(dsinfer_stream_partial(stream, &transcript), DSINFER_ERR_STATE);
    assert_int_equal(dsinfer_stream_peek(stream, &transcript), DSINFER_ERR_STATE);
    dsinfer_stream_reset(NULL);
    dsinfer_stream_destroy(NULL);
    dsinfer_stream_destroy(stream);
}

static void *transcribe_twice(void *result) {
    struct dsinfer_stream *first = create();
    struct dsinfer_stream *second = create();
    char **texts = result;
    size_t i;

    for (i = 0; i < wav.n_samples; i += 10000) {
        const size_t n = wav.n_samples - i < 10000 ? wav.n_samples - i : 10000;

        test_stream_feed(first, wav.samples + i, n, 0);
        test_stream_feed(second, wav.samples + i, n, 999);
    }
    texts[0] = test_stream_finish(first);
    texts[1] = test_stream_finish(second);
    dsinfer_stream_destroy(first);
    dsinfer_stream_destroy(second);
    return NULL;
}

static void streams_of_one_model_run_in_parallel(void **state) {
    pthread_t threads[4];
    char *texts[4][2];
    size_t i;

    (void)state;
    for (i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, transcribe_twice, texts[i]), 0);
    }
    for (i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_and_free(texts[i][0], expected);
        assert_and_free(texts[i][1], expected);
    }
}

/* Every call once, on enough samples for a call of the network. */
static enum dsinfer_status use_all(struct dsinfer_stream **stream, struct dsinfer_stream **copy) {
    struct dsinfer_stream_options options;
    struct dsinfer_transcript transcript;
    enum dsinfer_status status;

    dsinfer_stream_options_init(&options);
    options.n_steps = 4;
    options.decoder.beam_width = 8;
    status = dsinfer_stream_create(model, &options, stream, NULL);
    if (status == DSINFER_OK) {
        status = dsinfer_stream_feed_s16(*stream, wav.samples + 30000, 4500);
    }
    if (status == DSINFER_OK) {
        status = dsinfer_stream_partial(*stream, &transcript);
    }
    if (status == DSINFER_OK) {
        status = dsinfer_stream_peek(*stream, &transcript);
    }
    if (status == DSINFER_OK) {
        status = dsinfer_stream_clone(*stream, copy);
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
    for (n = 0; status != DSINFER_OK; n++) {
        struct dsinfer_stream *stream = NULL;
        struct dsinfer_stream *copy = NULL;

        assert_true(n < 2000);
        dsi_alloc_fail_after(n);
        status = use_all(&stream, &copy);
        dsi_alloc_fail_after(-1);
        assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
        if (stream && n % 16 == 0) { /* usable again after a reset */
            dsinfer_stream_reset(stream);
            test_stream_feed(stream, wav.samples, 4000, 0);
            free(test_stream_finish(stream));
        }
        dsinfer_stream_destroy(stream);
        dsinfer_stream_destroy(copy);
    }
    assert_true(n > 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cut_of_the_samples_gives_the_same_transcript),
        cmocka_unit_test(floats_give_the_same_transcript),
        cmocka_unit_test(the_number_of_steps_does_not_change_the_final_text),
        cmocka_unit_test(partial_and_peek_in_between_disturb_nothing),
        cmocka_unit_test(peek_says_what_finish_would),
        cmocka_unit_test(a_clone_goes_on_like_the_original),
        cmocka_unit_test(after_reset_a_stream_is_as_new),
        cmocka_unit_test(words_lie_in_order_within_the_recording),
        cmocka_unit_test(an_empty_stream_says_nothing),
        cmocka_unit_test(a_network_of_fixed_steps_is_given_as_many),
        cmocka_unit_test(wrong_calls_are_refused),
        cmocka_unit_test(streams_of_one_model_run_in_parallel),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
