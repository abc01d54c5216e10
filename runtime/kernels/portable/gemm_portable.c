/* Matrix products in float32 and bfloat16, with B row-major as ref/ leaves it.
 *
 * C grows by GROUP rows of B at a time, in order, each element by the sum of GROUP products: B is
 * read once, as that many streams. Where several rows of C need it, bfloat16 is widened a chunk at
 * a time, in the first cache. Columns are taken in blocks whose part of C stays in that cache too.
 * None of these sizes changes what is added to an element in which order.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/portable/portable_kernels.h"
#include "runtime/kernels/ref/kernels_ref.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define GROUP ((size_t)8)    /* rows of B */
#define CHUNK ((size_t)64)   /* columns */
#define BLOCK ((size_t)4096) /* elements of C; at least a chunk of each row */

/* A chunk of a group of B; rows beyond k are zero. */
union chunk {
    float values[GROUP][CHUNK];
    uint32_t bits[GROUP][CHUNK];
};

static inline float get(const void *b, size_t i, bool is_bf16) {
    uint32_t bits;
    float x;

    if (!is_bf16) {
        return ((const float *)b)[i];
    }
    bits = (uint32_t)((const uint16_t *)b)[i] << 16;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

/* c[width] += a · b, whose rows are `stride` elements apart. A constant `is_bf16` leaves a loop
 * without branches, which becomes one of vectors. */
static inline void add_group(float *restrict c, const float a[GROUP], const void *restrict b,
                             size_t stride, size_t width, bool is_bf16) {
    const float a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3];
    const float a4 = a[4], a5 = a[5], a6 = a[6], a7 = a[7];
    size_t j;

#define B(l) get(b, (l)*stride + j, is_bf16)
    for (j = 0; j < width; j++) {
        c[j] += ((a0 * B(0) + a1 * B(1)) + (a2 * B(2) + a3 * B(3))) +
                ((a4 * B(4) + a5 * B(5)) + (a6 * B(6) + a7 * B(7)));
    }
#undef B
}

static void widen(const struct dsi_gemm *gemm, size_t row, size_t n_rows, size_t column,
                  size_t width, bool is_bf16, union chunk *chunk) {
    const size_t first = row * gemm->n + column;
    size_t l, j;

    for (l = 0; l < n_rows; l++) {
        const uint16_t *halves = (const uint16_t *)gemm->b + first + l * gemm->n;

        if (!is_bf16) {
            memcpy(chunk->values[l], (const float *)gemm->b + first + l * gemm->n,
                   width * sizeof(float));
            continue;
        }
        for (j = 0; j < width; j++) {
            chunk->bits[l][j] = (uint32_t)halves[j] << 16;
        }
    }
    memset(chunk->values[n_rows], 0, (GROUP - n_rows) * sizeof(chunk->values[0]));
}

/* Columns first … end - 1 of all rows of C grow by n_rows rows of B, by way of chunks. */
static void add_chunks(const struct dsi_gemm *gemm, size_t row, size_t n_rows, size_t first,
                       size_t end, bool is_bf16) {
    union chunk chunk;
    size_t column, i;

    for (column = first; column < end; column += CHUNK) {
        const size_t width = end - column < CHUNK ? end - column : CHUNK;

        widen(gemm, row, n_rows, column, width, is_bf16, &chunk);
        for (i = 0; i < gemm->m; i++) {
            float *c = gemm->c + i * gemm->c_stride + column;
            float a[GROUP] = {0};

            memcpy(a, gemm->a + i * gemm->a_stride + row, n_rows * sizeof(*a));
            if (width == CHUNK) { /* a constant count is straight code */
                add_group(c, a, chunk.values, CHUNK, CHUNK, false);
            } else {
                add_group(c, a, chunk.values, CHUNK, width, false);
            }
        }
    }
}

/* The same for GROUP rows of B in their place. */
static void add_rows(const struct dsi_gemm *gemm, size_t row, size_t first, size_t end,
                     bool is_bf16) {
    const size_t at = row * gemm->n + first;
    size_t i;

    for (i = 0; i < gemm->m; i++) {
        const float *a = gemm->a + i * gemm->a_stride + row;
        float *c = gemm->c + i * gemm->c_stride + first;

        if (is_bf16) {
            add_group(c, a, (const uint16_t *)gemm->b + at, gemm->n, end - first, true);
        } else {
            add_group(c, a, (const float *)gemm->b + at, gemm->n, end - first, false);
        }
    }
}

static void multiply_block(const struct dsi_gemm *gemm, size_t first, size_t end, bool is_bf16) {
    size_t row, i, j;

    for (i = 0; gemm->bias && i < gemm->m; i++) {
        memcpy(gemm->c + i * gemm->c_stride + first, gemm->bias + first,
               (end - first) * sizeof(float));
    }
    for (row = 0; row < gemm->k; row += GROUP) {
        const size_t rest = gemm->k - row;

        if (rest >= GROUP && (!is_bf16 || gemm->m == 1)) {
            add_rows(gemm, row, first, end, is_bf16);
        } else {
            add_chunks(gemm, row, rest < GROUP ? rest : GROUP, first, end, is_bf16);
        }
    }
    for (i = 0; !isinf(gemm->limit) && i < gemm->m; i++) {
        for (j = first; j < end; j++) {
            float *c = gemm->c + i * gemm->c_stride + j;

            *c = dsi_clip_ref(*c, gemm->limit);
        }
    }
}

static void multiply(const struct dsi_gemm *gemm, bool is_bf16) {
    const size_t end = gemm->m > 0 ? gemm->first_column + gemm->n_columns : 0;
    const size_t fitting = gemm->m > 0 ? BLOCK / gemm->m / CHUNK * CHUNK : 0;
    const size_t width = fitting > CHUNK ? fitting : CHUNK;
    size_t first;

    for (first = gemm->first_column; first < end; first += width) {
        multiply_block(gemm, first, end - first < width ? end : first + width, is_bf16);
    }
}

void dsi_gemm_portable(const struct dsi_gemm *gemm) {
    multiply(gemm, false);
}

void dsi_gemm_bf16_portable(const struct dsi_gemm *gemm) {
    multiply(gemm, true);
}
