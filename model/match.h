/* Looking at the shape of a graph: what stands behind a value.
 *
 * Identity nodes pass a value on unchanged and are looked through everywhere.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_MODEL_MATCH_H
#define DSI_MODEL_MATCH_H

#include "runtime/graph/graph.h"

/* True if some node has the op. */
bool dsi_match_has_op(const struct dsi_graph *graph, const char *op);

/* The value itself: the port behind all Identity nodes. */
struct dsi_port dsi_match_source(const struct dsi_graph *graph, struct dsi_port port);

/* The node that makes the value, if its op is `op`, it has at least `n_inputs` inputs, and the
 * value is its output 0; otherwise NULL. */
const struct dsi_node *dsi_match_op(const struct dsi_graph *graph, struct dsi_port port,
                                    const char *op, size_t n_inputs);

/* The constant that the value is, or NULL. */
const struct dsi_tensor *dsi_match_constant(const struct dsi_graph *graph, struct dsi_port port);

/* The placeholder that the value comes from, walking back at each node to its first input that is
 * no constant. */
bool dsi_match_placeholder(const struct dsi_graph *graph, struct dsi_port port,
                           struct dsi_port *out);

/* True if the value is an integer constant of exactly these elements, of whatever shape. */
bool dsi_match_ints(const struct dsi_graph *graph, struct dsi_port port, const int64_t *values,
                    size_t n_values);

/* True if the value is an integer constant of one element. */
bool dsi_match_int(const struct dsi_graph *graph, struct dsi_port port, int64_t *out);

/* A node of two inputs in either order: true if one of them is a constant. */
bool dsi_match_constant_operand(const struct dsi_graph *graph, const struct dsi_node *node,
                                struct dsi_port *constant, struct dsi_port *other);

/* x · w + b with constants w [K,H] and b [H]: MatMul, or Add, AddV2 or BiasAdd of one. */
struct dsi_linear {
    struct dsi_port x, w, b;
    bool has_bias;
    size_t k, h;
};

bool dsi_match_linear(const struct dsi_graph *graph, struct dsi_port port,
                      struct dsi_linear *linear);

#endif
