/* Products in integers of 8 bits for AVX-VNNI, which processors without AVX-512 have: tiles of up
 * to 3 rows by one panel.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/vector/int8_tile.h"
#include "runtime/kernels/vector/tiles.h"
#include "runtime/kernels/x86/x86_kernels.h"

#include <immintrin.h>
#include <string.h>

#if !defined(__AVX2__) || !defined(__FMA__) || !defined(__AVXVNNI__)
#error "this file is to be compiled with -mavx2 -mfma -mavxvnni"
#endif

#define LANES 8
#define MAX_ROWS ((size_t)3)
#define FOR_EACH_TILE(CASE) CASE(1, 1) CASE(1, 2) CASE(2, 1) CASE(3, 1)

typedef __m256i vector;

static inline size_t panels_of(size_t n_rows) {
    return n_rows == 1 ? 2 : 1;
}

static inline vector zero(void) {
    return _mm256_setzero_si256();
}

static inline vector load(const int8_t *at) {
    return _mm256_load_si256((const void *)at);
}

static inline vector broadcast(const uint8_t *at) {
    int32_t bytes;

    memcpy(&bytes, at, sizeof(bytes));
    return _mm256_set1_epi32(bytes);
}

/* Not the compiler's own name for it, for which GCC 12 copies every sum before it adds. */
static inline vector add_products(vector sums, vector a, vector b) {
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sums) : "x"(a), "x"(b));
    return sums;
}

static inline vector times_128(vector x) {
    return _mm256_slli_epi32(x, 7);
}

static inline __m256 combine(vector high, vector low, vector offsets) {
    return _mm256_fmadd_ps(_mm256_set1_ps(128.0f),
                           _mm256_cvtepi32_ps(_mm256_sub_epi32(high, offsets)),
                           _mm256_cvtepi32_ps(_mm256_sub_epi32(low, offsets)));
}

static inline void store(float *at, __m256 x) {
    _mm256_storeu_ps(at, x);
}

#include "runtime/kernels/x86/vnni_body.h"

void dsi_gemm_int8_avxvnni(const struct dsi_gemm *gemm) {
    multiply_panels(gemm);
}
