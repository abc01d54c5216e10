/* Matrix product with bias and clipped ReLU: the definition.
 *
 * Sums are formed in double, in the order of k, so that no other order or width of sums is favoured
 * when implementations are compared with this one.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/ref/kernels_ref.h"

#include <string.h>

size_t dsi_get_packed_size_ref(size_t k, size_t n) {
    return k * n * sizeof(float);
}

void dsi_pack_ref(const struct dsi_pack *pack) {
    float *to = (float *)pack->packed + pack->first_row * pack->n + pack->first_column;
    const unsigned char *from = pack->rows;
    size_t i;

    for (i = 0; pack->n_columns && i < pack->n_rows; i++) {
        memcpy(to + i * pack->n, from + i * pack->row_stride, pack->n_columns * sizeof(*to));
    }
}

void dsi_gemm_ref(const struct dsi_gemm *gemm) {
    const float *b = gemm->b;
    size_t i, j, l;

    for (i = 0; i < gemm->m; i++) {
        const float *a = gemm->a + i * gemm->a_stride;
        float *c = gemm->c + i * gemm->c_stride;

        for (j = gemm->first_column; j < gemm->first_column + gemm->n_columns; j++) {
            double sum = (double)(gemm->bias ? gemm->bias[j] : c[j]);

            for (l = 0; l < gemm->k; l++) {
                sum += (double)a[l] * (double)b[l * gemm->n + j];
            }
            c[j] = dsi_clip_ref((float)sum, gemm->limit);
        }
    }
}
