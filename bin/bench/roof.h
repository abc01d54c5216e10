/* What one core of this machine can do at most: bytes read and multiply-adds a second.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_BENCH_ROOF_H
#define BIN_BENCH_ROOF_H

#include <stddef.h>

struct cli_roof {
    double read_gb_s;   /* streaming read of as many bytes as the weights have */
    double fma_gflop_s; /* multiply-adds in registers */
};

/* `kernels`: name of the kernels in use; the loops use the same instructions. */
void cli_roof_measure(size_t n_bytes, const char *kernels, struct cli_roof *roof);

#endif
