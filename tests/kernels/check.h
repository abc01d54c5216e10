/* What the checks of kernels share: memory whose ends are watched, numbers to fill it with, and
 * the book of failures.
 *
 * An operand lies against a page that must not be touched, once with its end and once with its
 * start, so that a stray read is caught as well as a stray write; what is left of its own pages,
 * and the gaps between its rows, hold a pattern (NaN as a float) that must survive.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_KERNELS_CHECK_H
#define TESTS_KERNELS_CHECK_H

#include "runtime/kernels/kernels.h"
#include "tests/support/rng.h"

#include <stdbool.h>
#include <stddef.h>

struct check {
    struct dsi_kernels kernels;                    /* under test */
    struct dsi_kernels reference;                  /* the definition */
    enum dsi_precision precision;                  /* under test, */
    struct dsi_product product, reference_product; /* and the products in it */
    struct test_rng rng;
    const char *kernel; /* name of the kernel under test */
    char what[200];     /* the call being checked */
    size_t n_calls, n_failed;
    double worst; /* largest error, 1.0 being the tolerance */
};

/* Names the call that is checked next; a crash is reported under this name. */
void check_begin(struct check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Counts and prints a failure of that call. */
void check_fail(struct check *check, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Fails unless |got - expected| <= tolerance; NaN and infinities must be the same. */
void check_near(struct check *check, float got, float expected, double tolerance, size_t row,
                size_t column);

enum check_place { CHECK_AT_END, CHECK_AT_START };

struct check_memory {
    unsigned char *pages; /* with the forbidden ones at both ends */
    size_t n_pages;
    unsigned char *data; /* `size` bytes */
    size_t size;
};

/* `alignment` of the data: a power of two. */
void check_memory_create(struct check_memory *memory, size_t size, size_t alignment,
                         enum check_place place);

/* Fails if something beside the data was written. */
void check_memory_verify(struct check *check, const struct check_memory *memory, const char *name);
void check_memory_destroy(struct check_memory *memory);

/* Floats in rows, the last without a gap behind it. */
struct check_matrix {
    struct check_memory memory;
    float *data;
    size_t n_rows, n_columns, stride;
};

void check_matrix_create(struct check_matrix *matrix, size_t n_rows, size_t n_columns, size_t gap,
                         enum check_place place);

/* The same, gaps verified too. */
void check_matrix_verify(struct check *check, const struct check_matrix *matrix, const char *name);
void check_matrix_destroy(struct check_matrix *matrix);

enum check_values {
    CHECK_PLAIN,    /* -1 … 1 */
    CHECK_RELU,     /* 0 … 1, half of them 0: sums only grow */
    CHECK_DENORMAL, /* mixed with ordinary ones */
    CHECK_HUGE,     /* up to 1e17 */
    CHECK_SPECIAL,  /* some infinities, NaN, -0 */
    CHECK_ONES,     /* the largest sums of integers */
    CHECK_N_VALUES,
};

float check_value(struct check *check, enum check_values values);
void check_matrix_fill(struct check *check, struct check_matrix *matrix, enum check_values values);

/* One per kernel; that of the products for one precision. */
void check_gemm(struct check *check, enum dsi_precision precision);
void check_lstm_step(struct check *check);

#endif
