/* The network against TensorFlow: whole sequences with the state in the caller's hands, and every
 * length that matters, on every genuine graph and every level of kernels.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/golden/models.h"

#include <dsinfer/runner.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const enum dsinfer_kernel_level LEVELS[] = {DSINFER_KERNELS_NATIVE, DSINFER_KERNELS_PORTABLE,
                                                   DSINFER_KERNELS_REFERENCE};
#define N_LEVELS (sizeof(LEVELS) / sizeof(LEVELS[0]))

static const int32_t LENGTHS[] = {0, 1, 7, 15, 16};
#define N_LENGTHS (sizeof(LENGTHS) / sizeof(LENGTHS[0]))

static struct dsinfer_runner *create_runner(struct dsinfer_model *model) {
    struct dsinfer_runner *runner;
    struct dsinfer_error err;

    if (dsinfer_runner_create(model, NULL, &runner, &err) != DSINFER_OK) {
        fail_msg("%s", err.message);
    }
    return runner;
}

static void check_sequence(const struct golden_model *golden, struct dsinfer_model *model,
                           const char *sequence) {
    const size_t n_cell = dsinfer_model_info(model)->n_cell;
    struct dsinfer_runner *runner = create_runner(model);
    float *h = calloc(n_cell, sizeof(*h));
    float *c = calloc(n_cell, sizeof(*c));
    float logits[GOLDEN_N_STEPS * GOLDEN_N_LABELS];
    struct test_npy windows, expected_logits, expected_h, expected_c;
    size_t call;

    golden_read_windows(&windows, golden, sequence);
    golden_read(&expected_logits, "%s/%s.logits.npy", golden->golden, sequence);
    golden_read(&expected_h, "%s/%s.new_h.npy", golden->golden, sequence);
    golden_read(&expected_c, "%s/%s.new_c.npy", golden->golden, sequence);
    assert_true(windows.dims[0] >= 2 && windows.dims[0] == expected_logits.dims[0]);

    for (call = 0; call < windows.dims[0]; call++) {
        struct dsinfer_step step = {
            .n_streams = 1,
            .n_steps = GOLDEN_N_STEPS,
            .windows = windows.f32 + call * GOLDEN_N_STEPS * GOLDEN_WINDOW,
            .h = h,
            .c = c,
            .logits = logits,
            .new_h = h, /* in place */
            .new_c = c,
        };
        char what[200];

        snprintf(what, sizeof(what), "%s, %s, call %zu", golden->file, sequence, call);
        assert_int_equal(dsinfer_runner_run(runner, &step), DSINFER_OK);
        golden_assert_logits(golden, logits,
                             expected_logits.f32 + call * GOLDEN_N_STEPS * GOLDEN_N_LABELS,
                             GOLDEN_N_STEPS * GOLDEN_N_LABELS, what);
        test_assert_near(h, expected_h.f32 + call * n_cell, n_cell, GOLDEN_H, 0.0, what);
        test_assert_near(c, expected_c.f32 + call * n_cell, n_cell, GOLDEN_C, 0.0, what);
    }
    test_npy_free(&windows);
    test_npy_free(&expected_logits);
    test_npy_free(&expected_h);
    test_npy_free(&expected_c);
    free(h);
    free(c);
    dsinfer_runner_destroy(runner);
}

static void check_lengths(const struct golden_model *golden, struct dsinfer_model *model) {
    const size_t n_cell = dsinfer_model_info(model)->n_cell;
    struct dsinfer_runner *runner = create_runner(model);
    float *new_h = calloc(n_cell, sizeof(*new_h));
    float *new_c = calloc(n_cell, sizeof(*new_c));
    float logits[GOLDEN_N_STEPS * GOLDEN_N_LABELS];
    struct test_npy windows, h, c, expected_logits, expected_h, expected_c;
    size_t i;

    golden_read(&windows, "%s/lengths.windows.npy", golden->golden);
    golden_read(&h, "%s/lengths.h.npy", golden->golden);
    golden_read(&c, "%s/lengths.c.npy", golden->golden);
    golden_read(&expected_logits, "%s/lengths.logits.npy", golden->golden);
    golden_read(&expected_h, "%s/lengths.new_h.npy", golden->golden);
    golden_read(&expected_c, "%s/lengths.new_c.npy", golden->golden);
    assert_int_equal(expected_logits.dims[0], N_LENGTHS);

    for (i = 0; i < N_LENGTHS; i++) {
        struct dsinfer_step step = {
            .n_streams = 1,
            .n_steps = GOLDEN_N_STEPS,
            .windows = windows.f32,
            .h = h.f32,
            .c = c.f32,
            .lengths = &LENGTHS[i],
            .logits = logits,
            .new_h = new_h,
            .new_c = new_c,
        };
        char what[200];

        snprintf(what, sizeof(what), "%s, length %d", golden->file, (int)LENGTHS[i]);
        assert_int_equal(dsinfer_runner_run(runner, &step), DSINFER_OK);
        golden_assert_logits(golden, logits,
                             expected_logits.f32 + i * GOLDEN_N_STEPS * GOLDEN_N_LABELS,
                             GOLDEN_N_STEPS * GOLDEN_N_LABELS, what);
        test_assert_near(new_h, expected_h.f32 + i * n_cell, n_cell, GOLDEN_H, 0.0, what);
        test_assert_near(new_c, expected_c.f32 + i * n_cell, n_cell, GOLDEN_C, 0.0, what);
    }
    test_npy_free(&windows);
    test_npy_free(&h);
    test_npy_free(&c);
    test_npy_free(&expected_logits);
    test_npy_free(&expected_h);
    test_npy_free(&expected_c);
    free(new_h);
    free(new_c);
    dsinfer_runner_destroy(runner);
}

static void sequences_equal_the_golden_ones_at_every_level(void **state) {
    size_t i, level;

    (void)state;
    for (i = 0; i < golden_n_models; i++) {
        for (level = 0; level < N_LEVELS; level++) {
            struct dsinfer_model *model = golden_open(golden_models[i].file, LEVELS[level]);

            check_sequence(&golden_models[i], model, "real");
            if (golden_models[i].has_all_sequences) {
                check_sequence(&golden_models[i], model, "random");
                check_sequence(&golden_models[i], model, "extreme");
            }
            dsinfer_model_unref(model);
        }
    }
}

static void sequences_of_irs_equal_those_of_openvino_at_every_level(void **state) {
    size_t i, level;

    (void)state;
    for (i = 0; i < golden_n_irs; i++) {
        for (level = 0; level < N_LEVELS; level++) {
            struct dsinfer_model *model = golden_open(golden_irs[i].file, LEVELS[level]);

            check_sequence(&golden_irs[i], model, "real");
            check_sequence(&golden_irs[i], model, "random");
            check_sequence(&golden_irs[i], model, "extreme");
            dsinfer_model_unref(model);
        }
    }
}

static void shorter_lengths_equal_the_golden_ones_at_every_level(void **state) {
    size_t i, level;

    (void)state;
    for (i = 0; i < golden_n_models; i++) {
        for (level = 0; level < N_LEVELS; level++) {
            struct dsinfer_model *model = golden_open(golden_models[i].file, LEVELS[level]);

            check_lengths(&golden_models[i], model);
            dsinfer_model_unref(model);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_equal_the_golden_ones_at_every_level),
        cmocka_unit_test(sequences_of_irs_equal_those_of_openvino_at_every_level),
        cmocka_unit_test(shorter_lengths_equal_the_golden_ones_at_every_level),
    };

    if (!test_has_shared()) {
        return TEST_SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
