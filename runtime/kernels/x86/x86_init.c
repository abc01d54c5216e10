/* Takes the kernels that this processor can run. Built without any of their flags.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/cpu.h"
#include "runtime/kernels/levels.h"
#include "runtime/kernels/vector/panels.h"
#include "runtime/kernels/x86/x86_kernels.h"

static void init_avx2(struct dsi_kernels *kernels) {
    struct dsi_product *int8 = &kernels->products[DSI_PRECISION_INT8];

    dsi_panels_init(kernels);
    kernels->name = "avx2";
    kernels->products[DSI_PRECISION_F32].gemm = dsi_gemm_avx2;
    kernels->products[DSI_PRECISION_BF16].gemm = dsi_gemm_bf16_avx2;
    int8->prepare = dsi_prepare_int8_words;
    int8->gemm = dsi_gemm_int8_avx2;
    kernels->lstm_step = dsi_lstm_step_avx2;
}

static void init_avx512(struct dsi_kernels *kernels) {
    kernels->name = "avx512";
    kernels->products[DSI_PRECISION_F32].gemm = dsi_gemm_avx512;
    kernels->products[DSI_PRECISION_BF16].gemm = dsi_gemm_bf16_avx512;
}

static void init_vnni(struct dsi_kernels *kernels, const char *name,
                      void (*gemm)(const struct dsi_gemm *)) {
    kernels->name = name;
    kernels->products[DSI_PRECISION_INT8].prepare = dsi_prepare_int8_bytes;
    kernels->products[DSI_PRECISION_INT8].gemm = gemm;
}

static void init_amx(struct dsi_kernels *kernels) {
    struct dsi_product *bf16 = &kernels->products[DSI_PRECISION_BF16];

    init_vnni(kernels, "amx", dsi_gemm_int8_amx);
    bf16->get_prepared_size = dsi_get_prepared_size_bf16_amx;
    bf16->prepare = dsi_prepare_bf16_amx;
    bf16->gemm = dsi_gemm_bf16_amx;
}

void dsi_kernels_init_native(struct dsi_kernels *kernels, unsigned cpu_flags) {
    if (!(cpu_flags & DSI_CPU_AVX2_FMA)) {
        return;
    }
    init_avx2(kernels);
    if (cpu_flags & DSI_CPU_AVX512) {
        init_avx512(kernels);
    }
    if (cpu_flags & DSI_CPU_AVX512 && cpu_flags & DSI_CPU_AVX512_VNNI) {
        init_vnni(kernels, "vnni", dsi_gemm_int8_avx512vnni);
        if (cpu_flags & DSI_CPU_AMX) {
            init_amx(kernels);
        }
    } else if (cpu_flags & DSI_CPU_AVX_VNNI) {
        init_vnni(kernels, "avxvnni", dsi_gemm_int8_avxvnni);
    }
}

unsigned dsi_kernels_get_native_flags(void) {
    return DSI_CPU_AVX2_FMA | DSI_CPU_AVX512 | DSI_CPU_AVX512_VNNI | DSI_CPU_AVX_VNNI | DSI_CPU_AMX;
}
