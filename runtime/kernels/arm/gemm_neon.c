/* Matrix products in float32 and bfloat16 for NEON: tiles of up to 6 rows by one panel.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/arm/arm_kernels.h"

#include <arm_neon.h>
#include <stddef.h>

#define LANES 4
#define MAX_ROWS ((size_t)5)
#define FOR_EACH_TILE(CASE)                                                                        \
    CASE(1, 1) CASE(1, 4) CASE(2, 1) CASE(2, 2) CASE(3, 1) CASE(4, 1) CASE(5, 1)

typedef float32x4_t vector;

static inline vector zero(void) {
    return vdupq_n_f32(0.0f);
}

static inline vector load(const float *at) {
    return vld1q_f32(at);
}

static inline vector load_unaligned(const float *at) {
    return vld1q_f32(at);
}

static inline void store(float *at, vector x) {
    vst1q_f32(at, x);
}

static inline vector broadcast(const float *at) {
    return vld1q_dup_f32(at);
}

static inline vector multiply_add(vector a, vector b, vector c) {
    return vfmaq_f32(c, a, b);
}

static inline vector add(vector a, vector b) {
    return vaddq_f32(a, b);
}

/* These instructions give NaN where an operand is NaN. */
static inline vector clip(vector x, float limit) {
    return vminq_f32(vdupq_n_f32(limit), vmaxq_f32(vdupq_n_f32(0.0f), x));
}

static inline vector load_even(const unsigned char *at) {
    return vreinterpretq_f32_u32(vshlq_n_u32(vld1q_u32((const void *)at), 16));
}

static inline vector load_odd(const unsigned char *at) {
    return vreinterpretq_f32_u32(vandq_u32(vld1q_u32((const void *)at), vdupq_n_u32(0xffff0000)));
}

/* Panels in a tile of that many rows. */
static inline size_t panels_of(size_t n_rows) {
    return n_rows == 1 ? 4 : n_rows == 2 ? 2 : 1;
}

#include "runtime/kernels/vector/gemm_body.h"

void dsi_gemm_neon(const struct dsi_gemm *gemm) {
    multiply_panels(gemm, false);
}

void dsi_gemm_bf16_neon(const struct dsi_gemm *gemm) {
    multiply_panels(gemm, true);
}
