/* Computing before the run what follows from constants and the shapes of the inputs: shape
 * arithmetic, ranges, zeros. A plan does so anyway; here one is made whose outputs are the values
 * in question, which leaves it nothing to run, and they are written into the graph.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/convert/convert.h"

#include "model/match.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"
#include "runtime/exec/plan.h"

#include <stdalign.h>

/* Most bytes of one value that is written into the graph. */
#define MAX_VALUE_SIZE ((size_t)1 << 20)

struct fold {
    struct dsi_graph *graph;
    bool *is_known;               /* owned; [n_nodes] */
    bool *is_listed;              /* owned; [n_nodes] */
    struct dsi_graph_port *ports; /* owned; known values that others need */
    void **values;                /* owned; [n_ports], in the graph's arena; NULL: too large */
    size_t n_ports;
};

static void finish(struct fold *fold) {
    dsi_free(fold->is_known);
    dsi_free(fold->is_listed);
    dsi_free(fold->ports);
    dsi_free(fold->values);
}

/* A value is known if nothing but constants and the shapes of other values stand behind it. */
static void find_known(struct fold *fold, const uint32_t *order, size_t n_order) {
    size_t i;
    size_t k;

    for (i = 0; i < n_order; i++) {
        const struct dsi_node *node = &fold->graph->nodes[order[i]];
        bool is_known = node->n_inputs > 0 || dsi_node_is_op(node, "Const");

        for (k = 0; k < node->n_inputs && !dsi_node_is_op(node, "Shape"); k++) {
            is_known = is_known && fold->is_known[node->inputs[k].node];
        }
        fold->is_known[order[i]] = is_known;
    }
}

/* Lists the known values, except constants, that are read by what is not known. */
static void list_known(struct fold *fold, const uint32_t *order, size_t n_order) {
    struct dsi_graph *graph = fold->graph;
    size_t i;
    size_t k;

    for (i = 0; i < n_order; i++) {
        const struct dsi_node *node = &graph->nodes[order[i]];

        for (k = 0; k < node->n_inputs && !fold->is_known[order[i]]; k++) {
            const struct dsi_port port = dsi_match_source(graph, node->inputs[k]);

            if (fold->is_known[port.node] && !fold->is_listed[port.node] && port.output == 0 &&
                !dsi_node_is_op(&graph->nodes[port.node], "Const")) {
                fold->is_listed[port.node] = true;
                fold->ports[fold->n_ports].name = graph->nodes[port.node].name;
                fold->ports[fold->n_ports++].port = port;
            }
        }
    }
}

static enum dsinfer_status find_values(struct fold *fold, struct dsinfer_error *err) {
    const size_t n = fold->graph->n_nodes;
    uint32_t *order = dsi_malloc(n * sizeof(*order));
    enum dsinfer_status status;
    size_t n_order;

    fold->is_known = dsi_calloc(n, sizeof(*fold->is_known));
    fold->is_listed = dsi_calloc(n, sizeof(*fold->is_listed));
    fold->ports = dsi_calloc(n, sizeof(*fold->ports));
    fold->values = dsi_calloc(n, sizeof(*fold->values));
    if (!order || !fold->is_known || !fold->is_listed || !fold->ports || !fold->values) {
        status = dsi_fail_memory(err, n * sizeof(*fold->ports));
    } else {
        status = dsi_graph_order(fold->graph, order, &n_order, err);
    }
    if (status == DSINFER_OK) {
        find_known(fold, order, n_order);
        list_known(fold, order, n_order);
    }
    dsi_free(order);
    return status;
}

/* Makes the listed nodes constants. */
static enum dsinfer_status write_values(struct fold *fold, struct dsi_run *run,
                                        struct dsinfer_error *err) {
    static alignas(DSI_ALIGNMENT) const unsigned char nothing[DSI_ALIGNMENT];
    const void *inputs[DSI_ROLE_LENGTHS + 1] = {nothing, nothing, nothing, nothing};
    enum dsinfer_status status;
    size_t i;

    for (i = 0; i < fold->n_ports; i++) {
        struct dsi_node *node = &fold->graph->nodes[fold->ports[i].port.node];
        struct dsi_tensor value = {.dtype = DSI_DTYPE_NONE};

        dsi_run_get_output(run, i, &value.dtype, &value.shape);
        if (!dsi_shape_get_size(&value.shape, value.dtype, &value.bytes.size) ||
            value.bytes.size > MAX_VALUE_SIZE) {
            continue;
        }
        fold->values[i] = dsi_arena_alloc(&fold->graph->arena, value.bytes.size, 1);
        if (!fold->values[i]) {
            return dsi_fail_memory(err, value.bytes.size);
        }
        value.bytes.data = fold->values[i];
        node->value = value;
    }
    status = dsi_run_execute(run, inputs, fold->values, err);
    for (i = 0; status == DSINFER_OK && i < fold->n_ports; i++) {
        struct dsi_node *node = &fold->graph->nodes[fold->ports[i].port.node];

        if (fold->values[i]) {
            node->op = "Const";
            node->n_inputs = 0;
            node->n_attrs = 0;
        }
    }
    return status;
}

enum dsinfer_status dsi_convert_fold(struct dsi_graph *graph, const struct dsi_shape *input_shapes,
                                     const struct dsi_kernels *kernels, struct dsinfer_error *err) {
    struct fold fold = {.graph = graph};
    struct dsi_plan *plan = NULL;
    struct dsi_run *run = NULL;
    struct dsi_graph view = *graph; /* the same nodes with other outputs */
    enum dsinfer_status status;

    status = find_values(&fold, err);
    if (status != DSINFER_OK || fold.n_ports == 0) {
        goto out;
    }
    view.outputs = fold.ports;
    view.n_outputs = fold.n_ports;
    status = dsi_plan_create(&view, kernels, input_shapes, &plan, err);
    if (status == DSINFER_OK) {
        status = dsi_run_create(plan, input_shapes, NULL, &run, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_run_set_shapes(run, input_shapes, err);
    }
    if (status == DSINFER_OK) {
        status = write_values(&fold, run, err);
    }
out:
    dsi_run_destroy(run);
    dsi_plan_destroy(plan);
    finish(&fold);
    return status;
}
