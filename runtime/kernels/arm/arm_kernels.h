/* Kernels for 64-bit ARM: with NEON, and with its products of bytes.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_KERNELS_ARM_ARM_KERNELS_H
#define DSI_KERNELS_ARM_ARM_KERNELS_H

#include "runtime/kernels/kernels.h"

void dsi_gemm_neon(const struct dsi_gemm *gemm);
void dsi_gemm_bf16_neon(const struct dsi_gemm *gemm);
void dsi_lstm_step_neon(const struct dsi_lstm_step *step);

/* A for the int8 products: as 16-bit integers for NEON alone, as bytes for its products of bytes.
 */
void dsi_prepare_int8_words_neon(const struct dsi_gemm *gemm);
void dsi_prepare_int8_bytes_neon(const struct dsi_gemm *gemm);
void dsi_gemm_int8_neon(const struct dsi_gemm *gemm);
void dsi_gemm_int8_dot(const struct dsi_gemm *gemm);

#endif
