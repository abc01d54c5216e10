/* Ops that put the same elements somewhere else.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/ops/op_list.h"

#include "runtime/base/error.h"
#include "runtime/ops/op_util.h"

#include <inttypes.h>
#include <string.h>

/* The permutation in input 1, checked. */
static enum dsinfer_status get_permutation(const struct dsi_node *node,
                                           const struct dsi_value_info *inputs,
                                           int64_t axes[DSI_MAX_RANK], struct dsinfer_error *err) {
    const size_t rank = inputs[0].shape.rank;
    bool is_used[DSI_MAX_RANK] = {false};
    size_t n = 0;
    enum dsinfer_status status = dsi_op_get_ints(node, inputs, 1, DSI_MAX_RANK, axes, &n, err);
    size_t i;

    if (status != DSINFER_OK) {
        return status;
    }
    for (i = 0; i < n; i++) {
        if (n != rank || axes[i] < 0 || axes[i] >= (int64_t)rank || is_used[axes[i]]) {
            break;
        }
        is_used[axes[i]] = true;
    }
    if (n != rank || i != rank) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "node '%s': input 1 is no permutation of %zu dimensions", node->name, rank);
    }
    return DSINFER_OK;
}

static enum dsinfer_status infer_transpose(const struct dsi_node *node,
                                           const struct dsi_value_info *inputs,
                                           struct dsi_op_shapes *shapes,
                                           struct dsinfer_error *err) {
    struct dsi_shape shape = {.rank = inputs[0].shape.rank};
    int64_t axes[DSI_MAX_RANK];
    enum dsinfer_status status = dsi_op_check_type(node, inputs, 0, DSI_TYPES_ANY, err);
    size_t i;

    if (status == DSINFER_OK) {
        status = get_permutation(node, inputs, axes, err);
    }
    if (status == DSINFER_OK) {
        for (i = 0; i < shape.rank; i++) {
            shape.dims[i] = inputs[0].shape.dims[axes[i]];
        }
        dsi_op_set_output(shapes, inputs[0].dtype, &shape);
    }
    return status;
}

static enum dsinfer_status run_transpose(const struct dsi_op_call *call,
                                         struct dsinfer_error *err) {
    const struct dsi_tensor *x = &call->inputs[0];
    struct dsi_rows rows = {.rank = x->shape.rank};
    int64_t strides[DSI_MAX_RANK];
    size_t i;

    (void)err;
    dsi_op_get_strides(&x->shape, strides);
    for (i = 0; i < rows.rank; i++) {
        const size_t axis = (size_t)dsi_tensor_get_int(&call->inputs[1], i);

        rows.dims[i] = x->shape.dims[axis];
        rows.strides[0][i] = strides[axis];
    }
    dsi_rows_copy(&rows, x->dtype, x->bytes.data, call->outputs[0]);
    return DSINFER_OK;
}

const struct dsi_op dsi_op_transpose = {
    .name = "Transpose",
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = infer_transpose,
    .run = run_transpose,
};

static enum dsinfer_status infer_tile(const struct dsi_node *node,
                                      const struct dsi_value_info *inputs,
                                      struct dsi_op_shapes *shapes, struct dsinfer_error *err) {
    struct dsi_shape shape = inputs[0].shape;
    int64_t multiples[DSI_MAX_RANK];
    size_t n = 0, i;
    enum dsinfer_status status = dsi_op_check_type(node, inputs, 0, DSI_TYPES_ANY, err);

    if (status == DSINFER_OK) {
        status = dsi_op_get_ints(node, inputs, 1, DSI_MAX_RANK, multiples, &n, err);
    }
    if (status == DSINFER_OK && n != shape.rank) {
        status = dsi_fail(err, DSINFER_ERR_MALFORMED, "node '%s': %zu multiples for %zu dimensions",
                          node->name, n, shape.rank);
    }
    for (i = 0; status == DSINFER_OK && i < n; i++) {
        if (multiples[i] < 0 || multiples[i] > DSI_OP_MAX_DIM) {
            status = dsi_fail(err, multiples[i] < 0 ? DSINFER_ERR_MALFORMED : DSINFER_ERR_LIMIT,
                              "node '%s': multiple %zu is %" PRId64, node->name, i, multiples[i]);
        } else {
            shape.dims[i] *= multiples[i];
        }
    }
    if (status == DSINFER_OK) {
        dsi_op_set_output(shapes, inputs[0].dtype, &shape);
    }
    return status;
}

/* Each dimension becomes two: the repetitions, which do not move, and the dimension itself. */
static enum dsinfer_status run_tile(const struct dsi_op_call *call, struct dsinfer_error *err) {
    const struct dsi_tensor *x = &call->inputs[0];
    struct dsi_rows rows = {.rank = 2 * x->shape.rank};
    int64_t strides[DSI_MAX_RANK];
    size_t i;

    (void)err;
    dsi_op_get_strides(&x->shape, strides);
    for (i = 0; i < x->shape.rank; i++) {
        rows.dims[2 * i] = dsi_tensor_get_int(&call->inputs[1], i);
        rows.dims[2 * i + 1] = x->shape.dims[i];
        rows.strides[0][2 * i + 1] = strides[i];
    }
    dsi_rows_copy(&rows, x->dtype, x->bytes.data, call->outputs[0]);
    return DSINFER_OK;
}

const struct dsi_op dsi_op_tile = {
    .name = "Tile",
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = infer_tile,
    .run = run_tile,
};

/* Writes blocks of the first `n` inputs in turn: of each, what lies behind dimension `axis`. */
static void run_blocks(const struct dsi_op_call *call, size_t n, size_t axis, size_t n_blocks) {
    char *out = call->outputs[0];
    size_t block, i;

    for (block = 0; block < n_blocks; block++) {
        for (i = 0; i < n; i++) {
            const struct dsi_tensor *x = &call->inputs[i];
            const size_t size = dsi_op_count_from(&x->shape, axis) * dsi_dtype_get_size(x->dtype);

            memcpy(out, x->bytes.data + block * size, size);
            out += size;
        }
    }
}

/* Elements in front of a dimension. */
static size_t count_to(const struct dsi_shape *shape, size_t axis) {
    const struct dsi_shape front = dsi_shape_make(axis, shape->dims);

    return dsi_op_count(&front);
}

/* Inputs but the last, concatenated along the axis in the last. */
static enum dsinfer_status infer_concat(const struct dsi_node *node,
                                        const struct dsi_value_info *inputs,
                                        struct dsi_op_shapes *shapes, struct dsinfer_error *err) {
    const size_t n = node->n_inputs - 1;
    struct dsi_shape shape = inputs[0].shape;
    int64_t value = 0;
    size_t n_values = 0, axis = 0, i;
    enum dsinfer_status status = dsi_op_check_type(node, inputs, 0, DSI_TYPES_ANY, err);

    if (status == DSINFER_OK) {
        status = dsi_op_get_ints(node, inputs, n, 1, &value, &n_values, err);
    }
    if (status == DSINFER_OK && n_values != 1) {
        status =
            dsi_fail(err, DSINFER_ERR_MALFORMED, "node '%s': ConcatV2 needs one axis", node->name);
    }
    if (status == DSINFER_OK) {
        status = dsi_op_get_axis(node, value, shape.rank, &axis, err);
    }
    for (i = 1; status == DSINFER_OK && i < n; i++) {
        struct dsi_shape needed = shape;

        needed.dims[axis] = inputs[i].shape.dims[axis];
        status = dsi_op_check_same_type(node, inputs, i, err);
        if (status == DSINFER_OK) {
            status = dsi_op_check_shape(node, inputs, i, &needed, err);
        }
        shape.dims[axis] += inputs[i].shape.dims[axis];
    }
    if (status == DSINFER_OK) {
        dsi_op_set_output(shapes, inputs[0].dtype, &shape);
    }
    return status;
}

static enum dsinfer_status run_concat(const struct dsi_op_call *call, struct dsinfer_error *err) {
    const struct dsi_shape *shape = &call->inputs[0].shape;
    const size_t n = call->node->n_inputs - 1;
    const int64_t value = dsi_tensor_get_int(&call->inputs[n], 0);
    const size_t axis = (size_t)(value < 0 ? value + (int64_t)shape->rank : value);

    (void)err;
    run_blocks(call, n, axis, count_to(shape, axis));
    return DSINFER_OK;
}

const struct dsi_op dsi_op_concat = {
    .name = "ConcatV2",
    .min_inputs = 2,
    .max_inputs = DSI_GRAPH_MAX_INPUTS,
    .infer = infer_concat,
    .run = run_concat,
};

/* Equal shapes stacked along a new dimension. */
static enum dsinfer_status infer_pack(const struct dsi_node *node,
                                      const struct dsi_value_info *inputs,
                                      struct dsi_op_shapes *shapes, struct dsinfer_error *err) {
    const struct dsi_shape *from = &inputs[0].shape;
    struct dsi_shape shape = {0};
    size_t axis = 0, i;
    enum dsinfer_status status = dsi_op_check_type(node, inputs, 0, DSI_TYPES_ANY, err);

    if (status == DSINFER_OK) {
        status =
            dsi_op_get_axis(node, dsi_node_get_int(node, "axis", 0), from->rank + 1, &axis, err);
    }
    for (i = 1; status == DSINFER_OK && i < node->n_inputs; i++) {
        status = dsi_op_check_same_type(node, inputs, i, err);
        if (status == DSINFER_OK) {
            status = dsi_op_check_shape(node, inputs, i, from, err);
        }
    }
    for (i = 0; status == DSINFER_OK && i <= from->rank; i++) {
        const int64_t dim = i == axis ? (int64_t)node->n_inputs : from->dims[i < axis ? i : i - 1];

        status = dsi_op_add_dim(node, &shape, dim, err);
    }
    if (status == DSINFER_OK) {
        dsi_op_set_output(shapes, inputs[0].dtype, &shape);
    }
    return status;
}

static enum dsinfer_status run_pack(const struct dsi_op_call *call, struct dsinfer_error *err) {
    const struct dsi_shape *shape = &call->inputs[0].shape;
    const int64_t value = dsi_node_get_int(call->node, "axis", 0);
    const size_t axis = (size_t)(value < 0 ? value + (int64_t)shape->rank + 1 : value);

    (void)err;
    run_blocks(call, call->node->n_inputs, axis, count_to(shape, axis));
    return DSINFER_OK;
}

const struct dsi_op dsi_op_pack = {
    .name = "Pack",
    .min_inputs = 1,
    .max_inputs = DSI_GRAPH_MAX_INPUTS,
    .infer = infer_pack,
    .run = run_pack,
};
