/* An LSTM over all steps, as a TensorIterator.
 *
 * Each iteration takes a row of x with a first dimension of 1, which the body removes before its
 * LSTMCell (opset4) and adds to what comes out; the states go from Result to Parameter.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/ir/ir_write_lstm.h"

#include <inttypes.h>

enum { IN_X, IN_H, IN_C, N_INPUTS };
enum { OUT_Y, OUT_NEW_H, OUT_NEW_C, N_OUTPUTS };

static void map(struct dsi_irw_document *document, uint32_t port, uint32_t layer, bool is_output,
                bool is_sliced) {
    document->maps[document->n_maps++] = (struct dsi_irw_map){port, layer, is_output, is_sliced};
}

/* Appends a layer to the body. */
static struct dsi_irw_ref add(struct dsi_irw_document *document, const char *name, const char *type,
                              const struct dsi_irw_ref *inputs, size_t n,
                              const struct dsi_shape *shape) {
    dsi_irw_add(document, &document->body, name, type, inputs, n, shape);
    return dsi_irw_last(&document->body);
}

static struct dsi_irw_ref add_weights(struct dsi_irw_document *document, const char *name,
                                      const struct dsi_tensor *w, int64_t first_row,
                                      int64_t n_rows) {
    const struct dsi_shape shape = dsi_shape_make(2, (const int64_t[]){w->shape.dims[1], n_rows});
    const struct dsi_irw_values values = {.source = DSI_IRW_COLUMNS,
                                          .tensor = *w,
                                          .first_row = (size_t)first_row,
                                          .n_rows = (size_t)n_rows,
                                          .is_gates = true};

    return dsi_irw_add_matrix(document, &document->body, name, &values, &shape);
}

/* The cell in the body: reads x [1,N,I], h, c; writes [h, c] to `out`. */
static void add_cell(struct dsi_irw_document *document, const struct dsi_irw_lstm *lstm,
                     const struct dsi_irw_ref from[N_INPUTS], struct dsi_irw_ref out[2]) {
    static const int64_t axis[] = {0};
    const int64_t n_cell = lstm->w->shape.dims[1] / 4;
    const int64_t width = lstm->w->shape.dims[0] - n_cell;
    const struct dsi_shape x = dsi_shape_make(2, (const int64_t[]){lstm->n_streams, width});
    const struct dsi_shape state = dsi_shape_make(2, (const int64_t[]){lstm->n_streams, n_cell});
    const struct dsi_shape bias = dsi_shape_make(1, &lstm->w->shape.dims[1]);
    const struct dsi_irw_values values = {
        .source = DSI_IRW_FLOATS, .tensor = *lstm->b, .is_gates = true, .added = lstm->forget_bias};
    struct dsi_irw_layers *body = &document->body;
    struct dsi_irw_ref inputs[6] = {from[IN_X]};

    inputs[1] = dsi_irw_add_ints(document, body, "axis", axis, 1);
    inputs[0] = add(document, "squeeze", "Squeeze", inputs, 2, &x);
    inputs[1] = from[IN_H];
    inputs[2] = from[IN_C];
    inputs[3] = add_weights(document, "weights_x", lstm->w, 0, width);
    inputs[4] = add_weights(document, "weights_h", lstm->w, width, n_cell);
    inputs[5] = dsi_irw_add_floats(document, body, "bias", &values, &bias);
    out[0] = add(document, "cell", "LSTMCell", inputs, 6, &state);
    out[1] = (struct dsi_irw_ref){out[0].layer, 1};
    if (!document->has_failed) {
        struct dsi_irw_layer *cell = &body->items[out[0].layer];

        cell->data = dsi_irw_print(document, "hidden_size=\"%" PRId64 "\"", n_cell);
        cell->opset = 4;
        cell->n_outputs = 2;
        cell->outputs[1] = cell->outputs[0];
    }
}

static void add_results(struct dsi_irw_document *document, struct dsi_irw_ref y,
                        const struct dsi_irw_ref states[2]) {
    struct dsi_irw_ref results[N_OUTPUTS];
    uint32_t i;

    results[OUT_Y] = add(document, "y/result", "Result", &y, 1, NULL);
    results[OUT_NEW_H] = add(document, "new_h/result", "Result", &states[0], 1, NULL);
    results[OUT_NEW_C] = add(document, "new_c/result", "Result", &states[1], 1, NULL);
    for (i = 0; i < N_OUTPUTS; i++) {
        map(document, N_INPUTS + i, results[i].layer, true, i == OUT_Y);
    }
    for (i = 0; i < 2; i++) {
        document->back_edges[i][0] = results[OUT_NEW_H + i].layer;
        document->back_edges[i][1] = IN_H + i; /* the Parameters come first */
    }
    document->n_back_edges = 2;
}

static void add_body(struct dsi_irw_document *document, const struct dsi_irw_lstm *lstm,
                     const struct dsi_shape *state) {
    static const int64_t axis[] = {0};
    const int64_t n_cell = state->dims[1];
    const struct dsi_shape x =
        dsi_shape_make(3, (const int64_t[]){1, lstm->n_streams, lstm->w->shape.dims[0] - n_cell});
    const struct dsi_shape y = dsi_shape_make(3, (const int64_t[]){1, lstm->n_streams, n_cell});
    struct dsi_irw_ref inputs[N_INPUTS];
    struct dsi_irw_ref states[2];
    uint32_t i;

    inputs[IN_X] = add(document, "x", "Parameter", NULL, 0, &x);
    inputs[IN_H] = add(document, "h", "Parameter", NULL, 0, state);
    inputs[IN_C] = add(document, "c", "Parameter", NULL, 0, state);
    for (i = 0; i < N_INPUTS; i++) {
        map(document, i, inputs[i].layer, false, i == IN_X);
    }
    add_cell(document, lstm, inputs, states);
    inputs[0] = states[0];
    inputs[1] = dsi_irw_add_ints(document, &document->body, "axis", axis, 1);
    inputs[0] = add(document, "unsqueeze", "Unsqueeze", inputs, 2, &y);
    add_results(document, inputs[0], states);
}

void dsi_irw_add_iterator(struct dsi_irw_document *document, const struct dsi_irw_lstm *lstm,
                          struct dsi_irw_ref out[3]) {
    const int64_t n_cell = lstm->w->shape.dims[1] / 4;
    const struct dsi_shape y =
        dsi_shape_make(3, (const int64_t[]){lstm->n_steps, lstm->n_streams, n_cell});
    const struct dsi_shape state = dsi_shape_make(2, (const int64_t[]){lstm->n_streams, n_cell});
    const struct dsi_irw_ref inputs[N_INPUTS] = {lstm->x, lstm->h, lstm->c};
    struct dsi_irw_layer *layer = dsi_irw_add(
        document, &document->top, dsi_irw_print(document, "%s/TensorIterator", lstm->name),
        "TensorIterator", inputs, N_INPUTS, &y);
    uint32_t i;

    if (layer) {
        layer->n_outputs = N_OUTPUTS;
        layer->outputs[OUT_NEW_H] = layer->outputs[OUT_Y];
        layer->outputs[OUT_NEW_H].shape = state;
        layer->outputs[OUT_NEW_C] = layer->outputs[OUT_NEW_H];
    }
    for (i = 0; i < N_OUTPUTS; i++) {
        out[i] = (struct dsi_irw_ref){dsi_irw_last(&document->top).layer, i};
    }
    add_body(document, lstm, &state);
}
