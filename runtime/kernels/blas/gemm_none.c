/* A build without BLAS: portable matrix products are the reference.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/levels.h"

void dsi_kernels_init_blas(struct dsi_kernels *kernels) {
    (void)kernels;
}
