/* MatMul, the addition of a bias, and ReLU clipped at a constant as one node.
 *
 * Minimum(Relu(x), limit) is what a Dense with `limit` computes for any limit >= 0. A Relu without
 * Minimum stays a node of its own.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/convert/convert.h"

#include "model/match.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <math.h>

static enum dsinfer_status replace_by_dense(struct dsi_graph *graph, uint32_t at,
                                            const struct dsi_linear *linear, float limit,
                                            struct dsinfer_error *err) {
    const struct dsi_port inputs[] = {linear->x, linear->w, linear->b};
    const struct dsi_attr attr = {.name = "limit", .kind = DSI_ATTR_FLOAT, .u.f = limit};

    return dsi_convert_replace(graph, at, "Dense", inputs, linear->has_bias ? 3 : 2, &attr,
                               isinf(limit) ? 0 : 1, err);
}

/* Counts the readers of every node. */
static void count_uses(const struct dsi_graph *graph, uint32_t *uses) {
    size_t i;
    size_t k;

    for (i = 0; i < graph->n_nodes; i++) {
        for (k = 0; k < graph->nodes[i].n_inputs; k++) {
            uses[graph->nodes[i].inputs[k].node]++;
        }
    }
    for (i = 0; i < graph->n_outputs; i++) {
        uses[graph->outputs[i].port.node]++;
    }
}

/* Minimum(Relu(x · w + b), limit), all in between read by nobody else. */
static bool match_clipped(const struct dsi_graph *graph, const uint32_t *uses, uint32_t at,
                          struct dsi_linear *linear, float *limit) {
    const struct dsi_node *minimum = &graph->nodes[at];
    const struct dsi_tensor *constant;
    const struct dsi_node *relu;
    struct dsi_port limit_port;
    struct dsi_port port;
    size_t count;

    if (!dsi_node_is_op(minimum, "Minimum") ||
        !dsi_match_constant_operand(graph, minimum, &limit_port, &port)) {
        return false;
    }
    constant = dsi_match_constant(graph, limit_port);
    relu = dsi_match_op(graph, port, "Relu", 1);
    if (!relu || constant->dtype != DSI_DTYPE_F32 || constant->shape.rank > 1 ||
        !dsi_shape_count(&constant->shape, &count) || count != 1) {
        return false;
    }
    *limit = dsi_tensor_get_float(constant, 0);
    return *limit >= 0.0f && isfinite(*limit) && uses[port.node] == 1 &&
           uses[relu->inputs[0].node] == 1 && dsi_match_linear(graph, relu->inputs[0], linear);
}

/* Matches the end of a product alone (length 1), with bias (2), or with bias and clipping (3). */
static bool match(const struct dsi_graph *graph, const uint32_t *uses, uint32_t at, int length,
                  struct dsi_linear *linear, float *limit) {
    const struct dsi_node *node = &graph->nodes[at];

    if (length == 3) {
        return match_clipped(graph, uses, at, linear, limit);
    }
    *limit = INFINITY;
    return !dsi_node_is_op(node, "Identity") && dsi_node_is_op(node, "MatMul") == (length == 1) &&
           dsi_match_linear(graph, (struct dsi_port){at, 0}, linear);
}

enum dsinfer_status dsi_convert_fuse_dense(struct dsi_graph *graph, struct dsinfer_error *err) {
    uint32_t *uses = dsi_calloc(graph->n_nodes, sizeof(*uses));
    enum dsinfer_status status = DSINFER_OK;
    struct dsi_linear linear;
    float limit;
    int length;
    size_t i;

    if (!uses) {
        return dsi_fail_memory(err, graph->n_nodes * sizeof(*uses));
    }
    count_uses(graph, uses);
    for (length = 3; length >= 1; length--) { /* the longest first */
        for (i = 0; status == DSINFER_OK && i < graph->n_nodes; i++) {
            if (match(graph, uses, (uint32_t)i, length, &linear, &limit)) {
                status = replace_by_dense(graph, (uint32_t)i, &linear, limit, err);
            }
        }
    }
    dsi_free(uses);
    return status == DSINFER_OK ? dsi_convert_prune(graph, err) : status;
}
