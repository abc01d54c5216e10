/* Matrix product with B rounded to bfloat16: the definition. B is row-major, two bytes an element:
 * the upper half of the float.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/ref/kernels_ref.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static uint16_t round_to_bf16(const unsigned char *bytes) {
    uint32_t bits;
    float x;

    memcpy(&bits, bytes, sizeof(bits));
    memcpy(&x, bytes, sizeof(x));
    if (isnan(x)) {
        return (uint16_t)(bits >> 16 | 0x40); /* quiet, whatever the lower half held */
    }
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static float widen(uint16_t half) {
    const uint32_t bits = (uint32_t)half << 16;
    float x;

    memcpy(&x, &bits, sizeof(x));
    return x;
}

size_t dsi_get_packed_size_bf16_ref(size_t k, size_t n) {
    return k * n * sizeof(uint16_t);
}

void dsi_pack_bf16_ref(const struct dsi_pack *pack) {
    const unsigned char *from = pack->rows;
    uint16_t *to = (uint16_t *)pack->packed + pack->first_row * pack->n + pack->first_column;
    size_t i, j;

    for (i = 0; i < pack->n_rows; i++) {
        for (j = 0; j < pack->n_columns; j++) {
            to[i * pack->n + j] = round_to_bf16(from + i * pack->row_stride + j * sizeof(float));
        }
    }
}

void dsi_gemm_bf16_ref(const struct dsi_gemm *gemm) {
    const uint16_t *b = gemm->b;
    size_t i, j, l;

    for (i = 0; i < gemm->m; i++) {
        const float *a = gemm->a + i * gemm->a_stride;
        float *c = gemm->c + i * gemm->c_stride;

        for (j = gemm->first_column; j < gemm->first_column + gemm->n_columns; j++) {
            double sum = (double)(gemm->bias ? gemm->bias[j] : c[j]);

            for (l = 0; l < gemm->k; l++) {
                sum += (double)a[l] * (double)widen(b[l * gemm->n + j]);
            }
            c[j] = dsi_clip_ref((float)sum, gemm->limit);
        }
    }
}
