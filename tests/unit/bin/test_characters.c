/* Characters of UTF-8, and what is none.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/characters.h"
#include "tests/support/test.h"

static void characters_have_one_to_four_bytes(void **state) {
    (void)state;
    assert_int_equal(cli_character_size("a"), 1);
    assert_int_equal(cli_character_size("\xc3\xa9x"), 2);
    assert_int_equal(cli_character_size("\xe2\x82\xac"), 3);
    assert_int_equal(cli_character_size("\xf0\x9f\x98\x80"), 4);
    assert_int_equal(cli_character_size("\xf4\x8f\xbf\xbf"), 4);
}

static void what_is_no_character_has_no_size(void **state) {
    static const char *const bad[] = {
        "\x80",         "\xc0\x80",         "\xc3",     "\xc3x", "\xe0\x9f\xbf",
        "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x80", "\xff",  "\xf0\x9f\x98",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(cli_character_size(bad[i]), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_have_one_to_four_bytes),
        cmocka_unit_test(what_is_no_character_has_no_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
