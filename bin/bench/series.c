/* Series of times.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/bench/series.h"
#include "bin/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void cli_series_add(struct cli_series *series, double value_s) {
    if (series->n == series->capacity) {
        series->capacity = series->capacity ? 2 * series->capacity : 256;
        series->values_s = cli_realloc(series->values_s, series->capacity, sizeof(double));
    }
    series->values_s[series->n++] = value_s;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

double cli_series_percentile(struct cli_series *series, double percent) {
    size_t rank;

    if (series->n == 0) {
        return 0.0;
    }
    qsort(series->values_s, series->n, sizeof(double), compare);
    rank = (size_t)ceil(percent / 100.0 * (double)series->n);
    return series->values_s[rank ? rank - 1 : 0];
}

double cli_series_mean(const struct cli_series *series) {
    double sum = 0.0;
    size_t i;

    for (i = 0; i < series->n; i++) {
        sum += series->values_s[i];
    }
    return series->n ? sum / (double)series->n : 0.0;
}

void cli_series_finish(struct cli_series *series) {
    free(series->values_s);
    memset(series, 0, sizeof(*series));
}
