/* The two loops that measure what the machine can do, compiled once for each kind of processor.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_BENCH_ROOF_KERNELS_H
#define BIN_BENCH_ROOF_KERNELS_H

#include <stddef.h>
#include <stdint.h>

struct cli_roof_kernels {
    /* Reads all of `words`; returns their sum so that nothing is left out. */
    uint32_t (*read)(const uint32_t *words, size_t n);
    /* `n_rounds` rounds of flops_per_round operations that do not wait for each other. */
    float (*multiply_add)(size_t n_rounds, float a, float b);
    size_t flops_per_round;
};

extern const struct cli_roof_kernels cli_roof_base, cli_roof_avx2, cli_roof_avx512;

#endif
