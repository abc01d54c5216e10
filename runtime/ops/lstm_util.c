/* The matrix products of an LSTM.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/ops/lstm_util.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"
#include "runtime/ops/op_util.h"

#include <math.h>
#include <string.h>

static enum dsinfer_status check_inputs(const struct dsi_node *node,
                                        const struct dsi_value_info *inputs,
                                        const struct dsi_lstm_inputs *which,
                                        struct dsinfer_error *err) {
    const int64_t *x = inputs[which->x].shape.dims;
    const int64_t n_cell = inputs[which->c].shape.dims[1];
    const struct dsi_shape state = {.rank = 2, .dims = {x[1], n_cell}};
    const struct dsi_shape w = {.rank = 2, .dims = {x[2] + n_cell, 4 * n_cell}};
    const struct dsi_shape b = {.rank = 1, .dims = {4 * n_cell}};
    enum dsinfer_status status = dsi_op_check_type(node, inputs, which->x, DSI_TYPES_FLOAT, err);

    if (status == DSINFER_OK) {
        status = dsi_op_check_rank(node, inputs, which->x, 3, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_op_check_rank(node, inputs, which->c, 2, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_op_check_floats(node, inputs, which->c, &state, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_op_check_floats(node, inputs, which->h, &state, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_op_check_floats(node, inputs, which->w, &w, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_op_check_constant(node, inputs, which->w, err);
    }
    return status == DSINFER_OK ? dsi_op_check_floats(node, inputs, which->b, &b, err) : status;
}

/* Bytes of z, h, c and next_h; SIZE_MAX, which the caller refuses, on overflow. */
static size_t get_scratch_size(const struct dsi_lstm_sizes *sizes) {
    size_t states, rows, size;

    if (!dsi_mul_size(sizes->n_streams, 3 * sizes->n_cell, &states) ||
        !dsi_mul_size(sizes->n_steps, sizes->n_streams, &rows) ||
        !dsi_mul_size(rows, 4 * sizes->n_cell, &size) || !dsi_add_size(size, states, &size) ||
        !dsi_mul_size(size, sizeof(float), &size)) {
        return SIZE_MAX;
    }
    return size;
}

enum dsinfer_status dsi_lstm_infer(const struct dsi_node *node, const struct dsi_value_info *inputs,
                                   const struct dsi_lstm_inputs *which,
                                   struct dsi_lstm_sizes *sizes, struct dsi_op_shapes *shapes,
                                   struct dsinfer_error *err) {
    const int64_t *x = inputs[which->x].shape.dims;
    enum dsinfer_status status = check_inputs(node, inputs, which, err);

    if (status != DSINFER_OK) {
        return status;
    }
    sizes->n_steps = (size_t)x[0];
    sizes->n_streams = (size_t)x[1];
    sizes->n_input = (size_t)x[2];
    sizes->n_cell = (size_t)inputs[which->c].shape.dims[1];
    shapes->n_weights = 2;
    shapes->weights[0] = (struct dsi_weight){.input = which->w,
                                             .first_row = 0,
                                             .k = sizes->n_input,
                                             .n = 4 * sizes->n_cell,
                                             .max_m = sizes->n_steps * sizes->n_streams};
    shapes->weights[1] = (struct dsi_weight){.input = which->w,
                                             .first_row = sizes->n_input,
                                             .k = sizes->n_cell,
                                             .n = 4 * sizes->n_cell,
                                             .max_m = sizes->n_streams,
                                             .is_recurrent = true};
    shapes->scratch_size = get_scratch_size(sizes);
    return DSINFER_OK;
}

void dsi_lstm_begin(const struct dsi_op_call *call, const struct dsi_lstm_inputs *which,
                    size_t n_steps, struct dsi_lstm_work *work) {
    const struct dsi_shape *x = &call->inputs[which->x].shape;
    const size_t n_streams = (size_t)x->dims[1];
    const size_t n_cell = call->shapes->weights[1].k;
    const size_t state_size = n_streams * n_cell * sizeof(float);
    struct dsi_gemm gemm = {
        .m = n_steps * n_streams,
        .n = 4 * n_cell,
        .k = (size_t)x->dims[2],
        .a = (const void *)call->inputs[which->x].bytes.data,
        .a_stride = (size_t)x->dims[2],
        .bias = (const void *)call->inputs[which->b].bytes.data,
        .c_stride = 4 * n_cell,
        .limit = INFINITY,
    };

    work->sizes.n_steps = (size_t)x->dims[0];
    work->sizes.n_streams = n_streams;
    work->sizes.n_input = gemm.k;
    work->sizes.n_cell = n_cell;
    work->z = call->scratch;
    work->h = work->z + work->sizes.n_steps * n_streams * 4 * n_cell;
    work->c = work->h + n_streams * n_cell;
    work->next_h = work->c + n_streams * n_cell;
    memcpy(work->h, call->inputs[which->h].bytes.data, state_size);
    memcpy(work->next_h, work->h, state_size);
    memcpy(work->c, call->inputs[which->c].bytes.data, state_size);
    gemm.c = work->z;
    dsi_op_multiply(call, 0, &gemm);
}

void dsi_lstm_add_recurrent(const struct dsi_op_call *call, const struct dsi_lstm_work *work,
                            const float *h, const struct dsi_lstm_part *part) {
    const size_t n_cell = work->sizes.n_cell;
    const size_t row = part->t * work->sizes.n_streams + part->first_stream;
    const struct dsi_product *product = dsi_op_get_product(call, 1);
    struct dsi_gemm gemm = {
        .m = part->n_streams,
        .n = 4 * n_cell,
        .k = n_cell,
        .a = h + part->first_stream * n_cell,
        .a_stride = n_cell,
        .b = call->weights[1],
        .c = work->z + row * 4 * n_cell,
        .c_stride = 4 * n_cell,
        .limit = INFINITY,
        .n_columns = 4 * n_cell,
        .is_backward = part->t % 2 != 0,
        .prepared = call->prepared + part->worker * call->shapes->prepared_size,
    };
    size_t i;

    if (product->prepare) {
        product->prepare(&gemm);
    }
    if (part->n_cells == n_cell) {
        product->gemm(&gemm);
        return;
    }
    gemm.n_columns = part->n_cells;
    for (i = 0; i < 4; i++) {
        const size_t gate = gemm.is_backward ? 3 - i : i;

        gemm.first_column = gate * n_cell + part->first_cell;
        product->gemm(&gemm);
    }
}
