/* Following sequence lengths through the layers of an IR: a rule for each type of layer.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/ir/ir_lengths.h"

#include "model/ir/ir_build.h"
#include "model/ir/ir_text.h"

#include <string.h>

static const struct dsi_ir_meaning *get_meaning(const struct dsi_ir_builder *builder,
                                                const struct dsi_ir_layer *layer, size_t input) {
    static const struct dsi_ir_meaning unknown = {.sense = DSI_IR_UNKNOWN};
    const struct dsi_ir_port *port = &layer->inputs[input];

    return input < layer->n_inputs ? &builder->meanings[port->source][port->source_port] : &unknown;
}

void dsi_ir_set_meaning(struct dsi_ir_builder *builder, uint32_t layer, size_t output,
                        const struct dsi_ir_meaning *meaning) {
    builder->meanings[layer][output] = *meaning;
}

bool dsi_ir_is_count(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                     size_t input) {
    const uint8_t sense = get_meaning(builder, layer, input)->sense;

    return sense == DSI_IR_LENGTHS || sense == DSI_IR_LONGEST;
}

/* True if the axes of a value are all known. */
static bool has_axes(const struct dsi_ir_meaning *meaning) {
    return meaning->sense == DSI_IR_LENGTHS || meaning->sense == DSI_IR_ZEROS ||
           meaning->sense == DSI_IR_MASK || meaning->sense == DSI_IR_CUT_ROWS ||
           meaning->sense == DSI_IR_ROWS || meaning->sense == DSI_IR_HISTORY;
}

static bool are_axes(const struct dsi_ir_meaning *meaning, size_t rank, const uint8_t *axes) {
    return meaning->rank == rank && memcmp(meaning->axes, axes, rank) == 0;
}

/* Constant integers, at most DSI_MAX_RANK. */
static bool find_ints(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                      size_t input, int64_t *values, size_t *n) {
    return dsi_ir_get_input_ints(&builder->scope, layer, input, DSI_MAX_RANK, values, n);
}

/* True if an input is the numbers 0, 1, … n - 1, and n is what is asked for, if that is not 0. */
static bool find_range(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                       size_t input, int64_t *n) {
    struct dsi_ir_constant range;
    int64_t count, i;

    if (!dsi_ir_find_input(&builder->scope, layer, input, &range) || range.is_float) {
        return false;
    }
    count = (int64_t)dsi_ir_constant_count(&range);
    for (i = 0; i < count && dsi_ir_constant_get_int(&range, (size_t)i) == i; i++) {
    }
    if (count == 0 || i < count || (*n && *n != count)) {
        return false;
    }
    *n = count;
    return true;
}

/* True if a StridedSlice takes its bounds as they are. */
static bool has_bounds(const struct dsi_ir_layer *slice) {
    static const char *const names[] = {"begin_mask", "end_mask", "new_axis_mask", "ellipsis_mask"};
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *text = dsi_ir_find_data(slice, names[i]);

        if (text && text[strspn(text, "0, ")] != '\0') {
            return false;
        }
    }
    return true;
}

/* One dimension of what a ShapeOf reads, as declared, picked by a constant index. */
static bool find_dim(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *pick,
                     int64_t *size) {
    const bool is_slice = dsi_ir_is_equal(pick->type, "StridedSlice");
    int64_t first[DSI_MAX_RANK], other[DSI_MAX_RANK];
    const struct dsi_ir_layer *shape;
    size_t n, k;

    if ((!is_slice && !dsi_ir_is_equal(pick->type, "Gather")) || pick->n_inputs < 3 ||
        !find_ints(builder, pick, 1, first, &n) || n != 1 ||
        !find_ints(builder, pick, 2, other, &k) || k != 1) {
        return false;
    }
    if (is_slice ? !has_bounds(pick) || other[0] != first[0] + 1 : other[0] != 0) {
        return false;
    }
    shape = &builder->scope.net->layers[pick->inputs[0].source];
    if (!dsi_ir_is_equal(shape->type, "ShapeOf") || shape->n_inputs != 1 || first[0] < 0 ||
        first[0] >= (int64_t)shape->inputs[0].shape.rank) {
        return false;
    }
    *size = shape->inputs[0].shape.dims[first[0]];
    return *size > 0;
}

/* A number of streams or steps, once or all over: constant, or from the shape of a value. */
static bool find_size(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                      size_t input, int64_t *size) {
    struct dsi_ir_constant constant;
    size_t n, i;

    if (!dsi_ir_find_input(&builder->scope, layer, input, &constant)) {
        return find_dim(builder, &builder->scope.net->layers[layer->inputs[input].source], size);
    }
    n = dsi_ir_constant_count(&constant);
    if (constant.is_float || n == 0) {
        return false;
    }
    *size = dsi_ir_constant_get_int(&constant, 0);
    for (i = 1; i < n && dsi_ir_constant_get_int(&constant, i) == *size; i++) {
    }
    return i == n || n == 1;
}

bool dsi_ir_is_size(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                    size_t input, int64_t size) {
    static const char *const passing[] = {"Broadcast", "Convert", "Unsqueeze", "Squeeze",
                                          "Reshape"};
    const struct dsi_ir_net *net = builder->scope.net;
    const struct dsi_ir_layer *source = layer;
    int64_t found;
    size_t n, i;

    for (n = 0; n < net->n_layers; n++) {
        if (find_size(builder, source, input, &found)) {
            return found == size;
        }
        source = &net->layers[source->inputs[input].source];
        for (i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
            if (dsi_ir_is_equal(source->type, passing[i])) {
                break;
            }
        }
        if (i == sizeof(passing) / sizeof(passing[0]) || source->n_inputs < 1) {
            return false;
        }
        input = 0;
    }
    return false;
}

/* The lengths: the one input of whole numbers in a row. */
static bool mean_parameter(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                           struct dsi_ir_meaning *out) {
    const char *type = dsi_ir_find_data(layer, "element_type");
    const enum dsi_dtype dtype = type ? dsi_ir_get_dtype(type) : DSI_DTYPE_NONE;

    if ((dtype != DSI_DTYPE_I32 && dtype != DSI_DTYPE_I64) || layer->outputs[0].shape.rank != 1 ||
        builder->lengths != DSI_IR_NONE) {
        return false;
    }
    *out = (struct dsi_ir_meaning){.sense = DSI_IR_LENGTHS, .rank = 1, .axes = {DSI_IR_N}};
    return true;
}

static bool mean_convert(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                         struct dsi_ir_meaning *out) {
    const char *type = dsi_ir_find_data(layer, "destination_type");
    const enum dsi_dtype dtype = type ? dsi_ir_get_dtype(type) : DSI_DTYPE_NONE;

    *out = *get_meaning(builder, layer, 0);
    if (out->sense == DSI_IR_MASK) {
        return dtype == DSI_DTYPE_F32;
    }
    return out->sense <= DSI_IR_REST && (dtype == DSI_DTYPE_I32 || dtype == DSI_DTYPE_I64);
}

static bool mean_transpose(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                           struct dsi_ir_meaning *out) {
    const struct dsi_ir_meaning *in = get_meaning(builder, layer, 0);
    int64_t perm[DSI_MAX_RANK];
    size_t n, i;

    if (!has_axes(in) || !find_ints(builder, layer, 1, perm, &n) || n != in->rank) {
        return false;
    }
    *out = *in;
    for (i = 0; i < n; i++) {
        if (perm[i] < 0 || perm[i] >= (int64_t)n) {
            return false;
        }
        out->axes[i] = in->axes[perm[i]];
    }
    return true;
}

/* Marks axes that a Squeeze or Unsqueeze names; `rank` is that of the larger side. */
static bool mark_axes(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                      size_t rank, bool *is_marked) {
    int64_t axes[DSI_MAX_RANK];
    size_t n, i;

    memset(is_marked, 0, DSI_MAX_RANK * sizeof(*is_marked));
    if (!find_ints(builder, layer, 1, axes, &n)) {
        return false;
    }
    for (i = 0; i < n; i++) {
        const int64_t axis = axes[i] < 0 ? axes[i] + (int64_t)rank : axes[i];

        if (axis < 0 || axis >= (int64_t)rank || is_marked[axis]) {
            return false;
        }
        is_marked[axis] = true;
    }
    return true;
}

static bool mean_unsqueeze(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                           struct dsi_ir_meaning *out) {
    const struct dsi_ir_meaning *in = get_meaning(builder, layer, 0);
    const size_t rank = layer->outputs[0].shape.rank;
    bool is_new[DSI_MAX_RANK];
    size_t i, k;

    *out = *in;
    if (!has_axes(in) || !mark_axes(builder, layer, rank, is_new)) {
        return in->sense == DSI_IR_LONGEST;
    }
    for (i = 0, k = 0; i < rank; i++) {
        if (!is_new[i] && k == in->rank) {
            return false;
        }
        out->axes[i] = is_new[i] ? DSI_IR_ONE : in->axes[k++];
    }
    out->rank = (uint8_t)rank;
    return k == in->rank;
}

static bool mean_squeeze(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                         struct dsi_ir_meaning *out) {
    const struct dsi_ir_meaning *in = get_meaning(builder, layer, 0);
    bool is_old[DSI_MAX_RANK];
    size_t i;

    if (!has_axes(in) || !mark_axes(builder, layer, in->rank, is_old)) {
        return false;
    }
    *out = *in;
    out->rank = 0;
    for (i = 0; i < in->rank; i++) {
        if (!is_old[i]) {
            out->axes[out->rank++] = in->axes[i];
        } else if (in->axes[i] != DSI_IR_ONE) {
            return false;
        }
    }
    return true;
}

/* A scalar in other dimensions of 1, a transposition, and the flattening of a history. */
static bool mean_reshape(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                         struct dsi_ir_meaning *out) {
    static const uint8_t axes[] = {DSI_IR_T, DSI_IR_N, DSI_IR_C};
    const struct dsi_shape *shape = &layer->outputs[0].shape;
    const struct dsi_ir_meaning *in = get_meaning(builder, layer, 0);

    *out = *in;
    if (in->sense == DSI_IR_LONGEST) {
        return true;
    }
    if (has_axes(in) && dsi_ir_is_exchange(layer)) {
        out->axes[0] = in->axes[1];
        out->axes[1] = in->axes[0];
        return true;
    }
    out->sense = DSI_IR_FLAT_HISTORY;
    return in->sense == DSI_IR_HISTORY && are_axes(in, 3, axes) && shape->rank == 2 &&
           shape->dims[1] == layer->inputs[0].shape.dims[2];
}

static bool mean_reduce_max(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                            struct dsi_ir_meaning *out) {
    const struct dsi_ir_meaning *in = get_meaning(builder, layer, 0);
    int64_t axes[DSI_MAX_RANK];
    size_t n;

    *out = (struct dsi_ir_meaning){.sense = DSI_IR_LONGEST};
    return in->sense == DSI_IR_LENGTHS && in->rank == 1 && find_ints(builder, layer, 1, axes, &n) &&
           n == 1 && (axes[0] == 0 || axes[0] == -1);
}

/* The largest length for each stream, and zeros for the steps that a Loop did not do. */
static bool mean_broadcast(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                           struct dsi_ir_meaning *out) {
    const struct dsi_ir_meaning *shape = get_meaning(builder, layer, 1);
    struct dsi_ir_constant zero;

    *out = *get_meaning(builder, layer, 0);
    if (out->sense == DSI_IR_LONGEST) {
        return true;
    }
    if (shape->sense != DSI_IR_REST_SHAPE || !dsi_ir_find_input(&builder->scope, layer, 0, &zero) ||
        !zero.is_float || dsi_ir_constant_count(&zero) != 1 ||
        dsi_ir_constant_get_float(&zero, 0) != 0.0f) {
        return false;
    }
    *out = *shape;
    out->sense = DSI_IR_ZEROS;
    return true;
}

static bool mean_subtract(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                          struct dsi_ir_meaning *out) {
    *out = (struct dsi_ir_meaning){.sense = DSI_IR_REST};
    return get_meaning(builder, layer, 1)->sense == DSI_IR_LONGEST &&
           find_size(builder, layer, 0, &out->n_steps);
}

/* range(T) < lengths, the lengths along another axis. */
static bool mean_less(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                      struct dsi_ir_meaning *out) {
    static const uint8_t axes[] = {DSI_IR_N, DSI_IR_ONE};
    const struct dsi_ir_meaning *in = get_meaning(builder, layer, 1);

    *out = (struct dsi_ir_meaning){.sense = DSI_IR_MASK, .rank = 2, .axes = {DSI_IR_N, DSI_IR_T}};
    return in->sense == DSI_IR_LENGTHS && are_axes(in, 2, axes) &&
           layer->outputs[0].shape.rank == 2 && find_range(builder, layer, 0, &out->n_steps) &&
           layer->outputs[0].shape.dims[1] == out->n_steps;
}

/* A mask for all cells: as good as one for each. */
static bool mean_tile(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                      struct dsi_ir_meaning *out) {
    int64_t times[DSI_MAX_RANK];
    size_t n, i;

    *out = *get_meaning(builder, layer, 0);
    if (out->sense != DSI_IR_MASK || !find_ints(builder, layer, 1, times, &n) || n != out->rank) {
        return false;
    }
    for (i = 0; i < n && (times[i] == 1 || out->axes[i] == DSI_IR_ONE); i++) {
    }
    return i == n;
}

/* Whether the Lstm that rows come from takes lengths; otherwise it does all T steps. */
static bool takes_lengths(const struct dsi_ir_builder *builder, const struct dsi_ir_meaning *rows) {
    return builder->graph->nodes[rows->lstm].n_inputs > DSI_IR_LSTM_LENGTHS;
}

/* Rows times their mask, and lengths times N. */
static bool mean_multiply(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                          struct dsi_ir_meaning *out) {
    const struct dsi_ir_meaning *in = get_meaning(builder, layer, 0);
    const struct dsi_ir_meaning *mask = get_meaning(builder, layer, 1);
    int64_t factor;
    size_t i;

    if (in->sense == DSI_IR_LENGTHS && in->rank == 1) {
        *out = *in;
        out->sense = DSI_IR_SCALED;
        return find_size(builder, layer, 1, &factor) && factor == layer->inputs[0].shape.dims[0];
    }
    if (in->sense == DSI_IR_MASK) {
        in = get_meaning(builder, layer, 1);
        mask = get_meaning(builder, layer, 0);
    }
    *out = *in;
    if (in->sense != DSI_IR_ROWS || mask->sense != DSI_IR_MASK || in->rank != mask->rank ||
        in->n_steps != mask->n_steps || !takes_lengths(builder, in)) {
        return false;
    }
    for (i = 0; i < in->rank; i++) { /* each step and stream by its own, all cells alike */
        if (mask->axes[i] != (in->axes[i] == DSI_IR_C ? DSI_IR_ONE : in->axes[i])) {
            return false;
        }
    }
    return true;
}

/* Where the streams' rows lie in a flat history. With one stream, factor and sum may be left out.
 */
static bool is_scaled(const struct dsi_ir_meaning *meaning, const struct dsi_shape *shape) {
    return meaning->sense == DSI_IR_SCALED ||
           (meaning->sense == DSI_IR_LENGTHS && meaning->rank == 1 && shape->dims[0] == 1);
}

static bool mean_add(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                     struct dsi_ir_meaning *out) {
    int64_t n_streams = layer->inputs[0].shape.dims[0];

    *out = (struct dsi_ir_meaning){.sense = DSI_IR_FLAT};
    return is_scaled(get_meaning(builder, layer, 0), &layer->inputs[0].shape) && n_streams > 0 &&
           find_range(builder, layer, 1, &n_streams);
}

/* An initial state that is the Lstm's, along the axes of its rows. */
static bool is_initial(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                       const struct dsi_ir_meaning *rows) {
    const struct dsi_ir_port *port = &layer->inputs[0];
    const struct dsi_port from = builder->ports[port->source][port->source_port];
    struct dsi_ir_view view;
    size_t i;

    if (from.node == DSI_IR_NONE || port->shape.rank != rows->rank) {
        return false;
    }
    view = dsi_ir_get_view(builder, from, port->shape.rank);
    if (!dsi_port_is_equal(view.base, builder->graph->nodes[rows->lstm].inputs[rows->state])) {
        return false;
    }
    for (i = 0; i < rows->rank; i++) { /* of [N,C] */
        const int8_t axis = rows->axes[i] == DSI_IR_N ? 0 : rows->axes[i] == DSI_IR_C ? 1 : -1;

        if (view.axes[i] != axis) {
            return false;
        }
    }
    return true;
}

/* Rows of a Loop and zeros for the others; the initial state and all rows. */
static bool mean_whole(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                       int64_t axis, struct dsi_ir_meaning *out) {
    const struct dsi_ir_meaning *in = get_meaning(builder, layer, 0);
    const struct dsi_ir_meaning *other = get_meaning(builder, layer, 1);
    const bool is_history = in->sense != DSI_IR_CUT_ROWS;

    *out = is_history ? *other : *in;
    axis += axis < 0 ? out->rank : 0;
    if (axis < 0 || axis >= out->rank || out->axes[axis] != DSI_IR_T) {
        return false;
    }
    if (is_history) {
        out->sense = DSI_IR_HISTORY;
        return other->sense == DSI_IR_ROWS && is_initial(builder, layer, other);
    }
    out->sense = DSI_IR_ROWS;
    return other->sense == DSI_IR_ZEROS && other->n_steps == in->n_steps &&
           are_axes(other, in->rank, in->axes);
}

static bool mean_concat(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                        struct dsi_ir_meaning *out) {
    static const uint8_t column[] = {DSI_IR_N, DSI_IR_ONE};
    const struct dsi_ir_meaning *in = get_meaning(builder, layer, 0);
    const struct dsi_shape *shape = &layer->outputs[0].shape;
    int64_t axis, n_streams;

    if (dsi_ir_get_int(layer, "axis", 0, &axis, NULL) != DSINFER_OK || layer->n_inputs < 2) {
        return false;
    }
    if (in->sense == DSI_IR_REST) { /* what follows are N and C, or the shape would not fit */
        *out = (struct dsi_ir_meaning){.sense = DSI_IR_REST_SHAPE,
                                       .rank = 3,
                                       .axes = {DSI_IR_T, DSI_IR_N, DSI_IR_C},
                                       .n_steps = in->n_steps};
        return shape->rank == 1 && shape->dims[0] == 3;
    }
    if (in->sense == DSI_IR_LENGTHS) {
        n_streams = layer->inputs[0].shape.dims[0];
        *out = (struct dsi_ir_meaning){.sense = DSI_IR_PAIRS};
        return layer->n_inputs == 2 && are_axes(in, 2, column) && (axis == 1 || axis == -1) &&
               n_streams > 0 && find_range(builder, layer, 1, &n_streams);
    }
    return layer->n_inputs == 2 && mean_whole(builder, layer, axis, out);
}

/* The last row of each stream by constants, behind T others: pairs, or places in a flat history. */
static bool is_last(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                    int64_t n_steps, bool is_pair) {
    struct dsi_ir_constant index;
    int64_t n, i;

    if (!dsi_ir_find_input(&builder->scope, layer, 1, &index) || index.is_float) {
        return false;
    }
    n = (int64_t)dsi_ir_constant_count(&index) / (is_pair ? 2 : 1);
    for (i = 0; i < n; i++) {
        const size_t at = (size_t)(is_pair ? 2 * i : i);
        const int64_t row = dsi_ir_constant_get_int(&index, at);

        if (is_pair ? row != n_steps || dsi_ir_constant_get_int(&index, at + 1) != i
                    : row != n_steps * n + i) {
            return false;
        }
    }
    return n == layer->outputs[0].shape.dims[0];
}

/* The last state: the row at the length. */
static bool is_pick(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                    struct dsi_port *out) {
    static const uint8_t axes[] = {DSI_IR_T, DSI_IR_N, DSI_IR_C};
    const struct dsi_ir_meaning *in = get_meaning(builder, layer, 0);
    const struct dsi_ir_meaning *index = get_meaning(builder, layer, 1);
    const bool is_pair = dsi_ir_is_equal(layer->type, "GatherND");
    int64_t batch_dims, axis = 0;

    if (dsi_ir_get_int(layer, "batch_dims", 0, &batch_dims, NULL) != DSINFER_OK || batch_dims ||
        layer->outputs[0].shape.rank != 2) {
        return false;
    }
    if (is_pair ? in->sense != DSI_IR_HISTORY || !are_axes(in, 3, axes)
                : in->sense != DSI_IR_FLAT_HISTORY || layer->n_inputs != 3 ||
                      !find_size(builder, layer, 2, &axis) || axis != 0) {
        return false;
    }
    *out = (struct dsi_port){in->lstm, in->state};
    if (!takes_lengths(builder, in)) {
        return is_last(builder, layer, in->n_steps, is_pair);
    }
    return is_pair ? index->sense == DSI_IR_PAIRS
                   : index->sense == DSI_IR_FLAT || is_scaled(index, &layer->inputs[1].shape);
}

static const struct rule {
    const char *type;
    bool (*mean)(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                 struct dsi_ir_meaning *out);
    size_t n_inputs; /* needed */
} RULES[] = {
    {"Parameter", mean_parameter, 0},
    {"Convert", mean_convert, 1},
    {"Transpose", mean_transpose, 2},
    {"Unsqueeze", mean_unsqueeze, 2},
    {"Squeeze", mean_squeeze, 2},
    {"Reshape", mean_reshape, 2},
    {"ReduceMax", mean_reduce_max, 2},
    {"Broadcast", mean_broadcast, 2},
    {"Subtract", mean_subtract, 2},
    {"Less", mean_less, 2},
    {"Tile", mean_tile, 2},
    {"Multiply", mean_multiply, 2},
    {"Add", mean_add, 2},
    {"Concat", mean_concat, 2},
};

bool dsi_ir_understand(struct dsi_ir_builder *builder, uint32_t index) {
    const struct dsi_ir_layer *layer = &builder->scope.net->layers[index];
    struct dsi_ir_meaning meaning;
    struct dsi_port picked;
    size_t i;

    if (layer->n_outputs != 1) {
        return false;
    }
    if (layer->n_inputs >= 2 &&
        (dsi_ir_is_equal(layer->type, "GatherND") || dsi_ir_is_equal(layer->type, "Gather")) &&
        is_pick(builder, layer, &picked)) {
        builder->ports[index][0] = picked;
        return true;
    }
    for (i = 0; i < sizeof(RULES) / sizeof(RULES[0]); i++) {
        if (!dsi_ir_is_equal(layer->type, RULES[i].type) || layer->n_inputs < RULES[i].n_inputs ||
            !RULES[i].mean(builder, layer, &meaning)) {
            continue;
        }
        builder->meanings[index][0] = meaning;
        if (meaning.sense == DSI_IR_LENGTHS && layer->n_inputs == 0) {
            builder->lengths = index;
        }
        /* Masked or filled up, they are the same rows. */
        if (meaning.sense == DSI_IR_ROWS && layer->n_inputs == 2 &&
            (RULES[i].mean == mean_multiply || RULES[i].mean == mean_concat)) {
            const struct dsi_ir_port *rows =
                &layer->inputs[get_meaning(builder, layer, 0)->sense == DSI_IR_MASK];

            builder->ports[index][0] = builder->ports[rows->source][rows->source_port];
            return true;
        }
    }
    return false;
}
