/* Dense, a fused op of our own: a linear layer with an optional clipped ReLU.
 *   y[…,H] = clip(x[…,K] · w[K,H] + b[H])     clip(v) = min(max(v, 0), limit)
 * Inputs x, w (constant) and, if there is one, b. Attribute float "limit": absent or infinite means
 * no clip; int "precision": see op_util.h. All dimensions of x but the last are rows of one gemm.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/ops/op_list.h"

#include "runtime/base/error.h"
#include "runtime/ops/op_util.h"

#include <math.h>

static enum dsinfer_status infer_dense(const struct dsi_node *node,
                                       const struct dsi_value_info *inputs,
                                       struct dsi_op_shapes *shapes, struct dsinfer_error *err) {
    const float limit = dsi_node_get_float(node, "limit", INFINITY);
    struct dsi_shape shape = inputs[0].shape;
    struct dsi_shape weight = {.rank = 2}, bias = {.rank = 1};
    enum dsinfer_status status = dsi_op_check_type(node, inputs, 0, DSI_TYPES_FLOAT, err);

    if (status == DSINFER_OK && shape.rank == 0) {
        status = dsi_op_check_rank(node, inputs, 0, 2, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_op_check_rank(node, inputs, 1, 2, err);
    }
    if (status == DSINFER_OK) {
        weight.dims[0] = shape.dims[shape.rank - 1];
        weight.dims[1] = bias.dims[0] = inputs[1].shape.dims[1];
        status = dsi_op_check_floats(node, inputs, 1, &weight, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_op_check_constant(node, inputs, 1, err);
    }
    if (status == DSINFER_OK && node->n_inputs > 2) {
        status = dsi_op_check_floats(node, inputs, 2, &bias, err);
    }
    if (status == DSINFER_OK && !(limit >= 0.0f)) {
        status = dsi_fail(err, DSINFER_ERR_MALFORMED,
                          "node '%s': the limit is %g, but must not be negative", node->name,
                          (double)limit);
    }
    if (status == DSINFER_OK) {
        const struct dsi_shape rows = dsi_shape_make(shape.rank - 1, shape.dims);
        const size_t k = (size_t)weight.dims[0];

        shape.dims[shape.rank - 1] = weight.dims[1];
        dsi_op_set_output(shapes, DSI_DTYPE_F32, &shape);
        shapes->n_weights = 1;
        shapes->weights[0] = (struct dsi_weight){.input = 1,
                                                 .k = k,
                                                 .n = (size_t)weight.dims[1],
                                                 .precision = dsi_op_get_precision(node, k),
                                                 .max_m = dsi_op_count(&rows)};
    }
    return status;
}

static enum dsinfer_status run_dense(const struct dsi_op_call *call, struct dsinfer_error *err) {
    const struct dsi_shape *shape = &call->inputs[0].shape;
    const struct dsi_shape rows = dsi_shape_make(shape->rank - 1, shape->dims);
    const struct dsi_weight *weight = &call->shapes->weights[0];
    const struct dsi_gemm gemm = {
        .m = dsi_op_count(&rows),
        .n = weight->n,
        .k = weight->k,
        .a = (const void *)call->inputs[0].bytes.data,
        .a_stride = weight->k,
        .bias = call->node->n_inputs > 2 ? (const void *)call->inputs[2].bytes.data : NULL,
        .c = call->outputs[0],
        .c_stride = weight->n,
        .limit = dsi_node_get_float(call->node, "limit", INFINITY),
    };

    (void)err;
    if (!gemm.bias) {
        dsi_op_clear(&gemm);
    }
    dsi_op_multiply(call, 0, &gemm);
    return DSINFER_OK;
}

const struct dsi_op dsi_op_dense = {
    .name = "Dense",
    .min_inputs = 2,
    .max_inputs = 3,
    .is_costly = true,
    .infer = infer_dense,
    .run = run_dense,
};
