/* The whole way from samples to text against libdeepspeech 0.3.0, call by call (oracle/e2e): final
 * texts, every change of the partial text, short and odd signals. And what a long stream costs.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/alloc.h"
#include "tests/support/json.h"
#include "tests/support/rng.h"
#include "tests/support/speech.h"
#include "tests/support/test.h"
#include "tests/support/wav.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_SECOND 16000

static struct dsinfer_model *random64; /* of hidden size 64, random weights */

static json_t *load(const char *name) {
    char path[TEST_PATH_SIZE];

    return test_json_read(test_shared_path(path, "oracle/e2e/%s", name));
}

static int open_model(void **state) {
    char path[TEST_PATH_SIZE];

    (void)state;
    random64 = test_model_open(test_shared_path(path, "oracle/e2e/models/ds030-h64-seed7.pb"));
    return 0;
}

static int close_model(void **state) {
    (void)state;
    dsinfer_model_unref(random64);
    return 0;
}

static void assert_final(struct dsinfer_stream *stream, const char *wanted, const char *what) {
    struct dsinfer_transcript transcript;

    assert_int_equal(dsinfer_stream_finish(stream, &transcript), DSINFER_OK);
    if (strcmp(transcript.candidates[0].text, wanted) != 0) {
        fail_msg("%s: text is '%s', not '%s'", what, transcript.candidates[0].text, wanted);
    }
}

static void check_texts(struct dsinfer_model *model, const char *folder) {
    const uint32_t beams[] = {500, 1};
    const char *const keys[] = {"beam_500_no_lm", "beam_1_no_lm"};
    char name[64];
    json_t *root, *entry;
    const char *id;
    size_t n_checked = 0;
    size_t i;

    snprintf(name, sizeof(name), "%s/texts.json", folder);
    root = load(name);
    for (i = 0; i < 2; i++) {
        struct dsinfer_stream *stream =
            test_stream_create(model, 16, DSINFER_DECODER_DEFAULT, beams[i]);

        json_object_foreach(root, id, entry) {
            char path[TEST_PATH_SIZE];
            struct test_wav wav;

            test_wav_read(test_shared_path(path, "audio/%s.wav", id), &wav);
            dsinfer_stream_reset(stream);
            test_stream_feed(stream, wav.samples, wav.n_samples, 0);
            assert_final(stream, json_string_value(json_object_get(entry, keys[i])), id);
            test_wav_free(&wav);
            n_checked++;
        }
        dsinfer_stream_destroy(stream);
    }
    assert_true(n_checked >= 12);
    json_decref(root);
}

static void recordings_give_the_texts_of_libdeepspeech(void **state) {
    char path[TEST_PATH_SIZE];
    struct dsinfer_model *bundled =
        test_model_open(test_shared_path(path, "model/output_graph.pb"));

    (void)state;
    check_texts(random64, "random64");
    check_texts(bundled, "bundled");
    dsinfer_model_unref(bundled);
}

/* Feeds `piece` samples at a time and asks after every `every`th piece, as the golden did. */
static void check_partials(const int16_t *samples, size_t n_samples, size_t piece,
                           const json_t *golden, const char *what) {
    const json_t *changes = json_object_get(golden, "intermediate");
    const json_int_t every =
        json_integer_value(json_object_get(golden, "intermediate_asked_every_chunks"));
    struct dsinfer_stream *stream = test_stream_create(random64, 16, DSINFER_DECODER_DEFAULT, 500);
    size_t n_changes = 0;
    json_int_t n_pieces = 0;
    size_t done = 0;
    const char *last = NULL;

    while (done < n_samples) {
        const size_t n = n_samples - done < piece ? n_samples - done : piece;
        struct dsinfer_transcript transcript;

        assert_int_equal(dsinfer_stream_feed_s16(stream, samples + done, n), DSINFER_OK);
        done += n;
        n_pieces++;
        if (!changes || n_pieces % every != 0) {
            continue;
        }
        assert_int_equal(dsinfer_stream_partial(stream, &transcript), DSINFER_OK);
        if (!last || strcmp(transcript.candidates[0].text, last) != 0) {
            const json_t *change = json_array_get(changes, n_changes++);

            assert_non_null(change);
            last = json_string_value(json_array_get(change, 1));
            assert_int_equal(json_integer_value(json_array_get(change, 0)), done);
            assert_string_equal(transcript.candidates[0].text, last);
        }
    }
    assert_int_equal(n_changes, json_array_size(changes));
    assert_final(stream, json_string_value(json_object_get(golden, "final")), what);
    dsinfer_stream_destroy(stream);
}

static void partial_texts_change_when_those_of_libdeepspeech_do(void **state) {
    json_t *root = load("streaming/stream_030_h64_seed7.json");
    json_t *recording, *golden;
    const char *id, *key;
    size_t n_checked = 0;

    (void)state;
    json_object_foreach(root, id, recording) {
        char path[TEST_PATH_SIZE];
        struct test_wav wav;

        if (!json_object_get(recording, "stt")) {
            continue; /* two streams of one model, which corrupt each other upstream */
        }
        test_wav_read(test_shared_path(path, "audio/%s.wav", id), &wav);
        json_object_foreach(recording, key, golden) {
            const size_t piece = strtoul(key, NULL, 10);

            if (!json_is_object(golden)) {
                continue;
            }
            if (strcmp(key, "clip_8000_12800_chunk_1") == 0) {
                check_partials(wav.samples + 8000, 4800, 1, golden, key);
            } else if (strcmp(key, "clip_8000_12800_whole") == 0) {
                check_partials(wav.samples + 8000, 4800, 4800, golden, key);
            } else {
                check_partials(wav.samples, wav.n_samples, piece ? piece : wav.n_samples, golden,
                               key);
            }
            n_checked++;
        }
        test_wav_free(&wav);
    }
    assert_true(n_checked >= 16);
    json_decref(root);
}

static void short_and_odd_signals_give_the_texts_of_libdeepspeech(void **state) {
    json_t *root = load("streaming/short_030_h64_seed7.json");
    struct dsinfer_stream *stream = test_stream_create(random64, 16, DSINFER_DECODER_DEFAULT, 500);
    json_t *entry;
    const char *name;
    size_t n_checked = 0;

    (void)state;
    json_object_foreach(root, name, entry) {
        char path[TEST_PATH_SIZE];
        struct test_wav wav;

        if (json_integer_value(json_object_get(entry, "samples")) == 0) {
            continue; /* dsinfer says nothing about nothing */
        }
        test_wav_read(test_shared_path(path, "oracle/frontend/signals/%s.wav", name), &wav);
        dsinfer_stream_reset(stream);
        test_stream_feed(stream, wav.samples, wav.n_samples, 0);
        assert_final(stream, json_string_value(json_object_get(entry, "stt")), name);
        test_wav_free(&wav);
        n_checked++;
    }
    assert_true(n_checked >= 35);
    dsinfer_stream_destroy(stream);
    json_decref(root);
}

static void feed_noise(struct dsinfer_stream *stream, struct test_rng *rng, size_t n_seconds) {
    int16_t samples[N_SECOND];
    size_t i, k;

    for (i = 0; i < n_seconds; i++) {
        for (k = 0; k < N_SECOND; k++) {
            samples[k] = (int16_t)(6000.0f * test_rng_float(rng));
        }
        test_stream_feed(stream, samples, N_SECOND, 800);
    }
}

/* Three minutes with some twenty letters a second: more than the greedy decoder has room for at the
 * beginning, so its pool grows, by half each time. */
static void after_the_first_chunk_feeding_allocates_for_the_decoder_only(void **state) {
    struct dsinfer_stream *stream = test_stream_create(random64, 16, DSINFER_DECODER_GREEDY, 1);
    struct test_rng rng = {1};
    unsigned long before;

    (void)state;
    feed_noise(stream, &rng, 1);
    before = dsi_alloc_get_count();
    feed_noise(stream, &rng, 60);
    assert_int_equal(dsi_alloc_get_count(), before);
    feed_noise(stream, &rng, 120);
    assert_true(dsi_alloc_get_count() - before <= 3);
    dsinfer_stream_destroy(stream);
}

/* The four pools of the beam search grow by half each time, with the text only. */
static void two_minutes_of_noise_allocate_a_few_times(void **state) {
    struct dsinfer_stream *stream =
        test_stream_create(random64, 16, DSINFER_DECODER_TENSORFLOW, 500);
    struct test_rng rng = {2};
    unsigned long before;

    (void)state;
    feed_noise(stream, &rng, 10);
    before = dsi_alloc_get_count();
    feed_noise(stream, &rng, 110);
    assert_in_range(dsi_alloc_get_count() - before, 0, 26);
    dsinfer_stream_destroy(stream);
}

/* What the options name is gone when the stream looks ahead or is copied, and so is the stream when
 * its copy goes on. */
static void a_stream_keeps_its_scorer_and_hot_words(void **state) {
    char *word = malloc(5);
    struct dsinfer_hot_word hot = {word, 5.0f};
    struct dsinfer_stream_options options;
    struct dsinfer_stream *stream;
    struct dsinfer_stream *copy;
    struct test_rng rng = {4};
    char path[TEST_PATH_SIZE];
    char *expected;
    char *text;

    (void)state;
    dsinfer_stream_options_init(&options);
    options.decoder.kind = DSINFER_DECODER_PREFIX;
    options.decoder.beam_width = 50;
    options.decoder.hot_words = &hot;
    options.decoder.n_hot_words = 1;
    assert_int_equal(dsinfer_scorer_open(test_shared_path(path, "oracle/decode/lm/words.scorer"),
                                         NULL, &options.decoder.scorer, NULL),
                     DSINFER_OK);
    memcpy(word, "some", 5);
    assert_int_equal(dsinfer_stream_create(random64, &options, &stream, NULL), DSINFER_OK);
    dsinfer_scorer_unref(options.decoder.scorer);
    memset(word, 'x', 5);
    free(word);

    feed_noise(stream, &rng, 3);
    expected = test_stream_peek(stream);
    assert_true(strlen(expected) > 0);
    assert_int_equal(dsinfer_stream_clone(stream, &copy), DSINFER_OK);
    text = test_stream_finish(stream);
    assert_string_equal(text, expected);
    free(text);
    dsinfer_stream_destroy(stream);
    text = test_stream_finish(copy);
    assert_string_equal(text, expected);
    free(text);
    free(expected);
    dsinfer_stream_destroy(copy);
}

/* Once it has peeked, a stream peeks again in the memory of the first time. */
static void peeking_again_allocates_nothing(void **state) {
    struct dsinfer_stream *stream =
        test_stream_create(random64, 16, DSINFER_DECODER_TENSORFLOW, 500);
    struct test_rng rng = {3};
    unsigned long before;

    (void)state;
    feed_noise(stream, &rng, 5);
    free(test_stream_peek(stream));
    before = dsi_alloc_get_count();
    free(test_stream_peek(stream));
    assert_int_equal(dsi_alloc_get_count(), before);
    dsinfer_stream_destroy(stream);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recordings_give_the_texts_of_libdeepspeech),
        cmocka_unit_test(partial_texts_change_when_those_of_libdeepspeech_do),
        cmocka_unit_test(short_and_odd_signals_give_the_texts_of_libdeepspeech),
        cmocka_unit_test(after_the_first_chunk_feeding_allocates_for_the_decoder_only),
        cmocka_unit_test(two_minutes_of_noise_allocate_a_few_times),
        cmocka_unit_test(a_stream_keeps_its_scorer_and_hot_words),
        cmocka_unit_test(peeking_again_allocates_nothing),
    };

    return test_has_shared() ? cmocka_run_group_tests(tests, open_model, close_model)
                             : TEST_SKIPPED;
}
