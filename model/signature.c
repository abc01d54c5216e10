/* Finds the roles of a graph around its one LSTM: windows, states and lengths by walking back from
 * its inputs; logits and new states by following its outputs forward. Names differ per release
 * (`Gather`, `GatherNd`, `new_state_c`) and mislead: the pair of new states is told by what feeds
 * it, never by name or order.
 *
 * The LSTM is a BlockLSTM of TensorFlow's, or the Lstm that readers of other formats make, which
 * has the new states among its outputs.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/signature.h"

#include "model/match.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <string.h>

const char *const dsi_role_names[DSI_N_ROLES] = {"windows", "h",     "c",    "lengths",
                                                 "logits",  "new_h", "new_c"};

/* Inputs of a BlockLSTM: seq_len_max, x, cs_prev, h_prev, w, wci, wcf, wco, b. */
enum { LSTM_LENGTH, LSTM_X, LSTM_C, LSTM_H, LSTM_W, LSTM_B = 8, LSTM_N_INPUTS };

/* The outputs of it that are followed. */
enum { LSTM_OUT_C = 1, LSTM_OUT_H = 6 };

/* Inputs and outputs of an Lstm. */
enum { FUSED_X, FUSED_H, FUSED_C, FUSED_W, FUSED_B, FUSED_LENGTHS };
enum { FUSED_OUT_Y, FUSED_OUT_H, FUSED_OUT_C };

/* The LSTM that was found. */
struct lstm {
    uint32_t at;
    const struct dsi_node *node;
    bool is_fused;                      /* an Lstm */
    struct dsi_port x, h, c, w, length; /* what it reads */
    bool has_length;
    uint32_t out_h; /* its output with the h of all steps */
};

/* Most frames of a window, features of a frame, cells and labels: all far above any release. */
#define MAX_WINDOW 1023
#define MAX_FEATURES 4096
#define MAX_CELLS 65536
#define MAX_LABELS 65536

static enum dsinfer_status fail_missing(enum dsi_role role, const char *why,
                                        struct dsinfer_error *err) {
    return dsi_fail(err, DSINFER_ERR_MALFORMED, "the graph has no %s: %s", dsi_role_names[role],
                    why);
}

/* Says what a graph without BlockLSTM is. */
static enum dsinfer_status fail_without_lstm(const struct dsi_graph *graph,
                                             struct dsinfer_error *err) {
    uint32_t node;

    if (dsi_match_has_op(graph, "NextIteration")) {
        return dsi_fail(
            err, DSINFER_ERR_UNSUPPORTED,
            "the network runs its LSTM in while loops, but not as release 0.1 did; only "
            "those of 0.1 and networks with one BlockLSTM (0.2 and later) are "
            "supported");
    }
    if (dsi_graph_find_node(graph, "input_node", &node)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the graph has no logits, new_h and new_c: no node is a BlockLSTM, the "
                        "file may end too early");
    }
    return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                    "the graph is no DeepSpeech network: none of its %zu nodes is a BlockLSTM",
                    graph->n_nodes);
}

/* What is read by whom. */
static void read_operands(struct lstm *lstm) {
    const struct dsi_port *inputs = lstm->node->inputs;

    if (lstm->is_fused) {
        lstm->x = inputs[FUSED_X];
        lstm->h = inputs[FUSED_H];
        lstm->c = inputs[FUSED_C];
        lstm->w = inputs[FUSED_W];
        lstm->has_length = lstm->node->n_inputs > FUSED_LENGTHS;
        lstm->length = inputs[lstm->has_length ? FUSED_LENGTHS : FUSED_X];
        lstm->out_h = FUSED_OUT_Y;
    } else {
        lstm->x = inputs[LSTM_X];
        lstm->h = inputs[LSTM_H];
        lstm->c = inputs[LSTM_C];
        lstm->w = inputs[LSTM_W];
        lstm->has_length = true;
        lstm->length = inputs[LSTM_LENGTH];
        lstm->out_h = LSTM_OUT_H;
    }
}

static enum dsinfer_status find_lstm(const struct dsi_graph *graph, struct lstm *lstm,
                                     struct dsinfer_error *err) {
    const struct dsi_node *found = NULL;
    size_t n_inputs;
    size_t i;

    for (i = 0; i < graph->n_nodes; i++) {
        const struct dsi_node *node = &graph->nodes[i];

        if (!dsi_node_is_op(node, "BlockLSTM") && !dsi_node_is_op(node, "Lstm")) {
            continue;
        }
        if (found) {
            return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                            "the network has more than one LSTM: '%s' and '%s'", found->name,
                            node->name);
        }
        found = node;
        lstm->at = (uint32_t)i;
    }
    if (!found) {
        return fail_without_lstm(graph, err);
    }
    lstm->node = found;
    lstm->is_fused = dsi_node_is_op(found, "Lstm");
    n_inputs = lstm->is_fused ? FUSED_LENGTHS : LSTM_N_INPUTS;
    if (found->n_inputs != n_inputs && !(lstm->is_fused && found->n_inputs == n_inputs + 1)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED, "node '%s' (%s) has %zu inputs instead of %zu",
                        found->name, found->op, found->n_inputs, n_inputs);
    }
    read_operands(lstm);
    return DSINFER_OK;
}

/* Reads the number of cells from the weights. */
static enum dsinfer_status find_n_cell(const struct dsi_graph *graph, const struct lstm *lstm,
                                       struct dsi_signature *signature, struct dsinfer_error *err) {
    const struct dsi_tensor *w = dsi_match_constant(graph, lstm->w);
    char text[DSI_SHAPE_TEXT_SIZE];
    int64_t n_cell;

    if (!w) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "the weights of node '%s' are no constant: the graph is not frozen",
                        lstm->node->name);
    }
    n_cell = w->shape.rank == 2 ? w->shape.dims[1] / 4 : 0;
    if (w->dtype != DSI_DTYPE_F32 || n_cell < 1 || w->shape.dims[1] % 4 != 0 ||
        w->shape.dims[0] <= n_cell) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the weights of node '%s' are %s %s instead of float32 [I+C,4C]",
                        lstm->node->name, dsi_dtype_get_name(w->dtype),
                        dsi_shape_print(&w->shape, text));
    }
    if (n_cell > MAX_CELLS) {
        return dsi_fail(err, DSINFER_ERR_LIMIT,
                        "node '%s' has %lld cells, more than %d are not supported",
                        lstm->node->name, (long long)n_cell, MAX_CELLS);
    }
    signature->n_cell = (size_t)n_cell;
    return DSINFER_OK;
}

static enum dsinfer_status read_windows(const struct dsi_node *node,
                                        struct dsi_signature *signature,
                                        struct dsinfer_error *err) {
    const struct dsi_attr *attr = dsi_node_find_attr(node, "shape");
    struct dsi_shape shape = {0};
    char text[DSI_SHAPE_TEXT_SIZE];

    if (attr && attr->kind == DSI_ATTR_SHAPE) {
        shape = attr->u.shape;
    }
    if (dsi_node_get_type(node, "dtype", DSI_DTYPE_F32) != DSI_DTYPE_F32 || shape.rank != 4 ||
        shape.dims[2] < 1 || shape.dims[2] > MAX_WINDOW || shape.dims[2] % 2 == 0 ||
        shape.dims[3] < 1 || shape.dims[3] > MAX_FEATURES || shape.dims[0] == 0 ||
        shape.dims[1] == 0) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "the windows '%s' have the shape %s instead of float32 [N,T,W,F] with W "
                        "odd",
                        node->name, dsi_shape_print(&shape, text));
    }
    signature->n_streams = shape.dims[0];
    signature->n_steps = shape.dims[1];
    signature->n_context = (size_t)(shape.dims[2] - 1) / 2;
    signature->n_features = (size_t)shape.dims[3];
    return DSINFER_OK;
}

/* The read of a variable, or a placeholder. */
static bool find_state(const struct dsi_graph *graph, struct dsi_port port, struct dsi_port *out) {
    for (;;) {
        const struct dsi_node *node = &graph->nodes[port.node];

        if (dsi_node_is_op(node, "Placeholder")) {
            *out = port;
            return true;
        }
        if (!dsi_node_is_op(node, "Identity") || node->n_inputs < 1) {
            return false;
        }
        if (dsi_node_is_op(&graph->nodes[node->inputs[0].node], "VariableV2")) {
            *out = port;
            return true;
        }
        port = node->inputs[0];
    }
}

/* Streams of the file, where the windows leave them open: the state says it. */
static void read_n_streams(const struct dsi_graph *graph, struct dsi_signature *signature) {
    const struct dsi_node *node = &graph->nodes[signature->ports[DSI_ROLE_C].node];
    const struct dsi_attr *attr;

    if (dsi_node_is_op(node, "Identity")) {
        node = &graph->nodes[node->inputs[0].node];
    }
    attr = dsi_node_find_attr(node, "shape");
    if (signature->n_streams < 0 && attr && attr->kind == DSI_ATTR_SHAPE &&
        attr->u.shape.rank == 2 && attr->u.shape.dims[0] > 0) {
        signature->n_streams = attr->u.shape.dims[0];
    }
}

/* The placeholder behind seq_len_max = Cast(Max(lengths)). */
static bool find_lengths(const struct dsi_graph *graph, const struct lstm *lstm,
                         struct dsi_port *out) {
    struct dsi_port port = lstm->length;

    while (lstm->has_length) {
        const struct dsi_node *node = &graph->nodes[port.node];

        if (dsi_node_is_op(node, "Placeholder")) {
            *out = port;
            return true;
        }
        if (node->n_inputs < 1 || (!dsi_node_is_op(node, "Cast") && !dsi_node_is_op(node, "Max") &&
                                   !dsi_node_is_op(node, "Identity"))) {
            return false;
        }
        port = node->inputs[0];
    }
    return false;
}

/* What of the LSTM's outputs has come into a value on a way to a new state. */
enum { FROM_C = 1, FROM_H = 2 };

static bool is_one_of(const struct dsi_node *node, const char *const *ops, size_t n_ops) {
    size_t i;

    for (i = 0; i < n_ops; i++) {
        if (dsi_node_is_op(node, ops[i])) {
            return true;
        }
    }
    return false;
}

/* Whether a node picks rows of its input 0: the end of the way to a new state. */
static bool is_pick(const struct dsi_node *node) {
    static const char *const ops[] = {"Gather", "GatherV2", "GatherNd", "StridedSlice"};

    return node->n_inputs >= 1 && is_one_of(node, ops, sizeof(ops) / sizeof(ops[0]));
}

static uint8_t get_origin(const uint8_t *origins, uint32_t lstm, struct dsi_port port) {
    if (port.node == lstm) {
        return port.output == LSTM_OUT_C ? FROM_C : port.output == LSTM_OUT_H ? FROM_H : 0;
    }
    return origins[port.node];
}

/* Follows c and h through what lies between the LSTM and the new states (the mask, the initial
 * state in front, a reshape) and takes the first pick of each. `order` holds the nodes, each after
 * its inputs; `origins` is zero. */
static void find_new_states(const struct dsi_graph *graph, uint32_t lstm, const uint32_t *order,
                            size_t n_order, uint8_t *origins, struct dsi_signature *signature,
                            bool *has_c, bool *has_h) {
    static const char *const passing[] = {"Identity", "Reshape", "ConcatV2", "Mul"};
    size_t i;
    size_t k;

    for (i = 0; i < n_order; i++) {
        const struct dsi_node *node = &graph->nodes[order[i]];

        if (is_pick(node)) {
            const uint8_t origin = get_origin(origins, lstm, node->inputs[0]);

            if (origin == FROM_C && !*has_c) {
                *has_c = true;
                signature->ports[DSI_ROLE_NEW_C] = (struct dsi_port){order[i], 0};
            } else if (origin == FROM_H && !*has_h) {
                *has_h = true;
                signature->ports[DSI_ROLE_NEW_H] = (struct dsi_port){order[i], 0};
            }
        } else if (is_one_of(node, passing, sizeof(passing) / sizeof(passing[0]))) {
            for (k = 0; k < node->n_inputs; k++) {
                origins[order[i]] |= get_origin(origins, lstm, node->inputs[k]);
            }
        }
    }
}

/* Marks what depends on the LSTM's h, and finds the reshape of x · w + b behind it: the logits
 * before any softmax. The last such reshape counts. */
static bool find_raw_logits(const struct dsi_graph *graph, const struct lstm *lstm,
                            const uint32_t *order, size_t n_order, uint8_t *depends,
                            size_t *n_labels, uint32_t *out) {
    struct dsi_linear linear;
    bool found = false;
    size_t i;
    size_t k;

    for (i = 0; i < n_order; i++) {
        const struct dsi_node *node = &graph->nodes[order[i]];

        for (k = 0; k < node->n_inputs && order[i] != lstm->at; k++) {
            const struct dsi_port input = node->inputs[k];

            if (input.node == lstm->at ? input.output == lstm->out_h : depends[input.node]) {
                depends[order[i]] = 1;
            }
        }
        if (depends[order[i]] && dsi_node_is_op(node, "Reshape") &&
            dsi_match_linear(graph, node->inputs[0], &linear)) {
            found = true;
            *out = order[i];
            *n_labels = linear.h;
        }
    }
    return found;
}

/* From the raw logits on through Softmax and Identity nodes to the model's own output. A softmax
 * goes before other readers of the same value. */
static void find_logits(const struct dsi_graph *graph, uint32_t raw, const uint32_t *order,
                        size_t n_order, struct dsi_signature *signature) {
    uint32_t last = raw;
    size_t i;

    signature->has_softmax = false;
    for (i = 0; i < n_order; i++) {
        const struct dsi_node *node = &graph->nodes[order[i]];

        if (dsi_node_is_op(node, "Softmax") && node->n_inputs == 1 &&
            dsi_match_source(graph, node->inputs[0]).node == raw) {
            signature->has_softmax = true;
            last = order[i];
        }
    }
    for (i = 0; i < n_order; i++) {
        const struct dsi_node *node = &graph->nodes[order[i]];

        if (dsi_node_is_op(node, "Identity") && node->n_inputs >= 1 &&
            node->inputs[0].node == last) {
            last = order[i];
        }
    }
    signature->ports[DSI_ROLE_LOGITS] = (struct dsi_port){last, 0};
}

static enum dsinfer_status find_outputs(const struct dsi_graph *graph, const struct lstm *lstm,
                                        struct dsi_signature *signature,
                                        struct dsinfer_error *err) {
    uint32_t *order = dsi_malloc(graph->n_nodes * sizeof(*order));
    uint8_t *marks = dsi_calloc(graph->n_nodes, sizeof(*marks));
    enum dsinfer_status status;
    bool has_c = lstm->is_fused;
    bool has_h = lstm->is_fused;
    size_t n_order;
    uint32_t raw;

    if (!order || !marks) {
        status = dsi_fail_memory(err, graph->n_nodes * sizeof(*order));
        goto out;
    }
    status = dsi_graph_order(graph, order, &n_order, err);
    if (status != DSINFER_OK) {
        goto out;
    }

    if (lstm->is_fused) {
        signature->ports[DSI_ROLE_NEW_H] = (struct dsi_port){lstm->at, FUSED_OUT_H};
        signature->ports[DSI_ROLE_NEW_C] = (struct dsi_port){lstm->at, FUSED_OUT_C};
    } else {
        find_new_states(graph, lstm->at, order, n_order, marks, signature, &has_c, &has_h);
    }
    memset(marks, 0, graph->n_nodes * sizeof(*marks));
    if (!find_raw_logits(graph, lstm, order, n_order, marks, &signature->n_labels, &raw)) {
        status = fail_missing(DSI_ROLE_LOGITS,
                              "no reshaped product of weights follows the LSTM, the file may end "
                              "too early",
                              err);
        goto out;
    }
    find_logits(graph, raw, order, n_order, signature);
    if (!has_h || !has_c) {
        status = fail_missing(has_h ? DSI_ROLE_NEW_C : DSI_ROLE_NEW_H,
                              "no node picks it from what the LSTM gives, the file may end too "
                              "early",
                              err);
    } else if (signature->n_labels < 2 || signature->n_labels > MAX_LABELS) {
        status = dsi_fail(err, DSINFER_ERR_LIMIT, "node '%s' has %zu labels; 2 to %d are supported",
                          graph->nodes[raw].name, signature->n_labels, MAX_LABELS);
    }
out:
    dsi_free(order);
    dsi_free(marks);
    return status;
}

enum dsinfer_status dsi_signature_find(const struct dsi_graph *graph,
                                       struct dsi_signature *signature, struct dsinfer_error *err) {
    struct dsi_signature found = {0};
    enum dsinfer_status status;
    struct lstm lstm = {0};

    status = find_lstm(graph, &lstm, err);
    if (status != DSINFER_OK) {
        return status;
    }
    status = find_n_cell(graph, &lstm, &found, err);
    if (status != DSINFER_OK) {
        return status;
    }

    if (!dsi_match_placeholder(graph, lstm.x, &found.ports[DSI_ROLE_WINDOWS])) {
        return fail_missing(DSI_ROLE_WINDOWS, "no placeholder feeds the LSTM", err);
    }
    status = read_windows(&graph->nodes[found.ports[DSI_ROLE_WINDOWS].node], &found, err);
    if (status != DSINFER_OK) {
        return status;
    }
    if (!find_state(graph, lstm.h, &found.ports[DSI_ROLE_H])) {
        return fail_missing(DSI_ROLE_H,
                            "what the LSTM has as h is neither variable nor placeholder", err);
    }
    if (!find_state(graph, lstm.c, &found.ports[DSI_ROLE_C])) {
        return fail_missing(DSI_ROLE_C,
                            "what the LSTM has as c is neither variable nor placeholder", err);
    }
    read_n_streams(graph, &found);
    found.has_lengths = find_lengths(graph, &lstm, &found.ports[DSI_ROLE_LENGTHS]);

    status = find_outputs(graph, &lstm, &found, err);
    if (status == DSINFER_OK) {
        *signature = found;
    }
    return status;
}
