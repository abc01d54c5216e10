/* Matrix products by OpenBLAS: fast enough on any processor, and the cross-check of our own.
 *
 * It has no form for weights packed beforehand: sgemm copies B on every call. Its sgemm is slow for
 * a single row, so that one is sgemv. Version 0.3.21 chooses SSE3 kernels on Intel processors newer
 * than itself. The hot path therefore belongs to our own kernels where there are any.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/levels.h"

#include <assert.h>
#include <cblas.h>
#include <limits.h>
#include <math.h>
#include <string.h>

static void clip_row(float *c, size_t n, float limit) {
    size_t j;

    for (j = 0; j < n; j++) {
        const float x = c[j] < 0.0f ? 0.0f : c[j];

        c[j] = x > limit ? limit : x;
    }
}

static void multiply(const struct dsi_gemm *gemm, float *c) {
    const int m = (int)gemm->m, n = (int)gemm->n_columns, k = (int)gemm->k;
    const int b_stride = (int)gemm->n;
    const float *b = (const float *)gemm->b + gemm->first_column;

    /* BLAS takes sizes and strides as int; callers limit them far below that. */
    assert(gemm->m <= INT_MAX && gemm->n <= INT_MAX && gemm->k <= INT_MAX);
    assert(gemm->a_stride <= INT_MAX && gemm->c_stride <= INT_MAX);

    if (m == 1) {
        cblas_sgemv(CblasRowMajor, CblasTrans, k, n, 1.0f, b, b_stride, gemm->a, 1, 1.0f, c, 1);
    } else {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0f, gemm->a,
                    (int)gemm->a_stride, b, b_stride, 1.0f, c, (int)gemm->c_stride);
    }
}

static void gemm_blas(const struct dsi_gemm *gemm) {
    float *c = gemm->c + gemm->first_column;
    size_t i;

    if (gemm->m == 0 || gemm->n_columns == 0) {
        return;
    }
    for (i = 0; gemm->bias && i < gemm->m; i++) {
        memcpy(c + i * gemm->c_stride, gemm->bias + gemm->first_column,
               gemm->n_columns * sizeof(float));
    }
    if (gemm->k > 0) {
        multiply(gemm, c);
    }
    for (i = 0; !isinf(gemm->limit) && i < gemm->m; i++) {
        clip_row(c + i * gemm->c_stride, gemm->n_columns, gemm->limit);
    }
}

void dsi_kernels_init_blas(struct dsi_kernels *kernels) {
    kernels->name = "blas";
    kernels->products[DSI_PRECISION_F32].is_batch_exact = false;
    kernels->products[DSI_PRECISION_F32].gemm = gemm_blas;
}
