/* Times of the same thing, over and over.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_BENCH_SERIES_H
#define BIN_BENCH_SERIES_H

#include <stddef.h>

struct cli_series {
    double *values_s; /* owned */
    size_t n, capacity;
};

void cli_series_add(struct cli_series *series, double value_s);

/* Nearest rank: the smallest value that `percent` of all do not exceed; 0 where there are none. The
 * series is sorted. */
double cli_series_percentile(struct cli_series *series, double percent);
double cli_series_mean(const struct cli_series *series);

void cli_series_finish(struct cli_series *series);

#endif
