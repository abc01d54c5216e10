/* What this processor can do.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_BASE_CPU_H
#define DSI_BASE_CPU_H

enum dsi_cpu_flag {
    DSI_CPU_AVX2_FMA =
        1 << 0 /* AVX2 and FMA3, and an operating system that saves their registers */
};

/* Set of dsi_cpu_flag. */
unsigned dsi_cpu_get_flags(void);

#endif
