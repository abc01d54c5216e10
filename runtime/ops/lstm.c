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

/* All steps, which the workers of a call take together: each computes the same cells in all four
 * gates, step by step, and waits for the others' h before the next. Step t reads the h that step
 * t - 1 wrote, and writes the other of two. */
struct recurrence {
    const struct dsi_op_call *call;
    struct dsi_lstm_work work;
    struct dsi_pool *pool; /* NULL: one worker */
    size_t n_steps;
};

/* h after n steps. */
static float *get_h(const struct recurrence *recurrence, size_t n) {
    return n % 2 ? recurrence->work.next_h : recurrence->work.h;
}

/* Sums to state: the cells of the part in one stream. */
static void update_cells(const struct recurrence *recurrence, const struct dsi_lstm_part *part,
                         size_t stream) {
    const struct dsi_op_call *call = recurrence->call;
    const size_t n_cell = recurrence->work.sizes.n_cell;
    const size_t cell = stream * n_cell + part->first_cell;
    const size_t row = part->t * recurrence->work.sizes.n_streams + stream;
    const size_t size = part->n_cells * sizeof(float);
    float *y = call->outputs[Y], *all_c = call->outputs[ALL_C];
    const struct dsi_lstm_step step = {
        .n_cell = part->n_cells,
        .z_stride = n_cell,
        .z = recurrence->work.z + row * 4 * n_cell + part->first_cell,
        .c = recurrence->work.c + cell,
        .forget_bias = dsi_node_get_float(call->node, "forget_bias", 1.0f),
        .cell_clip = dsi_node_get_float(call->node, "cell_clip", -1.0f),
        .c_next = recurrence->work.c + cell,
        .h_next = get_h(recurrence, part->t + 1) + cell,
    };

    call->kernels->lstm_step(&step);
    if (y) {
        memcpy(y + row * n_cell + part->first_cell, step.h_next, size);
    }
    if (all_c) {
        memcpy(all_c + row * n_cell + part->first_cell, step.c_next, size);
    }
}

/* One step of every stream that is still running. */
static void step(const struct recurrence *recurrence, struct dsi_lstm_part *part) {
    const size_t n_streams = recurrence->work.sizes.n_streams;
    size_t first = n_streams, end = 0;
    size_t i;

    for (i = 0; i < n_streams; i++) {
        if (get_length(recurrence->call, i) > part->t) {
            first = i < first ? i : first;
            end = i + 1;
        }
    }
    /* One product reads the weights once; ended streams in between get a row that nobody reads. */
    part->first_stream = first;
    part->n_streams = end - first;
    dsi_lstm_add_recurrent(recurrence->call, &recurrence->work, get_h(recurrence, part->t), part);
    for (i = first; i < end; i++) {
        if (get_length(recurrence->call, i) > part->t) {
            update_cells(recurrence, part, i);
        }
    }
}

static void run_steps(void *argument, size_t worker, size_t n_workers) {
    const struct recurrence *recurrence = argument;
    struct dsi_lstm_part part = {.worker = worker};
    size_t end;

    dsi_op_get_share(recurrence->work.sizes.n_cell, worker, n_workers, &part.first_cell, &end);
    part.n_cells = end - part.first_cell;
    for (part.t = 0; part.t < recurrence->n_steps; part.t++) {
        if (part.n_cells) {
            step(recurrence, &part);
        }
        dsi_pool_meet(recurrence->pool);
    }
}

static enum dsinfer_status run_lstm(const struct dsi_op_call *call, struct dsinfer_error *err) {
    struct recurrence recurrence = {.call = call};
    struct dsi_lstm_work *work = &recurrence.work;
    enum dsinfer_status status = check_lengths(call, &recurrence.n_steps, err);
    size_t state_size, i;

    if (status != DSINFER_OK) {
        return status;
    }
    dsi_lstm_begin(call, &which, recurrence.n_steps, work);
    state_size = work->sizes.n_cell * sizeof(float);
    for (i = 0; i < 2; i++) {
        void *rows = call->outputs[i == 0 ? Y : ALL_C];

        if (rows) {
            memset(rows, 0, work->sizes.n_steps * work->sizes.n_streams * state_size);
        }
    }
    if (work->sizes.n_cell % DSI_PACK_COLUMNS == 0 &&
        dsi_op_can_share(call, 1, work->sizes.n_cell)) {
        recurrence.pool = call->pool;
    }
    dsi_pool_run(recurrence.pool, run_steps, &recurrence);
    for (i = 0; call->outputs[NEW_H] && i < work->sizes.n_streams; i++) {
        const size_t first = i * work->sizes.n_cell;

        memcpy((float *)call->outputs[NEW_H] + first,
               get_h(&recurrence, get_length(call, i)) + first, state_size);
    }
    if (call->outputs[NEW_C]) {
        memcpy(call->outputs[NEW_C], work->c, work->sizes.n_streams * state_size);
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
