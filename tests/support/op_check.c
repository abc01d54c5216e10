/* Checks of ops through a plan.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/support/op_check.h"

#include "runtime/base/alloc.h"
#include "runtime/exec/plan.h"

#include <stdlib.h>
#include <string.h>

#define MAX_INPUTS 8

/* A plan with the first n_inputs inputs, and a run of it. */
static void begin(const struct test_op *op, size_t n_inputs, struct dsi_plan **plan,
                  struct dsi_run **run) {
    struct dsinfer_error err = {0};
    struct dsi_kernels kernels;
    struct dsi_shape shapes[MAX_INPUTS];
    size_t i;

    for (i = 0; i < n_inputs; i++) {
        shapes[i] = op->graph->nodes[op->inputs[i].node].value.shape;
    }
    dsi_kernels_init(&kernels, DSI_KERNELS_REFERENCE, 0);
    test_set_inputs(op->graph, op->inputs, n_inputs);
    test_set_outputs(op->graph, &op->port, 1);
    assert_int_equal(dsi_graph_verify(op->graph, NULL), DSINFER_OK);
    if (dsi_plan_create(op->graph, &kernels, shapes, plan, &err) != DSINFER_OK ||
        dsi_run_create(*plan, shapes, NULL, run, &err) != DSINFER_OK) {
        fail_msg("%s", err.message);
    }
}

/* Runs on copies of the constants of exactly their size, so that a sanitizer sees every read and
 * write outside. */
static enum dsinfer_status execute(const struct test_op *op, size_t n_inputs, struct dsi_run *run,
                                   void *output, struct dsinfer_error *err) {
    void *inputs[MAX_INPUTS] = {NULL};
    enum dsinfer_status status;
    unsigned long n_allocations;
    size_t i;

    for (i = 0; i < n_inputs; i++) {
        const struct dsi_bytes *bytes = &op->graph->nodes[op->inputs[i].node].value.bytes;

        inputs[i] = malloc(bytes->size);
        assert_true(inputs[i] || !bytes->size);
        if (bytes->size) {
            memcpy(inputs[i], bytes->data, bytes->size);
        }
    }
    n_allocations = dsi_alloc_get_count();
    status = dsi_run_execute(run, (const void *const *)inputs, &output, err);
    assert_int_equal(dsi_alloc_get_count(), n_allocations);
    for (i = 0; i < n_inputs; i++) {
        free(inputs[i]);
    }
    return status;
}

void test_expect(const struct test_op *op, enum dsi_dtype dtype, struct dsi_shape shape,
                 const void *values, size_t size, double tolerance) {
    const char *name = op->graph->nodes[op->port.node].name;
    size_t n_inputs;

    for (n_inputs = 0; n_inputs <= op->n_inputs; n_inputs += op->n_inputs) {
        struct dsi_plan *plan = NULL;
        struct dsi_run *run = NULL;
        struct dsinfer_error err = {0};
        void *output = malloc(size ? size : 1);
        enum dsi_dtype got_dtype;
        struct dsi_shape got_shape;

        assert_non_null(output);
        memset(output, 0xaa, size);
        begin(op, n_inputs, &plan, &run);
        dsi_run_get_output(run, 0, &got_dtype, &got_shape);
        assert_int_equal(got_dtype, dtype);
        if (!dsi_shape_is_equal(&got_shape, &shape)) {
            char got[DSI_SHAPE_TEXT_SIZE], expected[DSI_SHAPE_TEXT_SIZE];

            fail_msg("'%s' has shape %s, expected %s", name, dsi_shape_print(&got_shape, got),
                     dsi_shape_print(&shape, expected));
        }
        if (execute(op, n_inputs, run, output, &err) != DSINFER_OK) {
            fail_msg("%s", err.message);
        }
        if (dtype == DSI_DTYPE_F32 && tolerance > 0.0) {
            test_assert_near(output, values, size / sizeof(float), tolerance, tolerance, name);
        } else {
            assert_memory_equal(output, values, size);
        }
        dsi_run_destroy(run);
        dsi_plan_destroy(plan);
        free(output);
    }
}

void test_expect_refused(struct dsi_graph *graph, struct dsi_port port,
                         enum dsinfer_status expected, const char *what) {
    struct dsinfer_error err = {0};
    struct dsi_plan *plan = NULL;
    struct dsi_kernels kernels;

    dsi_kernels_init(&kernels, DSI_KERNELS_REFERENCE, 0);
    graph->n_inputs = 0;
    test_set_outputs(graph, &port, 1);
    assert_int_equal(dsi_plan_create(graph, &kernels, NULL, &plan, &err), expected);
    assert_int_equal(err.status, expected);
    assert_null(plan);
    if (!strstr(err.message, what)) {
        fail_msg("'%s' does not mention %s", err.message, what);
    }
}

void test_expect_run_fails(const struct test_op *op, const char *what) {
    struct dsinfer_error err = {0};
    struct dsi_plan *plan = NULL;
    struct dsi_run *run = NULL;

    begin(op, op->n_inputs, &plan, &run);
    assert_int_equal(execute(op, op->n_inputs, run, NULL, &err), DSINFER_ERR_ARGUMENT);
    assert_int_equal(err.status, DSINFER_ERR_ARGUMENT);
    if (!strstr(err.message, what)) {
        fail_msg("'%s' does not mention %s", err.message, what);
    }
    dsi_run_destroy(run);
    dsi_plan_destroy(plan);
}
