/* Matrix product with packed B, for AVX2 and FMA.
 *
 * B is packed in panels of 16 columns, each [k,16] without gaps, the last one filled up with zeros;
 * a row of a panel is one cache line. C is computed in tiles of up to 6 rows by one panel, their 12
 * sums in registers; with fewer rows a tile takes more panels, as one multiply-add in flight per
 * sum would not hide the latency.
 *
 * Every element is summed in one order: k in blocks of BLOCK, in a block from zero upwards with
 * multiply-adds, the sums of the blocks added to the start one after the other. Tiles only choose
 * which elements are computed side by side. The blocks also keep a panel's part in the first cache
 * while all rows pass over it, and rounding errors small.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/x86/x86_kernels.h"

#include <immintrin.h>
#include <math.h>
#include <string.h>

#if !defined(__AVX2__) || !defined(__FMA__)
#error "this file is to be compiled with -mavx2 -mfma"
#endif

#define BLOCK ((size_t)256) /* steps of k */
#define PANEL ((size_t)DSI_PACK_COLUMNS)
#define LANES 8
#define PACKED_ROWS ((size_t)8)
#define MAX_ROWS ((size_t)6)
#define MAX_PANELS ((size_t)4)

/* The loops over a tile must become straight code, or its sums are no registers. GCC has to be
 * told; Clang sees it, and is misled by a count above the loop's own. */
#ifdef __clang__
#define UNROLL
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* One block of k for one tile. */
struct tile {
    size_t k;
    const float *a; /* rows `a_stride` floats apart */
    size_t a_stride;
    const float *b; /* panels `b_stride` floats apart */
    size_t b_stride;
    const float *start; /* rows `start_stride` floats apart, 0 for the bias */
    size_t start_stride;
    float *c;
    size_t c_stride;
    bool is_clipped;
    float limit;
    const char *next; /* what to fetch meanwhile, `next_step` bytes further at every step of k; */
    size_t next_step; /* the processor itself is good enough at it where tiles are of few rows */
};

size_t dsi_get_packed_size_avx2(size_t k, size_t n) {
    return (n + PANEL - 1) / PANEL * PANEL * k * sizeof(float);
}

/* `n_rows` rows of all panels of the part, from its row `first` on. */
static void pack_rows(const struct dsi_pack *pack, size_t first, size_t n_rows) {
    const unsigned char *rows = (const unsigned char *)pack->rows + first * pack->row_stride;
    float *packed = (float *)pack->packed + (pack->first_row + first) * PANEL;
    size_t column, i;

    for (column = 0; column < pack->n_columns; column += PANEL) {
        const size_t width = pack->n_columns - column < PANEL ? pack->n_columns - column : PANEL;
        const unsigned char *from = rows + column * sizeof(float);
        float *to = packed + (pack->first_column + column) * pack->k;

        for (i = 0; i < n_rows; i++, from += pack->row_stride, to += PANEL) {
            if (width == PANEL) { /* a constant size is a few instructions */
                memcpy(to, from, PANEL * sizeof(float));
            } else {
                memcpy(to, from, width * sizeof(float));
                memset(to + width, 0, (PANEL - width) * sizeof(float));
            }
        }
    }
}

void dsi_pack_avx2(const struct dsi_pack *pack) {
    size_t i;

    /* Few rows at a time: each is a page of its own in wide matrices. */
    for (i = 0; i < pack->n_rows; i += PACKED_ROWS) {
        pack_rows(pack, i, pack->n_rows - i < PACKED_ROWS ? pack->n_rows - i : PACKED_ROWS);
    }
}

/* min(max(x, 0), limit); where an operand is NaN these instructions give their second one, so NaN
 * passes. */
ALWAYS_INLINE __m256 clip(__m256 x, float limit) {
    return _mm256_min_ps(_mm256_set1_ps(limit), _mm256_max_ps(_mm256_setzero_ps(), x));
}

/* Constant `n_rows` and `n_panels` make all loops but that over k straight code and `sums`
 * registers. */
ALWAYS_INLINE void multiply_tile(const struct tile *tile, size_t n_rows, size_t n_panels) {
    __m256 sums[MAX_ROWS][2 * MAX_PANELS];
    const char *next = tile->next;
    size_t l, i, j;

    UNROLL
    for (i = 0; i < n_rows; i++) {
        UNROLL
        for (j = 0; j < 2 * n_panels; j++) {
            sums[i][j] = _mm256_setzero_ps();
        }
    }

    for (l = 0; l < tile->k; l++) {
        __m256 b[2 * MAX_PANELS];

        if (n_panels == 1) {
            _mm_prefetch(next, _MM_HINT_T0);
            next += tile->next_step;
        }
        UNROLL
        for (j = 0; j < 2 * n_panels; j++) {
            b[j] = _mm256_load_ps(tile->b + j / 2 * tile->b_stride + l * PANEL + j % 2 * LANES);
        }
        UNROLL
        for (i = 0; i < n_rows; i++) {
            const __m256 a = _mm256_broadcast_ss(tile->a + i * tile->a_stride + l);

            UNROLL
            for (j = 0; j < 2 * n_panels; j++) {
                sums[i][j] = _mm256_fmadd_ps(a, b[j], sums[i][j]);
            }
        }
    }

    UNROLL
    for (i = 0; i < n_rows; i++) {
        UNROLL
        for (j = 0; j < 2 * n_panels; j++) {
            const float *start = tile->start + i * tile->start_stride + j * LANES;
            __m256 c = _mm256_add_ps(_mm256_loadu_ps(start), sums[i][j]);

            c = tile->is_clipped ? clip(c, tile->limit) : c;
            _mm256_storeu_ps(tile->c + i * tile->c_stride + j * LANES, c);
        }
    }
}

static void multiply(const struct tile *tile, size_t n_rows, size_t n_panels) {
    switch (n_rows * 8 + n_panels) {
    case 8 + 1:
        multiply_tile(tile, 1, 1);
        break;
    case 8 + 4:
        multiply_tile(tile, 1, 4);
        break;
    case 16 + 1:
        multiply_tile(tile, 2, 1);
        break;
    case 16 + 3:
        multiply_tile(tile, 2, 3);
        break;
    case 24 + 1:
        multiply_tile(tile, 3, 1);
        break;
    case 24 + 2:
        multiply_tile(tile, 3, 2);
        break;
    case 32 + 1:
        multiply_tile(tile, 4, 1);
        break;
    case 40 + 1:
        multiply_tile(tile, 5, 1);
        break;
    case 48 + 1:
        multiply_tile(tile, 6, 1);
        break;
    }
}

/* A tile of the last panel, where that is narrow: by way of one as wide as the others. */
static void multiply_narrow(const struct tile *tile, size_t n_rows, size_t width) {
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
    multiply(&wide, n_rows, 1);
    for (i = 0; i < n_rows; i++) {
        memcpy(tile->c + i * tile->c_stride, c + i * PANEL, width * sizeof(float));
    }
}

/* All rows of a block of k by some panels of B, of `width` columns together. */
static void multiply_block(const struct dsi_gemm *gemm, size_t column, size_t n_panels,
                           size_t width, size_t first_k, size_t k) {
    const size_t n_tiles = (gemm->m + MAX_ROWS - 1) / MAX_ROWS;
    const bool is_first = first_k == 0 && gemm->bias;
    struct tile tile = {
        .k = k,
        .a_stride = gemm->a_stride,
        .b = (const float *)gemm->b + column * gemm->k + first_k * PANEL,
        .b_stride = gemm->k * PANEL,
        .start_stride = is_first ? 0 : gemm->c_stride,
        .c_stride = gemm->c_stride,
        .is_clipped = first_k + k == gemm->k && !isinf(gemm->limit),
        .limit = gemm->limit,
    };
    size_t row = 0, i;

    /* Each row of tiles fetches its share of the next block (behind the last one: nothing). */
    tile.next = (const char *)(tile.b + k * PANEL);
    tile.next_step = PANEL * sizeof(float) / n_tiles;
    for (i = 0; i < n_tiles; i++) {
        const size_t rest = n_tiles - i;
        const size_t n_rows = (gemm->m - row + rest - 1) / rest;

        tile.a = gemm->a + row * gemm->a_stride + first_k;
        tile.c = gemm->c + row * gemm->c_stride + column;
        tile.start = is_first ? gemm->bias + column : tile.c;
        if (width == n_panels * PANEL) {
            multiply(&tile, n_rows, n_panels);
        } else {
            multiply_narrow(&tile, n_rows, width);
        }
        tile.next += k * tile.next_step;
        row += n_rows;
    }
}

void dsi_gemm_avx2(const struct dsi_gemm *gemm) {
    /* Panels in a tile of one, two, three rows. */
    static const size_t panels[] = {1, 4, 3, 2};
    const size_t most = gemm->m < sizeof(panels) / sizeof(panels[0]) ? panels[gemm->m] : 1;
    const size_t end = gemm->m > 0 ? gemm->first_column + gemm->n_columns : 0;
    size_t column, n_panels, first_k;

    for (column = gemm->first_column; column < end; column += n_panels * PANEL) {
        const size_t rest = end - column;

        n_panels = rest >= most * PANEL ? most : 1;
        first_k = 0;
        do {
            const size_t k = gemm->k - first_k < BLOCK ? gemm->k - first_k : BLOCK;

            multiply_block(gemm, column, n_panels,
                           rest < n_panels * PANEL ? rest : n_panels * PANEL, first_k, k);
            first_k += k;
        } while (first_k < gemm->k);
    }
}
