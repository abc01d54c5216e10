/* Ops that look at many elements for each result: Max over axes, Softmax over the last axis.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/ops/op_list.h"

#include "runtime/base/error.h"
#include "runtime/ops/op_util.h"

#include <math.h>
#include <string.h>

/* Which axes of input 0 the constant input 1 names. */
static enum dsinfer_status get_axes(const struct dsi_node *node,
                                    const struct dsi_value_info *inputs,
                                    bool is_reduced[DSI_MAX_RANK], struct dsinfer_error *err) {
    int64_t values[DSI_MAX_RANK];
    size_t n = 0, axis = 0, i;
    enum dsinfer_status status = dsi_op_get_ints(node, inputs, 1, DSI_MAX_RANK, values, &n, err);

    for (i = 0; status == DSINFER_OK && i < n; i++) {
        status = dsi_op_get_axis(node, values[i], inputs[0].shape.rank, &axis, err);
        if (status == DSINFER_OK) {
            is_reduced[axis] = true;
        }
    }
    return status;
}

static enum dsinfer_status infer_max(const struct dsi_node *node,
                                     const struct dsi_value_info *inputs,
                                     struct dsi_op_shapes *shapes, struct dsinfer_error *err) {
    const bool keep_dims = dsi_node_get_bool(node, "keep_dims", false);
    const struct dsi_shape *from = &inputs[0].shape;
    bool is_reduced[DSI_MAX_RANK] = {false};
    struct dsi_shape shape = {0};
    enum dsinfer_status status = dsi_op_check_type(node, inputs, 0, DSI_TYPES_NUMBER, err);
    size_t i;

    if (status == DSINFER_OK) {
        status = get_axes(node, inputs, is_reduced, err);
    }
    for (i = 0; status == DSINFER_OK && i < from->rank; i++) {
        if (!is_reduced[i] || keep_dims) {
            status = dsi_op_add_dim(node, &shape, is_reduced[i] ? 1 : from->dims[i], err);
        }
    }
    if (status == DSINFER_OK) {
        dsi_op_set_output(shapes, inputs[0].dtype, &shape);
    }
    return status;
}

/* Raises results to the elements of a row; the results lie `step` apart. */
static void raise_row(enum dsi_dtype dtype, const void *row, void *results, int64_t start,
                      int64_t step, size_t n) {
    size_t i;

    for (i = 0; i < n; i++) {
        const int64_t at = start + (int64_t)i * step;

        if (dtype == DSI_DTYPE_F32) {
            float *result = (float *)results + at;
            const float value = ((const float *)row)[i];

            *result = value > *result ? value : *result;
        } else if (dtype == DSI_DTYPE_I32) {
            int32_t *result = (int32_t *)results + at;
            const int32_t value = ((const int32_t *)row)[i];

            *result = value > *result ? value : *result;
        } else {
            int64_t *result = (int64_t *)results + at;
            const int64_t value = ((const int64_t *)row)[i];

            *result = value > *result ? value : *result;
        }
    }
}

/* The maximum of nothing. */
static void set_lowest(enum dsi_dtype dtype, void *results, size_t n) {
    size_t i;

    for (i = 0; i < n; i++) {
        if (dtype == DSI_DTYPE_F32) {
            ((float *)results)[i] = -INFINITY;
        } else if (dtype == DSI_DTYPE_I32) {
            ((int32_t *)results)[i] = INT32_MIN;
        } else {
            ((int64_t *)results)[i] = INT64_MIN;
        }
    }
}

/* Walks the input in its own order; strides[0] leads through the results, 0 along reduced axes. */
static enum dsinfer_status run_max(const struct dsi_op_call *call, struct dsinfer_error *err) {
    const struct dsi_tensor *x = &call->inputs[0], *axes = &call->inputs[1];
    const size_t n_axes = dsi_op_count(&axes->shape);
    const size_t size = dsi_dtype_get_size(x->dtype);
    struct dsi_rows rows = {.rank = x->shape.rank};
    const uint8_t *row = x->bytes.data;
    int64_t stride = 1;
    bool has_row;
    size_t i, k;

    (void)err;
    set_lowest(x->dtype, call->outputs[0], dsi_op_count(&call->shapes->outputs[0].shape));
    for (i = rows.rank; i-- > 0;) {
        bool is_reduced = false;

        for (k = 0; k < n_axes; k++) {
            const int64_t axis = dsi_tensor_get_int(axes, k);

            is_reduced |= (size_t)(axis < 0 ? axis + (int64_t)rows.rank : axis) == i;
        }
        rows.dims[i] = x->shape.dims[i];
        rows.strides[0][i] = is_reduced ? 0 : stride;
        stride *= is_reduced ? 1 : rows.dims[i];
    }
    for (has_row = dsi_rows_begin(&rows); has_row; has_row = dsi_rows_next(&rows)) {
        const int64_t step = rows.rank ? rows.steps[0] : 0;

        raise_row(x->dtype, row, call->outputs[0], rows.starts[0], step, rows.n);
        row += rows.n * size;
    }
    return DSINFER_OK;
}

const struct dsi_op dsi_op_max = {
    .name = "Max",
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = infer_max,
    .run = run_max,
};

static enum dsinfer_status infer_softmax(const struct dsi_node *node,
                                         const struct dsi_value_info *inputs,
                                         struct dsi_op_shapes *shapes, struct dsinfer_error *err) {
    if (inputs[0].shape.rank == 0) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED, "node '%s': Softmax of a scalar", node->name);
    }
    dsi_op_set_output(shapes, inputs[0].dtype, &inputs[0].shape);
    return dsi_op_check_type(node, inputs, 0, DSI_TYPES_FLOAT, err);
}

/* exp(x - max) / sum of them, for each row */
static enum dsinfer_status run_softmax(const struct dsi_op_call *call, struct dsinfer_error *err) {
    const struct dsi_shape *shape = &call->inputs[0].shape;
    const size_t n = (size_t)shape->dims[shape->rank - 1];
    const size_t n_values = dsi_op_count(shape);
    const float *x = (const void *)call->inputs[0].bytes.data;
    float *out = call->outputs[0];
    size_t start, i;

    (void)err;
    for (start = 0; start < n_values; start += n) {
        float max = -INFINITY;
        double sum = 0.0;

        for (i = start; i < start + n; i++) {
            max = x[i] > max ? x[i] : max;
        }
        for (i = start; i < start + n; i++) {
            out[i] = expf(x[i] - max);
            sum += (double)out[i];
        }
        for (i = start; i < start + n; i++) {
            out[i] = (float)((double)out[i] / sum);
        }
    }
    return DSINFER_OK;
}

const struct dsi_op dsi_op_softmax = {
    .name = "Softmax",
    .min_inputs = 1,
    .max_inputs = 1,
    .is_costly = true,
    .infer = infer_softmax,
    .run = run_softmax,
};
