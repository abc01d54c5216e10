/* Matrix product in integers of 8 bits.
 *
 * Packed B: the largest |b| of each of the n columns as floats, NaN where something in it is not
 * finite; behind them q, one column after the other. So neighbours are multiplied and added, which
 * processors have instructions for (pmaddwd of SSE2) once both are 16-bit integers. Rows, as ref/
 * has them, took 1.8 times as long for one row of A and 2.8 times for sixteen.
 *
 * The sums are exact and finished in double as in ref/: results are the same to the bit.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/int8.h"
#include "runtime/kernels/portable/portable_kernels.h"
#include "runtime/kernels/ref/kernels_ref.h"

#include <stdint.h>
#include <string.h>

#define TILE ((size_t)32)    /* rows and columns packed at once */
#define GROUP ((size_t)4)    /* columns multiplied at once, */
#define BLOCK ((size_t)1024) /* with so many steps of k: their sums fit 32 bits, */
#define ROWS ((size_t)64)    /* and so many rows of A */

_Static_assert(BLOCK * 16256 * 127 <= INT32_MAX, "sums of a block of k fit 32 bits");

static size_t get_packed_size(size_t k, size_t n) {
    return n * (sizeof(float) + k);
}

/* By way of a transposed tile, so that both sides are gone through in their order. */
static void pack_tile(const struct dsi_pack *pack, size_t row, size_t n_rows, size_t column,
                      size_t n_columns) {
    const unsigned char *from =
        (const unsigned char *)pack->rows + row * pack->row_stride + column * sizeof(float);
    const size_t first = pack->first_column + column;
    const float *max = (const float *)pack->packed + first;
    int8_t *q =
        (int8_t *)((float *)pack->packed + pack->n) + first * pack->k + pack->first_row + row;
    float inverse[TILE] = {0}, values[TILE] = {0};
    int8_t rounded[TILE][TILE];
    size_t i, j;

    for (j = 0; j < n_columns; j++) {
        inverse[j] = dsi_int8_get_inverse_scale(max[j], DSI_INT8_LARGEST_Q);
    }
    for (i = 0; i < n_rows; i++) {
        memcpy(values, from + i * pack->row_stride, n_columns * sizeof(*values));
        for (j = 0; j < TILE; j++) {
            rounded[i][j] =
                inverse[j] > 0.0f ? (int8_t)dsi_int8_round(values[j] * inverse[j]) : (int8_t)0;
        }
    }
    for (j = 0; j < n_columns; j++) {
        for (i = 0; i < n_rows; i++) {
            q[j * pack->k + i] = rounded[i][j];
        }
    }
}

static void pack(const struct dsi_pack *pack) {
    size_t row, column;

    for (row = 0; row < pack->n_rows; row += TILE) {
        for (column = 0; column < pack->n_columns; column += TILE) {
            const size_t rows_left = pack->n_rows - row, columns_left = pack->n_columns - column;

            pack_tile(pack, row, rows_left < TILE ? rows_left : TILE, column,
                      columns_left < TILE ? columns_left : TILE);
        }
    }
}

/* Prepared A: for each row its scale t; behind all of them p[k] for each, zeros up to n_words. */
static size_t get_n_words(size_t k) {
    return (k + 15) / 16 * 16;
}

static size_t get_prepared_size(size_t m, size_t k) {
    return m * (sizeof(float) + get_n_words(k) * sizeof(int16_t));
}

static void prepare(const struct dsi_gemm *gemm) {
    const size_t n_words = get_n_words(gemm->k);
    size_t i, l;

    for (i = 0; i < gemm->m; i++) {
        const float *a = gemm->a + i * gemm->a_stride;
        const float max = dsi_int8_find_max(a, gemm->k);
        const float inverse = dsi_int8_get_inverse_scale(max, DSI_INT8_LARGEST_P);
        int16_t *p = (int16_t *)((float *)gemm->prepared + gemm->m) + i * n_words;

        ((float *)gemm->prepared)[i] = dsi_int8_get_scale(max, DSI_INT8_LARGEST_P);
        memset(p, 0, n_words * sizeof(*p));
        for (l = 0; inverse > 0.0f && l < gemm->k; l++) {
            p[l] = (int16_t)dsi_int8_round(a[l] * inverse);
        }
    }
}

/* Clang multiplies and adds neighbours only where a vector of sums is as long as one of words. */
#ifdef __clang__
#define EIGHT_SUMS _Pragma("clang loop vectorize_width(8)")
#else
#define EIGHT_SUMS
#endif

static inline int16_t get(const void *q, size_t i, bool is_wide) {
    return is_wide ? ((const int16_t *)q)[i] : ((const int8_t *)q)[i];
}

/* Adds the sums over n steps of k for a group of columns, which are `stride` elements apart: words
 * or bytes. A constant `is_wide` leaves a loop without branches. */
static inline void add_products(const int16_t *p, const void *q, size_t stride, size_t n,
                                bool is_wide, int64_t sums[GROUP]) {
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    size_t l;

    EIGHT_SUMS
    for (l = 0; l < n; l++) {
        s0 += p[l] * get(q, l, is_wide);
        s1 += p[l] * get(q, stride + l, is_wide);
        s2 += p[l] * get(q, 2 * stride + l, is_wide);
        s3 += p[l] * get(q, 3 * stride + l, is_wide);
    }
    sums[0] += s0;
    sums[1] += s1;
    sums[2] += s2;
    sums[3] += s3;
}

/* A group of columns as words, zeros beyond the last and beyond n steps. */
static void widen(const int8_t *b, size_t k, size_t n, size_t width, int16_t q[GROUP][BLOCK]) {
    size_t j, l;

    for (j = 0; j < GROUP; j++) {
        const size_t n_used = j < width ? n : 0;

        for (l = 0; l < n_used; l++) {
            q[j][l] = b[j * k + l];
        }
        memset(q[j] + n_used, 0, (get_n_words(n) - n_used) * sizeof(**q));
    }
}

/* Some rows of A, from `row` on, by `width` columns. For one row it does not pay to store words. */
static void sum_products(const struct dsi_gemm *gemm, size_t row, size_t m, size_t column,
                         size_t width, int64_t sums[ROWS][GROUP]) {
    const int8_t *b = (const int8_t *)((const float *)gemm->b + gemm->n) + column * gemm->k;
    const size_t n_words = get_n_words(gemm->k);
    const int16_t *p = (const int16_t *)((const float *)gemm->prepared + gemm->m) + row * n_words;
    int16_t q[GROUP][BLOCK];
    size_t first, i;

    memset(sums, 0, m * sizeof(*sums));
    for (first = 0; first < gemm->k; first += BLOCK) {
        const size_t n = gemm->k - first < BLOCK ? gemm->k - first : BLOCK;

        if (m == 1 && width == GROUP) {
            add_products(p + first, b + first, gemm->k, n, false, sums[0]);
            continue;
        }
        widen(b + first, gemm->k, n, width, q);
        for (i = 0; i < m; i++) {
            add_products(p + i * n_words + first, q, BLOCK, get_n_words(n), true, sums[i]);
        }
    }
}

/* c = clip(start + sum * t * s) for the same part of C. */
static void finish(const struct dsi_gemm *gemm, size_t row, size_t m, size_t column, size_t width,
                   int64_t sums[ROWS][GROUP]) {
    const float *max = (const float *)gemm->b + column;
    const float *scales = (const float *)gemm->prepared + row;
    float column_scales[GROUP];
    size_t i, j;

    for (j = 0; j < width; j++) {
        column_scales[j] = dsi_int8_get_scale(max[j], DSI_INT8_LARGEST_Q);
    }
    for (i = 0; i < m; i++) {
        float *c = gemm->c + (row + i) * gemm->c_stride + column;
        const float *start = gemm->bias ? gemm->bias + column : c;

        for (j = 0; j < width; j++) {
            const float scale = scales[i] * column_scales[j];
            const double sum = (double)start[j] + (double)sums[i][j] * (double)scale;

            c[j] = dsi_clip_ref((float)sum, gemm->limit);
        }
    }
}

static void multiply(const struct dsi_gemm *gemm) {
    const size_t end = gemm->first_column + gemm->n_columns;
    int64_t sums[ROWS][GROUP];
    size_t row, column;

    for (row = 0; row < gemm->m; row += ROWS) {
        const size_t m = gemm->m - row < ROWS ? gemm->m - row : ROWS;

        for (column = gemm->first_column; column < end; column += GROUP) {
            const size_t width = end - column < GROUP ? end - column : GROUP;

            sum_products(gemm, row, m, column, width, sums);
            finish(gemm, row, m, column, width, sums);
        }
    }
}

void dsi_init_int8_portable(struct dsi_product *product) {
    *product = (struct dsi_product){
        .layout = "int8 columns",
        .is_batch_exact = true,
        .get_packed_size = get_packed_size,
        .measure = dsi_measure_int8_ref,
        .pack = pack,
        .prepare = prepare,
        .get_prepared_size = get_prepared_size,
        .gemm = multiply,
    };
}
