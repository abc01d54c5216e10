/* What an application hears while samples arrive: how soon, and exactly. Time is counted in
 * samples, as if they came from a microphone and computing took none.
 *
 * A frame begins every 20 ms and is 25 ms long, 32 ms from 0.4 on. What the network says of one
 * needs the nine that follow: the last ends 212 ms after its own beginning, or earlier.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/support/rng.h"
#include "tests/support/speech.h"
#include "tests/support/test.h"
#include "tests/support/wav.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_SAMPLES 40000
#define PIECE 16 /* divides all lengths here */
#define STEP 320
#define BEAM 30
#define MAX_WORDS 16

static struct dsinfer_model *model;
static struct dsinfer_scorer *scorer;
static struct test_wav wav;

static struct dsinfer_stream *create_adaptive(uint32_t min_steps, uint32_t n_steps,
                                              enum dsinfer_decoder_kind kind,
                                              struct dsinfer_scorer *with, int has_gate) {
    struct dsinfer_stream_options options;
    struct dsinfer_stream *stream;
    struct dsinfer_error error;

    dsinfer_stream_options_init(&options);
    options.min_steps = min_steps;
    options.n_steps = n_steps;
    options.has_speech_gate = has_gate;
    options.decoder.kind = kind;
    options.decoder.beam_width = BEAM;
    options.decoder.n_candidates = 3;
    options.decoder.scorer = with;
    if (dsinfer_stream_create(model, &options, &stream, &error) != DSINFER_OK) {
        fail_msg("%s", error.message);
    }
    return stream;
}

static struct dsinfer_stream *create(uint32_t n_steps, enum dsinfer_decoder_kind kind,
                                     struct dsinfer_scorer *with, int has_gate) {
    return create_adaptive(0, n_steps, kind, with, has_gate);
}

static int open_all(void **state) {
    char path[TEST_PATH_SIZE];
    struct dsinfer_error error;

    (void)state;
    model = test_model_open(test_source_path(path, "model/english/output_graph.pb"));
    test_wav_read(test_source_path(path, "model/english/sample.wav"), &wav);
    assert_true(wav.n_samples > N_SAMPLES);
    if (dsinfer_scorer_open(test_source_path(path, "model/english/lm.binary"), NULL, &scorer,
                            &error) != DSINFER_OK) {
        fail_msg("%s", error.message);
    }
    return 0;
}

static int close_all(void **state) {
    (void)state;
    test_wav_free(&wav);
    dsinfer_scorer_unref(scorer);
    dsinfer_model_unref(model);
    return 0;
}

static const uint32_t steps[] = {1, 2, 4, 16, 64};

#define N_STEPS (sizeof(steps) / sizeof(steps[0]))

/* The words the greedy decoder finds in the end, and where the last frame of each begins. */
struct words {
    char text[MAX_WORDS][32];
    double last_frame_s[MAX_WORDS];
    size_t n;
};

static void find_words(uint32_t n_steps, struct words *words) {
    struct dsinfer_stream *stream = create(n_steps, DSINFER_DECODER_GREEDY, NULL, 0);
    struct dsinfer_transcript transcript;
    size_t i;

    test_stream_feed(stream, wav.samples, N_SAMPLES, 0);
    assert_int_equal(dsinfer_stream_finish(stream, &transcript), DSINFER_OK);
    words->n = transcript.n_words - 1; /* the last one may be cut */
    assert_true(words->n >= 3 && words->n <= MAX_WORDS);
    for (i = 0; i < words->n; i++) {
        snprintf(words->text[i], sizeof(words->text[i]), "%s", transcript.words[i].text);
        words->last_frame_s[i] = transcript.words[i].end_s - 0.02;
    }
    dsinfer_stream_destroy(stream);
}

static void a_word_is_there_212_ms_and_a_chunk_after_its_last_frame(void **state) {
    size_t k;

    (void)state;
    for (k = 0; k < N_STEPS; k++) {
        struct dsinfer_stream *stream = create(steps[k], DSINFER_DECODER_GREEDY, NULL, 0);
        struct words words;
        size_t n_found = 0;
        size_t n;

        find_words(steps[k], &words);
        for (n = 0; n < N_SAMPLES && n_found < words.n; n += PIECE) {
            struct dsinfer_transcript transcript;

            assert_int_equal(dsinfer_stream_feed_s16(stream, wav.samples + n, PIECE), DSINFER_OK);
            assert_int_equal(dsinfer_stream_partial(stream, &transcript), DSINFER_OK);
            while (n_found < words.n && n_found < transcript.n_words &&
                   strcmp(transcript.words[n_found].text, words.text[n_found]) == 0) {
                const double latest_s = words.last_frame_s[n_found] + 0.212 + 0.02 * steps[k];

                assert_true((double)(n + PIECE) / 16000.0 <= latest_s + 1e-9);
                n_found++;
            }
        }
        assert_true(n_found == words.n || steps[k] == 64);
        assert_true(n_found >= 1);
        dsinfer_stream_destroy(stream);
    }
}

static void what_can_be_decoded_is_at_the_end_of_its_chunk(void **state) {
    const enum dsinfer_decoder_kind kinds[] = {DSINFER_DECODER_TENSORFLOW, DSINFER_DECODER_PREFIX};
    const size_t n_first = 9 * STEP + dsinfer_model_info(model)->window; /* samples for a frame */
    size_t i, k, n;

    (void)state;
    for (i = 0; i < 2; i++) {
        for (k = 0; k < N_STEPS; k++) {
            struct dsinfer_stream *stream = create(steps[k], kinds[i], scorer, 0);

            for (n = PIECE; n <= 12000; n += PIECE) {
                const size_t n_frames = n < n_first ? 0 : (n - n_first) / STEP + 1;
                const size_t n_decoded = n_frames / steps[k] * steps[k];
                struct dsinfer_transcript transcript;

                assert_int_equal(dsinfer_stream_feed_s16(stream, wav.samples + n - PIECE, PIECE),
                                 DSINFER_OK);
                assert_int_equal(dsinfer_stream_partial(stream, &transcript), DSINFER_OK);
                assert_true(fabs(transcript.time_s - 0.02 * (double)n_decoded) < 1e-9);
            }
            dsinfer_stream_destroy(stream);
        }
    }
}

static void assert_decoded(struct dsinfer_stream *stream, size_t n_frames) {
    struct dsinfer_transcript transcript;

    assert_int_equal(dsinfer_stream_partial(stream, &transcript), DSINFER_OK);
    assert_true(fabs(transcript.time_s - 0.02 * (double)n_frames) < 1e-9);
}

/* From 4 to 16 windows at once: fed little by little, text comes as soon as with 4; what comes at
 * once is decoded to its last frame, unless fewer than 4 are left over. */
static void windows_that_are_there_go_through_the_network(void **state) {
    const size_t n_first = 9 * STEP + dsinfer_model_info(model)->window; /* samples for a frame */
    struct dsinfer_stream *stream = create_adaptive(4, 16, DSINFER_DECODER_PREFIX, scorer, 0);
    size_t n;

    (void)state;
    for (n = PIECE; n <= 12000; n += PIECE) {
        const size_t n_frames = n < n_first ? 0 : (n - n_first) / STEP + 1;

        test_stream_feed(stream, wav.samples + n - PIECE, PIECE, 0);
        assert_decoded(stream, n_frames / 4 * 4);
    }
    for (n = 1; n <= 40; n++) {
        dsinfer_stream_reset(stream);
        test_stream_feed(stream, wav.samples, n_first + (n - 1) * STEP, 0);
        assert_decoded(stream, n % 16 < 4 ? n / 16 * 16 : n);
    }
    dsinfer_stream_destroy(stream);
}

/* Windows at once and sizes of feeds as random as `rng`: the same as 16 at once and one feed. */
static void check_adaptive(enum dsinfer_decoder_kind kind, struct dsinfer_scorer *with,
                           int has_gate, struct test_rng *rng) {
    const uint32_t n_steps = 1 + (uint32_t)(test_rng_next(rng) % 64);
    const uint32_t min_steps = 1 + (uint32_t)(test_rng_next(rng) % n_steps);
    struct dsinfer_stream *stream = create_adaptive(min_steps, n_steps, kind, with, has_gate);
    struct dsinfer_stream *fixed = create(16, kind, with, has_gate);
    char *text, *expected;
    size_t done = 0;

    while (done < N_SAMPLES) {
        const size_t wanted = test_rng_next(rng) % (test_rng_next(rng) % 2 ? 1000 : 20000);
        const size_t n = wanted < N_SAMPLES - done ? wanted : N_SAMPLES - done;

        test_stream_feed(stream, wav.samples + done, n, 0);
        done += n;
    }
    text = test_stream_finish(stream);
    test_stream_feed(fixed, wav.samples, N_SAMPLES, 0);
    expected = test_stream_finish(fixed);
    assert_string_equal(text, expected);
    free(text);
    free(expected);
    dsinfer_stream_destroy(stream);
    dsinfer_stream_destroy(fixed);
}

static void the_text_is_the_same_however_many_windows_go_at_once(void **state) {
    struct test_rng rng = {1};
    size_t i;

    (void)state;
    for (i = 0; i < 4; i++) {
        const int has_gate = i % 2 == 1;

        check_adaptive(DSINFER_DECODER_GREEDY, NULL, has_gate, &rng);
        check_adaptive(DSINFER_DECODER_TENSORFLOW, scorer, has_gate, &rng);
        check_adaptive(DSINFER_DECODER_PREFIX, NULL, has_gate, &rng);
        check_adaptive(DSINFER_DECODER_PREFIX, scorer, has_gate, &rng);
    }
}

/* Compares peek with finish of a stream that got the same samples at once, at odd moments, and what
 * follows with a stream that was never asked. */
static void check_peek(enum dsinfer_decoder_kind kind, struct dsinfer_scorer *with, int has_gate,
                       uint32_t n_steps, uint64_t seed) {
    struct dsinfer_stream *stream = create(n_steps, kind, with, has_gate);
    struct dsinfer_stream *other = create(n_steps, kind, with, has_gate);
    struct test_rng rng = {seed};
    size_t done = 0;

    while (done < N_SAMPLES) {
        const size_t wanted = 1 + test_rng_next(&rng) % 15000;
        const size_t n = wanted < N_SAMPLES - done ? wanted : N_SAMPLES - done;
        char *peeked, *finished, *before, *after;

        test_stream_feed(stream, wav.samples + done, n, 0);
        done += n;
        before = test_stream_partial(stream);
        peeked = test_stream_peek(stream);
        after = test_stream_partial(stream);
        dsinfer_stream_reset(other);
        test_stream_feed(other, wav.samples, done, 0);
        finished = test_stream_finish(other);
        assert_string_equal(peeked, finished);
        assert_string_equal(before, after);
        free(peeked);
        free(finished);
        free(before);
        free(after);
    }
    dsinfer_stream_destroy(stream);
    dsinfer_stream_destroy(other);
}

static void peek_is_finish_for_every_decoder_and_language_model(void **state) {
    uint64_t seed = 1;
    int has_gate;

    (void)state;
    for (has_gate = 0; has_gate < 2; has_gate++) {
        check_peek(DSINFER_DECODER_GREEDY, NULL, has_gate, 16, seed++);
        check_peek(DSINFER_DECODER_TENSORFLOW, NULL, has_gate, 4, seed++);
        check_peek(DSINFER_DECODER_TENSORFLOW, scorer, has_gate, 16, seed++);
        check_peek(DSINFER_DECODER_PREFIX, NULL, has_gate, 64, seed++);
        check_peek(DSINFER_DECODER_PREFIX, scorer, has_gate, 1, seed++);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_is_there_212_ms_and_a_chunk_after_its_last_frame),
        cmocka_unit_test(what_can_be_decoded_is_at_the_end_of_its_chunk),
        cmocka_unit_test(windows_that_are_there_go_through_the_network),
        cmocka_unit_test(the_text_is_the_same_however_many_windows_go_at_once),
        cmocka_unit_test(peek_is_finish_for_every_decoder_and_language_model),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
