/* Kernels for x86-64, by instruction set.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_KERNELS_X86_X86_KERNELS_H
#define DSI_KERNELS_X86_X86_KERNELS_H

#include "runtime/kernels/kernels.h"

size_t dsi_get_packed_size_avx2(size_t k, size_t n);
void dsi_pack_avx2(const struct dsi_pack *pack);
void dsi_gemm_avx2(const struct dsi_gemm *gemm);
void dsi_lstm_step_avx2(const struct dsi_lstm_step *step);

#endif
