/* Matrices stored otherwise: every value of a half, and every way to lie against one another.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/tensor/stored.h"

#include "tests/support/test.h"

#include <math.h>
#include <string.h>

static void every_half_has_its_value(void **state) {
    uint32_t i;

    (void)state;
    for (i = 0; i < 65536; i++) {
        const uint8_t bytes[] = {(uint8_t)i, (uint8_t)(i >> 8)};
        const int exponent = (int)(i >> 10 & 31), fraction = (int)(i & 1023);
        const double sign = i >> 15 ? -1.0 : 1.0;
        float value;

        dsi_stored_convert(DSI_STORED_F16, bytes, 1, &value);
        if (exponent == 31) {
            assert_true(fraction ? isnan(value) : isinf(value) && (value < 0.0f) == (sign < 0.0));
        } else {
            const double wanted =
                exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);

            assert_true((double)value == sign * wanted && !signbit(value) == (sign > 0.0));
        }
    }
}

static void other_types_have_their_values(void **state) {
    const double wide = -0.1;
    const uint8_t small[] = {0x80, 0x7f, 0xff}, brain[] = {0x20, 0xc1};
    float values[3];

    (void)state;
    dsi_stored_convert(DSI_STORED_I8, small, 3, values);
    assert_true(values[0] == -128.0f && values[1] == 127.0f && values[2] == -1.0f);
    dsi_stored_convert(DSI_STORED_U8, small, 3, values);
    assert_true(values[0] == 128.0f && values[1] == 127.0f && values[2] == 255.0f);
    dsi_stored_convert(DSI_STORED_BF16, brain, 1, values);
    assert_true(values[0] == -10.0f);
    dsi_stored_convert(DSI_STORED_F64, (const uint8_t *)&wide, 1, values);
    assert_true(values[0] == -0.1f);
}

/* Two blocks side by side and one below, one of them turned over, with zeros and scales. */
static void parts_of_a_matrix_are_what_they_are_in_the_whole(void **state) {
    enum { ROWS = 300, LEFT = 37, RIGHT = 20, BELOW = 5, COLUMNS = LEFT + RIGHT };
    static uint8_t left[LEFT * ROWS], right[ROWS * RIGHT], below[BELOW * COLUMNS];
    static float whole[(ROWS + BELOW) * COLUMNS], part[(ROWS + BELOW) * (COLUMNS + 3)];
    static float zeros[LEFT], scales[LEFT];
    const struct dsi_stored_block blocks[] = {
        {{0, 0, ROWS, LEFT}, DSI_STORED_U8, {left, sizeof(left)}, 1, ROWS, zeros, scales},
        {{0, LEFT, ROWS, RIGHT}, DSI_STORED_I8, {right, sizeof(right)}, RIGHT, 1, NULL, NULL},
        {{ROWS, 0, BELOW, COLUMNS}, DSI_STORED_U8, {below, sizeof(below)}, COLUMNS, 1, NULL, NULL},
    };
    const struct dsi_stored_matrix matrix = {ROWS + BELOW, COLUMNS, blocks, 3};
    const struct dsi_rectangle all = {0, 0, ROWS + BELOW, COLUMNS};
    static const struct dsi_rectangle parts[] = {
        {0, 0, 1, 1}, {7, 3, 290, 30}, {299, 36, 2, 2}, {100, 16, 205, 32}, {0, 56, 305, 1}};
    size_t i, k, p;

    (void)state;
    for (i = 0; i < sizeof(left); i++) {
        left[i] = (uint8_t)(i * 7);
    }
    for (i = 0; i < sizeof(right); i++) {
        right[i] = (uint8_t)(i * 11);
    }
    for (i = 0; i < LEFT; i++) {
        zeros[i] = (float)i;
        scales[i] = 0.5f + (float)i;
    }
    dsi_stored_read(&matrix, &all, whole, COLUMNS);
    for (i = 0; i < ROWS; i++) {
        for (k = 0; k < LEFT; k++) {
            assert_true(whole[i * COLUMNS + k] ==
                        ((float)left[k * ROWS + i] - zeros[k]) * scales[k]);
        }
        for (k = 0; k < RIGHT; k++) {
            assert_true(whole[i * COLUMNS + LEFT + k] == (float)(int8_t)right[i * RIGHT + k]);
        }
    }
    for (p = 0; p < sizeof(parts) / sizeof(parts[0]); p++) {
        const size_t stride = parts[p].n_columns + 3;

        dsi_stored_read(&matrix, &parts[p], part, stride);
        for (i = 0; i < parts[p].n_rows; i++) {
            assert_memory_equal(part + i * stride,
                                whole + (parts[p].row + i) * COLUMNS + parts[p].column,
                                parts[p].n_columns * sizeof(float));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_has_its_value),
        cmocka_unit_test(other_types_have_their_values),
        cmocka_unit_test(parts_of_a_matrix_are_what_they_are_in_the_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
