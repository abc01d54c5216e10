/* ops: Add, Mul, Minimum, Less, BiasAdd, Relu, Cast.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/support/op_check.h"

#include <math.h>

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

static void equal_shapes_go_element_by_element(void **state) {
    struct dsi_port a = F32(&graph, "a", SHAPE(2, 2), 1.0f, 2.0f, 3.0f, 4.0f);
    struct dsi_port b = F32(&graph, "b", SHAPE(2, 2), 0.5f, -2.0f, 5.0f, 0.25f);

    (void)state;
    EXPECT_F32(OP(&graph, NODE(&graph, "add", "Add", a, b), a, b), SHAPE(2, 2), 1.5f, 0.0f, 8.0f,
               4.25f);
    EXPECT_F32(OP(&graph, NODE(&graph, "v2", "AddV2", a, b), a, b), SHAPE(2, 2), 1.5f, 0.0f, 8.0f,
               4.25f);
    EXPECT_F32(OP(&graph, NODE(&graph, "mul", "Mul", a, b), a, b), SHAPE(2, 2), 0.5f, -4.0f, 15.0f,
               1.0f);
    EXPECT_F32(OP(&graph, NODE(&graph, "min", "Minimum", a, b), a, b), SHAPE(2, 2), 0.5f, -2.0f,
               3.0f, 0.25f);
    EXPECT_BOOL(OP(&graph, NODE(&graph, "less", "Less", a, b), a, b), SHAPE(2, 2), 0, 0, 1, 0);
}

static void integers_wrap_around(void **state) {
    struct dsi_port a = I32(&graph, "a", SHAPE(2), INT32_MAX, -7);
    struct dsi_port b = I32(&graph, "b", SHAPE(2), 2, 3);
    struct dsi_port c = I64(&graph, "c", SHAPE(2), INT64_MAX, -7);
    struct dsi_port d = I64(&graph, "d", SHAPE(2), 2, 3);

    (void)state;
    EXPECT_I32(OP(&graph, NODE(&graph, "add", "Add", a, b), a, b), SHAPE(2), INT32_MIN + 1, -4);
    EXPECT_I32(OP(&graph, NODE(&graph, "mul", "Mul", a, b), a, b), SHAPE(2), -2, -21);
    EXPECT_I32(OP(&graph, NODE(&graph, "min", "Minimum", a, b), a, b), SHAPE(2), 2, -7);
    EXPECT_I64(OP(&graph, NODE(&graph, "add64", "Add", c, d), c, d), SHAPE(2), INT64_MIN + 1, -4);
    EXPECT_I64(OP(&graph, NODE(&graph, "mul64", "Mul", c, d), c, d), SHAPE(2), -2, -21);
    EXPECT_I64(OP(&graph, NODE(&graph, "min64", "Minimum", c, d), c, d), SHAPE(2), 2, -7);
    EXPECT_BOOL(OP(&graph, NODE(&graph, "less", "Less", c, d), c, d), SHAPE(2), 0, 1);
    EXPECT_BOOL(OP(&graph, NODE(&graph, "less32", "Less", a, b), a, b), SHAPE(2), 0, 1);
}

static void missing_and_single_dimensions_are_repeated(void **state) {
    struct dsi_port row = I32(&graph, "row", SHAPE(3), 1, 2, 3);
    struct dsi_port column = I32(&graph, "column", SHAPE(2, 1), 10, 20);
    struct dsi_port scalar = I32(&graph, "scalar", SCALAR, 100);
    struct dsi_port block = I32(&graph, "block", SHAPE(2, 1, 2), 1, 2, 3, 4);
    struct dsi_port flat = I32(&graph, "flat", SHAPE(1, 2, 1), 10, 20);

    (void)state;
    EXPECT_I32(OP(&graph, NODE(&graph, "a", "Add", row, column), row, column), SHAPE(2, 3), 11, 12,
               13, 21, 22, 23);
    EXPECT_I32(OP(&graph, NODE(&graph, "b", "Add", column, row), row, column), SHAPE(2, 3), 11, 12,
               13, 21, 22, 23);
    EXPECT_I32(OP(&graph, NODE(&graph, "c", "Add", scalar, row), row, scalar), SHAPE(3), 101, 102,
               103);
    EXPECT_I32(OP(&graph, NODE(&graph, "d", "Add", scalar, scalar), scalar), SCALAR, 200);
    EXPECT_I32(OP(&graph, NODE(&graph, "e", "Add", block, flat), block, flat), SHAPE(2, 2, 2), 11,
               12, 21, 22, 13, 14, 23, 24);
}

static void a_dimension_of_zero_leaves_nothing(void **state) {
    struct dsi_port none = test_add_constant(&graph, "none", DSI_DTYPE_F32, SHAPE(0, 3), "", 0);
    struct dsi_port row = F32(&graph, "row", SHAPE(3), 1.0f, 2.0f, 3.0f);
    struct dsi_port one = F32(&graph, "one", SHAPE(1, 3), 1.0f, 2.0f, 3.0f);

    (void)state;
    EXPECT_EMPTY(OP(&graph, NODE(&graph, "a", "Add", none, row), none, row), DSI_DTYPE_F32,
                 SHAPE(0, 3));
    EXPECT_EMPTY(OP(&graph, NODE(&graph, "b", "Less", one, none), none, one), DSI_DTYPE_BOOL,
                 SHAPE(0, 3));
    EXPECT_EMPTY(OP(&graph, NODE(&graph, "c", "Relu", none), none), DSI_DTYPE_F32, SHAPE(0, 3));
}

static void a_bias_is_added_to_every_row(void **state) {
    struct dsi_port x = F32(&graph, "x", SHAPE(2, 1, 2), 1.0f, 2.0f, 3.0f, 4.0f);
    struct dsi_port b = F32(&graph, "b", SHAPE(2), 10.0f, 20.0f);
    struct dsi_port wrong = F32(&graph, "wrong", SHAPE(1), 10.0f);
    const struct dsi_attr nchw = {
        .name = "data_format", .kind = DSI_ATTR_STRING, .u.bytes = {(const uint8_t *)"NCHW", 4}};
    struct dsi_port sum;

    (void)state;
    EXPECT_F32(OP(&graph, NODE(&graph, "sum", "BiasAdd", x, b), x, b), SHAPE(2, 1, 2), 11.0f, 22.0f,
               13.0f, 24.0f);
    test_expect_refused(&graph, NODE(&graph, "bad", "BiasAdd", x, wrong), DSINFER_ERR_MALFORMED,
                        "'bad': input 1 has shape [1], but BiasAdd needs [2]");
    sum = NODE(&graph, "nchw", "BiasAdd", x, b);
    test_set_attrs(&graph, sum, &nchw, 1);
    test_expect_refused(&graph, sum, DSINFER_ERR_UNSUPPORTED, "NCHW");
}

static void relu_and_minimum_keep_nan(void **state) {
    struct dsi_port x = F32(&graph, "x", SHAPE(4), -1.0f, 2.0f, NAN, INFINITY);
    struct dsi_port limit = F32(&graph, "limit", SCALAR, 20.0f);

    (void)state;
    EXPECT_F32(OP(&graph, NODE(&graph, "relu", "Relu", x), x), SHAPE(4), 0.0f, 2.0f, NAN, INFINITY);
    EXPECT_F32(OP(&graph, NODE(&graph, "min", "Minimum", x, limit), x, limit), SHAPE(4), -1.0f,
               2.0f, NAN, 20.0f);
}

static struct dsi_port add_cast(const char *name, struct dsi_port from, enum dsi_dtype dtype) {
    struct dsi_port port = NODE(&graph, name, "Cast", from);

    ATTRS(&graph, port, ATTR_TYPE("DstT", dtype));
    return port;
}

static void cast_cuts_towards_zero_and_stays_in_range(void **state) {
    struct dsi_port f = F32(&graph, "f", SHAPE(6), 1.9f, -1.9f, 0.0f, 3e9f, NAN, -1e30f);
    struct dsi_port wide = I64(&graph, "wide", SHAPE(3), -1, 1LL << 32, 5);
    struct dsi_port narrow = I32(&graph, "narrow", SHAPE(2), -3, 0);
    struct dsi_port truth = add_cast("truth", narrow, DSI_DTYPE_BOOL);

    (void)state;
    EXPECT_I32(OP(&graph, add_cast("a", f, DSI_DTYPE_I32), f), SHAPE(6), 1, -1, 0, INT32_MIN,
               INT32_MIN, INT32_MIN);
    EXPECT_I64(OP(&graph, add_cast("b", f, DSI_DTYPE_I64), f), SHAPE(6), 1, -1, 0, 3000000000,
               INT64_MIN, INT64_MIN);
    EXPECT_BOOL(OP(&graph, add_cast("c", f, DSI_DTYPE_BOOL), f), SHAPE(6), 1, 1, 0, 1, 1, 1);
    EXPECT_I32(OP(&graph, add_cast("d", wide, DSI_DTYPE_I32), wide), SHAPE(3), -1, 0, 5);
    EXPECT_F32(OP(&graph, add_cast("e", wide, DSI_DTYPE_F32), wide), SHAPE(3), -1.0f, 4294967296.0f,
               5.0f);
    EXPECT_I64(OP(&graph, add_cast("g", narrow, DSI_DTYPE_I64), narrow), SHAPE(2), -3, 0);
    EXPECT_BOOL(OP(&graph, truth, narrow), SHAPE(2), 1, 0);
    EXPECT_F32(OP(&graph, add_cast("h", truth, DSI_DTYPE_F32), narrow), SHAPE(2), 1.0f, 0.0f);
    test_expect_refused(&graph, add_cast("string", narrow, DSI_DTYPE_STRING),
                        DSINFER_ERR_UNSUPPORTED, "'string'");
}

static void what_does_not_go_together_is_named(void **state) {
    struct dsi_port two = F32(&graph, "two", SHAPE(2), 1.0f, 2.0f);
    struct dsi_port three = F32(&graph, "three", SHAPE(3), 1.0f, 2.0f, 3.0f);
    struct dsi_port whole = I32(&graph, "whole", SHAPE(2), 1, 2);

    (void)state;
    test_expect_refused(&graph, NODE(&graph, "a", "Add", two, three), DSINFER_ERR_MALFORMED,
                        "node 'a': shapes [2] and [3]");
    test_expect_refused(&graph, NODE(&graph, "b", "Mul", two, whole), DSINFER_ERR_MALFORMED,
                        "node 'b': input 1 is int32, but input 0 is float32");
    test_expect_refused(&graph, NODE(&graph, "c", "Relu", whole), DSINFER_ERR_UNSUPPORTED,
                        "node 'c': Relu does not take an input 0 of type int32");
    test_expect_refused(&graph, NODE(&graph, "d", "Add", two), DSINFER_ERR_MALFORMED,
                        "node 'd' has 1 inputs, but Add takes 2");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(equal_shapes_go_element_by_element, setup, teardown),
        cmocka_unit_test_setup_teardown(integers_wrap_around, setup, teardown),
        cmocka_unit_test_setup_teardown(missing_and_single_dimensions_are_repeated, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_dimension_of_zero_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bias_is_added_to_every_row, setup, teardown),
        cmocka_unit_test_setup_teardown(relu_and_minimum_keep_nan, setup, teardown),
        cmocka_unit_test_setup_teardown(cast_cuts_towards_zero_and_stays_in_range, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not_go_together_is_named, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
