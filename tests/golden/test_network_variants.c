/* Graphs that the exporter writes with other flags, and some that are not fused, against numbers
 * that numpy computed (tools/make_variants.py); and what OpenVINO's own converters make of one of
 * them (tools/convert_variants.sh).
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/golden/models.h"

#include "runtime/base/alloc.h"

#include <dsinfer/inspect.h>
#include <dsinfer/runner.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_CELL 4
#define MAX_STEPS 23

struct variant {
    const char *name; /* of the golden */
    const char *file;
    size_t n_steps; /* of the golden call */
    uint32_t info_n_steps;
    int has_lengths;
    bool is_fused;
};

static const struct variant VARIANTS[] = {
    {"no-lengths", "no-lengths.pb", 16, 16, 0, true},
    {"open-steps", "open-steps.pb", 23, 0, 1, true},
    {"one-step", "one-step.pb", 1, 1, 1, true},
    {"one-step", "one-step-mo2023.xml", 1, 1, 0, true}, /* no transpositions at all */
    {"ten-steps", "ten-steps.pb", 10, 10, 1, true},
    {"ten-steps", "ten-steps-ov2026.xml", 10, 10, 1, true}, /* Loop, as many steps as the length */
    {"ten-steps", "ten-steps-ov2023.xml", 10, 10, 1, true}, /* LSTMSequence with a mask */
    {"ten-steps", "ten-steps-mo2023.xml", 10, 10, 0, true}, /* transpositions that are reshapes */
    {"ten-steps", "ten-steps-mo2022-states.xml", 10, 10, 0, true}, /* variables [N,1,C] */
    {"ten-steps", "ten-steps-mo2021-states.xml", 10, 10, 0, true}, /* that begin with inputs */
    {"frozen", "frozen.pb", 16, 16, 0, true},
    {"frozen-short", "frozen-short.pb", 16, 16, 0, false},
    {"peepholes", "peepholes.pb", 16, 16, 1, false},
};
#define N_VARIANTS (sizeof(VARIANTS) / sizeof(VARIANTS[0]))

static const char *get_path(char path[TEST_PATH_SIZE], const struct variant *variant) {
    return test_source_path(path, "tests/golden/variants/%s", variant->file);
}

static struct dsinfer_model *open_variant(const struct variant *variant) {
    struct dsinfer_model *model;
    struct dsinfer_error err;
    char path[TEST_PATH_SIZE];

    if (dsinfer_model_open(get_path(path, variant), NULL, &model, &err) != DSINFER_OK) {
        fail_msg("%s: %s", variant->file, err.message);
    }
    return model;
}

/* As make_variants.py does it. */
static void fill(float *values, size_t n, size_t first) {
    size_t i;

    for (i = 0; i < n; i++) {
        values[i] = (float)(((double)((first + i) * 7919 % 1001) - 500.0) / 250.0);
    }
}

static enum dsinfer_status create_runner(struct dsinfer_model *model, size_t n_steps,
                                         struct dsinfer_runner **runner,
                                         struct dsinfer_error *err) {
    struct dsinfer_runner_options options;

    dsinfer_runner_options_init(&options);
    options.max_steps = n_steps;
    return dsinfer_runner_create(model, &options, runner, err);
}

/* Runs n_steps windows in calls of `per_call` and checks them against the golden numbers. */
static void check_run(const struct variant *variant, struct dsinfer_model *model, size_t per_call) {
    static float windows[MAX_STEPS * 19 * 26];
    float logits[MAX_STEPS * GOLDEN_N_LABELS];
    const size_t n_steps = variant->n_steps;
    struct dsinfer_runner *runner;
    struct test_npy expected;
    char path[TEST_PATH_SIZE];
    float h[N_CELL], c[N_CELL];
    size_t t;

    test_source_path(path, "tests/golden/variants/%s.npy", variant->name);
    test_npy_read(path, &expected);
    assert_int_equal(expected.count, n_steps * GOLDEN_N_LABELS + 2 * N_CELL);
    fill(windows, n_steps * GOLDEN_WINDOW, 0);
    fill(h, N_CELL, 0);
    fill(c, N_CELL, N_CELL);
    assert_int_equal(create_runner(model, per_call, &runner, NULL), DSINFER_OK);
    for (t = 0; t < n_steps; t += per_call) {
        struct dsinfer_step step = {
            .n_streams = 1,
            .n_steps = n_steps - t < per_call ? n_steps - t : per_call,
            .windows = windows + t * GOLDEN_WINDOW,
            .h = h,
            .c = c,
            .logits = logits + t * GOLDEN_N_LABELS,
            .new_h = h,
            .new_c = c,
        };

        assert_int_equal(dsinfer_runner_run(runner, &step), DSINFER_OK);
    }
    test_assert_near(logits, expected.f32, n_steps * GOLDEN_N_LABELS, GOLDEN_LOGITS, 0.0,
                     variant->file);
    test_assert_near(h, expected.f32 + n_steps * GOLDEN_N_LABELS, N_CELL, GOLDEN_H, 0.0, "h");
    test_assert_near(c, expected.f32 + n_steps * GOLDEN_N_LABELS + N_CELL, N_CELL, GOLDEN_C, 0.0,
                     "c");
    dsinfer_runner_destroy(runner);
    test_npy_free(&expected);
}

static void variants_give_the_numbers_of_numpy(void **state) {
    size_t i;

    (void)state;
    for (i = 0; i < N_VARIANTS; i++) {
        struct dsinfer_model *model = open_variant(&VARIANTS[i]);
        const struct dsinfer_model_info *info = dsinfer_model_info(model);

        assert_int_equal(info->n_steps, VARIANTS[i].info_n_steps);
        assert_int_equal(info->has_lengths, VARIANTS[i].has_lengths);
        check_run(&VARIANTS[i], model, VARIANTS[i].n_steps);
        dsinfer_model_unref(model);
    }
}

static void fused_variants_run_at_any_number_of_steps(void **state) {
    size_t i;

    (void)state;
    for (i = 0; i < N_VARIANTS; i++) {
        struct dsinfer_model *model = open_variant(&VARIANTS[i]);

        if (VARIANTS[i].is_fused) {
            check_run(&VARIANTS[i], model, 1);
            check_run(&VARIANTS[i], model, 7);
        }
        dsinfer_model_unref(model);
    }
}

static void fused_variants_take_lengths(void **state) {
    size_t i;

    (void)state;
    for (i = 0; i < N_VARIANTS; i++) {
        static float windows[5 * 19 * 26];
        static const int32_t length = 3;
        struct dsinfer_model *model = open_variant(&VARIANTS[i]);
        float logits[2][5 * GOLDEN_N_LABELS];
        float h[2][N_CELL] = {{0}}, c[2][N_CELL] = {{0}};
        struct dsinfer_step step = {1, 5, windows, h[0], c[0], &length, logits[0], h[0], c[0]};
        struct dsinfer_runner *runner;

        if (!VARIANTS[i].is_fused) {
            dsinfer_model_unref(model);
            continue;
        }
        fill(windows, 5 * GOLDEN_WINDOW, 0);
        assert_int_equal(create_runner(model, 5, &runner, NULL), DSINFER_OK);
        assert_int_equal(dsinfer_runner_run(runner, &step), DSINFER_OK);
        step = (struct dsinfer_step){1, 3, windows, h[1], c[1], NULL, logits[1], h[1], c[1]};
        assert_int_equal(dsinfer_runner_run(runner, &step), DSINFER_OK);
        test_assert_near(logits[0], logits[1], 3 * GOLDEN_N_LABELS, GOLDEN_LOGITS, 0.0, "logits");
        test_assert_near(h[0], h[1], N_CELL, GOLDEN_H, 0.0, "h");
        test_assert_near(c[0], c[1], N_CELL, GOLDEN_C, 0.0, "c");
        dsinfer_runner_destroy(runner);
        dsinfer_model_unref(model);
    }
}

/* True if the plan has a node of that op. */
static bool has_op(const struct dsinfer_inspection_info *info, const char *op) {
    size_t i;

    for (i = 0; i < info->n_plan_ops; i++) {
        if (strcmp(info->plan_ops[i].op, op) == 0) {
            return true;
        }
    }
    return false;
}

static void fused_networks_are_a_handful_of_nodes(void **state) {
    size_t i, k;

    (void)state;
    for (i = 0; i < N_VARIANTS; i++) {
        struct dsinfer_inspection *inspection;
        const struct dsinfer_inspection_info *info;
        char path[TEST_PATH_SIZE];
        size_t n_nodes = 0;

        assert_int_equal(dsinfer_inspection_open(get_path(path, &VARIANTS[i]), &inspection, NULL),
                         DSINFER_OK);
        info = dsinfer_inspection_get_info(inspection);
        for (k = 0; k < info->n_plan_ops; k++) {
            n_nodes += info->plan_ops[k].n_nodes;
        }
        assert_int_equal(has_op(info, "Lstm"), VARIANTS[i].is_fused);
        assert_int_equal(has_op(info, "BlockLSTM"), !VARIANTS[i].is_fused);
        assert_true(VARIANTS[i].is_fused ? n_nodes == 8 : n_nodes > 20);
        dsinfer_inspection_close(inspection);
    }
}

static void opening_survives_every_failed_allocation(void **state) {
    size_t i;

    (void)state;
    for (i = 0; i < N_VARIANTS; i++) {
        enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
        struct dsinfer_model *model = NULL;
        char path[TEST_PATH_SIZE];
        long n = 0;

        get_path(path, &VARIANTS[i]);
        while (strstr(path, ".xml") && status != DSINFER_OK) {
            dsi_alloc_fail_after(n++);
            status = dsinfer_model_open(path, NULL, &model, NULL);
            dsi_alloc_fail_after(-1);
            assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
        }
        dsinfer_model_unref(model);
    }
}

static void a_network_that_is_not_fused_says_at_which_size_it_runs(void **state) {
    size_t i;

    (void)state;
    for (i = 0; i < N_VARIANTS; i++) {
        struct dsinfer_model *model = open_variant(&VARIANTS[i]);
        struct dsinfer_runner *runner = NULL;
        struct dsinfer_error err;

        if (!VARIANTS[i].is_fused) {
            assert_int_equal(create_runner(model, 5, &runner, &err), DSINFER_ERR_ARGUMENT);
            assert_null(runner);
            assert_non_null(strstr(err.message, "16 steps"));
        }
        dsinfer_model_unref(model);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variants_give_the_numbers_of_numpy),
        cmocka_unit_test(fused_variants_run_at_any_number_of_steps),
        cmocka_unit_test(fused_variants_take_lengths),
        cmocka_unit_test(fused_networks_are_a_handful_of_nodes),
        cmocka_unit_test(opening_survives_every_failed_allocation),
        cmocka_unit_test(a_network_that_is_not_fused_says_at_which_size_it_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
