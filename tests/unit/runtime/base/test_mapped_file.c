/* base/mapped_file: what is mapped, and what is refused.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/mapped_file.h"

#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Two pages and a bit, each byte its place. */
enum { SIZE = 9000 };

static void make_path(char path[TEST_PATH_SIZE], const char *name) {
    snprintf(path, TEST_PATH_SIZE, "%s/%s", getenv("DSINFER_BUILD"), name);
    remove(path);
}

static void write_file(const char *path, size_t size) {
    FILE *file = fopen(path, "wb");
    size_t i;

    assert_non_null(file);
    for (i = 0; i < size; i++) {
        fputc((int)(i % 251), file);
    }
    assert_int_equal(fclose(file), 0);
}

static void bytes_are_the_file_even_after_a_drop(void **state) {
    char path[TEST_PATH_SIZE];
    struct dsi_mapped_file file;
    struct dsi_bytes outside = {NULL, 10};
    size_t i, round;

    (void)state;
    make_path(path, "test_mapped_file.tmp");
    write_file(path, SIZE);
    assert_int_equal(dsi_mapped_file_open(&file, path, NULL), DSINFER_OK);
    assert_int_equal(file.bytes.size, SIZE);
    for (round = 0; round < 2; round++) {
        for (i = 0; i < SIZE; i++) {
            assert_int_equal(file.bytes.data[i], i % 251);
        }
        dsi_mapped_file_drop(&file, file.bytes);
        dsi_mapped_file_drop(&file, (struct dsi_bytes){file.bytes.data + 100, 10});
        dsi_mapped_file_drop(&file, outside);
        dsi_mapped_file_drop(NULL, file.bytes);
    }
    dsi_mapped_file_close(&file);
    assert_null(file.bytes.data);
    dsi_mapped_file_close(&file);
    remove(path);
}

static void an_empty_file_has_no_bytes(void **state) {
    char path[TEST_PATH_SIZE];
    struct dsi_mapped_file file;

    (void)state;
    make_path(path, "test_mapped_file_empty.tmp");
    write_file(path, 0);
    assert_int_equal(dsi_mapped_file_open(&file, path, NULL), DSINFER_OK);
    assert_int_equal(file.bytes.size, 0);
    dsi_mapped_file_close(&file);
    remove(path);
}

static void expect_refused(const char *path, const char *what) {
    struct dsi_mapped_file file;
    struct dsinfer_error err = {0};

    assert_int_equal(dsi_mapped_file_open(&file, path, &err), DSINFER_ERR_IO);
    if (!strstr(err.message, what)) {
        fail_msg("'%s' does not mention %s", err.message, what);
    }
    assert_null(file.bytes.data);
    dsi_mapped_file_close(&file);
}

static void what_is_no_regular_file_is_refused(void **state) {
    char path[TEST_PATH_SIZE];

    (void)state;
    expect_refused("/nonexistent/file", "cannot be opened");
    expect_refused("/", "is a directory");
    expect_refused("/dev/null", "regular file");
    make_path(path, "test_mapped_file_fifo.tmp");
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_refused(path, "regular file"); /* and does not wait for a writer */
    remove(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_the_file_even_after_a_drop),
        cmocka_unit_test(an_empty_file_has_no_bytes),
        cmocka_unit_test(what_is_no_regular_file_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
