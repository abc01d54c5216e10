/* Ops that pick slices of their first input by the indices in the second.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/ops/op_list.h"

#include "runtime/base/error.h"
#include "runtime/ops/op_util.h"

#include <inttypes.h>
#include <string.h>

/* [indices' dimensions but the last `n_dropped`] + [params' dimensions from `first` on]. */
static enum dsinfer_status infer_picked(const struct dsi_node *node,
                                        const struct dsi_value_info *inputs, size_t n_dropped,
                                        size_t first, struct dsi_op_shapes *shapes,
                                        struct dsinfer_error *err) {
    const struct dsi_shape *params = &inputs[0].shape, *indices = &inputs[1].shape;
    struct dsi_shape shape = {0};
    enum dsinfer_status status = dsi_op_check_type(node, inputs, 0, DSI_TYPES_ANY, err);
    size_t i;

    if (status == DSINFER_OK) {
        status = dsi_op_check_type(node, inputs, 1, DSI_TYPES_INDEX, err);
    }
    for (i = 0; status == DSINFER_OK && i + n_dropped < indices->rank; i++) {
        status = dsi_op_add_dim(node, &shape, indices->dims[i], err);
    }
    for (i = first; status == DSINFER_OK && i < params->rank; i++) {
        status = dsi_op_add_dim(node, &shape, params->dims[i], err);
    }
    if (status == DSINFER_OK) {
        dsi_op_set_output(shapes, inputs[0].dtype, &shape);
    }
    return status;
}

static enum dsinfer_status infer_gather(const struct dsi_node *node,
                                        const struct dsi_value_info *inputs,
                                        struct dsi_op_shapes *shapes, struct dsinfer_error *err) {
    if (inputs[0].shape.rank == 0) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED, "node '%s': %s from a scalar", node->name,
                        node->op);
    }
    return infer_picked(node, inputs, 0, 1, shapes, err);
}

static enum dsinfer_status infer_gather_v2(const struct dsi_node *node,
                                           const struct dsi_value_info *inputs,
                                           struct dsi_op_shapes *shapes,
                                           struct dsinfer_error *err) {
    const int64_t batch_dims = dsi_node_get_int(node, "batch_dims", 0);
    int64_t axis = 0;
    size_t n = 0;
    enum dsinfer_status status = dsi_op_get_ints(node, inputs, 2, 1, &axis, &n, err);

    if (status == DSINFER_OK && (n != 1 || axis != 0 || batch_dims != 0)) {
        status = dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                          "node '%s': GatherV2 along axis %" PRId64 " with %" PRId64
                          " batch dimensions, but only axis 0 without them is supported",
                          node->name, axis, batch_dims);
    }
    return status == DSINFER_OK ? infer_gather(node, inputs, shapes, err) : status;
}

static enum dsinfer_status infer_gather_nd(const struct dsi_node *node,
                                           const struct dsi_value_info *inputs,
                                           struct dsi_op_shapes *shapes,
                                           struct dsinfer_error *err) {
    const struct dsi_shape *params = &inputs[0].shape, *indices = &inputs[1].shape;
    char text[DSI_SHAPE_TEXT_SIZE];

    if (indices->rank == 0 || indices->dims[indices->rank - 1] > (int64_t)params->rank) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "node '%s': indices of shape %s do not point into %zu dimensions",
                        node->name, dsi_shape_print(indices, text), params->rank);
    }
    return infer_picked(node, inputs, 1, (size_t)indices->dims[indices->rank - 1], shapes, err);
}

/* Copies one slice for every `depth` indices, which point into the first `depth` dimensions. */
static enum dsinfer_status pick(const struct dsi_op_call *call, size_t depth, size_t n_slices,
                                struct dsinfer_error *err) {
    const struct dsi_tensor *params = &call->inputs[0], *indices = &call->inputs[1];
    const size_t slice_size =
        dsi_op_count_from(&params->shape, depth) * dsi_dtype_get_size(params->dtype);
    char *out = call->outputs[0];
    size_t i, k;

    for (i = 0; i < n_slices; i++) {
        size_t slice = 0;

        for (k = 0; k < depth; k++) {
            const int64_t index = dsi_tensor_get_int(indices, i * depth + k);

            if (index < 0 || index >= params->shape.dims[k]) {
                return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                                "node '%s': index %zu is %" PRId64 ", but must be in 0 to %" PRId64,
                                call->node->name, i * depth + k, index, params->shape.dims[k] - 1);
            }
            slice = slice * (size_t)params->shape.dims[k] + (size_t)index;
        }
        memcpy(out + i * slice_size, params->bytes.data + slice * slice_size, slice_size);
    }
    return DSINFER_OK;
}

static enum dsinfer_status run_gather(const struct dsi_op_call *call, struct dsinfer_error *err) {
    return pick(call, 1, dsi_op_count(&call->inputs[1].shape), err);
}

static enum dsinfer_status run_gather_nd(const struct dsi_op_call *call,
                                         struct dsinfer_error *err) {
    const struct dsi_shape *indices = &call->inputs[1].shape;
    const struct dsi_shape front = dsi_shape_make(indices->rank - 1, indices->dims);

    return pick(call, (size_t)indices->dims[indices->rank - 1], dsi_op_count(&front), err);
}

const struct dsi_op dsi_op_gather = {
    .name = "Gather",
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = infer_gather,
    .run = run_gather,
};

const struct dsi_op dsi_op_gather_v2 = {
    .name = "GatherV2",
    .min_inputs = 3,
    .max_inputs = 3,
    .infer = infer_gather_v2,
    .run = run_gather,
};

const struct dsi_op dsi_op_gather_nd = {
    .name = "GatherNd",
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = infer_gather_nd,
    .run = run_gather_nd,
};
