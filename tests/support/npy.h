/* A small reader of .npy files, for golden numbers.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_SUPPORT_NPY_H
#define TESTS_SUPPORT_NPY_H

#include <stddef.h>
#include <stdint.h>

struct test_npy {
    unsigned char *file; /* owned */
    char kind;           /* 'f': float32, 'i': int32, 'h': int16 */
    size_t rank;
    size_t dims[8];
    size_t count; /* product of dims */
    const float *f32;
    const int32_t *i32;
    const int16_t *i16;
};

/* Reads version 1.0, little-endian, C order; fails the test otherwise. Free with test_npy_free. */
void test_npy_read(const char *path, struct test_npy *npy);
void test_npy_free(struct test_npy *npy);

#endif
