/* Asking a model by names: which names there are, what they mean, at which sizes.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/alloc.h"
#include "tests/support/test.h"

#include <dsinfer/runner.h>

#include <string.h>

#define N_CELL 4
#define MAX_STEPS 12

static struct dsinfer_model *model;
static float windows[2 * MAX_STEPS * 19 * 26];

static struct dsinfer_model *open_variant(const char *name) {
    struct dsinfer_model *opened;
    char path[TEST_PATH_SIZE];

    test_source_path(path, "tests/golden/variants/%s.pb", name);
    assert_int_equal(dsinfer_model_open(path, NULL, &opened, NULL), DSINFER_OK);
    return opened;
}

static int set_up(void **state) {
    size_t i;

    (void)state;
    model = open_variant("ten-steps");
    for (i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        windows[i] = (float)(i * 7919 % 1001) / 250.0f - 2.0f;
    }
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    dsinfer_model_unref(model);
    return 0;
}

static struct dsinfer_binding bind_windows(const char *name, size_t n_streams, size_t n_steps) {
    return (struct dsinfer_binding){
        name, {DSINFER_ELEMENT_F32, 4, {n_streams, n_steps, 19, 26}, windows}};
}

/* Asks one question and runs it once; results are copied to `values`. */
static enum dsinfer_status ask(const struct dsinfer_binding *inputs, size_t n_inputs,
                               const char *output, struct dsinfer_array *result, float *values,
                               struct dsinfer_error *err) {
    struct dsinfer_query *query;
    enum dsinfer_status status;
    size_t count = 1;
    size_t i;

    status = dsinfer_query_create(model, inputs, n_inputs, &output, 1, &query, err);
    if (status != DSINFER_OK) {
        assert_null(query);
        return status;
    }
    status = dsinfer_query_run(query, inputs, result, err);
    for (i = 0; status == DSINFER_OK && i < result->rank; i++) {
        count *= result->dims[i];
    }
    if (status == DSINFER_OK) {
        memcpy(values, result->data, count * sizeof(*values));
    }
    dsinfer_query_destroy(query);
    return status;
}

static void expect_shape(const struct dsinfer_array *array, size_t rank, size_t a, size_t b,
                         size_t c) {
    assert_int_equal(array->element, DSINFER_ELEMENT_F32);
    assert_int_equal(array->rank, rank);
    assert_int_equal(array->dims[0], a);
    assert_int_equal(array->dims[1], b);
    if (rank == 3) {
        assert_int_equal(array->dims[2], c);
    }
}

static void expect_refusal(const struct dsinfer_binding *inputs, size_t n_inputs,
                           const char *output, const char *text) {
    struct dsinfer_array result;
    struct dsinfer_error err;
    float values[1];

    assert_int_equal(ask(inputs, n_inputs, output, &result, values, &err), DSINFER_ERR_ARGUMENT);
    assert_int_equal(err.status, DSINFER_ERR_ARGUMENT);
    if (!strstr(err.message, text)) {
        fail_msg("'%s' does not name '%s'", err.message, text);
    }
}

static void roles_run_at_any_size(void **state) {
    const struct dsinfer_binding input = bind_windows("windows", 2, 7);
    struct dsinfer_array result;
    static float values[2 * 7 * 29];

    (void)state;
    assert_int_equal(ask(&input, 1, "logits", &result, values, NULL), DSINFER_OK);
    expect_shape(&result, 3, 7, 2, 29);
    assert_int_equal(ask(&input, 1, "new_c", &result, values, NULL), DSINFER_OK);
    expect_shape(&result, 2, 2, N_CELL, 0);
}

/* The same value under several names, at the file's 10 steps and others. */
static void names_of_one_value_mean_the_same(void **state) {
    static const char *const names[] = {"logits", "logits:0", "raw_logits", "raw_logits:0"};
    static const size_t all_n_steps[] = {10, 7};
    static float expected[10 * 29], values[10 * 29];
    struct dsinfer_array result;
    size_t i, k;

    (void)state;
    for (k = 0; k < 2; k++) {
        struct dsinfer_binding input = bind_windows("windows", 1, all_n_steps[k]);

        assert_int_equal(ask(&input, 1, "logits", &result, expected, NULL), DSINFER_OK);
        for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            input.name = i % 2 ? "input_node" : "input_node:0";
            assert_int_equal(ask(&input, 1, names[i], &result, values, NULL), DSINFER_OK);
            expect_shape(&result, 3, all_n_steps[k], 1, 29);
            test_assert_near(values, expected, all_n_steps[k] * 29, 2e-5, 0.0, names[i]);
        }
    }
}

static void values_of_the_network_exist_at_other_sizes(void **state) {
    static const char *const flat[] = {"Minimum", "Minimum_1", "Minimum_2", "Minimum_3",
                                       "Reshape_2"};
    static float all[10 * 494], few[10 * 494];
    struct dsinfer_array result;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(flat) / sizeof(flat[0]); i++) {
        struct dsinfer_binding input = bind_windows("windows", 1, 10);

        assert_int_equal(ask(&input, 1, flat[i], &result, all, NULL), DSINFER_OK);
        expect_shape(&result, 2, 10, N_CELL, 0);
        input = bind_windows("windows", 1, 7);
        assert_int_equal(ask(&input, 1, flat[i], &result, few, NULL), DSINFER_OK);
        expect_shape(&result, 2, 7, N_CELL, 0);
        test_assert_near(few, all, (size_t)7 * N_CELL, 2e-5, 0.0, flat[i]);
    }
    {
        const struct dsinfer_binding input = bind_windows("windows", 2, 3);

        assert_int_equal(ask(&input, 1, "lstm_fused_cell/mul", &result, few, NULL), DSINFER_OK);
        expect_shape(&result, 3, 3, 2, N_CELL);
        assert_int_equal(ask(&input, 1, "Reshape", &result, few, NULL), DSINFER_OK);
        expect_shape(&result, 2, 6, 494, 0);
    }
}

static void other_values_exist_only_at_the_files_own_size(void **state) {
    static float values[10 * N_CELL];
    struct dsinfer_binding input = bind_windows("windows", 1, 10);
    struct dsinfer_array result;

    (void)state;
    assert_int_equal(ask(&input, 1, "lstm_fused_cell/BlockLSTM:1", &result, values, NULL),
                     DSINFER_OK);
    expect_shape(&result, 3, 10, 1, N_CELL);
    input = bind_windows("windows", 1, 7);
    expect_refusal(&input, 1, "lstm_fused_cell/BlockLSTM:1", "10 steps");
    expect_refusal(&input, 1, "Relu", "'Relu'");
    {
        const struct dsinfer_binding inputs[] = {
            input, {"Minimum", {DSINFER_ELEMENT_F32, 2, {7, N_CELL}, values}}};

        expect_refusal(inputs, 2, "logits", "'Minimum'");
    }
}

static void inner_values_can_be_fed(void **state) {
    static float rows[10 * N_CELL], expected[10 * 29], values[10 * 29];
    struct dsinfer_binding input = bind_windows("windows", 1, 10);
    struct dsinfer_array result;

    (void)state;
    assert_int_equal(ask(&input, 1, "logits", &result, expected, NULL), DSINFER_OK);
    assert_int_equal(ask(&input, 1, "Minimum_3", &result, rows, NULL), DSINFER_OK);
    input = (struct dsinfer_binding){"Minimum_3", {DSINFER_ELEMENT_F32, 2, {10, N_CELL}, rows}};
    assert_int_equal(ask(&input, 1, "logits", &result, values, NULL), DSINFER_OK);
    test_assert_near(values, expected, 10 * 29, 2e-5, 0.0, "logits");
    input.array.dims[1] = 3;
    expect_refusal(&input, 1, "logits", "MatMul_4");
}

static void states_and_lengths_can_be_given(void **state) {
    static const int32_t length = 3;
    float h[N_CELL] = {0.1f, 0.2f, 0.3f, 0.4f}, c[N_CELL] = {1.0f, 2.0f, 3.0f, 4.0f};
    struct dsinfer_binding inputs[] = {
        bind_windows("windows", 1, 10),
        {"previous_state_h", {DSINFER_ELEMENT_F32, 2, {1, N_CELL}, h}},
        {"previous_state_c/read:0", {DSINFER_ELEMENT_F32, 2, {1, N_CELL}, c}},
        {"lengths", {DSINFER_ELEMENT_I32, 1, {1}, &length}},
    };
    static float fused[10 * 29], own[10 * 29];
    struct dsinfer_array result;

    (void)state;
    assert_int_equal(ask(inputs, 4, "new_h", &result, fused, NULL), DSINFER_OK);
    inputs[3].name = "input_lengths";
    assert_int_equal(ask(inputs, 4, "lstm_fused_cell/concat_1", &result, own, NULL), DSINFER_OK);
    test_assert_near(fused, own + 3 * N_CELL, N_CELL, 2e-5, 0.0, "row 3 of the history");
    inputs[3].name = "c";
    expect_refusal(inputs, 4, "new_h", "the same value");
}

static void shapes_that_do_not_fit_are_named(void **state) {
    struct dsinfer_binding inputs[] = {bind_windows("windows", 1, 10), bind_windows("h", 1, 10)};

    (void)state;
    expect_refusal(inputs, 2, "logits", "[1,10,19,26]");
    expect_refusal(inputs, 2, "logits", "[1,4]");
    inputs[0].array.dims[2] = 18;
    expect_refusal(inputs, 1, "logits", "[1,10,18,26]");
    expect_refusal(inputs, 1, "logits", "[?,?,19,26]");
    inputs[0] = bind_windows("windows", 1, 10);
    inputs[0].array.element = DSINFER_ELEMENT_I32;
    expect_refusal(inputs, 1, "logits", "int32");
    inputs[0].array.rank = 9;
    expect_refusal(inputs, 1, "logits", "9 dimensions");
}

static void the_nearest_name_is_suggested(void **state) {
    struct dsinfer_binding input = bind_windows("windows", 1, 10);

    (void)state;
    expect_refusal(&input, 1, "logit", "'logits'");
    expect_refusal(&input, 1, "Minimum_9", "'Minimum_1'");
    expect_refusal(&input, 1, "lstm_fused_cell/BlockLSTM:7", "lstm_fused_cell/BlockLSTM");
    expect_refusal(&input, 1, "windows", "no output");
    input.name = "window";
    expect_refusal(&input, 1, "logits", "'windows'");
    input.name = "logits";
    expect_refusal(&input, 1, "logits", "no input");
}

static void what_is_needed_must_be_given(void **state) {
    const float h[N_CELL] = {0};
    const struct dsinfer_binding input = {"h", {DSINFER_ELEMENT_F32, 2, {1, N_CELL}, h}};
    static float values[29];
    struct dsinfer_array result;

    (void)state;
    expect_refusal(&input, 1, "logits", "'windows'");
    expect_refusal(&input, 1, "Relu", "'input_node'");
    assert_int_equal(ask(&input, 1, "lstm_fused_cell/ExpandDims_2", &result, values, NULL),
                     DSINFER_OK);
    expect_refusal(&input, 1, "", "nearest");
}

static void the_run_takes_only_what_was_announced(void **state) {
    struct dsinfer_binding input = bind_windows("windows", 1, 10);
    const char *const output = "logits";
    struct dsinfer_query *query;
    struct dsinfer_array result;
    struct dsinfer_error err;

    (void)state;
    assert_int_equal(dsinfer_query_create(model, &input, 1, &output, 1, &query, NULL), DSINFER_OK);
    input.array.dims[1] = 9;
    assert_int_equal(dsinfer_query_run(query, &input, &result, &err), DSINFER_ERR_ARGUMENT);
    input = bind_windows("windows", 1, 10);
    input.array.data = NULL;
    assert_int_equal(dsinfer_query_run(query, &input, &result, &err), DSINFER_ERR_ARGUMENT);
    dsinfer_query_destroy(query);
    assert_int_equal(dsinfer_query_create(model, &input, 1, &output, 0, &query, &err),
                     DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_query_create(NULL, &input, 1, &output, 1, &query, &err),
                     DSINFER_ERR_ARGUMENT);
    dsinfer_query_destroy(NULL);
}

static void a_length_out_of_range_is_refused(void **state) {
    static const int32_t length = 11;
    const struct dsinfer_binding inputs[] = {
        bind_windows("windows", 1, 10),
        {"lengths", {DSINFER_ELEMENT_I32, 1, {1}, &length}},
    };

    (void)state;
    expect_refusal(inputs, 2, "logits", "11");
    expect_refusal(inputs, 2, "lstm_fused_cell/mul", "11");
}

static void an_unfused_network_answers_at_its_own_size(void **state) {
    struct dsinfer_binding input = bind_windows("windows", 1, MAX_STEPS);
    static float values[16 * 29];
    static float zeros[16 * 19 * 26];
    struct dsinfer_array result;

    (void)state;
    dsinfer_model_unref(model);
    model = open_variant("peepholes");
    expect_refusal(&input, 1, "logits", "16 steps");
    input = bind_windows("windows", 1, 16);
    input.array.data = zeros;
    assert_int_equal(ask(&input, 1, "logits", &result, values, NULL), DSINFER_OK);
    expect_shape(&result, 3, 16, 1, 29);
}

static void asking_survives_every_failed_allocation(void **state) {
    static const char *const outputs[] = {"logits", "Relu"};
    size_t i;
    long n;

    (void)state;
    for (i = 0; i < 2; i++) {
        const struct dsinfer_binding input = bind_windows("windows", 1, 10);

        for (n = 0;; n++) {
            struct dsinfer_query *query;
            enum dsinfer_status status;

            dsi_alloc_fail_after(n);
            status = dsinfer_query_create(model, &input, 1, &outputs[i], 1, &query, NULL);
            dsi_alloc_fail_after(-1);
            dsinfer_query_destroy(query);
            if (status == DSINFER_OK) {
                break;
            }
            assert_int_equal(status, DSINFER_ERR_NO_MEMORY);
        }
        assert_true(n > 8);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(roles_run_at_any_size),
        TEST(names_of_one_value_mean_the_same),
        TEST(values_of_the_network_exist_at_other_sizes),
        TEST(other_values_exist_only_at_the_files_own_size),
        TEST(inner_values_can_be_fed),
        TEST(states_and_lengths_can_be_given),
        TEST(shapes_that_do_not_fit_are_named),
        TEST(the_nearest_name_is_suggested),
        TEST(what_is_needed_must_be_given),
        TEST(the_run_takes_only_what_was_announced),
        TEST(a_length_out_of_range_is_refused),
        TEST(an_unfused_network_answers_at_its_own_size),
        TEST(asking_survives_every_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
