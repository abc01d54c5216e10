/* Matrix product in integers of 8 bits: the definition.
 *
 * Packed B: the largest |b| of each of the n columns as floats, NaN where something in it is not
 * finite; behind them q, row-major, a byte an element.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/int8.h"
#include "runtime/kernels/ref/kernels_ref.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static float load(const unsigned char *bytes) {
    float x;

    memcpy(&x, bytes, sizeof(x));
    return x;
}

/* NaN as soon as something is not finite. */
static float max_magnitude(float max, float x) {
    if (!isfinite(x)) {
        return NAN;
    }
    return fabsf(x) > max ? fabsf(x) : max;
}

size_t dsi_get_packed_size_int8_ref(size_t k, size_t n) {
    return n * (sizeof(float) + k);
}

void dsi_measure_int8_ref(const struct dsi_pack *pack) {
    const unsigned char *from = pack->rows;
    float *max = (float *)pack->packed + pack->first_column;
    size_t i, j;

    for (i = 0; i < pack->n_rows; i++) {
        for (j = 0; j < pack->n_columns; j++) {
            max[j] = max_magnitude(max[j], load(from + i * pack->row_stride + j * sizeof(float)));
        }
    }
}

void dsi_pack_int8_ref(const struct dsi_pack *pack) {
    const unsigned char *from = pack->rows;
    const float *max = (const float *)pack->packed + pack->first_column;
    int8_t *q = (int8_t *)((float *)pack->packed + pack->n) + pack->first_row * pack->n +
                pack->first_column;
    size_t i, j;

    for (i = 0; i < pack->n_rows; i++) {
        for (j = 0; j < pack->n_columns; j++) {
            const float x = load(from + i * pack->row_stride + j * sizeof(float));

            q[i * pack->n + j] =
                isnan(max[j]) ? 0
                              : (int8_t)nearbyintf(
                                    x * dsi_int8_get_inverse_scale(max[j], DSI_INT8_LARGEST_Q));
        }
    }
}

/* Sum over k of p * q for one element of C. */
static int64_t multiply(const struct dsi_gemm *gemm, const float *a, float inverse, size_t column) {
    const int8_t *q = (const int8_t *)((const float *)gemm->b + gemm->n) + column;
    int64_t sum = 0;
    size_t l;

    for (l = 0; l < gemm->k; l++) {
        sum += (int64_t)nearbyintf(a[l] * inverse) * q[l * gemm->n];
    }
    return sum;
}

void dsi_gemm_int8_ref(const struct dsi_gemm *gemm) {
    const float *b_max = gemm->b;
    size_t i, j, l;

    for (i = 0; i < gemm->m; i++) {
        const float *a = gemm->a + i * gemm->a_stride;
        float *c = gemm->c + i * gemm->c_stride;
        float max = 0.0f;

        for (l = 0; l < gemm->k; l++) {
            max = max_magnitude(max, a[l]);
        }
        for (j = gemm->first_column; j < gemm->first_column + gemm->n_columns; j++) {
            const float scale = dsi_int8_get_scale(max, DSI_INT8_LARGEST_P) *
                                dsi_int8_get_scale(b_max[j], DSI_INT8_LARGEST_Q);
            const float inverse = dsi_int8_get_inverse_scale(max, DSI_INT8_LARGEST_P);
            const int64_t sum = isnan(max) ? 0 : multiply(gemm, a, inverse, j);
            const double start = (double)(gemm->bias ? gemm->bias[j] : c[j]);

            c[j] = dsi_clip_ref((float)(start + (double)sum * (double)scale), gemm->limit);
        }
    }
}
