/* What a runner accepts.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/alloc.h"
#include "tests/support/test.h"

#include <dsinfer/runner.h>

#include <stdlib.h>
#include <string.h>

#define N_CELL 4
#define N_LABELS 29
#define MAX_STREAMS 3
#define MAX_STEPS 6

struct fixture {
    struct dsinfer_model *model;
    struct dsinfer_runner *runner;
    float windows[MAX_STREAMS * MAX_STEPS * 19 * 26];
    float h[MAX_STREAMS * N_CELL], c[MAX_STREAMS * N_CELL];
    int32_t lengths[MAX_STREAMS];
    float logits[MAX_STEPS * MAX_STREAMS * N_LABELS];
    float new_h[MAX_STREAMS * N_CELL], new_c[MAX_STREAMS * N_CELL];
};

static struct fixture fixture;

static struct dsinfer_model *open_model(void) {
    struct dsinfer_model *model;
    char path[TEST_PATH_SIZE];

    test_source_path(path, "tests/golden/variants/ten-steps.pb");
    assert_int_equal(dsinfer_model_open(path, NULL, &model, NULL), DSINFER_OK);
    return model;
}

static int set_up(void **state) {
    struct dsinfer_runner_options options;

    memset(&fixture, 0, sizeof(fixture));
    fixture.model = open_model();
    dsinfer_runner_options_init(&options);
    options.max_streams = MAX_STREAMS;
    options.max_steps = MAX_STEPS;
    *state = &fixture;
    return dsinfer_runner_create(fixture.model, &options, &fixture.runner, NULL) == DSINFER_OK ? 0
                                                                                               : -1;
}

static int tear_down(void **state) {
    (void)state;
    dsinfer_model_unref(fixture.model); /* the runner has its own reference */
    dsinfer_runner_destroy(fixture.runner);
    return 0;
}

static struct dsinfer_step make_step(void) {
    return (struct dsinfer_step){MAX_STREAMS,    MAX_STEPS,     fixture.windows,
                                 fixture.h,      fixture.c,     fixture.lengths,
                                 fixture.logits, fixture.new_h, fixture.new_c};
}

static void expect_refusal(struct dsinfer_step step) {
    memset(fixture.logits, 0x55, sizeof(fixture.logits));
    memset(fixture.new_h, 0x55, sizeof(fixture.new_h));
    assert_int_equal(dsinfer_runner_run(fixture.runner, &step), DSINFER_ERR_ARGUMENT);
    assert_int_equal(((unsigned char *)fixture.logits)[5], 0x55); /* untouched */
    assert_int_equal(((unsigned char *)fixture.new_h)[5], 0x55);
}

static void steps_out_of_range_are_refused(void **state) {
    struct dsinfer_step step;

    (void)state;
    step = make_step();
    assert_int_equal(dsinfer_runner_run(fixture.runner, &step), DSINFER_OK);
    step.n_streams = 0;
    expect_refusal(step);
    step.n_streams = MAX_STREAMS + 1;
    expect_refusal(step);
    step = make_step();
    step.n_steps = 0;
    expect_refusal(step);
    step.n_steps = MAX_STEPS + 1;
    expect_refusal(step);
    step.n_steps = SIZE_MAX;
    expect_refusal(step);
    assert_int_equal(dsinfer_runner_run(fixture.runner, NULL), DSINFER_ERR_ARGUMENT);
    step = make_step();
    assert_int_equal(dsinfer_runner_run(NULL, &step), DSINFER_ERR_ARGUMENT);
}

static void missing_arrays_are_refused(void **state) {
    struct dsinfer_step step = make_step();

    (void)state;
    step.windows = NULL;
    expect_refusal(step);
    step = make_step();
    step.h = NULL;
    expect_refusal(step);
    step = make_step();
    step.c = NULL;
    expect_refusal(step);
    step = make_step();
    step.logits = NULL;
    expect_refusal(step);
    step = make_step();
    step.new_h = NULL;
    expect_refusal(step);
    step = make_step();
    step.new_c = NULL;
    expect_refusal(step);
}

static void lengths_out_of_range_are_refused(void **state) {
    struct dsinfer_step step = make_step();

    (void)state;
    fixture.lengths[2] = -1;
    expect_refusal(step);
    fixture.lengths[2] = MAX_STEPS + 1;
    expect_refusal(step);
    fixture.lengths[2] = MAX_STEPS;
    assert_int_equal(dsinfer_runner_run(fixture.runner, &step), DSINFER_OK);
    step.n_steps = 2;
    expect_refusal(step);
}

static void length_zero_leaves_the_state_alone(void **state) {
    struct dsinfer_step step = make_step();
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(fixture.h) / sizeof(fixture.h[0]); i++) {
        fixture.h[i] = 0.01f * (float)i;
        fixture.c[i] = 0.1f * (float)i;
    }
    assert_int_equal(dsinfer_runner_run(fixture.runner, &step), DSINFER_OK);
    assert_memory_equal(fixture.new_h, fixture.h, sizeof(fixture.h));
    assert_memory_equal(fixture.new_c, fixture.c, sizeof(fixture.c));
    for (i = 1; i < MAX_STEPS * MAX_STREAMS; i++) { /* one constant row */
        assert_memory_equal(fixture.logits + i * N_LABELS, fixture.logits,
                            N_LABELS * sizeof(float));
    }
}

static void wrong_options_are_refused(void **state) {
    static const size_t sizes[][2] = {{0, 16}, {1025, 16}, {1, 0}, {1, 1025}, {SIZE_MAX, SIZE_MAX}};
    struct dsinfer_runner_options options;
    struct dsinfer_runner *runner;
    struct dsinfer_error err;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        dsinfer_runner_options_init(&options);
        options.max_streams = sizes[i][0];
        options.max_steps = sizes[i][1];
        runner = fixture.runner;
        assert_int_equal(dsinfer_runner_create(fixture.model, &options, &runner, &err),
                         DSINFER_ERR_ARGUMENT);
        assert_null(runner);
    }
    dsinfer_runner_options_init(&options);
    options.size--; /* of another version */
    assert_int_equal(dsinfer_runner_create(fixture.model, &options, &runner, &err),
                     DSINFER_ERR_ARGUMENT);
    memset(&options, 0, sizeof(options));
    assert_int_equal(dsinfer_runner_create(fixture.model, &options, &runner, &err),
                     DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_runner_create(NULL, NULL, &runner, &err), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_runner_create(fixture.model, NULL, NULL, &err), DSINFER_ERR_ARGUMENT);
    dsinfer_runner_destroy(NULL);
}

/* A graph whose new states are slices that keep their first axis: [0,1,4] instead of [1,4]. */
static void outputs_of_another_shape_are_refused(void **state) {
    static const char flag[] = "shrink_axis_mask\x12\x02\x18\x01";
    struct dsinfer_runner *runner;
    struct dsinfer_model *model;
    struct dsinfer_error err;
    char path[TEST_PATH_SIZE];
    unsigned char *bytes;
    size_t n_found = 0;
    size_t size;
    size_t i;

    (void)state;
    bytes = test_read_file(test_source_path(path, "tests/golden/variants/no-lengths.pb"), &size);
    for (i = 0; i + sizeof(flag) - 1 <= size; i++) {
        if (memcmp(bytes + i, flag, sizeof(flag) - 1) == 0) {
            bytes[i + sizeof(flag) - 2] = 0;
            n_found++;
        }
    }
    assert_int_equal(n_found, 2);
    assert_int_equal(dsinfer_model_open_memory(bytes, size, NULL, &model, NULL), DSINFER_OK);
    assert_int_equal(dsinfer_runner_create(model, NULL, &runner, &err), DSINFER_ERR_MALFORMED);
    assert_non_null(strstr(err.message, "new_h"));
    dsinfer_model_unref(model);
    free(bytes);
}

static void creating_survives_every_failed_allocation(void **state) {
    long n;

    (void)state;
    for (n = 0;; n++) {
        struct dsinfer_runner *runner;
        enum dsinfer_status status;

        dsi_alloc_fail_after(n);
        status = dsinfer_runner_create(fixture.model, NULL, &runner, NULL);
        dsi_alloc_fail_after(-1);
        dsinfer_runner_destroy(runner);
        if (status == DSINFER_OK) {
            break;
        }
        assert_int_equal(status, DSINFER_ERR_NO_MEMORY);
        assert_null(runner);
    }
    assert_true(n > 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(steps_out_of_range_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(missing_arrays_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lengths_out_of_range_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(length_zero_leaves_the_state_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_options_are_refused, set_up, tear_down),
        cmocka_unit_test(outputs_of_another_shape_are_refused),
        cmocka_unit_test_setup_teardown(creating_survives_every_failed_allocation, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
