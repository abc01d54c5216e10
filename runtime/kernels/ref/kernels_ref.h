/* The reference kernels: the definition of each, always built.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_KERNELS_REF_KERNELS_REF_H
#define DSI_KERNELS_REF_KERNELS_REF_H

#include "runtime/kernels/kernels.h"

#include <math.h>

/* B as it is, row-major. */
size_t dsi_get_packed_size_ref(size_t k, size_t n);
void dsi_pack_ref(const struct dsi_pack *pack);

void dsi_gemm_ref(const struct dsi_gemm *gemm);

size_t dsi_get_packed_size_bf16_ref(size_t k, size_t n);
void dsi_pack_bf16_ref(const struct dsi_pack *pack);
void dsi_gemm_bf16_ref(const struct dsi_gemm *gemm);

size_t dsi_get_packed_size_int8_ref(size_t k, size_t n);
void dsi_measure_int8_ref(const struct dsi_pack *pack);
void dsi_pack_int8_ref(const struct dsi_pack *pack);
void dsi_gemm_int8_ref(const struct dsi_gemm *gemm);

/* min(max(x, 0), limit) where the limit is finite, else x. NaN and -0 pass. */
static inline float dsi_clip_ref(float x, float limit) {
    if (isinf(limit)) {
        return x;
    }
    x = x < 0.0f ? 0.0f : x;
    return x > limit ? limit : x;
}

void dsi_lstm_step_ref(const struct dsi_lstm_step *step);

#endif
