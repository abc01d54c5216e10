/* The end of a text that fits into a line of a terminal.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/output/columns.h"
#include "tests/support/test.h"

static void assert_tail(const char *text, size_t columns, const char *expected) {
    assert_string_equal(cli_columns_tail(text, columns), expected);
}

static void letters_take_a_column(void **state) {
    (void)state;
    assert_tail("", 5, "");
    assert_tail("abc", 5, "abc");
    assert_tail("abc", 3, "abc");
    assert_tail("abc", 2, "bc");
    assert_tail("abc", 0, "");
    assert_tail("gr\xc3\xbc\xc3\x9f", 2, "\xc3\xbc\xc3\x9f");
    assert_tail("\xd0\xb4\xd0\xb0", 1, "\xd0\xb0");
}

static void east_asian_letters_take_two(void **state) {
    (void)state;
    assert_tail("\xe4\xbd\xa0\xe5\xa5\xbd", 4, "\xe4\xbd\xa0\xe5\xa5\xbd");
    assert_tail("\xe4\xbd\xa0\xe5\xa5\xbd", 3, "\xe5\xa5\xbd");
    assert_tail("\xe4\xbd\xa0\xe5\xa5\xbd", 1, "");
    assert_tail("\xed\x95\x9c", 2, "\xed\x95\x9c");
    assert_tail("a\xf0\xa0\x80\x80", 2, "\xf0\xa0\x80\x80");
}

static void marks_take_none_and_stay_with_their_letter(void **state) {
    (void)state;
    assert_tail("ae\xcc\x81", 1, "e\xcc\x81");
    assert_tail("ae\xcc\x81", 0, "");
    assert_tail("\xe0\xa4\x95\xe0\xa5\x81", 1, "\xe0\xa4\x95\xe0\xa5\x81");
    assert_tail("\xe0\xb8\x94\xe0\xb8\xb5", 1, "\xe0\xb8\x94\xe0\xb8\xb5");
}

static void bytes_that_are_no_text_take_a_column_each(void **state) {
    (void)state;
    assert_tail("\xff\xfe", 1, "\xfe");
    assert_tail("\x80\x80\x80\x80\x80\x80", 5, "\x80\x80\x80\x80\x80");
    assert_tail("a\xc3", 2, "a\xc3");
    assert_tail("\xed\xa0\x80", 2, "\xa0\x80");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_take_a_column),
        cmocka_unit_test(east_asian_letters_take_two),
        cmocka_unit_test(marks_take_none_and_stay_with_their_letter),
        cmocka_unit_test(bytes_that_are_no_text_take_a_column_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
