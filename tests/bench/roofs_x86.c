/* The roofs of an x86 machine: built with -mavx2 -mfma.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/cpu.h"
#include "tests/bench/bench_kernels.h"

#include <immintrin.h>

#define N_CHAINS 10
#define N_ROUNDS 100000

/* Multiply-adds that do not wait for each other. */
double bench_run_peak(unsigned cpu_flags) {
    volatile float half = 0.5f, sink; /* volatile: nothing is known when this is compiled */
    __m256 sums[N_CHAINS];
    const __m256 factor = _mm256_set1_ps(half);
    int round, i;

    if (cpu_flags & DSI_CPU_AVX512) {
        return bench_run_peak_avx512();
    }
    if (!(cpu_flags & DSI_CPU_AVX2_FMA)) {
        return 0.0;
    }
    for (i = 0; i < N_CHAINS; i++) {
        sums[i] = _mm256_set1_ps((float)i);
    }
    for (round = 0; round < N_ROUNDS; round++) {
        for (i = 0; i < N_CHAINS; i++) {
            sums[i] = _mm256_fmadd_ps(sums[i], factor, factor);
        }
    }
    for (i = 1; i < N_CHAINS; i++) {
        sums[0] = _mm256_add_ps(sums[0], sums[i]);
    }
    sink = _mm256_cvtss_f32(sums[0]);
    (void)sink;
    return 2.0 * 8.0 * N_CHAINS * N_ROUNDS;
}

/* Four parts side by side: processors fetch several streams faster than one. */
static float read_streams(const float *data, size_t n) {
    const size_t part = n / 4;
    __m256 sums[8];
    size_t i, j;

    for (j = 0; j < 8; j++) {
        sums[j] = _mm256_setzero_ps();
    }
    for (i = 0; i < part; i += 16) {
        for (j = 0; j < 8; j++) {
            sums[j] = _mm256_add_ps(sums[j], _mm256_load_ps(data + j / 2 * part + i + j % 2 * 8));
        }
    }
    for (j = 1; j < 8; j++) {
        sums[0] = _mm256_add_ps(sums[0], sums[j]);
    }
    return _mm256_cvtss_f32(sums[0]);
}

float bench_run_stream(unsigned cpu_flags, const float *data, size_t n) {
    return cpu_flags & DSI_CPU_AVX2_FMA ? read_streams(data, n) : 0.0f;
}
