/* The cosine transform of type II, by its definition.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/dct.h"

#include <math.h>

void dsi_dct_init(double *table, size_t n_in, size_t n_out) {
    size_t j, k;

    for (k = 0; k < n_in; k++) {
        for (j = 0; j < n_out; j++) {
            table[k * n_out + j] = cos(M_PI * (double)j * (double)(2 * k + 1) / (double)(2 * n_in));
        }
    }
}

/* The inner loop runs over outputs, so that a compiler may use vectors and every sum still has the
 * order of k. */
void dsi_dct_run(const double *table, const double *in, size_t n_in, double *out, size_t n_out) {
    size_t j, k;

    for (j = 0; j < n_out; j++) {
        out[j] = 0.0;
    }
    for (k = 0; k < n_in; k++) {
        for (j = 0; j < n_out; j++) {
            out[j] += in[k] * table[k * n_out + j];
        }
    }
}
