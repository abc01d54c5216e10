/* An LSTM over sequences of lengths of their own, as an LSTMSequence (opset5).
 *
 * That layer has the streams before the time and a dimension for the direction, so Transposes,
 * Squeezes and Unsqueezes stand around it. What is beyond a length is zero in y, and the states are
 * those at the length: as the graph of the file has it with `input_lengths`.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/ir/ir_write_lstm.h"

#include <inttypes.h>
#include <string.h>

enum { IN_X, IN_H, IN_C, IN_LENGTHS, IN_W, IN_R, IN_B, N_INPUTS };

struct sizes {
    int64_t n_steps, n_streams, width, n_cell;
};

static struct dsi_irw_ref add(struct dsi_irw_document *document, const char *name, const char *type,
                              struct dsi_irw_ref from, const int64_t *values, size_t n_values,
                              const struct dsi_shape *shape) {
    struct dsi_irw_ref inputs[2] = {from};

    inputs[1] = dsi_irw_add_ints(
        document, &document->top,
        dsi_irw_print(document, "%s/%s", name, strcmp(type, "Transpose") == 0 ? "perm" : "axis"),
        values, n_values);
    dsi_irw_add(document, &document->top, name, type, inputs, 2, shape);
    return dsi_irw_last(&document->top);
}

/* [T,N,…] as [N,T,…], or the other way round; `shape` is what comes out. */
static struct dsi_irw_ref exchange(struct dsi_irw_document *document, const char *name,
                                   struct dsi_irw_ref from, const struct dsi_shape *shape) {
    static const int64_t perm[] = {1, 0, 2};

    return add(document, name, "Transpose", from, perm, 3, shape);
}

/* Puts the direction's dimension into, or takes it out of, what comes out as `shape`. */
static struct dsi_irw_ref reshape(struct dsi_irw_document *document, const char *name,
                                  const char *type, struct dsi_irw_ref from,
                                  const struct dsi_shape *shape) {
    static const int64_t axis[] = {1};

    return add(document, name, type, from, axis, 1, shape);
}

static struct dsi_irw_ref add_weights(struct dsi_irw_document *document, const char *name,
                                      const struct dsi_tensor *w, int64_t first_row,
                                      int64_t n_rows) {
    const struct dsi_shape shape =
        dsi_shape_make(3, (const int64_t[]){1, w->shape.dims[1], n_rows});
    const struct dsi_irw_values values = {.source = DSI_IRW_COLUMNS,
                                          .tensor = *w,
                                          .first_row = (size_t)first_row,
                                          .n_rows = (size_t)n_rows,
                                          .is_gates = true};

    return dsi_irw_add_matrix(document, &document->top, name, &values, &shape);
}

static void add_operands(struct dsi_irw_document *document, const struct dsi_irw_lstm *lstm,
                         const struct sizes *sizes, struct dsi_irw_ref inputs[N_INPUTS]) {
    const char *name = lstm->name;
    const struct dsi_shape x =
        dsi_shape_make(3, (const int64_t[]){sizes->n_streams, sizes->n_steps, sizes->width});
    const struct dsi_shape state =
        dsi_shape_make(3, (const int64_t[]){sizes->n_streams, 1, sizes->n_cell});
    const struct dsi_shape bias = dsi_shape_make(2, (const int64_t[]){1, 4 * sizes->n_cell});
    const struct dsi_irw_values values = {
        .source = DSI_IRW_FLOATS, .tensor = *lstm->b, .is_gates = true, .added = lstm->forget_bias};

    inputs[IN_X] = exchange(document, dsi_irw_print(document, "%s/x", name), lstm->x, &x);
    inputs[IN_H] =
        reshape(document, dsi_irw_print(document, "%s/h", name), "Unsqueeze", lstm->h, &state);
    inputs[IN_C] =
        reshape(document, dsi_irw_print(document, "%s/c", name), "Unsqueeze", lstm->c, &state);
    inputs[IN_LENGTHS] = lstm->lengths;
    inputs[IN_W] = add_weights(document, dsi_irw_print(document, "%s/weights_x", name), lstm->w, 0,
                               sizes->width);
    inputs[IN_R] = add_weights(document, dsi_irw_print(document, "%s/weights_h", name), lstm->w,
                               sizes->width, sizes->n_cell);
    inputs[IN_B] = dsi_irw_add_floats(document, &document->top,
                                      dsi_irw_print(document, "%s/bias", name), &values, &bias);
}

void dsi_irw_add_sequence(struct dsi_irw_document *document, const struct dsi_irw_lstm *lstm,
                          struct dsi_irw_ref out[3]) {
    const struct sizes sizes = {lstm->n_steps, lstm->n_streams,
                                lstm->w->shape.dims[0] - lstm->w->shape.dims[1] / 4,
                                lstm->w->shape.dims[1] / 4};
    const int64_t n = sizes.n_streams, t = sizes.n_steps, c = sizes.n_cell;
    const struct dsi_shape y = dsi_shape_make(4, (const int64_t[]){n, 1, t, c});
    const struct dsi_shape rows = dsi_shape_make(3, (const int64_t[]){n, t, c});
    const struct dsi_shape turned = dsi_shape_make(3, (const int64_t[]){t, n, c});
    const struct dsi_shape states = dsi_shape_make(3, (const int64_t[]){n, 1, c});
    const struct dsi_shape state = dsi_shape_make(2, (const int64_t[]){n, c});
    struct dsi_irw_ref inputs[N_INPUTS];
    struct dsi_irw_layer *layer;
    struct dsi_irw_ref made;

    add_operands(document, lstm, &sizes, inputs);
    layer = dsi_irw_add(document, &document->top,
                        dsi_irw_print(document, "%s/LSTMSequence", lstm->name), "LSTMSequence",
                        inputs, N_INPUTS, &y);
    made = dsi_irw_last(&document->top);
    if (layer) {
        layer->opset = 5;
        layer->data = dsi_irw_print(document,
                                    "direction=\"forward\" hidden_size=\"%" PRId64 "\" "
                                    "activations=\"sigmoid,tanh,tanh\"",
                                    sizes.n_cell);
        layer->n_outputs = 3;
        layer->outputs[1] = layer->outputs[0];
        layer->outputs[1].shape = states;
        layer->outputs[2] = layer->outputs[1];
    }
    out[0] = reshape(document, dsi_irw_print(document, "%s/y", lstm->name), "Squeeze", made, &rows);
    out[0] = exchange(document, dsi_irw_print(document, "%s/rows", lstm->name), out[0], &turned);
    made.output = 1;
    out[1] =
        reshape(document, dsi_irw_print(document, "%s/new_h", lstm->name), "Squeeze", made, &state);
    made.output = 2;
    out[2] =
        reshape(document, dsi_irw_print(document, "%s/new_c", lstm->name), "Squeeze", made, &state);
}
