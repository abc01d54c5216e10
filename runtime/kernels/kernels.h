/* Raw arithmetic behind one table.
 *
 * Kernels know pointers, sizes and strides; they allocate nothing, fail never, take any n >= 0 and
 * any float, never touch a byte outside their operands, and accept unaligned float pointers
 * (aligned to 4) except where a packed operand is named: that one is aligned to DSI_ALIGNMENT.
 * Operands must not overlap unless the contract says so. The table is data: built once per model,
 * constant afterwards.
 *
 * Tolerance of every implementation against kernels/ref, which is the definition:
 *   gemm       6e-8 * (4 + sqrt(k)) * M + 1e-37, M = sum over k of |a_ik * b_kj| + |start|, where
 *              M fits a float: what rounding does to a sum formed in float in any order.
 *              Infinities and NaN in the operands give the same infinities and NaN
 *   lstm_step  c within 3e-7 (1 + |c|), h within 3e-7, infinities and NaN the same, gates of
 *              infinite z exactly 0 or 1; for c up to 1e30 (beyond, a forget gate below 1e-37 may
 *              count as 0)
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_KERNELS_KERNELS_H
#define DSI_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

/* C[m,n] = clip(start + A[m,k] · B[k,n]), start being the bias row or what C holds.
 * clip(x) = min(max(x, 0), limit) where limit >= 0 is finite (NaN stays NaN), x itself where limit
 * is infinite. Rows of A and of C do not overlap: with m > 1, a_stride >= k and c_stride >= n. */
struct dsi_gemm {
    size_t m, n, k;
    const float *a; /* [m,k], rows `a_stride` floats apart */
    size_t a_stride;
    const void *b;     /* [k,n] as `pack` left it */
    const float *bias; /* [n], or NULL: start from what C holds */
    float *c;          /* [m,n], rows `c_stride` floats apart */
    size_t c_stride;
    float limit; /* INFINITY: none */
};

/* Columns of a part of B that is packed begin at multiples of this. */
#define DSI_PACK_COLUMNS 16

/* Rows first_row … first_row + n_rows - 1 and columns first_column … of B[k,n], n_columns of them:
 * a multiple of DSI_PACK_COLUMNS, or all up to the last one. */
struct dsi_pack {
    size_t k, n;
    size_t first_row, n_rows, first_column, n_columns;
    const void *rows; /* row-major, bytes at any alignment, rows `row_stride` bytes apart */
    size_t row_stride;
    void *packed;
};

/* One step of the LSTM after both matrix products, for one stream. z holds the four gates' sums,
 * blocks of n_cell in the order i, ci, f, o:
 *   i = σ(z_i)  ci = tanh(z_ci)  f = σ(z_f + forget_bias)  c' = clip(ci·i + c·f)
 *   o = σ(z_o)  h' = o · tanh(c')
 * clip: to ± cell_clip where cell_clip > 0. Matches TensorFlow's BlockLSTM without peepholes.
 * c_next may be c. */
struct dsi_lstm_step {
    size_t n_cell;
    const float *z; /* [4,n_cell] */
    const float *c; /* [n_cell] */
    float forget_bias, cell_clip;
    float *c_next, *h_next; /* [n_cell] */
};

struct dsi_kernels {
    const char *name; /* "reference", "blas", "avx2" */

    /* True where B is used as it is, row-major [k,n] and aligned to 4; pack is then a plain copy.
     */
    bool is_in_place;

    /* True where every element of C is summed over k in one fixed order, whatever m, its row, and
     * the other columns: a row's result is the same to the bit in whatever batch it is computed.
     * (BLAS differs between one row and several.) lstm_step is so in all implementations: an
     * element's result does not depend on its position. */
    bool is_batch_exact;

    /* Bytes of a packed B[k,n], at most 64 * k * (n / 16 + 1); that this fits a size_t, and is
     * worth its memory, is checked by the caller. */
    size_t (*get_packed_size)(size_t k, size_t n);

    /* Packs a part of B[k,n]. Parts may come in any order; together they are B. */
    void (*pack)(const struct dsi_pack *pack);

    void (*gemm)(const struct dsi_gemm *gemm);
    void (*lstm_step)(const struct dsi_lstm_step *step);
};

enum dsi_kernel_level { DSI_KERNELS_REFERENCE, DSI_KERNELS_PORTABLE, DSI_KERNELS_NATIVE };

/* Fills the table: reference first, then BLAS (unless built without), then what `cpu_flags` (see
 * base/cpu.h) and the level allow. */
void dsi_kernels_init(struct dsi_kernels *kernels, enum dsi_kernel_level level, unsigned cpu_flags);

#endif
