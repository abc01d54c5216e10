/* The table of kernels: the definitions first, then whatever is faster.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/kernels.h"

#include "runtime/base/cpu.h"
#include "runtime/kernels/levels.h"
#include "runtime/kernels/ref/kernels_ref.h"

/* Flags that a level may use, and those of which it needs one at least (0: none). */
static const struct level {
    const char *name;
    unsigned used, needed;
} levels[DSI_N_KERNEL_LEVELS] = {
    [DSI_KERNELS_REFERENCE] = {"reference", 0, 0},
    [DSI_KERNELS_PORTABLE] = {"portable", 0, 0},
    [DSI_KERNELS_AVX2] = {"avx2", DSI_CPU_AVX2_FMA, DSI_CPU_AVX2_FMA},
    [DSI_KERNELS_AVX512] = {"avx512", DSI_CPU_AVX2_FMA | DSI_CPU_AVX512, DSI_CPU_AVX512},
    [DSI_KERNELS_VNNI] = {"vnni",
                          DSI_CPU_AVX2_FMA | DSI_CPU_AVX512 | DSI_CPU_AVX512_VNNI |
                              DSI_CPU_AVX_VNNI,
                          DSI_CPU_AVX512_VNNI | DSI_CPU_AVX_VNNI},
    [DSI_KERNELS_AMX] = {"amx",
                         DSI_CPU_AVX2_FMA | DSI_CPU_AVX512 | DSI_CPU_AVX512_VNNI | DSI_CPU_AMX,
                         DSI_CPU_AMX},
    [DSI_KERNELS_NEON] = {"neon", DSI_CPU_NEON | DSI_CPU_NEON_DOT, DSI_CPU_NEON},
    [DSI_KERNELS_NATIVE] = {"native", ~0u, 0},
};

const char *dsi_kernels_get_level_name(enum dsi_kernel_level level) {
    return levels[level].name;
}

bool dsi_kernels_is_available(enum dsi_kernel_level level, unsigned cpu_flags) {
    return !levels[level].needed ||
           (levels[level].needed & cpu_flags & dsi_kernels_get_native_flags());
}

void dsi_kernels_init(struct dsi_kernels *kernels, enum dsi_kernel_level level,
                      unsigned cpu_flags) {
    *kernels = (struct dsi_kernels){
        .name = "reference",
        .products =
            {
                [DSI_PRECISION_F32] =
                    {
                        .layout = "f32 rows",
                        .is_in_place = true,
                        .is_batch_exact = true,
                        .get_packed_size = dsi_get_packed_size_ref,
                        .pack = dsi_pack_ref,
                        .gemm = dsi_gemm_ref,
                    },
                [DSI_PRECISION_BF16] =
                    {
                        .layout = "bf16 rows",
                        .is_batch_exact = true,
                        .get_packed_size = dsi_get_packed_size_bf16_ref,
                        .pack = dsi_pack_bf16_ref,
                        .gemm = dsi_gemm_bf16_ref,
                    },
                [DSI_PRECISION_INT8] =
                    {
                        .layout = "int8 rows",
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
        dsi_kernels_init_portable(kernels);
        dsi_kernels_init_blas(kernels);
    }
    if (level > DSI_KERNELS_PORTABLE) {
        dsi_kernels_init_native(kernels, cpu_flags & levels[level].used);
    }
}
