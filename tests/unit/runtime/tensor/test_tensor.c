/* tensor: types, shapes, single elements.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/tensor/tensor.h"

#include "tests/support/graph_builder.h"

#include <string.h>

static void counting_notices_overflow_and_open_dimensions(void **state) {
    const struct dsi_shape good = SHAPE(2, 3, 4), none = SHAPE(5, 0), open = SHAPE(2, -1);
    const struct dsi_shape huge = SHAPE(INT64_MAX, 3), scalar = SCALAR;
    size_t count = 9;

    (void)state;
    assert_false(dsi_shape_count(&open, &count));
    assert_false(dsi_shape_count(&huge, &count));
    assert_int_equal(count, 9);
    assert_true(dsi_shape_count(&good, &count));
    assert_int_equal(count, 24);
    assert_true(dsi_shape_count(&none, &count));
    assert_int_equal(count, 0);
    assert_true(dsi_shape_count(&scalar, &count));
    assert_int_equal(count, 1);
}

static void sizes_are_in_bytes(void **state) {
    const struct dsi_shape shape = SHAPE(2, 3), huge = SHAPE(INT64_MAX / 2);
    size_t size = 9;

    (void)state;
    assert_false(dsi_shape_get_size(&shape, DSI_DTYPE_STRING, &size));
    assert_false(dsi_shape_get_size(&huge, DSI_DTYPE_I64, &size));
    assert_int_equal(size, 9);
    assert_true(dsi_shape_get_size(&shape, DSI_DTYPE_F32, &size));
    assert_int_equal(size, 24);
    assert_true(dsi_shape_get_size(&shape, DSI_DTYPE_I64, &size));
    assert_int_equal(size, 48);
    assert_true(dsi_shape_get_size(&shape, DSI_DTYPE_BOOL, &size));
    assert_int_equal(size, 6);
}

static void only_dimensions_in_use_are_compared(void **state) {
    struct dsi_shape a = SHAPE(2, 3), b = SHAPE(2, 3, 4);

    (void)state;
    assert_false(dsi_shape_is_equal(&a, &b));
    b.rank = 2;
    assert_true(dsi_shape_is_equal(&a, &b));
    a.dims[1] = -1;
    assert_false(dsi_shape_is_equal(&a, &b));
    assert_false(dsi_shape_is_known(&a));
    assert_true(dsi_shape_is_known(&b));
}

static void shapes_print_with_question_marks(void **state) {
    const struct dsi_shape open = SHAPE(16, -1, 26), scalar = SCALAR;
    const struct dsi_shape longest =
        SHAPE(INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX);
    char text[DSI_SHAPE_TEXT_SIZE];

    (void)state;
    assert_string_equal(dsi_shape_print(&open, text), "[16,?,26]");
    assert_string_equal(dsi_shape_print(&scalar, text), "[]");
    assert_int_equal(strlen(dsi_shape_print(&longest, text)), 6 * 19 + 7);
}

static void types_have_names(void **state) {
    (void)state;
    assert_string_equal(dsi_dtype_get_name(DSI_DTYPE_F32), "float32");
    assert_string_equal(dsi_dtype_get_name(DSI_DTYPE_STRING), "string");
    assert_string_equal(dsi_dtype_get_name(DSI_DTYPE_NONE), "no type");
    assert_string_equal(dsi_dtype_get_name((enum dsi_dtype)99), "no type");
    assert_int_equal(dsi_dtype_get_size((enum dsi_dtype)99), 0);
}

static void elements_are_read_at_any_address(void **state) {
    const float floats[] = {1.5f, -2.0f};
    const int32_t ints[] = {-3, INT32_MAX};
    const int64_t longs[] = {INT64_MIN, 4};
    uint8_t bytes[32];
    struct dsi_tensor tensor = {DSI_DTYPE_F32, SHAPE(2), {bytes + 1, 8}, NULL};

    (void)state;
    memcpy(bytes + 1, floats, 8);
    assert_true(dsi_tensor_get_float(&tensor, 1) == -2.0f);
    memcpy(bytes + 1, ints, 8);
    tensor.dtype = DSI_DTYPE_I32;
    assert_true(dsi_tensor_get_int(&tensor, 0) == -3);
    assert_true(dsi_tensor_get_int(&tensor, 1) == INT32_MAX);
    memcpy(bytes + 1, longs, 16);
    tensor.dtype = DSI_DTYPE_I64;
    tensor.bytes.size = 16;
    assert_true(dsi_tensor_get_int(&tensor, 0) == INT64_MIN);
    tensor.dtype = DSI_DTYPE_BOOL;
    bytes[3] = 1;
    assert_int_equal(dsi_tensor_get_int(&tensor, 2), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counting_notices_overflow_and_open_dimensions),
        cmocka_unit_test(sizes_are_in_bytes),
        cmocka_unit_test(only_dimensions_in_use_are_compared),
        cmocka_unit_test(shapes_print_with_question_marks),
        cmocka_unit_test(types_have_names),
        cmocka_unit_test(elements_are_read_at_any_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
