/* Recurrent layers of an IR as one node "Lstm" (runtime/ops/lstm.c): TensorIterator and Loop around
 * one LSTMCell, and LSTMSequence.
 *
 * Which port is which is told by what happens to it in the body, never by order or name: h and c
 * are what a back edge carries from the cell's two outputs to its second and third input. Weights
 * W [4C,I] and R [4C,C] have gates in the order f, i, c, o in rows; the node wants one matrix
 * [I+C,4C] with i, c, f, o in columns. It is put together of eight blocks that stay in the file.
 * The forget bias is in the biases already.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/ir/ir_build.h"

#include "model/ir/ir_text.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <string.h>

/* Inputs of LSTMCell; those of LSTMSequence have the lengths before W. */
enum { CELL_X, CELL_H, CELL_C, CELL_W, CELL_R, CELL_B, CELL_PEEPHOLES };
enum { SEQUENCE_LENGTHS = 3, SEQUENCE_W };

/* Outputs of the node: all h, the last h, the last c, all c. */
enum { OUT_Y, OUT_H, OUT_C, OUT_ALL_C };

#define N_GATES 4
#define MAX_CELLS 65536
#define MAX_INPUTS 1048576

/* Where the IR has the gates i, c, f, o. */
static const size_t GATES[N_GATES] = {1, 2, 0, 3};

struct lstm {
    const char *name;
    struct dsi_port x, h, c; /* [T,N,I], [N,C], [N,C] */
    struct dsi_ir_constant w, r, b;
    bool has_b, has_lengths;
    struct dsi_port lengths;
};

/* Attributes of a cell or sequence: only the usual ones. */
static enum dsinfer_status check_cell(struct dsi_ir_builder *builder,
                                      const struct dsi_ir_layer *layer) {
    static const char *const usual[] = {"sigmoid,tanh,tanh", "sigmoid, tanh, tanh"};
    const char *activations = dsi_ir_find_data(layer, "activations");
    const char *direction = dsi_ir_find_data(layer, "direction");
    const char *clip = dsi_ir_find_data(layer, "clip");
    double limit = 0.0;

    if (activations && *activations && !dsi_ir_is_equal(activations, usual[0]) &&
        !dsi_ir_is_equal(activations, usual[1])) {
        return dsi_ir_fail_unsupported(builder, layer,
                                       "has other activations than sigmoid, tanh, tanh");
    }
    if (direction && !dsi_ir_is_equal(direction, "forward")) {
        return dsi_ir_fail_unsupported(builder, layer, "does not run forward");
    }
    if (clip && (!dsi_ir_parse_float(clip, &limit) || limit > 0.0)) {
        return dsi_ir_fail_unsupported(builder, layer, "clips the sums before its gates");
    }
    return DSINFER_OK;
}

/* A weight of a sequence has a dimension more, of size 1. */
static bool drop_direction(struct dsi_ir_constant *constant, size_t rank) {
    size_t i;

    if (constant->shape.rank == rank + 1 && constant->shape.dims[0] == 1) {
        for (i = 0; i < rank; i++) {
            constant->shape.dims[i] = constant->shape.dims[i + 1];
            constant->strides[i] = constant->strides[i + 1];
        }
        constant->shape.rank = rank;
        constant->zero.axis -= constant->zero.axis > 0;
        constant->factor.axis -= constant->factor.axis > 0;
    }
    return constant->shape.rank == rank;
}

/* Finds W, R and B at inputs first … of a cell or sequence. */
static enum dsinfer_status find_weights(struct dsi_ir_builder *builder,
                                        const struct dsi_ir_scope *scope,
                                        const struct dsi_ir_layer *layer, size_t first,
                                        struct lstm *lstm) {
    char w_text[DSI_SHAPE_TEXT_SIZE], r_text[DSI_SHAPE_TEXT_SIZE];
    int64_t n_cell;

    lstm->has_b = layer->n_inputs > first + 2;
    if (!dsi_ir_find_input(scope, layer, first, &lstm->w) ||
        !dsi_ir_find_input(scope, layer, first + 1, &lstm->r) ||
        (lstm->has_b && !dsi_ir_find_input(scope, layer, first + 2, &lstm->b))) {
        return *scope->has_no_memory
                   ? dsi_fail_memory(builder->err, DSI_IR_MAX_CHANNELS)
                   : dsi_ir_fail_unsupported(builder, layer, "has weights that are no constants");
    }
    if (!drop_direction(&lstm->w, 2) || !drop_direction(&lstm->r, 2) ||
        (lstm->has_b && !drop_direction(&lstm->b, 1))) {
        return dsi_ir_fail_unsupported(builder, layer,
                                       "has weights of another number of dimensions");
    }
    n_cell = lstm->r.shape.dims[1];
    if (n_cell < 1 || n_cell > MAX_CELLS || lstm->w.shape.dims[1] < 1 ||
        lstm->w.shape.dims[1] > MAX_INPUTS || lstm->w.shape.dims[0] != N_GATES * n_cell ||
        lstm->r.shape.dims[0] != N_GATES * n_cell ||
        (lstm->has_b && lstm->b.shape.dims[0] != N_GATES * n_cell)) {
        return dsi_fail(builder->err, DSINFER_ERR_MALFORMED,
                        "layer '%s' (%s) has the weights %s and %s instead of [4C,I] and [4C,C], "
                        "or other biases than [4C]",
                        layer->name, layer->type, dsi_shape_print(&lstm->w.shape, w_text),
                        dsi_shape_print(&lstm->r.shape, r_text));
    }
    if (!lstm->w.is_float || !lstm->r.is_float || (lstm->has_b && !lstm->b.is_float)) {
        return dsi_ir_fail_unsupported(builder, layer, "has weights that are integers");
    }
    return DSINFER_OK;
}

/* [I+C,4C] of W and R. */
static enum dsinfer_status add_weights(struct dsi_ir_builder *builder, const struct lstm *lstm,
                                       struct dsi_port *out) {
    const struct dsi_ir_constant *parts[2] = {&lstm->w, &lstm->r};
    const size_t n_cell = (size_t)lstm->r.shape.dims[1];
    struct dsi_stored_block blocks[2 * N_GATES] = {0};
    size_t first_row = 0;
    struct dsi_shape shape = {.rank = 2};
    size_t i, k;

    for (i = 0; i < 2; i++) {
        const size_t n_rows = (size_t)parts[i]->shape.dims[1];

        for (k = 0; k < N_GATES; k++) {
            struct dsi_stored_block *block = &blocks[i * N_GATES + k];

            block->place = (struct dsi_rectangle){first_row, k * n_cell, n_rows, n_cell};
            if (!dsi_ir_make_block(builder, parts[i], GATES[k] * n_cell, block)) {
                return *builder->scope.has_no_memory
                           ? dsi_fail_memory(builder->err, n_cell)
                           : dsi_fail(builder->err, DSINFER_ERR_UNSUPPORTED,
                                      "the weights of layer '%s' are stored in a way that is not "
                                      "supported",
                                      lstm->name);
            }
        }
        first_row += n_rows;
    }
    shape.dims[0] = (int64_t)first_row;
    shape.dims[1] = (int64_t)(N_GATES * n_cell);
    return dsi_ir_add_stored(builder, lstm->name, &shape, blocks, 2 * N_GATES, out);
}

static enum dsinfer_status add_biases(struct dsi_ir_builder *builder, const struct lstm *lstm,
                                      struct dsi_port *out) {
    const size_t n_cell = (size_t)lstm->r.shape.dims[1];
    const int64_t dims[] = {(int64_t)(N_GATES * n_cell)};
    const struct dsi_shape shape = dsi_shape_make(1, dims);
    float *values = dsi_calloc(N_GATES * n_cell, sizeof(*values));
    enum dsinfer_status status;
    size_t i, k;

    if (!values) {
        return dsi_fail_memory(builder->err, N_GATES * n_cell * sizeof(*values));
    }
    for (k = 0; lstm->has_b && k < N_GATES; k++) {
        for (i = 0; i < n_cell; i++) {
            values[k * n_cell + i] = dsi_ir_constant_get_float(&lstm->b, GATES[k] * n_cell + i);
        }
    }
    status = dsi_ir_add_floats(builder, lstm->name, &shape, values, out);
    dsi_free(values);
    return status;
}

static enum dsinfer_status add_lstm(struct dsi_ir_builder *builder, const struct lstm *lstm,
                                    struct dsi_port *out) {
    const struct dsi_attr attr = {.name = "forget_bias", .kind = DSI_ATTR_FLOAT, .u.f = 0.0f};
    struct dsi_port inputs[6] = {lstm->x, lstm->h, lstm->c};
    enum dsinfer_status status;

    inputs[5] = lstm->lengths;
    status = dsi_ir_add_node(builder, lstm->name, "Lstm", inputs, lstm->has_lengths ? 6 : 5, out);
    if (status == DSINFER_OK) {
        status = dsi_ir_set_attrs(builder, *out, &attr, 1);
    }
    if (status == DSINFER_OK) {
        status = add_weights(builder, lstm, &inputs[3]);
    }
    if (status == DSINFER_OK) {
        status = add_biases(builder, lstm, &inputs[4]);
    }
    if (status == DSINFER_OK) {
        memcpy(builder->graph->nodes[out->node].inputs + 3, inputs + 3, 2 * sizeof(inputs[0]));
    }
    return status;
}

/* [N,T,…] as [T,N,…], or the other way round. */
static enum dsinfer_status exchange(struct dsi_ir_builder *builder, const char *name,
                                    struct dsi_port in, struct dsi_port *out) {
    static const int64_t perm[] = {1, 0, 2};

    return dsi_ir_transpose(builder, name, in, 3, perm, out);
}

/* Gives the lengths the type that the node wants. */
static enum dsinfer_status take_lengths(struct dsi_ir_builder *builder, struct dsi_port lengths,
                                        struct lstm *lstm) {
    const struct dsi_attr attr = {.name = "DstT", .kind = DSI_ATTR_TYPE, .u.i = DSI_DTYPE_I32};
    enum dsinfer_status status;

    lstm->has_lengths = true;
    status = dsi_ir_add_node(builder, lstm->name, "Cast", &lengths, 1, &lstm->lengths);
    return status == DSINFER_OK ? dsi_ir_set_attrs(builder, lstm->lengths, &attr, 1) : status;
}

/* The lengths of a sequence: none if they are all T. */
static enum dsinfer_status find_lengths(struct dsi_ir_builder *builder,
                                        const struct dsi_ir_layer *layer, struct lstm *lstm) {
    const int64_t n_steps = layer->inputs[CELL_X].shape.dims[1];
    enum dsinfer_status status;
    struct dsi_port in;

    if (dsi_ir_is_size(builder, layer, SEQUENCE_LENGTHS, n_steps)) {
        return DSINFER_OK;
    }
    if (dsi_ir_is_count(builder, layer, SEQUENCE_LENGTHS)) {
        return take_lengths(builder, builder->ports[builder->lengths][0], lstm);
    }
    status = dsi_ir_get_input(builder, layer, SEQUENCE_LENGTHS, DSI_IR_PLAIN, &in);
    return status == DSINFER_OK ? take_lengths(builder, in, lstm) : status;
}

enum dsinfer_status dsi_ir_add_sequence(struct dsi_ir_builder *builder, uint32_t index) {
    const struct dsi_ir_layer *layer = &builder->scope.net->layers[index];
    struct dsi_ir_meaning rows = {.sense = DSI_IR_ROWS,
                                  .rank = 4,
                                  .axes = {DSI_IR_N, DSI_IR_ONE, DSI_IR_T, DSI_IR_C},
                                  .state = OUT_H};
    struct dsi_port *ports = builder->ports[index];
    struct lstm lstm = {.name = layer->name};
    enum dsinfer_status status;
    struct dsi_port node, y;
    size_t i;

    if (layer->n_inputs < SEQUENCE_W + 2 || layer->n_outputs != 3 ||
        layer->inputs[CELL_X].shape.rank != 3 || layer->inputs[CELL_H].shape.rank != 3 ||
        layer->inputs[CELL_C].shape.rank != 3) {
        return dsi_fail(builder->err, DSINFER_ERR_MALFORMED,
                        "layer '%s' (LSTMSequence) has %zu inputs and %zu outputs, or not of 3 "
                        "dimensions",
                        layer->name, layer->n_inputs, layer->n_outputs);
    }
    status = check_cell(builder, layer);
    if (status == DSINFER_OK) {
        status = find_weights(builder, &builder->scope, layer, SEQUENCE_W, &lstm);
    }
    for (i = 0; status == DSINFER_OK && i < 3; i++) {
        struct dsi_port *port = i == CELL_X ? &lstm.x : i == CELL_H ? &lstm.h : &lstm.c;
        struct dsi_port in;

        status = dsi_ir_get_input(builder, layer, i, DSI_IR_PLAIN, &in);
        if (status == DSINFER_OK) {
            status = i == CELL_X ? dsi_ir_take_sequence(builder, layer, in, port)
                                 : dsi_ir_squeeze(builder, layer->name, in, 3, 1, port);
        }
    }
    if (status == DSINFER_OK) {
        status = find_lengths(builder, layer, &lstm);
    }
    if (status == DSINFER_OK) {
        status = add_lstm(builder, &lstm, &node);
    }
    if (status == DSINFER_OK) { /* [T,N,C], [N,T,C], [N,1,T,C] */
        rows.lstm = node.node;
        rows.n_steps = layer->inputs[CELL_X].shape.dims[1];
        if (!lstm.has_lengths || dsi_ir_is_count(builder, layer, SEQUENCE_LENGTHS)) {
            dsi_ir_set_meaning(builder, index, OUT_Y, &rows);
        }
        status = exchange(builder, layer->name, node, &y);
    }
    if (status == DSINFER_OK) {
        status = dsi_ir_expand(builder, layer->name, y, 3, 1, &ports[0]);
    }
    for (i = OUT_H; status == DSINFER_OK && i <= OUT_C; i++) {
        const struct dsi_port state = {node.node, (uint32_t)i};

        status = dsi_ir_expand(builder, layer->name, state, 2, 1, &ports[i]);
    }
    return status;
}

/* The loop around a cell. */
struct loop {
    struct dsi_ir_builder *builder;
    const struct dsi_ir_layer *layer;
    const struct dsi_ir_net *body;
    struct dsi_ir_scope scope; /* of the body */
    const struct dsi_ir_layer *cell;
    uint32_t cell_index;
};

static enum dsinfer_status find_cell(struct loop *loop) {
    size_t i;

    for (i = 0; i < loop->body->n_layers; i++) {
        if (!dsi_ir_is_equal(loop->body->layers[i].type, "LSTMCell")) {
            continue;
        }
        if (loop->cell) {
            return dsi_ir_fail_unsupported(loop->builder, loop->layer,
                                           "has more than one LSTMCell");
        }
        loop->cell = &loop->body->layers[i];
        loop->cell_index = (uint32_t)i;
    }
    if (!loop->cell) {
        return dsi_ir_fail_unsupported(loop->builder, loop->layer, "has no LSTMCell in its body");
    }
    if (loop->cell->n_inputs <= CELL_R || loop->cell->n_outputs != 2) {
        return dsi_fail(loop->builder->err, DSINFER_ERR_MALFORMED,
                        "layer '%s' (LSTMCell) has %zu inputs and %zu outputs", loop->cell->name,
                        loop->cell->n_inputs, loop->cell->n_outputs);
    }
    if (loop->cell->n_inputs > CELL_PEEPHOLES) {
        return dsi_ir_fail_unsupported(loop->builder, loop->cell, "has peepholes");
    }
    return check_cell(loop->builder, loop->cell);
}

/* Goes back from an input of a layer of the body past what only changes unit dimensions. */
static const struct dsi_ir_layer *skip_shapes(const struct loop *loop,
                                              const struct dsi_ir_layer *layer, size_t input,
                                              uint32_t *index, uint32_t *output) {
    size_t n;

    for (n = 0; n <= loop->body->n_layers; n++) {
        *index = layer->inputs[input].source;
        *output = layer->inputs[input].source_port;
        layer = &loop->body->layers[*index];
        if (layer->n_inputs < 1 || (!dsi_ir_is_equal(layer->type, "Squeeze") &&
                                    !dsi_ir_is_equal(layer->type, "Unsqueeze") &&
                                    !dsi_ir_is_equal(layer->type, "Reshape"))) {
            return layer;
        }
        input = 0;
    }
    return layer;
}

/* The mapping of a Parameter that an input of the cell comes from. */
static const struct dsi_ir_mapping *find_mapping(const struct loop *loop, size_t cell_input,
                                                 uint32_t *parameter) {
    uint32_t output;
    size_t i;

    (void)skip_shapes(loop, loop->cell, cell_input, parameter, &output);
    for (i = 0; i < loop->layer->n_mappings; i++) {
        if (!loop->layer->mappings[i].is_output && loop->layer->mappings[i].layer == *parameter) {
            return &loop->layer->mappings[i];
        }
    }
    return NULL;
}

/* The input of the layer that a mapping names. */
static bool find_outer(const struct loop *loop, const struct dsi_ir_mapping *mapping,
                       size_t *input) {
    size_t i;

    for (i = 0; i < loop->layer->n_inputs; i++) {
        if ((int64_t)loop->layer->inputs[i].id == mapping->port) {
            *input = i;
            return true;
        }
    }
    return false;
}

/* Every step once, forward. */
static bool is_whole(const struct dsi_ir_mapping *mapping, int64_t n_steps) {
    return mapping->is_sliced && mapping->stride == 1 && mapping->part_size == 1 &&
           mapping->start == 0 && (mapping->end == -1 || mapping->end == n_steps) &&
           (mapping->axis == 0 || mapping->axis == 1);
}

static enum dsinfer_status fail_structure(const struct loop *loop, const char *what) {
    return dsi_fail(loop->builder->err, DSINFER_ERR_UNSUPPORTED,
                    "layer '%s' (%s) does not run its LSTMCell once over every step: %s",
                    loop->layer->name, loop->layer->type, what);
}

/* x: sliced along time. */
static enum dsinfer_status find_x(const struct loop *loop, int64_t *n_steps, struct lstm *lstm) {
    uint32_t parameter;
    const struct dsi_ir_mapping *mapping = find_mapping(loop, CELL_X, &parameter);
    const struct dsi_shape *shape;
    enum dsinfer_status status;
    struct dsi_port in;
    size_t input;

    if (!mapping || !find_outer(loop, mapping, &input)) {
        return fail_structure(loop, "its x is no input");
    }
    shape = &loop->layer->inputs[input].shape;
    if (shape->rank != 3 || mapping->axis < 0 || mapping->axis > 1) {
        return fail_structure(loop, "its x has not 3 dimensions");
    }
    *n_steps = shape->dims[mapping->axis];
    if (!is_whole(mapping, *n_steps)) {
        return fail_structure(loop, "its x is cut otherwise");
    }
    status = dsi_ir_get_input(loop->builder, loop->layer, input, DSI_IR_PLAIN, &in);
    if (status == DSINFER_OK && mapping->axis == 1) {
        return exchange(loop->builder, loop->layer->name, in, &lstm->x);
    }
    lstm->x = in;
    return status;
}

/* h or c: given at the beginning, then carried by a back edge from that output of the cell. */
static enum dsinfer_status find_state(const struct loop *loop, size_t cell_input,
                                      uint32_t cell_output, struct dsi_port *out) {
    uint32_t parameter, from = 0, output = 0;
    const struct dsi_ir_mapping *mapping = find_mapping(loop, cell_input, &parameter);
    bool is_carried = false;
    size_t i, input;

    if (!mapping || mapping->is_sliced || !find_outer(loop, mapping, &input) ||
        loop->layer->inputs[input].shape.rank != 2) {
        return fail_structure(loop, "a state is no input of 2 dimensions");
    }
    for (i = 0; i < loop->layer->n_back_edges; i++) {
        const struct dsi_ir_back_edge *edge = &loop->layer->back_edges[i];
        const struct dsi_ir_layer *result = &loop->body->layers[edge->from];

        if (edge->to == parameter && result->n_inputs == 1) {
            (void)skip_shapes(loop, result, 0, &from, &output);
            is_carried = from == loop->cell_index && output == cell_output;
        }
    }
    if (!is_carried) {
        return fail_structure(loop, "a state is not carried from step to step");
    }
    return dsi_ir_get_input(loop->builder, loop->layer, input, DSI_IR_PLAIN, out);
}

/* A Loop counts its iterations: up to T or the longest length. */
static enum dsinfer_status find_count(const struct loop *loop, int64_t n_steps, struct lstm *lstm) {
    int64_t count[1] = {-1};
    size_t n;

    if (!dsi_ir_is_equal(loop->layer->type, "Loop")) {
        return DSINFER_OK;
    }
    if (dsi_ir_is_count(loop->builder, loop->layer, 0)) {
        return take_lengths(loop->builder, loop->builder->ports[loop->builder->lengths][0], lstm);
    }
    if (!dsi_ir_get_input_ints(&loop->builder->scope, loop->layer, 0, 1, count, &n) || n != 1 ||
        (count[0] >= 0 && count[0] != n_steps)) {
        return dsi_ir_fail_unsupported(
            loop->builder, loop->layer,
            "counts neither to the number of time steps nor to the sequence "
            "lengths");
    }
    return DSINFER_OK;
}

/* The conditions of a Loop must always hold. */
static enum dsinfer_status check_conditions(const struct loop *loop) {
    int64_t condition[1] = {1};
    uint32_t index = 0, output = 0;
    struct dsi_ir_constant constant;
    size_t n, i;

    if (!dsi_ir_is_equal(loop->layer->type, "Loop")) {
        return DSINFER_OK;
    }
    if (!dsi_ir_get_input_ints(&loop->builder->scope, loop->layer, 1, 1, condition, &n) || n != 1 ||
        condition[0] != 1) {
        return fail_structure(loop, "it may stop before");
    }
    for (i = 0; i < loop->layer->n_mappings; i++) {
        const struct dsi_ir_mapping *mapping = &loop->layer->mappings[i];
        const struct dsi_ir_layer *result = &loop->body->layers[mapping->layer];

        if (mapping->is_output && dsi_ir_is_equal(mapping->purpose, "execution_condition")) {
            (void)skip_shapes(loop, result, 0, &index, &output);
            if (!dsi_ir_find_constant(&loop->scope, index, output, &constant) ||
                constant.is_float || dsi_ir_constant_count(&constant) != 1 ||
                dsi_ir_constant_get_int(&constant, 0) != 1) {
                return fail_structure(loop, "it may stop before");
            }
        }
    }
    return DSINFER_OK;
}

/* Says that an output is all h or all c, as far as the loop goes. */
static void set_rows(const struct loop *loop, const struct dsi_ir_port *port, int64_t axis,
                     int64_t n_steps, uint32_t node, uint8_t state) {
    const struct dsi_ir_net *net = loop->builder->scope.net;
    const bool is_cut = loop->builder->graph->nodes[node].n_inputs > DSI_IR_LSTM_LENGTHS;
    struct dsi_ir_meaning rows = {.sense = is_cut ? DSI_IR_CUT_ROWS : DSI_IR_ROWS,
                                  .rank = 3,
                                  .axes = {DSI_IR_T, DSI_IR_N, DSI_IR_C},
                                  .state = state,
                                  .lstm = node,
                                  .n_steps = n_steps};

    if (axis == 1) {
        rows.axes[0] = DSI_IR_N;
        rows.axes[1] = DSI_IR_T;
    }
    dsi_ir_set_meaning(loop->builder, (uint32_t)(loop->layer - net->layers),
                       (size_t)(port - loop->layer->outputs), &rows);
}

/* What an output of the layer is: all h, all c, the last h or the last c. */
static enum dsinfer_status find_output(const struct loop *loop, struct dsi_port node,
                                       int64_t n_steps, const struct dsi_ir_port *port,
                                       struct dsi_port *out) {
    const struct dsi_ir_mapping *mapping = NULL;
    uint32_t index = 0, output = 0;
    size_t i;

    for (i = 0; i < loop->layer->n_mappings; i++) {
        if (loop->layer->mappings[i].is_output &&
            loop->layer->mappings[i].port == (int64_t)port->id) {
            mapping = &loop->layer->mappings[i];
        }
    }
    if (!mapping || loop->body->layers[mapping->layer].n_inputs != 1) {
        return fail_structure(loop, "an output is no result of the body");
    }
    (void)skip_shapes(loop, &loop->body->layers[mapping->layer], 0, &index, &output);
    if (index != loop->cell_index || output > 1 ||
        (mapping->is_sliced ? !is_whole(mapping, n_steps) || port->shape.rank != 3
                            : port->shape.rank != 2)) {
        return fail_structure(loop, "an output is no state of the cell");
    }
    *out = (struct dsi_port){node.node, mapping->is_sliced ? (output ? OUT_ALL_C : OUT_Y)
                                                           : (output ? OUT_C : OUT_H)};
    if (mapping->is_sliced) {
        set_rows(loop, port, mapping->axis, n_steps, node.node, output ? OUT_C : OUT_H);
    }
    if (mapping->is_sliced && mapping->axis == 1) {
        return exchange(loop->builder, loop->layer->name, *out, out);
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_ir_add_loop(struct dsi_ir_builder *builder, uint32_t index) {
    const struct dsi_ir_layer *layer = &builder->scope.net->layers[index];
    struct loop loop = {.builder = builder, .layer = layer, .body = layer->body};
    struct lstm lstm = {.name = layer->name};
    struct dsi_port node = {0};
    enum dsinfer_status status;
    int64_t n_steps = -1;
    size_t i;

    if (!loop.body) {
        return dsi_fail(builder->err, DSINFER_ERR_MALFORMED, "layer '%s' (%s) has no body",
                        layer->name, layer->type);
    }
    loop.scope = builder->scope;
    loop.scope.net = layer->body;
    loop.scope.owner = layer;
    loop.scope.outer = &builder->scope;
    status = find_cell(&loop);
    if (status == DSINFER_OK) {
        status = find_weights(builder, &loop.scope, loop.cell, CELL_W, &lstm);
    }
    if (status == DSINFER_OK) {
        status = find_x(&loop, &n_steps, &lstm);
    }
    if (status == DSINFER_OK) {
        status = find_state(&loop, CELL_H, 0, &lstm.h);
    }
    if (status == DSINFER_OK) {
        status = find_state(&loop, CELL_C, 1, &lstm.c);
    }
    if (status == DSINFER_OK) {
        status = find_count(&loop, n_steps, &lstm);
    }
    if (status == DSINFER_OK) {
        status = check_conditions(&loop);
    }
    if (status == DSINFER_OK) {
        status = add_lstm(builder, &lstm, &node);
    }
    for (i = 0; status == DSINFER_OK && i < layer->n_outputs; i++) {
        status = find_output(&loop, node, n_steps, &layer->outputs[i], &builder->ports[index][i]);
    }
    return status;
}
