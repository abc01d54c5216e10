/* exec: what a plan keeps, refuses and computes in advance.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/exec/plan.h"

#include "runtime/base/alloc.h"
#include "runtime/base/cpu.h"
#include "tests/support/op_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct dsi_graph graph;

static int setup(void **state) {
    (void)state;
    dsi_graph_init(&graph);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    dsi_graph_finish(&graph);
    return 0;
}

static struct dsi_plan *make_plan(enum dsi_kernel_level level, const struct dsi_shape *shapes) {
    struct dsinfer_error err = {0};
    struct dsi_plan *plan = NULL;
    struct dsi_kernels kernels;

    dsi_kernels_init(&kernels, level, dsi_cpu_get_flags());
    if (dsi_plan_create(&graph, &kernels, shapes, &plan, &err) != DSINFER_OK) {
        fail_msg("%s", err.message);
    }
    return plan;
}

static void an_unknown_op_is_named(void **state) {
    struct dsi_port x = F32(&graph, "x", SHAPE(1), 1.0f);

    (void)state;
    test_expect_refused(&graph, NODE(&graph, "Relu_2", "FancyRelu", x), DSINFER_ERR_UNSUPPORTED,
                        "node 'Relu_2' has the op 'FancyRelu', which is not supported");
}

static void a_placeholder_must_be_an_input(void **state) {
    struct dsi_port x = test_add_placeholder(&graph, "x", DSI_DTYPE_F32);

    (void)state;
    test_expect_refused(&graph, NODE(&graph, "y", "Relu", x), DSINFER_ERR_MALFORMED,
                        "node 'x', a Placeholder that is no input");
}

static void an_output_that_a_node_has_not_is_refused(void **state) {
    struct dsi_port x = F32(&graph, "x", SHAPE(1), 1.0f);

    (void)state;
    test_expect_refused(&graph, NODE(&graph, "y", "Relu", test_output_of(x, 1)),
                        DSINFER_ERR_MALFORMED, "'y' needs output 1 of node 'x', which has 1");
    test_expect_refused(&graph, test_output_of(NODE(&graph, "z", "Relu", x), UINT32_MAX),
                        DSINFER_ERR_MALFORMED, "'z' needs output 4294967295 of node 'z'");
}

static void strings_may_lie_about_but_not_be_computed_with(void **state) {
    struct dsi_port x = F32(&graph, "x", SHAPE(1), 1.0f);
    struct dsi_port text = test_add_node(&graph, "text", "Const", NULL, 0);
    struct dsi_tensor *value = &graph.nodes[text.node].value;

    (void)state;
    value->dtype = DSI_DTYPE_STRING;
    value->bytes = (struct dsi_bytes){(const uint8_t *)"abc", 3};
    NODE(&graph, "metadata", "Identity", text);
    EXPECT_F32(OP(&graph, NODE(&graph, "y", "Relu", x), x), SHAPE(1), 1.0f);
    test_expect_refused(&graph, NODE(&graph, "z", "Relu", text), DSINFER_ERR_UNSUPPORTED, "'z'");
    test_expect_refused(&graph, NODE(&graph, "w", "Identity", text), DSINFER_ERR_UNSUPPORTED,
                        "'w'");
}

static void what_no_output_needs_is_not_looked_at(void **state) {
    struct dsi_port x = F32(&graph, "x", SHAPE(1), 1.0f);

    (void)state;
    NODE(&graph, "strange", "NoSuchOp", x);
    EXPECT_F32(OP(&graph, NODE(&graph, "y", "Relu", x), x), SHAPE(1), 1.0f);
}

static void an_input_may_be_any_port(void **state) {
    const struct dsi_shape shape = SHAPE(2);
    const float in[] = {1.0f, 2.0f};
    const void *ins[] = {in};
    float out[2];
    void *outs[] = {out};
    struct dsi_port strange = test_add_node(&graph, "strange", "VariableV2", NULL, 0);
    struct dsi_port read = NODE(&graph, "read", "Identity", strange);
    struct dsi_port sum = NODE(&graph, "sum", "Add", read, read);
    struct dsi_plan *plan;
    struct dsi_run *run;

    (void)state;
    ATTRS(&graph, read, ATTR_TYPE("T", DSI_DTYPE_F32));
    INPUTS(&graph, read);
    OUTPUTS(&graph, sum);
    plan = make_plan(DSI_KERNELS_REFERENCE, &shape);
    assert_int_equal(dsi_plan_get_n_steps(plan), 1);
    assert_string_equal(dsi_plan_get_step(plan, 0)->name, "sum");
    assert_int_equal(dsi_run_create(plan, &shape, NULL, &run, NULL), DSINFER_OK);
    assert_int_equal(dsi_run_execute(run, ins, outs, NULL), DSINFER_OK);
    assert_true(out[1] == 4.0f);
    dsi_run_destroy(run);
    dsi_plan_destroy(plan);
}

static void what_follows_from_constants_is_computed_once(void **state) {
    const struct dsi_shape shape = SHAPE(2);
    struct dsi_port x = test_add_placeholder(&graph, "x", DSI_DTYPE_F32);
    struct dsi_port a = F32(&graph, "a", SHAPE(2), 1.0f, 2.0f);
    struct dsi_port b = NODE(&graph, "b", "Add", a, a);
    struct dsi_port c = NODE(&graph, "c", "Mul", b, NODE(&graph, "id", "Identity", a));
    struct dsi_plan *plan;

    (void)state;
    INPUTS(&graph, x);
    OUTPUTS(&graph, NODE(&graph, "y", "Mul", x, c), c);
    plan = make_plan(DSI_KERNELS_REFERENCE, &shape);
    assert_int_equal(dsi_plan_get_n_steps(plan), 1);
    dsi_plan_destroy(plan);
}

/* Steps whose only reader turned into a constant fall away. */
static void what_only_a_shape_needed_is_not_run(void **state) {
    const struct dsi_shape shape = SHAPE(2, 3);
    struct dsi_port x = test_add_placeholder(&graph, "x", DSI_DTYPE_F32);
    struct dsi_port relu = NODE(&graph, "relu", "Relu", x);
    struct dsi_port size = NODE(&graph, "size", "Shape", relu);
    struct dsi_plan *plan;
    struct dsi_run *run;
    int32_t out[2] = {0};
    const void *ins[] = {NULL};
    void *outs[] = {out};

    (void)state;
    INPUTS(&graph, x);
    OUTPUTS(&graph, size);
    plan = make_plan(DSI_KERNELS_REFERENCE, &shape);
    assert_int_equal(dsi_plan_get_n_steps(plan), 0);
    assert_int_equal(dsi_run_create(plan, &shape, NULL, &run, NULL), DSINFER_OK);
    assert_int_equal(dsi_run_execute(run, ins, outs, NULL), DSINFER_OK);
    assert_int_equal(out[0], 2);
    assert_int_equal(out[1], 3);
    dsi_run_destroy(run);
    dsi_plan_destroy(plan);
}

static void constants_at_any_address_are_used(void **state) {
    uint8_t bytes[1 + 4 * sizeof(float)];
    const float values[] = {1.0f, 2.0f, 3.0f, 4.0f};
    struct dsi_port x = F32(&graph, "x", SHAPE(1, 2), 1.0f, 10.0f);
    struct dsi_port w = F32(&graph, "w", SHAPE(2, 2), 0.0f, 0.0f, 0.0f, 0.0f);
    struct dsi_port flat = NODE(&graph, "flat", "Reshape", w, I32(&graph, "to", SHAPE(1), 4));

    (void)state;
    memcpy(bytes + 1, values, sizeof(values));
    graph.nodes[w.node].value.bytes.data = bytes + 1;
    EXPECT_F32(OP(&graph, NODE(&graph, "p", "MatMul", x, w), x), SHAPE(1, 2), 31.0f, 42.0f);
    EXPECT_F32(OP(&graph, NODE(&graph, "q", "Add", w, x), x), SHAPE(2, 2), 2.0f, 12.0f, 4.0f,
               14.0f);
    EXPECT_F32(OP(&graph, NODE(&graph, "r", "Relu", flat), x), SHAPE(4), 1.0f, 2.0f, 3.0f, 4.0f);
    EXPECT_F32(OP(&graph, w, x), SHAPE(2, 2), 1.0f, 2.0f, 3.0f, 4.0f);
}

/* Two nodes multiply by the same constant, one through an Identity. */
static void a_weight_of_two_nodes_is_packed_once(void **state) {
    static float values[16 * 16];
    const struct dsi_shape shape = SHAPE(1, 16);
    struct dsi_port x = test_add_placeholder(&graph, "x", DSI_DTYPE_F32);
    struct dsi_port w =
        test_add_constant(&graph, "w", DSI_DTYPE_F32, SHAPE(16, 16), values, sizeof(values));
    struct dsi_port p = NODE(&graph, "p", "MatMul", x, w);
    struct dsi_port q = NODE(&graph, "q", "MatMul", p, NODE(&graph, "read", "Identity", w));
    struct dsi_plan_sizes sizes;
    struct dsi_kernels native;
    struct dsi_plan *plan;

    (void)state;
    INPUTS(&graph, x);
    OUTPUTS(&graph, q);
    plan = make_plan(DSI_KERNELS_REFERENCE, &shape);
    dsi_plan_get_sizes(plan, &sizes);
    assert_int_equal(sizes.weights, sizeof(values));
    assert_int_equal(sizes.packed, 0); /* in place */
    dsi_plan_destroy(plan);
    dsi_kernels_init(&native, DSI_KERNELS_NATIVE, dsi_cpu_get_flags());
    plan = make_plan(DSI_KERNELS_NATIVE, &shape);
    dsi_plan_get_sizes(plan, &sizes);
    assert_int_equal(sizes.weights, native.products[DSI_PRECISION_F32].get_packed_size(16, 16));
    assert_int_equal(sizes.packed,
                     native.products[DSI_PRECISION_F32].is_in_place ? 0 : sizes.weights);
    assert_int_equal(sizes.recurrent, 0);
    dsi_plan_destroy(plan);
}

/* Packing in slices of whole rows, from a mapping whose pages are dropped: 5 MiB in two slices. */
static void a_big_weight_is_packed_in_slices(void **state) {
    enum { K = 1300, N = 1024 };
    const struct dsi_shape shape = SHAPE(1, K);
    char path[TEST_PATH_SIZE];
    struct dsi_mapped_file file;
    struct dsi_port x = test_add_placeholder(&graph, "x", DSI_DTYPE_F32);
    struct dsi_port w = test_add_node(&graph, "w", "Const", NULL, 0);
    struct dsi_tensor *value = &graph.nodes[w.node].value;
    static float in[K], out[N];
    const void *ins[] = {in};
    void *outs[] = {out};
    struct dsi_plan *plan;
    struct dsi_run *run;
    FILE *stream;
    size_t i, k;

    (void)state;
    snprintf(path, sizeof(path), "%s/test_plan.tmp", getenv("DSINFER_BUILD"));
    stream = fopen(path, "wb");
    assert_non_null(stream);
    for (i = 0; i < K; i++) {
        for (k = 0; k < N; k++) {
            const float element = i == k ? 2.0f : i == 1290 && k == 3 ? 5.0f : 0.0f;

            assert_int_equal(fwrite(&element, sizeof(element), 1, stream), 1);
        }
        in[i] = (float)i;
    }
    fclose(stream);
    assert_int_equal(dsi_mapped_file_open(&file, path, NULL), DSINFER_OK);
    *value = (struct dsi_tensor){DSI_DTYPE_F32, SHAPE(K, N), file.bytes, &file};
    INPUTS(&graph, x);
    OUTPUTS(&graph, NODE(&graph, "p", "MatMul", x, w));
    plan = make_plan(DSI_KERNELS_NATIVE, &shape);
    assert_int_equal(dsi_run_create(plan, &shape, NULL, &run, NULL), DSINFER_OK);
    assert_int_equal(dsi_run_execute(run, ins, outs, NULL), DSINFER_OK);
    for (i = 0; i < N; i++) {
        assert_true(out[i] == 2.0f * (float)i + (i == 3 ? 5.0f * 1290.0f : 0.0f));
    }
    dsi_run_destroy(run);
    dsi_plan_destroy(plan);
    dsi_mapped_file_close(&file);
    remove(path);
}

/* Work that a file makes a plan do is limited: what goes beyond is left to the run. */
static void computing_constants_has_a_limit(void **state) {
    static float values[1 << 20];
    struct dsi_port sum =
        test_add_constant(&graph, "x", DSI_DTYPE_F32, SHAPE(1 << 20), values, sizeof(values));
    struct dsi_plan *plan;
    char name[16];
    int i;

    (void)state;
    for (i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "sum%d", i);
        sum = NODE(&graph, name, "Relu", sum);
    }
    OUTPUTS(&graph, sum);
    plan = make_plan(DSI_KERNELS_REFERENCE, NULL);
    assert_in_range(dsi_plan_get_n_steps(plan), 960, 980); /* 8 of 256 MiB each */
    dsi_plan_destroy(plan);
}

/* As many nodes as a graph may have, in a chain, and all live until the end. */
static void the_largest_graph_plans_and_runs(void **state) {
    enum { N_SUMS = 64, N_CHAIN = DSI_GRAPH_MAX_NODES - 2 - N_SUMS };
    const struct dsi_shape shape = SHAPE(1);
    struct dsi_port x = test_add_placeholder(&graph, "x", DSI_DTYPE_F32);
    const float in = 3.0f;
    static float out[N_SUMS * DSI_GRAPH_MAX_INPUTS];
    struct dsi_port sums[N_SUMS], all;
    const void *ins[] = {&in};
    void *outs[] = {out};
    struct dsi_plan *plan;
    struct dsi_run *run;
    uint32_t i, k;

    (void)state;
    for (i = 0; i < N_CHAIN; i++) {
        char name[16];

        snprintf(name, sizeof(name), "y%u", (unsigned)i);
        NODE(&graph, name, "Relu", {i, 0});
    }
    for (i = 0; i < N_SUMS; i++) {
        struct dsi_port inputs[DSI_GRAPH_MAX_INPUTS];
        const uint32_t first = 1 + i * (DSI_GRAPH_MAX_INPUTS - 2);
        char name[16];

        for (k = 0; k < DSI_GRAPH_MAX_INPUTS; k++) {
            inputs[k] = (struct dsi_port){k ? first + k : N_CHAIN, 0};
        }
        snprintf(name, sizeof(name), "sum%u", (unsigned)i);
        sums[i] = test_add_node(&graph, name, "Pack", inputs, DSI_GRAPH_MAX_INPUTS);
    }
    all = test_add_node(&graph, "all", "Pack", sums, N_SUMS);
    INPUTS(&graph, x);
    OUTPUTS(&graph, all);
    assert_int_equal(dsi_graph_verify(&graph, NULL), DSINFER_OK);
    plan = make_plan(DSI_KERNELS_REFERENCE, &shape);
    assert_int_equal(dsi_run_create(plan, &shape, NULL, &run, NULL), DSINFER_OK);
    assert_int_equal(dsi_run_execute(run, ins, outs, NULL), DSINFER_OK);
    assert_true(out[0] == 3.0f && out[N_SUMS * DSI_GRAPH_MAX_INPUTS - 1] == 3.0f);
    dsi_run_destroy(run);
    dsi_plan_destroy(plan);
}

static void wrong_shapes_of_inputs_are_refused(void **state) {
    const struct dsi_shape good = SHAPE(2), open = SHAPE(-1), huge = SHAPE(1 << 20, 1 << 20);
    struct dsi_port x = test_add_placeholder(&graph, "x", DSI_DTYPE_F32);
    struct dsi_port bare = test_add_node(&graph, "bare", "Placeholder", NULL, 0);
    struct dsinfer_error err = {0};
    struct dsi_plan *plan;
    struct dsi_kernels kernels;

    (void)state;
    dsi_kernels_init(&kernels, DSI_KERNELS_REFERENCE, 0);
    INPUTS(&graph, x);
    OUTPUTS(&graph, NODE(&graph, "y", "Relu", x));
    assert_int_equal(dsi_plan_create(&graph, &kernels, &open, &plan, &err), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsi_plan_create(&graph, &kernels, &huge, &plan, &err), DSINFER_ERR_LIMIT);
    INPUTS(&graph, bare);
    assert_int_equal(dsi_plan_create(&graph, &kernels, &good, &plan, &err),
                     DSINFER_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "'bare'"));
}

static void every_failed_allocation_is_reported(void **state) {
    enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
    const struct dsi_shape shape = SHAPE(2, 2);
    struct dsi_port x = test_add_placeholder(&graph, "x", DSI_DTYPE_F32);
    struct dsi_port w = F32(&graph, "w", SHAPE(2, 2), 1.0f, 2.0f, 3.0f, 4.0f);
    struct dsi_port p = NODE(&graph, "p", "MatMul", x, w);
    struct dsi_port sum = NODE(&graph, "sum", "Add", w, w);
    struct dsi_kernels kernels;
    long k;

    (void)state;
    INPUTS(&graph, x);
    OUTPUTS(&graph, NODE(&graph, "y", "Add", p, sum));
    dsi_kernels_init(&kernels, DSI_KERNELS_NATIVE, dsi_cpu_get_flags());
    for (k = 0; status != DSINFER_OK; k++) {
        struct dsi_plan *plan = NULL;
        struct dsi_run *run = NULL;

        dsi_alloc_fail_after(k);
        status = dsi_plan_create(&graph, &kernels, &shape, &plan, NULL);
        if (status == DSINFER_OK) {
            status = dsi_run_create(plan, &shape, NULL, &run, NULL);
        }
        dsi_alloc_fail_after(-1);
        assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
        assert_true(run == NULL || status == DSINFER_OK);
        dsi_run_destroy(run);
        dsi_plan_destroy(plan);
    }
    assert_true(k > 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_unknown_op_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(a_placeholder_must_be_an_input, setup, teardown),
        cmocka_unit_test_setup_teardown(an_output_that_a_node_has_not_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(strings_may_lie_about_but_not_be_computed_with, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_no_output_needs_is_not_looked_at, setup, teardown),
        cmocka_unit_test_setup_teardown(an_input_may_be_any_port, setup, teardown),
        cmocka_unit_test_setup_teardown(what_follows_from_constants_is_computed_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_only_a_shape_needed_is_not_run, setup, teardown),
        cmocka_unit_test_setup_teardown(constants_at_any_address_are_used, setup, teardown),
        cmocka_unit_test_setup_teardown(a_weight_of_two_nodes_is_packed_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_big_weight_is_packed_in_slices, setup, teardown),
        cmocka_unit_test_setup_teardown(computing_constants_has_a_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(the_largest_graph_plans_and_runs, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_shapes_of_inputs_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(every_failed_allocation_is_reported, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
