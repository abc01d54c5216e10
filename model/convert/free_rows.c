/* Making a fused network free in N and T.
 *
 * Everything but the LSTM works on rows, one for each window, and the file reshapes them back and
 * forth between [T*N,D] and [T,N,D]. A Dense takes either, so these reshapes can go; what is left
 * is the first one, [T,N,W,F] to [T,N,W*F], which copies T and N. The walk gives every value its
 * kind and stops at anything it does not know.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/convert/convert.h"

#include "model/match.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <string.h>

enum kind {
    KIND_NONE,    /* constants, states */
    KIND_WINDOWS, /* [N,T,W,F] */
    KIND_TURNED,  /* [T,N,W,F] */
    KIND_FLAT,    /* [T*N,width] */
    KIND_ROWS     /* [T,N,width] */
};

struct value {
    enum kind kind;
    int64_t width; /* W*F of windows */
};

struct walk {
    struct dsi_graph *graph;
    int64_t n_streams, n_steps;
    struct value *values; /* [n_nodes], of output 0 */
    uint32_t shape;       /* the constant [0,0,-1] */
};

static struct value get_value(const struct walk *walk, struct dsi_port port) {
    return port.output == 0 ? walk->values[port.node] : (struct value){KIND_NONE, 0};
}

static bool is_rows(struct value value) {
    return value.kind == KIND_FLAT || value.kind == KIND_ROWS;
}

/* The kind of a reshape: its constant shape, a -1 filled in, must be that of rows of equal width.
 */
static enum kind match_reshape(const struct walk *walk, const struct dsi_node *node,
                               int64_t width) {
    const struct dsi_tensor *shape = dsi_match_constant(walk->graph, node->inputs[1]);
    const int64_t rows[] = {walk->n_steps, walk->n_streams, width};
    const int64_t flat[] = {walk->n_steps * walk->n_streams, width};
    const int64_t *expected;
    int64_t n_open = 0;
    int64_t i;
    int64_t n;

    if (!shape || shape->shape.rank != 1 ||
        (shape->dtype != DSI_DTYPE_I32 && shape->dtype != DSI_DTYPE_I64)) {
        return KIND_NONE;
    }
    n = shape->shape.dims[0];
    expected = n == 3 ? rows : flat;
    if (n != 2 && n != 3) {
        return KIND_NONE;
    }
    for (i = 0; i < n; i++) {
        const int64_t dim = dsi_tensor_get_int(shape, (size_t)i);

        n_open += dim == -1;
        if (dim != expected[i] && dim != -1) {
            return KIND_NONE;
        }
    }
    return n_open > 1 ? KIND_NONE : n == 3 ? KIND_ROWS : KIND_FLAT;
}

static enum dsinfer_status mark_flat(struct walk *walk, uint32_t at, struct dsinfer_error *err) {
    const struct dsi_node *node = &walk->graph->nodes[at];
    struct dsi_attr attrs[4];
    size_t n = node->n_attrs < 3 ? node->n_attrs : 3; /* those that passes gave it */

    if (n) {
        memcpy(attrs, node->attrs, n * sizeof(attrs[0]));
    }
    attrs[n] = (struct dsi_attr){.name = "is_flat", .kind = DSI_ATTR_BOOL, .u.i = 1};
    return dsi_graph_set_attrs(walk->graph, at, attrs, n + 1, err);
}

/* A reshape: the first one keeps T and N, the others pass the value on. */
static enum dsinfer_status visit_reshape(struct walk *walk, uint32_t at, struct value input,
                                         struct dsinfer_error *err) {
    const struct dsi_node *node = &walk->graph->nodes[at];
    const struct dsi_attr zero = {.name = "special_zero", .kind = DSI_ATTR_BOOL, .u.i = 1};
    const struct dsi_port inputs[] = {node->inputs[0], {walk->shape, 0}};
    struct value *value = &walk->values[at];
    enum dsinfer_status status;

    value->kind = node->n_inputs == 2 ? match_reshape(walk, node, input.width) : KIND_NONE;
    value->width = input.width;
    if (value->kind == KIND_NONE) {
        return DSINFER_OK;
    }
    if (input.kind == KIND_TURNED) {
        status = dsi_convert_replace(walk->graph, at, "Reshape", inputs, 2, &zero, 1, err);
    } else {
        status = dsi_convert_replace(walk->graph, at, "Identity", inputs, 1, NULL, 0, err);
    }
    return status;
}

static struct value visit_dense(const struct walk *walk, const struct dsi_node *node,
                                struct value input) {
    const struct dsi_tensor *w = dsi_match_constant(walk->graph, node->inputs[1]);

    if (!is_rows(input) || !w || w->shape.dims[0] != input.width) {
        return (struct value){KIND_NONE, 0};
    }
    return (struct value){input.kind, w->shape.dims[1]};
}

static struct value visit_lstm(const struct walk *walk, const struct dsi_node *node,
                               struct value input) {
    const struct dsi_tensor *w = dsi_match_constant(walk->graph, node->inputs[3]);
    const int64_t n_cell = w ? w->shape.dims[1] / 4 : 0;

    if (input.kind != KIND_ROWS || !w || w->shape.dims[0] != input.width + n_cell) {
        return (struct value){KIND_NONE, 0};
    }
    return (struct value){KIND_ROWS, n_cell};
}

/* Rows beside rows. */
static struct value visit_concat(const struct walk *walk, const struct dsi_node *node) {
    struct value value = {KIND_ROWS, 0};
    int64_t axis;
    size_t i;

    if (node->n_inputs < 2 ||
        !dsi_match_int(walk->graph, node->inputs[node->n_inputs - 1], &axis) || axis != 2) {
        return (struct value){KIND_NONE, 0};
    }
    for (i = 0; i + 1 < node->n_inputs; i++) {
        const struct value input = get_value(walk, node->inputs[i]);

        if (input.kind != KIND_ROWS) {
            return (struct value){KIND_NONE, 0};
        }
        value.width += input.width;
    }
    return value;
}

static bool is_reverse(const struct dsi_node *node) {
    return dsi_node_is_op(node, "ReverseSequence") && dsi_node_get_int(node, "seq_dim", -1) == 0 &&
           dsi_node_get_int(node, "batch_dim", 0) == 1;
}

/* Gives the values of one node their kind. */
static enum dsinfer_status visit(struct walk *walk, uint32_t at, struct dsinfer_error *err) {
    static const int64_t perm[] = {1, 0, 2, 3};
    const struct dsi_node *node = &walk->graph->nodes[at];
    struct value *value = &walk->values[at];
    enum dsinfer_status status = DSINFER_OK;
    struct value input;

    if (node->n_inputs < 1) {
        return DSINFER_OK;
    }
    input = get_value(walk, node->inputs[0]);
    if (dsi_node_is_op(node, "Transpose")) {
        if (input.kind == KIND_WINDOWS && node->n_inputs == 2 &&
            dsi_match_ints(walk->graph, node->inputs[1], perm, 4)) {
            *value = (struct value){KIND_TURNED, input.width};
        }
    } else if (dsi_node_is_op(node, "Reshape")) {
        if (input.kind == KIND_TURNED || is_rows(input)) {
            status = visit_reshape(walk, at, input, err);
        }
    } else if (dsi_node_is_op(node, "Dense")) {
        *value = visit_dense(walk, node, input);
    } else if (dsi_node_is_op(node, "Lstm")) {
        *value = visit_lstm(walk, node, input);
    } else if (dsi_node_is_op(node, "ConcatV2")) {
        *value = visit_concat(walk, node);
    } else if (is_reverse(node)) {
        *value = input.kind == KIND_ROWS ? input : *value;
    } else if (dsi_node_is_op(node, "Softmax") || dsi_node_is_op(node, "Relu")) {
        *value = is_rows(input) ? input : *value;
    } else if (dsi_node_is_op(node, "Identity")) {
        *value = input;
    }
    if (status == DSINFER_OK && value->kind == KIND_FLAT) {
        status = mark_flat(walk, at, err);
    }
    return status;
}

/* True if nothing but known nodes is left and the outputs are what they should be. */
static bool is_known(const struct walk *walk, const uint32_t *order, size_t n_order) {
    static const char *const plain[] = {"Const", "Placeholder", "Identity"};
    const struct dsi_graph *graph = walk->graph;
    size_t i;
    size_t k;

    for (i = 0; i < n_order; i++) {
        bool is_plain = false;

        for (k = 0; k < sizeof(plain) / sizeof(plain[0]); k++) {
            is_plain = is_plain || dsi_node_is_op(&graph->nodes[order[i]], plain[k]);
        }
        if (!is_plain && walk->values[order[i]].kind == KIND_NONE) {
            return false;
        }
    }
    for (i = 1; i < graph->n_outputs; i++) {
        const struct dsi_port port = dsi_match_source(graph, graph->outputs[i].port);

        if (!dsi_node_is_op(&graph->nodes[port.node], "Lstm") || port.output != i) {
            return false;
        }
    }
    return get_value(walk, graph->outputs[0].port).kind == KIND_ROWS;
}

/* Lets every reader and every output read past the Identity nodes. */
static void bypass(struct dsi_graph *graph) {
    size_t i;
    size_t k;

    for (i = 0; i < graph->n_nodes; i++) {
        struct dsi_node *node = &graph->nodes[i];

        for (k = 0; k < node->n_inputs; k++) {
            node->inputs[k] = dsi_match_source(graph, node->inputs[k]);
        }
    }
    for (i = 0; i < graph->n_outputs; i++) {
        graph->outputs[i].port = dsi_match_source(graph, graph->outputs[i].port);
    }
}

static enum dsinfer_status add_shape(struct dsi_graph *graph, uint32_t *out,
                                     struct dsinfer_error *err) {
    static const int32_t dims[] = {0, 0, -1};
    enum dsinfer_status status = dsi_graph_add_node(graph, "rows:0", "Const", 0, out, err);
    uint8_t *bytes;

    if (status != DSINFER_OK) {
        return status;
    }
    bytes = dsi_arena_alloc(&graph->arena, 1, sizeof(dims));
    if (!bytes) {
        return dsi_fail_memory(err, sizeof(dims));
    }
    memcpy(bytes, dims, sizeof(dims));
    graph->nodes[*out].value = (struct dsi_tensor){.dtype = DSI_DTYPE_I32,
                                                   .shape = dsi_shape_make(1, (const int64_t[]){3}),
                                                   .bytes = {bytes, sizeof(dims)}};
    return DSINFER_OK;
}

enum dsinfer_status dsi_convert_free_rows(struct dsi_graph *graph,
                                          const struct dsi_convert_sizes *sizes, bool *is_free,
                                          struct dsinfer_error *err) {
    struct walk walk = {.graph = graph, .n_streams = sizes->n_streams, .n_steps = sizes->n_steps};
    uint32_t *order = NULL;
    enum dsinfer_status status;
    const struct dsi_attr *windows;
    size_t n_order;
    uint32_t input;
    size_t i;

    status = add_shape(graph, &walk.shape, err);
    if (status != DSINFER_OK) {
        return status;
    }
    order = dsi_malloc(graph->n_nodes * sizeof(*order));
    walk.values = dsi_calloc(graph->n_nodes, sizeof(*walk.values));
    if (!order || !walk.values) {
        status = dsi_fail_memory(err, graph->n_nodes * sizeof(*walk.values));
        goto out;
    }
    status = dsi_graph_order(graph, order, &n_order, err);
    if (status != DSINFER_OK) {
        goto out;
    }

    input = graph->inputs[0].port.node;
    windows = dsi_node_find_attr(&graph->nodes[input], "shape"); /* as the cut has set it */
    walk.values[input].kind = KIND_WINDOWS;
    walk.values[input].width = windows->u.shape.dims[2] * windows->u.shape.dims[3];
    for (i = 0; status == DSINFER_OK && i < n_order; i++) {
        status = visit(&walk, order[i], err);
    }
    if (status == DSINFER_OK) {
        *is_free = is_known(&walk, order, n_order);
        bypass(graph);
    }
out:
    dsi_free(order);
    dsi_free(walk.values);
    return status;
}
