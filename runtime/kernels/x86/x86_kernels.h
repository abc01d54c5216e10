/* Kernels for x86-64, by instruction set.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_KERNELS_X86_X86_KERNELS_H
#define DSI_KERNELS_X86_X86_KERNELS_H

#include "runtime/kernels/kernels.h"

/* AVX2 and FMA. */
void dsi_gemm_avx2(const struct dsi_gemm *gemm);
void dsi_gemm_bf16_avx2(const struct dsi_gemm *gemm);
void dsi_lstm_step_avx2(const struct dsi_lstm_step *step);

/* A for the int8 products: as 16-bit integers for the first, as bytes for the others. */
void dsi_prepare_int8_words(const struct dsi_gemm *gemm);
void dsi_prepare_int8_bytes(const struct dsi_gemm *gemm);
void dsi_gemm_int8_avx2(const struct dsi_gemm *gemm);
void dsi_gemm_int8_avxvnni(const struct dsi_gemm *gemm);
void dsi_gemm_int8_avx512vnni(const struct dsi_gemm *gemm);
void dsi_gemm_int8_amx(const struct dsi_gemm *gemm);

/* AMX for bfloat16. */
size_t dsi_get_prepared_size_bf16_amx(size_t m, size_t k);
void dsi_prepare_bf16_amx(const struct dsi_gemm *gemm);
void dsi_gemm_bf16_amx(const struct dsi_gemm *gemm);

/* AVX-512, its foundation alone. */
void dsi_gemm_avx512(const struct dsi_gemm *gemm);
void dsi_gemm_bf16_avx512(const struct dsi_gemm *gemm);

#endif
