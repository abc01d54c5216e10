/* Takes the kernels that this processor can run.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/cpu.h"
#include "runtime/kernels/arm/arm_kernels.h"
#include "runtime/kernels/levels.h"
#include "runtime/kernels/vector/panels.h"

void dsi_kernels_init_native(struct dsi_kernels *kernels, unsigned cpu_flags) {
    if (!(cpu_flags & DSI_CPU_NEON)) {
        return;
    }
    kernels->name = "neon";
    kernels->products[DSI_PRECISION_F32] = (struct dsi_product){
        .layout = DSI_PANELS_LAYOUT_F32,
        .is_batch_exact = true,
        .get_packed_size = dsi_panels_get_size_f32,
        .pack = dsi_panels_pack_f32,
        .gemm = dsi_gemm_neon,
    };
    kernels->products[DSI_PRECISION_BF16] = (struct dsi_product){
        .layout = DSI_PANELS_LAYOUT_BF16,
        .is_batch_exact = true,
        .get_packed_size = dsi_panels_get_size_bf16,
        .pack = dsi_panels_pack_bf16,
        .gemm = dsi_gemm_bf16_neon,
    };
    kernels->products[DSI_PRECISION_INT8] = (struct dsi_product){
        .layout = DSI_PANELS_LAYOUT_INT8,
        .is_batch_exact = true,
        .get_packed_size = dsi_panels_get_size_int8,
        .measure = dsi_panels_measure_int8,
        .pack = dsi_panels_pack_int8,
        .get_prepared_size = dsi_get_prepared_size_int8_neon,
        .prepare = dsi_prepare_int8_words_neon,
        .gemm = dsi_gemm_int8_neon,
    };
    kernels->lstm_step = dsi_lstm_step_neon;
    if (cpu_flags & DSI_CPU_NEON_DOT) {
        kernels->products[DSI_PRECISION_INT8].prepare = dsi_prepare_int8_bytes_neon;
        kernels->products[DSI_PRECISION_INT8].gemm = dsi_gemm_int8_dot;
    }
}

unsigned dsi_kernels_get_native_flags(void) {
    return DSI_CPU_NEON | DSI_CPU_NEON_DOT;
}
