/* What prepares A and what multiplies with it in integers of 8 bits agree on.
 *
 * A row of A is p in 15 bits, in one of two forms: as 16-bit integers, or, for instructions that
 * multiply bytes, as p = 128 high + low with low in -64 … 63. Where such an instruction wants an
 * unsigned operand, both have 128 added: their products with q are then too large by 128 times the
 * column's sum of q. p is zero beyond k.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_KERNELS_VECTOR_INT8_TILE_H
#define DSI_KERNELS_VECTOR_INT8_TILE_H

#include "runtime/kernels/vector/panels.h"

#include <stdint.h>

#define PANEL ((size_t)DSI_PACK_COLUMNS)
#define MAX_PANELS 4
#define DSI_INT8_OFFSET 128

/* A prepared row: 64 bytes, the first four its scale t; then [k, rounded up to 64] words; or as
 * many bytes `high`, and as many `low` behind them. */
struct int8_row {
    float scale;
    uint8_t unused[60];
};

static inline size_t dsi_int8_round_up(size_t k) {
    return (k + 63) / 64 * 64;
}

static inline size_t dsi_int8_get_row_size(size_t k) {
    return sizeof(struct int8_row) + 2 * dsi_int8_round_up(k);
}

struct int8_tile {
    size_t n_quads;       /* of k */
    const uint8_t *rows;  /* struct int8_row, `row_stride` bytes apart */
    const int8_t *panels; /* n_quads * 64 bytes each */
    const int32_t *sums;  /* of q, for every column */
    size_t row_stride;
};

#endif
