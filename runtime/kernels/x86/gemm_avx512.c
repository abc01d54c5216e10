/* Matrix products in float32 and bfloat16 for AVX-512: tiles of up to 8 rows by two panels. (The
 * instructions that multiply bfloat16 would round A to it as well, at half the rate.)
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/x86/x86_kernels.h"

#include <immintrin.h>
#include <stddef.h>

#if !defined(__AVX512F__)
#error "this file is to be compiled with -mavx512f"
#endif

#define LANES 16
#define MAX_ROWS ((size_t)8)
#define FOR_EACH_TILE(CASE)                                                                        \
    CASE(1, 1)                                                                                     \
    CASE(1, 4)                                                                                     \
    CASE(2, 1)                                                                                     \
    CASE(2, 4) CASE(3, 1) CASE(3, 4) CASE(4, 1) CASE(4, 2) CASE(4, 4) CASE(5, 1) CASE(5, 2)        \
        CASE(6, 1) CASE(6, 2) CASE(7, 1) CASE(7, 2) CASE(8, 1) CASE(8, 2)

typedef __m512 vector;

static inline vector zero(void) {
    return _mm512_setzero_ps();
}

static inline vector load(const float *at) {
    return _mm512_load_ps(at);
}

static inline vector load_unaligned(const float *at) {
    return _mm512_loadu_ps(at);
}

static inline void store(float *at, vector x) {
    _mm512_storeu_ps(at, x);
}

static inline vector broadcast(const float *at) {
    return _mm512_set1_ps(*at);
}

static inline vector multiply_add(vector a, vector b, vector c) {
    return _mm512_fmadd_ps(a, b, c);
}

static inline vector add(vector a, vector b) {
    return _mm512_add_ps(a, b);
}

/* Where an operand is NaN these instructions give their second one. */
static inline vector clip(vector x, float limit) {
    return _mm512_min_ps(_mm512_set1_ps(limit), _mm512_max_ps(_mm512_setzero_ps(), x));
}

static inline vector load_even(const unsigned char *at) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_load_si512((const void *)at), 16));
}

static inline vector load_odd(const unsigned char *at) {
    return _mm512_castsi512_ps(
        _mm512_and_si512(_mm512_load_si512((const void *)at), _mm512_set1_epi32((int)0xffff0000)));
}

/* Panels in a tile of that many rows. */
static inline size_t panels_of(size_t n_rows) {
    return n_rows > 4 ? 2 : 4;
}

#include "runtime/kernels/vector/gemm_body.h"

void dsi_gemm_avx512(const struct dsi_gemm *gemm) {
    multiply_panels(gemm, false);
}

void dsi_gemm_bf16_avx512(const struct dsi_gemm *gemm) {
    multiply_panels(gemm, true);
}
