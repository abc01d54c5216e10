/* Graphs written by hand: each helper adds to the graph or fails the test.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_SUPPORT_GRAPH_BUILDER_H
#define TESTS_SUPPORT_GRAPH_BUILDER_H

#include "runtime/graph/graph.h"
#include "tests/support/test.h"

#define TEST_COUNT_OF(type, ...) (sizeof((const type[]){__VA_ARGS__}) / sizeof(type))

/* SHAPE(2, 3) and a scalar's shape. */
#define SHAPE(...)                                                                                 \
    dsi_shape_make(TEST_COUNT_OF(int64_t, __VA_ARGS__), (const int64_t[]){__VA_ARGS__})
#define SCALAR ((struct dsi_shape){0})

/* A constant of that shape: F32(&graph, "x", SHAPE(2), 1.0f, 2.0f). */
#define F32(graph, name, shape, ...)                                                               \
    test_add_constant(graph, name, DSI_DTYPE_F32, shape, (const float[]){__VA_ARGS__},             \
                      sizeof((const float[]){__VA_ARGS__}))
#define I32(graph, name, shape, ...)                                                               \
    test_add_constant(graph, name, DSI_DTYPE_I32, shape, (const int32_t[]){__VA_ARGS__},           \
                      sizeof((const int32_t[]){__VA_ARGS__}))
#define I64(graph, name, shape, ...)                                                               \
    test_add_constant(graph, name, DSI_DTYPE_I64, shape, (const int64_t[]){__VA_ARGS__},           \
                      sizeof((const int64_t[]){__VA_ARGS__}))

/* A node: NODE(&graph, "sum", "Add", x, y). */
#define NODE(graph, name, op, ...)                                                                 \
    test_add_node(graph, name, op, (const struct dsi_port[]){__VA_ARGS__},                         \
                  TEST_COUNT_OF(struct dsi_port, __VA_ARGS__))

/* Its attributes: ATTRS(&graph, sum, ATTR_BOOL("keep_dims", true)). */
#define ATTRS(graph, port, ...)                                                                    \
    test_set_attrs(graph, port, (const struct dsi_attr[]){__VA_ARGS__},                            \
                   TEST_COUNT_OF(struct dsi_attr, __VA_ARGS__))
#define ATTR_INT(text, value)                                                                      \
    { .name = text, .kind = DSI_ATTR_INT, .u.i = value }
#define ATTR_BOOL(text, value)                                                                     \
    { .name = text, .kind = DSI_ATTR_BOOL, .u.i = value }
#define ATTR_TYPE(text, value)                                                                     \
    { .name = text, .kind = DSI_ATTR_TYPE, .u.i = value }
#define ATTR_FLOAT(text, value)                                                                    \
    { .name = text, .kind = DSI_ATTR_FLOAT, .u.f = value }

/* The graph's inputs and outputs, named after their nodes: OUTPUTS(&graph, sum). */
#define INPUTS(graph, ...)                                                                         \
    test_set_inputs(graph, (const struct dsi_port[]){__VA_ARGS__},                                 \
                    TEST_COUNT_OF(struct dsi_port, __VA_ARGS__))
#define OUTPUTS(graph, ...)                                                                        \
    test_set_outputs(graph, (const struct dsi_port[]){__VA_ARGS__},                                \
                     TEST_COUNT_OF(struct dsi_port, __VA_ARGS__))

/* Copies `size` bytes, which must fit type and shape, into the graph. */
struct dsi_port test_add_constant(struct dsi_graph *graph, const char *name, enum dsi_dtype dtype,
                                  struct dsi_shape shape, const void *values, size_t size);
struct dsi_port test_add_placeholder(struct dsi_graph *graph, const char *name,
                                     enum dsi_dtype dtype);
struct dsi_port test_add_node(struct dsi_graph *graph, const char *name, const char *op,
                              const struct dsi_port *inputs, size_t n_inputs);

/* Output `output` of the same node. */
struct dsi_port test_output_of(struct dsi_port port, uint32_t output);

void test_set_attrs(struct dsi_graph *graph, struct dsi_port port, const struct dsi_attr *attrs,
                    size_t n_attrs);
void test_set_inputs(struct dsi_graph *graph, const struct dsi_port *ports, size_t n_ports);
void test_set_outputs(struct dsi_graph *graph, const struct dsi_port *ports, size_t n_ports);

#endif
