/* Tiles for instructions that add four products of bytes to each sum (vpdpbusd), at any width. A
 * file includes it once, after defining
 *
 *   LANES, vector          32-bit integers of a vector, and its type
 *   load(at)               a vector at an aligned place
 *   broadcast(at)          four bytes in all lanes
 *   zero()
 *   add_products(sums, a, b)     sums + a · b, four bytes of each to a lane; a unsigned, b signed
 *   combine(high, low, offsets)  128 (high - offsets) + low - offsets, as floats
 *   times_128(x)
 *   store(at, floats)
 *   MAX_ROWS, panels_of, FOR_EACH_TILE   see gemm_int8_body.h
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_KERNELS_X86_VNNI_BODY_H
#define DSI_KERNELS_X86_VNNI_BODY_H

#define VECTORS (DSI_PACK_COLUMNS / LANES) /* of a panel's line */

ALWAYS_INLINE void multiply_tile(const struct int8_tile *tile, size_t n_rows, size_t n_panels,
                                 float sums[][MAX_PANELS * PANEL]) {
    const size_t panel_size = tile->n_quads * PANEL * 4;
    const size_t low_at = (tile->row_stride - sizeof(struct int8_row)) / 2;
    const uint8_t *rows = tile->rows + sizeof(struct int8_row);
    vector high[MAX_ROWS][VECTORS * MAX_PANELS], low[MAX_ROWS][VECTORS * MAX_PANELS];
    size_t line, i, j;

    UNROLL
    for (i = 0; i < n_rows; i++) {
        UNROLL
        for (j = 0; j < VECTORS * n_panels; j++) {
            high[i][j] = zero();
            low[i][j] = zero();
        }
    }
    for (line = 0; line < tile->n_quads; line++) {
        const int8_t *from = tile->panels + line * PANEL * 4;
        vector q[VECTORS * MAX_PANELS];

        UNROLL
        for (j = 0; j < VECTORS * n_panels; j++) {
            q[j] = load(from + j / VECTORS * panel_size + j % VECTORS * sizeof(vector));
        }
        UNROLL
        for (i = 0; i < n_rows; i++) {
            const uint8_t *at = rows + i * tile->row_stride + line * 4;
            const vector p_high = broadcast(at), p_low = broadcast(at + low_at);

            UNROLL
            for (j = 0; j < VECTORS * n_panels; j++) {
                high[i][j] = add_products(high[i][j], p_high, q[j]);
                low[i][j] = add_products(low[i][j], p_low, q[j]);
            }
        }
    }
    UNROLL
    for (j = 0; j < VECTORS * n_panels; j++) {
        const vector offsets = times_128(load((const int8_t *)(tile->sums + j * LANES)));

        UNROLL
        for (i = 0; i < n_rows; i++) {
            store(sums[i] + j * LANES, combine(high[i][j], low[i][j], offsets));
        }
    }
}

#include "runtime/kernels/vector/gemm_int8_body.h"

#endif
