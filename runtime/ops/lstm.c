/* Lstm, a fused op of our own: the LSTM of these models with everything around it.
 * Inputs  x [T,N,I], h [N,C], c [N,C], w [I+C,4C] (constant; the first I rows belong to x), b [4C]
 *         and, if there is one, lengths int32 [N], each 0 to T
 * Outputs y [T,N,C], rows t >= length are zero; new_h, new_c [N,C] after `length` steps; and
 *         all_c [T,N,C], c after each step, zero like y
 * Attributes float "forget_bias" (1 if absent), "cell_clip" (none if absent or not positive), int
 *         "precision" (see op_util.h)
 * Arithmetic: struct dsi_lstm_step in kernels.h. Streams do not touch each other.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/ops/op_list.h"

#include "runtime/base/error.h"
#include "runtime/ops/lstm_util.h"
#include "runtime/ops/op_util.h"

#include <string.h>

enum { X, H, C, W, B, LENGTHS };
enum { Y, NEW_H, NEW_C, ALL_C, N_OUTPUTS };

static const struct dsi_lstm_inputs which = {.x = X, .h = H, .c = C, .w = W, .b = B};

static enum dsinfer_status infer_lstm(const struct dsi_node *node,
                                      const struct dsi_value_info *inputs,
                                      struct dsi_op_shapes *shapes, struct dsinfer_error *err) {
    struct dsi_lstm_sizes sizes;
    enum dsinfer_status status = dsi_lstm_infer(node, inputs, &which, &sizes, shapes, err);
    size_t i;

    if (status == DSINFER_OK && node->n_inputs > LENGTHS) {
        const struct dsi_shape lengths = {.rank = 1, .dims = {(int64_t)sizes.n_streams}};

        status = dsi_op_check_type(node, inputs, LENGTHS, DSI_TYPE_BIT(DSI_DTYPE_I32), err);
        if (status == DSINFER_OK) {
            status = dsi_op_check_shape(node, inputs, LENGTHS, &lengths, err);
        }
    }
    if (status != DSINFER_OK) {
        return status;
    }
    for (i = 0; i < shapes->n_weights; i++) {
        shapes->weights[i].precision = dsi_op_get_precision(node, shapes->weights[i].k);
    }
    shapes->n_outputs = N_OUTPUTS;
    for (i = 0; i < N_OUTPUTS; i++) {
        shapes->outputs[i].dtype = DSI_DTYPE_F32;
        shapes->outputs[i].shape = inputs[C].shape;
    }
    shapes->outputs[Y].shape = inputs[X].shape;
    shapes->outputs[Y].shape.dims[2] = (int64_t)sizes.n_cell;
    shapes->outputs[ALL_C].shape = shapes->outputs[Y].shape;
    return DSINFER_OK;
}

/* Steps of stream `n`; all where there are no lengths. */
static size_t get_length(const struct dsi_op_call *call, size_t n) {
    return call->node->n_inputs > LENGTHS ? (size_t)dsi_tensor_get_int(&call->inputs[LENGTHS], n)
                                          : (size_t)call->inputs[X].shape.dims[0];
}

static enum dsinfer_status check_lengths(const struct dsi_op_call *call, size_t *longest,
                                         struct dsinfer_error *err) {
    const size_t n_steps = (size_t)call->inputs[X].shape.dims[0];
    const size_t n_streams = (size_t)call->inputs[X].shape.dims[1];
    size_t i;

    *longest = 0;
    for (i = 0; i < n_streams; i++) {
        const size_t length = get_length(call, i); /* huge if negative */

        if (length > n_steps) {
            return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                            "node '%s': the length of stream %zu is %ld, but must be in 0 to %zu",
                            call->node->name, i, (long)length, n_steps);
        }
        *longest = length > *longest ? length : *longest;
    }
    return DSINFER_OK;
}

/* One step of every stream that is still running. */
static void step(const struct dsi_op_call *call, const struct dsi_lstm_work *work, size_t t) {
    const size_t n_cell = work->sizes.n_cell, n_streams = work->sizes.n_streams;
    float *y = call->outputs[Y], *all_c = call->outputs[ALL_C];
    size_t first = n_streams, end = 0;
    size_t i;

    for (i = 0; i < n_streams; i++) {
        if (get_length(call, i) > t) {
            first = i < first ? i : first;
            end = i + 1;
        }
    }
    /* One product reads the weights once; ended streams in between get a row that nobody reads. */
    dsi_lstm_add_recurrent(call, work, t, first, end - first);
    for (i = first; i < end; i++) {
        const struct dsi_lstm_step one = {
            .n_cell = n_cell,
            .z_stride = n_cell,
            .z = work->z + (t * n_streams + i) * 4 * n_cell,
            .c = work->c + i * n_cell,
            .forget_bias = dsi_node_get_float(call->node, "forget_bias", 1.0f),
            .cell_clip = dsi_node_get_float(call->node, "cell_clip", -1.0f),
            .c_next = work->c + i * n_cell,
            .h_next = work->h + i * n_cell,
        };

        if (get_length(call, i) > t) {
            call->kernels->lstm_step(&one);
            if (y) {
                memcpy(y + (t * n_streams + i) * n_cell, one.h_next, n_cell * sizeof(*y));
            }
            if (all_c) {
                memcpy(all_c + (t * n_streams + i) * n_cell, one.c_next, n_cell * sizeof(*all_c));
            }
        }
    }
}

static enum dsinfer_status run_lstm(const struct dsi_op_call *call, struct dsinfer_error *err) {
    struct dsi_lstm_work work;
    size_t longest, state_size, t;
    enum dsinfer_status status = check_lengths(call, &longest, err);

    if (status != DSINFER_OK) {
        return status;
    }
    dsi_lstm_begin(call, &which, longest, &work);
    state_size = work.sizes.n_streams * work.sizes.n_cell * sizeof(float);
    if (call->outputs[Y]) {
        memset(call->outputs[Y], 0, work.sizes.n_steps * state_size);
    }
    if (call->outputs[ALL_C]) {
        memset(call->outputs[ALL_C], 0, work.sizes.n_steps * state_size);
    }
    for (t = 0; t < longest; t++) {
        step(call, &work, t);
    }
    if (call->outputs[NEW_H]) {
        memcpy(call->outputs[NEW_H], work.h, state_size);
    }
    if (call->outputs[NEW_C]) {
        memcpy(call->outputs[NEW_C], work.c, state_size);
    }
    return DSINFER_OK;
}

const struct dsi_op dsi_op_lstm = {
    .name = "Lstm",
    .min_inputs = 5,
    .max_inputs = 6,
    .is_costly = true,
    .infer = infer_lstm,
    .run = run_lstm,
};
