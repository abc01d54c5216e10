/* Gates and cell of an LSTM for NEON: the formulas of x86/lstm_step_avx2.c.
 *
 * Both curves come from e^x = 2^n p + 2^n, where x = n ln 2 + r, |r| <= ln 2 / 2, and p is a
 * polynomial for e^r - 1. σ(x) is 1 / (1 + e^-x), and 0 below -87. tanh(x) is t / (t + 2) for
 * t = e^2|x| - 1, with the sign of x. NaN gives NaN.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/arm/arm_kernels.h"

#include <arm_neon.h>
#include <string.h>

#define LANES ((size_t)4)

/* e^x = scale * fraction + scale. */
struct power {
    float32x4_t scale;    /* 2^n */
    float32x4_t fraction; /* e^r - 1 */
};

/* For -87 <= x <= 88, which keeps 2^n a float. */
static inline struct power compute_power(float32x4_t x) {
    const float32x4_t n = vrndnq_f32(vmulq_n_f32(x, 1.44269504f));
    /* ln 2 in two parts, the first with so few digits that n times it is exact. */
    const float32x4_t coarse = vfmsq_n_f32(x, n, 0x1.62e4p-1f);
    const float32x4_t r = vfmsq_n_f32(coarse, n, 0x1.7f7d1cp-20f);
    const int32x4_t exponent = vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127));
    float32x4_t q = vdupq_n_f32(1.0f / 5040.0f);

    q = vfmaq_f32(vdupq_n_f32(1.0f / 720.0f), q, r);
    q = vfmaq_f32(vdupq_n_f32(1.0f / 120.0f), q, r);
    q = vfmaq_f32(vdupq_n_f32(1.0f / 24.0f), q, r);
    q = vfmaq_f32(vdupq_n_f32(1.0f / 6.0f), q, r);
    q = vfmaq_f32(vdupq_n_f32(0.5f), q, r);
    return (struct power){
        .scale = vreinterpretq_f32_s32(vshlq_n_s32(exponent, 23)),
        .fraction = vfmaq_f32(r, vmulq_f32(r, q), r),
    };
}

/* These instructions give NaN where x is NaN. */
static inline float32x4_t clamp(float32x4_t x, float low, float high) {
    return vminq_f32(vdupq_n_f32(high), vmaxq_f32(vdupq_n_f32(low), x));
}

static inline float32x4_t compute_sigmoid(float32x4_t x) {
    const float32x4_t one = vdupq_n_f32(1.0f);
    const uint32x4_t is_zero = vcltq_f32(x, vdupq_n_f32(-87.0f));
    const struct power power = compute_power(clamp(vnegq_f32(x), -87.0f, 87.0f));
    const float32x4_t e = vfmaq_f32(power.scale, power.scale, power.fraction);
    const float32x4_t y = vdivq_f32(one, vaddq_f32(one, e));

    return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(y), is_zero));
}

static inline float32x4_t compute_tanh(float32x4_t x) {
    const float32x4_t magnitude = vabsq_f32(x);
    /* From 10 on the result is 1. */
    const struct power power = compute_power(clamp(vaddq_f32(magnitude, magnitude), 0.0f, 20.0f));
    const float32x4_t t =
        vfmaq_f32(vsubq_f32(power.scale, vdupq_n_f32(1.0f)), power.scale, power.fraction);
    const float32x4_t y = vdivq_f32(t, vaddq_f32(t, vdupq_n_f32(2.0f)));

    return vbslq_f32(vdupq_n_u32(0x80000000), x, y);
}

/* Four cells. z: i, ci, f, o, and c at fifth place. */
static inline void compute_cells(const struct dsi_lstm_step *step, const float32x4_t z[5],
                                 float32x4_t *c_next, float32x4_t *h_next) {
    const float32x4_t i = compute_sigmoid(z[0]);
    const float32x4_t ci = compute_tanh(z[1]);
    const float32x4_t f = compute_sigmoid(vaddq_f32(z[2], vdupq_n_f32(step->forget_bias)));
    const float32x4_t o = compute_sigmoid(z[3]);
    float32x4_t cell = vfmaq_f32(vmulq_f32(z[4], f), ci, i);

    if (step->cell_clip > 0.0f) {
        cell = clamp(cell, -step->cell_clip, step->cell_clip);
    }
    *c_next = cell;
    *h_next = vmulq_f32(o, compute_tanh(cell));
}

void dsi_lstm_step_neon(const struct dsi_lstm_step *step) {
    const size_t n = step->n_cell;
    size_t j, part;

    for (j = 0; j < n; j += LANES) {
        const size_t width = n - j < LANES ? n - j : LANES;
        float rows[5][LANES] = {{0}}, c_next[LANES], h_next[LANES];
        float32x4_t z[5], c, h;

        for (part = 0; part < 5; part++) {
            const float *from = part < 4 ? step->z + part * step->z_stride + j : step->c + j;

            memcpy(rows[part], from, width * sizeof(float));
            z[part] = vld1q_f32(rows[part]);
        }
        compute_cells(step, z, &c, &h);
        vst1q_f32(c_next, c);
        vst1q_f32(h_next, h);
        memcpy(step->c_next + j, c_next, width * sizeof(float));
        memcpy(step->h_next + j, h_next, width * sizeof(float));
    }
}
