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
 *              Infinities and NaN in the operands give the same infinities and NaN. a_ik and
 *              b_kj in M are what the precision makes of them
 *   lstm_step  c within 3e-7 (1 + |c|), h within 3e-7, infinities and NaN the same, gates of
 *              infinite z exactly 0 or 1; for c up to 1e30 (beyond, a forget gate below 1e-37 may
 *              count as 0)
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_KERNELS_KERNELS_H
#define DSI_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

/* How B is kept, and what that makes of the product.
 *   f32   as it is
 *   bf16  each b rounded to the 8 significant bits of a bfloat16, to nearest, ties to even; NaN
 *         stays NaN. A and the sums are float, but numbers below 2^-126 may count as zero
 *   int8  b_kj stands for q_kj * s_j with s_j = max over k of |b_kj| / 127, and a_ik for
 *         p_ik * t_i with t_i = max over k of |a_ik| / 16256; q and p are integers in -127 … 127
 *         and -16256 … 16256. (Rows of A are few: 15 bits cost nothing there.) In float:
 *         q = nearbyint(b * (127 / max)), and q = s = 0 where the maximum is below 2^-100; p and t
 *         likewise. A row of A, or a column of B, in which something is not finite has NaN for its
 *         scale. Then c = clip(start + sum over k of p * q * (t_i * s_j)). k is at most
 *         DSI_INT8_MAX_K */
enum dsi_precision {
    DSI_PRECISION_F32,
    DSI_PRECISION_BF16,
    DSI_PRECISION_INT8,
    DSI_N_PRECISIONS,
};

#define DSI_INT8_MAX_K ((size_t)1 << 15)

/* C[m,n] = clip(start + A[m,k] · B[k,n]), start being the bias row or what C holds.
 * clip(x) = min(max(x, 0), limit) where limit >= 0 is finite (NaN stays NaN), x itself where limit
 * is infinite. Rows of A and of C do not overlap: with m > 1, a_stride >= k and c_stride >= n.
 * Columns first_column … first_column + n_columns - 1 of C are computed, the others not touched:
 * first_column is a multiple of DSI_PACK_COLUMNS, and so is n_columns unless they end with n.
 * is_backward: the last ones first, if that is how the last product with this B went forwards: what
 * the second cache still has of B is read from there. */
struct dsi_gemm {
    size_t m, n, k;
    const float *a; /* [m,k], rows `a_stride` floats apart */
    size_t a_stride;
    const void *b;     /* [k,n] as `pack` left it */
    const float *bias; /* [n], or NULL: start from what C holds */
    float *c;          /* [m,n], rows `c_stride` floats apart */
    size_t c_stride;
    float limit; /* INFINITY: none */
    size_t first_column, n_columns;
    bool is_backward;
    void *prepared; /* what `prepare` made of A, aligned to DSI_ALIGNMENT; not read without one */
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

/* One step of the LSTM after both matrix products, for some cells of one stream. z holds the four
 * gates' sums in the order i, ci, f, o, each [n_cell], z_stride floats apart:
 *   i = σ(z_i)  ci = tanh(z_ci)  f = σ(z_f + forget_bias)  c' = clip(ci·i + c·f)
 *   o = σ(z_o)  h' = o · tanh(c')
 * clip: to ± cell_clip where cell_clip > 0. Matches TensorFlow's BlockLSTM without peepholes.
 * c_next may be c. */
struct dsi_lstm_step {
    size_t n_cell;
    size_t z_stride; /* n_cell or more */
    const float *z;
    const float *c; /* [n_cell] */
    float forget_bias, cell_clip;
    float *c_next, *h_next; /* [n_cell] */
};

/* The matrix product in one precision. */
struct dsi_product {
    /* Name of the form of a packed B: two products with the same one read each other's. Files hold
     * it: it changes where the form does. */
    const char *layout;

    /* True where B is used as it is, row-major [k,n] and aligned to 4; pack is then a plain copy.
     */
    bool is_in_place;

    /* True where every element of C is summed over k in one fixed order, whatever m, its row, and
     * the other columns: a row's result is the same to the bit in whatever batch it is computed.
     * (BLAS differs between one row and several.) lstm_step is so in all implementations: an
     * element's result does not depend on its position. */
    bool is_batch_exact;

    /* Bytes of a packed B[k,n], at most 64 * (k + 2) * (n / 16 + 1); that this fits a size_t, and
     * is worth its memory, is checked by the caller. */
    size_t (*get_packed_size)(size_t k, size_t n);

    /* Packs a part of B[k,n]. Parts may come in any order; together they are B. */
    void (*pack)(const struct dsi_pack *pack);

    /* NULL, or to be called with all parts of B before the first is packed; `packed` is all zero
     * before. (The scales of int8 are those of whole columns.) */
    void (*measure)(const struct dsi_pack *pack);

    /* NULL, or to be called before the columns of a product are computed, once for all of them:
     * turns A into gemm->prepared, of get_prepared_size(m, k) bytes (at most 8 * m * (k + 64)). */
    void (*prepare)(const struct dsi_gemm *gemm);
    size_t (*get_prepared_size)(size_t m, size_t k); /* NULL where prepare is */

    void (*gemm)(const struct dsi_gemm *gemm);
};

struct dsi_kernels {
    const char *name; /* "reference", "portable", "blas" (for float32), "avx2", "avx512", "vnni"
                         (with AVX-512), "avxvnni" (without), "amx", "neon" */
    struct dsi_product products[DSI_N_PRECISIONS];
    void (*lstm_step)(const struct dsi_lstm_step *step);
};

/* The named instruction sets include those before them of their processor family. */
enum dsi_kernel_level {
    DSI_KERNELS_REFERENCE,
    DSI_KERNELS_PORTABLE,
    DSI_KERNELS_AVX2,   /* and FMA */
    DSI_KERNELS_AVX512, /* its foundation */
    DSI_KERNELS_VNNI,   /* of AVX-512, or of AVX where there is no AVX-512 */
    DSI_KERNELS_AMX,    /* for bytes and bfloat16 */
    DSI_KERNELS_NEON,   /* with its products of bytes where there are any */
    DSI_KERNELS_NATIVE, /* whatever there is */
    DSI_N_KERNEL_LEVELS,
};

/* The level's name, as in `--kernels`. */
const char *dsi_kernels_get_level_name(enum dsi_kernel_level level);

/* A processor with these flags (see base/cpu.h), and this build, have the kernels of the level. */
bool dsi_kernels_is_available(enum dsi_kernel_level level, unsigned cpu_flags);

/* Fills the table: reference first, then portable, then BLAS (unless built without), then what
 * `cpu_flags` and the level allow; less than the level's own kernels where it is not available. */
void dsi_kernels_init(struct dsi_kernels *kernels, enum dsi_kernel_level level, unsigned cpu_flags);

#endif
