/* The layers of an IR, from a fused network.
 *
 * In the network a value of rows has no shape of its own; an IR must choose. A Dense works on
 * [T*N,D], the LSTM on [T,N,D], and each is made from the other by a Reshape where it is needed.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/ir/ir_write.h"

#include "model/ir/ir_write_lstm.h"
#include "model/match.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <inttypes.h>
#include <string.h>

enum { LSTM_X, LSTM_H, LSTM_C, LSTM_W, LSTM_B };
enum { LSTM_Y, LSTM_NEW_H, LSTM_NEW_C, LSTM_N_OUTPUTS };

/* A value of the network in the forms in which the IR has it. */
struct value {
    struct dsi_irw_ref rows, flat;
    bool has_rows, has_flat;
    int64_t width;                     /* of rows */
    const char *rows_name, *flat_name; /* what the file calls the forms; NULL: nothing */
};

struct build {
    struct dsi_irw_document *document;
    struct dsi_irw_layers *top;
    const struct dsi_irw_request *request;
    const struct dsi_graph *network;
    struct value *values; /* owned; [n_nodes] */
    int64_t n_streams, n_steps, n_rows;
    struct dsi_irw_ref lstm[LSTM_N_OUTPUTS]; /* what the Lstm gives */
    bool has_lstm;
};

static struct dsi_shape shape_2(int64_t a, int64_t b) {
    return dsi_shape_make(2, (const int64_t[]){a, b});
}

static struct dsi_shape shape_3(int64_t a, int64_t b, int64_t c) {
    return dsi_shape_make(3, (const int64_t[]){a, b, c});
}

/* A layer with one output that reads `n` values; returns that output. */
static struct dsi_irw_ref add(struct build *b, const char *name, const char *type,
                              const struct dsi_irw_ref *inputs, size_t n,
                              const struct dsi_shape *shape, const char *data) {
    struct dsi_irw_layer *layer = dsi_irw_add(b->document, b->top, name, type, inputs, n, shape);

    if (layer) {
        layer->data = data;
    }
    return dsi_irw_last(b->top);
}

static struct dsi_irw_ref add_reshape(struct build *b, const char *name, struct dsi_irw_ref from,
                                      const struct dsi_shape *shape) {
    const struct dsi_irw_ref inputs[] = {
        from, dsi_irw_add_ints(b->document, b->top, dsi_irw_print(b->document, "%s/shape", name),
                               shape->dims, shape->rank)};

    return add(b, name, "Reshape", inputs, 2, shape, "special_zero=\"false\"");
}

static struct dsi_irw_ref get_flat(struct build *b, uint32_t node) {
    struct value *value = &b->values[node];

    if (!value->has_flat) {
        const struct dsi_shape shape = shape_2(b->n_rows, value->width);
        const char *name =
            value->flat_name ? value->flat_name
                             : dsi_irw_print(b->document, "%s/flat", b->network->nodes[node].name);

        value->flat = add_reshape(b, name, value->rows, &shape);
        value->has_flat = true;
    }
    return value->flat;
}

static struct dsi_irw_ref get_rows(struct build *b, uint32_t node) {
    struct value *value = &b->values[node];

    if (!value->has_rows) {
        const struct dsi_shape shape = shape_3(b->n_steps, b->n_streams, value->width);
        const char *name =
            value->rows_name ? value->rows_name
                             : dsi_irw_print(b->document, "%s/rows", b->network->nodes[node].name);

        value->rows = add_reshape(b, name, value->flat, &shape);
        value->has_rows = true;
    }
    return value->rows;
}

static void set_flat(struct build *b, uint32_t node, struct dsi_irw_ref ref, int64_t width) {
    b->values[node].flat = ref;
    b->values[node].has_flat = true;
    b->values[node].width = width;
}

static void set_rows(struct build *b, uint32_t node, struct dsi_irw_ref ref, int64_t width) {
    b->values[node].rows = ref;
    b->values[node].has_rows = true;
    b->values[node].width = width;
}

/* A state that the engine keeps. */
static struct dsi_irw_ref add_variable(struct build *b, const struct dsi_irw_port_names *names,
                                       const struct dsi_shape *shape) {
    const struct dsi_irw_values zeros = {.source = DSI_IRW_ZEROS};
    const struct dsi_irw_ref first = dsi_irw_add_floats(
        b->document, b->top, dsi_irw_print(b->document, "%s/zeros", names->layer), &zeros, shape);
    struct dsi_irw_layer *layer =
        dsi_irw_add(b->document, b->top, names->layer, "ReadValue", &first, 1, shape);

    if (layer) {
        layer->opset = 3;
        layer->variable = names->layer;
        layer->outputs[0].names = names->names;
    }
    return dsi_irw_last(b->top);
}

/* Ends of the variables. */
static void add_assigns(struct build *b) {
    static const enum dsi_role roles[] = {[LSTM_NEW_H] = DSI_ROLE_H, [LSTM_NEW_C] = DSI_ROLE_C};
    size_t i;

    for (i = LSTM_NEW_H; i <= LSTM_NEW_C && b->has_lstm && !b->document->has_failed; i++) {
        const struct dsi_irw_ref ref = b->lstm[i];
        const struct dsi_shape shape = b->top->items[ref.layer].outputs[ref.output].shape;
        const char *name = b->request->inputs[roles[i]].layer;
        struct dsi_irw_layer *layer =
            dsi_irw_add(b->document, b->top, dsi_irw_print(b->document, "%s/assign", name),
                        "Assign", &ref, 1, &shape);

        if (layer) {
            layer->opset = 3;
            layer->variable = name;
        }
    }
}

/* An input inside the network; false if the node is none. */
static bool add_cut(struct build *b, uint32_t node) {
    const struct dsi_irw_cut *cut = b->request->cuts;
    const struct dsi_irw_cut *end = cut + b->request->n_cuts;
    struct dsi_irw_layer *layer;
    struct dsi_shape shape;

    for (; cut < end && cut->node != node; cut++) {
    }
    if (cut == end) {
        return false;
    }
    shape = cut->is_flat ? shape_2(b->n_rows, cut->width)
                         : shape_3(b->n_steps, b->n_streams, cut->width);
    layer = dsi_irw_add(b->document, b->top, cut->names.layer, "Parameter", NULL, 0, &shape);
    if (layer) {
        layer->outputs[0].names = cut->names.names;
    }
    if (cut->is_flat) {
        set_flat(b, node, dsi_irw_last(b->top), cut->width);
    } else {
        set_rows(b, node, dsi_irw_last(b->top), cut->width);
    }
    return true;
}

static void add_parameter(struct build *b, uint32_t node) {
    const struct dsi_graph *network = b->network;
    const struct dsi_attr *attr = dsi_node_find_attr(&network->nodes[node], "shape");
    struct dsi_irw_layer *layer;
    struct dsi_shape shape;
    size_t role = 0;

    if (add_cut(b, node)) {
        return;
    }
    while (network->inputs[role].port.node != node) {
        role++;
    }
    if (role == DSI_ROLE_LENGTHS) {
        return; /* the Lstm asks for it where it is one */
    }
    shape = attr->u.shape;
    shape.dims[0] = b->n_streams;
    if (role == DSI_ROLE_WINDOWS) {
        shape.dims[1] = b->n_steps;
    } else if (b->request->is_stateful) {
        set_rows(b, node, add_variable(b, &b->request->inputs[role], &shape), 0);
        return;
    }
    layer = dsi_irw_add(b->document, b->top, b->request->inputs[role].layer, "Parameter", NULL, 0,
                        &shape);
    if (layer) {
        layer->outputs[0].type = b->document->version == 11 ? DSI_IRW_F32 : b->document->floats;
        layer->outputs[0].names = b->request->inputs[role].names;
    }
    set_rows(b, node, dsi_irw_last(b->top), 0);
}

static void add_transpose(struct build *b, uint32_t at, const struct dsi_node *node) {
    static const int64_t perm[] = {1, 0, 2, 3};
    const struct dsi_irw_ref from = b->values[node->inputs[0].node].rows;
    struct dsi_shape shape;
    struct dsi_irw_ref inputs[2];

    inputs[0] = from;
    inputs[1] = dsi_irw_add_ints(b->document, b->top,
                                 dsi_irw_print(b->document, "%s/perm", node->name), perm, 4);
    if (b->document->has_failed) {
        return;
    }
    shape = b->top->items[from.layer].outputs[0].shape;
    shape.dims[0] = b->n_steps;
    shape.dims[1] = b->n_streams;
    set_rows(b, at, add(b, node->name, "Transpose", inputs, 2, &shape, NULL),
             shape.dims[2] * shape.dims[3]);
}

/* The first layer is never quantized: a fiftieth of the weights at the released size, but, its
 * features being of so different sizes, nine tenths of the error. */
static struct dsi_irw_ref add_layer_weights(struct build *b, const struct dsi_node *node,
                                            const struct dsi_tensor *w) {
    const char *name = dsi_irw_print(b->document, "%s/weights", node->name);
    const struct dsi_shape shape = shape_2(w->shape.dims[1], w->shape.dims[0]);
    const struct dsi_irw_values values = {
        .source = DSI_IRW_COLUMNS, .tensor = *w, .n_rows = (size_t)w->shape.dims[0]};
    const struct dsi_port from = dsi_match_source(b->network, node->inputs[0]);

    return dsi_node_is_op(&b->network->nodes[from.node], "Reshape")
               ? dsi_irw_add_floats(b->document, b->top, name, &values, &shape)
               : dsi_irw_add_matrix(b->document, b->top, name, &values, &shape);
}

/* max(x · w + b, 0) cut at the limit, as far as the node has them. */
static void add_dense(struct build *b, uint32_t at, const struct dsi_node *node) {
    struct dsi_irw_document *document = b->document;
    const struct dsi_tensor *w = dsi_match_constant(b->network, node->inputs[1]);
    const struct dsi_attr *limit = dsi_node_find_attr(node, "limit");
    const struct dsi_shape shape = shape_2(b->n_rows, w->shape.dims[1]);
    const bool has_bias = node->n_inputs > 2;
    const char *name = node->name;
    struct dsi_irw_ref inputs[2];

    inputs[0] = get_flat(b, node->inputs[0].node);
    inputs[1] = add_layer_weights(b, node, w);
    inputs[0] = add(b, has_bias || limit ? dsi_irw_print(document, "%s/MatMul", name) : name,
                    "MatMul", inputs, 2, &shape, "transpose_a=\"false\" transpose_b=\"true\"");
    if (has_bias) {
        const struct dsi_irw_values values = {
            .source = DSI_IRW_FLOATS, .tensor = *dsi_match_constant(b->network, node->inputs[2])};
        const struct dsi_shape b_shape = shape_2(1, w->shape.dims[1]);

        inputs[1] = dsi_irw_add_floats(document, b->top, dsi_irw_print(document, "%s/bias", name),
                                       &values, &b_shape);
        inputs[0] = add(b, limit ? dsi_irw_print(document, "%s/Add", name) : name, "Add", inputs, 2,
                        &shape, "auto_broadcast=\"numpy\"");
    }
    if (limit) {
        const struct dsi_shape one = shape_2(1, 1);
        const struct dsi_irw_values values = {
            .source = DSI_IRW_FLOATS,
            .tensor = {.dtype = DSI_DTYPE_F32,
                       .shape = one,
                       .bytes = {(const uint8_t *)&limit->u.f, sizeof(limit->u.f)}}};

        inputs[0] =
            add(b, dsi_irw_print(document, "%s/ReLU", name), "ReLU", inputs, 1, &shape, NULL);
        inputs[1] = dsi_irw_add_floats(document, b->top, dsi_irw_print(document, "%s/limit", name),
                                       &values, &one);
        inputs[0] = add(b, name, "Minimum", inputs, 2, &shape, "auto_broadcast=\"numpy\"");
    }
    set_flat(b, at, inputs[0], w->shape.dims[1]);
}

/* The lengths, fixed or an input of their own. */
static struct dsi_irw_ref add_lengths(struct build *b) {
    const struct dsi_irw_port_names *names = &b->request->inputs[DSI_ROLE_LENGTHS];
    const struct dsi_shape shape = dsi_shape_make(1, &b->n_streams);
    struct dsi_irw_layer *layer;

    if (b->request->lengths) {
        return dsi_irw_add_ints(b->document, b->top, names->layer, b->request->lengths,
                                (size_t)b->n_streams);
    }
    layer = dsi_irw_add(b->document, b->top, names->layer, "Parameter", NULL, 0, &shape);
    if (layer) {
        layer->outputs[0].type = DSI_IRW_I32;
        layer->outputs[0].names = names->names;
    }
    return dsi_irw_last(b->top);
}

static enum dsinfer_status add_lstm(struct build *b, uint32_t at, const struct dsi_node *node,
                                    struct dsinfer_error *err) {
    const struct dsi_tensor *w = dsi_match_constant(b->network, node->inputs[LSTM_W]);
    struct dsi_irw_lstm lstm = {
        .name = node->name,
        .n_steps = b->n_steps,
        .n_streams = b->n_streams,
        .w = w,
        .b = dsi_match_constant(b->network, node->inputs[LSTM_B]),
        .forget_bias = dsi_node_get_float(node, "forget_bias", 1.0f),
    };

    if (dsi_node_get_float(node, "cell_clip", 0.0f) > 0.0f) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "node '%s' clips its cells, which the LSTMCell of an IR cannot",
                        node->name);
    }
    lstm.x = get_rows(b, node->inputs[LSTM_X].node);
    lstm.h = b->values[node->inputs[LSTM_H].node].rows;
    lstm.c = b->values[node->inputs[LSTM_C].node].rows;
    if (b->request->lengths || b->request->has_lengths_input) {
        lstm.lengths = add_lengths(b);
        dsi_irw_add_sequence(b->document, &lstm, b->lstm);
    } else {
        dsi_irw_add_iterator(b->document, &lstm, b->lstm);
    }
    set_rows(b, at, b->lstm[LSTM_Y], w->shape.dims[1] / 4);
    return DSINFER_OK;
}

static enum dsinfer_status add_node(struct build *b, uint32_t at, struct dsinfer_error *err) {
    const struct dsi_node *node = &b->network->nodes[at];
    struct dsi_irw_ref from;
    int64_t width;

    if (dsi_node_is_op(node, "Placeholder")) {
        add_parameter(b, at);
    } else if (dsi_node_is_op(node, "Transpose")) {
        add_transpose(b, at, node);
    } else if (dsi_node_is_op(node, "Dense")) {
        add_dense(b, at, node);
    } else if (dsi_node_is_op(node, "Lstm")) {
        b->has_lstm = true;
        return add_lstm(b, at, node, err);
    } else if (dsi_node_is_op(node, "Reshape")) {
        const struct dsi_irw_ref turned = b->values[node->inputs[0].node].rows;
        struct dsi_shape shape;

        width = b->values[node->inputs[0].node].width;
        shape = shape_2(b->n_rows, width);
        set_flat(b, at, add_reshape(b, node->name, turned, &shape), width);
    } else if (dsi_node_is_op(node, "Relu")) {
        const struct dsi_shape shape = shape_2(b->n_rows, b->values[node->inputs[0].node].width);

        from = get_flat(b, node->inputs[0].node);
        set_flat(b, at, add(b, node->name, "ReLU", &from, 1, &shape, NULL), shape.dims[1]);
    } else if (dsi_node_is_op(node, "Softmax")) {
        width = b->values[node->inputs[0].node].width;
        if (dsi_node_get_bool(node, "is_flat", false)) {
            const struct dsi_shape shape = shape_2(b->n_rows, width);

            from = get_flat(b, node->inputs[0].node);
            set_flat(b, at, add(b, node->name, "SoftMax", &from, 1, &shape, "axis=\"1\""), width);
        } else {
            const struct dsi_shape shape = shape_3(b->n_steps, b->n_streams, width);

            from = get_rows(b, node->inputs[0].node);
            set_rows(b, at, add(b, node->name, "SoftMax", &from, 1, &shape, "axis=\"2\""), width);
        }
    }
    return DSINFER_OK; /* Const: written where it is read */
}

/* Notes what the file calls the two forms of each value: the nodes that vanished stay in the
 * network as Identity nodes under their names. */
static void find_names(struct build *b) {
    size_t i;

    for (i = 0; i < b->network->n_nodes; i++) {
        const struct dsi_node *node = &b->network->nodes[i];
        struct dsi_port source;
        const char **name;

        if (!dsi_node_is_op(node, "Identity") || node->n_inputs < 1) {
            continue;
        }
        source = dsi_match_source(b->network, (struct dsi_port){(uint32_t)i, 0});
        name = dsi_node_get_bool(node, "is_flat", false) ? &b->values[source.node].flat_name
                                                         : &b->values[source.node].rows_name;
        if (!*name && source.output == 0) {
            *name = node->name;
        }
    }
}

static enum dsinfer_status add_results(struct build *b, struct dsinfer_error *err) {
    size_t i;

    for (i = 0; i < b->request->n_results; i++) {
        const struct dsi_irw_result *result = &b->request->results[i];
        const struct dsi_port port = dsi_match_source(b->network, result->port);
        const struct value *value = &b->values[port.node];
        struct dsi_irw_ref ref;

        if (port.output > 0) {
            ref = b->lstm[port.output];
        } else if (value->width == 0) {
            return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                            "the value '%s' cannot be an output of an IR", result->names.layer);
        } else {
            ref = result->is_flat ? get_flat(b, port.node) : get_rows(b, port.node);
        }
        if (b->document->has_failed) {
            break;
        }
        b->top->items[ref.layer].outputs[ref.output].names = result->names.names;
        add(b, dsi_irw_print(b->document, "%s/sink_port_0", result->names.layer), "Result", &ref, 1,
            NULL, NULL);
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_irw_build(struct dsi_irw_document *document,
                                  const struct dsi_irw_request *request,
                                  struct dsinfer_error *err) {
    const size_t n = request->network->n_nodes;
    struct build b = {.document = document,
                      .top = &document->top,
                      .request = request,
                      .network = request->network,
                      .n_streams = request->n_streams,
                      .n_steps = request->n_steps,
                      .n_rows = request->n_streams * request->n_steps};
    uint32_t *order = dsi_malloc(n * sizeof(*order));
    enum dsinfer_status status;
    size_t n_order;
    size_t i;

    b.values = dsi_calloc(n, sizeof(*b.values));
    if (!order || !b.values) {
        status = dsi_fail_memory(err, n * sizeof(*b.values));
        goto out;
    }
    status = dsi_graph_order(request->network, order, &n_order, err);
    if (status != DSINFER_OK) {
        goto out;
    }
    find_names(&b);
    for (i = 0; i < n_order && status == DSINFER_OK; i++) {
        status = add_node(&b, order[i], err);
    }
    if (status == DSINFER_OK) {
        status = add_results(&b, err);
    }
    if (status == DSINFER_OK && request->is_stateful) {
        add_assigns(&b);
    }
    if (document->has_failed) {
        status = dsi_fail_memory(err, sizeof(struct dsi_irw_layer));
    }
out:
    dsi_free(order);
    dsi_free(b.values);
    return status;
}
