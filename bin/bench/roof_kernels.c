/* Loops for compilers to turn into the widest instructions they were allowed.
 *
 * ROOF_LANES independent sums keep two multiply-add units busy at a latency of four cycles. Without
 * such instructions (ROOF_FMA is 0) a product and a sum are two operations.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/bench/roof_kernels.h"

#include <math.h>

#define WIDTH ((size_t)64) /* words of a part read at a time */

/* Four parts side by side: processors fetch several streams faster than one. */
static uint32_t read_words(const uint32_t *words, size_t n) {
    const size_t part = n / 4 / WIDTH * WIDTH;
    uint32_t sums[WIDTH] = {0}, sum = 0;
    size_t i, j;

    for (i = 0; i < part; i += WIDTH) {
        const uint32_t *at = words + i;

        for (j = 0; j < WIDTH; j++) {
            sums[j] += at[j] + at[part + j] + at[2 * part + j] + at[3 * part + j];
        }
    }
    for (i = 4 * part; i < n; i++) {
        sum += words[i];
    }
    for (j = 0; j < WIDTH; j++) {
        sum += sums[j];
    }
    return sum;
}

static float multiply_add(size_t n_rounds, float a, float b) {
    float sums[ROOF_LANES];
    float total = 0.0f;
    size_t i, lane;

    for (lane = 0; lane < ROOF_LANES; lane++) {
        sums[lane] = (float)lane;
    }
    for (i = 0; i < n_rounds; i++) {
        for (lane = 0; lane < ROOF_LANES; lane++) {
            sums[lane] = ROOF_FMA ? fmaf(sums[lane], a, b) : sums[lane] * a + b;
        }
    }
    for (lane = 0; lane < ROOF_LANES; lane++) {
        total += sums[lane];
    }
    return total;
}

const struct cli_roof_kernels ROOF_KERNELS = {read_words, multiply_add, 2 * ROOF_LANES};
