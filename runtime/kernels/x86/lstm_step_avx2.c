/* Gates and cell of an LSTM, for AVX2 and FMA.
 *
 * Both curves come from e^x = 2^n p + 2^n, where x = n ln 2 + r, |r| <= ln 2 / 2, and p is a
 * polynomial for e^r - 1: written so, e^x - 1 keeps its relative precision where x is small.
 *
 * σ(x) is 1 / (1 + e^-x), and 0 below -87, before e^-x leaves the floats. tanh(x) is t / (t + 2)
 * for t = e^2|x| - 1, with the sign of x. Relative errors stay below 2e-7. NaN gives NaN.
 * Denormal numbers, slow on some processors, come up only where an operand or a product of the
 * formulas is one.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/x86/x86_kernels.h"

#include <immintrin.h>
#include <stdint.h>

#if !defined(__AVX2__) || !defined(__FMA__)
#error "this file is to be compiled with -mavx2 -mfma"
#endif

#define LANES ((size_t)8)

/* e^x = scale * fraction + scale. */
struct power {
    __m256 scale;    /* 2^n */
    __m256 fraction; /* e^r - 1 */
};

/* For -87 <= x <= 88, which keeps 2^n a float. */
static inline struct power compute_power(__m256 x) {
    const __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504f)),
                                     _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    /* ln 2 in two parts, the first with so few digits that n times it is exact. */
    const __m256 coarse = _mm256_fnmadd_ps(n, _mm256_set1_ps(0x1.62e4p-1f), x);
    const __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0x1.7f7d1cp-20f), coarse);
    const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    __m256 q = _mm256_set1_ps(1.0f / 5040.0f);

    q = _mm256_fmadd_ps(q, r, _mm256_set1_ps(1.0f / 720.0f));
    q = _mm256_fmadd_ps(q, r, _mm256_set1_ps(1.0f / 120.0f));
    q = _mm256_fmadd_ps(q, r, _mm256_set1_ps(1.0f / 24.0f));
    q = _mm256_fmadd_ps(q, r, _mm256_set1_ps(1.0f / 6.0f));
    q = _mm256_fmadd_ps(q, r, _mm256_set1_ps(0.5f));
    return (struct power){
        .scale = _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23)),
        .fraction = _mm256_fmadd_ps(_mm256_mul_ps(r, q), r, r),
    };
}

/* min and max give their second operand where one is NaN. */
static inline __m256 clamp(__m256 x, float low, float high) {
    return _mm256_min_ps(_mm256_set1_ps(high), _mm256_max_ps(_mm256_set1_ps(low), x));
}

static inline __m256 compute_sigmoid(__m256 x) {
    const __m256 one = _mm256_set1_ps(1.0f);
    const __m256 is_zero = _mm256_cmp_ps(x, _mm256_set1_ps(-87.0f), _CMP_LT_OQ);
    const struct power power =
        compute_power(clamp(_mm256_sub_ps(_mm256_setzero_ps(), x), -87.0f, 87.0f));
    const __m256 e = _mm256_fmadd_ps(power.scale, power.fraction, power.scale);

    return _mm256_andnot_ps(is_zero, _mm256_div_ps(one, _mm256_add_ps(one, e)));
}

static inline __m256 compute_tanh(__m256 x) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    const __m256 magnitude = _mm256_andnot_ps(sign, x);
    /* From 10 on the result is 1. */
    const struct power power =
        compute_power(clamp(_mm256_add_ps(magnitude, magnitude), 0.0f, 20.0f));
    const __m256 t = _mm256_fmadd_ps(power.scale, power.fraction,
                                     _mm256_sub_ps(power.scale, _mm256_set1_ps(1.0f)));
    const __m256 y = _mm256_div_ps(t, _mm256_add_ps(t, _mm256_set1_ps(2.0f)));

    return _mm256_or_ps(y, _mm256_and_ps(sign, x));
}

/* Eight cells; z_… and c are what the struct says at their place. */
static inline void compute_cells(const struct dsi_lstm_step *step, __m256 z_i, __m256 z_ci,
                                 __m256 z_f, __m256 z_o, __m256 c, __m256 *c_next, __m256 *h_next) {
    const __m256 i = compute_sigmoid(z_i);
    const __m256 ci = compute_tanh(z_ci);
    const __m256 f = compute_sigmoid(_mm256_add_ps(z_f, _mm256_set1_ps(step->forget_bias)));
    const __m256 o = compute_sigmoid(z_o);
    __m256 cell = _mm256_fmadd_ps(ci, i, _mm256_mul_ps(c, f));

    if (step->cell_clip > 0.0f) {
        cell = clamp(cell, -step->cell_clip, step->cell_clip);
    }
    *c_next = cell;
    *h_next = _mm256_mul_ps(o, compute_tanh(cell));
}

void dsi_lstm_step_avx2(const struct dsi_lstm_step *step) {
    static const int32_t lanes[2 * LANES] = {-1, -1, -1, -1, -1, -1, -1, -1};
    const size_t n = step->n_cell, stride = step->z_stride;
    const float *z = step->z;
    __m256 c, h;
    size_t j = 0;

    for (; j + LANES <= n; j += LANES) {
        compute_cells(step, _mm256_loadu_ps(z + j), _mm256_loadu_ps(z + stride + j),
                      _mm256_loadu_ps(z + 2 * stride + j), _mm256_loadu_ps(z + 3 * stride + j),
                      _mm256_loadu_ps(step->c + j), &c, &h);
        _mm256_storeu_ps(step->c_next + j, c);
        _mm256_storeu_ps(step->h_next + j, h);
    }
    if (j < n) {
        const __m256i mask = _mm256_loadu_si256((const void *)(lanes + LANES - (n - j)));

        compute_cells(step, _mm256_maskload_ps(z + j, mask),
                      _mm256_maskload_ps(z + stride + j, mask),
                      _mm256_maskload_ps(z + 2 * stride + j, mask),
                      _mm256_maskload_ps(z + 3 * stride + j, mask),
                      _mm256_maskload_ps(step->c + j, mask), &c, &h);
        _mm256_maskstore_ps(step->c_next + j, mask, c);
        _mm256_maskstore_ps(step->h_next + j, mask, h);
    }
}
