/* The table of kernels: the definitions first, then whatever is faster.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/kernels.h"

#include "runtime/kernels/levels.h"
#include "runtime/kernels/ref/kernels_ref.h"

void dsi_kernels_init(struct dsi_kernels *kernels, enum dsi_kernel_level level,
                      unsigned cpu_flags) {
    *kernels = (struct dsi_kernels){
        .name = "reference",
        .products =
            {
                [DSI_PRECISION_F32] =
                    {
                        .is_in_place = true,
                        .is_batch_exact = true,
                        .get_packed_size = dsi_get_packed_size_ref,
                        .pack = dsi_pack_ref,
                        .gemm = dsi_gemm_ref,
                    },
                [DSI_PRECISION_BF16] =
                    {
                        .is_batch_exact = true,
                        .get_packed_size = dsi_get_packed_size_bf16_ref,
                        .pack = dsi_pack_bf16_ref,
                        .gemm = dsi_gemm_bf16_ref,
                    },
                [DSI_PRECISION_INT8] =
                    {
                        .is_batch_exact = true,
                        .get_packed_size = dsi_get_packed_size_int8_ref,
                        .measure = dsi_measure_int8_ref,
                        .pack = dsi_pack_int8_ref,
                        .gemm = dsi_gemm_int8_ref,
                    },
            },
        .lstm_step = dsi_lstm_step_ref,
    };
    if (level >= DSI_KERNELS_PORTABLE) {
        dsi_kernels_init_blas(kernels);
    }
    if (level >= DSI_KERNELS_NATIVE) {
        dsi_kernels_init_native(kernels, cpu_flags);
    }
}
