/* Products in integers of 8 bits for AMX: tiles of up to 16 rows by two panels. B's panels are what
 * a tile register takes: 16 lines of four k each. Few rows are left to VNNI, which reads B as fast
 * as it can be read; sums are exact, so results are the same.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/vector/int8_tile.h"
#include "runtime/kernels/vector/tiles.h"
#include "runtime/kernels/x86/amx_tile.h"
#include "runtime/kernels/x86/x86_kernels.h"

#include <immintrin.h>

#if !(defined(__AMX_INT8__) || defined(__AMXINT8__)) || !defined(__AVX512F__)
#error "this file is to be compiled with -mamx-tile -mamx-int8 -mavx512f"
#endif

#define MAX_ROWS AMX_MAX_ROWS
#define MAX_VNNI_ROWS ((size_t)4)

#define HIGH_0 "%%tmm0" /* sums of the first panel */
#define LOW_0 "%%tmm1"
#define HIGH_1 "%%tmm2" /* of the second */
#define LOW_1 "%%tmm3"
#define P_HIGH "%%tmm4" /* rows of A */
#define P_LOW "%%tmm5"

/* 128 (high - offsets) + low - offsets of a row, as floats. */
static inline void combine(float *to, const int32_t *high, const int32_t *low,
                           const int32_t *sums) {
    const __m512i offsets = _mm512_slli_epi32(_mm512_load_si512(sums), 7);

    _mm512_storeu_ps(
        to, _mm512_fmadd_ps(_mm512_set1_ps(128.0f),
                            _mm512_cvtepi32_ps(_mm512_sub_epi32(_mm512_load_si512(high), offsets)),
                            _mm512_cvtepi32_ps(_mm512_sub_epi32(_mm512_load_si512(low), offsets))));
}

static void multiply_tile(const struct int8_tile *tile, size_t n_rows, size_t n_panels,
                          float sums[][MAX_PANELS * PANEL]) {
    const size_t panel_size = tile->n_quads * AMX_LINE;
    const size_t low_at = (tile->row_stride - sizeof(struct int8_row)) / 2;
    const uint8_t *rows = tile->rows + sizeof(struct int8_row);
    _Alignas(64) int32_t parts[4][MAX_ROWS * PANEL];
    _Alignas(64) int8_t padded[AMX_LINES * AMX_LINE];
    size_t line, i, j;

    amx_configure(n_rows);
    for (line = 0; line < tile->n_quads; line += AMX_LINES) {
        const uint8_t *at = rows + line * 4;

        AMX_LOAD(P_HIGH, at, tile->row_stride);
        AMX_LOAD(P_LOW, at + low_at, tile->row_stride);
        AMX_LOAD(AMX_B, amx_get_lines(tile->panels, tile->n_quads, line, padded), AMX_LINE);
        AMX_ADD_BYTES(HIGH_0, P_HIGH);
        AMX_ADD_BYTES(LOW_0, P_LOW);
        if (n_panels > 1) {
            AMX_LOAD(AMX_B, amx_get_lines(tile->panels + panel_size, tile->n_quads, line, padded),
                     AMX_LINE);
            AMX_ADD_BYTES(HIGH_1, P_HIGH);
            AMX_ADD_BYTES(LOW_1, P_LOW);
        }
    }
    AMX_STORE(HIGH_0, parts[0]);
    AMX_STORE(LOW_0, parts[1]);
    AMX_STORE(HIGH_1, parts[2]);
    AMX_STORE(LOW_1, parts[3]);
    for (j = 0; j < n_panels; j++) {
        for (i = 0; i < n_rows; i++) {
            combine(sums[i] + j * PANEL, parts[2 * j] + i * PANEL, parts[2 * j + 1] + i * PANEL,
                    tile->sums + j * PANEL);
        }
    }
}

static inline size_t panels_of(size_t n_rows) {
    (void)n_rows;
    return 2;
}

#include "runtime/kernels/vector/gemm_int8_body.h"

void dsi_gemm_int8_amx(const struct dsi_gemm *gemm) {
    if (gemm->m <= MAX_VNNI_ROWS) {
        dsi_gemm_int8_avx512vnni(gemm);
        return;
    }
    multiply_panels(gemm);
    amx_release();
}
