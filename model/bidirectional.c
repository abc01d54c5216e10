/* Finds the two directions of a network of 0.1 and puts an Lstm in the place of each loop:
 *
 *     x ─► while loop (fw) ──────────────────────► ConcatV2        x ─► Lstm ──────────────►
 * ConcatV2 x ─► ReverseSequence ─► loop (bw) ─► Reverse ─┘              x ─► Reverse ─► Lstm ─►
 * Reverse ─┘
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/bidirectional.h"

#include "model/match.h"
#include "runtime/base/error.h"

#include <stdio.h>
#include <string.h>

#define NAME_SIZE 128

/* Values a frame, as the clients of 0.1 have it built in; the file has only frames times values. */
#define N_FEATURES 26
#define MAX_CELLS 65536
#define MAX_WINDOW 1023

/* What the two Lstm nodes are made of. */
struct direction {
    struct dsi_port w, b;
    float forget_bias;
    int64_t n_inputs, n_cell;
};

struct network {
    struct direction directions[2]; /* forward, backward */
    struct dsi_port x;              /* [T,N,I] */
    struct dsi_port lengths;        /* int32 [N], a placeholder */
    uint32_t reverse_in, reverse_out, concat;
    uint32_t h, c; /* placeholders, made here */
};

static const char *const scopes[] = {"fw", "bw"};

/* The node "bidirectional_rnn/SCOPE/basic_lstm_cell/KEY", or NULL. */
static const struct dsi_node *find_in_cell(const struct dsi_graph *graph, const char *scope,
                                           const char *key, uint32_t *out) {
    char name[NAME_SIZE];

    snprintf(name, sizeof(name), "bidirectional_rnn/%s/basic_lstm_cell/%s", scope, key);
    return dsi_graph_find_node(graph, name, out) ? &graph->nodes[*out] : NULL;
}

static bool find_kernel(const struct dsi_graph *graph, const char *scope, uint32_t *out) {
    return find_in_cell(graph, scope, "kernel", out) || find_in_cell(graph, scope, "weights", out);
}

bool dsi_bidirectional_probe(const struct dsi_graph *graph) {
    uint32_t node;

    return find_kernel(graph, scopes[0], &node) && find_kernel(graph, scopes[1], &node);
}

/* Sizes from the weights [I+C,4C] and the bias [4C]. */
static enum dsinfer_status read_weights(const struct dsi_graph *graph, struct direction *direction,
                                        struct dsinfer_error *err) {
    const char *name = graph->nodes[direction->w.node].name;
    const struct dsi_tensor *w = dsi_match_constant(graph, direction->w);
    const struct dsi_tensor *b = dsi_match_constant(graph, direction->b);
    char text[DSI_SHAPE_TEXT_SIZE];

    if (!w || !b || w->dtype != DSI_DTYPE_F32 || b->dtype != DSI_DTYPE_F32) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "node '%s' and its bias are no float32 constants", name);
    }
    direction->n_cell = w->shape.rank == 2 ? w->shape.dims[1] / 4 : 0;
    direction->n_inputs = w->shape.rank == 2 ? w->shape.dims[0] - direction->n_cell : 0;
    if (direction->n_cell < 1 || direction->n_cell > MAX_CELLS || direction->n_inputs < 1 ||
        w->shape.dims[1] % 4 != 0 || b->shape.rank != 1 || b->shape.dims[0] != w->shape.dims[1]) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "node '%s' has the shape %s instead of [I+C,4C] with a bias of [4C] and at "
                        "most %d cells",
                        name, dsi_shape_print(&w->shape, text), MAX_CELLS);
    }
    return DSINFER_OK;
}

static enum dsinfer_status find_direction(const struct dsi_graph *graph, const char *scope,
                                          struct direction *direction, struct dsinfer_error *err) {
    const struct dsi_tensor *forget;
    char name[NAME_SIZE];
    uint32_t node = 0;
    size_t count;

    direction->w = (struct dsi_port){0, 0};
    direction->b = (struct dsi_port){0, 0};
    if (!find_kernel(graph, scope, &direction->w.node) ||
        (!find_in_cell(graph, scope, "bias", &direction->b.node) &&
         !find_in_cell(graph, scope, "biases", &direction->b.node))) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the direction '%s' of the network has no kernel or no bias", scope);
    }
    snprintf(name, sizeof(name), "bidirectional_rnn/%s/%s/while/%s/basic_lstm_cell/add/y", scope,
             scope, scope);
    forget = dsi_graph_find_node(graph, name, &node)
                 ? dsi_match_constant(graph, (struct dsi_port){node, 0})
                 : NULL;
    if (!forget || forget->dtype != DSI_DTYPE_F32 || !dsi_shape_count(&forget->shape, &count) ||
        count != 1) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "there is no constant number '%s', which should be the forget bias", name);
    }
    direction->forget_bias = dsi_tensor_get_float(forget, 0);
    return read_weights(graph, direction, err);
}

/* A ReverseSequence of rows [T,N,I] over T. */
static bool is_reverse(const struct dsi_node *node) {
    return dsi_node_is_op(node, "ReverseSequence") && node->n_inputs == 2 &&
           dsi_node_get_int(node, "seq_dim", -1) == 0 &&
           dsi_node_get_int(node, "batch_dim", 0) == 1;
}

/* The node that puts both directions side by side, and the one before it that turns the backward
 * one round. */
static bool find_end(const struct dsi_graph *graph, struct network *network) {
    size_t i;

    for (i = 0; i < graph->n_nodes; i++) {
        const struct dsi_node *node = &graph->nodes[i];
        int64_t axis;

        if (dsi_node_is_op(node, "ConcatV2") && node->n_inputs == 3 &&
            node->inputs[1].output == 0 && is_reverse(&graph->nodes[node->inputs[1].node]) &&
            dsi_match_int(graph, node->inputs[2], &axis) && axis == 2) {
            network->concat = (uint32_t)i;
            network->reverse_out = node->inputs[1].node;
            return true;
        }
    }
    return false;
}

/* The placeholder behind Cast and Identity nodes. */
static bool find_lengths(const struct dsi_graph *graph, struct dsi_port port,
                         struct dsi_port *out) {
    for (;;) {
        const struct dsi_node *node = &graph->nodes[port.node];

        if (dsi_node_is_op(node, "Placeholder")) {
            *out = port;
            return dsi_node_get_type(node, "dtype", DSI_DTYPE_NONE) == DSI_DTYPE_I32;
        }
        if (node->n_inputs < 1 ||
            (!dsi_node_is_op(node, "Cast") && !dsi_node_is_op(node, "Identity"))) {
            return false;
        }
        port = node->inputs[0];
    }
}

static enum dsinfer_status find_network(const struct dsi_graph *graph, struct network *network,
                                        struct dsinfer_error *err) {
    enum dsinfer_status status = find_direction(graph, scopes[0], &network->directions[0], err);

    if (status == DSINFER_OK) {
        status = find_direction(graph, scopes[1], &network->directions[1], err);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    if (network->directions[0].n_cell != network->directions[1].n_cell ||
        network->directions[0].n_inputs != network->directions[1].n_inputs) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the two directions of the network are not of the same size");
    }
    if (!dsi_graph_find_node(graph, "bidirectional_rnn/bw/ReverseSequence", &network->reverse_in) ||
        !is_reverse(&graph->nodes[network->reverse_in]) || !find_end(graph, network)) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "the backward direction of the network is not between two nodes of "
                        "ReverseSequence, of which the second is an input of ConcatV2");
    }
    network->x = graph->nodes[network->reverse_in].inputs[0];
    if (!find_lengths(graph, graph->nodes[network->reverse_in].inputs[1], &network->lengths)) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "the lengths of node '%s' are no int32 placeholder",
                        graph->nodes[network->reverse_in].name);
    }
    return DSINFER_OK;
}

/* Adds one Lstm that reads x. */
static enum dsinfer_status add_lstm(struct dsi_graph *graph, const struct network *network,
                                    const struct direction *direction, struct dsi_port x,
                                    const char *name, struct dsi_port *out,
                                    struct dsinfer_error *err) {
    const struct dsi_port inputs[] = {
        x, {network->h, 0}, {network->c, 0}, direction->w, direction->b, network->lengths};
    const size_t n_inputs = sizeof(inputs) / sizeof(inputs[0]);
    const struct dsi_attr attr = {
        .name = "forget_bias", .kind = DSI_ATTR_FLOAT, .u.f = direction->forget_bias};
    enum dsinfer_status status;

    *out = (struct dsi_port){0, 0};
    status = dsi_graph_add_node(graph, name, "Lstm", n_inputs, &out->node, err);
    if (status == DSINFER_OK) {
        memcpy(graph->nodes[out->node].inputs, inputs, sizeof(inputs));
        status = dsi_graph_set_attrs(graph, out->node, &attr, 1, err);
    }
    return status;
}

static enum dsinfer_status add_state(struct dsi_graph *graph, const char *name, int64_t n_cell,
                                     uint32_t *out, struct dsinfer_error *err) {
    const struct dsi_attr attrs[] = {
        {.name = "dtype", .kind = DSI_ATTR_TYPE, .u.i = DSI_DTYPE_F32},
        {.name = "shape", .kind = DSI_ATTR_SHAPE, .u.shape = {.rank = 2, .dims = {-1, n_cell}}},
    };
    enum dsinfer_status status = dsi_graph_add_node(graph, name, "Placeholder", 0, out, err);

    return status == DSINFER_OK ? dsi_graph_set_attrs(graph, *out, attrs, 2, err) : status;
}

/* The names end as no name of TensorFlow's does. */
static enum dsinfer_status replace_loops(struct dsi_graph *graph, struct network *network,
                                         struct dsinfer_error *err) {
    const int64_t n_cell = network->directions[0].n_cell;
    const struct dsi_port reversed = {network->reverse_in, 0};
    struct dsi_port forward, backward;
    enum dsinfer_status status;

    status = add_state(graph, "bidirectional_rnn/h:0", n_cell, &network->h, err);
    if (status == DSINFER_OK) {
        status = add_state(graph, "bidirectional_rnn/c:0", n_cell, &network->c, err);
    }
    if (status == DSINFER_OK) {
        status = add_lstm(graph, network, &network->directions[0], network->x,
                          "bidirectional_rnn/fw:0", &forward, err);
    }
    if (status == DSINFER_OK) {
        status = add_lstm(graph, network, &network->directions[1], reversed,
                          "bidirectional_rnn/bw:0", &backward, err);
    }
    if (status == DSINFER_OK) {
        graph->nodes[network->reverse_in].inputs[1] = network->lengths;
        graph->nodes[network->reverse_out].inputs[0] = backward;
        graph->nodes[network->reverse_out].inputs[1] = network->lengths;
        graph->nodes[network->concat].inputs[0] = forward;
    }
    return status;
}

/* Reads [N,T,frames * values] and makes it [N,T,frames,values], as all later releases have it. */
static enum dsinfer_status read_windows(struct dsi_graph *graph, struct dsi_signature *signature,
                                        struct dsinfer_error *err) {
    const uint32_t at = signature->ports[DSI_ROLE_WINDOWS].node;
    const struct dsi_attr *attr = dsi_node_find_attr(&graph->nodes[at], "shape");
    struct dsi_attr attrs[2] = {
        {.name = "dtype", .kind = DSI_ATTR_TYPE, .u.i = DSI_DTYPE_F32},
        {.name = "shape", .kind = DSI_ATTR_SHAPE},
    };
    struct dsi_shape shape = {0};
    char text[DSI_SHAPE_TEXT_SIZE];
    int64_t n_frames;

    if (attr && attr->kind == DSI_ATTR_SHAPE) {
        shape = attr->u.shape;
    }
    n_frames = shape.rank == 3 && shape.dims[2] % N_FEATURES == 0 ? shape.dims[2] / N_FEATURES : 0;
    if (dsi_node_get_type(&graph->nodes[at], "dtype", DSI_DTYPE_F32) != DSI_DTYPE_F32 ||
        n_frames < 1 || n_frames > MAX_WINDOW || n_frames % 2 == 0 || shape.dims[0] == 0 ||
        shape.dims[1] == 0) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "the windows '%s' have the shape %s instead of float32 [N,T,%d·W] with W "
                        "odd",
                        graph->nodes[at].name, dsi_shape_print(&shape, text), N_FEATURES);
    }
    signature->n_streams = shape.dims[0];
    signature->n_steps = shape.dims[1];
    signature->n_context = (size_t)(n_frames - 1) / 2;
    signature->n_features = N_FEATURES;
    shape.rank = 4;
    shape.dims[2] = n_frames;
    shape.dims[3] = N_FEATURES;
    attrs[1].u.shape = shape;
    return dsi_graph_set_attrs(graph, at, attrs, 2, err);
}

static enum dsinfer_status add_perm(struct dsi_graph *graph, uint32_t *out,
                                    struct dsinfer_error *err) {
    static const int32_t perm[] = {1, 0, 2, 3};
    enum dsinfer_status status =
        dsi_graph_add_node(graph, "bidirectional_rnn/perm:0", "Const", 0, out, err);

    if (status == DSINFER_OK) {
        graph->nodes[*out].value = (struct dsi_tensor){
            .dtype = DSI_DTYPE_I32,
            .shape = {.rank = 1, .dims = {4}},
            .bytes = {(const uint8_t *)perm, sizeof(perm)},
        };
    }
    return status;
}

/* Lets the readers of the windows take the fourth dimension. */
static enum dsinfer_status turn_windows(struct dsi_graph *graph, struct dsi_port windows,
                                        struct dsinfer_error *err) {
    static const int64_t perm[] = {1, 0, 2};
    enum dsinfer_status status;
    uint32_t new_perm;
    size_t i;
    size_t k;

    status = add_perm(graph, &new_perm, err);
    for (i = 0; status == DSINFER_OK && i < graph->n_nodes; i++) {
        struct dsi_node *node = &graph->nodes[i];
        bool reads = false;

        for (k = 0; k < node->n_inputs; k++) {
            reads = reads || dsi_port_is_equal(node->inputs[k], windows);
        }
        if (!reads || dsi_node_is_op(node, "Shape")) { /* of which N and T are taken */
            continue;
        }
        if (!dsi_node_is_op(node, "Transpose") || node->n_inputs != 2 ||
            !dsi_match_ints(graph, node->inputs[1], perm, 3)) {
            return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                            "node '%s' (%s) reads the windows, which only a Transpose of the first "
                            "two dimensions is known to do",
                            node->name, node->op);
        }
        node->inputs[1] = (struct dsi_port){new_perm, 0};
    }
    return status;
}

/* Clients take the node of that name. */
static enum dsinfer_status find_logits(const struct dsi_graph *graph,
                                       struct dsi_signature *signature, struct dsinfer_error *err) {
    struct dsi_port port = {0, 0};
    struct dsi_linear linear;
    const struct dsi_node *node;

    if (!dsi_graph_find_node(graph, "logits", &port.node) &&
        !dsi_graph_find_node(graph, "logits_output_node", &port.node)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the graph has no logits: no node has the name");
    }
    node = dsi_match_op(graph, port, "Reshape", 2);
    if (!node || !dsi_match_linear(graph, node->inputs[0], &linear) || linear.h > MAX_CELLS) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "the logits '%s' are no reshaped product with constant weights",
                        graph->nodes[port.node].name);
    }
    signature->ports[DSI_ROLE_LOGITS] = port;
    signature->n_labels = linear.h;
    return DSINFER_OK;
}

enum dsinfer_status dsi_bidirectional_read(struct dsi_graph *graph, struct dsi_signature *signature,
                                           struct dsinfer_error *err) {
    struct dsi_signature found = {.is_bidirectional = true, .has_lengths = true};
    struct network network = {0};
    enum dsinfer_status status = find_network(graph, &network, err);

    if (status == DSINFER_OK &&
        !dsi_match_placeholder(graph, network.x, &found.ports[DSI_ROLE_WINDOWS])) {
        status = dsi_fail(err, DSINFER_ERR_MALFORMED,
                          "the graph has no windows: no placeholder feeds the LSTMs");
    }
    if (status == DSINFER_OK) {
        status = read_windows(graph, &found, err);
    }
    if (status == DSINFER_OK) {
        status = turn_windows(graph, found.ports[DSI_ROLE_WINDOWS], err);
    }
    if (status == DSINFER_OK) {
        status = replace_loops(graph, &network, err);
    }
    if (status == DSINFER_OK) {
        status = find_logits(graph, &found, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_graph_verify(graph, err);
    }
    if (status == DSINFER_OK) {
        found.ports[DSI_ROLE_H] = (struct dsi_port){network.h, 0};
        found.ports[DSI_ROLE_C] = (struct dsi_port){network.c, 0};
        found.ports[DSI_ROLE_LENGTHS] = network.lengths;
        found.n_cell = (size_t)network.directions[0].n_cell;
        *signature = found;
    }
    return status;
}
