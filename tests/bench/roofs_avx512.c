/* The roof of multiply-adds of an x86 machine with AVX-512: built with -mavx512f.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/bench/bench_kernels.h"

#include <immintrin.h>

#define N_CHAINS 10
#define N_ROUNDS 100000

double bench_run_peak_avx512(void) {
    volatile float half = 0.5f, sink; /* volatile: nothing is known when this is compiled */
    __m512 sums[N_CHAINS];
    const __m512 factor = _mm512_set1_ps(half);
    int round, i;

    for (i = 0; i < N_CHAINS; i++) {
        sums[i] = _mm512_set1_ps((float)i);
    }
    for (round = 0; round < N_ROUNDS; round++) {
        for (i = 0; i < N_CHAINS; i++) {
            sums[i] = _mm512_fmadd_ps(sums[i], factor, factor);
        }
    }
    for (i = 1; i < N_CHAINS; i++) {
        sums[0] = _mm512_add_ps(sums[0], sums[i]);
    }
    sink = _mm512_cvtss_f32(sums[0]);
    (void)sink;
    return 2.0 * 16.0 * N_CHAINS * N_ROUNDS;
}
