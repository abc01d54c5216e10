/* B in panels: what the kernels for vector instructions multiply with, whatever the instructions.
 *
 * A panel is 16 columns of B with all k of its rows, without gaps; the last one is filled up with
 * zeros. So a step through k is one cache line:
 *   f32   [k][16] floats
 *   bf16  [k / 2, rounded up][16][2]: rows 2l and 2l + 1 side by side, zero for a row too many
 *   int8  [k / 4, rounded up][16][4]: rows 4l … 4l + 3 side by side. In front of the panels, for
 *         every column, rounded up to whole panels: the largest |b| as a float, NaN where something
 *         in it is not finite; then the sum of q over k, int32
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_KERNELS_VECTOR_PANELS_H
#define DSI_KERNELS_VECTOR_PANELS_H

#include "runtime/kernels/kernels.h"

/* Below it a largest value counts as zero; and the largest integers. */
#define DSI_INT8_SMALLEST 0x1p-100f
#define DSI_INT8_LARGEST_Q 127.0f
#define DSI_INT8_LARGEST_P 16256.0f

/* Fills in all products but for `gemm` and `prepare`, which makes rows as in int8_tile.h. */
void dsi_panels_init(struct dsi_kernels *kernels);

#endif
