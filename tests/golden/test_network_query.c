/* The file's own graph, op by op, against TensorFlow: the same goldens as the fused network, and
 * the values inside the first call. This shows that the ops are right, and where a network that
 * goes wrong begins to.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/golden/models.h"

#include <dsinfer/runner.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_INPUTS 4
#define N_OUTPUTS 4

/* Asking for a node that is no role makes the query run the file's own graph. */
struct question {
    struct dsinfer_query *query;
    struct dsinfer_binding inputs[N_INPUTS];
};

static void bind(struct dsinfer_binding *binding, const char *name, enum dsinfer_element element,
                 size_t rank, const size_t *dims) {
    *binding = (struct dsinfer_binding){.name = name, .array = {.element = element, .rank = rank}};
    memcpy(binding->array.dims, dims, rank * sizeof(*dims));
}

static void ask(struct question *question, struct dsinfer_model *model,
                const char *const *output_names, size_t n_outputs) {
    const size_t windows[] = {1, GOLDEN_N_STEPS, 19, 26};
    const size_t cells[] = {1, dsinfer_model_info(model)->n_cell};
    struct dsinfer_error err;

    bind(&question->inputs[0], "windows", DSINFER_ELEMENT_F32, 4, windows);
    bind(&question->inputs[1], "h", DSINFER_ELEMENT_F32, 2, cells);
    bind(&question->inputs[2], "c", DSINFER_ELEMENT_F32, 2, cells);
    bind(&question->inputs[3], "lengths", DSINFER_ELEMENT_I32, 1, windows);
    if (dsinfer_query_create(model, question->inputs, N_INPUTS, output_names, n_outputs,
                             &question->query, &err) != DSINFER_OK) {
        fail_msg("%s", err.message);
    }
}

static void run(struct question *question, const float *windows, const float *h, const float *c,
                const int32_t *length, struct dsinfer_array *outputs) {
    struct dsinfer_error err;

    question->inputs[0].array.data = windows;
    question->inputs[1].array.data = h;
    question->inputs[2].array.data = c;
    question->inputs[3].array.data = length;
    if (dsinfer_query_run(question->query, question->inputs, outputs, &err) != DSINFER_OK) {
        fail_msg("%s", err.message);
    }
}

static void check_outputs(const struct golden_model *golden, const struct dsinfer_array *outputs,
                          const float *logits, const float *h, const float *c, size_t n_cell,
                          const char *what) {
    const size_t n = (size_t)GOLDEN_N_STEPS * GOLDEN_N_LABELS;

    assert_int_equal(outputs[0].rank, 3);
    assert_int_equal(outputs[0].dims[0], GOLDEN_N_STEPS);
    assert_int_equal(outputs[0].dims[2], GOLDEN_N_LABELS);
    golden_assert_logits(golden, outputs[0].data, logits, n, what);
    test_assert_near(outputs[1].data, h, n_cell, GOLDEN_H, 0.0, what);
    test_assert_near(outputs[2].data, c, n_cell, GOLDEN_C, 0.0, what);
}

static void check_sequence(const struct golden_model *golden, struct dsinfer_model *model,
                           const char *sequence) {
    static const char *const names[N_OUTPUTS] = {"logits", "new_h", "new_c", "Minimum"};
    static const int32_t length = GOLDEN_N_STEPS;
    const size_t n_cell = dsinfer_model_info(model)->n_cell;
    float *state = calloc(2 * n_cell, sizeof(*state));
    struct test_npy windows, logits, h, c;
    struct dsinfer_array outputs[N_OUTPUTS];
    struct question question;
    size_t call;

    golden_read_windows(&windows, golden, sequence);
    golden_read(&logits, "%s/%s.logits.npy", golden->golden, sequence);
    golden_read(&h, "%s/%s.new_h.npy", golden->golden, sequence);
    golden_read(&c, "%s/%s.new_c.npy", golden->golden, sequence);
    ask(&question, model, names, N_OUTPUTS);
    for (call = 0; call < windows.dims[0]; call++) {
        char what[200];

        snprintf(what, sizeof(what), "%s, %s, call %zu", golden->file, sequence, call);
        run(&question, windows.f32 + call * GOLDEN_N_STEPS * GOLDEN_WINDOW, state, state + n_cell,
            &length, outputs);
        check_outputs(golden, outputs, logits.f32 + call * GOLDEN_N_STEPS * GOLDEN_N_LABELS,
                      h.f32 + call * n_cell, c.f32 + call * n_cell, n_cell, what);
        memcpy(state, outputs[1].data, n_cell * sizeof(*state));
        memcpy(state + n_cell, outputs[2].data, n_cell * sizeof(*state));
    }
    dsinfer_query_destroy(question.query);
    test_npy_free(&windows);
    test_npy_free(&logits);
    test_npy_free(&h);
    test_npy_free(&c);
    free(state);
}

static void sequences_of_the_unfused_graph_equal_the_golden_ones(void **state) {
    size_t i;

    (void)state;
    for (i = 0; i < golden_n_models; i++) {
        struct dsinfer_model *model = golden_open(golden_models[i].file, DSINFER_KERNELS_NATIVE);

        check_sequence(&golden_models[i], model, "real");
        if (golden_models[i].has_all_sequences) {
            check_sequence(&golden_models[i], model, "random");
            check_sequence(&golden_models[i], model, "extreme");
        }
        dsinfer_model_unref(model);
    }
}

static void shorter_lengths_of_the_unfused_graph_equal_the_golden_ones(void **state) {
    static const char *const names[N_OUTPUTS] = {"logits", "new_h", "new_c", "Minimum"};
    static const int32_t lengths[] = {0, 1, 7, 15, 16};
    struct dsinfer_array outputs[N_OUTPUTS];
    size_t i, k;

    (void)state;
    for (i = 0; i < golden_n_models; i++) {
        const struct golden_model *golden = &golden_models[i];
        struct dsinfer_model *model = golden_open(golden->file, DSINFER_KERNELS_REFERENCE);
        const size_t n_cell = dsinfer_model_info(model)->n_cell;
        struct test_npy windows, h, c, logits, new_h, new_c;
        struct question question;

        golden_read(&windows, "%s/lengths.windows.npy", golden->golden);
        golden_read(&h, "%s/lengths.h.npy", golden->golden);
        golden_read(&c, "%s/lengths.c.npy", golden->golden);
        golden_read(&logits, "%s/lengths.logits.npy", golden->golden);
        golden_read(&new_h, "%s/lengths.new_h.npy", golden->golden);
        golden_read(&new_c, "%s/lengths.new_c.npy", golden->golden);
        ask(&question, model, names, N_OUTPUTS);
        for (k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++) {
            run(&question, windows.f32, h.f32, c.f32, &lengths[k], outputs);
            check_outputs(golden, outputs, logits.f32 + k * GOLDEN_N_STEPS * GOLDEN_N_LABELS,
                          new_h.f32 + k * n_cell, new_c.f32 + k * n_cell, n_cell, golden->file);
        }
        dsinfer_query_destroy(question.query);
        test_npy_free(&windows);
        test_npy_free(&h);
        test_npy_free(&c);
        test_npy_free(&logits);
        test_npy_free(&new_h);
        test_npy_free(&new_c);
        dsinfer_model_unref(model);
    }
}

/* Values inside call 1 (from 0) of `real`, by the names of their nodes. */
static void check_layers(const struct golden_model *golden) {
    static const char *const files[] = {"layer_1", "layer_2",  "layer_3", "layer_5",
                                        "lstm_cs", "lstm_out", "lstm_h"};
    const char *names[] = {"Minimum", "Minimum_1", "Minimum_2:0", "Minimum_3", "", "", ""};
    enum { N = sizeof(files) / sizeof(files[0]) };
    static const int32_t length = GOLDEN_N_STEPS;
    struct dsinfer_model *model = golden_open(golden->file, DSINFER_KERNELS_NATIVE);
    const size_t n_cell = dsinfer_model_info(model)->n_cell;
    struct test_npy windows, h, c, expected;
    struct dsinfer_array outputs[N];
    struct question question;
    char cs[150], out[150], hs[150];
    size_t i;

    snprintf(cs, sizeof(cs), "%s/BlockLSTM:1", golden->cell);
    snprintf(out, sizeof(out), "%s/mul", golden->cell);
    snprintf(hs, sizeof(hs), "%s/BlockLSTM:6", golden->cell);
    names[4] = cs;
    names[5] = out;
    names[6] = hs;
    golden_read_windows(&windows, golden, "real");
    golden_read(&h, "%s/real.new_h.npy", golden->golden);
    golden_read(&c, "%s/real.new_c.npy", golden->golden);
    ask(&question, model, names, N);
    run(&question, windows.f32 + GOLDEN_N_STEPS * GOLDEN_WINDOW, h.f32, c.f32, &length, outputs);
    for (i = 0; i < N; i++) {
        golden_read(&expected, "%s/call1.%s.npy", golden->golden, files[i]);
        assert_int_equal(outputs[i].rank, i < 4 ? 2 : 3);
        assert_int_equal(outputs[i].dims[0], GOLDEN_N_STEPS);
        assert_int_equal(outputs[i].dims[outputs[i].rank - 1], n_cell);
        assert_int_equal(expected.count, GOLDEN_N_STEPS * n_cell);
        test_assert_near(outputs[i].data, expected.f32, expected.count,
                         i < 4    ? GOLDEN_LOGITS
                         : i == 4 ? GOLDEN_C
                                  : GOLDEN_H,
                         0.0, files[i]);
        test_npy_free(&expected);
    }
    dsinfer_query_destroy(question.query);
    test_npy_free(&windows);
    test_npy_free(&h);
    test_npy_free(&c);
    dsinfer_model_unref(model);
}

static void values_inside_the_network_equal_the_golden_ones(void **state) {
    size_t i;
    size_t n_checked = 0;

    (void)state;
    for (i = 0; i < golden_n_models; i++) {
        if (strstr(golden_models[i].golden, "-h64-s7/golden") &&
            golden_models[i].has_all_sequences && !strstr(golden_models[i].golden, "tf16")) {
            check_layers(&golden_models[i]);
            n_checked++;
        }
    }
    assert_int_equal(n_checked, 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_of_the_unfused_graph_equal_the_golden_ones),
        cmocka_unit_test(shorter_lengths_of_the_unfused_graph_equal_the_golden_ones),
        cmocka_unit_test(values_inside_the_network_equal_the_golden_ones),
    };

    if (!test_has_shared()) {
        return TEST_SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
