/* The order of a graph, and the checks that need one: a depth-first walk from the outputs with an
 * explicit stack gives every node its rank (0 without inputs, otherwise one more than the highest
 * rank of its inputs); the order is by rank, then by index.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/graph/graph.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum visit {
    UNSEEN,
    LEAF, /* needed only as a graph input: in the order, but nothing behind it */
    OPEN, /* on the stack */
    DONE
};

struct walk {
    const struct dsi_graph *graph;
    bool stops_at_inputs; /* at graph inputs */
    uint8_t *visits;      /* [n_nodes], enum visit */
    uint8_t *is_input;    /* [n_nodes]: some output of it is a graph input */
    uint32_t *ranks;      /* [n_nodes] */
    uint32_t *stack;      /* [n_nodes] */
    uint16_t *next_input; /* [n_nodes]: of nodes on the stack, the input to look at next */
    size_t depth;
};

static void walk_finish(struct walk *walk) {
    dsi_free(walk->visits);
    dsi_free(walk->is_input);
    dsi_free(walk->ranks);
    dsi_free(walk->stack);
    dsi_free(walk->next_input);
}

static enum dsinfer_status walk_init(struct walk *walk, const struct dsi_graph *graph,
                                     bool stops_at_inputs, struct dsinfer_error *err) {
    const size_t n = graph->n_nodes;
    size_t i;

    *walk = (struct walk){.graph = graph, .stops_at_inputs = stops_at_inputs};
    walk->visits = dsi_calloc(n, sizeof(*walk->visits));
    walk->is_input = dsi_calloc(n, sizeof(*walk->is_input));
    walk->ranks = dsi_calloc(n, sizeof(*walk->ranks));
    walk->stack = dsi_calloc(n, sizeof(*walk->stack));
    walk->next_input = dsi_calloc(n, sizeof(*walk->next_input));
    if (!walk->visits || !walk->is_input || !walk->ranks || !walk->stack || !walk->next_input) {
        walk_finish(walk);
        return dsi_fail_memory(err, n * sizeof(*walk->ranks));
    }
    for (i = 0; i < graph->n_inputs; i++) {
        walk->is_input[graph->inputs[i].port.node] = 1;
    }
    return DSINFER_OK;
}

static bool is_graph_input(const struct walk *walk, struct dsi_port port) {
    size_t i;

    if (!walk->stops_at_inputs || !walk->is_input[port.node]) {
        return false;
    }
    for (i = 0; i < walk->graph->n_inputs; i++) {
        if (dsi_port_is_equal(walk->graph->inputs[i].port, port)) {
            return true;
        }
    }
    return false;
}

/* Follows one edge. Returns false if it closes a cycle. The edge out of a NextIteration is the one
 * by which TensorFlow's loops go back: no dependency of one pass over the graph. */
static bool follow(struct walk *walk, struct dsi_port port) {
    uint8_t *visit = &walk->visits[port.node];

    if (is_graph_input(walk, port) ||
        (walk->depth && dsi_node_is_op(&walk->graph->nodes[port.node], "NextIteration"))) {
        *visit = *visit == UNSEEN ? LEAF : *visit;
    } else if (*visit == OPEN) {
        return false;
    } else if (*visit != DONE) {
        *visit = OPEN;
        walk->stack[walk->depth++] = port.node;
        walk->next_input[port.node] = 0;
    }
    return true;
}

/* Ranks everything behind `port`. */
static enum dsinfer_status walk_from(struct walk *walk, struct dsi_port port,
                                     struct dsinfer_error *err) {
    follow(walk, port);
    while (walk->depth) {
        const uint32_t at = walk->stack[walk->depth - 1];
        const struct dsi_node *node = &walk->graph->nodes[at];

        if (walk->next_input[at] < node->n_inputs) {
            const struct dsi_port input = node->inputs[walk->next_input[at]++];

            if (!follow(walk, input)) {
                return dsi_fail(err, DSINFER_ERR_MALFORMED,
                                "node '%s' depends on itself: a cycle leads through its input '%s'",
                                node->name, walk->graph->nodes[input.node].name);
            }
        } else {
            size_t i;

            for (i = 0; i < node->n_inputs; i++) {
                const uint32_t rank = walk->ranks[node->inputs[i].node] + 1;

                walk->ranks[at] = rank > walk->ranks[at] ? rank : walk->ranks[at];
            }
            walk->visits[at] = DONE;
            walk->depth--;
        }
    }
    return DSINFER_OK;
}

static enum dsinfer_status walk_all(struct walk *walk, struct dsinfer_error *err) {
    enum dsinfer_status status = DSINFER_OK;
    size_t i;

    for (i = 0; status == DSINFER_OK && i < walk->graph->n_nodes; i++) {
        status = walk_from(walk, (struct dsi_port){(uint32_t)i, 0}, err);
    }
    return status;
}

/* Writes the visited nodes by rank, then by index: a counting sort, in the walk's own arrays. */
static size_t sort_by_rank(struct walk *walk, uint32_t *order) {
    uint32_t *starts = walk->stack; /* a rank is below n_nodes */
    const size_t n = walk->graph->n_nodes;
    size_t n_order = 0;
    size_t i;

    memset(starts, 0, n * sizeof(*starts));
    for (i = 0; i < n; i++) {
        if (walk->visits[i] != UNSEEN) {
            starts[walk->ranks[i]]++;
        }
    }
    for (i = 0; i < n; i++) {
        const uint32_t count = starts[i];

        starts[i] = (uint32_t)n_order;
        n_order += count;
    }
    for (i = 0; i < n; i++) {
        if (walk->visits[i] != UNSEEN) {
            order[starts[walk->ranks[i]]++] = (uint32_t)i;
        }
    }
    return n_order;
}

enum dsinfer_status dsi_graph_order(const struct dsi_graph *graph, uint32_t *order, size_t *n_order,
                                    struct dsinfer_error *err) {
    struct walk walk;
    enum dsinfer_status status = walk_init(&walk, graph, true, err);
    size_t i;

    if (status != DSINFER_OK) {
        return status;
    }
    if (!graph->n_outputs) {
        status = walk_all(&walk, err);
    }
    for (i = 0; status == DSINFER_OK && i < graph->n_outputs; i++) {
        status = walk_from(&walk, graph->outputs[i].port, err);
    }
    if (status == DSINFER_OK) {
        *n_order = sort_by_rank(&walk, order);
    }
    walk_finish(&walk);
    return status;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum dsinfer_status verify_names(const struct dsi_graph *graph, struct dsinfer_error *err) {
    const size_t n = graph->n_nodes;
    const char **names = dsi_malloc(n * sizeof(*names));
    enum dsinfer_status status = DSINFER_OK;
    size_t i;

    if (!names) {
        return dsi_fail_memory(err, n * sizeof(*names));
    }
    for (i = 0; i < n; i++) {
        names[i] = graph->nodes[i].name;
    }
    qsort(names, n, sizeof(*names), compare_names);
    for (i = 1; i < n; i++) {
        if (strcmp(names[i - 1], names[i]) == 0) {
            status = dsi_fail(err, DSINFER_ERR_MALFORMED,
                              "two nodes have the name '%s'; names must be unique", names[i]);
            break;
        }
    }
    dsi_free(names);
    return status;
}

static enum dsinfer_status verify_constant(const struct dsi_node *node, struct dsinfer_error *err) {
    const struct dsi_tensor *value = &node->value;
    char text[DSI_SHAPE_TEXT_SIZE];
    size_t size;

    if (value->dtype == DSI_DTYPE_NONE) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED, "constant '%s' has no value", node->name);
    }
    if (value->dtype == DSI_DTYPE_STRING) {
        return DSINFER_OK;
    }
    if (value->shape.rank > DSI_MAX_RANK ||
        !dsi_shape_get_size(&value->shape, value->dtype, &size)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED, "constant '%s' has the impossible shape %s",
                        node->name, dsi_shape_print(&value->shape, text));
    }
    if (value->stored) { /* what a reader has made, not what a file says */
        assert(value->dtype == DSI_DTYPE_F32 &&
               size == value->stored->n_rows * value->stored->n_columns * sizeof(float));
        return DSINFER_OK;
    }
    if (size != value->bytes.size) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "constant '%s' has %zu bytes, but its type %s and shape %s need %zu",
                        node->name, value->bytes.size, dsi_dtype_get_name(value->dtype),
                        dsi_shape_print(&value->shape, text), size);
    }
    return DSINFER_OK;
}

static enum dsinfer_status verify_node(const struct dsi_graph *graph, const struct dsi_node *node,
                                       struct dsinfer_error *err) {
    size_t i;

    for (i = 0; i < node->n_inputs; i++) {
        if (node->inputs[i].node >= graph->n_nodes) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED,
                            "input %zu of node '%s' is node %lu, but there are only %zu nodes", i,
                            node->name, (unsigned long)node->inputs[i].node, graph->n_nodes);
        }
    }
    return dsi_node_is_op(node, "Const") ? verify_constant(node, err) : DSINFER_OK;
}

static enum dsinfer_status verify_ports(const struct dsi_graph *graph, const char *what,
                                        const struct dsi_graph_port *ports, size_t n_ports,
                                        struct dsinfer_error *err) {
    size_t i;

    for (i = 0; i < n_ports; i++) {
        if (ports[i].port.node >= graph->n_nodes) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED,
                            "graph %s '%s' is node %lu, but there are only %zu nodes", what,
                            ports[i].name, (unsigned long)ports[i].port.node, graph->n_nodes);
        }
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_graph_verify(const struct dsi_graph *graph, struct dsinfer_error *err) {
    enum dsinfer_status status = verify_names(graph, err);
    struct walk walk;
    size_t i;

    for (i = 0; status == DSINFER_OK && i < graph->n_nodes; i++) {
        status = verify_node(graph, &graph->nodes[i], err);
    }
    if (status == DSINFER_OK) {
        status = verify_ports(graph, "input", graph->inputs, graph->n_inputs, err);
    }
    if (status == DSINFER_OK) {
        status = verify_ports(graph, "output", graph->outputs, graph->n_outputs, err);
    }
    if (status != DSINFER_OK) {
        return status;
    }

    status = walk_init(&walk, graph, false, err);
    if (status == DSINFER_OK) {
        status = walk_all(&walk, err);
        walk_finish(&walk);
    }
    return status;
}
