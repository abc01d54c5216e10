/* Streams fed in batches against streams fed alone, on the bundled model and its recording.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/alloc.h"
#include "tests/support/rng.h"
#include "tests/support/speech.h"
#include "tests/support/test.h"
#include "tests/support/wav.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BEAM 20
#define N_STREAMS 25
#define N_THREADS 4
#define N_SAMPLES 16000 /* of a stream: a second, each stream another one */

static struct dsinfer_model *model;
static struct test_wav wav;

static int open_all(void **state) {
    char path[TEST_PATH_SIZE];

    (void)state;
    model = test_model_open(test_source_path(path, "model/english/output_graph.pb"));
    test_wav_read(test_source_path(path, "model/english/sample.wav"), &wav);
    assert_true(wav.n_samples > N_SAMPLES + N_STREAMS * N_THREADS * 400);
    return 0;
}

static int close_all(void **state) {
    (void)state;
    test_wav_free(&wav);
    dsinfer_model_unref(model);
    return 0;
}

static const int16_t *get_samples(size_t stream) {
    return wav.samples + 400 * stream;
}

static struct dsinfer_stream *create(uint32_t n_steps) {
    return test_stream_create(model, n_steps, DSINFER_DECODER_DEFAULT, BEAM);
}

/* One that gives the network from `min_steps` windows on at the end of a feed. */
static struct dsinfer_stream *create_adaptive(uint32_t min_steps, uint32_t n_steps) {
    struct dsinfer_stream_options options;
    struct dsinfer_stream *stream;

    dsinfer_stream_options_init(&options);
    options.min_steps = min_steps;
    options.n_steps = n_steps;
    options.decoder.beam_width = BEAM;
    options.decoder.n_candidates = 3;
    assert_int_equal(dsinfer_stream_create(model, &options, &stream, NULL), DSINFER_OK);
    return stream;
}

static struct dsinfer_batch *create_batch(size_t max_streams) {
    struct dsinfer_batch_options options;
    struct dsinfer_batch *batch;

    dsinfer_batch_options_init(&options);
    options.max_streams = max_streams;
    assert_int_equal(dsinfer_batch_create(model, &options, &batch, NULL), DSINFER_OK);
    return batch;
}

/* Feeds streams `first` and up with all their samples, some to each in every call, as random as
 * `rng`; some get none in a call, and some get more than fills a chunk. Of three streams one ends
 * with its last samples, one in the call behind them, and one is left to be finished alone. */
static void feed_all(struct dsinfer_batch *batch, struct dsinfer_stream *const *streams, size_t n,
                     size_t first, struct test_rng *rng) {
    struct dsinfer_batch_item items[N_STREAMS];
    size_t done[N_STREAMS] = {0};
    bool has_ended[N_STREAMS] = {false};
    size_t n_items = n;
    size_t i;

    while (n_items > 0) {
        n_items = 0;
        for (i = 0; i < n; i++) {
            const size_t left = N_SAMPLES - done[i];
            const size_t wanted = test_rng_next(rng) % 9000;

            if (has_ended[i]) {
                continue;
            }
            items[n_items] = (struct dsinfer_batch_item){
                .stream = streams[i],
                .samples = get_samples(first + i) + done[i],
                .n_samples = wanted < left ? wanted : left,
                .is_end = (i % 3 == 0 && wanted >= left) || (i % 3 == 1 && left == 0),
            };
            done[i] += items[n_items].n_samples;
            has_ended[i] = items[n_items].is_end || (i % 3 == 2 && left == 0);
            n_items++;
        }
        if (dsinfer_batch_feed(batch, items, n_items) != DSINFER_OK) {
            abort(); /* also in threads, where there are no assertions */
        }
        for (i = 0; i < n_items; i++) {
            if (items[i].status != DSINFER_OK) {
                abort();
            }
        }
    }
    for (i = 0; i < n; i++) {
        if (dsinfer_stream_get_n_samples(streams[i]) != N_SAMPLES) {
            abort();
        }
    }
}

static char *transcribe_alone(size_t number, uint32_t n_steps) {
    struct dsinfer_stream *stream = create(n_steps);
    char *text;

    test_stream_feed(stream, get_samples(number), N_SAMPLES, 0);
    text = test_stream_finish(stream);
    dsinfer_stream_destroy(stream);
    return text;
}

/* Digit for digit: scores, times and candidates too. Windows at a time from 1 to 25, of which those
 * above 16 are fed alone, and from half as many on for every third stream; rounds of up to 7 chunks
 * and of all there are. */
static void every_stream_says_what_it_would_alone(void **state) {
    const size_t rounds[] = {1, 7, 100};
    struct test_rng rng = {1};
    size_t i, k;

    (void)state;
    for (k = 0; k < 3; k++) {
        struct dsinfer_stream *streams[N_STREAMS];
        struct dsinfer_batch *batch = create_batch(rounds[k]);

        for (i = 0; i < N_STREAMS; i++) {
            streams[i] = create_adaptive(i % 3 == 0 ? (uint32_t)i / 2 + 1 : 0, (uint32_t)i + 1);
        }
        feed_all(batch, streams, N_STREAMS, 0, &rng);
        for (i = 0; i < N_STREAMS; i++) {
            char *expected = transcribe_alone(i, (uint32_t)i + 1);
            char *text = test_stream_finish(streams[i]);

            assert_string_equal(text, expected);
            free(text);
            free(expected);
            dsinfer_stream_destroy(streams[i]);
        }
        dsinfer_batch_destroy(batch);
    }
}

struct worker {
    size_t number;
    pthread_t thread;
    char *texts[N_STREAMS];
};

static void *transcribe_batch(void *user) {
    struct worker *worker = user;
    struct dsinfer_batch *batch = create_batch(N_STREAMS);
    struct dsinfer_stream *streams[N_STREAMS];
    struct test_rng rng = {10 + worker->number};
    size_t i;

    for (i = 0; i < N_STREAMS; i++) {
        streams[i] = create(16);
    }
    feed_all(batch, streams, N_STREAMS, worker->number * N_STREAMS, &rng);
    for (i = 0; i < N_STREAMS; i++) {
        worker->texts[i] = test_stream_finish(streams[i]);
        dsinfer_stream_destroy(streams[i]);
    }
    dsinfer_batch_destroy(batch);
    return NULL;
}

static void a_hundred_streams_in_four_threads_share_one_model(void **state) {
    struct worker workers[N_THREADS];
    size_t i, k;

    (void)state;
    for (i = 0; i < N_THREADS; i++) {
        workers[i].number = i;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, transcribe_batch, &workers[i]),
                         0);
    }
    for (i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        for (k = 0; k < N_STREAMS; k++) {
            char *expected = transcribe_alone(i * N_STREAMS + k, 16);

            assert_string_equal(workers[i].texts[k], expected);
            free(expected);
            free(workers[i].texts[k]);
        }
    }
}

static void a_stream_that_cannot_go_on_does_not_stop_the_others(void **state) {
    struct dsinfer_batch *batch = create_batch(4);
    struct dsinfer_stream *finished = create(16);
    struct dsinfer_stream *open = create(16);
    struct dsinfer_batch_item items[2] = {
        {.stream = finished, .samples = get_samples(0), .n_samples = 100},
        {.stream = open, .samples = get_samples(1), .n_samples = N_SAMPLES},
    };
    char *expected = transcribe_alone(1, 16);
    char *text;

    (void)state;
    free(test_stream_finish(finished));
    assert_int_equal(dsinfer_batch_feed(batch, items, 2), DSINFER_OK);
    assert_int_equal(items[0].status, DSINFER_ERR_STATE);
    assert_int_equal(items[1].status, DSINFER_OK);
    text = test_stream_finish(open);
    assert_string_equal(text, expected);
    free(text);
    free(expected);
    dsinfer_stream_destroy(finished);
    dsinfer_stream_destroy(open);
    dsinfer_batch_destroy(batch);
}

/* Without samples, ended twice, and of a network that takes recordings whole. */
static void a_stream_ends_once(void **state) {
    struct dsinfer_batch *batch = create_batch(4);
    struct dsinfer_batch_item item = {.stream = create(16), .is_end = 1};
    struct dsinfer_transcript transcript;

    (void)state;
    assert_int_equal(dsinfer_batch_feed(batch, &item, 1), DSINFER_OK);
    assert_int_equal(item.status, DSINFER_OK);
    assert_int_equal(dsinfer_stream_partial(item.stream, &transcript), DSINFER_ERR_STATE);
    assert_int_equal(dsinfer_stream_finish(item.stream, &transcript), DSINFER_OK);
    assert_string_equal(transcript.text, "");
    assert_int_equal(dsinfer_batch_feed(batch, &item, 1), DSINFER_OK);
    assert_int_equal(item.status, DSINFER_ERR_STATE);
    dsinfer_stream_reset(item.stream);
    assert_int_equal(dsinfer_batch_feed(batch, &item, 1), DSINFER_OK);
    assert_int_equal(item.status, DSINFER_OK);
    dsinfer_stream_destroy(item.stream);
    dsinfer_batch_destroy(batch);
}

static void a_stream_of_a_whole_recording_ends_as_alone(void **state) {
    char path[TEST_PATH_SIZE];
    struct dsinfer_model *whole =
        test_model_open(test_shared_path(path, "oracle/graphs/ds011-h64-s7/output_graph.pb"));
    struct dsinfer_stream *alone = test_stream_create(whole, 16, DSINFER_DECODER_GREEDY, 1);
    struct dsinfer_batch_item item = {
        .stream = test_stream_create(whole, 16, DSINFER_DECODER_GREEDY, 1),
        .samples = get_samples(0),
        .n_samples = N_SAMPLES,
        .is_end = 1,
    };
    struct dsinfer_batch *batch;
    char *expected, *text;

    (void)state;
    assert_int_equal(dsinfer_batch_create(whole, NULL, &batch, NULL), DSINFER_OK);
    assert_int_equal(dsinfer_batch_feed(batch, &item, 1), DSINFER_OK);
    assert_int_equal(item.status, DSINFER_OK);
    test_stream_feed(alone, get_samples(0), N_SAMPLES, 0);
    expected = test_stream_finish(alone);
    text = test_stream_finish(item.stream);
    assert_string_equal(text, expected);
    free(text);
    free(expected);
    dsinfer_stream_destroy(alone);
    dsinfer_stream_destroy(item.stream);
    dsinfer_batch_destroy(batch);
    dsinfer_model_unref(whole);
}

/* A call that is refused feeds nobody. */
static void streams_of_another_model_and_streams_twice_are_refused(void **state) {
    char path[TEST_PATH_SIZE];
    struct dsinfer_model *other =
        test_model_open(test_source_path(path, "model/english/output_graph.pb"));
    struct dsinfer_batch *batch = create_batch(4);
    struct dsinfer_stream *stream = create(16);
    struct dsinfer_stream *stranger = test_stream_create(other, 16, DSINFER_DECODER_GREEDY, 1);
    struct dsinfer_batch_item items[2] = {
        {.stream = stream, .samples = get_samples(0), .n_samples = 100},
        {.stream = stranger, .samples = get_samples(1), .n_samples = 100},
    };

    (void)state;
    assert_int_equal(dsinfer_batch_feed(batch, items, 2), DSINFER_ERR_ARGUMENT);
    items[1].stream = stream;
    assert_int_equal(dsinfer_batch_feed(batch, items, 2), DSINFER_ERR_ARGUMENT);
    items[1].stream = NULL;
    assert_int_equal(dsinfer_batch_feed(batch, items, 2), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_batch_feed(batch, NULL, 1), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_batch_feed(NULL, items, 0), DSINFER_ERR_ARGUMENT);
    items[0].samples = NULL;
    assert_int_equal(dsinfer_batch_feed(batch, items, 1), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_stream_get_n_samples(stream), 0);
    assert_int_equal(dsinfer_batch_feed(batch, items, 0), DSINFER_OK);
    items[0].samples = get_samples(0);
    assert_int_equal(dsinfer_batch_feed(batch, items, 1), DSINFER_OK);
    assert_int_equal(dsinfer_stream_get_n_samples(stream), 100);
    dsinfer_stream_destroy(stream);
    dsinfer_stream_destroy(stranger);
    dsinfer_batch_destroy(batch);
    dsinfer_model_unref(other);
}

static void sizes_out_of_range_are_refused(void **state) {
    struct dsinfer_batch_options options;
    struct dsinfer_batch *batch;
    struct dsinfer_error error;

    (void)state;
    dsinfer_batch_options_init(&options);
    options.max_streams = 0;
    assert_int_equal(dsinfer_batch_create(model, &options, &batch, &error), DSINFER_ERR_ARGUMENT);
    options.max_streams = 1025;
    assert_int_equal(dsinfer_batch_create(model, &options, &batch, &error), DSINFER_ERR_ARGUMENT);
    assert_null(batch);
    assert_non_null(strstr(error.message, "1025"));
    options.max_streams = 2;
    options.max_steps = 65;
    assert_int_equal(dsinfer_batch_create(model, &options, &batch, &error), DSINFER_ERR_ARGUMENT);
    assert_non_null(strstr(error.message, "65"));
    assert_int_equal(dsinfer_batch_create(NULL, NULL, &batch, NULL), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_batch_create(model, NULL, NULL, NULL), DSINFER_ERR_ARGUMENT);
    dsinfer_batch_options_init(NULL);
    dsinfer_batch_destroy(NULL);
}

static void every_failed_allocation_is_reported(void **state) {
    enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
    struct dsinfer_batch *batch;
    long k;

    (void)state;
    for (k = 0; status != DSINFER_OK; k++) {
        assert_true(k < 1000);
        dsi_alloc_fail_after(k);
        status = dsinfer_batch_create(model, NULL, &batch, NULL);
        dsi_alloc_fail_after(-1);
        if (status != DSINFER_OK) {
            assert_int_equal(status, DSINFER_ERR_NO_MEMORY);
            assert_null(batch);
        }
    }
    assert_true(k > 5);
    dsinfer_batch_destroy(batch);
}

static void feeding_allocates_for_the_decoders_only(void **state) {
    struct dsinfer_batch *batch = create_batch(4);
    struct dsinfer_batch_item items[4];
    unsigned long before;
    size_t i;

    (void)state;
    for (i = 0; i < 4; i++) {
        items[i] = (struct dsinfer_batch_item){
            .stream = test_stream_create(model, 16, DSINFER_DECODER_GREEDY, 1),
            .samples = get_samples(i),
            .n_samples = N_SAMPLES,
        };
    }
    assert_int_equal(dsinfer_batch_feed(batch, items, 4), DSINFER_OK);
    before = dsi_alloc_get_count();
    assert_int_equal(dsinfer_batch_feed(batch, items, 4), DSINFER_OK);
    assert_int_equal(dsi_alloc_get_count(), before);
    for (i = 0; i < 4; i++) {
        assert_int_equal(items[i].status, DSINFER_OK);
        dsinfer_stream_destroy(items[i].stream);
    }
    dsinfer_batch_destroy(batch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stream_says_what_it_would_alone),
        cmocka_unit_test(a_hundred_streams_in_four_threads_share_one_model),
        cmocka_unit_test(a_stream_that_cannot_go_on_does_not_stop_the_others),
        cmocka_unit_test(a_stream_ends_once),
        cmocka_unit_test(a_stream_of_a_whole_recording_ends_as_alone),
        cmocka_unit_test(streams_of_another_model_and_streams_twice_are_refused),
        cmocka_unit_test(sizes_out_of_range_are_refused),
        cmocka_unit_test(every_failed_allocation_is_reported),
        cmocka_unit_test(feeding_allocates_for_the_decoders_only),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
