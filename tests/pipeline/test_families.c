/* Streams of the other families, from samples to text: of 0.1, which takes recordings whole, the
 * texts of libdeepspeech 0.1.1; of 0.4 and later, that a stream is the front end, the network and
 * the decoder, one after the other.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/alloc.h"
#include "tests/support/json.h"
#include "tests/support/speech.h"
#include "tests/support/test.h"
#include "tests/support/wav.h"

#include <dsinfer/runner.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 26
#define N_CONTEXT 9
#define N_WINDOW ((size_t)(2 * N_CONTEXT + 1) * WIDTH)

static struct dsinfer_model *open_model(const char *name) {
    char path[TEST_PATH_SIZE];

    return test_model_open(test_shared_path(path, "oracle/graphs/%s/output_graph.pb", name));
}

static void read_recording(const char *id, struct test_wav *wav) {
    char path[TEST_PATH_SIZE];

    test_wav_read(test_shared_path(path, "audio/%s.wav", id), wav);
}

static void recordings_give_the_texts_of_0_1(void **state) {
    struct dsinfer_model *model = open_model("ds011-h64-s7");
    struct dsinfer_stream *stream = test_stream_create(model, 16, DSINFER_DECODER_DEFAULT, 500);
    char path[TEST_PATH_SIZE];
    json_t *texts = test_json_read(test_shared_path(path, "oracle/e2e/ds011-h64-seed7/texts.json"));
    json_t *entry;
    const char *id;
    size_t n = 0;

    (void)state;
    json_object_foreach(texts, id, entry) {
        const char *expected = json_string_value(json_object_get(entry, "beam_500_no_lm"));
        struct dsinfer_transcript transcript;
        struct test_wav wav;

        if (!expected || json_integer_value(json_object_get(entry, "samples")) > 80000) {
            continue;
        }
        read_recording(id, &wav);
        dsinfer_stream_reset(stream);
        test_stream_feed(stream, wav.samples, wav.n_samples, 1021);
        assert_int_equal(dsinfer_stream_finish(stream, &transcript), DSINFER_OK);
        if (strcmp(transcript.text, expected) != 0) {
            fail_msg("%s: '%s' instead of '%s'", id, transcript.text, expected);
        }
        test_wav_free(&wav);
        n++;
    }
    assert_true(n >= 3);
    json_decref(texts);
    dsinfer_stream_destroy(stream);
    dsinfer_model_unref(model);
}

static void a_whole_recording_can_be_peeked_at_and_cloned_but_has_no_partial_text(void **state) {
    struct dsinfer_model *model = open_model("ds011-h64-s7");
    struct dsinfer_stream *stream = test_stream_create(model, 16, DSINFER_DECODER_GREEDY, 1);
    struct dsinfer_stream *clone;
    struct dsinfer_transcript transcript;
    char *peeked, *again, *cloned, *finished;
    struct test_wav wav;

    (void)state;
    read_recording("174-50561-0002", &wav);
    test_stream_feed(stream, wav.samples, 16000, 0);
    assert_int_equal(dsinfer_stream_partial(stream, &transcript), DSINFER_ERR_UNSUPPORTED);
    peeked = test_stream_peek(stream);
    again = test_stream_peek(stream);
    assert_int_equal(dsinfer_stream_clone(stream, &clone), DSINFER_OK);
    cloned = test_stream_finish(clone);
    finished = test_stream_finish(stream);
    assert_string_equal(peeked, finished);
    assert_string_equal(again, finished);
    assert_string_equal(cloned, finished);
    free(peeked);
    free(again);
    free(cloned);
    free(finished);
    test_wav_free(&wav);
    dsinfer_stream_destroy(clone);
    dsinfer_stream_destroy(stream);
    dsinfer_model_unref(model);
}

static void failed_allocations_end_a_whole_recording_cleanly(void **state) {
    struct dsinfer_model *model = open_model("ds011-h64-s7");
    static const int16_t samples[4000] = {1, 2, 3};
    enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
    long k;

    (void)state;
    for (k = 0; status != DSINFER_OK; k++) {
        struct dsinfer_stream *stream;
        struct dsinfer_transcript transcript;

        dsi_alloc_fail_after(k);
        status = dsinfer_stream_create(model, NULL, &stream, NULL);
        if (status == DSINFER_OK) {
            status = dsinfer_stream_feed_s16(stream, samples, 4000);
        }
        if (status == DSINFER_OK) {
            status = dsinfer_stream_finish(stream, &transcript);
        }
        dsi_alloc_fail_after(-1);
        assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
        dsinfer_stream_destroy(stream);
    }
    assert_true(k > 10);
    dsinfer_model_unref(model);
}

/* The frames of a recording with zeros of the context around them; freed by the caller. */
static float *extract(const struct dsinfer_model_info *info, const struct test_wav *wav,
                      size_t *n_frames) {
    struct dsinfer_features_options options;
    struct dsinfer_features *features;
    float *frames;
    size_t n;

    dsinfer_features_options_init(&options);
    options.family = info->family;
    options.sample_rate = info->sample_rate;
    assert_int_equal(dsinfer_features_create(&options, &features, NULL), DSINFER_OK);
    n = dsinfer_features_get_max_frames(features, wav->n_samples);
    frames = calloc((n + (size_t)2 * N_CONTEXT) * WIDTH, sizeof(*frames));
    assert_non_null(frames);
    *n_frames = dsinfer_features_feed_s16(features, wav->samples, wav->n_samples,
                                          frames + (size_t)N_CONTEXT * WIDTH);
    *n_frames += dsinfer_features_finish(features, frames + (N_CONTEXT + *n_frames) * WIDTH);
    assert_int_equal(*n_frames, n);
    dsinfer_features_destroy(features);
    return frames;
}

/* Greedy text of the recording, step by step. */
static char *transcribe(struct dsinfer_model *model, const struct test_wav *wav) {
    const struct dsinfer_model_info *info = dsinfer_model_info(model);
    struct dsinfer_decoder_input input;
    struct dsinfer_decoder_options options;
    struct dsinfer_decoder *decoder;
    struct dsinfer_runner_options runner_options;
    struct dsinfer_runner *runner;
    struct dsinfer_transcript transcript;
    float h[64] = {0}, c[64] = {0}, window[N_WINDOW], logits[29];
    size_t n_frames, t;
    float *frames = extract(info, wav, &n_frames);
    char *text;

    assert_true(info->n_cell <= 64 && info->n_labels == 29);
    dsinfer_decoder_input_init(&input);
    dsinfer_decoder_options_init(&options);
    options.kind = DSINFER_DECODER_GREEDY;
    options.n_candidates = 3;
    input.family = info->family;
    input.is_probability = info->has_softmax;
    assert_int_equal(dsinfer_decoder_create(&input, &options, &decoder, NULL), DSINFER_OK);
    dsinfer_runner_options_init(&runner_options);
    runner_options.max_steps = 1;
    assert_int_equal(dsinfer_runner_create(model, &runner_options, &runner, NULL), DSINFER_OK);
    for (t = 0; t < n_frames; t++) {
        const struct dsinfer_step step = {1, 1, window, h, c, NULL, logits, h, c};

        memcpy(window, frames + t * WIDTH, sizeof(window));
        assert_int_equal(dsinfer_runner_run(runner, &step), DSINFER_OK);
        assert_int_equal(dsinfer_decoder_feed(decoder, logits, 1), DSINFER_OK);
    }
    assert_int_equal(dsinfer_decoder_get_transcript(decoder, &transcript), DSINFER_OK);
    text = strdup(transcript.text);
    dsinfer_runner_destroy(runner);
    dsinfer_decoder_destroy(decoder);
    free(frames);
    return text;
}

static void streams_of_later_families_are_their_parts_in_a_row(void **state) {
    static const char *const names[] = {"ds030-h64-s7", "ds041-h40-s2", "ds051-h40-s3",
                                        "ds061-h40-s4", "ds093-h64-s7"};
    struct test_wav wav;
    size_t n_letters = 0;
    size_t i;

    (void)state;
    read_recording("174-50561-0002", &wav);
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct dsinfer_model *model = open_model(names[i]);
        struct dsinfer_stream *stream = test_stream_create(model, 16, DSINFER_DECODER_GREEDY, 1);
        struct dsinfer_transcript transcript;
        char *expected = transcribe(model, &wav);

        test_stream_feed(stream, wav.samples, wav.n_samples, 777);
        assert_int_equal(dsinfer_stream_finish(stream, &transcript), DSINFER_OK);
        assert_string_equal(transcript.text, expected);
        n_letters += strlen(expected);
        free(expected);
        dsinfer_stream_destroy(stream);
        dsinfer_model_unref(model);
    }
    assert_true(n_letters > 20);
    test_wav_free(&wav);
}

/* A genuine model of 0.9 that says it works with another number of two bytes in the metadata. */
static struct dsinfer_model *open_changed(const char *node, const char from[2], const char to[2],
                                          unsigned char **bytes) {
    struct dsinfer_model *model;
    char path[TEST_PATH_SIZE];
    bool is_behind = false;
    size_t size, i;

    *bytes =
        test_read_file(test_shared_path(path, "oracle/graphs/ds093-h64-s7/output_graph.pb"), &size);
    for (i = 0; i + strlen(node) <= size; i++) {
        is_behind = is_behind || memcmp(*bytes + i, node, strlen(node)) == 0;
        if (is_behind && memcmp(*bytes + i, from, 2) == 0) {
            memcpy(*bytes + i, to, 2);
            break;
        }
    }
    assert_int_equal(dsinfer_model_open_memory(*bytes, size, NULL, &model, NULL), DSINFER_OK);
    return model;
}

static void rate_and_frames_of_the_metadata_choose_the_front_end(void **state) {
    unsigned char *bytes;
    struct dsinfer_model *model =
        open_changed("metadata_sample_rate", "\x80\x7d", "\xc0\x3e", &bytes);
    struct dsinfer_stream *stream = test_stream_create(model, 16, DSINFER_DECODER_GREEDY, 1);
    struct dsinfer_stream_options options;
    struct dsinfer_transcript transcript;
    struct dsinfer_error err;
    struct test_wav wav;
    char *expected;

    (void)state;
    assert_int_equal(dsinfer_model_info(model)->sample_rate, 8000);
    assert_int_equal(dsinfer_model_info(model)->window, 256);
    assert_int_equal(dsinfer_model_info(model)->step, 160);
    read_recording("174-50561-0002", &wav);
    expected = transcribe(model, &wav);
    test_stream_feed(stream, wav.samples, wav.n_samples, 777);
    assert_int_equal(dsinfer_stream_finish(stream, &transcript), DSINFER_OK);
    assert_string_equal(transcript.text, expected);
    free(expected);
    test_wav_free(&wav);
    dsinfer_stream_destroy(stream);
    dsinfer_model_unref(model);
    free(bytes);

    model = open_changed("metadata_feature_win_len", "\x01\x20", "\x01\x19", &bytes);
    dsinfer_stream_options_init(&options);
    options.decoder.kind = DSINFER_DECODER_GREEDY;
    assert_int_equal(dsinfer_stream_create(model, &options, &stream, &err),
                     DSINFER_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "frames of 400 samples every 320"));
    dsinfer_model_unref(model);
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recordings_give_the_texts_of_0_1),
        cmocka_unit_test(a_whole_recording_can_be_peeked_at_and_cloned_but_has_no_partial_text),
        cmocka_unit_test(failed_allocations_end_a_whole_recording_cleanly),
        cmocka_unit_test(streams_of_later_families_are_their_parts_in_a_row),
        cmocka_unit_test(rate_and_frames_of_the_metadata_choose_the_front_end),
    };

    if (!test_has_shared()) {
        return TEST_SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
