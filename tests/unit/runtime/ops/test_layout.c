/* ops: views, shapes, and moving elements around.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/support/op_check.h"

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

/* [2,3,4]: 0, 1, … 23 */
static struct dsi_port add_block(void) {
    return I32(&graph, "block", SHAPE(2, 3, 4), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
               15, 16, 17, 18, 19, 20, 21, 22, 23);
}

static void identity_is_the_same(void **state) {
    struct dsi_port x = F32(&graph, "x", SHAPE(2), 1.0f, 2.0f);

    (void)state;
    EXPECT_F32(OP(&graph, NODE(&graph, "y", "Identity", x), x), SHAPE(2), 1.0f, 2.0f);
}

static void reshape_fills_in_what_is_left_open(void **state) {
    struct dsi_port x = I32(&graph, "x", SHAPE(2, 3), 1, 2, 3, 4, 5, 6);
    struct dsi_port none = test_add_constant(&graph, "none", DSI_DTYPE_F32, SHAPE(0, 3), "", 0);
    struct dsi_port to = I32(&graph, "to", SHAPE(2), 3, -1);
    struct dsi_port wide = I64(&graph, "wide", SHAPE(3), 1, 6, 1);
    struct dsi_port empty = test_add_constant(&graph, "empty", DSI_DTYPE_I32, SHAPE(0), "", 0);
    struct dsi_port one = I32(&graph, "one", SHAPE(1, 1), 9);

    (void)state;
    EXPECT_I32(OP(&graph, NODE(&graph, "a", "Reshape", x, to), x), SHAPE(3, 2), 1, 2, 3, 4, 5, 6);
    EXPECT_I32(OP(&graph, NODE(&graph, "b", "Reshape", x, wide), x), SHAPE(1, 6, 1), 1, 2, 3, 4, 5,
               6);
    EXPECT_EMPTY(OP(&graph, NODE(&graph, "c", "Reshape", none, to), none), DSI_DTYPE_F32,
                 SHAPE(3, 0));
    EXPECT_I32(OP(&graph, NODE(&graph, "d", "Reshape", one, empty), one), SCALAR, 9);
}

static void reshape_refuses_what_does_not_fit(void **state) {
    struct dsi_port x = I32(&graph, "x", SHAPE(2, 3), 1, 2, 3, 4, 5, 6);
    struct dsi_port none = test_add_constant(&graph, "none", DSI_DTYPE_F32, SHAPE(0, 3), "", 0);

    (void)state;
    test_expect_refused(&graph, NODE(&graph, "a", "Reshape", x, I32(&graph, "i", SHAPE(2), 4, -1)),
                        DSINFER_ERR_MALFORMED, "node 'a': shape [2,3] cannot become [4,?]");
    test_expect_refused(&graph, NODE(&graph, "b", "Reshape", x, I32(&graph, "j", SHAPE(1), 7)),
                        DSINFER_ERR_MALFORMED, "cannot become [7]");
    test_expect_refused(&graph, NODE(&graph, "c", "Reshape", x, I32(&graph, "k", SHAPE(2), -1, -1)),
                        DSINFER_ERR_MALFORMED, "dimension 1 of the new shape is -1");
    test_expect_refused(&graph,
                        NODE(&graph, "d", "Reshape", none, I32(&graph, "l", SHAPE(2), 0, -1)),
                        DSINFER_ERR_MALFORMED, "'d'");
    test_expect_refused(
        &graph, NODE(&graph, "e", "Reshape", x, I64(&graph, "m", SHAPE(2), INT64_MAX, INT64_MIN)),
        DSINFER_ERR_MALFORMED, "'e'");
    test_expect_refused(&graph, NODE(&graph, "f", "Reshape", x, NODE(&graph, "r", "Identity", x)),
                        DSINFER_ERR_MALFORMED, "'f'");
}

static void a_special_zero_copies_a_dimension(void **state) {
    struct dsi_port x = I32(&graph, "x", SHAPE(2, 3, 1), 1, 2, 3, 4, 5, 6);
    struct dsi_port to = I32(&graph, "to", SHAPE(2), 0, -1);
    struct dsi_port none = test_add_constant(&graph, "none", DSI_DTYPE_F32, SHAPE(0, 3), "", 0);
    struct dsi_port y = NODE(&graph, "y", "Reshape", x, to);
    struct dsi_port z = NODE(&graph, "z", "Reshape", none, to);

    (void)state;
    ATTRS(&graph, y, ATTR_BOOL("special_zero", true));
    EXPECT_I32(OP(&graph, y, x), SHAPE(2, 3), 1, 2, 3, 4, 5, 6);
    ATTRS(&graph, z, ATTR_BOOL("special_zero", true));
    EXPECT_EMPTY(OP(&graph, z, none), DSI_DTYPE_F32, SHAPE(0, 3));
}

static void expand_dims_puts_in_a_one(void **state) {
    struct dsi_port x = I32(&graph, "x", SHAPE(2), 1, 2);
    struct dsi_port first = I32(&graph, "first", SCALAR, 0);
    struct dsi_port last = I32(&graph, "last", SHAPE(1), -1);
    struct dsi_port beyond = I32(&graph, "beyond", SCALAR, 2);

    (void)state;
    EXPECT_I32(OP(&graph, NODE(&graph, "a", "ExpandDims", x, first), x), SHAPE(1, 2), 1, 2);
    EXPECT_I32(OP(&graph, NODE(&graph, "b", "ExpandDims", x, last), x), SHAPE(2, 1), 1, 2);
    test_expect_refused(&graph, NODE(&graph, "c", "ExpandDims", x, beyond), DSINFER_ERR_MALFORMED,
                        "node 'c': axis 2");
    test_expect_refused(&graph, NODE(&graph, "d", "ExpandDims", x, x), DSINFER_ERR_MALFORMED,
                        "'d'");
}

static void a_shape_is_a_value(void **state) {
    struct dsi_port x = add_block();
    struct dsi_port scalar = I32(&graph, "scalar", SCALAR, 0);
    struct dsi_port wide = NODE(&graph, "wide", "Shape", x);

    (void)state;
    EXPECT_I32(OP(&graph, NODE(&graph, "a", "Shape", x), x), SHAPE(3), 2, 3, 4);
    ATTRS(&graph, wide, ATTR_TYPE("out_type", DSI_DTYPE_I64));
    EXPECT_I64(OP(&graph, wide, x), SHAPE(3), 2, 3, 4);
    EXPECT_EMPTY(OP(&graph, NODE(&graph, "b", "Shape", scalar), scalar), DSI_DTYPE_I32, SHAPE(0));
}

static void transpose_permutes(void **state) {
    struct dsi_port x = add_block();
    struct dsi_port perm = I32(&graph, "perm", SHAPE(3), 2, 0, 1);
    struct dsi_port twice = I32(&graph, "twice", SHAPE(3), 0, 0, 1);
    struct dsi_port few = I32(&graph, "few", SHAPE(2), 0, 1);

    (void)state;
    EXPECT_I32(OP(&graph, NODE(&graph, "a", "Transpose", x, perm), x), SHAPE(4, 2, 3), 0, 4, 8, 12,
               16, 20, 1, 5, 9, 13, 17, 21, 2, 6, 10, 14, 18, 22, 3, 7, 11, 15, 19, 23);
    test_expect_refused(&graph, NODE(&graph, "b", "Transpose", x, twice), DSINFER_ERR_MALFORMED,
                        "'b'");
    test_expect_refused(&graph, NODE(&graph, "c", "Transpose", x, few), DSINFER_ERR_MALFORMED,
                        "'c'");
}

static void tile_repeats(void **state) {
    struct dsi_port x = I32(&graph, "x", SHAPE(2, 3), 0, 1, 2, 3, 4, 5);
    struct dsi_port both = I32(&graph, "both", SHAPE(2), 2, 2);
    struct dsi_port none = I32(&graph, "none", SHAPE(2), 2, 0);
    struct dsi_port few = I32(&graph, "few", SHAPE(1), 2);
    struct dsi_port less = I32(&graph, "less", SHAPE(2), 2, -1);
    struct dsi_port many = I64(&graph, "many", SHAPE(2), 1 << 20, 1 << 20);
    struct dsi_port more = I64(&graph, "more", SHAPE(2), 1, INT64_MAX);

    (void)state;
    EXPECT_I32(OP(&graph, NODE(&graph, "a", "Tile", x, both), x), SHAPE(4, 6), 0, 1, 2, 0, 1, 2, 3,
               4, 5, 3, 4, 5, 0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5);
    EXPECT_EMPTY(OP(&graph, NODE(&graph, "b", "Tile", x, none), x), DSI_DTYPE_I32, SHAPE(4, 0));
    test_expect_refused(&graph, NODE(&graph, "c", "Tile", x, few), DSINFER_ERR_MALFORMED, "'c'");
    test_expect_refused(&graph, NODE(&graph, "d", "Tile", x, less), DSINFER_ERR_MALFORMED, "'d'");
    test_expect_refused(&graph, NODE(&graph, "e", "Tile", x, many), DSINFER_ERR_LIMIT,
                        "'e' would be a int32 value of shape [2097152,3145728]");
    test_expect_refused(&graph, NODE(&graph, "f", "Tile", x, more), DSINFER_ERR_LIMIT, "'f'");
}

static void concat_joins_along_an_axis(void **state) {
    struct dsi_port a = I32(&graph, "a", SHAPE(2, 1, 2), 0, 1, 2, 3);
    struct dsi_port b = I32(&graph, "b", SHAPE(2, 2, 2), 10, 11, 12, 13, 14, 15, 16, 17);
    struct dsi_port none = test_add_constant(&graph, "none", DSI_DTYPE_I32, SHAPE(2, 0, 2), "", 0);
    struct dsi_port axis = I32(&graph, "axis", SCALAR, 1);
    struct dsi_port back = I32(&graph, "back", SCALAR, -2);
    struct dsi_port zero = I32(&graph, "zero", SCALAR, 0);
    struct dsi_port empty = test_add_constant(&graph, "empty", DSI_DTYPE_I32, SHAPE(0), "", 0);

    (void)state;
    EXPECT_I32(OP(&graph, NODE(&graph, "c", "ConcatV2", a, none, b, axis), a, none, b),
               SHAPE(2, 3, 2), 0, 1, 10, 11, 12, 13, 2, 3, 14, 15, 16, 17);
    EXPECT_I32(OP(&graph, NODE(&graph, "d", "ConcatV2", a, b, back), a, b), SHAPE(2, 3, 2), 0, 1,
               10, 11, 12, 13, 2, 3, 14, 15, 16, 17);
    test_expect_refused(&graph, NODE(&graph, "e", "ConcatV2", a, b, zero), DSINFER_ERR_MALFORMED,
                        "node 'e': input 1 has shape [2,2,2], but ConcatV2 needs [2,1,2]");
    test_expect_refused(&graph, NODE(&graph, "f", "ConcatV2", a, b, empty), DSINFER_ERR_MALFORMED,
                        "'f'");
    test_expect_refused(&graph, NODE(&graph, "g", "ConcatV2", zero, zero, zero),
                        DSINFER_ERR_MALFORMED, "node 'g': axis 0 is not among 0 dimensions");
}

static void pack_stacks_along_a_new_axis(void **state) {
    struct dsi_port a = I32(&graph, "a", SHAPE(3), 0, 1, 2);
    struct dsi_port b = I32(&graph, "b", SHAPE(3), 10, 11, 12);
    struct dsi_port first = NODE(&graph, "first", "Pack", a, b);
    struct dsi_port last = NODE(&graph, "last", "Pack", a, b);
    struct dsi_port wrong = NODE(&graph, "wrong", "Pack", a, I32(&graph, "c", SHAPE(1), 0));
    struct dsi_port scalar = I32(&graph, "scalar", SCALAR, 5);

    (void)state;
    EXPECT_I32(OP(&graph, first, a, b), SHAPE(2, 3), 0, 1, 2, 10, 11, 12);
    ATTRS(&graph, last, ATTR_INT("axis", -1));
    EXPECT_I32(OP(&graph, last, a, b), SHAPE(3, 2), 0, 10, 1, 11, 2, 12);
    EXPECT_I32(OP(&graph, NODE(&graph, "one", "Pack", scalar), scalar), SHAPE(1), 5);
    test_expect_refused(&graph, wrong, DSINFER_ERR_MALFORMED, "'wrong'");
    ATTRS(&graph, last, ATTR_INT("axis", 2));
    test_expect_refused(&graph, last, DSINFER_ERR_MALFORMED, "'last'");
}

/* x[begin:end:stride] with the masks of bits. */
static struct dsi_port add_slice(const char *name, struct dsi_port x, struct dsi_port begin,
                                 struct dsi_port end, struct dsi_port stride, int64_t begin_mask,
                                 int64_t end_mask, int64_t shrink_mask, int64_t new_mask) {
    struct dsi_port port = NODE(&graph, name, "StridedSlice", x, begin, end, stride);

    ATTRS(&graph, port, ATTR_INT("begin_mask", begin_mask), ATTR_INT("end_mask", end_mask),
          ATTR_INT("shrink_axis_mask", shrink_mask), ATTR_INT("new_axis_mask", new_mask));
    return port;
}

static void slices_are_those_of_numpy(void **state) {
    struct dsi_port x = add_block();

    (void)state;
    /* x[1:, ::-1, 1:4:2] */
    EXPECT_I32(OP(&graph,
                  add_slice("a", x, I32(&graph, "a0", SHAPE(3), 1, 0, 1),
                            I32(&graph, "a1", SHAPE(3), 0, 0, 4),
                            I32(&graph, "a2", SHAPE(3), 1, -1, 2), 2, 3, 0, 0),
                  x),
               SHAPE(1, 3, 2), 21, 23, 17, 19, 13, 15);
    /* x[-1, :, None, -2] */
    EXPECT_I32(OP(&graph,
                  add_slice("b", x, I32(&graph, "b0", SHAPE(4), -1, 0, 0, -2),
                            I32(&graph, "b1", SHAPE(4), 0, 0, 0, 0),
                            I32(&graph, "b2", SHAPE(4), 1, 1, 1, 1), 2, 2, 9, 4),
                  x),
               SHAPE(3, 1), 14, 18, 22);
    /* x[:, 5:0:-2, -100:100] */
    EXPECT_I32(OP(&graph,
                  add_slice("c", x, I64(&graph, "c0", SHAPE(3), 0, 5, -100),
                            I64(&graph, "c1", SHAPE(3), 0, 0, 100),
                            I64(&graph, "c2", SHAPE(3), 1, -2, 1), 1, 1, 0, 0),
                  x),
               SHAPE(2, 1, 4), 8, 9, 10, 11, 20, 21, 22, 23);
    /* x[1]: the other dimensions are taken whole */
    EXPECT_I32(OP(&graph,
                  add_slice("d", x, I32(&graph, "d0", SHAPE(1), 1), I32(&graph, "d1", SHAPE(1), 2),
                            I32(&graph, "d2", SHAPE(1), 1), 0, 0, 1, 0),
                  x),
               SHAPE(3, 4), 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23);
    /* x[2:1] */
    EXPECT_EMPTY(
        OP(&graph,
           add_slice("e", x, I32(&graph, "e0", SHAPE(1), 2), I32(&graph, "e1", SHAPE(1), 1),
                     I32(&graph, "e2", SHAPE(1), 1), 0, 0, 0, 0),
           x),
        DSI_DTYPE_I32, SHAPE(0, 3, 4));
    /* x[INT64_MIN:INT64_MAX:INT64_MAX] */
    EXPECT_I32(OP(&graph,
                  add_slice("f", x, I64(&graph, "f0", SHAPE(1), INT64_MIN),
                            I64(&graph, "f1", SHAPE(1), INT64_MAX),
                            I64(&graph, "f2", SHAPE(1), INT64_MAX), 0, 0, 0, 0),
                  x),
               SHAPE(1, 3, 4), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
}

static void slices_that_cannot_be_are_refused(void **state) {
    struct dsi_port x = add_block();
    struct dsi_port zero = I32(&graph, "zero", SHAPE(1), 0);
    struct dsi_port one = I32(&graph, "one", SHAPE(1), 1);
    struct dsi_port two = I32(&graph, "two", SHAPE(1), 2);
    struct dsi_port back = I32(&graph, "back", SHAPE(1), -1);
    struct dsi_port four = I32(&graph, "four", SHAPE(4), 1, 1, 1, 1);
    struct dsi_port ellipsis = add_slice("ellipsis", x, zero, one, one, 0, 0, 0, 0);

    (void)state;
    test_expect_refused(&graph, add_slice("a", x, zero, one, zero, 0, 0, 0, 0),
                        DSINFER_ERR_MALFORMED, "node 'a': stride 0 is 0");
    test_expect_refused(&graph, add_slice("b", x, two, one, one, 0, 0, 1, 0), DSINFER_ERR_MALFORMED,
                        "node 'b': index 2 is outside of 2 elements");
    test_expect_refused(&graph, add_slice("c", x, zero, one, back, 0, 0, 1, 0),
                        DSINFER_ERR_MALFORMED, "node 'c': stride 0 is -1");
    test_expect_refused(&graph, add_slice("d", x, four, four, four, 0, 0, 0, 0),
                        DSINFER_ERR_MALFORMED, "node 'd': 4 ranges for 3 dimensions");
    test_expect_refused(&graph, add_slice("e", x, four, one, four, 0, 0, 0, 0),
                        DSINFER_ERR_MALFORMED, "'e'");
    ATTRS(&graph, ellipsis, ATTR_INT("ellipsis_mask", 1));
    test_expect_refused(&graph, ellipsis, DSINFER_ERR_UNSUPPORTED, "'ellipsis'");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(identity_is_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(reshape_fills_in_what_is_left_open, setup, teardown),
        cmocka_unit_test_setup_teardown(reshape_refuses_what_does_not_fit, setup, teardown),
        cmocka_unit_test_setup_teardown(a_special_zero_copies_a_dimension, setup, teardown),
        cmocka_unit_test_setup_teardown(expand_dims_puts_in_a_one, setup, teardown),
        cmocka_unit_test_setup_teardown(a_shape_is_a_value, setup, teardown),
        cmocka_unit_test_setup_teardown(transpose_permutes, setup, teardown),
        cmocka_unit_test_setup_teardown(tile_repeats, setup, teardown),
        cmocka_unit_test_setup_teardown(concat_joins_along_an_axis, setup, teardown),
        cmocka_unit_test_setup_teardown(pack_stacks_along_a_new_axis, setup, teardown),
        cmocka_unit_test_setup_teardown(slices_are_those_of_numpy, setup, teardown),
        cmocka_unit_test_setup_teardown(slices_that_cannot_be_are_refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
