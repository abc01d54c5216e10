/* What must hold of the network whatever its numbers are: cutting time, batching streams and
 * sharing a model between threads change nothing, running allocates nothing, and damaged files are
 * refused for the right reason.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/alloc.h"
#include "tests/golden/models.h"
#include "tests/support/rng.h"

#include <dsinfer/runner.h>

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODEL "ds030-h64-s7/output_graph.pb"
#define OTHER_MODEL "ds093-h64-s7/output_graph.pbmm"
#define N_CELL 64
#define N_FRAMES 128
#define N_LOGITS ((size_t)N_FRAMES * GOLDEN_N_LABELS)

/* Logits of all frames of a recording and the state after them. */
struct result {
    float logits[N_LOGITS];
    float h[N_CELL], c[N_CELL];
};

static struct dsinfer_runner *create_runner(struct dsinfer_model *model, size_t max_streams,
                                            size_t max_steps) {
    struct dsinfer_runner_options options;
    struct dsinfer_runner *runner;
    struct dsinfer_error err;

    dsinfer_runner_options_init(&options);
    options.max_streams = max_streams;
    options.max_steps = max_steps;
    if (dsinfer_runner_create(model, &options, &runner, &err) != DSINFER_OK) {
        fail_msg("%s", err.message);
    }
    return runner;
}

/* Runs the first frames of a recording in calls of at most `n_steps`. */
static void run_frames(struct dsinfer_runner *runner, const float *windows, size_t n_frames,
                       size_t n_steps, struct result *result) {
    size_t t;

    memset(result, 0, sizeof(*result));
    for (t = 0; t < n_frames; t += n_steps) {
        struct dsinfer_step step = {
            .n_streams = 1,
            .n_steps = n_frames - t < n_steps ? n_frames - t : n_steps,
            .windows = windows + t * GOLDEN_WINDOW,
            .h = result->h,
            .c = result->c,
            .logits = result->logits + t * GOLDEN_N_LABELS,
            .new_h = result->h,
            .new_c = result->c,
        };

        assert_int_equal(dsinfer_runner_run(runner, &step), DSINFER_OK);
    }
}

static void check_cutting(const char *file, enum dsinfer_kernel_level level) {
    static const size_t all_n_steps[] = {1, 2, 5, 37};
    struct dsinfer_model *model = golden_open(file, level);
    struct dsinfer_runner *runner = create_runner(model, 1, 37);
    static struct result expected, got;
    struct test_npy windows;
    size_t i;

    golden_read(&windows, "inputs/ds03.real.npy");
    run_frames(runner, windows.f32, N_FRAMES, 16, &expected);
    for (i = 0; i < sizeof(all_n_steps) / sizeof(all_n_steps[0]); i++) {
        char what[100];

        snprintf(what, sizeof(what), "%s, level %d, T = %zu", file, (int)level, all_n_steps[i]);
        run_frames(runner, windows.f32, N_FRAMES, all_n_steps[i], &got);
        if (level == DSINFER_KERNELS_PORTABLE) { /* a BLAS may add in another order */
            test_assert_near(got.logits, expected.logits, N_LOGITS, GOLDEN_LOGITS, 0.0, what);
            test_assert_near(got.h, expected.h, N_CELL, GOLDEN_H, 0.0, what);
            test_assert_near(got.c, expected.c, N_CELL, GOLDEN_C, 0.0, what);
        } else if (memcmp(&got, &expected, sizeof(got)) != 0) {
            fail_msg("%s: not the same bits", what);
        }
    }
    test_npy_free(&windows);
    dsinfer_runner_destroy(runner);
    dsinfer_model_unref(model);
}

static void cutting_time_elsewhere_gives_the_same_logits(void **state) {
    (void)state;
    check_cutting(MODEL, DSINFER_KERNELS_NATIVE);
    check_cutting(MODEL, DSINFER_KERNELS_PORTABLE);
    check_cutting(MODEL, DSINFER_KERNELS_REFERENCE);
    check_cutting(OTHER_MODEL, DSINFER_KERNELS_NATIVE);
}

#define N_STREAMS 5
#define N_STEPS 16

/* Inputs and outputs of a call with several streams. */
struct batch {
    float windows[N_STREAMS * N_STEPS * 19 * 26];
    float h[N_STREAMS * N_CELL], c[N_STREAMS * N_CELL];
    int32_t lengths[N_STREAMS];
    float logits[N_STEPS * N_STREAMS * GOLDEN_N_LABELS];
};

static void fill_batch(struct batch *batch, uint64_t seed) {
    static const int32_t lengths[N_STREAMS] = {16, 0, 7, 1, 16};
    struct test_rng rng = {seed};
    size_t i;

    for (i = 0; i < sizeof(batch->windows) / sizeof(batch->windows[0]); i++) {
        batch->windows[i] = 10.0f * test_rng_float(&rng);
    }
    for (i = 0; i < (size_t)N_STREAMS * N_CELL; i++) {
        batch->h[i] = test_rng_float(&rng);
        batch->c[i] = 4.0f * test_rng_float(&rng);
    }
    memcpy(batch->lengths, lengths, sizeof(lengths));
}

static void check_batching(enum dsinfer_kernel_level level, bool has_lengths) {
    static struct batch batch, single;
    struct dsinfer_model *model = golden_open(MODEL, level);
    struct dsinfer_runner *runner = create_runner(model, N_STREAMS, N_STEPS);
    struct dsinfer_step step;
    size_t n, t;

    fill_batch(&batch, 3);
    fill_batch(&single, 3);
    step = (struct dsinfer_step){N_STREAMS,    N_STEPS, batch.windows,
                                 batch.h,      batch.c, has_lengths ? batch.lengths : NULL,
                                 batch.logits, batch.h, batch.c};
    assert_int_equal(dsinfer_runner_run(runner, &step), DSINFER_OK);
    for (n = 0; n < N_STREAMS; n++) {
        float *h = single.h + n * N_CELL;
        float *c = single.c + n * N_CELL;

        step = (struct dsinfer_step){1,
                                     N_STEPS,
                                     single.windows + n * N_STEPS * GOLDEN_WINDOW,
                                     h,
                                     c,
                                     has_lengths ? &single.lengths[n] : NULL,
                                     single.logits,
                                     h,
                                     c};
        assert_int_equal(dsinfer_runner_run(runner, &step), DSINFER_OK);
        for (t = 0; t < N_STEPS; t++) {
            test_assert_near(batch.logits + (t * N_STREAMS + n) * GOLDEN_N_LABELS,
                             single.logits + t * GOLDEN_N_LABELS, GOLDEN_N_LABELS, GOLDEN_LOGITS,
                             0.0, "logits");
        }
    }
    test_assert_near(batch.h, single.h, (size_t)N_STREAMS * N_CELL, GOLDEN_H, 0.0, "h");
    test_assert_near(batch.c, single.c, (size_t)N_STREAMS * N_CELL, GOLDEN_C, 0.0, "c");
    dsinfer_runner_destroy(runner);
    dsinfer_model_unref(model);
}

static void streams_in_a_batch_get_what_they_get_alone(void **state) {
    (void)state;
    check_batching(DSINFER_KERNELS_NATIVE, false);
    check_batching(DSINFER_KERNELS_NATIVE, true);
    check_batching(DSINFER_KERNELS_PORTABLE, true);
    check_batching(DSINFER_KERNELS_REFERENCE, true);
}

static void values_that_are_no_numbers_stay_in_their_stream(void **state) {
    static struct batch batch, clean;
    struct dsinfer_model *model = golden_open(MODEL, DSINFER_KERNELS_NATIVE);
    struct dsinfer_runner *runner = create_runner(model, N_STREAMS, N_STEPS);
    struct dsinfer_step step;
    size_t n, t, k;

    (void)state;
    fill_batch(&clean, 9);
    fill_batch(&batch, 9);
    for (k = 0; k < N_STEPS * GOLDEN_WINDOW; k++) {
        batch.windows[2 * N_STEPS * GOLDEN_WINDOW + k] = k % 2 ? (float)NAN : (float)INFINITY;
    }
    step = (struct dsinfer_step){N_STREAMS, N_STEPS,      clean.windows, clean.h, clean.c,
                                 NULL,      clean.logits, clean.h,       clean.c};
    assert_int_equal(dsinfer_runner_run(runner, &step), DSINFER_OK);
    step = (struct dsinfer_step){N_STREAMS, N_STEPS,      batch.windows, batch.h, batch.c,
                                 NULL,      batch.logits, batch.h,       batch.c};
    assert_int_equal(dsinfer_runner_run(runner, &step), DSINFER_OK);
    for (t = 0; t < N_STEPS; t++) {
        for (n = 0; n < N_STREAMS; n++) {
            const size_t at = (t * N_STREAMS + n) * GOLDEN_N_LABELS;

            if (n != 2) {
                assert_memory_equal(batch.logits + at, clean.logits + at,
                                    GOLDEN_N_LABELS * sizeof(float));
            }
        }
    }
    dsinfer_runner_destroy(runner);
    dsinfer_model_unref(model);
}

struct job {
    struct dsinfer_model *model;
    const float *windows;
    struct result result;
};

static void *run_job(void *argument) {
    struct job *job = argument;
    struct dsinfer_runner *runner = NULL;

    if (dsinfer_runner_create(job->model, NULL, &runner, NULL) == DSINFER_OK) {
        run_frames(runner, job->windows, N_FRAMES, 16, &job->result);
    }
    dsinfer_runner_destroy(runner);
    return NULL;
}

static void two_threads_share_a_model(void **state) {
    struct dsinfer_model *model = golden_open(MODEL, DSINFER_KERNELS_NATIVE);
    static struct job alone, jobs[2];
    struct test_npy windows;
    pthread_t threads[2];
    size_t i;

    (void)state;
    golden_read(&windows, "inputs/ds03.real.npy");
    alone.model = model;
    alone.windows = windows.f32;
    run_job(&alone);
    for (i = 0; i < 2; i++) {
        jobs[i].model = model;
        jobs[i].windows = windows.f32;
        assert_int_equal(pthread_create(&threads[i], NULL, run_job, &jobs[i]), 0);
    }
    for (i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_memory_equal(&jobs[i].result, &alone.result, sizeof(alone.result));
    }
    dsinfer_model_unref(model);
    test_npy_free(&windows);
}

static void running_allocates_nothing(void **state) {
    struct dsinfer_model *model = golden_open(MODEL, DSINFER_KERNELS_NATIVE);
    struct dsinfer_runner *runner = create_runner(model, N_STREAMS, 37);
    static struct result result;
    static struct batch batch;
    struct dsinfer_step step = {N_STREAMS,     N_STEPS,      batch.windows, batch.h, batch.c,
                                batch.lengths, batch.logits, batch.h,       batch.c};
    struct test_npy windows;
    unsigned long count;

    (void)state;
    golden_read(&windows, "inputs/ds03.real.npy");
    fill_batch(&batch, 4);
    count = dsi_alloc_get_count();
    run_frames(runner, windows.f32, N_FRAMES, 37, &result);
    run_frames(runner, windows.f32, N_FRAMES, 2, &result);
    assert_int_equal(dsinfer_runner_run(runner, &step), DSINFER_OK);
    assert_int_equal(dsi_alloc_get_count(), count);
    test_npy_free(&windows);
    dsinfer_runner_destroy(runner);
    dsinfer_model_unref(model);
}

static void damaged_files_are_refused_for_the_right_reason(void **state) {
    static const struct {
        const char *name;
        enum dsinfer_status status;
        const char *texts[3]; /* the sentence names these */
    } cases[] = {
        {"const-dtype-differs.pb", DSINFER_ERR_MALFORMED, {"b1", "float32", "int32"}},
        {"const-shape-too-large.pb", DSINFER_ERR_MALFORMED, {"h2", "1680", "1600"}},
        {"cycle.pb", DSINFER_ERR_MALFORMED, {"Relu_1", "", ""}},
        {"huge-tensor.pb", DSINFER_ERR_MALFORMED, {"h1", "2147483647", ""}},
        {"length-bit-flip.pb", DSINFER_ERR_MALFORMED, {"byte", "", ""}},
        {"missing-node.pb", DSINFER_ERR_MALFORMED, {"MatMul_2", "h3/read", ""}},
        {"not-a-model.pb", DSINFER_ERR_MALFORMED, {"no model", "", ""}},
        {"tag-wire-type-7.pb", DSINFER_ERR_MALFORMED, {"58687", "wire type 7", ""}},
        {"truncated-between-nodes.pb", DSINFER_ERR_MALFORMED, {"no logits", "", ""}},
        {"truncated-in-weights.pb", DSINFER_ERR_MALFORMED, {"34891", "ends too early", ""}},
        {"unknown-op.pb", DSINFER_ERR_UNSUPPORTED, {"Relu_2", "FancyRelu", ""}},
        {"zero-length.pb", DSINFER_ERR_MALFORMED, {"empty", "", ""}},
        {"directory-offset-beyond-end.pbmm", DSINFER_ERR_MALFORMED, {"70146", "70046", ""}},
        {"region-beyond-end.pbmm", DSINFER_ERR_MALFORMED, {"h1", "210138", "70050"}},
    };
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dsinfer_model *model = (struct dsinfer_model *)&model;
        struct dsinfer_error err;
        char path[TEST_PATH_SIZE];

        test_shared_path(path, "oracle/graphs/errors/%s", cases[i].name);
        assert_int_equal(dsinfer_model_open(path, NULL, &model, &err), cases[i].status);
        assert_null(model);
        assert_int_equal(err.status, cases[i].status);
        for (k = 0; k < 3; k++) {
            if (!strstr(err.message, cases[i].texts[k])) {
                fail_msg("%s: '%s' does not name '%s'", cases[i].name, err.message,
                         cases[i].texts[k]);
            }
        }
    }
}

static void the_undamaged_originals_give_the_sum_of_logits(void **state) {
    static const char *const files[] = {"errors/intact.pb", "errors/intact.pbmm"};
    size_t i, k;

    (void)state;
    for (i = 0; i < 2; i++) {
        struct dsinfer_model *model = golden_open(files[i], DSINFER_KERNELS_NATIVE);
        struct dsinfer_runner *runner = create_runner(model, 1, N_STEPS);
        static float windows[N_STEPS * 19 * 26];
        float logits[N_STEPS * GOLDEN_N_LABELS];
        float h[20] = {0}, c[20] = {0};
        struct dsinfer_step step = {1, N_STEPS, windows, h, c, NULL, logits, h, c};
        double sum = 0.0;

        assert_int_equal(dsinfer_model_info(model)->n_cell, 20);
        for (k = 0; k < sizeof(windows) / sizeof(windows[0]); k++) {
            windows[k] = 1.0f;
        }
        assert_int_equal(dsinfer_runner_run(runner, &step), DSINFER_OK);
        for (k = 0; k < sizeof(logits) / sizeof(logits[0]); k++) {
            sum += (double)logits[k];
        }
        assert_true(fabs(sum - 66.793465) < GOLDEN_LOGITS * N_STEPS * GOLDEN_N_LABELS);
        dsinfer_runner_destroy(runner);
        dsinfer_model_unref(model);
    }
}

static void opening_survives_every_failed_allocation(void **state) {
    char path[TEST_PATH_SIZE];
    long n;

    (void)state;
    test_shared_path(path, "oracle/graphs/errors/intact.pb");
    for (n = 0;; n++) {
        struct dsinfer_runner *runner = NULL;
        struct dsinfer_model *model = NULL;
        enum dsinfer_status status;

        dsi_alloc_fail_after(n);
        status = dsinfer_model_open(path, NULL, &model, NULL);
        if (status == DSINFER_OK) {
            status = dsinfer_runner_create(model, NULL, &runner, NULL);
        }
        dsi_alloc_fail_after(-1);
        dsinfer_runner_destroy(runner);
        dsinfer_model_unref(model);
        if (status == DSINFER_OK) {
            break;
        }
        assert_int_equal(status, DSINFER_ERR_NO_MEMORY);
        assert_null(runner);
    }
    assert_true(n > 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cutting_time_elsewhere_gives_the_same_logits),
        cmocka_unit_test(streams_in_a_batch_get_what_they_get_alone),
        cmocka_unit_test(values_that_are_no_numbers_stay_in_their_stream),
        cmocka_unit_test(two_threads_share_a_model),
        cmocka_unit_test(running_allocates_nothing),
        cmocka_unit_test(damaged_files_are_refused_for_the_right_reason),
        cmocka_unit_test(the_undamaged_originals_give_the_sum_of_logits),
        cmocka_unit_test(opening_survives_every_failed_allocation),
    };

    if (!test_has_shared()) {
        return TEST_SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
