/* ops: Fill, Range, Gather, GatherV2, GatherNd, Max, Softmax.
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

static void fill_repeats_a_scalar(void **state) {
    struct dsi_port dims = I32(&graph, "dims", SHAPE(2), 2, 2);
    struct dsi_port none = I64(&graph, "none", SHAPE(2), 0, 5);
    struct dsi_port value = F32(&graph, "value", SCALAR, 1.5f);
    struct dsi_port wide = I64(&graph, "wide", SCALAR, 7);

    (void)state;
    EXPECT_F32(OP(&graph, NODE(&graph, "a", "Fill", dims, value), value), SHAPE(2, 2), 1.5f, 1.5f,
               1.5f, 1.5f);
    EXPECT_I64(OP(&graph, NODE(&graph, "b", "Fill", dims, wide), wide), SHAPE(2, 2), 7, 7, 7, 7);
    EXPECT_EMPTY(OP(&graph, NODE(&graph, "c", "Fill", none, value), value), DSI_DTYPE_F32,
                 SHAPE(0, 5));
}

static void a_huge_fill_is_refused(void **state) {
    struct dsi_port huge = I64(&graph, "huge", SHAPE(2), 1 << 20, 1 << 20);
    struct dsi_port wide = I64(&graph, "wide", SHAPE(2), 0, INT64_MAX);
    struct dsi_port less = I32(&graph, "less", SHAPE(1), -2);
    struct dsi_port value = F32(&graph, "value", SCALAR, 1.5f);

    (void)state;
    test_expect_refused(&graph, NODE(&graph, "a", "Fill", huge, value), DSINFER_ERR_LIMIT,
                        "'a' would be a float32 value of shape [1048576,1048576]");
    test_expect_refused(&graph, NODE(&graph, "b", "Fill", wide, value), DSINFER_ERR_LIMIT, "'b'");
    test_expect_refused(&graph, NODE(&graph, "c", "Fill", less, value), DSINFER_ERR_MALFORMED,
                        "node 'c': dimension 0 is -2");
    test_expect_refused(&graph, NODE(&graph, "d", "Fill", huge, less), DSINFER_ERR_MALFORMED,
                        "'d'");
}

/* A range must follow from constants: node "unread" is the input that the checks want. */
static void expect_i32_range(const char *name, struct dsi_port start, struct dsi_port limit,
                             struct dsi_port delta, size_t n, const int32_t *values) {
    struct dsi_port unread = {0};

    assert_true(dsi_graph_find_node(&graph, "unread", &unread.node));
    test_expect(OP(&graph, NODE(&graph, name, "Range", start, limit, delta), unread), DSI_DTYPE_I32,
                SHAPE((int64_t)n), values, n * sizeof(*values), 0.0);
}

static void a_range_stops_before_its_limit(void **state) {
    struct dsi_port unread = F32(&graph, "unread", SCALAR, 0.0f);
    struct dsi_port zero = I32(&graph, "zero", SCALAR, 0);
    struct dsi_port seven = I32(&graph, "seven", SCALAR, 7);
    struct dsi_port three = I32(&graph, "three", SCALAR, 3);
    struct dsi_port down = I32(&graph, "down", SCALAR, -3);
    struct dsi_port low = I64(&graph, "low", SCALAR, INT64_MIN);
    struct dsi_port high = I64(&graph, "high", SCALAR, INT64_MAX);
    struct dsi_port f0 = F32(&graph, "f0", SCALAR, 0.0f);
    struct dsi_port f1 = F32(&graph, "f1", SCALAR, 0.45f);
    struct dsi_port f2 = F32(&graph, "f2", SCALAR, 0.1f);
    const float tenths[] = {0.0f, 0.1f, 0.1f + 0.1f, 0.1f + 0.1f + 0.1f, 0.1f + 0.1f + 0.1f + 0.1f};

    (void)state;
    expect_i32_range("a", zero, seven, three, 3, (const int32_t[]){0, 3, 6});
    expect_i32_range("b", seven, zero, down, 3, (const int32_t[]){7, 4, 1});
    expect_i32_range("c", seven, seven, three, 0, NULL);
    test_expect(OP(&graph, NODE(&graph, "d", "Range", f0, f1, f2), unread), DSI_DTYPE_F32, SHAPE(5),
                tenths, sizeof(tenths), 0.0);
    test_expect_refused(&graph, NODE(&graph, "e", "Range", zero, seven, down),
                        DSINFER_ERR_MALFORMED, "'e'");
    test_expect_refused(&graph, NODE(&graph, "f", "Range", zero, seven, zero),
                        DSINFER_ERR_MALFORMED, "'f'");
    test_expect_refused(&graph, NODE(&graph, "g", "Range", f0, f1, f0), DSINFER_ERR_MALFORMED,
                        "'g'");
    test_expect_refused(&graph,
                        NODE(&graph, "h", "Range", low, high, I64(&graph, "one", SCALAR, 1)),
                        DSINFER_ERR_LIMIT, "node 'h': the range has 18446744073709551616");
    EXPECT_I64(OP(&graph, NODE(&graph, "i", "Range", low, high, high), unread), SHAPE(3), INT64_MIN,
               -1, INT64_MAX - 1);
}

static void gather_picks_slices(void **state) {
    struct dsi_port x = F32(&graph, "x", SHAPE(3, 2), 0.0f, 1.0f, 2.0f, 3.0f, 4.0f, 5.0f);
    struct dsi_port at = I32(&graph, "at", SHAPE(2, 2), 2, 0, 0, 1);
    struct dsi_port one = I64(&graph, "one", SCALAR, 1);
    struct dsi_port axis = I32(&graph, "axis", SCALAR, 0);

    (void)state;
    EXPECT_F32(OP(&graph, NODE(&graph, "a", "Gather", x, at), x, at), SHAPE(2, 2, 2), 4.0f, 5.0f,
               0.0f, 1.0f, 0.0f, 1.0f, 2.0f, 3.0f);
    EXPECT_F32(OP(&graph, NODE(&graph, "b", "GatherV2", x, one, axis), x, one), SHAPE(2), 2.0f,
               3.0f);
    test_expect_refused(&graph,
                        NODE(&graph, "c", "GatherV2", x, one, I32(&graph, "other", SCALAR, 1)),
                        DSINFER_ERR_UNSUPPORTED, "node 'c': GatherV2 along axis 1");
    test_expect_refused(&graph, NODE(&graph, "d", "Gather", one, one), DSINFER_ERR_MALFORMED,
                        "'d'");
    test_expect_refused(&graph, NODE(&graph, "e", "Gather", x, x), DSINFER_ERR_UNSUPPORTED, "'e'");
}

static void gather_nd_picks_by_several_indices(void **state) {
    struct dsi_port x = I32(&graph, "x", SHAPE(2, 2, 2), 0, 1, 2, 3, 4, 5, 6, 7);
    struct dsi_port at2 = I32(&graph, "at2", SHAPE(2, 2), 1, 0, 0, 1);
    struct dsi_port at3 = I32(&graph, "at3", SHAPE(3), 1, 0, 1);
    struct dsi_port none = test_add_constant(&graph, "none", DSI_DTYPE_I32, SHAPE(0, 2), "", 0);
    struct dsi_port all = test_add_constant(&graph, "all", DSI_DTYPE_I32, SHAPE(1, 0), "", 0);
    struct dsi_port at4 = I32(&graph, "at4", SHAPE(4), 0, 0, 0, 0);

    (void)state;
    EXPECT_I32(OP(&graph, NODE(&graph, "a", "GatherNd", x, at2), x, at2), SHAPE(2, 2), 4, 5, 2, 3);
    EXPECT_I32(OP(&graph, NODE(&graph, "b", "GatherNd", x, at3), x, at3), SCALAR, 5);
    EXPECT_EMPTY(OP(&graph, NODE(&graph, "c", "GatherNd", x, none), x, none), DSI_DTYPE_I32,
                 SHAPE(0, 2));
    EXPECT_I32(OP(&graph, NODE(&graph, "d", "GatherNd", x, all), x, all), SHAPE(1, 2, 2, 2), 0, 1,
               2, 3, 4, 5, 6, 7);
    test_expect_refused(&graph, NODE(&graph, "e", "GatherNd", x, at4), DSINFER_ERR_MALFORMED,
                        "node 'e': indices of shape [4] do not point into 3 dimensions");
}

static void indices_out_of_range_fail_when_they_are_known(void **state) {
    struct dsi_port x = F32(&graph, "x", SHAPE(3), 0.0f, 1.0f, 2.0f);
    struct dsi_port at = I32(&graph, "at", SHAPE(2), 0, 3);
    struct dsi_port less = I32(&graph, "less", SHAPE(1, 1), -1);
    struct dsi_port a = NODE(&graph, "a", "Gather", x, at);
    struct dsi_port b = NODE(&graph, "b", "GatherNd", x, less);

    (void)state;
    test_expect_run_fails(OP(&graph, a, at), "node 'a': index 1 is 3, but must be in 0 to 2");
    test_expect_run_fails(OP(&graph, b, less), "node 'b': index 0 is -1");
    test_expect_refused(&graph, a, DSINFER_ERR_MALFORMED, "node 'a': index 1 is 3");
}

static void max_goes_over_any_axes(void **state) {
    struct dsi_port x = I32(&graph, "x", SHAPE(2, 3), 3, -1, 2, 7, 0, -5);
    struct dsi_port f = F32(&graph, "f", SHAPE(2, 3), 3.0f, -1.0f, 2.0f, 7.0f, 0.0f, -5.0f);
    struct dsi_port wide = I64(&graph, "wide", SHAPE(2), -3, -4);
    struct dsi_port first = I32(&graph, "first", SHAPE(1), 0);
    struct dsi_port last = I32(&graph, "last", SCALAR, -1);
    struct dsi_port both = I32(&graph, "both", SHAPE(2), 0, 1);
    struct dsi_port no = test_add_constant(&graph, "no", DSI_DTYPE_I32, SHAPE(0), "", 0);
    struct dsi_port kept = NODE(&graph, "kept", "Max", x, last);

    (void)state;
    EXPECT_I32(OP(&graph, NODE(&graph, "a", "Max", x, first), x), SHAPE(3), 7, 0, 2);
    EXPECT_F32(OP(&graph, NODE(&graph, "b", "Max", f, last), f), SHAPE(2), 3.0f, 7.0f);
    EXPECT_I32(OP(&graph, NODE(&graph, "c", "Max", x, both), x), SCALAR, 7);
    EXPECT_I32(OP(&graph, NODE(&graph, "d", "Max", x, no), x), SHAPE(2, 3), 3, -1, 2, 7, 0, -5);
    EXPECT_I64(OP(&graph, NODE(&graph, "e", "Max", wide, first), wide), SCALAR, -3);
    ATTRS(&graph, kept, ATTR_BOOL("keep_dims", true));
    EXPECT_I32(OP(&graph, kept, x), SHAPE(2, 1), 3, 7);
    test_expect_refused(&graph, NODE(&graph, "f2", "Max", x, I32(&graph, "beyond", SHAPE(1), 2)),
                        DSINFER_ERR_MALFORMED, "node 'f2': axis 2 is not among 2 dimensions");
}

static void the_maximum_of_nothing_is_the_lowest_number(void **state) {
    struct dsi_port x = test_add_constant(&graph, "x", DSI_DTYPE_F32, SHAPE(0, 2), "", 0);
    struct dsi_port first = I32(&graph, "first", SHAPE(1), 0);

    (void)state;
    EXPECT_F32(OP(&graph, NODE(&graph, "a", "Max", x, first), x), SHAPE(2), -INFINITY, -INFINITY);
}

static void softmax_goes_over_the_last_axis(void **state) {
    struct dsi_port x =
        F32(&graph, "x", SHAPE(3, 3), 1.0f, 2.0f, 3.0f, -1000.0f, 0.0f, 1000.0f, 0.0f, 0.0f, 0.0f);
    struct dsi_port none = test_add_constant(&graph, "none", DSI_DTYPE_F32, SHAPE(3, 0), "", 0);
    struct dsi_port scalar = F32(&graph, "scalar", SCALAR, 1.0f);

    (void)state;
    EXPECT_NEAR(OP(&graph, NODE(&graph, "a", "Softmax", x), x), 1e-7, SHAPE(3, 3), 0.0900305732f,
                0.244728471f, 0.665240956f, 0.0f, 0.0f, 1.0f, 0.333333333f, 0.333333333f,
                0.333333333f);
    EXPECT_EMPTY(OP(&graph, NODE(&graph, "b", "Softmax", none), none), DSI_DTYPE_F32, SHAPE(3, 0));
    test_expect_refused(&graph, NODE(&graph, "c", "Softmax", scalar), DSINFER_ERR_MALFORMED, "'c'");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fill_repeats_a_scalar, setup, teardown),
        cmocka_unit_test_setup_teardown(a_huge_fill_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_range_stops_before_its_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(gather_picks_slices, setup, teardown),
        cmocka_unit_test_setup_teardown(gather_nd_picks_by_several_indices, setup, teardown),
        cmocka_unit_test_setup_teardown(indices_out_of_range_fail_when_they_are_known, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(max_goes_over_any_axes, setup, teardown),
        cmocka_unit_test_setup_teardown(the_maximum_of_nothing_is_the_lowest_number, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(softmax_goes_over_the_last_axis, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
