/* Matrix products in float32 and bfloat16 for AVX2 and FMA: tiles of up to 6 rows by one panel.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/x86/x86_kernels.h"

#include <immintrin.h>
#include <stddef.h>

#if !defined(__AVX2__) || !defined(__FMA__)
#error "this file is to be compiled with -mavx2 -mfma"
#endif

#define LANES 8
#define MAX_ROWS ((size_t)6)
#define FOR_EACH_TILE(CASE)                                                                        \
    CASE(1, 1)                                                                                     \
    CASE(1, 4) CASE(2, 1) CASE(2, 3) CASE(3, 1) CASE(3, 2) CASE(4, 1) CASE(5, 1) CASE(6, 1)

typedef __m256 vector;

static inline vector zero(void) {
    return _mm256_setzero_ps();
}

static inline vector load(const float *at) {
    return _mm256_load_ps(at);
}

static inline vector load_unaligned(const float *at) {
    return _mm256_loadu_ps(at);
}

static inline void store(float *at, vector x) {
    _mm256_storeu_ps(at, x);
}

static inline vector broadcast(const float *at) {
    return _mm256_broadcast_ss(at);
}

static inline vector multiply_add(vector a, vector b, vector c) {
    return _mm256_fmadd_ps(a, b, c);
}

static inline vector add(vector a, vector b) {
    return _mm256_add_ps(a, b);
}

/* Where an operand is NaN these instructions give their second one. */
static inline vector clip(vector x, float limit) {
    return _mm256_min_ps(_mm256_set1_ps(limit), _mm256_max_ps(_mm256_setzero_ps(), x));
}

static inline vector load_even(const unsigned char *at) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_load_si256((const void *)at), 16));
}

static inline vector load_odd(const unsigned char *at) {
    return _mm256_castsi256_ps(
        _mm256_and_si256(_mm256_load_si256((const void *)at), _mm256_set1_epi32((int)0xffff0000)));
}

/* Panels in a tile of that many rows. */
static inline size_t panels_of(size_t n_rows) {
    return n_rows == 0 || n_rows > 3 ? 1 : n_rows == 1 ? 4 : 5 - n_rows;
}

#include "runtime/kernels/vector/gemm_body.h"

void dsi_gemm_avx2(const struct dsi_gemm *gemm) {
    multiply_panels(gemm, false);
}

void dsi_gemm_bf16_avx2(const struct dsi_gemm *gemm) {
    multiply_panels(gemm, true);
}
