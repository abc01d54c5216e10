/* The forms that converters of different years give one small network (irs/, written with what they
 * compute by tools/make_irs.py), at their own sizes and at others.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/support/npy.h"
#include "tests/support/test.h"

#include "runtime/base/alloc.h"

#include <dsinfer/inspect.h>
#include <dsinfer/model.h>
#include <dsinfer/runner.h>

#include <stdbool.h>
#include <string.h>

#define N_STEPS 4
#define WINDOW ((size_t)19 * 26)
#define N_CELL 3
#define N_LABELS 4

/* Largest absolute difference: float32 against float64 at values around 1. */
#define TOLERANCE 5e-6

static const char *const NAMES[] = {"iterator", "nchw", "nchw-one", "sequence",
                                    "flat",     "loop", "int8",     "half"};
#define N_NAMES (sizeof(NAMES) / sizeof(NAMES[0]))

static const enum dsinfer_kernel_level LEVELS[] = {DSINFER_KERNELS_NATIVE, DSINFER_KERNELS_PORTABLE,
                                                   DSINFER_KERNELS_REFERENCE};
#define N_LEVELS (sizeof(LEVELS) / sizeof(LEVELS[0]))

static struct dsinfer_model *open_ir(const char *name, enum dsinfer_kernel_level level) {
    struct dsinfer_model_options options;
    struct dsinfer_model *model;
    struct dsinfer_error err;
    char path[TEST_PATH_SIZE];

    dsinfer_model_options_init(&options);
    options.kernels = level;
    test_source_path(path, "tests/golden/irs/%s.xml", name);
    if (dsinfer_model_open(path, &options, &model, &err) != DSINFER_OK) {
        fail_msg("%s: %s", name, err.message);
    }
    return model;
}

static void read_array(struct test_npy *npy, const char *name) {
    char path[TEST_PATH_SIZE];

    test_npy_read(test_source_path(path, "tests/golden/irs/%s.npy", name), npy);
}

/* Runs the steps in calls of `n_steps`, in `n_streams` equal streams. */
static void check(const char *name, enum dsinfer_kernel_level level, size_t n_steps,
                  size_t n_streams) {
    struct dsinfer_model *model = open_ir(name, level);
    struct dsinfer_runner_options options;
    float windows[2 * N_STEPS * WINDOW], h[2 * N_CELL], c[2 * N_CELL];
    float logits[N_STEPS * 2 * N_LABELS];
    struct dsinfer_runner *runner;
    struct test_npy inputs, expected;
    size_t first, t, i;

    read_array(&inputs, "inputs");
    read_array(&expected, name);
    dsinfer_runner_options_init(&options);
    options.max_steps = n_steps;
    options.max_streams = n_streams;
    assert_int_equal(dsinfer_runner_create(model, &options, &runner, NULL), DSINFER_OK);
    for (i = 0; i < n_streams; i++) {
        memcpy(h + i * N_CELL, inputs.f32 + N_STEPS * WINDOW, sizeof(h) / 2);
        memcpy(c + i * N_CELL, inputs.f32 + N_STEPS * WINDOW + N_CELL, sizeof(c) / 2);
    }
    for (first = 0; first < N_STEPS; first += n_steps) {
        const struct dsinfer_step step = {
            .n_streams = n_streams,
            .n_steps = n_steps,
            .windows = windows,
            .h = h,
            .c = c,
            .logits = logits,
            .new_h = h,
            .new_c = c,
        };

        for (i = 0; i < n_streams; i++) {
            memcpy(windows + i * n_steps * WINDOW, inputs.f32 + first * WINDOW,
                   n_steps * WINDOW * sizeof(float));
        }
        assert_int_equal(dsinfer_runner_run(runner, &step), DSINFER_OK);
        for (t = 0; t < n_steps; t++) {
            for (i = 0; i < n_streams; i++) {
                test_assert_near(logits + (t * n_streams + i) * N_LABELS,
                                 expected.f32 + (first + t) * N_LABELS, N_LABELS, TOLERANCE, 0.0,
                                 name);
            }
        }
    }
    for (i = 0; i < n_streams; i++) {
        const float *states = expected.f32 + N_STEPS * N_LABELS;

        test_assert_near(h + i * N_CELL, states, N_CELL, TOLERANCE, 0.0, name);
        test_assert_near(c + i * N_CELL, states + N_CELL, N_CELL, TOLERANCE, 0.0, name);
    }
    test_npy_free(&inputs);
    test_npy_free(&expected);
    dsinfer_runner_destroy(runner);
    dsinfer_model_unref(model);
}

static void every_form_computes_the_network_at_every_level(void **state) {
    size_t i, level;

    (void)state;
    for (i = 0; i < N_NAMES; i++) {
        for (level = 0; level < N_LEVELS; level++) {
            check(NAMES[i], LEVELS[level], N_STEPS, 1);
        }
    }
}

static void every_form_runs_at_other_sizes(void **state) {
    size_t i;

    (void)state;
    for (i = 0; i < N_NAMES; i++) {
        check(NAMES[i], DSINFER_KERNELS_NATIVE, 1, 1);
        check(NAMES[i], DSINFER_KERNELS_NATIVE, 2, 2);
        check(NAMES[i], DSINFER_KERNELS_REFERENCE, N_STEPS, 2);
    }
}

static void every_form_becomes_the_same_few_nodes(void **state) {
    static const struct {
        const char *op;
        size_t n_nodes;
    } ops[] = {{"Dense", 5}, {"Lstm", 1}, {"Reshape", 1}, {"Transpose", 1}};
    size_t i, k;

    (void)state;
    for (i = 0; i < N_NAMES; i++) {
        const struct dsinfer_inspection_info *info;
        struct dsinfer_inspection *inspection;
        char path[TEST_PATH_SIZE];

        test_source_path(path, "tests/golden/irs/%s.xml", NAMES[i]);
        assert_int_equal(dsinfer_inspection_open(path, &inspection, NULL), DSINFER_OK);
        info = dsinfer_inspection_get_info(inspection);
        assert_string_equal(info->format, "ir");
        assert_int_equal(info->n_plan_ops, sizeof(ops) / sizeof(ops[0]));
        for (k = 0; k < info->n_plan_ops; k++) {
            assert_string_equal(info->plan_ops[k].op, ops[k].op);
            assert_int_equal(info->plan_ops[k].n_nodes, ops[k].n_nodes);
        }
        dsinfer_inspection_close(inspection);
    }
}

static void opening_survives_every_failed_allocation(void **state) {
    char path[TEST_PATH_SIZE];
    size_t i;

    (void)state;
    for (i = 0; i < N_NAMES; i++) {
        enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
        struct dsinfer_model *model = NULL;
        long n = 0;

        test_source_path(path, "tests/golden/irs/%s.xml", NAMES[i]);
        while (status != DSINFER_OK) {
            struct dsinfer_error err = {0};

            dsi_alloc_fail_after(n++);
            status = dsinfer_model_open(path, NULL, &model, &err);
            dsi_alloc_fail_after(-1);
            if (status != DSINFER_OK && status != DSINFER_ERR_NO_MEMORY) {
                fail_msg("%s, allocation %ld: %s", NAMES[i], n, err.message);
            }
        }
        assert_true(n > 20);
        dsinfer_model_unref(model);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_computes_the_network_at_every_level),
        cmocka_unit_test(every_form_runs_at_other_sizes),
        cmocka_unit_test(every_form_becomes_the_same_few_nodes),
        cmocka_unit_test(opening_survives_every_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
