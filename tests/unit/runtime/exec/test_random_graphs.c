/* exec: graphs of random ops on random values either run or are refused in words; what a sanitizer
 * finds on the way is the point of this test.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/exec/plan.h"

#include "runtime/base/cpu.h"
#include "tests/support/graph_builder.h"
#include "tests/support/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_GRAPHS = 6000, N_CONSTANTS = 8, N_NODES = 6, MAX_ELEMENTS = 64 };

static const char *const ops[] = {
    "Add",        "AddV2",   "BiasAdd", "BlockLSTM", "Cast",     "ConcatV2",     "Dense",
    "ExpandDims", "Fill",    "Gather",  "GatherNd",  "GatherV2", "Identity",     "Less",
    "Lstm",       "MatMul",  "Max",     "Minimum",   "Mul",      "Pack",         "Range",
    "Relu",       "Reshape", "Shape",   "Softmax",   "Tile",     "StridedSlice", "Transpose",
};

static uint32_t below(struct test_rng *rng, uint32_t limit) {
    return test_rng_next(rng) % limit;
}

/* Mostly small, now and then at the ends. */
static int64_t random_int(struct test_rng *rng) {
    static const int64_t ends[] = {INT64_MIN, INT64_MAX, INT32_MIN, INT32_MAX, 1 << 20, -1};

    return below(rng, 20) ? (int64_t)below(rng, 5) - (below(rng, 8) == 0) : ends[below(rng, 6)];
}

static float random_float(struct test_rng *rng) {
    static const float ends[] = {NAN, INFINITY, -INFINITY, 3e38f, 0.0f, 1e-40f};

    return below(rng, 20) ? 4.0f * test_rng_float(rng) : ends[below(rng, 6)];
}

static struct dsi_port add_random_constant(struct dsi_graph *graph, struct test_rng *rng,
                                           const char *name) {
    const enum dsi_dtype dtype = (enum dsi_dtype)(DSI_DTYPE_F32 + below(rng, 4));
    const size_t element_size = dsi_dtype_get_size(dtype);
    struct dsi_shape shape = {.rank = below(rng, 4)};
    uint8_t bytes[MAX_ELEMENTS * 8];
    size_t n, i;

    for (i = 0; i < shape.rank; i++) {
        shape.dims[i] = below(rng, 12) ? 1 + below(rng, 4) : 0;
    }
    assert_true(dsi_shape_count(&shape, &n) && n <= MAX_ELEMENTS);
    for (i = 0; i < n; i++) {
        const float f = random_float(rng);
        const int64_t wide = random_int(rng);
        const int32_t narrow = (int32_t)wide;
        const uint8_t truth = wide & 1;
        const void *value = dtype == DSI_DTYPE_F32   ? (const void *)&f
                            : dtype == DSI_DTYPE_I32 ? (const void *)&narrow
                            : dtype == DSI_DTYPE_I64 ? (const void *)&wide
                                                     : (const void *)&truth;

        memcpy(bytes + i * element_size, value, element_size);
    }
    return test_add_constant(graph, name, dtype, shape, bytes, n * element_size);
}

static void add_random_attrs(struct dsi_graph *graph, struct test_rng *rng, struct dsi_port port) {
    static const char *const ints[] = {"axis", "begin_mask", "end_mask", "shrink_axis_mask",
                                       "new_axis_mask"};
    static const char *const bools[] = {"transpose_a", "transpose_b", "keep_dims", "special_zero",
                                        "use_peephole"};
    struct dsi_attr attrs[12] = {
        ATTR_TYPE("DstT", DSI_DTYPE_F32 + below(rng, 4)),
        ATTR_FLOAT("limit", random_float(rng)),
    };
    size_t i;

    for (i = 0; i < 5; i++) {
        attrs[2 + i] = (struct dsi_attr)ATTR_INT(ints[i], below(rng, 3) ? 0 : random_int(rng));
        attrs[7 + i] = (struct dsi_attr)ATTR_BOOL(bools[i], below(rng, 2));
    }
    test_set_attrs(graph, port, attrs, 12);
}

static void add_random_node(struct dsi_graph *graph, struct test_rng *rng, const char *name) {
    const struct dsi_op *op = dsi_op_find(ops[below(rng, sizeof(ops) / sizeof(ops[0]))]);
    struct dsi_port inputs[9];
    size_t n_inputs, i;

    assert_non_null(op);
    n_inputs = op->min_inputs;
    if (op->max_inputs > n_inputs && n_inputs < 9) {
        n_inputs += below(rng, 2);
    }
    for (i = 0; i < n_inputs; i++) {
        inputs[i] = (struct dsi_port){below(rng, (uint32_t)graph->n_nodes), 0};
    }
    add_random_attrs(graph, rng, test_add_node(graph, name, op->name, inputs, n_inputs));
}

/* Makes a plan of the last node, with the first constants as inputs, and runs it if it is small. */
static bool try_graph(struct dsi_graph *graph, size_t n_inputs, const struct dsi_kernels *kernels) {
    struct dsi_port inputs[N_CONSTANTS];
    struct dsi_shape shapes[N_CONSTANTS], shape;
    const void *in[N_CONSTANTS];
    struct dsinfer_error err = {0};
    struct dsi_plan *plan = NULL;
    struct dsi_run *run = NULL;
    enum dsinfer_status status;
    enum dsi_dtype dtype;
    size_t size, i;

    for (i = 0; i < n_inputs; i++) {
        inputs[i] = (struct dsi_port){(uint32_t)i, 0};
        shapes[i] = graph->nodes[i].value.shape;
        in[i] = graph->nodes[i].value.bytes.data;
    }
    test_set_inputs(graph, inputs, n_inputs);
    OUTPUTS(graph, {(uint32_t)graph->n_nodes - 1, 0});
    assert_int_equal(dsi_graph_verify(graph, NULL), DSINFER_OK);
    status = dsi_plan_create(graph, kernels, shapes, &plan, &err);
    if (status == DSINFER_OK) {
        status = dsi_run_create(plan, shapes, NULL, &run, &err);
    }
    if (status == DSINFER_OK) {
        dsi_run_get_output(run, 0, &dtype, &shape);
        assert_true(dsi_shape_get_size(&shape, dtype, &size));
        if (size < 1 << 20) {
            void *out = malloc(size ? size : 1);

            assert_non_null(out);
            status = dsi_run_execute(run, in, &out, &err);
            free(out);
        }
    }
    if (status != DSINFER_OK) {
        assert_int_equal(err.status, status);
        assert_non_null(strchr(err.message, '\''));
    }
    dsi_run_destroy(run);
    dsi_plan_destroy(plan);
    return status == DSINFER_OK;
}

static void random_graphs_run_or_are_refused_in_words(void **state) {
    struct test_rng rng = {20};
    struct dsi_kernels kernels;
    size_t n_good = 0;
    int i, k;

    (void)state;
    dsi_kernels_init(&kernels, DSI_KERNELS_NATIVE, dsi_cpu_get_flags());
    for (i = 0; i < N_GRAPHS; i++) {
        struct dsi_graph graph;
        const int n_nodes = 1 + (int)below(&rng, N_NODES);
        char name[16];

        dsi_graph_init(&graph);
        for (k = 0; k < N_CONSTANTS; k++) {
            snprintf(name, sizeof(name), "c%d", k);
            add_random_constant(&graph, &rng, name);
        }
        for (k = 0; k < n_nodes; k++) {
            snprintf(name, sizeof(name), "n%d", k);
            add_random_node(&graph, &rng, name);
        }
        n_good += try_graph(&graph, 0, &kernels);
        n_good += try_graph(&graph, 1 + below(&rng, N_CONSTANTS), &kernels);
        dsi_graph_finish(&graph);
    }
    assert_in_range(n_good, N_GRAPHS / 10, 2 * N_GRAPHS); /* or the test tests nothing */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_graphs_run_or_are_refused_in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
