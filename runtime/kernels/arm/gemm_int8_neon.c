/* Products in integers of 8 bits for NEON without products of bytes: q is widened to 16 bits on the
 * way. And A prepared for it, and for the instructions that multiply bytes.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/arm/arm_kernels.h"
#include "runtime/kernels/vector/int8_tile.h"
#include "runtime/kernels/vector/tiles.h"

#include <arm_neon.h>
#include <string.h>

#define LANES ((size_t)4)
#define QUARTERS 4 /* vectors of four columns in a panel */
#define MAX_ROWS ((size_t)2)
#define FOR_EACH_TILE(CASE) CASE(1, 1) CASE(2, 1)

/* Sums of 127 * 16256 four times for each step fit 32 bits up to here. */
#define BLOCK ((size_t)256)

static inline size_t panels_of(size_t n_rows) {
    (void)n_rows;
    return 1;
}

/* Four columns: sums over four steps of k. */
ALWAYS_INLINE int32x4_t multiply_columns(int8x16_t q, int16x4_t p) {
    const int16x8_t first = vmovl_s8(vget_low_s8(q)), second = vmovl_s8(vget_high_s8(q));
    const int32x4_t a = vmull_s16(vget_low_s16(first), p), b = vmull_s16(vget_high_s16(first), p);
    const int32x4_t c = vmull_s16(vget_low_s16(second), p), d = vmull_s16(vget_high_s16(second), p);

    return vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d));
}

ALWAYS_INLINE void multiply_block(const struct int8_tile *tile, size_t first, size_t n,
                                  size_t n_rows, float sums[][MAX_PANELS * PANEL]) {
    int32x4_t parts[MAX_ROWS][QUARTERS];
    size_t line, i, j;

    UNROLL
    for (i = 0; i < n_rows; i++) {
        UNROLL
        for (j = 0; j < QUARTERS; j++) {
            parts[i][j] = vdupq_n_s32(0);
        }
    }
    for (line = first; line < first + n; line++) {
        UNROLL
        for (j = 0; j < QUARTERS; j++) {
            const int8x16_t q = vld1q_s8(tile->panels + line * 64 + j * 16);

            UNROLL
            for (i = 0; i < n_rows; i++) {
                const uint8_t *row = tile->rows + i * tile->row_stride + sizeof(struct int8_row);
                const int16x4_t p = vld1_s16((const void *)(row + line * 8));

                parts[i][j] = vaddq_s32(parts[i][j], multiply_columns(q, p));
            }
        }
    }
    UNROLL
    for (i = 0; i < n_rows; i++) {
        UNROLL
        for (j = 0; j < QUARTERS; j++) {
            float *sum = sums[i] + j * LANES;

            vst1q_f32(sum, vaddq_f32(vld1q_f32(sum), vcvtq_f32_s32(parts[i][j])));
        }
    }
}

ALWAYS_INLINE void multiply_tile(const struct int8_tile *tile, size_t n_rows, size_t n_panels,
                                 float sums[][MAX_PANELS * PANEL]) {
    size_t first;

    (void)n_panels;
    memset(sums, 0, n_rows * sizeof(*sums));
    for (first = 0; first < tile->n_quads; first += BLOCK) {
        const size_t rest = tile->n_quads - first;

        multiply_block(tile, first, rest < BLOCK ? rest : BLOCK, n_rows, sums);
    }
}

#include "runtime/kernels/vector/gemm_int8_body.h"

/* p of eight elements, zeros behind the last. */
static inline int16x8_t round_words(const float *a, size_t n, float inverse) {
    float row[8] = {0};

    memcpy(row, a, (n < 8 ? n : 8) * sizeof(*row));
    return vcombine_s16(vqmovn_s32(vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(row), inverse))),
                        vqmovn_s32(vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(row + 4), inverse))));
}

static void prepare(const struct dsi_gemm *gemm, bool is_bytes) {
    const size_t n_bytes = dsi_int8_round_up(gemm->k);
    size_t i, l;

    for (i = 0; i < gemm->m; i++) {
        uint8_t *row = (uint8_t *)gemm->prepared + i * dsi_int8_get_row_size(gemm->k);
        const float *a = gemm->a + i * gemm->a_stride;
        const float max = dsi_int8_find_max(a, gemm->k);
        const float inverse = dsi_int8_get_inverse_scale(max, DSI_INT8_LARGEST_P);
        const bool is_zero = inverse == 0.0f; /* or not finite */

        ((struct int8_row *)row)->scale = dsi_int8_get_scale(max, DSI_INT8_LARGEST_P);
        row += sizeof(struct int8_row);
        for (l = 0; l < n_bytes; l += 8) {
            const int16x8_t p =
                l < gemm->k && !is_zero ? round_words(a + l, gemm->k - l, inverse) : vdupq_n_s16(0);
            const int16x8_t high = vshrq_n_s16(vaddq_s16(p, vdupq_n_s16(64)), 7);

            if (is_bytes) {
                vst1_s8((int8_t *)row + l, vmovn_s16(high));
                vst1_s8((int8_t *)row + n_bytes + l, vmovn_s16(vsubq_s16(p, vshlq_n_s16(high, 7))));
            } else {
                vst1q_s16((int16_t *)row + l, p);
            }
        }
    }
}

void dsi_prepare_int8_words_neon(const struct dsi_gemm *gemm) {
    prepare(gemm, false);
}

void dsi_prepare_int8_bytes_neon(const struct dsi_gemm *gemm) {
    prepare(gemm, true);
}

void dsi_gemm_int8_neon(const struct dsi_gemm *gemm) {
    multiply_panels(gemm);
}
