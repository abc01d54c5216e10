/* ReverseSequence: the first `length` rows of each sequence in the opposite order, the others as
 * they are. The bidirectional networks of DeepSpeech 0.1 have it.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/ops/op_list.h"

#include "runtime/base/error.h"
#include "runtime/ops/op_util.h"

#include <string.h>

/* Along which axis sequences run, and along which they lie side by side. */
struct axes {
    size_t sequence, batch;
};

static enum dsinfer_status get_axes(const struct dsi_node *node, size_t rank, struct axes *axes,
                                    struct dsinfer_error *err) {
    const int64_t sequence = dsi_node_get_int(node, "seq_dim", -1);
    const int64_t batch = dsi_node_get_int(node, "batch_dim", 0);

    if (sequence < 0 || batch < 0 || (uint64_t)sequence >= rank || (uint64_t)batch >= rank ||
        sequence == batch) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "node '%s': seq_dim %lld and batch_dim %lld are no two axes of %zu",
                        node->name, (long long)sequence, (long long)batch, rank);
    }
    axes->sequence = (size_t)sequence;
    axes->batch = (size_t)batch;
    return DSINFER_OK;
}

static enum dsinfer_status infer_reverse_sequence(const struct dsi_node *node,
                                                  const struct dsi_value_info *inputs,
                                                  struct dsi_op_shapes *shapes,
                                                  struct dsinfer_error *err) {
    struct axes axes = {0};
    enum dsinfer_status status = dsi_op_check_type(node, inputs, 0, DSI_TYPES_ANY, err);

    if (status == DSINFER_OK) {
        status = dsi_op_check_type(node, inputs, 1, DSI_TYPES_INDEX, err);
    }
    if (status == DSINFER_OK) {
        status = get_axes(node, inputs[0].shape.rank, &axes, err);
    }
    if (status == DSINFER_OK) {
        const struct dsi_shape lengths = {.rank = 1, .dims = {inputs[0].shape.dims[axes.batch]}};

        status = dsi_op_check_shape(node, inputs, 1, &lengths, err);
    }
    if (status == DSINFER_OK) {
        dsi_op_set_output(shapes, inputs[0].dtype, &inputs[0].shape);
    }
    return status;
}

static enum dsinfer_status check_lengths(const struct dsi_op_call *call, int64_t n_steps,
                                         struct dsinfer_error *err) {
    const struct dsi_tensor *lengths = &call->inputs[1];
    const size_t n = dsi_op_count(&lengths->shape);
    size_t i;

    for (i = 0; i < n; i++) {
        const int64_t length = dsi_tensor_get_int(lengths, i);

        if (length < 0 || length > n_steps) {
            return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                            "node '%s': the length of stream %zu is %lld, but must be in 0 to %lld",
                            call->node->name, i, (long long)length, (long long)n_steps);
        }
    }
    return DSINFER_OK;
}

/* Elements of a row, and where in its own axis each lies, from the number of the row. */
static enum dsinfer_status run_reverse_sequence(const struct dsi_op_call *call,
                                                struct dsinfer_error *err) {
    const struct dsi_shape *shape = &call->inputs[0].shape;
    const uint8_t *from = call->inputs[0].bytes.data;
    uint8_t *out = call->outputs[0];
    struct axes axes = {0};
    enum dsinfer_status status = get_axes(call->node, shape->rank, &axes, err);
    size_t last, n_rows, n_steps, n_batch, step_rows, batch_rows, row_size, row;

    if (status == DSINFER_OK) {
        status = check_lengths(call, shape->dims[axes.sequence], err);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    last = axes.sequence > axes.batch ? axes.sequence : axes.batch;
    row_size = dsi_op_count_from(shape, last + 1) * dsi_dtype_get_size(call->inputs[0].dtype);
    if (row_size == 0 || dsi_op_count(shape) == 0) {
        return DSINFER_OK;
    }
    n_rows = dsi_op_count(shape) / dsi_op_count_from(shape, last + 1);
    n_steps = (size_t)shape->dims[axes.sequence];
    n_batch = (size_t)shape->dims[axes.batch];
    step_rows = dsi_op_count_from(shape, axes.sequence + 1) / dsi_op_count_from(shape, last + 1);
    batch_rows = dsi_op_count_from(shape, axes.batch + 1) / dsi_op_count_from(shape, last + 1);

    for (row = 0; row < n_rows; row++) {
        const size_t step = row / step_rows % n_steps;
        const size_t length =
            (size_t)dsi_tensor_get_int(&call->inputs[1], row / batch_rows % n_batch);
        const size_t source = step < length ? length - 1 - step : step;
        const size_t at = row - step * step_rows + source * step_rows;

        memcpy(out + row * row_size, from + at * row_size, row_size);
    }
    return DSINFER_OK;
}

const struct dsi_op dsi_op_reverse_sequence = {
    .name = "ReverseSequence",
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = infer_reverse_sequence,
    .run = run_reverse_sequence,
};
