/* Products in bfloat16 for AMX. Its registers take A in bfloat16 only, so an element of A is the
 * sum of three of them, which have all of its 24 bits; the products with each are summed alone, and
 * then added up. B's panels are what a register takes: 16 lines of two k each.
 *
 * AMX counts denormal numbers as zeros; and an infinity in B times a part that is zero is NaN:
 * where a sum is NaN it is computed anew without AMX. SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/vector/panels.h"
#include "runtime/kernels/x86/amx_tile.h"
#include "runtime/kernels/x86/x86_kernels.h"

#include <immintrin.h>
#include <math.h>

#if !(defined(__AMX_BF16__) || defined(__AMXBF16__)) || !defined(__AVX512F__)
#error "this file is to be compiled with -mamx-tile -mamx-bf16 -mavx512f"
#endif

#define LANES ((size_t)16)
#define PANEL ((size_t)DSI_PACK_COLUMNS)
#define PARTS ((size_t)3)    /* of an element of A */
#define FEW_ROWS ((size_t)5) /* whose parts are rows of one register */

/* Some rows by some panels over all of k. A row is prepared as its three parts, each [k, rounded up
 * to 32] bfloat16 and 64 bytes that keep the rows from one set of the first cache. */
struct tile {
    /* Of few rows [panel][row][part][PANEL], of many [panel][part][row][PANEL]. */
    _Alignas(64) float sums[6][AMX_MAX_ROWS * PANEL];
    const uint8_t *rows; /* [n_rows][PARTS][part_size] */
    size_t part_size;
    const uint8_t *panels;
    size_t n_lines; /* of each */
};

static size_t get_part_size(size_t k) {
    return (k + 31) / 32 * 64 + 64;
}

size_t dsi_get_prepared_size_bf16_amx(size_t m, size_t k) {
    return m * PARTS * get_part_size(k);
}

/* The first `n` lanes. */
static inline __mmask16 get_mask(size_t n) {
    return n < LANES ? (__mmask16)((1u << n) - 1) : 0xffff;
}

/* Cuts off all but the first 8 significant bits; NaN stays NaN. */
static inline __m512 cut(__m512 x) {
    const __m512i bits = _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(~0xffff));
    const __mmask16 is_nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);

    return _mm512_castsi512_ps(
        _mm512_mask_or_epi32(bits, is_nan, bits, _mm512_set1_epi32(0x400000)));
}

static inline void store_part(uint8_t *to, __m512 part) {
    const __m512i bits = _mm512_srli_epi32(_mm512_castps_si512(part), 16);

    _mm256_storeu_si256((void *)to, _mm512_cvtepi32_epi16(bits));
}

void dsi_prepare_bf16_amx(const struct dsi_gemm *gemm) {
    const size_t part_size = get_part_size(gemm->k);
    size_t i, l;

    for (i = 0; i < gemm->m; i++) {
        const float *a = gemm->a + i * gemm->a_stride;
        uint8_t *to = (uint8_t *)gemm->prepared + i * PARTS * part_size;

        for (l = 0; l * 2 < part_size; l += LANES) {
            const size_t rest = gemm->k > l ? gemm->k - l : 0;
            const __m512 x = _mm512_maskz_loadu_ps(get_mask(rest), a + (rest ? l : 0));
            const __m512 first = cut(x);
            /* Infinity has nothing behind it. */
            const __mmask16 is_finite =
                _mm512_cmp_ps_mask(_mm512_abs_ps(x), _mm512_set1_ps(INFINITY), _CMP_LT_OQ);
            const __m512 behind = _mm512_maskz_sub_ps(is_finite, x, first);
            const __m512 second = cut(behind);

            store_part(to + l * 2, first);
            store_part(to + part_size + l * 2, second);
            store_part(to + 2 * part_size + l * 2, _mm512_sub_ps(behind, second));
        }
    }
}

static void load_panel(const struct tile *tile, size_t panel, size_t line,
                       int8_t padded[AMX_LINES * AMX_LINE]) {
    const uint8_t *at = tile->panels + panel * tile->n_lines * AMX_LINE;

    AMX_LOAD(AMX_B, amx_get_lines(at, tile->n_lines, line, padded), AMX_LINE);
}

/* Up to 5 rows by up to 4 panels. */
static void multiply_few(struct tile *tile, size_t n_rows, size_t n_panels) {
    _Alignas(64) int8_t padded[AMX_LINES * AMX_LINE];
    size_t line;

    amx_configure(n_rows * PARTS);
    for (line = 0; line < tile->n_lines; line += AMX_LINES) {
        AMX_LOAD("%%tmm6", tile->rows + line * 4, tile->part_size);
        load_panel(tile, 0, line, padded);
        AMX_ADD_BF16("%%tmm0", "%%tmm6");
        if (n_panels > 1) {
            load_panel(tile, 1, line, padded);
            AMX_ADD_BF16("%%tmm1", "%%tmm6");
            load_panel(tile, 2, line, padded);
            AMX_ADD_BF16("%%tmm2", "%%tmm6");
            load_panel(tile, 3, line, padded);
            AMX_ADD_BF16("%%tmm3", "%%tmm6");
        }
    }
    AMX_STORE("%%tmm0", tile->sums[0]);
    AMX_STORE("%%tmm1", tile->sums[1]);
    AMX_STORE("%%tmm2", tile->sums[2]);
    AMX_STORE("%%tmm3", tile->sums[3]);
}

/* Adds a part of the rows times the panel that is loaded. */
#define ADD_PART(sums, part)                                                                       \
    do {                                                                                           \
        AMX_LOAD("%%tmm6", at + (part)*tile->part_size, PARTS * tile->part_size);                  \
        AMX_ADD_BF16(sums, "%%tmm6");                                                              \
    } while (0)

/* Up to 16 rows by up to 2 panels. */
static void multiply_many(struct tile *tile, size_t n_rows, size_t n_panels) {
    _Alignas(64) int8_t padded[AMX_LINES * AMX_LINE];
    size_t line;

    amx_configure(n_rows);
    for (line = 0; line < tile->n_lines; line += AMX_LINES) {
        const uint8_t *at = tile->rows + line * 4;

        load_panel(tile, 0, line, padded);
        ADD_PART("%%tmm0", 0);
        ADD_PART("%%tmm1", 1);
        ADD_PART("%%tmm2", 2);
        if (n_panels > 1) {
            load_panel(tile, 1, line, padded);
            ADD_PART("%%tmm3", 0);
            ADD_PART("%%tmm4", 1);
            ADD_PART("%%tmm5", 2);
        }
    }
    AMX_STORE("%%tmm0", tile->sums[0]);
    AMX_STORE("%%tmm1", tile->sums[1]);
    AMX_STORE("%%tmm2", tile->sums[2]);
    AMX_STORE("%%tmm3", tile->sums[3]);
    AMX_STORE("%%tmm4", tile->sums[4]);
    AMX_STORE("%%tmm5", tile->sums[5]);
}

/* A row's `width` columns from `column` on: c = clip(start + first + second + third). */
static void finish(const struct dsi_gemm *gemm, size_t row, size_t column, size_t width,
                   const float *const parts[PARTS]) {
    const __mmask16 mask = get_mask(width);
    float *c = gemm->c + row * gemm->c_stride + column;
    const __m512 start = _mm512_maskz_loadu_ps(mask, gemm->bias ? gemm->bias + column : c);
    const __m512 sum =
        _mm512_add_ps(_mm512_load_ps(parts[0]),
                      _mm512_add_ps(_mm512_load_ps(parts[1]), _mm512_load_ps(parts[2])));
    __m512 x = _mm512_add_ps(start, sum);

    if (_mm512_mask_cmp_ps_mask(mask, sum, sum, _CMP_UNORD_Q)) {
        struct dsi_gemm anew = *gemm;

        anew.m = 1;
        anew.a += row * gemm->a_stride;
        anew.c += row * gemm->c_stride;
        anew.first_column = column;
        anew.n_columns = width;
        dsi_gemm_bf16_avx512(&anew);
        return;
    }
    if (!isinf(gemm->limit)) { /* where an operand is NaN these give their second one */
        x = _mm512_min_ps(_mm512_set1_ps(gemm->limit), _mm512_max_ps(_mm512_setzero_ps(), x));
    }
    _mm512_mask_storeu_ps(c, mask, x);
}

static void multiply_rows(const struct dsi_gemm *gemm, const struct dsi_panel_group *group,
                          struct tile *tile, size_t row, size_t n_rows) {
    const bool is_few = gemm->m <= FEW_ROWS;
    size_t i, j;

    tile->rows = (const uint8_t *)gemm->prepared + row * PARTS * tile->part_size;
    if (is_few) {
        multiply_few(tile, n_rows, group->n_panels);
    } else {
        multiply_many(tile, n_rows, group->n_panels);
    }
    for (j = 0; j < group->n_panels; j++) {
        const size_t rest = group->width - j * PANEL;

        for (i = 0; i < n_rows; i++) {
            const float *first =
                is_few ? tile->sums[j] + i * PARTS * PANEL : tile->sums[j * PARTS] + i * PANEL;
            const size_t step = is_few ? PANEL : AMX_MAX_ROWS * PANEL;
            const float *const parts[PARTS] = {first, first + step, first + 2 * step};

            finish(gemm, row + i, group->column + j * PANEL, rest < PANEL ? rest : PANEL, parts);
        }
    }
}

void dsi_gemm_bf16_amx(const struct dsi_gemm *gemm) {
    const size_t most = gemm->m <= FEW_ROWS ? 4 : 2;
    const size_t n_groups = dsi_panels_count_groups(gemm, most);
    const size_t n_tiles = (gemm->m + AMX_MAX_ROWS - 1) / AMX_MAX_ROWS;
    struct tile tile = {
        .part_size = get_part_size(gemm->k),
        .n_lines = (gemm->k + 1) / 2,
    };
    size_t i, j;

    for (i = 0; i < n_groups; i++) {
        const struct dsi_panel_group group = dsi_panels_get_group(gemm, most, n_groups, i);
        size_t row = 0;

        tile.panels = (const uint8_t *)gemm->b + group.column * tile.n_lines * 4;
        for (j = 0; j < n_tiles; j++) {
            const size_t n_rows = (gemm->m - row + n_tiles - j - 1) / (n_tiles - j);

            multiply_rows(gemm, &group, &tile, row, n_rows);
            row += n_rows;
        }
    }
    amx_release();
}
