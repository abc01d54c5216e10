/* The best of several short runs: a roof is what is possible, not what is usual.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/bench/roof.h"
#include "bin/bench/roof_kernels.h"
#include "bin/memory.h"
#include "bin/output/status.h"

#include <stdlib.h>
#include <string.h>

#define DURATION_S 0.3 /* of each of the two measurements */
#define MIN_BYTES (1 << 16)
#define MAX_BYTES ((size_t)1 << 30)
#define MIN_READS 3
#define MIN_WORDS ((size_t)1 << 18) /* read between two looks at the clock */
#define N_ROUNDS 200000

static const struct cli_roof_kernels *find_kernels(const char *name) {
    if (strcmp(name, "avx512") == 0 || strcmp(name, "vnni") == 0 || strcmp(name, "amx") == 0) {
        return &ROOF_AVX512;
    }
    return strcmp(name, "avx2") == 0 || strcmp(name, "avxvnni") == 0 ? &ROOF_AVX2 : &cli_roof_base;
}

static double measure_read(const struct cli_roof_kernels *kernels, size_t n_bytes) {
    const size_t n = n_bytes / sizeof(uint32_t);
    uint32_t *words = cli_calloc(n, sizeof(*words));
    volatile uint32_t sink = 0;
    double best_s = 1e9;
    double started_s;
    int i;

    /* Pages that were never written would all be one page of zeros. */
    memset(words, 1, n * sizeof(*words));
    started_s = cli_clock_s();
    for (i = 0; i < MIN_READS || cli_clock_s() - started_s < DURATION_S; i++) {
        const double before_s = cli_clock_s();
        size_t n_done;
        double spent_s;

        for (n_done = 0; n_done < MIN_WORDS; n_done += n) {
            sink = sink + kernels->read(words, n);
        }
        spent_s = (cli_clock_s() - before_s) / ((double)n_done / (double)n);
        best_s = spent_s < best_s ? spent_s : best_s;
    }
    free(words);
    return (double)n_bytes / best_s * 1e-9;
}

static double measure_fma(const struct cli_roof_kernels *kernels) {
    const double started_s = cli_clock_s();
    volatile float sink = 0.0f;
    double best_s = 1e9;

    while (cli_clock_s() - started_s < DURATION_S) {
        const double before_s = cli_clock_s();
        double spent_s;

        sink = sink + kernels->multiply_add(N_ROUNDS, 0.5f, 1.0f);
        spent_s = cli_clock_s() - before_s;
        best_s = spent_s < best_s ? spent_s : best_s;
    }
    return (double)kernels->flops_per_round * N_ROUNDS / best_s * 1e-9;
}

void cli_roof_measure(size_t n_bytes, const char *kernels_name, struct cli_roof *roof) {
    const struct cli_roof_kernels *kernels = find_kernels(kernels_name);

    n_bytes = n_bytes < MIN_BYTES ? MIN_BYTES : n_bytes > MAX_BYTES ? MAX_BYTES : n_bytes;
    roof->read_gb_s = measure_read(kernels, n_bytes);
    roof->fma_gflop_s = measure_fma(kernels);
}
