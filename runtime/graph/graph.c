/* Building, looking up, checking and ordering graphs. Everything walks with explicit stacks: graphs
 * come from files, and a file may hold a chain of 65536 nodes.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/graph/graph.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <stdlib.h>
#include <string.h>

void dsi_graph_init(struct dsi_graph *graph) {
    memset(graph, 0, sizeof(*graph));
    dsi_arena_init(&graph->arena, DSI_GRAPH_MAX_MEMORY);
}

void dsi_graph_finish(struct dsi_graph *graph) {
    dsi_arena_finish(&graph->arena);
    dsi_free(graph->nodes);
    memset(graph, 0, sizeof(*graph));
}

/* Memory of the graph's arena, or NULL; then *status and error say whether it was the limit or the
 * machine. */
static void *take(struct dsi_graph *graph, size_t count, size_t size, enum dsinfer_status *status,
                  struct dsinfer_error *err) {
    const size_t rest = graph->arena.limit - graph->arena.used;
    void *memory = dsi_arena_alloc(&graph->arena, count, size);

    if (memory) {
        *status = DSINFER_OK;
    } else if (rest < 16 || count > (rest - 15) / size) { /* the arena rounds up to 16 */
        *status = dsi_fail(err, DSINFER_ERR_LIMIT,
                           "the names and attributes of the graph need more than %zu bytes",
                           graph->arena.limit);
    } else {
        *status = dsi_fail_memory(err, count * size);
    }
    return memory;
}

static enum dsinfer_status take_text(struct dsi_graph *graph, const char *text, const char **out,
                                     struct dsinfer_error *err) {
    const size_t size = strlen(text) + 1;
    enum dsinfer_status status;
    char *copy = take(graph, size, 1, &status, err);

    if (copy) {
        memcpy(copy, text, size);
        *out = copy;
    }
    return status;
}

/* Makes room for one more node. */
static enum dsinfer_status reserve_node(struct dsi_graph *graph, struct dsinfer_error *err) {
    struct dsi_node *nodes;
    size_t capacity;

    if (graph->n_nodes < graph->capacity) {
        return DSINFER_OK;
    }
    if (graph->n_nodes >= DSI_GRAPH_MAX_NODES) {
        return dsi_fail(err, DSINFER_ERR_LIMIT, "the graph has more than %d nodes",
                        DSI_GRAPH_MAX_NODES);
    }
    capacity = graph->capacity ? graph->capacity * 2 : 64;
    nodes = dsi_realloc(graph->nodes, capacity * sizeof(*nodes));
    if (!nodes) {
        return dsi_fail_memory(err, capacity * sizeof(*nodes));
    }
    graph->nodes = nodes;
    graph->capacity = capacity;
    return DSINFER_OK;
}

enum dsinfer_status dsi_graph_add_node(struct dsi_graph *graph, const char *name, const char *op,
                                       size_t n_inputs, uint32_t *out, struct dsinfer_error *err) {
    struct dsi_node node = {.n_inputs = n_inputs};
    enum dsinfer_status status;

    if (n_inputs > DSI_GRAPH_MAX_INPUTS) {
        return dsi_fail(err, DSINFER_ERR_LIMIT, "node '%s' has %zu inputs, more than %d", name,
                        n_inputs, DSI_GRAPH_MAX_INPUTS);
    }
    status = reserve_node(graph, err);
    if (status == DSINFER_OK) {
        status = take_text(graph, name, &node.name, err);
    }
    if (status == DSINFER_OK) {
        status = take_text(graph, op, &node.op, err);
    }
    if (status == DSINFER_OK) {
        node.inputs = take(graph, n_inputs, sizeof(*node.inputs), &status, err);
    }
    if (status == DSINFER_OK) {
        *out = (uint32_t)graph->n_nodes;
        graph->nodes[graph->n_nodes++] = node;
    }
    return status;
}

/* Makes an attribute's name and what its value points to our own. */
static enum dsinfer_status own_attr(struct dsi_graph *graph, struct dsi_attr *attr,
                                    struct dsinfer_error *err) {
    enum dsinfer_status status = take_text(graph, attr->name, &attr->name, err);

    if (status == DSINFER_OK && attr->kind == DSI_ATTR_STRING) {
        const struct dsi_bytes from = attr->u.bytes;
        uint8_t *bytes = take(graph, from.size, 1, &status, err);

        if (bytes) {
            if (from.size) {
                memcpy(bytes, from.data, from.size);
            }
            attr->u.bytes.data = bytes;
        }
    } else if (status == DSINFER_OK && attr->kind == DSI_ATTR_INTS) {
        const size_t count = attr->u.ints.n_values;
        int64_t *values = take(graph, count, sizeof(*values), &status, err);

        if (values) {
            if (count) {
                memcpy(values, attr->u.ints.values, count * sizeof(*values));
            }
            attr->u.ints.values = values;
        }
    }
    return status;
}

enum dsinfer_status dsi_graph_set_attrs(struct dsi_graph *graph, uint32_t node,
                                        const struct dsi_attr *attrs, size_t n_attrs,
                                        struct dsinfer_error *err) {
    enum dsinfer_status status;
    struct dsi_attr *copy = take(graph, n_attrs, sizeof(*copy), &status, err);
    size_t i;

    for (i = 0; status == DSINFER_OK && i < n_attrs; i++) {
        copy[i] = attrs[i];
        status = own_attr(graph, &copy[i], err);
    }
    if (status == DSINFER_OK) {
        graph->nodes[node].attrs = copy;
        graph->nodes[node].n_attrs = n_attrs;
    }
    return status;
}

static enum dsinfer_status copy_ports(struct dsi_graph *graph, const struct dsi_graph_port *ports,
                                      size_t n_ports, struct dsi_graph_port **out,
                                      struct dsinfer_error *err) {
    enum dsinfer_status status;
    struct dsi_graph_port *copy = take(graph, n_ports, sizeof(*copy), &status, err);
    size_t i;

    for (i = 0; status == DSINFER_OK && i < n_ports; i++) {
        copy[i] = ports[i];
        status = take_text(graph, ports[i].name, &copy[i].name, err);
    }
    if (status == DSINFER_OK) {
        *out = copy;
    }
    return status;
}

enum dsinfer_status dsi_graph_set_inputs(struct dsi_graph *graph,
                                         const struct dsi_graph_port *ports, size_t n_ports,
                                         struct dsinfer_error *err) {
    enum dsinfer_status status = copy_ports(graph, ports, n_ports, &graph->inputs, err);

    if (status == DSINFER_OK) {
        graph->n_inputs = n_ports;
    }
    return status;
}

enum dsinfer_status dsi_graph_set_outputs(struct dsi_graph *graph,
                                          const struct dsi_graph_port *ports, size_t n_ports,
                                          struct dsinfer_error *err) {
    enum dsinfer_status status = copy_ports(graph, ports, n_ports, &graph->outputs, err);

    if (status == DSINFER_OK) {
        graph->n_outputs = n_ports;
    }
    return status;
}

enum dsinfer_status dsi_graph_copy(const struct dsi_graph *from, struct dsi_graph *to,
                                   struct dsinfer_error *err) {
    const size_t n_nodes = from->n_nodes;
    enum dsinfer_status status;
    struct dsi_graph copy;
    size_t i;

    dsi_graph_init(&copy);
    copy.nodes = dsi_malloc(n_nodes * sizeof(*copy.nodes));
    if (!copy.nodes) {
        return dsi_fail_memory(err, n_nodes * sizeof(*copy.nodes));
    }
    if (n_nodes) {
        memcpy(copy.nodes, from->nodes, n_nodes * sizeof(*copy.nodes));
    }
    copy.n_nodes = n_nodes;
    copy.capacity = n_nodes;
    copy.version = from->version;

    status = dsi_graph_set_inputs(&copy, from->inputs, from->n_inputs, err);
    if (status == DSINFER_OK) {
        status = dsi_graph_set_outputs(&copy, from->outputs, from->n_outputs, err);
    }
    for (i = 0; status == DSINFER_OK && i < n_nodes; i++) {
        struct dsi_node *node = &copy.nodes[i];
        struct dsi_port *inputs = take(&copy, node->n_inputs, sizeof(*inputs), &status, err);

        if (inputs) {
            memcpy(inputs, node->inputs, node->n_inputs * sizeof(*inputs));
            node->inputs = inputs;
        }
    }

    if (status == DSINFER_OK) {
        *to = copy;
    } else {
        dsi_graph_finish(&copy);
    }
    return status;
}

bool dsi_graph_find_node(const struct dsi_graph *graph, const char *name, uint32_t *out) {
    size_t i;

    for (i = 0; i < graph->n_nodes; i++) {
        if (strcmp(graph->nodes[i].name, name) == 0) {
            *out = (uint32_t)i;
            return true;
        }
    }
    return false;
}

const struct dsi_attr *dsi_node_find_attr(const struct dsi_node *node, const char *name) {
    size_t i;

    for (i = 0; i < node->n_attrs; i++) {
        if (strcmp(node->attrs[i].name, name) == 0) {
            return &node->attrs[i];
        }
    }
    return NULL;
}

static const struct dsi_attr *find_attr_of_kind(const struct dsi_node *node, const char *name,
                                                enum dsi_attr_kind kind) {
    const struct dsi_attr *attr = dsi_node_find_attr(node, name);

    return attr && attr->kind == kind ? attr : NULL;
}

int64_t dsi_node_get_int(const struct dsi_node *node, const char *name, int64_t otherwise) {
    const struct dsi_attr *attr = find_attr_of_kind(node, name, DSI_ATTR_INT);

    return attr ? attr->u.i : otherwise;
}

float dsi_node_get_float(const struct dsi_node *node, const char *name, float otherwise) {
    const struct dsi_attr *attr = find_attr_of_kind(node, name, DSI_ATTR_FLOAT);

    return attr ? attr->u.f : otherwise;
}

bool dsi_node_get_bool(const struct dsi_node *node, const char *name, bool otherwise) {
    const struct dsi_attr *attr = find_attr_of_kind(node, name, DSI_ATTR_BOOL);

    return attr ? attr->u.i != 0 : otherwise;
}

enum dsi_dtype dsi_node_get_type(const struct dsi_node *node, const char *name,
                                 enum dsi_dtype otherwise) {
    const struct dsi_attr *attr = find_attr_of_kind(node, name, DSI_ATTR_TYPE);

    return attr ? (enum dsi_dtype)attr->u.i : otherwise;
}

bool dsi_node_is_op(const struct dsi_node *node, const char *op) {
    return strcmp(node->op, op) == 0;
}

bool dsi_port_is_equal(struct dsi_port a, struct dsi_port b) {
    return a.node == b.node && a.output == b.output;
}
