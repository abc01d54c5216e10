/* Matchers of single nodes and constants. They read graphs that dsi_graph_verify has passed, so
 * walks back end; the number of a node's inputs is not promised and is checked.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/match.h"

bool dsi_match_has_op(const struct dsi_graph *graph, const char *op) {
    size_t i;

    for (i = 0; i < graph->n_nodes; i++) {
        if (dsi_node_is_op(&graph->nodes[i], op)) {
            return true;
        }
    }
    return false;
}

struct dsi_port dsi_match_source(const struct dsi_graph *graph, struct dsi_port port) {
    for (;;) {
        const struct dsi_node *node = &graph->nodes[port.node];

        if (!dsi_node_is_op(node, "Identity") || node->n_inputs < 1 || port.output != 0) {
            return port;
        }
        port = node->inputs[0];
    }
}

const struct dsi_node *dsi_match_op(const struct dsi_graph *graph, struct dsi_port port,
                                    const char *op, size_t n_inputs) {
    const struct dsi_port source = dsi_match_source(graph, port);
    const struct dsi_node *node = &graph->nodes[source.node];

    return source.output == 0 && node->n_inputs >= n_inputs && dsi_node_is_op(node, op) ? node
                                                                                        : NULL;
}

const struct dsi_tensor *dsi_match_constant(const struct dsi_graph *graph, struct dsi_port port) {
    const struct dsi_node *node = dsi_match_op(graph, port, "Const", 0);

    return node ? &node->value : NULL;
}

static bool is_integer(enum dsi_dtype dtype) {
    return dtype == DSI_DTYPE_I32 || dtype == DSI_DTYPE_I64;
}

bool dsi_match_placeholder(const struct dsi_graph *graph, struct dsi_port port,
                           struct dsi_port *out) {
    size_t n_steps;

    for (n_steps = 0; n_steps <= graph->n_nodes; n_steps++) {
        const struct dsi_node *node = &graph->nodes[port.node];
        size_t i = 0;

        if (dsi_node_is_op(node, "Placeholder")) {
            *out = port;
            return true;
        }
        while (i < node->n_inputs && dsi_match_constant(graph, node->inputs[i])) {
            i++;
        }
        if (i == node->n_inputs) {
            return false;
        }
        port = node->inputs[i];
    }
    return false; /* a loop */
}

bool dsi_match_ints(const struct dsi_graph *graph, struct dsi_port port, const int64_t *values,
                    size_t n_values) {
    const struct dsi_tensor *constant = dsi_match_constant(graph, port);
    size_t count;
    size_t i;

    if (!constant || !is_integer(constant->dtype) || !dsi_shape_count(&constant->shape, &count) ||
        count != n_values) {
        return false;
    }
    for (i = 0; i < n_values; i++) {
        if (dsi_tensor_get_int(constant, i) != values[i]) {
            return false;
        }
    }
    return true;
}

bool dsi_match_int(const struct dsi_graph *graph, struct dsi_port port, int64_t *out) {
    const struct dsi_tensor *constant = dsi_match_constant(graph, port);
    size_t count;

    if (!constant || !is_integer(constant->dtype) || !dsi_shape_count(&constant->shape, &count) ||
        count != 1) {
        return false;
    }
    *out = dsi_tensor_get_int(constant, 0);
    return true;
}

bool dsi_match_constant_operand(const struct dsi_graph *graph, const struct dsi_node *node,
                                struct dsi_port *constant, struct dsi_port *other) {
    size_t i;

    if (node->n_inputs != 2) {
        return false;
    }
    for (i = 0; i < 2; i++) {
        if (dsi_match_constant(graph, node->inputs[1 - i])) {
            *constant = node->inputs[1 - i];
            *other = node->inputs[i];
            return true;
        }
    }
    return false;
}

/* MatMul of anything and a constant matrix, neither transposed. */
static bool match_product(const struct dsi_graph *graph, struct dsi_port port,
                          struct dsi_linear *linear) {
    const struct dsi_node *node = dsi_match_op(graph, port, "MatMul", 2);
    const struct dsi_tensor *w;

    if (!node || node->n_inputs != 2 || dsi_node_get_bool(node, "transpose_a", false) ||
        dsi_node_get_bool(node, "transpose_b", false)) {
        return false;
    }
    w = dsi_match_constant(graph, node->inputs[1]);
    if (!w || w->dtype != DSI_DTYPE_F32 || w->shape.rank != 2) {
        return false;
    }
    *linear = (struct dsi_linear){.x = node->inputs[0], .w = node->inputs[1]};
    linear->k = (size_t)w->shape.dims[0];
    linear->h = (size_t)w->shape.dims[1];
    return true;
}

bool dsi_match_linear(const struct dsi_graph *graph, struct dsi_port port,
                      struct dsi_linear *linear) {
    const struct dsi_port source = dsi_match_source(graph, port);
    const struct dsi_node *node = &graph->nodes[source.node];
    const struct dsi_tensor *b;
    struct dsi_linear found;
    struct dsi_port bias;
    struct dsi_port product;

    if (match_product(graph, source, linear)) {
        return true;
    }
    if ((!dsi_node_is_op(node, "Add") && !dsi_node_is_op(node, "AddV2") &&
         !dsi_node_is_op(node, "BiasAdd")) ||
        !dsi_match_constant_operand(graph, node, &bias, &product) ||
        !match_product(graph, product, &found)) {
        return false;
    }
    b = dsi_match_constant(graph, bias);
    if (b->dtype != DSI_DTYPE_F32 || b->shape.rank != 1 ||
        (uint64_t)b->shape.dims[0] != (uint64_t)found.h) {
        return false;
    }
    *linear = found;
    linear->b = bias;
    linear->has_bias = true;
    return true;
}
