/* Takes the kernels that this processor can run.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/cpu.h"
#include "runtime/kernels/arm/arm_kernels.h"
#include "runtime/kernels/levels.h"
#include "runtime/kernels/vector/panels.h"

static void init_neon(struct dsi_kernels *kernels) {
    struct dsi_product *int8 = &kernels->products[DSI_PRECISION_INT8];

    dsi_panels_init(kernels);
    kernels->name = "neon";
    kernels->products[DSI_PRECISION_F32].gemm = dsi_gemm_neon;
    kernels->products[DSI_PRECISION_BF16].gemm = dsi_gemm_bf16_neon;
    int8->prepare = dsi_prepare_int8_words_neon;
    int8->gemm = dsi_gemm_int8_neon;
    kernels->lstm_step = dsi_lstm_step_neon;
}

void dsi_kernels_init_native(struct dsi_kernels *kernels, unsigned cpu_flags) {
    if (cpu_flags & DSI_CPU_NEON) {
        init_neon(kernels);
    }
    if (cpu_flags & DSI_CPU_NEON && cpu_flags & DSI_CPU_NEON_DOT) {
        kernels->products[DSI_PRECISION_INT8].prepare = dsi_prepare_int8_bytes_neon;
        kernels->products[DSI_PRECISION_INT8].gemm = dsi_gemm_int8_dot;
    }
}

unsigned dsi_kernels_get_native_flags(void) {
    return DSI_CPU_NEON | DSI_CPU_NEON_DOT;
}
