/* The reference kernels: the definition of each, always built.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_KERNELS_REF_KERNELS_REF_H
#define DSI_KERNELS_REF_KERNELS_REF_H

#include "runtime/kernels/kernels.h"

/* B as it is, row-major. */
size_t dsi_get_packed_size_ref(size_t k, size_t n);
void dsi_pack_ref(const struct dsi_pack *pack);

void dsi_gemm_ref(const struct dsi_gemm *gemm);
void dsi_lstm_step_ref(const struct dsi_lstm_step *step);

#endif
