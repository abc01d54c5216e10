/* Matrix product with B in panels of float32 or bfloat16 (panels.h): the part that is the
 * same for all widths of vectors. A file includes it once, after defining
 *
 *   LANES, vector                floats of a vector, and its type
 *   load, load_unaligned, store  aligned to DSI_ALIGNMENT; anywhere; anywhere
 *   broadcast(p)                 the float at p in all lanes
 *   multiply_add(a, b, c)        a * b + c, rounded once
 *   add, zero, clip(x, limit)    min(max(x, 0), limit), NaN passes
 *   load_even, load_odd(p)       of LANES pairs of bfloat16: the first, the second of each
 *   MAX_ROWS, panels_of(n_rows)  the shapes of tiles
 *   FOR_EACH_TILE(CASE)          CASE(n_rows, n_panels) for all of them, with one panel too
 *
 * C is computed in tiles of some rows by some panels, their sums in registers. With few rows a tile
 * takes more panels, as one multiply-add in flight per sum would not hide the latency, and as
 * processors fetch several streams faster than one.
 *
 * Every element is summed in one order: k in blocks of BLOCK, in a block from zero upwards with
 * multiply-adds, the sums of the blocks added to the start one after the other. Tiles only choose
 * which elements are computed side by side. The blocks also keep a panel's part in the first cache
 * while all rows pass over it, and rounding errors small.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_KERNELS_VECTOR_GEMM_BODY_H
#define DSI_KERNELS_VECTOR_GEMM_BODY_H

#include "runtime/kernels/vector/panels.h"
#include "runtime/kernels/vector/tiles.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define BLOCK ((size_t)256) /* steps of k */
#define PANEL ((size_t)DSI_PACK_COLUMNS)
#define VECTORS (DSI_PACK_COLUMNS / LANES) /* of a panel's row */
#define MAX_PANELS 4

/* One block of k for one tile. */
struct tile {
    size_t k;
    const float *a; /* rows `a_stride` floats apart */
    size_t a_stride;
    const unsigned char *b; /* panels `b_stride` bytes apart */
    size_t b_stride;
    const float *start; /* rows `start_stride` floats apart, 0 for the bias */
    size_t start_stride;
    float *c;
    size_t c_stride;
    bool is_clipped;
    float limit;
    const unsigned char
        *next;        /* what to fetch of each panel meanwhile, `next_step` bytes further */
    size_t next_step; /* with every line; the processor is good enough at it for few rows */
};

/* sums += a(l) times one row of every panel. */
ALWAYS_INLINE void add_row(vector sums[][VECTORS * MAX_PANELS], const struct tile *tile, size_t l,
                           const vector b[VECTORS * MAX_PANELS], size_t n_rows, size_t n_panels) {
    size_t i, j;

    UNROLL
    for (i = 0; i < n_rows; i++) {
        const vector a = broadcast(tile->a + i * tile->a_stride + l);

        UNROLL
        for (j = 0; j < VECTORS * n_panels; j++) {
            sums[i][j] = multiply_add(a, b[j], sums[i][j]);
        }
    }
}

ALWAYS_INLINE void store_tile(vector sums[][VECTORS * MAX_PANELS], const struct tile *tile,
                              size_t n_rows, size_t n_panels) {
    size_t i, j;

    UNROLL
    for (i = 0; i < n_rows; i++) {
        UNROLL
        for (j = 0; j < VECTORS * n_panels; j++) {
            const float *start = tile->start + i * tile->start_stride + j * LANES;
            vector c = add(load_unaligned(start), sums[i][j]);

            c = tile->is_clipped ? clip(c, tile->limit) : c;
            store(tile->c + i * tile->c_stride + j * LANES, c);
        }
    }
}

/* Constant `n_rows` and `n_panels` make all loops but that over k straight code and `sums`
 * registers. */
ALWAYS_INLINE void multiply_tile(const struct tile *tile, size_t n_rows, size_t n_panels,
                                 bool is_bf16) {
    vector sums[MAX_ROWS][VECTORS * MAX_PANELS];
    const size_t n_lines = is_bf16 ? tile->k / 2 : tile->k;
    const unsigned char *next = tile->next;
    vector b[VECTORS * MAX_PANELS];
    size_t line, i, j;

    UNROLL
    for (i = 0; i < n_rows; i++) {
        UNROLL
        for (j = 0; j < VECTORS * n_panels; j++) {
            sums[i][j] = zero();
        }
    }
    for (line = 0; line < n_lines; line++) {
        const unsigned char *from = tile->b + line * PANEL * sizeof(float);

        if (n_rows > 3) {
            UNROLL
            for (j = 0; j < n_panels; j++) {
                __builtin_prefetch(next + j * tile->b_stride);
            }
            next += tile->next_step;
        }
        UNROLL
        for (j = 0; j < VECTORS * n_panels; j++) {
            const unsigned char *at =
                from + j / VECTORS * tile->b_stride + j % VECTORS * sizeof(vector);

            b[j] = is_bf16 ? load_even(at) : load((const float *)at);
        }
        add_row(sums, tile, is_bf16 ? 2 * line : line, b, n_rows, n_panels);
        if (is_bf16) {
            UNROLL
            for (j = 0; j < VECTORS * n_panels; j++) {
                b[j] = load_odd(from + j / VECTORS * tile->b_stride + j % VECTORS * sizeof(vector));
            }
            add_row(sums, tile, 2 * line + 1, b, n_rows, n_panels);
        }
    }
    if (is_bf16 && tile->k % 2) {
        UNROLL
        for (j = 0; j < VECTORS * n_panels; j++) {
            b[j] = load_even(tile->b + n_lines * PANEL * sizeof(float) +
                             j / VECTORS * tile->b_stride + j % VECTORS * sizeof(vector));
        }
        add_row(sums, tile, tile->k - 1, b, n_rows, n_panels);
    }
    store_tile(sums, tile, n_rows, n_panels);
}

#define SHAPE(n_rows, n_panels) ((n_rows)*8 + (n_panels))
#define CASE(n_rows, n_panels)                                                                     \
    case SHAPE(n_rows, n_panels):                                                                  \
        if (is_bf16) {                                                                             \
            multiply_tile(tile, n_rows, n_panels, true);                                           \
        } else {                                                                                   \
            multiply_tile(tile, n_rows, n_panels, false);                                          \
        }                                                                                          \
        break;

static void multiply(const struct tile *tile, size_t n_rows, size_t n_panels, bool is_bf16) {
    switch (SHAPE(n_rows, n_panels)) {
        FOR_EACH_TILE(CASE)
    default:
        assert(!"this shape of a tile has no code");
    }
}

/* A tile of the last panel, where that is narrow: by way of one as wide as the others. */
static void multiply_narrow(const struct tile *tile, size_t n_rows, size_t width, bool is_bf16) {
    float c[MAX_ROWS * PANEL] = {0};
    struct tile wide = *tile;
    size_t i;

    for (i = 0; i < n_rows; i++) {
        memcpy(c + i * PANEL, tile->start + i * tile->start_stride, width * sizeof(float));
    }
    wide.start = c;
    wide.start_stride = PANEL;
    wide.c = c;
    wide.c_stride = PANEL;
    multiply(&wide, n_rows, 1, is_bf16);
    for (i = 0; i < n_rows; i++) {
        memcpy(tile->c + i * tile->c_stride, c + i * PANEL, width * sizeof(float));
    }
}

/* All rows of a block of k by some panels of B. */
static void multiply_block(const struct dsi_gemm *gemm, const struct dsi_panel_group *group,
                           size_t next_column, size_t first_k, size_t k, bool is_bf16) {
    const size_t column = group->column, n_panels = group->n_panels;
    const size_t n_tiles = (gemm->m + MAX_ROWS - 1) / MAX_ROWS;
    const size_t k_size = is_bf16 ? (gemm->k + 1) / 2 * 4 : gemm->k * 4; /* bytes of a column */
    const size_t first_size = is_bf16 ? first_k * 2 : first_k * 4;
    const bool is_first = first_k == 0 && gemm->bias;
    struct tile tile = {
        .k = k,
        .a_stride = gemm->a_stride,
        .b = (const unsigned char *)gemm->b + column * k_size + first_size * PANEL,
        .b_stride = k_size * PANEL,
        .start_stride = is_first ? 0 : gemm->c_stride,
        .c_stride = gemm->c_stride,
        .is_clipped = first_k + k == gemm->k && !isinf(gemm->limit),
        .limit = gemm->limit,
    };
    const size_t size = (is_bf16 ? (k + 1) / 2 : k) * PANEL * sizeof(float);
    size_t row = 0, i;

    /* Each row of tiles fetches its share of the next block, or of the next panels' first one. */
    tile.next = first_k + k < gemm->k ? tile.b + size
                                      : (const unsigned char *)gemm->b + next_column * k_size;
    tile.next_step = PANEL * sizeof(float) / n_tiles;
    for (i = 0; i < n_tiles; i++) {
        const size_t rest = n_tiles - i;
        const size_t n_rows = (gemm->m - row + rest - 1) / rest;

        tile.a = gemm->a + row * gemm->a_stride + first_k;
        tile.c = gemm->c + row * gemm->c_stride + column;
        tile.start = is_first ? gemm->bias + column : tile.c;
        if (group->width == n_panels * PANEL) {
            multiply(&tile, n_rows, n_panels, is_bf16);
        } else {
            multiply_narrow(&tile, n_rows, group->width, is_bf16);
        }
        tile.next += size / n_tiles;
        row += n_rows;
    }
}

static void multiply_panels(const struct dsi_gemm *gemm, bool is_bf16) {
    const size_t most = panels_of(gemm->m < MAX_ROWS ? gemm->m : MAX_ROWS);
    const size_t n_groups = dsi_panels_count_groups(gemm, most);
    size_t i, first_k;

    for (i = 0; i < n_groups; i++) {
        const struct dsi_panel_group group = dsi_panels_get_group(gemm, most, n_groups, i);
        const struct dsi_panel_group next =
            dsi_panels_get_group(gemm, most, n_groups, i + 1 < n_groups ? i + 1 : i);

        first_k = 0;
        do {
            const size_t k = gemm->k - first_k < BLOCK ? gemm->k - first_k : BLOCK;

            multiply_block(gemm, &group, next.column, first_k, k, is_bf16);
            first_k += k;
        } while (first_k < gemm->k);
    }
}

#endif
