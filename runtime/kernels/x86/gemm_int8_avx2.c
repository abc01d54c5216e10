/* Products in integers of 8 bits for AVX2, which multiplies 16-bit integers best: q is widened on
 * the way. And A prepared for it, and for the instructions that multiply bytes.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/vector/int8_tile.h"
#include "runtime/kernels/vector/tiles.h"
#include "runtime/kernels/x86/x86_kernels.h"

#include <immintrin.h>
#include <string.h>

#if !defined(__AVX2__) || !defined(__FMA__)
#error "this file is to be compiled with -mavx2 -mfma"
#endif

#define LANES ((size_t)8)
#define QUARTERS 4 /* vectors of four columns in a panel */
#define MAX_ROWS ((size_t)3)
#define FOR_EACH_TILE(CASE) CASE(1, 1) CASE(1, 2) CASE(2, 1) CASE(3, 1)

/* A sum of 127 * 16256 twice for each step fits 32 bits up to here. */
#define BLOCK ((size_t)512)

static inline size_t panels_of(size_t n_rows) {
    return n_rows == 1 ? 2 : 1;
}

/* Floats of the pairs of lanes that belong to one column, for eight columns. */
ALWAYS_INLINE __m256 add_pairs(__m256i a, __m256i b) {
    const __m256 sums = _mm256_hadd_ps(_mm256_cvtepi32_ps(a), _mm256_cvtepi32_ps(b));

    /* Columns 0 1 4 5 2 3 6 7. */
    return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(sums), 0xd8));
}

ALWAYS_INLINE void multiply_block(const struct int8_tile *tile, size_t first, size_t n,
                                  size_t n_rows, size_t n_panels,
                                  float sums[][MAX_PANELS * PANEL]) {
    __m256i parts[MAX_ROWS][QUARTERS * 2];
    size_t line, i, j;

    UNROLL
    for (i = 0; i < n_rows; i++) {
        UNROLL
        for (j = 0; j < QUARTERS * n_panels; j++) {
            parts[i][j] = _mm256_setzero_si256();
        }
    }
    for (line = first; line < first + n; line++) {
        __m256i p[MAX_ROWS];

        UNROLL
        for (i = 0; i < n_rows; i++) {
            int64_t words;

            memcpy(&words, tile->rows + i * tile->row_stride + sizeof(struct int8_row) + line * 8,
                   sizeof(words));
            p[i] = _mm256_set1_epi64x(words);
        }
        UNROLL
        for (j = 0; j < QUARTERS * n_panels; j++) {
            const int8_t *at =
                tile->panels + j / QUARTERS * tile->n_quads * 64 + line * 64 + j % QUARTERS * 16;
            const __m256i q = _mm256_cvtepi8_epi16(_mm_load_si128((const void *)at));

            UNROLL
            for (i = 0; i < n_rows; i++) {
                parts[i][j] = _mm256_add_epi32(parts[i][j], _mm256_madd_epi16(q, p[i]));
            }
        }
    }
    UNROLL
    for (i = 0; i < n_rows; i++) {
        UNROLL
        for (j = 0; j < QUARTERS * n_panels; j += 2) {
            float *sum = sums[i] + j / 2 * LANES;

            _mm256_storeu_ps(
                sum, _mm256_add_ps(_mm256_loadu_ps(sum), add_pairs(parts[i][j], parts[i][j + 1])));
        }
    }
}

ALWAYS_INLINE void multiply_tile(const struct int8_tile *tile, size_t n_rows, size_t n_panels,
                                 float sums[][MAX_PANELS * PANEL]) {
    size_t first;

    memset(sums, 0, n_rows * sizeof(*sums));
    for (first = 0; first < tile->n_quads; first += BLOCK) {
        const size_t rest = tile->n_quads - first;

        multiply_block(tile, first, rest < BLOCK ? rest : BLOCK, n_rows, n_panels, sums);
    }
}

#include "runtime/kernels/vector/gemm_int8_body.h"

/* Eight floats of `n` at `a`, zeros behind the last. */
static inline __m256 load_row(const float *a, size_t n) {
    static const int32_t lanes[2 * LANES] = {-1, -1, -1, -1, -1, -1, -1, -1};

    return n >= LANES
               ? _mm256_loadu_ps(a)
               : _mm256_maskload_ps(a, _mm256_loadu_si256((const void *)(lanes + LANES - n)));
}

/* The largest magnitude; NaN where one is not finite. As integers magnitudes have their order. */
static float find_max(const float *a, size_t k) {
    __m256i max = _mm256_setzero_si256();
    uint32_t parts[LANES], largest = 0;
    size_t l;

    for (l = 0; l < k; l += LANES) {
        const __m256i bits = _mm256_castps_si256(load_row(a + l, k - l));

        max = _mm256_max_epi32(max, _mm256_and_si256(bits, _mm256_set1_epi32(0x7fffffff)));
    }
    _mm256_storeu_si256((void *)parts, max);
    for (l = 0; l < LANES; l++) {
        largest = parts[l] > largest ? parts[l] : largest;
    }
    return dsi_int8_get_max(largest);
}

/* p of sixteen elements as words, in order. */
static inline __m256i round_words(const float *a, size_t n, __m256 inverse) {
    const __m256 first = load_row(a, n);
    const __m256 second = n > LANES ? load_row(a + LANES, n - LANES) : _mm256_setzero_ps();
    const __m256i words = _mm256_packs_epi32(_mm256_cvtps_epi32(_mm256_mul_ps(first, inverse)),
                                             _mm256_cvtps_epi32(_mm256_mul_ps(second, inverse)));

    return _mm256_permute4x64_epi64(words, 0xd8);
}

static inline void store_bytes(uint8_t *at, __m256i words) {
    const __m256i bytes = _mm256_packus_epi16(words, words);

    _mm_storeu_si128((void *)at, _mm256_castsi256_si128(_mm256_permute4x64_epi64(bytes, 0xd8)));
}

static void prepare(const struct dsi_gemm *gemm, bool is_bytes) {
    const size_t n_bytes = dsi_int8_round_up(gemm->k);
    const __m256i offset = _mm256_set1_epi16(DSI_INT8_OFFSET);
    size_t i, l;

    for (i = 0; i < gemm->m; i++) {
        uint8_t *row = (uint8_t *)gemm->prepared + i * dsi_int8_get_row_size(gemm->k);
        const float *a = gemm->a + i * gemm->a_stride;
        const float max = find_max(a, gemm->k);
        const float inverse_scale = dsi_int8_get_inverse_scale(max, DSI_INT8_LARGEST_P);
        const __m256 inverse = _mm256_set1_ps(inverse_scale);
        const bool is_zero = inverse_scale == 0.0f; /* or not finite */

        ((struct int8_row *)row)->scale = dsi_int8_get_scale(max, DSI_INT8_LARGEST_P);
        row += sizeof(struct int8_row);
        for (l = 0; l < n_bytes; l += 2 * LANES) {
            const __m256i p = l < gemm->k && !is_zero ? round_words(a + l, gemm->k - l, inverse)
                                                      : _mm256_setzero_si256();
            const __m256i high = _mm256_srai_epi16(_mm256_add_epi16(p, _mm256_set1_epi16(64)), 7);
            const __m256i low = _mm256_sub_epi16(p, _mm256_slli_epi16(high, 7));

            if (is_bytes) {
                store_bytes(row + l, _mm256_add_epi16(high, offset));
                store_bytes(row + n_bytes + l, _mm256_add_epi16(low, offset));
            } else {
                _mm256_storeu_si256((void *)(row + 2 * l), p);
            }
        }
    }
}

void dsi_prepare_int8_words(const struct dsi_gemm *gemm) {
    prepare(gemm, false);
}

void dsi_prepare_int8_bytes(const struct dsi_gemm *gemm) {
    prepare(gemm, true);
}

void dsi_gemm_int8_avx2(const struct dsi_gemm *gemm) {
    multiply_panels(gemm);
}
