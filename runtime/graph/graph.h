/* A computation as nodes and the values between them.
 *
 * A node has an op by name ("MatMul"), inputs that name outputs of other nodes, attributes, and for
 * "Const" a tensor. Names of ops and attributes are TensorFlow's; passes (model/convert) add the
 * two fused ops "Dense" and "Lstm". Readers of any format build this graph; runtime/ops gives the
 * ops a meaning; runtime/exec runs it. A graph is built by one owner and then only read.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_GRAPH_GRAPH_H
#define DSI_GRAPH_GRAPH_H

#include "runtime/base/arena.h"
#include "runtime/tensor/tensor.h"

#include <dsinfer/status.h>

/* Most nodes of a graph, inputs of a node, and bytes of names, attributes and small constants. */
#define DSI_GRAPH_MAX_NODES 65536
#define DSI_GRAPH_MAX_INPUTS 1024
#define DSI_GRAPH_MAX_MEMORY ((size_t)48 << 20)

/* Output `output` of node `node`. */
struct dsi_port {
    uint32_t node;
    uint32_t output;
};

enum dsi_attr_kind {
    DSI_ATTR_INT,
    DSI_ATTR_FLOAT,
    DSI_ATTR_BOOL,
    DSI_ATTR_TYPE,   /* of `i`: enum dsi_dtype, NONE for types that are not supported */
    DSI_ATTR_STRING, /* of `bytes` */
    DSI_ATTR_SHAPE,
    DSI_ATTR_INTS /* of `ints` */
};

struct dsi_attr {
    const char *name;
    enum dsi_attr_kind kind;
    union {
        int64_t i; /* INT, BOOL, TYPE */
        float f;
        struct dsi_bytes bytes;
        struct dsi_shape shape;
        struct {
            const int64_t *values;
            size_t n_values;
        } ints;
    } u;
};

struct dsi_node {
    const char *name; /* unique in the graph */
    const char *op;
    struct dsi_port *inputs;
    size_t n_inputs;
    const struct dsi_attr *attrs;
    size_t n_attrs;
    struct dsi_tensor value; /* of a Const; dtype NONE otherwise */
};

/* A graph input or output: a value and what its users call it. */
struct dsi_graph_port {
    const char *name;
    struct dsi_port port;
};

struct dsi_graph {
    struct dsi_arena arena; /* owns every name, array and small constant below */
    struct dsi_node *nodes; /* owned */
    size_t n_nodes;
    size_t capacity;
    struct dsi_graph_port *inputs, *outputs; /* in the arena; set by the passes that cut */
    size_t n_inputs, n_outputs;
    int64_t version; /* that the file gives the graph; 0: none */
};

void dsi_graph_init(struct dsi_graph *graph);
void dsi_graph_finish(struct dsi_graph *graph); /* takes a zeroed graph as well */

/* Appends a node with room for `n_inputs` inputs (all zero, to be filled in by the caller) and
 * copies of name and op. Returns its index in *out. Fails with ERR_LIMIT or ERR_NO_MEMORY. Pointers
 * to nodes are valid until the next call. */
enum dsinfer_status dsi_graph_add_node(struct dsi_graph *graph, const char *name, const char *op,
                                       size_t n_inputs, uint32_t *out, struct dsinfer_error *err);

/* Gives a node its attributes: a deep copy into the arena (strings and ints too). */
enum dsinfer_status dsi_graph_set_attrs(struct dsi_graph *graph, uint32_t node,
                                        const struct dsi_attr *attrs, size_t n_attrs,
                                        struct dsinfer_error *err);

/* Copies inputs or outputs (names too) into the arena and makes them the graph's. */
enum dsinfer_status dsi_graph_set_inputs(struct dsi_graph *graph,
                                         const struct dsi_graph_port *ports, size_t n_ports,
                                         struct dsinfer_error *err);
enum dsinfer_status dsi_graph_set_outputs(struct dsi_graph *graph,
                                          const struct dsi_graph_port *ports, size_t n_ports,
                                          struct dsinfer_error *err);

/* A new graph with the same nodes at the same indices, inputs and outputs. Names, attributes and
 * constants are shared, not copied: `from` must outlive `to`. */
enum dsinfer_status dsi_graph_copy(const struct dsi_graph *from, struct dsi_graph *to,
                                   struct dsinfer_error *err);

/* Index of the node of that name; false if there is none. Linear: for a few look-ups. */
bool dsi_graph_find_node(const struct dsi_graph *graph, const char *name, uint32_t *out);

/* The attribute of that name, or NULL. */
const struct dsi_attr *dsi_node_find_attr(const struct dsi_node *node, const char *name);

/* Values of attributes with what holds when they are absent or of another kind. */
int64_t dsi_node_get_int(const struct dsi_node *node, const char *name, int64_t otherwise);
float dsi_node_get_float(const struct dsi_node *node, const char *name, float otherwise);
bool dsi_node_get_bool(const struct dsi_node *node, const char *name, bool otherwise);
enum dsi_dtype dsi_node_get_type(const struct dsi_node *node, const char *name,
                                 enum dsi_dtype otherwise);

bool dsi_node_is_op(const struct dsi_node *node, const char *op);
bool dsi_port_is_equal(struct dsi_port a, struct dsi_port b);

/* Checks what readers and passes promise: every input names an existing node, no cycle (but
 * through the back edge of a TensorFlow loop, which leaves a NextIteration), names unique, every
 * Const has a value whose size fits. Which outputs a node has is known to its op only. Fails with
 * ERR_MALFORMED and names the node. */
enum dsinfer_status dsi_graph_verify(const struct dsi_graph *graph, struct dsinfer_error *err);

/* Indices of all nodes that the outputs need (without outputs: of all nodes), each after its
 * inputs, those of equal rank in the order of the graph. `order` has room for n_nodes; *n_order is
 * set. The rank of a node is one more than the highest of its inputs. Graph inputs are not looked
 * behind; a node that is needed only as a graph input has rank 0. The graph has been verified.
 * Fails with ERR_MALFORMED for a cycle. */
enum dsinfer_status dsi_graph_order(const struct dsi_graph *graph, uint32_t *order, size_t *n_order,
                                    struct dsinfer_error *err);

#endif
