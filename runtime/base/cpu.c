/* Processor flags from the compiler's run-time support, which also asks the operating system.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/cpu.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* Not all compilers have a name for this one. */
static unsigned has_avx_vnni(void) {
    unsigned eax = 0, ebx, ecx, edx;

    return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && eax >> 4 & 1;
}

#ifdef __linux__
#define REQUEST_STATE 0x1023                      /* ARCH_REQ_XCOMP_PERM */
#define TILES 18                                  /* XFEATURE_XTILE_DATA */
#define HAS_AMX(edx) (((edx) >> 22 & 0xd) == 0xd) /* tiles, of bfloat16, of bytes */

/* Linux saves tile registers for those who have asked for it. */
static unsigned has_amx(void) {
    unsigned eax, ebx, ecx, edx = 0;

    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && HAS_AMX(edx) &&
           syscall(SYS_arch_prctl, REQUEST_STATE, TILES) == 0;
}
#else
static unsigned has_amx(void) {
    return 0;
}
#endif

unsigned dsi_cpu_get_flags(void) {
    unsigned flags = 0;

    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        flags |= DSI_CPU_AVX2_FMA;
        flags |= has_avx_vnni() ? DSI_CPU_AVX_VNNI : 0;
    }
    if (flags && __builtin_cpu_supports("avx512f")) {
        flags |= DSI_CPU_AVX512;
        flags |= __builtin_cpu_supports("avx512vnni") ? DSI_CPU_AVX512_VNNI : 0;
        flags |= flags & DSI_CPU_AVX512_VNNI && has_amx() ? DSI_CPU_AMX : 0;
    }
    return flags;
}
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>

#define DOT_PRODUCTS (1ul << 20) /* HWCAP_ASIMDDP */

/* NEON is part of the architecture. */
unsigned dsi_cpu_get_flags(void) {
    return DSI_CPU_NEON | (getauxval(AT_HWCAP) & DOT_PRODUCTS ? DSI_CPU_NEON_DOT : 0u);
}
#else
unsigned dsi_cpu_get_flags(void) {
    return 0;
}
#endif
