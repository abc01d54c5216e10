/* model/alphabet: which lines are labels, and which files are refused.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/alphabet.h"

#include "tests/support/test.h"

#include "runtime/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum dsinfer_status read_text(struct dsi_alphabet *alphabet, const char *text, size_t size,
                                     struct dsinfer_error *err) {
    return dsi_alphabet_read(alphabet, (struct dsi_bytes){(const uint8_t *)text, size}, err);
}

/* Fails unless the text gives just these labels (NULL ends them). */
static void assert_labels(const char *text, const char *const *labels) {
    struct dsi_alphabet alphabet = {0};
    uint32_t n = 0;

    assert_int_equal(read_text(&alphabet, text, strlen(text), NULL), DSINFER_OK);
    for (n = 0; labels[n]; n++) {
        assert_true(n < alphabet.n_labels);
        assert_string_equal(dsi_alphabet_get(&alphabet, n), labels[n]);
    }
    assert_int_equal(alphabet.n_labels, n);
    dsi_alphabet_finish(&alphabet);
}

static void assert_refused(const char *text, size_t size, enum dsinfer_status expected,
                           const char *words) {
    struct dsi_alphabet alphabet = {0};
    struct dsinfer_error err = {0};

    assert_int_equal(read_text(&alphabet, text, size, &err), expected);
    if (!strstr(err.message, words)) {
        fail_msg("'%s' does not say '%s'", err.message, words);
    }
    assert_null(alphabet.text);
}

static void every_line_end_ends_a_line(void **state) {
    static const char *const labels[] = {"a", "b", "c", "d", NULL};

    (void)state;
    assert_labels("a\nb\nc\nd\n", labels);
    assert_labels("a\r\nb\r\nc\r\nd\r\n", labels);
    assert_labels("a\rb\rc\rd\r", labels);
    assert_labels("a\nb\r\nc\rd", labels);
}

static void empty_lines_and_comments_are_no_labels(void **state) {
    static const char *const labels[] = {"a", "b", NULL};

    (void)state;
    assert_labels("\n\r\n# note\na\n\n#\nb\n#b\n\n", labels);
}

static void an_escaped_hash_is_the_label_hash(void **state) {
    static const char *const labels[] = {"#", "\\", "\\#x", " #", NULL};

    (void)state;
    assert_labels("\\#\n\\\n\\#x\n #\n", labels);
}

static void text_beyond_ascii_is_kept_as_it_is(void **state) {
    static const char *const labels[] = {"\xc3\xbc", "\xe4\xb8\xad", "\xf0\x9f\x8e\xa4", "sch",
                                         NULL};

    (void)state;
    assert_labels("\xef\xbb\xbf\xc3\xbc\n\xe4\xb8\xad\n\xf0\x9f\x8e\xa4\nsch", labels);
}

static void a_line_of_one_space_is_the_space(void **state) {
    struct dsi_alphabet alphabet = {0};

    (void)state;
    assert_int_equal(read_text(&alphabet, "x\n  \n \ny", 8, NULL), DSINFER_OK);
    assert_int_equal(alphabet.n_labels, 4);
    assert_true(alphabet.has_space);
    assert_int_equal(alphabet.space, 2);
    dsi_alphabet_finish(&alphabet);

    assert_int_equal(read_text(&alphabet, "x\n  \n", 5, NULL), DSINFER_OK);
    assert_false(alphabet.has_space);
    dsi_alphabet_finish(&alphabet);
}

static void broken_files_are_refused_with_the_line(void **state) {
    (void)state;
    assert_refused("", 0, DSINFER_ERR_MALFORMED, "no label");
    assert_refused("# a\n\n\n", 6, DSINFER_ERR_MALFORMED, "no label");
    assert_refused("a\n\xc3\n", 4, DSINFER_ERR_MALFORMED, "line 2 ");
    assert_refused("a\nb\nc\xff", 6, DSINFER_ERR_MALFORMED, "line 3 ");
    assert_refused("a\n#\nb\0c\n", 8, DSINFER_ERR_MALFORMED, "line 3 ");
    assert_refused("a\nb\n\nc\nb\n", 9, DSINFER_ERR_MALFORMED,
                   "line 5 of the alphabet repeats the label 'b' of line 2");
    assert_refused("#\n\\#\n\\#\n", 8, DSINFER_ERR_MALFORMED, "line 3 ");
}

static void the_longest_label_is_read_and_a_longer_one_refused(void **state) {
    char text[DSI_ALPHABET_MAX_LABEL_SIZE + 1];
    struct dsi_alphabet alphabet = {0};

    (void)state;
    memset(text, 'x', sizeof(text));
    assert_int_equal(read_text(&alphabet, text, DSI_ALPHABET_MAX_LABEL_SIZE, NULL), DSINFER_OK);
    assert_int_equal(strlen(dsi_alphabet_get(&alphabet, 0)), DSI_ALPHABET_MAX_LABEL_SIZE);
    dsi_alphabet_finish(&alphabet);
    assert_refused(text, sizeof(text), DSINFER_ERR_LIMIT, "line 1 ");
}

static void the_largest_alphabet_is_read_and_a_larger_one_refused(void **state) {
    const size_t capacity = (DSI_ALPHABET_MAX_LABELS + 1) * 8;
    char *text = malloc(capacity);
    struct dsi_alphabet alphabet = {0};
    size_t size = 0;
    int i;

    (void)state;
    assert_non_null(text);
    for (i = 0; i < DSI_ALPHABET_MAX_LABELS; i++) {
        size += (size_t)snprintf(text + size, capacity - size, "%d\n", i);
    }
    assert_int_equal(read_text(&alphabet, text, size, NULL), DSINFER_OK);
    assert_int_equal(alphabet.n_labels, DSI_ALPHABET_MAX_LABELS);
    assert_string_equal(dsi_alphabet_get(&alphabet, DSI_ALPHABET_MAX_LABELS - 1), "65534");
    dsi_alphabet_finish(&alphabet);

    size += (size_t)snprintf(text + size, capacity - size, "x");
    assert_refused(text, size, DSINFER_ERR_LIMIT, "line 65536 ");
    free(text);
}

static void a_file_too_large_is_refused_unread(void **state) {
    static const char text[1] = {'a'};

    (void)state;
    assert_refused(text, DSI_ALPHABET_MAX_FILE_SIZE + 1, DSINFER_ERR_LIMIT, "4194305");
}

static void the_english_alphabet_is_the_bundled_one(void **state) {
    struct dsi_alphabet english = {0};
    struct dsi_alphabet bundled = {0};
    char path[TEST_PATH_SIZE];
    uint32_t i;

    (void)state;
    assert_int_equal(dsi_alphabet_init_english(&english), DSINFER_OK);
    assert_int_equal(
        dsi_alphabet_open(&bundled, test_source_path(path, "model/english/alphabet.txt"), NULL),
        DSINFER_OK);
    assert_int_equal(english.n_labels, 28);
    assert_int_equal(bundled.n_labels, 28);
    for (i = 0; i < 28; i++) {
        assert_string_equal(dsi_alphabet_get(&english, i), dsi_alphabet_get(&bundled, i));
    }
    assert_int_equal(english.space, 0);
    dsi_alphabet_finish(&english);
    dsi_alphabet_finish(&bundled);
}

static void the_labels_of_bytes_output_are_the_bytes_but_nul(void **state) {
    struct dsi_alphabet alphabet = {0};
    uint32_t i;

    (void)state;
    assert_int_equal(dsi_alphabet_init_bytes(&alphabet), DSINFER_OK);
    assert_int_equal(alphabet.n_labels, 255);
    assert_true(alphabet.has_space && alphabet.space == 31);
    for (i = 0; i < 255; i++) {
        const char text[2] = {(char)(i + 1), '\0'};

        assert_string_equal(dsi_alphabet_get(&alphabet, i), text);
    }
    dsi_alphabet_finish(&alphabet);
}

static void a_copy_has_the_same_labels(void **state) {
    struct dsi_alphabet alphabet = {0};
    struct dsi_alphabet copy = {0};
    uint32_t i;
    long n;

    (void)state;
    assert_int_equal(read_text(&alphabet, "sch\n \nz\n", 8, NULL), DSINFER_OK);
    for (n = 0; n < 2; n++) {
        dsi_alloc_fail_after(n);
        assert_int_equal(dsi_alphabet_copy(&copy, &alphabet), DSINFER_ERR_NO_MEMORY);
        assert_int_equal(dsi_alphabet_init_bytes(&copy), DSINFER_ERR_NO_MEMORY);
        dsi_alloc_fail_after(-1);
        assert_null(copy.text);
    }
    assert_int_equal(dsi_alphabet_copy(&copy, &alphabet), DSINFER_OK);
    assert_int_equal(copy.n_labels, 3);
    assert_true(copy.has_space && copy.space == 1);
    for (i = 0; i < 3; i++) {
        assert_string_equal(dsi_alphabet_get(&copy, i), dsi_alphabet_get(&alphabet, i));
    }
    dsi_alphabet_finish(&copy);
    dsi_alphabet_finish(&alphabet);
}

static void a_missing_file_is_an_io_error(void **state) {
    struct dsi_alphabet alphabet = {0};

    (void)state;
    assert_int_equal(dsi_alphabet_open(&alphabet, "/nonexistent/alphabet.txt", NULL),
                     DSINFER_ERR_IO);
}

static void failed_allocations_leave_nothing_behind(void **state) {
    struct dsi_alphabet alphabet = {0};
    enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
    long k;

    (void)state;
    for (k = 0; status != DSINFER_OK; k++) {
        dsi_alloc_fail_after(k);
        status = read_text(&alphabet, "a\nb\n", 4, NULL);
        dsi_alloc_fail_after(-1);
        assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
        assert_true(k < 100);
    }
    assert_true(k > 1);
    dsi_alphabet_finish(&alphabet);
}

/* An embedded alphabet that grows. */
struct embedded {
    uint8_t bytes[2048];
    size_t size;
};

static void put_u16(struct embedded *embedded, unsigned value) {
    assert_true(embedded->size + 2 <= sizeof(embedded->bytes));
    embedded->bytes[embedded->size++] = (uint8_t)value;
    embedded->bytes[embedded->size++] = (uint8_t)(value >> 8);
}

static void put_label(struct embedded *embedded, unsigned label, const char *text, size_t size) {
    put_u16(embedded, label);
    put_u16(embedded, (unsigned)size);
    assert_true(embedded->size + size <= sizeof(embedded->bytes));
    memcpy(embedded->bytes + embedded->size, text, size);
    embedded->size += size;
}

static enum dsinfer_status read_embedded(const struct embedded *embedded,
                                         struct dsi_alphabet *alphabet, struct dsinfer_error *err) {
    return dsi_alphabet_read_embedded(alphabet, (struct dsi_bytes){embedded->bytes, embedded->size},
                                      err);
}

static void assert_embedded_refused(const struct embedded *embedded, enum dsinfer_status expected,
                                    const char *words) {
    struct dsi_alphabet alphabet = {0};
    struct dsinfer_error err = {0};

    assert_int_equal(read_embedded(embedded, &alphabet, &err), expected);
    if (!strstr(err.message, words)) {
        fail_msg("'%s' does not say '%s'", err.message, words);
    }
    assert_null(alphabet.text);
}

/* Three labels in no order. */
static struct embedded make_embedded(void) {
    struct embedded embedded = {.size = 0};

    put_u16(&embedded, 3);
    put_label(&embedded, 2, "\xc3\xbc", 2);
    put_label(&embedded, 0, "a", 1);
    put_label(&embedded, 1, " ", 1);
    return embedded;
}

static void embedded_labels_come_in_any_order(void **state) {
    const struct embedded embedded = make_embedded();
    struct dsi_alphabet alphabet = {0};

    (void)state;
    assert_int_equal(read_embedded(&embedded, &alphabet, NULL), DSINFER_OK);
    assert_int_equal(alphabet.n_labels, 3);
    assert_string_equal(dsi_alphabet_get(&alphabet, 0), "a");
    assert_string_equal(dsi_alphabet_get(&alphabet, 1), " ");
    assert_string_equal(dsi_alphabet_get(&alphabet, 2), "\xc3\xbc");
    assert_true(alphabet.has_space);
    assert_int_equal(alphabet.space, 1);
    dsi_alphabet_finish(&alphabet);
}

static void embedded_bytes_are_no_text_but_labels(void **state) {
    struct embedded embedded = {.size = 0};
    struct dsi_alphabet alphabet = {0};
    unsigned i;

    (void)state;
    put_u16(&embedded, 255);
    for (i = 255; i-- > 0;) {
        put_label(&embedded, i, (const char[]){(char)(i + 1)}, 1);
    }
    assert_int_equal(read_embedded(&embedded, &alphabet, NULL), DSINFER_OK);
    assert_int_equal(alphabet.n_labels, 255);
    for (i = 0; i < 255; i++) {
        assert_int_equal((unsigned char)dsi_alphabet_get(&alphabet, i)[0], i + 1);
    }
    assert_true(alphabet.has_space);
    assert_int_equal(alphabet.space, ' ' - 1);
    dsi_alphabet_finish(&alphabet);

    embedded.bytes[embedded.size - 1] = 0xfe; /* of label 0: now it is neither bytes nor text */
    assert_embedded_refused(&embedded, DSINFER_ERR_MALFORMED, "no UTF-8");
}

static void broken_embedded_alphabets_are_refused(void **state) {
    const struct embedded intact = make_embedded();
    struct embedded broken = intact;
    char text[DSI_ALPHABET_MAX_LABEL_SIZE + 1];

    (void)state;
    for (broken.size = 0; broken.size < intact.size; broken.size++) {
        assert_embedded_refused(&broken, DSINFER_ERR_MALFORMED, "the alphabet in the model");
    }
    broken = intact;
    put_u16(&broken, 0);
    assert_embedded_refused(&broken, DSINFER_ERR_MALFORMED, "2 bytes after its 3 entries");
    broken = intact;
    broken.bytes[2] = 3;
    assert_embedded_refused(&broken, DSINFER_ERR_MALFORMED, "3 entries, but none for label 2");
    broken = intact;
    broken.bytes[2] = 0;
    assert_embedded_refused(&broken, DSINFER_ERR_MALFORMED, "none for label 1");
    broken = intact;
    broken.bytes[6] = 'x';
    assert_embedded_refused(&broken, DSINFER_ERR_MALFORMED, "label 2 of the alphabet");
    broken = intact;
    broken.bytes[broken.size - 1] = 'a';
    assert_embedded_refused(&broken, DSINFER_ERR_MALFORMED, "are both 'a'");

    memset(text, 'x', sizeof(text));
    broken.size = 0;
    put_u16(&broken, 1);
    put_label(&broken, 0, text, sizeof(text));
    assert_embedded_refused(&broken, DSINFER_ERR_LIMIT, "256 bytes");
    broken.size = 0;
    put_u16(&broken, 1);
    put_label(&broken, 0, "", 0);
    assert_embedded_refused(&broken, DSINFER_ERR_MALFORMED, "label 0");
    broken.size = 0;
    put_u16(&broken, 0);
    assert_embedded_refused(&broken, DSINFER_ERR_MALFORMED, "no label");
}

static void failed_allocations_leave_no_embedded_alphabet(void **state) {
    const struct embedded embedded = make_embedded();
    enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
    struct dsi_alphabet alphabet = {0};
    long k;

    (void)state;
    for (k = 0; status != DSINFER_OK; k++) {
        dsi_alloc_fail_after(k);
        status = read_embedded(&embedded, &alphabet, NULL);
        dsi_alloc_fail_after(-1);
        assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
        assert_true(k < 100);
    }
    assert_true(k > 1);
    dsi_alphabet_finish(&alphabet);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_end_ends_a_line),
        cmocka_unit_test(empty_lines_and_comments_are_no_labels),
        cmocka_unit_test(an_escaped_hash_is_the_label_hash),
        cmocka_unit_test(text_beyond_ascii_is_kept_as_it_is),
        cmocka_unit_test(a_line_of_one_space_is_the_space),
        cmocka_unit_test(broken_files_are_refused_with_the_line),
        cmocka_unit_test(the_longest_label_is_read_and_a_longer_one_refused),
        cmocka_unit_test(the_largest_alphabet_is_read_and_a_larger_one_refused),
        cmocka_unit_test(a_file_too_large_is_refused_unread),
        cmocka_unit_test(the_english_alphabet_is_the_bundled_one),
        cmocka_unit_test(the_labels_of_bytes_output_are_the_bytes_but_nul),
        cmocka_unit_test(a_copy_has_the_same_labels),
        cmocka_unit_test(a_missing_file_is_an_io_error),
        cmocka_unit_test(failed_allocations_leave_nothing_behind),
        cmocka_unit_test(embedded_labels_come_in_any_order),
        cmocka_unit_test(embedded_bytes_are_no_text_but_labels),
        cmocka_unit_test(broken_embedded_alphabets_are_refused),
        cmocka_unit_test(failed_allocations_leave_no_embedded_alphabet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
