/* Processor flags from the compiler's run-time support, which also asks the operating system.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/cpu.h"

#if defined(__x86_64__) && defined(__GNUC__)
unsigned dsi_cpu_get_flags(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? DSI_CPU_AVX2_FMA : 0;
}
#else
unsigned dsi_cpu_get_flags(void) {
    return 0;
}
#endif
