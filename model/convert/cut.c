/* Cutting a graph at values, and the small edits that passes share.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/convert/convert.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <stdio.h>
#include <string.h>

enum dsinfer_status dsi_convert_replace(struct dsi_graph *graph, uint32_t node, const char *op,
                                        const struct dsi_port *inputs, size_t n_inputs,
                                        const struct dsi_attr *attrs, size_t n_attrs,
                                        struct dsinfer_error *err) {
    struct dsi_port *copy = dsi_arena_alloc(&graph->arena, n_inputs, sizeof(*copy));
    enum dsinfer_status status;

    if (!copy) {
        return dsi_fail_memory(err, n_inputs * sizeof(*copy));
    }
    status = dsi_graph_set_attrs(graph, node, attrs, n_attrs, err);
    if (status == DSINFER_OK) {
        if (n_inputs) {
            memcpy(copy, inputs, n_inputs * sizeof(*copy));
        }
        graph->nodes[node].op = op;
        graph->nodes[node].inputs = copy;
        graph->nodes[node].n_inputs = n_inputs;
    }
    return status;
}

void dsi_convert_redirect(struct dsi_graph *graph, struct dsi_port from, struct dsi_port to) {
    size_t i;
    size_t k;

    for (i = 0; i < graph->n_nodes; i++) {
        struct dsi_node *node = &graph->nodes[i];

        for (k = 0; k < node->n_inputs; k++) {
            if (dsi_port_is_equal(node->inputs[k], from)) {
                node->inputs[k] = to;
            }
        }
    }
    for (i = 0; i < graph->n_outputs; i++) {
        if (dsi_port_is_equal(graph->outputs[i].port, from)) {
            graph->outputs[i].port = to;
        }
    }
}

enum dsinfer_status dsi_convert_add_placeholder(struct dsi_graph *graph, const char *name,
                                                enum dsi_dtype dtype, const struct dsi_shape *shape,
                                                uint32_t *out, struct dsinfer_error *err) {
    const struct dsi_attr attrs[] = {
        {.name = "dtype", .kind = DSI_ATTR_TYPE, .u.i = dtype},
        {.name = "shape", .kind = DSI_ATTR_SHAPE, .u.shape = *shape},
    };
    enum dsinfer_status status = dsi_graph_add_node(graph, name, "Placeholder", 0, out, err);

    return status == DSINFER_OK ? dsi_graph_set_attrs(graph, *out, attrs, 2, err) : status;
}

/* The placeholder is called as TensorFlow calls the value, `NODE:K`: no node has such a name. */
static enum dsinfer_status cut_input(struct dsi_graph *graph, const struct dsi_cut_input *input,
                                     uint32_t *out, struct dsinfer_error *err) {
    const char *node_name = graph->nodes[input->port.node].name;
    const size_t size = strlen(node_name) + 12;
    char *name = dsi_malloc(size);
    enum dsinfer_status status;

    if (!name) {
        return dsi_fail_memory(err, size);
    }
    snprintf(name, size, "%s:%lu", node_name, (unsigned long)input->port.output);
    status = dsi_convert_add_placeholder(graph, name, input->dtype, &input->shape, out, err);
    if (status == DSINFER_OK) {
        dsi_convert_redirect(graph, input->port, (struct dsi_port){*out, 0});
    }
    dsi_free(name);
    return status;
}

enum dsinfer_status dsi_convert_cut(struct dsi_graph *graph, const struct dsi_cut_input *inputs,
                                    size_t n_inputs, const struct dsi_graph_port *outputs,
                                    size_t n_outputs, struct dsinfer_error *err) {
    struct dsi_graph_port *ports = dsi_malloc(n_inputs * sizeof(*ports));
    enum dsinfer_status status;
    size_t i;

    if (!ports) {
        return dsi_fail_memory(err, n_inputs * sizeof(*ports));
    }
    status = dsi_graph_set_outputs(graph, outputs, n_outputs, err);
    for (i = 0; status == DSINFER_OK && i < n_inputs; i++) {
        ports[i].name = inputs[i].name;
        ports[i].port.output = 0;
        status = cut_input(graph, &inputs[i], &ports[i].port.node, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_graph_set_inputs(graph, ports, n_inputs, err);
    }
    dsi_free(ports);
    return status;
}

enum dsinfer_status dsi_convert_cut_roles(struct dsi_graph *graph,
                                          const struct dsi_signature *signature,
                                          struct dsinfer_error *err) {
    const int64_t n = signature->n_streams;
    const int64_t windows[] = {n, signature->n_steps, (int64_t)(2 * signature->n_context + 1),
                               (int64_t)signature->n_features};
    const int64_t state[] = {n, (int64_t)signature->n_cell};
    struct dsi_cut_input inputs[DSI_ROLE_LENGTHS + 1];
    struct dsi_graph_port outputs[DSI_N_ROLES - DSI_ROLE_LOGITS];
    size_t i;

    for (i = 0; i <= DSI_ROLE_LENGTHS; i++) {
        inputs[i].name = dsi_role_names[i];
        inputs[i].port = signature->ports[i];
        inputs[i].dtype = i == DSI_ROLE_LENGTHS ? DSI_DTYPE_I32 : DSI_DTYPE_F32;
        inputs[i].shape = dsi_shape_make(2, state);
    }
    inputs[DSI_ROLE_WINDOWS].shape = dsi_shape_make(4, windows);
    inputs[DSI_ROLE_LENGTHS].shape = dsi_shape_make(1, state);
    for (i = 0; i < DSI_N_ROLES - DSI_ROLE_LOGITS; i++) {
        outputs[i].name = dsi_role_names[DSI_ROLE_LOGITS + i];
        outputs[i].port = signature->ports[DSI_ROLE_LOGITS + i];
    }
    return dsi_convert_cut(graph, inputs, signature->has_lengths ? 4 : 3, outputs,
                           signature->is_bidirectional ? 1 : DSI_N_ROLES - DSI_ROLE_LOGITS, err);
}
