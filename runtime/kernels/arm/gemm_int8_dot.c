/* Products in integers of 8 bits for NEON with products of bytes (sdot): tiles of up to 2 rows by
 * one panel. SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/arm/arm_kernels.h"
#include "runtime/kernels/vector/int8_tile.h"
#include "runtime/kernels/vector/tiles.h"

#include <arm_neon.h>
#include <string.h>

#if !defined(__ARM_FEATURE_DOTPROD)
#error "this file is to be compiled with -march=armv8.2-a+dotprod"
#endif

#define LANES ((size_t)4)
#define QUARTERS 4 /* vectors of four columns in a panel */
#define MAX_ROWS ((size_t)2)
#define FOR_EACH_TILE(CASE) CASE(1, 1) CASE(1, 2) CASE(2, 1)

static inline size_t panels_of(size_t n_rows) {
    return n_rows == 1 ? 2 : 1;
}

static inline int8x16_t broadcast(const uint8_t *at) {
    int32_t bytes;

    memcpy(&bytes, at, sizeof(bytes));
    return vreinterpretq_s8_s32(vdupq_n_s32(bytes));
}

ALWAYS_INLINE void multiply_tile(const struct int8_tile *tile, size_t n_rows, size_t n_panels,
                                 float sums[][MAX_PANELS * PANEL]) {
    const size_t panel_size = tile->n_quads * PANEL * 4;
    const size_t low_at = (tile->row_stride - sizeof(struct int8_row)) / 2;
    const uint8_t *rows = tile->rows + sizeof(struct int8_row);
    int32x4_t high[MAX_ROWS][QUARTERS * 2], low[MAX_ROWS][QUARTERS * 2];
    size_t line, i, j;

    UNROLL
    for (i = 0; i < n_rows; i++) {
        UNROLL
        for (j = 0; j < QUARTERS * n_panels; j++) {
            high[i][j] = vdupq_n_s32(0);
            low[i][j] = vdupq_n_s32(0);
        }
    }
    for (line = 0; line < tile->n_quads; line++) {
        UNROLL
        for (i = 0; i < n_rows; i++) {
            const uint8_t *at = rows + i * tile->row_stride + line * 4;
            const int8x16_t p_high = broadcast(at), p_low = broadcast(at + low_at);

            UNROLL
            for (j = 0; j < QUARTERS * n_panels; j++) {
                const int8x16_t q = vld1q_s8(tile->panels + j / QUARTERS * panel_size + line * 64 +
                                             j % QUARTERS * 16);

                high[i][j] = vdotq_s32(high[i][j], q, p_high);
                low[i][j] = vdotq_s32(low[i][j], q, p_low);
            }
        }
    }
    UNROLL
    for (i = 0; i < n_rows; i++) {
        UNROLL
        for (j = 0; j < QUARTERS * n_panels; j++) {
            vst1q_f32(sums[i] + j * LANES,
                      vfmaq_n_f32(vcvtq_f32_s32(low[i][j]), vcvtq_f32_s32(high[i][j]), 128.0f));
        }
    }
}

#include "runtime/kernels/vector/gemm_int8_body.h"

void dsi_gemm_int8_dot(const struct dsi_gemm *gemm) {
    multiply_panels(gemm);
}
