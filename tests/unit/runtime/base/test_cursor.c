/* base/cursor: reading never leaves the bounds.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/cursor.h"

#include "tests/support/test.h"

static struct dsi_cursor make(const void *data, size_t size) {
    struct dsi_cursor cursor;

    dsi_cursor_init(&cursor, (struct dsi_bytes){data, size});
    return cursor;
}

static void a_varint_of_ten_bytes_is_the_largest(void **state) {
    const uint8_t largest[] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 1};
    const uint8_t too_large[] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 2};
    struct dsi_cursor cursor = make(largest, sizeof(largest));
    uint64_t value = 0;

    (void)state;
    assert_true(dsi_cursor_read_varint(&cursor, &value));
    assert_true(value == UINT64_MAX);
    cursor = make(too_large, sizeof(too_large));
    assert_false(dsi_cursor_read_varint(&cursor, &value));
    assert_int_equal(cursor.position, 0);
}

static void a_failed_read_leaves_the_position_alone(void **state) {
    const uint8_t bytes[] = {1, 2, 0x80};
    struct dsi_cursor cursor = make(bytes, sizeof(bytes));
    struct dsi_bytes view;
    uint64_t value;
    uint32_t word;
    uint8_t byte;

    (void)state;
    assert_true(dsi_cursor_read_u8(&cursor, &byte));
    assert_false(dsi_cursor_read_u32(&cursor, &word));
    assert_false(dsi_cursor_read_u64(&cursor, &value));
    assert_false(dsi_cursor_read_bytes(&cursor, UINT64_MAX, &view));
    assert_int_equal(cursor.position, 1);
    assert_true(dsi_cursor_skip(&cursor, 1));
    assert_false(dsi_cursor_read_varint(&cursor, &value));
    assert_int_equal(dsi_cursor_get_rest(&cursor), 1);
}

static void numbers_are_little_endian(void **state) {
    const uint8_t bytes[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};

    (void)state;
    assert_int_equal(dsi_load_u32(bytes + 1), 0x04030201);
    assert_true(dsi_load_u64(bytes + 1) == UINT64_C(0x0807060504030201));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_varint_of_ten_bytes_is_the_largest),
        cmocka_unit_test(a_failed_read_leaves_the_position_alone),
        cmocka_unit_test(numbers_are_little_endian),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
