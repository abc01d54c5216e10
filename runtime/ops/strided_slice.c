/* StridedSlice: per dimension a range begin:end:stride, as in x[1:3, ::-1, 0]. Bit i of a mask
 * speaks of range i: begin_mask and end_mask leave that bound out, shrink_axis_mask takes one
 * element and drops the dimension, new_axis_mask puts in a dimension of 1. Dimensions without a
 * range are taken whole. SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/ops/op_list.h"

#include "runtime/base/error.h"
#include "runtime/ops/op_util.h"

#include <inttypes.h>
#include <string.h>

/* Most ranges: one for each dimension, and one for each new one. */
#define MAX_RANGES (2 * DSI_MAX_RANK)

struct slice {
    int64_t begins[MAX_RANGES], ends[MAX_RANGES], strides[MAX_RANGES];
    size_t n; /* ranges */
    int64_t begin_mask, end_mask, shrink_mask, new_mask;

    struct dsi_rows rows;   /* how the input is walked; starts[0] is set */
    struct dsi_shape shape; /* of the result */
};

static bool has_bit(int64_t mask, size_t i) {
    return ((uint64_t)mask >> i & 1) != 0;
}

static enum dsinfer_status read_ranges(const struct dsi_node *node,
                                       const struct dsi_value_info *inputs, struct slice *slice,
                                       struct dsinfer_error *err) {
    size_t n_ends = 0, n_strides = 0;
    enum dsinfer_status status;

    slice->begin_mask = dsi_node_get_int(node, "begin_mask", 0);
    slice->end_mask = dsi_node_get_int(node, "end_mask", 0);
    slice->shrink_mask = dsi_node_get_int(node, "shrink_axis_mask", 0);
    slice->new_mask = dsi_node_get_int(node, "new_axis_mask", 0);
    if (dsi_node_get_int(node, "ellipsis_mask", 0) != 0) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "node '%s': StridedSlice with an ellipsis is not supported", node->name);
    }
    status = dsi_op_get_ints(node, inputs, 1, MAX_RANGES, slice->begins, &slice->n, err);
    if (status == DSINFER_OK) {
        status = dsi_op_get_ints(node, inputs, 2, MAX_RANGES, slice->ends, &n_ends, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_op_get_ints(node, inputs, 3, MAX_RANGES, slice->strides, &n_strides, err);
    }
    if (status == DSINFER_OK && (n_ends != slice->n || n_strides != slice->n)) {
        status = dsi_fail(err, DSINFER_ERR_MALFORMED,
                          "node '%s': %zu begins, %zu ends and %zu strides must be equally many",
                          node->name, slice->n, n_ends, n_strides);
    }
    return status;
}

/* A bound as an index: from the front, and within what a walk in that direction can reach. */
static int64_t get_bound(int64_t value, int64_t dim, int64_t stride) {
    const int64_t lowest = stride > 0 ? 0 : -1;
    const int64_t highest = stride > 0 ? dim : dim - 1;

    if (value < 0) {
        value += dim;
    }
    return value < lowest ? lowest : value > highest ? highest : value;
}

/* Applies range `i` to a dimension of `dim` elements: where it begins, and how many it takes. */
static enum dsinfer_status apply_range(const struct dsi_node *node, const struct slice *slice,
                                       size_t i, int64_t dim, int64_t *begin, int64_t *count,
                                       struct dsinfer_error *err) {
    const int64_t stride = slice->strides[i];
    int64_t end;

    if (stride == 0 || (has_bit(slice->shrink_mask, i) && stride < 0)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED, "node '%s': stride %zu is %" PRId64, node->name,
                        i, stride);
    }
    if (has_bit(slice->shrink_mask, i)) {
        *begin = slice->begins[i] < 0 ? slice->begins[i] + dim : slice->begins[i];
        *count = 1;
        if (*begin < 0 || *begin >= dim) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED,
                            "node '%s': index %" PRId64 " is outside of %" PRId64 " elements",
                            node->name, slice->begins[i], dim);
        }
        return DSINFER_OK;
    }
    *begin = get_bound(slice->begins[i], dim, stride);
    end = get_bound(slice->ends[i], dim, stride);
    if (has_bit(slice->begin_mask, i)) {
        *begin = stride > 0 ? 0 : dim - 1;
    }
    if (has_bit(slice->end_mask, i)) {
        end = stride > 0 ? dim : -1;
    }
    *count = 0;
    if (stride > 0 ? end > *begin : end < *begin) {
        *count = (end - *begin) / stride + ((end - *begin) % stride != 0);
    }
    return DSINFER_OK;
}

/* Goes through ranges and dimensions side by side. */
static enum dsinfer_status resolve(const struct dsi_node *node, const struct dsi_shape *shape,
                                   struct slice *slice, struct dsinfer_error *err) {
    enum dsinfer_status status = DSINFER_OK;
    int64_t strides[DSI_MAX_RANK];
    size_t axis = 0;
    size_t i;

    dsi_op_get_strides(shape, strides);
    for (i = 0; status == DSINFER_OK && (i < slice->n || axis < shape->rank); i++) {
        int64_t begin = 0, count = 1, stride = 1;

        if (i < slice->n && has_bit(slice->new_mask, i)) {
            status = dsi_op_add_dim(node, &slice->shape, 1, err);
            continue;
        }
        if (axis >= shape->rank) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED, "node '%s': %zu ranges for %zu dimensions",
                            node->name, slice->n, shape->rank);
        }
        count = shape->dims[axis];
        if (i < slice->n) {
            stride = slice->strides[i];
            status = apply_range(node, slice, i, shape->dims[axis], &begin, &count, err);
        }
        if (status == DSINFER_OK && !(i < slice->n && has_bit(slice->shrink_mask, i))) {
            status = dsi_op_add_dim(node, &slice->shape, count, err);
        }
        if (status == DSINFER_OK) {
            /* A stride beyond the dimension takes one element and never moves. */
            stride = count > 1 ? stride : 1;
            slice->rows.dims[axis] = count;
            slice->rows.strides[0][axis] = strides[axis] * stride;
            slice->rows.starts[0] += count ? strides[axis] * begin : 0;
            slice->rows.rank = ++axis;
        }
    }
    return status;
}

static enum dsinfer_status infer_strided_slice(const struct dsi_node *node,
                                               const struct dsi_value_info *inputs,
                                               struct dsi_op_shapes *shapes,
                                               struct dsinfer_error *err) {
    struct slice slice = {0};
    enum dsinfer_status status = dsi_op_check_type(node, inputs, 0, DSI_TYPES_ANY, err);

    if (status == DSINFER_OK) {
        status = read_ranges(node, inputs, &slice, err);
    }
    if (status == DSINFER_OK) {
        status = resolve(node, &inputs[0].shape, &slice, err);
    }
    if (status == DSINFER_OK) {
        dsi_op_set_output(shapes, inputs[0].dtype, &slice.shape);
    }
    return status;
}

static enum dsinfer_status run_strided_slice(const struct dsi_op_call *call,
                                             struct dsinfer_error *err) {
    const struct dsi_tensor *x = &call->inputs[0];
    struct dsi_value_info infos[4] = {{.dtype = x->dtype, .shape = x->shape}};
    struct slice slice = {0};
    enum dsinfer_status status;
    size_t i;

    for (i = 1; i < 4; i++) {
        infos[i].dtype = call->inputs[i].dtype;
        infos[i].shape = call->inputs[i].shape;
        infos[i].constant = &call->inputs[i];
    }
    status = read_ranges(call->node, infos, &slice, err);
    if (status == DSINFER_OK) {
        status = resolve(call->node, &x->shape, &slice, err);
    }
    if (status == DSINFER_OK) {
        dsi_rows_copy(&slice.rows, x->dtype, x->bytes.data, call->outputs[0]);
    }
    return status;
}

const struct dsi_op dsi_op_strided_slice = {
    .name = "StridedSlice",
    .min_inputs = 4,
    .max_inputs = 4,
    .infer = infer_strided_slice,
    .run = run_strided_slice,
};
