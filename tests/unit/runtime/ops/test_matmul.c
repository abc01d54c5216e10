/* ops: MatMul and Dense.
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

/* All sums below are exact in float. */
#define A_VALUES -0.5f, -0.25f, 0.0f, 0.25f, 0.5f, 0.75f
#define A_FLIPPED -0.5f, 0.25f, -0.25f, 0.5f, 0.0f, 0.75f
#define B_VALUES                                                                                   \
    -1.0f, -0.875f, -0.75f, -0.625f, -0.5f, -0.375f, -0.25f, -0.125f, 0.0f, 0.125f, 0.25f, 0.375f
#define B_FLIPPED                                                                                  \
    -1.0f, -0.5f, 0.0f, -0.875f, -0.375f, 0.125f, -0.75f, -0.25f, 0.25f, -0.625f, -0.125f, 0.375f
#define PRODUCT 0.625f, 0.53125f, 0.4375f, 0.34375f, -0.5f, -0.3125f, -0.125f, 0.0625f

static struct dsi_port add_product(const char *name, struct dsi_port a, struct dsi_port b,
                                   bool a_flip, bool b_flip) {
    struct dsi_port port = NODE(&graph, name, "MatMul", a, b);

    ATTRS(&graph, port, ATTR_BOOL("transpose_a", a_flip), ATTR_BOOL("transpose_b", b_flip));
    return port;
}

static void both_operands_may_be_transposed_and_computed(void **state) {
    struct dsi_port a = F32(&graph, "a", SHAPE(2, 3), A_VALUES);
    struct dsi_port at = F32(&graph, "at", SHAPE(3, 2), A_FLIPPED);
    struct dsi_port b = F32(&graph, "b", SHAPE(3, 4), B_VALUES);
    struct dsi_port bt = F32(&graph, "bt", SHAPE(4, 3), B_FLIPPED);

    (void)state;
    EXPECT_F32(OP(&graph, add_product("p", a, b, false, false), a), SHAPE(2, 4), PRODUCT);
    EXPECT_F32(OP(&graph, add_product("q", at, b, true, false), at), SHAPE(2, 4), PRODUCT);
    EXPECT_F32(OP(&graph, add_product("r", a, bt, false, true), a), SHAPE(2, 4), PRODUCT);
    EXPECT_F32(OP(&graph, add_product("s", at, bt, true, true), at), SHAPE(2, 4), PRODUCT);
    EXPECT_F32(OP(&graph, add_product("t", a, b, false, false), a, b), SHAPE(2, 4), PRODUCT);
    EXPECT_F32(OP(&graph, add_product("u", at, bt, true, true), at, bt), SHAPE(2, 4), PRODUCT);
}

static void a_product_over_nothing_is_zero(void **state) {
    struct dsi_port a = test_add_constant(&graph, "a", DSI_DTYPE_F32, SHAPE(2, 0), "", 0);
    struct dsi_port b = test_add_constant(&graph, "b", DSI_DTYPE_F32, SHAPE(0, 2), "", 0);

    (void)state;
    EXPECT_F32(OP(&graph, NODE(&graph, "p", "MatMul", a, b), a), SHAPE(2, 2), 0.0f, 0.0f, 0.0f,
               0.0f);
    EXPECT_F32(OP(&graph, NODE(&graph, "q", "MatMul", a, b), a, b), SHAPE(2, 2), 0.0f, 0.0f, 0.0f,
               0.0f);
    EXPECT_EMPTY(OP(&graph, NODE(&graph, "r", "MatMul", b, a), a, b), DSI_DTYPE_F32, SHAPE(0, 0));
}

static void matrices_that_do_not_fit_are_refused(void **state) {
    struct dsi_port a = F32(&graph, "a", SHAPE(2, 3), A_VALUES);
    struct dsi_port row = F32(&graph, "row", SHAPE(3), 1.0f, 2.0f, 3.0f);
    struct dsi_port whole = I32(&graph, "whole", SHAPE(1, 1), 1);

    (void)state;
    test_expect_refused(&graph, NODE(&graph, "p", "MatMul", a, a), DSINFER_ERR_MALFORMED,
                        "node 'p': matrices [2,3] and [2,3] cannot be multiplied");
    test_expect_refused(&graph, NODE(&graph, "q", "MatMul", a, row), DSINFER_ERR_MALFORMED, "'q'");
    test_expect_refused(&graph, NODE(&graph, "r", "MatMul", whole, whole), DSINFER_ERR_UNSUPPORTED,
                        "'r'");
}

static struct dsi_port add_clipped(const char *name, struct dsi_port x, struct dsi_port w,
                                   struct dsi_port b, float limit) {
    struct dsi_port port = NODE(&graph, name, "Dense", x, w, b);

    ATTRS(&graph, port, ATTR_FLOAT("limit", limit));
    return port;
}

static void dense_is_product_bias_and_clip_over_all_rows(void **state) {
    struct dsi_port x = F32(&graph, "x", SHAPE(2, 1, 3), A_VALUES);
    struct dsi_port row = F32(&graph, "row", SHAPE(3), -0.5f, -0.25f, 0.0f);
    struct dsi_port w = F32(&graph, "w", SHAPE(3, 4), B_VALUES);
    struct dsi_port b = F32(&graph, "b", SHAPE(4), 0.0f, 1.0f, -0.5f, 0.0f);

    (void)state;
    EXPECT_F32(OP(&graph, NODE(&graph, "linear", "Dense", x, w), x), SHAPE(2, 1, 4), PRODUCT);
    EXPECT_F32(OP(&graph, NODE(&graph, "biased", "Dense", x, w, b), x, b), SHAPE(2, 1, 4), 0.625f,
               1.53125f, -0.0625f, 0.34375f, -0.5f, 0.6875f, -0.625f, 0.0625f);
    EXPECT_F32(OP(&graph, add_clipped("clipped", x, w, b, 0.5f), x, b), SHAPE(2, 1, 4), 0.5f, 0.5f,
               0.0f, 0.34375f, 0.0f, 0.5f, 0.0f, 0.0625f);
    EXPECT_F32(OP(&graph, NODE(&graph, "vector", "Dense", row, w), row), SHAPE(4), 0.625f, 0.53125f,
               0.4375f, 0.34375f);
}

static void dense_checks_its_operands(void **state) {
    struct dsi_port x = F32(&graph, "x", SHAPE(2, 3), A_VALUES);
    struct dsi_port w = F32(&graph, "w", SHAPE(3, 4), B_VALUES);
    struct dsi_port b = F32(&graph, "b", SHAPE(4), 0.0f, 1.0f, -0.5f, 0.0f);
    struct dsi_port product = NODE(&graph, "product", "MatMul", x, w);

    (void)state;
    test_expect_refused(&graph, NODE(&graph, "a", "Dense", x, x), DSINFER_ERR_MALFORMED,
                        "node 'a': input 1 has shape [2,3], but Dense needs [3,3]");
    test_expect_refused(&graph, NODE(&graph, "b2", "Dense", x, w, x), DSINFER_ERR_MALFORMED,
                        "node 'b2': input 2 has shape [2,3], but Dense needs [4]");
    test_expect_refused(&graph, add_clipped("c", x, w, b, -1.0f), DSINFER_ERR_MALFORMED,
                        "node 'c': the limit is -1");
    test_expect_refused(&graph, add_clipped("d", x, w, b, NAN), DSINFER_ERR_MALFORMED, "'d'");
    test_expect_refused(
        &graph, NODE(&graph, "e", "Dense", F32(&graph, "y", SHAPE(1, 2), 1.0f, 1.0f), product),
        DSINFER_ERR_UNSUPPORTED, "node 'e': input 1 of Dense must follow from constants");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_operands_may_be_transposed_and_computed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_product_over_nothing_is_zero, setup, teardown),
        cmocka_unit_test_setup_teardown(matrices_that_do_not_fit_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(dense_is_product_bias_and_clip_over_all_rows, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(dense_checks_its_operands, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
