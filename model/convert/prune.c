/* Removing the nodes that no output needs.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/convert/convert.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#define GONE UINT32_MAX

static void renumber(struct dsi_graph *graph, const uint32_t *numbers) {
    size_t i;
    size_t k;

    for (i = 0; i < graph->n_nodes; i++) {
        struct dsi_node *node = &graph->nodes[i];

        if (numbers[i] == GONE) {
            continue;
        }
        for (k = 0; k < node->n_inputs; k++) {
            node->inputs[k].node = numbers[node->inputs[k].node];
        }
        graph->nodes[numbers[i]] = *node;
    }
    for (i = 0; i < graph->n_inputs; i++) {
        graph->inputs[i].port.node = numbers[graph->inputs[i].port.node];
    }
    for (i = 0; i < graph->n_outputs; i++) {
        graph->outputs[i].port.node = numbers[graph->outputs[i].port.node];
    }
}

enum dsinfer_status dsi_convert_prune(struct dsi_graph *graph, struct dsinfer_error *err) {
    uint32_t *order = dsi_malloc(graph->n_nodes * sizeof(*order));
    uint32_t *numbers = dsi_malloc(graph->n_nodes * sizeof(*numbers));
    enum dsinfer_status status;
    size_t n_order;
    uint32_t n_kept = 0;
    size_t i;

    if (!order || !numbers) {
        status = dsi_fail_memory(err, graph->n_nodes * sizeof(*order));
        goto out;
    }
    status = dsi_graph_order(graph, order, &n_order, err);
    if (status != DSINFER_OK) {
        goto out;
    }

    for (i = 0; i < graph->n_nodes; i++) {
        numbers[i] = GONE;
    }
    for (i = 0; i < n_order; i++) {
        numbers[order[i]] = 0;
    }
    for (i = 0; i < graph->n_inputs; i++) { /* placeholders: nothing stands behind them */
        numbers[graph->inputs[i].port.node] = 0;
    }
    for (i = 0; i < graph->n_nodes; i++) {
        if (numbers[i] != GONE) {
            numbers[i] = n_kept++;
        }
    }
    renumber(graph, numbers);
    graph->n_nodes = n_kept;
out:
    dsi_free(order);
    dsi_free(numbers);
    return status;
}
