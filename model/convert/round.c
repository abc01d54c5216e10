/* Weights that may be kept in fewer bits: those between the first layer, which reads windows of
 * speech as it is, loud or soft, and the last one, which is small. Both decide much and cost
 * little. SPDX-License-Identifier: BSD-2-Clause */
#include "model/convert/convert.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <string.h>

static bool has_weights(const struct dsi_node *node) {
    return dsi_node_is_op(node, "Dense") || dsi_node_is_op(node, "Lstm");
}

/* The nearest node with weights behind a value, on the way that the data goes; false where that way
 * begins before one. */
static bool find_behind(const struct dsi_graph *graph, struct dsi_port port, uint32_t *out) {
    const struct dsi_node *node = &graph->nodes[port.node];

    while (!has_weights(node) && node->n_inputs) {
        port = node->inputs[0];
        node = &graph->nodes[port.node];
    }
    *out = port.node;
    return has_weights(node);
}

static enum dsinfer_status add_precision(struct dsi_graph *network, uint32_t at,
                                         enum dsi_precision precision, struct dsinfer_error *err) {
    const struct dsi_node *node = &network->nodes[at];
    const size_t n = node->n_attrs;
    struct dsi_attr *attrs = dsi_malloc((n + 1) * sizeof(*attrs));
    enum dsinfer_status status;

    if (!attrs) {
        return dsi_fail_memory(err, (n + 1) * sizeof(*attrs));
    }
    if (n) {
        memcpy(attrs, node->attrs, n * sizeof(*attrs));
    }
    attrs[n] =
        (struct dsi_attr){.name = "precision", .kind = DSI_ATTR_INT, .u.i = (int64_t)precision};
    status = dsi_graph_set_attrs(network, at, attrs, n + 1, err);
    dsi_free(attrs);
    return status;
}

enum dsinfer_status dsi_convert_round(struct dsi_graph *network, enum dsi_precision precision,
                                      struct dsinfer_error *err) {
    enum dsinfer_status status = DSINFER_OK;
    uint32_t behind, last;
    size_t i;

    if (!find_behind(network, network->outputs[0].port, &last)) {
        return DSINFER_OK;
    }
    for (i = 0; status == DSINFER_OK && i < network->n_nodes; i++) {
        const struct dsi_node *node = &network->nodes[i];

        if (has_weights(node) && i != last && find_behind(network, node->inputs[0], &behind)) {
            status = add_precision(network, (uint32_t)i, precision, err);
        }
    }
    return status;
}
