/* A build without kernels of its own for the processor.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/levels.h"

void dsi_kernels_init_native(struct dsi_kernels *kernels, unsigned cpu_flags) {
    (void)kernels;
    (void)cpu_flags;
}

unsigned dsi_kernels_get_native_flags(void) {
    return 0;
}
