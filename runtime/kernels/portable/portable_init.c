/* Takes the kernels in plain C.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/levels.h"
#include "runtime/kernels/portable/portable_kernels.h"

void dsi_kernels_init_portable(struct dsi_kernels *kernels) {
    kernels->name = "portable";
    kernels->products[DSI_PRECISION_F32].gemm = dsi_gemm_portable;
    kernels->products[DSI_PRECISION_BF16].gemm = dsi_gemm_bf16_portable;
    dsi_init_int8_portable(&kernels->products[DSI_PRECISION_INT8]);
}
