/* A BlockLSTM with everything that upstream's cell puts around it, as one node.
 *
 * With sequence lengths the file computes
 *     cs, hs = BlockLSTM(max(lengths), x, c, h, …)       rows from the longest length on are zero
 *     y      = hs · tile(transpose(range(T) < lengths))  rows from each stream's length on are zero
 *     new_c  = rows `lengths` of [c; cs]                 picked by GatherNd, or by Gather from the
 *     new_h  = rows `lengths` of [h; y]                  same flattened
 * and without them y = hs, new_c = cs[-1], new_h = hs[-1]. Both are what one Lstm with lengths
 * gives (T where there are none). Every part of this is checked here; what differs anywhere is not
 * fused. Lengths frozen to T count as none: by then they are constants. Where a reader has made an
 * Lstm already, only the lengths are added.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/convert/convert.h"

#include "model/match.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <math.h>
#include <string.h>

enum { IN_WINDOWS, IN_H, IN_C, IN_LENGTHS }; /* graph inputs */
enum { OUT_LOGITS, OUT_NEW_H, OUT_NEW_C };   /* graph outputs */
enum { LSTM_LENGTH, LSTM_X, LSTM_C, LSTM_H, LSTM_W, LSTM_WCI, LSTM_B = 8, LSTM_N_INPUTS };
enum { LSTM_OUT_C = 1, LSTM_OUT_H = 6 };
enum { FUSED_X, FUSED_H, FUSED_C, FUSED_W, FUSED_B, FUSED_LENGTHS }; /* inputs of an Lstm */

/* Weights below this are zero to an LSTM in float32: the `rounded` files turn zero peepholes into
 * 2.3e-41, the middle of the first of 256 steps from 0 to the smallest normal number. */
#define PRACTICALLY_ZERO 1e-30f

struct match {
    const struct dsi_graph *graph;
    const struct dsi_node *lstm;
    uint32_t at; /* of it */
    int64_t n_streams, n_steps, n_cell;
    bool has_lengths;
    struct dsi_port lengths;
    bool is_masked;
    uint32_t mask; /* the Mul, where the output is masked */
    uint32_t new_h, new_c;
};

static bool is_port(const struct match *m, struct dsi_port port, uint32_t node, uint32_t output) {
    return dsi_port_is_equal(dsi_match_source(m->graph, port), (struct dsi_port){node, output});
}

static bool is_lengths(const struct match *m, struct dsi_port port) {
    return m->has_lengths && is_port(m, port, m->lengths.node, m->lengths.output);
}

/* The value behind casts between integer types. */
static struct dsi_port skip_cast(const struct match *m, struct dsi_port port) {
    const struct dsi_node *cast = dsi_match_op(m->graph, port, "Cast", 1);

    return cast ? cast->inputs[0] : port;
}

/* An integer constant whose elements are 0, 1, … n - 1. */
static bool is_range(const struct match *m, struct dsi_port port, int64_t n) {
    const struct dsi_tensor *constant = dsi_match_constant(m->graph, port);
    int64_t i;

    if (!constant || constant->shape.rank != 1 || constant->shape.dims[0] != n ||
        (constant->dtype != DSI_DTYPE_I32 && constant->dtype != DSI_DTYPE_I64)) {
        return false;
    }
    for (i = 0; i < n; i++) {
        if (dsi_tensor_get_int(constant, (size_t)i) != i) {
            return false;
        }
    }
    return true;
}

static bool is_int(const struct match *m, struct dsi_port port, int64_t value) {
    int64_t found;

    return dsi_match_int(m->graph, port, &found) && found == value;
}

/* seq_len_max: Max over the lengths, or T. */
static bool match_length(const struct match *m) {
    const struct dsi_port port = skip_cast(m, m->lstm->inputs[LSTM_LENGTH]);
    const struct dsi_node *max;

    if (!m->has_lengths) {
        return is_int(m, port, m->n_steps);
    }
    max = dsi_match_op(m->graph, port, "Max", 2);
    return max && is_lengths(m, max->inputs[0]) && is_int(m, max->inputs[1], 0);
}

/* Weights, bias and the states; peepholes must be zero where the node uses them. */
static bool match_operands(const struct match *m) {
    const struct dsi_tensor *b = dsi_match_constant(m->graph, m->lstm->inputs[LSTM_B]);
    size_t count;
    size_t i;
    size_t k;

    if (!b || b->dtype != DSI_DTYPE_F32 || b->shape.rank != 1 ||
        b->shape.dims[0] != 4 * m->n_cell ||
        !is_port(m, m->lstm->inputs[LSTM_H], m->graph->inputs[IN_H].port.node, 0) ||
        !is_port(m, m->lstm->inputs[LSTM_C], m->graph->inputs[IN_C].port.node, 0)) {
        return false;
    }
    for (i = LSTM_WCI; i < LSTM_B && dsi_node_get_bool(m->lstm, "use_peephole", false); i++) {
        const struct dsi_tensor *peephole = dsi_match_constant(m->graph, m->lstm->inputs[i]);

        if (!peephole || peephole->dtype != DSI_DTYPE_F32 ||
            !dsi_shape_count(&peephole->shape, &count)) {
            return false;
        }
        for (k = 0; k < count; k++) {
            if (!(fabsf(dsi_tensor_get_float(peephole, k)) < PRACTICALLY_ZERO)) {
                return false;
            }
        }
    }
    return true;
}

/* Tile(ExpandDims(Transpose(Cast(range(T) < ExpandDims(lengths, -1))), -1), [1,1,C]) */
static bool is_mask(const struct match *m, struct dsi_port port) {
    const int64_t multiples[] = {1, 1, m->n_cell};
    const int64_t perm[] = {1, 0};
    const struct dsi_node *tile = dsi_match_op(m->graph, port, "Tile", 2);
    const struct dsi_node *expand;
    const struct dsi_node *transpose;
    const struct dsi_node *less;

    if (!tile || !dsi_match_ints(m->graph, tile->inputs[1], multiples, 3)) {
        return false;
    }
    expand = dsi_match_op(m->graph, tile->inputs[0], "ExpandDims", 2);
    if (!expand || (!is_int(m, expand->inputs[1], -1) && !is_int(m, expand->inputs[1], 2))) {
        return false;
    }
    transpose = dsi_match_op(m->graph, expand->inputs[0], "Transpose", 2);
    if (!transpose || !dsi_match_ints(m->graph, transpose->inputs[1], perm, 2)) {
        return false;
    }
    less = dsi_match_op(m->graph, skip_cast(m, transpose->inputs[0]), "Less", 2);
    if (!less || !is_range(m, less->inputs[0], m->n_steps)) {
        return false;
    }
    expand = dsi_match_op(m->graph, skip_cast(m, less->inputs[1]), "ExpandDims", 2);
    return expand && is_lengths(m, expand->inputs[0]) &&
           (is_int(m, expand->inputs[1], -1) || is_int(m, expand->inputs[1], 1));
}

/* The same when the lengths are frozen to T: all ones. */
static bool is_mask_of_ones(const struct match *m, struct dsi_port port) {
    const struct dsi_tensor *ones = dsi_match_constant(m->graph, port);
    const int64_t dims[] = {m->n_steps, m->n_streams, m->n_cell};
    const struct dsi_shape shape = dsi_shape_make(3, dims);
    size_t count;
    size_t i;

    if (!ones || ones->dtype != DSI_DTYPE_F32 || !dsi_shape_is_equal(&ones->shape, &shape) ||
        !dsi_shape_count(&shape, &count)) {
        return false;
    }
    for (i = 0; i < count; i++) {
        if (dsi_tensor_get_float(ones, i) != 1.0f) {
            return false;
        }
    }
    return true;
}

/* Finds the Mul that masks h. Whether h is masked or not, nothing else may read h then. */
static bool match_output(struct match *m) {
    size_t n_readers = 0;
    size_t i;
    size_t k;

    for (i = 0; i < m->graph->n_nodes; i++) {
        const struct dsi_node *node = &m->graph->nodes[i];

        for (k = 0; k < node->n_inputs; k++) {
            if (node->inputs[k].node != m->at) {
                continue;
            }
            if (node->inputs[k].output != LSTM_OUT_H) {
                if (node->inputs[k].output != LSTM_OUT_C) {
                    return false;
                }
                continue;
            }
            n_readers++;
            if (dsi_node_is_op(node, "Mul") && node->n_inputs == 2) {
                m->is_masked = true;
                m->mask = (uint32_t)i;
            }
        }
    }
    if (!m->is_masked) {
        return !m->has_lengths;
    }
    for (k = 0; k < 2; k++) {
        const struct dsi_node *mul = &m->graph->nodes[m->mask];

        if (mul->inputs[k].node == m->at) {
            return n_readers == 1 && (m->has_lengths ? is_mask(m, mul->inputs[1 - k])
                                                     : is_mask_of_ones(m, mul->inputs[1 - k]));
        }
    }
    return false;
}

/* [initial; rows] along time. */
static bool is_history(const struct match *m, struct dsi_port port, struct dsi_port initial,
                       struct dsi_port rows) {
    const struct dsi_node *concat = dsi_match_op(m->graph, port, "ConcatV2", 3);
    const struct dsi_node *expand;

    if (!concat || concat->n_inputs != 3 || !is_int(m, concat->inputs[2], 0) ||
        !is_port(m, concat->inputs[1], rows.node, rows.output)) {
        return false;
    }
    expand = dsi_match_op(m->graph, concat->inputs[0], "ExpandDims", 2);
    return expand && is_int(m, expand->inputs[1], 0) &&
           is_port(m, expand->inputs[0], initial.node, initial.output);
}

/* Frozen lengths: an integer constant with elements base + step · stream. */
static bool is_frozen_index(const struct match *m, struct dsi_port port, bool is_pair) {
    const struct dsi_tensor *index = dsi_match_constant(m->graph, port);
    const size_t n = (size_t)m->n_streams;
    size_t count;
    size_t i;

    if (!index || (index->dtype != DSI_DTYPE_I32 && index->dtype != DSI_DTYPE_I64) ||
        !dsi_shape_count(&index->shape, &count) || count != (is_pair ? 2 * n : n)) {
        return false;
    }
    for (i = 0; i < n; i++) {
        if (is_pair ? dsi_tensor_get_int(index, 2 * i) != m->n_steps ||
                          dsi_tensor_get_int(index, 2 * i + 1) != (int64_t)i
                    : dsi_tensor_get_int(index, i) != m->n_steps * m->n_streams + (int64_t)i) {
            return false;
        }
    }
    return true;
}

/* Pack([lengths, range(N)], axis 1) */
static bool is_pair_index(const struct match *m, struct dsi_port port) {
    const struct dsi_node *pack = dsi_match_op(m->graph, port, "Pack", 2);

    if (!m->has_lengths) {
        return is_frozen_index(m, port, true);
    }
    return pack && pack->n_inputs == 2 && dsi_node_get_int(pack, "axis", 0) == 1 &&
           is_lengths(m, skip_cast(m, pack->inputs[0])) &&
           is_range(m, skip_cast(m, pack->inputs[1]), m->n_streams);
}

/* lengths · N + range(N) */
static bool is_flat_index(const struct match *m, struct dsi_port port) {
    const struct dsi_node *add = dsi_match_op(m->graph, port, "Add", 2);
    const struct dsi_node *mul;
    struct dsi_port constant;
    struct dsi_port other;

    if (!m->has_lengths) {
        return is_frozen_index(m, port, false);
    }
    if (!add || !dsi_match_constant_operand(m->graph, add, &constant, &other) ||
        !is_range(m, constant, m->n_streams)) {
        return false;
    }
    mul = dsi_match_op(m->graph, other, "Mul", 2);
    return mul && dsi_match_constant_operand(m->graph, mul, &constant, &other) &&
           is_int(m, constant, m->n_streams) && is_lengths(m, other);
}

/* Whether a node is rows[-1]. */
static bool is_last_row(const struct match *m, const struct dsi_node *node, struct dsi_port rows) {
    return dsi_node_is_op(node, "StridedSlice") && node->n_inputs == 4 && !m->has_lengths &&
           is_port(m, node->inputs[0], rows.node, rows.output) &&
           (is_int(m, node->inputs[1], -1) || is_int(m, node->inputs[1], m->n_steps - 1)) &&
           is_int(m, node->inputs[3], 1) && dsi_node_get_int(node, "shrink_axis_mask", 0) == 1 &&
           dsi_node_get_int(node, "begin_mask", 0) == 0 &&
           dsi_node_get_int(node, "new_axis_mask", 0) == 0 &&
           dsi_node_get_int(node, "ellipsis_mask", 0) == 0;
}

/* A new state: its row `lengths`, counted from the initial state in front. */
static bool match_new_state(const struct match *m, size_t graph_output, size_t graph_input,
                            struct dsi_port rows, uint32_t *out) {
    const struct dsi_port initial = m->graph->inputs[graph_input].port;
    const struct dsi_port port = dsi_match_source(m->graph, m->graph->outputs[graph_output].port);
    const struct dsi_node *node = &m->graph->nodes[port.node];
    const struct dsi_node *flat;
    const int64_t flat_dims[] = {-1, m->n_cell};

    *out = port.node;
    if (port.output != 0 || is_last_row(m, node, rows)) {
        return port.output == 0;
    }
    if (dsi_node_is_op(node, "GatherNd") && node->n_inputs == 2) {
        return is_history(m, node->inputs[0], initial, rows) && is_pair_index(m, node->inputs[1]);
    }
    if ((dsi_node_is_op(node, "Gather") && node->n_inputs == 2) ||
        (dsi_node_is_op(node, "GatherV2") && node->n_inputs == 3 &&
         is_int(m, node->inputs[2], 0))) {
        flat = dsi_match_op(m->graph, node->inputs[0], "Reshape", 2);
        return flat && dsi_match_ints(m->graph, flat->inputs[1], flat_dims, 2) &&
               is_history(m, flat->inputs[0], initial, rows) && is_flat_index(m, node->inputs[1]);
    }
    return false;
}

/* An Lstm that the file's reader has made: it needs nothing but its lengths. */
static bool match_fused(struct match *m) {
    const struct dsi_graph *graph = m->graph;
    const struct dsi_tensor *constant;
    struct dsi_port lengths;
    size_t count;
    size_t i;

    m->has_lengths = graph->n_inputs > IN_LENGTHS;
    if (graph->n_inputs < IN_LENGTHS || m->lstm->n_inputs < FUSED_LENGTHS ||
        !is_port(m, m->lstm->inputs[FUSED_H], graph->inputs[IN_H].port.node, 0) ||
        !is_port(m, m->lstm->inputs[FUSED_C], graph->inputs[IN_C].port.node, 0)) {
        return false;
    }
    for (i = OUT_NEW_H; i <= OUT_NEW_C; i++) {
        if (!is_port(m, graph->outputs[i].port, m->at, (uint32_t)i)) {
            return false;
        }
    }
    if (m->lstm->n_inputs == FUSED_LENGTHS) {
        return !m->has_lengths;
    }
    lengths = skip_cast(m, m->lstm->inputs[FUSED_LENGTHS]);
    if (m->has_lengths) {
        m->lengths = graph->inputs[IN_LENGTHS].port;
        return is_lengths(m, lengths);
    }
    constant = dsi_match_constant(graph, lengths);
    if (!constant || (constant->dtype != DSI_DTYPE_I32 && constant->dtype != DSI_DTYPE_I64) ||
        !dsi_shape_count(&constant->shape, &count)) {
        return false;
    }
    for (i = 0; i < count; i++) {
        if (dsi_tensor_get_int(constant, i) != m->n_steps) {
            return false;
        }
    }
    return true;
}

/* Finds the one BlockLSTM, or Lstm, and what stands around it. */
static bool match_all(struct match *m) {
    const struct dsi_tensor *w;
    struct dsi_port rows;
    size_t i;

    for (i = 0; i < m->graph->n_nodes; i++) {
        if (dsi_node_is_op(&m->graph->nodes[i], "BlockLSTM") ||
            dsi_node_is_op(&m->graph->nodes[i], "Lstm")) {
            m->at = (uint32_t)i;
            m->lstm = &m->graph->nodes[i];
        }
    }
    if (m->lstm && dsi_node_is_op(m->lstm, "Lstm")) {
        return match_fused(m);
    }
    if (!m->lstm || m->lstm->n_inputs != LSTM_N_INPUTS || m->graph->n_inputs < IN_LENGTHS) {
        return false;
    }
    w = dsi_match_constant(m->graph, m->lstm->inputs[LSTM_W]);
    if (!w || w->dtype != DSI_DTYPE_F32 || w->shape.rank != 2) {
        return false;
    }
    m->n_cell = w->shape.dims[1] / 4;
    m->has_lengths = m->graph->n_inputs > IN_LENGTHS;
    if (m->has_lengths) {
        m->lengths = m->graph->inputs[IN_LENGTHS].port;
    }
    if (!match_length(m) || !match_operands(m) || !match_output(m)) {
        return false;
    }
    rows = m->is_masked ? (struct dsi_port){m->mask, 0} : (struct dsi_port){m->at, LSTM_OUT_H};
    return match_new_state(m, OUT_NEW_H, IN_H, rows, &m->new_h) &&
           match_new_state(m, OUT_NEW_C, IN_C, (struct dsi_port){m->at, LSTM_OUT_C}, &m->new_c);
}

/* Appends the graph input that the file does not have. */
static enum dsinfer_status add_lengths(struct dsi_graph *graph, struct match *m,
                                       struct dsinfer_error *err) {
    const struct dsi_shape shape = dsi_shape_make(1, (const int64_t[]){-1});
    struct dsi_graph_port inputs[IN_LENGTHS + 1];
    enum dsinfer_status status;

    status = dsi_convert_add_placeholder(graph, "lengths:0", DSI_DTYPE_I32, &shape,
                                         &m->lengths.node, err);
    if (status != DSINFER_OK) {
        return status;
    }
    memcpy(inputs, graph->inputs, IN_LENGTHS * sizeof(inputs[0]));
    inputs[IN_LENGTHS].name = dsi_role_names[DSI_ROLE_LENGTHS];
    inputs[IN_LENGTHS].port = m->lengths;
    return dsi_graph_set_inputs(graph, inputs, IN_LENGTHS + 1, err);
}

/* Gives an Lstm the lengths. */
static enum dsinfer_status complete(struct dsi_graph *graph, const struct match *m,
                                    struct dsinfer_error *err) {
    const struct dsi_node *lstm = &graph->nodes[m->at];
    struct dsi_port inputs[FUSED_LENGTHS + 1];

    memcpy(inputs, lstm->inputs, FUSED_LENGTHS * sizeof(inputs[0]));
    inputs[FUSED_LENGTHS] = m->lengths;
    return dsi_convert_replace(graph, m->at, "Lstm", inputs, FUSED_LENGTHS + 1, lstm->attrs,
                               lstm->n_attrs, err);
}

static enum dsinfer_status replace(struct dsi_graph *graph, const struct match *m,
                                   struct dsinfer_error *err) {
    const struct dsi_node *lstm = &graph->nodes[m->at];
    const struct dsi_port inputs[] = {lstm->inputs[LSTM_X], lstm->inputs[LSTM_H],
                                      lstm->inputs[LSTM_C], lstm->inputs[LSTM_W],
                                      lstm->inputs[LSTM_B], m->lengths};
    const struct dsi_attr attrs[] = {
        {.name = "forget_bias",
         .kind = DSI_ATTR_FLOAT,
         .u.f = dsi_node_get_float(lstm, "forget_bias", 1.0f)},
        {.name = "cell_clip",
         .kind = DSI_ATTR_FLOAT,
         .u.f = dsi_node_get_float(lstm, "cell_clip", 3.0f)}, /* TensorFlow's when absent */
    };
    const uint32_t nodes[] = {m->mask, m->new_h, m->new_c};
    enum dsinfer_status status = DSINFER_OK;
    uint32_t i;

    /* The nodes that gave the results stay under their names and pass them on. */
    for (i = m->is_masked ? 0 : 1; status == DSINFER_OK && i < 3; i++) {
        const struct dsi_port output = {m->at, i};

        status = dsi_convert_replace(graph, nodes[i], "Identity", &output, 1, NULL, 0, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_convert_replace(graph, m->at, "Lstm", inputs, 6, attrs, 2, err);
    }
    if (status == DSINFER_OK && !m->is_masked) {
        dsi_convert_redirect(graph, (struct dsi_port){m->at, LSTM_OUT_H},
                             (struct dsi_port){m->at, 0});
    }
    return status;
}

enum dsinfer_status dsi_convert_fuse_lstm(struct dsi_graph *graph,
                                          const struct dsi_convert_sizes *sizes, bool *is_fused,
                                          struct dsinfer_error *err) {
    struct match m = {.graph = graph, .n_streams = sizes->n_streams, .n_steps = sizes->n_steps};
    enum dsinfer_status status = DSINFER_OK;

    *is_fused = match_all(&m);
    if (!*is_fused) {
        return DSINFER_OK;
    }
    if (!m.has_lengths) {
        status = add_lengths(graph, &m, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_node_is_op(&graph->nodes[m.at], "Lstm") ? complete(graph, &m, err)
                                                             : replace(graph, &m, err);
    }
    return status == DSINFER_OK ? dsi_convert_prune(graph, err) : status;
}
