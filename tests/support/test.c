/* Helpers of the unit tests.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int test_has_shared(void) {
    const char *folder = getenv("DSINFER_SHARED");
    struct stat facts;

    return folder && stat(folder, &facts) == 0 && S_ISDIR(facts.st_mode);
}

static const char *join(char path[TEST_PATH_SIZE], const char *variable, const char *format,
                        va_list arguments) {
    const char *folder = getenv(variable);
    int length;

    assert_non_null(folder);
    length = snprintf(path, TEST_PATH_SIZE, "%s/", folder);
    assert_true(length > 0 && length < TEST_PATH_SIZE);
    assert_true(vsnprintf(path + length, (size_t)(TEST_PATH_SIZE - length), format, arguments) <
                TEST_PATH_SIZE - length);
    return path;
}

const char *test_shared_path(char path[TEST_PATH_SIZE], const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    join(path, "DSINFER_SHARED", format, arguments);
    va_end(arguments);
    return path;
}

const char *test_source_path(char path[TEST_PATH_SIZE], const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    join(path, "DSINFER_SOURCE", format, arguments);
    va_end(arguments);
    return path;
}

unsigned char *test_read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    unsigned char *bytes;
    long length;

    if (!file) {
        fail_msg("cannot open %s", path);
    }
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    length = ftell(file);
    assert_true(length >= 0);
    rewind(file);
    bytes = malloc(length ? (size_t)length : 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)length, file), length);
    fclose(file);
    *size = (size_t)length;
    return bytes;
}

void test_assert_near(const float *got, const float *expected, size_t n, double absolute,
                      double relative, const char *what) {
    double worst = 0.0;
    size_t worst_i = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        const double allowed = absolute + relative * fabs((double)expected[i]);
        double excess = fabs((double)got[i] - (double)expected[i]) / allowed;

        if (memcmp(&got[i], &expected[i], sizeof(got[i])) == 0) {
            continue;
        }
        if (!(excess <= worst)) { /* NaN too */
            worst = isnan(excess) ? INFINITY : excess;
            worst_i = i;
        }
    }
    if (worst > 1.0) {
        fail_msg("%s: element %zu of %zu is %.9g, expected %.9g (tolerance %g + %g relative)", what,
                 worst_i, n, (double)got[worst_i], (double)expected[worst_i], absolute, relative);
    }
}
