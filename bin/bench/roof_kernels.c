/* Loops for compilers to turn into the widest instructions they were allowed.
 *
 * LANES independent sums keep two multiply-add units busy at a latency of four cycles with vectors
 * of eight. Without such instructions (ROOF_FMA is 0) a product and a sum are two operations.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/bench/roof_kernels.h"

#include <math.h>

#define LANES 64

static uint32_t read_words(const uint32_t *words, size_t n) {
    uint32_t sum = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        sum += words[i];
    }
    return sum;
}

static float multiply_add(size_t n_rounds, float a, float b) {
    float sums[LANES];
    float total = 0.0f;
    size_t i, lane;

    for (lane = 0; lane < LANES; lane++) {
        sums[lane] = (float)lane;
    }
    for (i = 0; i < n_rounds; i++) {
        for (lane = 0; lane < LANES; lane++) {
            sums[lane] = ROOF_FMA ? fmaf(sums[lane], a, b) : sums[lane] * a + b;
        }
    }
    for (lane = 0; lane < LANES; lane++) {
        total += sums[lane];
    }
    return total;
}

const struct cli_roof_kernels ROOF_KERNELS = {read_words, multiply_add, 2 * LANES};
