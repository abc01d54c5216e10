/* Streams, batches and runners with threads of their own: they say what they say without.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/support/speech.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"
#include "tests/support/wav.h"

#include <stdlib.h>
#include <string.h>

#define BEAM 20
#define N_SAMPLES 20000 /* of the bundled recording */
#define N_STREAMS 3

static struct dsinfer_model *model, *int8_model;
static struct test_wav wav;

static int open_all(void **state) {
    struct dsinfer_model_options options;
    char path[TEST_PATH_SIZE];

    (void)state;
    test_source_path(path, "model/english/output_graph.pb");
    model = test_model_open(path);
    dsinfer_model_options_init(&options);
    options.precision = DSINFER_PRECISION_INT8;
    assert_int_equal(dsinfer_model_open(path, &options, &int8_model, NULL), DSINFER_OK);
    test_wav_read(test_source_path(path, "model/english/sample.wav"), &wav);
    assert_true(wav.n_samples > N_SAMPLES + N_STREAMS * 800);
    return 0;
}

static int close_all(void **state) {
    (void)state;
    test_wav_free(&wav);
    dsinfer_model_unref(model);
    dsinfer_model_unref(int8_model);
    return 0;
}

static enum dsinfer_status create_with(struct dsinfer_model *of, uint32_t n_threads,
                                       struct dsinfer_stream **stream, struct dsinfer_error *err) {
    struct dsinfer_stream_options options;

    dsinfer_stream_options_init(&options);
    options.decoder.beam_width = BEAM;
    options.n_threads = n_threads;
    return dsinfer_stream_create(of, &options, stream, err);
}

static struct dsinfer_stream *create(struct dsinfer_model *of, uint32_t n_threads) {
    struct dsinfer_stream *stream;

    assert_int_equal(create_with(of, n_threads, &stream, NULL), DSINFER_OK);
    return stream;
}

static char *transcribe(struct dsinfer_model *of, uint32_t n_threads, size_t first) {
    struct dsinfer_stream *stream = create(of, n_threads);
    char *text;

    test_stream_feed(stream, wav.samples + first, N_SAMPLES, 3000);
    text = test_stream_finish(stream);
    dsinfer_stream_destroy(stream);
    return text;
}

static void a_stream_says_the_same_with_threads(void **state) {
    static const uint32_t numbers[] = {2, 5};
    struct dsinfer_model *const models[] = {model, int8_model};
    size_t i, k;

    (void)state;
    for (k = 0; k < 2; k++) {
        char *expected = transcribe(models[k], 1, 0);

        for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
            char *text = transcribe(models[k], numbers[i], 0);

            assert_string_equal(text, expected);
            free(text);
        }
        free(expected);
    }
}

/* Half the recording with threads, the rest of it in a clone, in a snapshot loaded without threads,
 * and in one loaded with others. */
static void clones_and_snapshots_of_such_streams_go_on(void **state) {
    struct dsinfer_stream *streams[4] = {create(model, 2)};
    char *expected = transcribe(model, 1, 0), *text;
    struct dsinfer_stream_options options;
    size_t size, i;
    void *bytes;

    (void)state;
    test_stream_feed(streams[0], wav.samples, N_SAMPLES / 2, 0);
    assert_int_equal(dsinfer_stream_clone(streams[0], &streams[1]), DSINFER_OK);
    size = dsinfer_stream_snapshot_size(streams[0]);
    bytes = malloc(size);
    assert_non_null(bytes);
    assert_int_equal(dsinfer_stream_save_snapshot(streams[0], bytes, size), DSINFER_OK);
    dsinfer_stream_options_init(&options);
    options.decoder.beam_width = BEAM;
    for (i = 2; i < 4; i++) {
        options.n_threads = i == 2 ? 1 : 3;
        assert_int_equal(
            dsinfer_stream_load_snapshot(model, &options, bytes, size, &streams[i], NULL),
            DSINFER_OK);
    }
    free(bytes);
    for (i = 0; i < 4; i++) {
        test_stream_feed(streams[i], wav.samples + N_SAMPLES / 2, N_SAMPLES - N_SAMPLES / 2, 0);
        text = test_stream_peek(streams[i]);
        assert_string_equal(text, expected);
        free(text);
        text = test_stream_finish(streams[i]);
        assert_string_equal(text, expected);
        free(text);
        dsinfer_stream_destroy(streams[i]);
    }
    free(expected);
}

static void a_batch_says_the_same_with_threads(void **state) {
    struct dsinfer_batch_item items[N_STREAMS];
    struct dsinfer_batch_options options;
    struct dsinfer_batch *batch;
    size_t i;

    (void)state;
    dsinfer_batch_options_init(&options);
    options.n_threads = 2;
    assert_int_equal(dsinfer_batch_create(model, &options, &batch, NULL), DSINFER_OK);
    for (i = 0; i < N_STREAMS; i++) {
        items[i] = (struct dsinfer_batch_item){
            .stream = create(model, 1), .samples = wav.samples + 800 * i, .n_samples = N_SAMPLES};
    }
    assert_int_equal(dsinfer_batch_feed(batch, items, N_STREAMS), DSINFER_OK);
    for (i = 0; i < N_STREAMS; i++) {
        char *expected = transcribe(model, 1, 800 * i), *text;

        assert_int_equal(items[i].status, DSINFER_OK);
        text = test_stream_finish(items[i].stream);
        assert_string_equal(text, expected);
        free(text);
        free(expected);
        dsinfer_stream_destroy(items[i].stream);
    }
    dsinfer_batch_destroy(batch);
}

/* Two threads of the application, each with a stream that has two. */
static void *transcribe_beside(void *argument) {
    char **text = argument;

    *text = transcribe(model, 2, 0);
    return NULL;
}

static void streams_with_threads_work_beside_each_other(void **state) {
    char *expected = transcribe(model, 1, 0), *texts[2];
    pthread_t threads[2];
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, transcribe_beside, &texts[i]), 0);
    }
    for (i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_string_equal(texts[i], expected);
        free(texts[i]);
    }
    free(expected);
}

static void impossible_numbers_of_threads_are_refused(void **state) {
    static const uint32_t numbers[] = {0, 65, UINT32_MAX};
    struct dsinfer_runner_options runner_options;
    struct dsinfer_batch_options batch_options;
    struct dsinfer_stream *stream;
    struct dsinfer_runner *runner;
    struct dsinfer_batch *batch;
    struct dsinfer_error err;
    size_t i;

    (void)state;
    dsinfer_runner_options_init(&runner_options);
    dsinfer_batch_options_init(&batch_options);
    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        assert_int_equal(create_with(model, numbers[i], &stream, &err), DSINFER_ERR_ARGUMENT);
        assert_null(stream);
        assert_non_null(strstr(err.message, "threads are wanted; 1 to 64 are possible"));
        runner_options.n_threads = batch_options.n_threads = numbers[i];
        assert_int_equal(dsinfer_runner_create(model, &runner_options, &runner, NULL),
                         DSINFER_ERR_ARGUMENT);
        assert_int_equal(dsinfer_batch_create(model, &batch_options, &batch, NULL),
                         DSINFER_ERR_ARGUMENT);
        assert_null(runner);
        assert_null(batch);
    }
}

static void a_system_without_threads_is_told(void **state) {
    struct dsinfer_stream *stream, *copy;
    struct dsinfer_error err;

    (void)state;
    test_threads_left = 1;
    assert_int_equal(create_with(model, 3, &stream, &err), DSINFER_ERR_NO_MEMORY);
    assert_null(stream);
    assert_string_equal(err.message, "the system gives only 2 of 3 threads (error 11)");
    test_threads_left = 1;
    assert_int_equal(create_with(model, 2, &stream, NULL), DSINFER_OK);
    assert_int_equal(dsinfer_stream_clone(stream, &copy), DSINFER_ERR_NO_MEMORY);
    assert_null(copy);
    test_threads_left = -1;
    test_stream_feed(stream, wav.samples, 100, 0);
    dsinfer_stream_destroy(stream);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_says_the_same_with_threads),
        cmocka_unit_test(clones_and_snapshots_of_such_streams_go_on),
        cmocka_unit_test(a_batch_says_the_same_with_threads),
        cmocka_unit_test(streams_with_threads_work_beside_each_other),
        cmocka_unit_test(impossible_numbers_of_threads_are_refused),
        cmocka_unit_test(a_system_without_threads_is_told),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
