/* The bidirectional network of 0.1 against TensorFlow 1.4: whole utterances, lengths, batches, and
 * the values inside.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/alloc.h"
#include "tests/golden/models.h"

#include <dsinfer/inspect.h>
#include <dsinfer/runner.h>

#include <stdlib.h>
#include <string.h>

#define FOLDER "ds011-h64-s7"
#define MODEL FOLDER "/output_graph.pb"

/* Allowed inside the network, where the oracle differs by 4.5e-6 from a float64 twin. */
#define LAYERS 2e-5

static const struct {
    const char *name;
    const char *windows; /* below oracle */
    size_t n_steps;
} sequences[] = {
    {"real", "frontend/v011/174-50561-0002.windows.npy", 107},
    {"random-t1", "graphs/inputs/ds01.random.npy", 1},
    {"random-t2", "graphs/inputs/ds01.random.npy", 2},
    {"random-t17", "graphs/inputs/ds01.random.npy", 17},
    {"random-t100", "graphs/inputs/ds01.random.npy", 100},
    {"extreme", "graphs/inputs/extreme.npy", 32},
};

static struct dsinfer_model *model;

static int setup(void **state) {
    (void)state;
    model = golden_open(MODEL, DSINFER_KERNELS_NATIVE);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    dsinfer_model_unref(model);
    return 0;
}

static void read_windows(struct test_npy *npy, const char *name) {
    char path[TEST_PATH_SIZE];

    test_npy_read(test_shared_path(path, "oracle/%s", name), npy);
}

/* Runs N utterances of T windows and compares with the golden logits. */
static void check(const float *windows, size_t n_streams, size_t n_steps, const int32_t *lengths,
                  const float *expected, const char *what) {
    const size_t n = n_steps * n_streams * GOLDEN_N_LABELS;
    float *logits = calloc(n, sizeof(*logits));
    struct dsinfer_step step = {
        .n_streams = n_streams,
        .n_steps = n_steps,
        .windows = windows,
        .lengths = lengths,
        .logits = logits,
    };
    struct dsinfer_runner_options options;
    struct dsinfer_runner *runner;

    assert_non_null(logits);
    dsinfer_runner_options_init(&options);
    options.max_streams = n_streams;
    options.max_steps = n_steps;
    assert_int_equal(dsinfer_runner_create(model, &options, &runner, NULL), DSINFER_OK);
    assert_int_equal(dsinfer_runner_run(runner, &step), DSINFER_OK);
    test_assert_near(logits, expected, n, GOLDEN_LOGITS, 0.0, what);
    dsinfer_runner_destroy(runner);
    free(logits);
}

static void whole_utterances_give_the_logits_of_tensorflow(void **state) {
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
        struct test_npy windows, logits;

        read_windows(&windows, sequences[i].windows);
        golden_read(&logits, FOLDER "/golden/%s.logits.npy", sequences[i].name);
        assert_int_equal(logits.dims[0], sequences[i].n_steps);
        assert_true(windows.count >= sequences[i].n_steps * GOLDEN_WINDOW);
        check(windows.f32, 1, sequences[i].n_steps, NULL, logits.f32, sequences[i].name);
        test_npy_free(&windows);
        test_npy_free(&logits);
    }
}

static void lengths_and_batches_give_them_too(void **state) {
    static const int32_t lengths[] = {0, 1, 7, 16, 17};
    static const int32_t of_batch[] = {17, 5, 0};
    const size_t n = (size_t)17 * GOLDEN_N_LABELS;
    struct test_npy windows, logits;
    size_t i;

    (void)state;
    golden_read(&windows, FOLDER "/golden/lengths.windows.npy");
    golden_read(&logits, FOLDER "/golden/lengths.logits.npy");
    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        check(windows.f32, 1, 17, &lengths[i], logits.f32 + i * n, "lengths");
    }
    test_npy_free(&windows);
    test_npy_free(&logits);

    golden_read(&windows, FOLDER "/golden/batch.windows.npy");
    golden_read(&logits, FOLDER "/golden/batch.logits.npy");
    check(windows.f32, 3, 17, of_batch, logits.f32, "batch");
    test_npy_free(&windows);
    test_npy_free(&logits);
}

static void values_inside_are_those_of_tensorflow(void **state) {
    static const char *const names[] = {"Minimum",         "Minimum_1", "Minimum_2",
                                        "ReverseSequence", "concat",    "Minimum_3"};
    static const char *const files[] = {"layer_1", "layer_2",  "layer_3",
                                        "lstm_bw", "lstm_out", "layer_5"};
    const size_t n = sizeof(names) / sizeof(names[0]);
    struct dsinfer_binding binding = {"windows", {DSINFER_ELEMENT_F32, 4, {1, 107, 19, 26}, NULL}};
    struct dsinfer_array outputs[8];
    struct dsinfer_query *query;
    struct dsinfer_error err;
    struct test_npy windows;
    size_t i;

    (void)state;
    read_windows(&windows, sequences[0].windows);
    binding.array.data = windows.f32;
    if (dsinfer_query_create(model, &binding, 1, names, n, &query, &err) != DSINFER_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(dsinfer_query_run(query, &binding, outputs, NULL), DSINFER_OK);
    for (i = 0; i < n; i++) {
        struct test_npy expected;

        golden_read(&expected, FOLDER "/golden/real.%s.npy", files[i]);
        test_assert_near(outputs[i].data, expected.f32, expected.count, LAYERS, 0.0, files[i]);
        test_npy_free(&expected);
    }
    dsinfer_query_destroy(query);
    test_npy_free(&windows);
}

static void facts_are_told(void **state) {
    static const char *const roles[] = {"windows", "lengths", "logits"};
    const struct dsinfer_model_info *info = dsinfer_model_info(model);
    struct dsinfer_inspection *inspection;
    const struct dsinfer_inspection_info *facts;
    char path[TEST_PATH_SIZE];
    size_t i;

    (void)state;
    assert_int_equal(info->family, DSINFER_FAMILY_DS01);
    assert_false(info->has_state);
    assert_true(info->has_lengths);
    assert_int_equal(info->n_cell, 64);
    assert_int_equal(info->n_features, 26);
    assert_int_equal(info->n_context, 9);
    assert_int_equal(info->n_labels, 29);
    assert_int_equal(info->n_steps, 0);
    assert_int_equal(info->window, 400);
    assert_int_equal(info->step, 160);
    test_shared_path(path, "oracle/graphs/" MODEL);
    assert_int_equal(dsinfer_inspection_open(path, &inspection, NULL), DSINFER_OK);
    facts = dsinfer_inspection_get_info(inspection);
    assert_int_equal(facts->n_roles, 3);
    for (i = 0; i < 3; i++) {
        assert_string_equal(facts->roles[i].role, roles[i]);
    }
    dsinfer_inspection_close(inspection);
}

static void there_is_no_state(void **state) {
    static const char *const names[] = {"h", "c", "new_h", "new_c"};
    size_t i;

    (void)state;
    for (i = 0; i < 4; i++) {
        const char *const output[] = {i < 2 ? "logits" : names[i]};
        const struct dsinfer_binding inputs[] = {
            {"windows", {DSINFER_ELEMENT_F32, 4, {1, 16, 19, 26}, NULL}},
            {names[i], {DSINFER_ELEMENT_F32, 2, {1, 64}, NULL}},
        };
        struct dsinfer_query *query;
        struct dsinfer_error err;

        assert_int_equal(
            dsinfer_query_create(model, inputs, i < 2 ? 2 : 1, output, 1, &query, &err),
            DSINFER_ERR_ARGUMENT);
        assert_non_null(strstr(err.message, names[i]));
        assert_non_null(strstr(err.message, "whole"));
    }
}

static void damaged_graphs_are_refused(void **state) {
    static const struct {
        const char *from, *to; /* of equal size, the first place of the name that is a node's */
        const char *words;
    } damages[] = {
        {"bidirectional_rnn/bw/ReverseSequence", "bidirectional_rnn/bw/Reversesequence",
         "ReverseSequence"},
        {"bidirectional_rnn/fw/basic_lstm_cell/bias", "bidirectional_rnn/fw/basic_lstm_cell/bius",
         "bias"},
        {"bidirectional_rnn/fw/fw/while/fw/basic_lstm_cell/add/y",
         "bidirectional_rnn/fw/fw/while/fw/basic_lstm_cell/add/z", "forget bias"},
    };
    char path[TEST_PATH_SIZE];
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        const size_t length = strlen(damages[i].from);
        struct dsinfer_model *broken;
        struct dsinfer_error err;
        size_t size;
        unsigned char *bytes =
            test_read_file(test_shared_path(path, "oracle/graphs/" MODEL), &size);

        for (k = 0; k + length <= size; k++) {
            if (memcmp(bytes + k, damages[i].from, length) == 0) {
                memcpy(bytes + k, damages[i].to, length);
            }
        }
        assert_int_not_equal(dsinfer_model_open_memory(bytes, size, NULL, &broken, &err),
                             DSINFER_OK);
        if (!strstr(err.message, damages[i].words)) {
            fail_msg("'%s' does not say '%s'", err.message, damages[i].words);
        }
        free(bytes);
    }
}

static void opening_survives_every_failed_allocation(void **state) {
    enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
    char path[TEST_PATH_SIZE];
    size_t size;
    unsigned char *bytes = test_read_file(test_shared_path(path, "oracle/graphs/" MODEL), &size);
    long k;

    (void)state;
    for (k = 0; status != DSINFER_OK; k += k < 50 ? 1 : 61) {
        struct dsinfer_model *opened;

        dsi_alloc_fail_after(k);
        status = dsinfer_model_open_memory(bytes, size, NULL, &opened, NULL);
        dsi_alloc_fail_after(-1);
        assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
        dsinfer_model_unref(opened);
    }
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_utterances_give_the_logits_of_tensorflow),
        cmocka_unit_test(lengths_and_batches_give_them_too),
        cmocka_unit_test(values_inside_are_those_of_tensorflow),
        cmocka_unit_test(facts_are_told),
        cmocka_unit_test(there_is_no_state),
        cmocka_unit_test(damaged_graphs_are_refused),
        cmocka_unit_test(opening_survives_every_failed_allocation),
    };

    if (!test_has_shared()) {
        return TEST_SKIPPED;
    }
    return cmocka_run_group_tests(tests, setup, teardown);
}
