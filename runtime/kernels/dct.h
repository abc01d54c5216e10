/* The cosine transform of type II, last step of every MFCC, unscaled since front ends differ in the
 * factor: y_j = Σ_k x_k · cos(π·j·(2k+1)/(2·n_in)).
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_KERNELS_DCT_H
#define DSI_KERNELS_DCT_H

#include <stddef.h>

/* Fills table [n_in][n_out]. */
void dsi_dct_init(double *table, size_t n_in, size_t n_out);

/* in [n_in], out [n_out]; must not overlap. Sums in the order of k. */
void dsi_dct_run(const double *table, const double *in, size_t n_in, double *out, size_t n_out);

#endif
