/* The network that runs, as nodes and what they read: few enough to be drawn.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/inspect_graph.h"

#include "model/match.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

/* Inputs, steps, outputs: at most so many nodes, and edges to each from what it reads. */
static size_t count_nodes(const struct dsinfer_model *model) {
    return model->network.n_inputs + dsi_plan_get_n_steps(model->plan) + model->network.n_outputs;
}

static size_t count_edges(const struct dsinfer_model *model) {
    const size_t n_steps = dsi_plan_get_n_steps(model->plan);
    size_t n = model->network.n_outputs;
    size_t i;

    for (i = 0; i < n_steps; i++) {
        n += dsi_plan_get_step(model->plan, i)->n_inputs;
    }
    return n;
}

static struct dsinfer_network_node *add_node(struct dsi_inspect_graph *graph, const char *name,
                                             const char *op) {
    struct dsinfer_network_node *node = &graph->nodes[graph->n_nodes++];

    node->name = name;
    node->op = op;
    node->sources = graph->edges + graph->n_edges;
    return node;
}

/* An edge from what makes a value; constants are none, but a matrix gives the node its shape. */
static void add_source(struct dsi_inspect_graph *graph, const struct dsi_graph *network,
                       struct dsinfer_network_node *node, struct dsi_port port) {
    const struct dsi_port source = dsi_match_source(network, port);
    const struct dsi_node *from = &network->nodes[source.node];
    size_t i;

    if (graph->places[source.node]) {
        graph->edges[graph->n_edges++] = graph->places[source.node] - 1;
        node->n_sources++;
    } else if (dsi_node_is_op(from, "Const") && from->value.shape.rank == 2 && !node->rank) {
        node->rank = 2;
        for (i = 0; i < 2; i++) {
            node->dims[i] = (size_t)from->value.shape.dims[i];
        }
    }
}

static void fill(struct dsi_inspect_graph *graph, const struct dsinfer_model *model) {
    const struct dsi_graph *network = &model->network;
    const size_t n_steps = dsi_plan_get_n_steps(model->plan);
    struct dsinfer_network_node *node;
    size_t i, k;

    for (i = 0; i < network->n_inputs; i++) {
        add_node(graph, network->inputs[i].name, "");
        graph->places[network->inputs[i].port.node] = graph->n_nodes;
    }
    for (i = 0; i < n_steps; i++) {
        const struct dsi_node *step = dsi_plan_get_step(model->plan, i);

        node = add_node(graph, step->name, step->op);
        for (k = 0; k < step->n_inputs; k++) {
            add_source(graph, network, node, step->inputs[k]);
        }
        graph->places[step - network->nodes] = graph->n_nodes;
    }
    for (i = 0; i < network->n_outputs; i++) {
        node = add_node(graph, network->outputs[i].name, "");
        add_source(graph, network, node, network->outputs[i].port);
    }
}

enum dsinfer_status dsi_inspect_graph_init(struct dsi_inspect_graph *graph,
                                           const struct dsinfer_model *model,
                                           struct dsinfer_error *err) {
    const size_t n_nodes = count_nodes(model);
    const size_t n_edges = count_edges(model);

    *graph = (struct dsi_inspect_graph){NULL, 0, NULL, 0, NULL};
    graph->nodes = dsi_calloc(n_nodes, sizeof(*graph->nodes));
    graph->edges = dsi_calloc(n_edges, sizeof(*graph->edges));
    graph->places = dsi_calloc(model->network.n_nodes, sizeof(*graph->places));
    if (!graph->nodes || !graph->edges || !graph->places) {
        return dsi_fail_memory(err, n_nodes * sizeof(*graph->nodes));
    }
    fill(graph, model);
    return DSINFER_OK;
}

void dsi_inspect_graph_finish(struct dsi_inspect_graph *graph) {
    dsi_free(graph->nodes);
    dsi_free(graph->edges);
    dsi_free(graph->places);
}
