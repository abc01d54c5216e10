/* Products in integers of 8 bits for AVX-512 with VNNI: tiles of up to 4 rows by 3 panels.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/vector/int8_tile.h"
#include "runtime/kernels/vector/tiles.h"
#include "runtime/kernels/x86/x86_kernels.h"

#include <immintrin.h>
#include <string.h>

#if !defined(__AVX512F__) || !defined(__AVX512VNNI__)
#error "this file is to be compiled with -mavx512f -mavx512vnni"
#endif

#define LANES 16
#define MAX_ROWS ((size_t)4)
#define FOR_EACH_TILE(CASE)                                                                        \
    CASE(1, 1)                                                                                     \
    CASE(1, 4) CASE(2, 1) CASE(2, 3) CASE(2, 4) CASE(3, 1) CASE(3, 3) CASE(4, 1) CASE(4, 3)

typedef __m512i vector;

static inline size_t panels_of(size_t n_rows) {
    return n_rows > 2 ? 3 : 4;
}

static inline vector zero(void) {
    return _mm512_setzero_si512();
}

static inline vector load(const int8_t *at) {
    return _mm512_load_si512((const void *)at);
}

static inline vector broadcast(const uint8_t *at) {
    int32_t bytes;

    memcpy(&bytes, at, sizeof(bytes));
    return _mm512_set1_epi32(bytes);
}

/* Not the compiler's own name for it, for which GCC 12 copies every sum before it adds. */
static inline vector add_products(vector sums, vector a, vector b) {
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(a), "v"(b));
    return sums;
}

static inline vector times_128(vector x) {
    return _mm512_slli_epi32(x, 7);
}

static inline __m512 combine(vector high, vector low, vector offsets) {
    return _mm512_fmadd_ps(_mm512_set1_ps(128.0f),
                           _mm512_cvtepi32_ps(_mm512_sub_epi32(high, offsets)),
                           _mm512_cvtepi32_ps(_mm512_sub_epi32(low, offsets)));
}

static inline void store(float *at, __m512 x) {
    _mm512_storeu_ps(at, x);
}

#include "runtime/kernels/x86/vnni_body.h"

void dsi_gemm_int8_avx512vnni(const struct dsi_gemm *gemm) {
    multiply_panels(gemm);
}
