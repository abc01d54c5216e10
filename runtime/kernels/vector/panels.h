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

/* Fills in all products but for `gemm` and `prepare`, which makes rows as in int8_tile.h. */
void dsi_panels_init(struct dsi_kernels *kernels);

/* Panels whose columns are computed together: n_panels, or one, which may be narrow. */
struct dsi_panel_group {
    size_t column, n_panels;
    size_t width; /* columns */
};

/* Groups of the columns of a product, `most` panels in each as long as there are as many. */
static inline size_t dsi_panels_count_groups(const struct dsi_gemm *gemm, size_t most) {
    const size_t width = most * DSI_PACK_COLUMNS;
    const size_t rest = gemm->n_columns % width;

    return gemm->m == 0
               ? 0
               : gemm->n_columns / width + (rest + DSI_PACK_COLUMNS - 1) / DSI_PACK_COLUMNS;
}

/* The group that is the i-th to be computed. */
static inline struct dsi_panel_group dsi_panels_get_group(const struct dsi_gemm *gemm, size_t most,
                                                          size_t n_groups, size_t i) {
    const size_t n_wide = gemm->n_columns / (most * DSI_PACK_COLUMNS);
    const size_t at = gemm->is_backward ? n_groups - 1 - i : i;
    const size_t panel = at < n_wide ? at * most : n_wide * most + at - n_wide;
    const size_t column = panel * DSI_PACK_COLUMNS;
    const size_t n_panels = at < n_wide ? most : 1;
    const size_t rest = gemm->n_columns - column;

    return (struct dsi_panel_group){
        .column = gemm->first_column + column,
        .n_panels = n_panels,
        .width = rest < n_panels * DSI_PACK_COLUMNS ? rest : n_panels * DSI_PACK_COLUMNS,
    };
}

#endif
