/* base/error: names of statuses, sentences.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/error.h"

#include "tests/support/test.h"

#include <string.h>

static void every_status_has_a_name_and_a_text(void **state) {
    (void)state;
    assert_string_equal(dsinfer_status_name(DSINFER_OK), "DSINFER_OK");
    assert_string_equal(dsinfer_status_name(DSINFER_ERR_LIMIT), "DSINFER_ERR_LIMIT");
    assert_string_equal(dsinfer_status_text(DSINFER_ERR_MALFORMED), "malformed file");
    assert_string_equal(dsinfer_status_name((enum dsinfer_status)12345), "unknown status");
    assert_string_equal(dsinfer_status_text((enum dsinfer_status) - 1), "unknown status");
}

static void a_failure_is_worded_and_returned(void **state) {
    struct dsinfer_error err = {0};

    (void)state;
    assert_int_equal(dsi_fail(&err, DSINFER_ERR_IO, "node '%s' has %d", "a", 3), DSINFER_ERR_IO);
    assert_int_equal(err.status, DSINFER_ERR_IO);
    assert_string_equal(err.message, "node 'a' has 3");
    assert_int_equal(dsi_fail(NULL, DSINFER_ERR_IO, "unheard"), DSINFER_ERR_IO);
    assert_int_equal(dsi_fail_memory(&err, 77), DSINFER_ERR_NO_MEMORY);
    assert_non_null(strstr(err.message, "77"));
}

static void control_characters_from_files_are_hidden(void **state) {
    struct dsinfer_error err = {0};

    (void)state;
    dsi_fail(&err, DSINFER_ERR_MALFORMED, "name '%s'", "a\x1b[2J\n\x7f\xc3\xa9");
    assert_string_equal(err.message, "name 'a?[2J??\xc3\xa9'");
}

static void long_sentences_are_cut(void **state) {
    struct dsinfer_error err;
    char text[2 * DSINFER_ERROR_SIZE];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    dsi_fail(&err, DSINFER_ERR_MALFORMED, "%s", text);
    assert_int_equal(strlen(err.message), DSINFER_ERROR_SIZE - 1);
}

static void the_version_is_three_numbers(void **state) {
    const char *version = dsinfer_version();
    size_t n_dots = 0;
    size_t i;

    (void)state;
    for (i = 0; version[i]; i++) {
        n_dots += version[i] == '.';
        assert_true(version[i] == '.' || (version[i] >= '0' && version[i] <= '9'));
    }
    assert_int_equal(n_dots, 2);
}

static void options_of_another_size_are_refused(void **state) {
    struct dsinfer_error err = {0};

    (void)state;
    assert_int_equal(dsi_check_options_size(24, 24, "the stream", &err), DSINFER_OK);
    assert_int_equal(err.message[0], 0);
    assert_int_equal(dsi_check_options_size(16, 24, "the stream", &err), DSINFER_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "the stream have 16 bytes, not 24"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_name_and_a_text),
        cmocka_unit_test(a_failure_is_worded_and_returned),
        cmocka_unit_test(control_characters_from_files_are_hidden),
        cmocka_unit_test(long_sentences_are_cut),
        cmocka_unit_test(the_version_is_three_numbers),
        cmocka_unit_test(options_of_another_size_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
