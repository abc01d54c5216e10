/* The steps of dsi_kernels_init, one per folder beside ref/. Each overwrites the entries that it
 * does better and leaves the others; a build without a folder links a file that does nothing.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_KERNELS_LEVELS_H
#define DSI_KERNELS_LEVELS_H

#include "runtime/kernels/kernels.h"

/* Plain C for any processor. */
void dsi_kernels_init_portable(struct dsi_kernels *kernels);

/* float32 by BLAS. */
void dsi_kernels_init_blas(struct dsi_kernels *kernels);

/* Instructions of this processor family; cpu_flags as in base/cpu.h. */
void dsi_kernels_init_native(struct dsi_kernels *kernels, unsigned cpu_flags);

/* The flags that dsi_kernels_init_native makes use of in this build. */
unsigned dsi_kernels_get_native_flags(void);

#endif
