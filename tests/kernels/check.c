/* Watched memory and the book of failures.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/kernels/check.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* As a float: NaN. */
#define PATTERN 0xff

/* Failures that are printed; the rest is only counted. */
#define MAX_PRINTED 20

void check_begin(struct check *check, const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(check->what, sizeof(check->what), format, arguments);
    va_end(arguments);
    check->n_calls++;
}

void check_fail(struct check *check, const char *format, ...) {
    va_list arguments;

    if (check->n_failed++ >= MAX_PRINTED) {
        return;
    }
    printf("%s %s, %s: ", check->kernels.name, check->kernel, check->what);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

void check_near(struct check *check, float got, float expected, double tolerance, size_t row,
                size_t column) {
    const double error = fabs((double)got - (double)expected) / tolerance;

    if (got == expected || (isnan(got) && isnan(expected))) {
        return;
    }
    if (error > check->worst) {
        check->worst = error;
    }
    if (!(error <= 1.0)) { /* NaN too */
        check_fail(check, "[%zu,%zu] is %.9g, expected %.9g, tolerance %.3g", row, column,
                   (double)got, (double)expected, tolerance);
    }
}

void check_memory_create(struct check_memory *memory, size_t size, size_t alignment,
                         enum check_place place) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t n_inner = size / page + 1;
    unsigned char *inner;

    memory->n_pages = n_inner + 2;
    memory->pages = mmap(NULL, memory->n_pages * page, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory->pages == MAP_FAILED || mprotect(memory->pages, page, PROT_NONE) != 0 ||
        mprotect(memory->pages + (n_inner + 1) * page, page, PROT_NONE) != 0) {
        perror("mmap");
        exit(1);
    }
    inner = memory->pages + page;
    memset(inner, PATTERN, n_inner * page);
    memory->data =
        place == CHECK_AT_START ? inner : inner + (n_inner * page - size) / alignment * alignment;
    memory->size = size;
}

static bool is_untouched(const unsigned char *bytes, size_t size) {
    size_t i;

    for (i = 0; i < size; i++) {
        if (bytes[i] != PATTERN) {
            return false;
        }
    }
    return true;
}

void check_memory_verify(struct check *check, const struct check_memory *memory, const char *name) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const unsigned char *start = memory->pages + page;
    const unsigned char *end = memory->pages + (memory->n_pages - 1) * page;

    if (!is_untouched(start, (size_t)(memory->data - start))) {
        check_fail(check, "wrote before the start of %s", name);
    }
    if (!is_untouched(memory->data + memory->size, (size_t)(end - memory->data) - memory->size)) {
        check_fail(check, "wrote behind the end of %s", name);
    }
}

void check_memory_destroy(struct check_memory *memory) {
    munmap(memory->pages, memory->n_pages * (size_t)sysconf(_SC_PAGESIZE));
}

void check_matrix_create(struct check_matrix *matrix, size_t n_rows, size_t n_columns, size_t gap,
                         enum check_place place) {
    const size_t stride = n_columns + gap;
    const size_t count = n_rows ? (n_rows - 1) * stride + n_columns : 0;

    check_memory_create(&matrix->memory, count * sizeof(float), sizeof(float), place);
    matrix->data = (void *)matrix->memory.data;
    matrix->n_rows = n_rows;
    matrix->n_columns = n_columns;
    matrix->stride = stride;
}

void check_matrix_verify(struct check *check, const struct check_matrix *matrix, const char *name) {
    const size_t gap = matrix->stride - matrix->n_columns;
    size_t i;

    check_memory_verify(check, &matrix->memory, name);
    for (i = 0; i + 1 < matrix->n_rows; i++) {
        const float *end = matrix->data + i * matrix->stride + matrix->n_columns;

        if (!is_untouched((const void *)end, gap * sizeof(float))) {
            check_fail(check, "wrote behind row %zu of %s", i, name);
        }
    }
}

void check_matrix_destroy(struct check_matrix *matrix) {
    check_memory_destroy(&matrix->memory);
}

float check_value(struct check *check, enum check_values values) {
    static const float specials[] = {INFINITY, -INFINITY, NAN, -0.0f};
    const float x = test_rng_float(&check->rng);
    const uint32_t die = test_rng_next(&check->rng);

    switch (values) {
    case CHECK_RELU:
        return x > 0.0f ? x : 0.0f;
    case CHECK_DENORMAL:
        return die % 4 ? x * 1e-39f : x;
    case CHECK_HUGE:
        return die % 4 ? x * 1e17f : x;
    case CHECK_SPECIAL:
        return die % 128 ? x : specials[die / 128 % 4];
    case CHECK_ONES:
        return 1.0f;
    case CHECK_PLAIN:
    case CHECK_N_VALUES:
        break;
    }
    return x;
}

void check_matrix_fill(struct check *check, struct check_matrix *matrix, enum check_values values) {
    size_t i, j;

    for (i = 0; i < matrix->n_rows; i++) {
        for (j = 0; j < matrix->n_columns; j++) {
            matrix->data[i * matrix->stride + j] = check_value(check, values);
        }
    }
}
