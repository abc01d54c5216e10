/* MatMul of two matrices. A constant right operand that is not transposed is packed for the
 * kernels' gemm, the case that matters; everything else takes the plain loops below.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/ops/op_list.h"

#include "runtime/base/error.h"
#include "runtime/ops/op_util.h"

#include <math.h>
#include <string.h>

static enum dsinfer_status infer_matmul(const struct dsi_node *node,
                                        const struct dsi_value_info *inputs,
                                        struct dsi_op_shapes *shapes, struct dsinfer_error *err) {
    const size_t a_flip = dsi_node_get_bool(node, "transpose_a", false);
    const size_t b_flip = dsi_node_get_bool(node, "transpose_b", false);
    const int64_t *a = inputs[0].shape.dims, *b = inputs[1].shape.dims;
    char a_text[DSI_SHAPE_TEXT_SIZE], b_text[DSI_SHAPE_TEXT_SIZE];
    struct dsi_shape shape = {.rank = 2};
    enum dsinfer_status status = DSINFER_OK;
    size_t i;

    for (i = 0; status == DSINFER_OK && i < 2; i++) {
        status = dsi_op_check_type(node, inputs, i, DSI_TYPES_FLOAT, err);
        if (status == DSINFER_OK) {
            status = dsi_op_check_rank(node, inputs, i, 2, err);
        }
    }
    if (status != DSINFER_OK) {
        return status;
    }
    if (a[1 - a_flip] != b[b_flip]) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "node '%s': matrices %s%s and %s%s cannot be multiplied", node->name,
                        dsi_shape_print(&inputs[0].shape, a_text), a_flip ? " (transposed)" : "",
                        dsi_shape_print(&inputs[1].shape, b_text), b_flip ? " (transposed)" : "");
    }
    shape.dims[0] = a[a_flip];
    shape.dims[1] = b[1 - b_flip];
    dsi_op_set_output(shapes, DSI_DTYPE_F32, &shape);
    if (inputs[1].constant && !a_flip && !b_flip) {
        shapes->n_weights = 1;
        shapes->weights[0] = (struct dsi_weight){
            .input = 1, .k = (size_t)b[0], .n = (size_t)b[1], .max_m = (size_t)a[0]};
    }
    return DSINFER_OK;
}

/* c[i,j] = sum over k of a[i,k]·b[k,j], row after row of b; strides say how a and b lie. */
static void multiply_plainly(size_t m, size_t n, size_t depth, const float *a,
                             const size_t a_strides[2], const float *b, const size_t b_strides[2],
                             float *c) {
    size_t i, j, k;

    memset(c, 0, m * n * sizeof(*c));
    for (i = 0; i < m; i++) {
        for (k = 0; k < depth; k++) {
            const float factor = a[i * a_strides[0] + k * a_strides[1]];

            for (j = 0; j < n; j++) {
                c[i * n + j] += factor * b[k * b_strides[0] + j * b_strides[1]];
            }
        }
    }
}

static enum dsinfer_status run_matmul(const struct dsi_op_call *call, struct dsinfer_error *err) {
    const bool a_flip = dsi_node_get_bool(call->node, "transpose_a", false);
    const bool b_flip = dsi_node_get_bool(call->node, "transpose_b", false);
    const int64_t *a_dims = call->inputs[0].shape.dims, *b_dims = call->inputs[1].shape.dims;
    const size_t a_width = (size_t)a_dims[1], b_width = (size_t)b_dims[1];
    const size_t a_strides[2] = {a_flip ? 1 : a_width, a_flip ? a_width : 1};
    const size_t b_strides[2] = {b_flip ? 1 : b_width, b_flip ? b_width : 1};
    const struct dsi_gemm gemm = {
        .m = (size_t)call->shapes->outputs[0].shape.dims[0],
        .n = (size_t)call->shapes->outputs[0].shape.dims[1],
        .k = (size_t)a_dims[a_flip ? 0 : 1],
        .a = (const void *)call->inputs[0].bytes.data,
        .a_stride = a_width,
        .c = call->outputs[0],
        .c_stride = (size_t)call->shapes->outputs[0].shape.dims[1],
        .limit = INFINITY,
    };

    (void)err;
    if (call->shapes->n_weights) {
        dsi_op_clear(&gemm);
        dsi_op_multiply(call, 0, &gemm);
    } else {
        multiply_plainly(gemm.m, gemm.n, gemm.k, gemm.a, a_strides,
                         (const void *)call->inputs[1].bytes.data, b_strides, gemm.c);
    }
    return DSINFER_OK;
}

const struct dsi_op dsi_op_matmul = {
    .name = "MatMul",
    .min_inputs = 2,
    .max_inputs = 2,
    .is_costly = true,
    .infer = infer_matmul,
    .run = run_matmul,
};
