/* Matrix product in integers of 8 bits with B in panels (panels.h): the part that is the
 * same for all instructions. A file includes it once, after defining
 *
 *   MAX_ROWS, panels_of(n_rows)  the shapes of tiles
 *   FOR_EACH_TILE(CASE)          CASE(n_rows, n_panels) for all of them, with one panel too; not
 *                                defined where these are no constants to multiply_tile
 *   multiply_tile(tile, n_rows, n_panels, sums)
 *                                sums[i][j] = sum over k of p_ik * q_kj as floats
 *   ALWAYS_INLINE, UNROLL        from tiles.h
 *
 * C is computed in tiles of some rows by some panels over all of k; the integer sums are exact, so
 * no order of them matters.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_KERNELS_VECTOR_GEMM_INT8_BODY_H
#define DSI_KERNELS_VECTOR_GEMM_INT8_BODY_H

#include "runtime/kernels/int8.h"
#include "runtime/kernels/vector/int8_tile.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* c = clip(start + sum * t * s) for the tile's part of C, `width` columns of it. */
static void finish_tile(const struct dsi_gemm *gemm, const struct int8_tile *tile, size_t row,
                        size_t n_rows, const struct dsi_panel_group *group,
                        float sums[][MAX_PANELS * PANEL]) {
    const float *max = (const float *)gemm->b + group->column;
    float scales[MAX_PANELS * PANEL];
    size_t i, j;

    for (j = 0; j < group->width; j++) {
        scales[j] = dsi_int8_get_scale(max[j], DSI_INT8_LARGEST_Q);
    }
    for (i = 0; i < n_rows; i++) {
        const float t = ((const struct int8_row *)(tile->rows + i * tile->row_stride))->scale;
        float *c = gemm->c + (row + i) * gemm->c_stride + group->column;
        const float *start = gemm->bias ? gemm->bias + group->column : c;
        const float limit = gemm->limit;
        const bool is_clipped = !isinf(limit);

        for (j = 0; j < group->width; j++) {
            float x = start[j] + sums[i][j] * (t * scales[j]);

            x = is_clipped && x < 0.0f ? 0.0f : x;
            c[j] = is_clipped && x > limit ? limit : x;
        }
    }
}

#ifdef FOR_EACH_TILE
#define SHAPE(n_rows, n_panels) ((n_rows)*8 + (n_panels))
#define CASE(n_rows, n_panels)                                                                     \
    case SHAPE(n_rows, n_panels):                                                                  \
        multiply_tile(tile, n_rows, n_panels, sums);                                               \
        break;

static void multiply(const struct int8_tile *tile, size_t n_rows, size_t n_panels,
                     float sums[][MAX_PANELS * PANEL]) {
    switch (SHAPE(n_rows, n_panels)) {
        FOR_EACH_TILE(CASE)
    default:
        assert(!"this shape of a tile has no code");
    }
}
#else
#define multiply multiply_tile
#endif

static void multiply_panels(const struct dsi_gemm *gemm) {
    const size_t most = panels_of(gemm->m < MAX_ROWS ? gemm->m : MAX_ROWS);
    const size_t n_groups = dsi_panels_count_groups(gemm, most);
    const size_t n_padded = (gemm->n + PANEL - 1) / PANEL * PANEL;
    const size_t n_tiles = (gemm->m + MAX_ROWS - 1) / MAX_ROWS;
    float sums[MAX_ROWS][MAX_PANELS * PANEL];
    struct int8_tile tile = {
        .n_quads = (gemm->k + 3) / 4,
        .row_stride = dsi_int8_get_row_size(gemm->k),
    };
    size_t i, j;

    for (i = 0; i < n_groups; i++) {
        const struct dsi_panel_group group = dsi_panels_get_group(gemm, most, n_groups, i);
        const size_t column = group.column;
        size_t row = 0;

        tile.sums = (const int32_t *)gemm->b + n_padded + column;
        tile.panels =
            (const int8_t *)((const int32_t *)gemm->b + 2 * n_padded) + column * tile.n_quads * 4;
        for (j = 0; j < n_tiles; j++) {
            const size_t n_rows = (gemm->m - row + n_tiles - j - 1) / (n_tiles - j);

            tile.rows = (const uint8_t *)gemm->prepared + row * tile.row_stride;
            multiply(&tile, n_rows, group.n_panels, sums);
            finish_tile(gemm, &tile, row, n_rows, &group, sums);
            row += n_rows;
        }
    }
}

#endif
