/* What this processor can do.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_BASE_CPU_H
#define DSI_BASE_CPU_H

/* Instructions, with an operating system that saves their registers. */
enum dsi_cpu_flag {
    DSI_CPU_AVX2_FMA = 1 << 0, /* AVX2 and FMA3 */
    DSI_CPU_AVX512 = 1 << 1,   /* AVX-512, its foundation (F) */
    DSI_CPU_AVX512_VNNI = 1 << 2,
    DSI_CPU_AVX_VNNI = 1 << 3,
    DSI_CPU_AMX = 1 << 4,      /* tiles of bytes, and of bfloat16 */
    DSI_CPU_NEON = 1 << 5,     /* of 64-bit ARM */
    DSI_CPU_NEON_DOT = 1 << 6, /* products of bytes: sdot */
};

/* Set of dsi_cpu_flag. Where there is AMX, Linux is asked to save its registers, for all threads of
 * the process and from then on: signal handlers need some 8 KiB more of an alternate stack. */
unsigned dsi_cpu_get_flags(void);

#endif
