/* base/utf8: every sequence of one to four bytes against the definition of UTF-8 by code points.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/utf8.h"

#include "tests/support/test.h"

#include <string.h>

static size_t encode(uint32_t point, char out[4]) {
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xc0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (char)(0xe0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 0x3f));
        out[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | point >> 18);
    out[1] = (char)(0x80 | (point >> 12 & 0x3f));
    out[2] = (char)(0x80 | (point >> 6 & 0x3f));
    out[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

static void every_code_point_but_surrogates_is_well_formed(void **state) {
    uint32_t point;
    char bytes[4];

    (void)state;
    for (point = 0; point < 0x120000; point++) {
        const size_t length = encode(point, bytes);
        const int is_good = (point < 0xd800 || point > 0xdfff) && point <= 0x10ffff;

        assert_int_equal(dsi_utf8_length(bytes, length), is_good ? length : 0);
        assert_int_equal(dsi_utf8_length(bytes, length - 1), 0);
    }
}

static void overlong_and_stray_bytes_are_not(void **state) {
    (void)state;
    assert_int_equal(dsi_utf8_length("\xc0\x80", 2), 0);
    assert_int_equal(dsi_utf8_length("\xc1\xbf", 2), 0);
    assert_int_equal(dsi_utf8_length("\xe0\x9f\xbf", 3), 0);
    assert_int_equal(dsi_utf8_length("\xf0\x8f\xbf\xbf", 4), 0);
    assert_int_equal(dsi_utf8_length("\x80", 1), 0);
    assert_int_equal(dsi_utf8_length("\xff\xff", 2), 0);
    assert_int_equal(dsi_utf8_length("\xe2\x82z", 3), 0);
    assert_int_equal(dsi_utf8_length("", 0), 0);
}

static void broken_bytes_are_replaced(void **state) {
    const char text[] = "a\xff\xc3\xa9\xe2\x82";
    const char expected[] = "a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd";
    char out[32] = "untouched";

    (void)state;
    assert_int_equal(dsi_utf8_clean(text, 6, out, sizeof(expected) - 1), sizeof(expected) - 1);
    assert_string_equal(out, "untouched");
    assert_int_equal(dsi_utf8_clean(text, 6, out, sizeof(expected)), sizeof(expected) - 1);
    assert_string_equal(out, expected);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_but_surrogates_is_well_formed),
        cmocka_unit_test(overlong_and_stray_bytes_are_not),
        cmocka_unit_test(broken_bytes_are_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
