/* Takes the kernels that this processor can run. Built without any of their flags.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/cpu.h"
#include "runtime/kernels/levels.h"
#include "runtime/kernels/x86/x86_kernels.h"

void dsi_kernels_init_native(struct dsi_kernels *kernels, unsigned cpu_flags) {
    if (!(cpu_flags & DSI_CPU_AVX2_FMA)) {
        return;
    }
    kernels->name = "avx2";
    kernels->products[DSI_PRECISION_F32] = (struct dsi_product){
        .is_batch_exact = true,
        .get_packed_size = dsi_get_packed_size_avx2,
        .pack = dsi_pack_avx2,
        .gemm = dsi_gemm_avx2,
    };
    kernels->lstm_step = dsi_lstm_step_avx2;
}
