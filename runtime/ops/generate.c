/* Ops that make values out of a description: Fill and Range.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/ops/op_list.h"

#include "runtime/base/error.h"
#include "runtime/ops/op_util.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static enum dsinfer_status infer_fill(const struct dsi_node *node,
                                      const struct dsi_value_info *inputs,
                                      struct dsi_op_shapes *shapes, struct dsinfer_error *err) {
    struct dsi_shape shape = {0};
    enum dsinfer_status status = dsi_op_check_type(node, inputs, 1, DSI_TYPES_ANY, err);
    size_t i;

    if (status == DSINFER_OK) {
        status = dsi_op_get_ints(node, inputs, 0, DSI_MAX_RANK, shape.dims, &shape.rank, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_op_check_rank(node, inputs, 0, 1, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_op_check_rank(node, inputs, 1, 0, err);
    }
    for (i = 0; status == DSINFER_OK && i < shape.rank; i++) {
        if (shape.dims[i] < 0) {
            status = dsi_fail(err, DSINFER_ERR_MALFORMED, "node '%s': dimension %zu is %" PRId64,
                              node->name, i, shape.dims[i]);
        }
    }
    if (status == DSINFER_OK) {
        dsi_op_set_output(shapes, inputs[1].dtype, &shape);
    }
    return status;
}

static enum dsinfer_status run_fill(const struct dsi_op_call *call, struct dsinfer_error *err) {
    const struct dsi_tensor *value = &call->inputs[1];
    struct dsi_rows rows = {.rank = 1};

    (void)err;
    rows.dims[0] = (int64_t)dsi_op_count(&call->shapes->outputs[0].shape);
    dsi_rows_copy(&rows, value->dtype, value->bytes.data, call->outputs[0]);
    return DSINFER_OK;
}

const struct dsi_op dsi_op_fill = {
    .name = "Fill",
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = infer_fill,
    .run = run_fill,
};

/* How many numbers lie in start, start + delta, … before limit; negative where the direction is
 * wrong or there is no step. */
static double count_floats(const struct dsi_value_info *inputs) {
    const double start = (double)dsi_tensor_get_float(inputs[0].constant, 0);
    const double limit = (double)dsi_tensor_get_float(inputs[1].constant, 0);
    const double delta = (double)dsi_tensor_get_float(inputs[2].constant, 0);
    const double count = ceil((limit - start) / delta);

    return delta != 0.0 && isfinite(count) ? count : -1.0;
}

static double count_ints(const struct dsi_value_info *inputs) {
    const int64_t start = dsi_tensor_get_int(inputs[0].constant, 0);
    const int64_t limit = dsi_tensor_get_int(inputs[1].constant, 0);
    const int64_t delta = dsi_tensor_get_int(inputs[2].constant, 0);
    const bool is_up = limit > start;
    uint64_t distance, step;

    if (limit == start && delta) {
        return 0.0;
    }
    if (delta == 0 || is_up != (delta > 0)) {
        return -1.0;
    }
    distance = is_up ? (uint64_t)limit - (uint64_t)start : (uint64_t)start - (uint64_t)limit;
    step = delta > 0 ? (uint64_t)delta : (uint64_t)0 - (uint64_t)delta;
    return (double)(distance / step + (distance % step != 0));
}

static enum dsinfer_status infer_range(const struct dsi_node *node,
                                       const struct dsi_value_info *inputs,
                                       struct dsi_op_shapes *shapes, struct dsinfer_error *err) {
    struct dsi_shape shape = {.rank = 1};
    enum dsinfer_status status = DSINFER_OK;
    double count;
    size_t i;

    for (i = 0; status == DSINFER_OK && i < 3; i++) {
        status = dsi_op_check_constant(node, inputs, i, err);
        if (status == DSINFER_OK) {
            status = dsi_op_check_type(node, inputs, i, DSI_TYPES_NUMBER, err);
        }
        if (status == DSINFER_OK) {
            status = dsi_op_check_same_type(node, inputs, i, err);
        }
        if (status == DSINFER_OK) {
            status = dsi_op_check_rank(node, inputs, i, 0, err);
        }
    }
    if (status != DSINFER_OK) {
        return status;
    }
    count = inputs[0].dtype == DSI_DTYPE_F32 ? count_floats(inputs) : count_ints(inputs);
    if (count < 0.0) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "node '%s': the step of the range does not lead from start to limit",
                        node->name);
    }
    if (count > (double)DSI_OP_MAX_DIM) {
        return dsi_fail(err, DSINFER_ERR_LIMIT, "node '%s': the range has %.0f elements",
                        node->name, count);
    }
    shape.dims[0] = (int64_t)count;
    dsi_op_set_output(shapes, inputs[0].dtype, &shape);
    return DSINFER_OK;
}

/* Adds up from element to element, as TensorFlow does: for floats that is not start + i·delta. */
static enum dsinfer_status run_range(const struct dsi_op_call *call, struct dsinfer_error *err) {
    const size_t n = dsi_op_count(&call->shapes->outputs[0].shape);
    const struct dsi_tensor *start = &call->inputs[0], *delta = &call->inputs[2];
    size_t i;

    (void)err;
    if (start->dtype == DSI_DTYPE_F32) {
        float value = dsi_tensor_get_float(start, 0);
        float *out = call->outputs[0];

        for (i = 0; i < n; i++) {
            out[i] = value;
            value += dsi_tensor_get_float(delta, 0);
        }
    } else {
        uint64_t value = (uint64_t)dsi_tensor_get_int(start, 0);
        const size_t size = dsi_dtype_get_size(start->dtype);
        char *out = call->outputs[0];

        for (i = 0; i < n; i++) {
            memcpy(out + i * size, &value, size); /* the low bytes: little-endian */
            value += (uint64_t)dsi_tensor_get_int(delta, 0);
        }
    }
    return DSINFER_OK;
}

const struct dsi_op dsi_op_range = {
    .name = "Range",
    .min_inputs = 3,
    .max_inputs = 3,
    .infer = infer_range,
    .run = run_range,
};
