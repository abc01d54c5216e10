/* The table of kernels: the definitions first, then whatever is faster.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/kernels.h"

#include "runtime/kernels/levels.h"
#include "runtime/kernels/ref/kernels_ref.h"

void dsi_kernels_init(struct dsi_kernels *kernels, enum dsi_kernel_level level,
                      unsigned cpu_flags) {
    *kernels = (struct dsi_kernels){
        .name = "reference",
        .is_in_place = true,
        .is_batch_exact = true,
        .get_packed_size = dsi_get_packed_size_ref,
        .pack = dsi_pack_ref,
        .gemm = dsi_gemm_ref,
        .lstm_step = dsi_lstm_step_ref,
    };
    if (level >= DSI_KERNELS_PORTABLE) {
        dsi_kernels_init_blas(kernels);
    }
    if (level >= DSI_KERNELS_NATIVE) {
        dsi_kernels_init_native(kernels, cpu_flags);
    }
}
