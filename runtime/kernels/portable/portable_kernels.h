/* Kernels in plain C for any processor, written so that compilers turn them into whatever vector
 * instructions they may use (SSE2 on x86-64).
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_KERNELS_PORTABLE_PORTABLE_KERNELS_H
#define DSI_KERNELS_PORTABLE_PORTABLE_KERNELS_H

#include "runtime/kernels/kernels.h"

/* B as ref/ packs it. */
void dsi_gemm_portable(const struct dsi_gemm *gemm);
void dsi_gemm_bf16_portable(const struct dsi_gemm *gemm);

/* Fills in the product: B has a form of its own. */
void dsi_init_int8_portable(struct dsi_product *product);

#endif
