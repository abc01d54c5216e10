/* What every unit test includes: cmocka, and where the genuine models and golden numbers lie.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_SUPPORT_TEST_H
#define TESTS_SUPPORT_TEST_H

/* cmocka.h wants these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Exit code by which a whole test program says "skipped". */
#define TEST_SKIPPED 77

#define TEST_PATH_SIZE 1024

/* True if the folder of genuine models is there (environment variable DSINFER_SHARED, which Meson
 * sets). A test program that needs it returns TEST_SKIPPED from main when it is not. */
int test_has_shared(void);

/* Path of a file below it; returns `path`. Fails the test if it does not fit. */
const char *test_shared_path(char path[TEST_PATH_SIZE], const char *format, ...);

/* Path of a file below the source tree (DSINFER_SOURCE). */
const char *test_source_path(char path[TEST_PATH_SIZE], const char *format, ...);

/* A whole file in memory, freed by the caller; fails the test if it cannot be read. */
unsigned char *test_read_file(const char *path, size_t *size);

/* Fails unless |got - expected| <= absolute + relative * |expected| for all n; both may be the same
 * infinity. Says which element was the worst. */
void test_assert_near(const float *got, const float *expected, size_t n, double absolute,
                      double relative, const char *what);

#endif
