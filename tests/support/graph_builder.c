/* Graphs written by hand.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/support/graph_builder.h"

#include <string.h>

struct dsi_port test_add_node(struct dsi_graph *graph, const char *name, const char *op,
                              const struct dsi_port *inputs, size_t n_inputs) {
    struct dsi_port port = {0};

    assert_int_equal(dsi_graph_add_node(graph, name, op, n_inputs, &port.node, NULL), DSINFER_OK);
    if (n_inputs) {
        memcpy(graph->nodes[port.node].inputs, inputs, n_inputs * sizeof(*inputs));
    }
    return port;
}

struct dsi_port test_add_constant(struct dsi_graph *graph, const char *name, enum dsi_dtype dtype,
                                  struct dsi_shape shape, const void *values, size_t size) {
    struct dsi_port port = test_add_node(graph, name, "Const", NULL, 0);
    struct dsi_tensor *value = &graph->nodes[port.node].value;
    size_t needed;
    void *copy;

    assert_true(dsi_shape_get_size(&shape, dtype, &needed));
    assert_int_equal(size, needed);
    copy = dsi_arena_alloc(&graph->arena, 1, size);
    assert_non_null(copy);
    memcpy(copy, values, size);
    value->dtype = dtype;
    value->shape = shape;
    value->bytes = (struct dsi_bytes){copy, size};
    return port;
}

struct dsi_port test_add_placeholder(struct dsi_graph *graph, const char *name,
                                     enum dsi_dtype dtype) {
    struct dsi_port port = test_add_node(graph, name, "Placeholder", NULL, 0);

    ATTRS(graph, port, ATTR_TYPE("dtype", dtype));
    return port;
}

struct dsi_port test_output_of(struct dsi_port port, uint32_t output) {
    port.output = output;
    return port;
}

void test_set_attrs(struct dsi_graph *graph, struct dsi_port port, const struct dsi_attr *attrs,
                    size_t n_attrs) {
    assert_int_equal(dsi_graph_set_attrs(graph, port.node, attrs, n_attrs, NULL), DSINFER_OK);
}

#define MAX_PORTS 16

static void name_ports(const struct dsi_graph *graph, const struct dsi_port *ports, size_t n_ports,
                       struct dsi_graph_port *named) {
    size_t i;

    assert_true(n_ports <= MAX_PORTS);
    for (i = 0; i < n_ports; i++) {
        named[i].name = graph->nodes[ports[i].node].name;
        named[i].port = ports[i];
    }
}

void test_set_inputs(struct dsi_graph *graph, const struct dsi_port *ports, size_t n_ports) {
    struct dsi_graph_port named[MAX_PORTS];

    name_ports(graph, ports, n_ports, named);
    assert_int_equal(dsi_graph_set_inputs(graph, named, n_ports, NULL), DSINFER_OK);
}

void test_set_outputs(struct dsi_graph *graph, const struct dsi_port *ports, size_t n_ports) {
    struct dsi_graph_port named[MAX_PORTS];

    name_ports(graph, ports, n_ports, named);
    assert_int_equal(dsi_graph_set_outputs(graph, named, n_ports, NULL), DSINFER_OK);
}
