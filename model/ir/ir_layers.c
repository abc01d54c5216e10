/* One layer of an IR as nodes of a graph, whose ops are TensorFlow's.
 *
 * Layers are translated in an order in which inputs come first, so that a layer sees what its
 * inputs have become. Layers that follow from constants alone are not translated; who reads one
 * gets the constant.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/ir/ir_build.h"

#include "model/ir/ir_text.h"
#include "runtime/base/error.h"

#include <string.h>

/* Most elements of an operand that is looked at for being all ones. */
#define MAX_ONES ((size_t)1 << 22)

/* All inputs, constants as they are. */
static enum dsinfer_status get_inputs(struct dsi_ir_builder *builder,
                                      const struct dsi_ir_layer *layer, struct dsi_port *inputs,
                                      size_t capacity) {
    enum dsinfer_status status = DSINFER_OK;
    size_t i;

    for (i = 0; status == DSINFER_OK && i < layer->n_inputs && i < capacity; i++) {
        status = dsi_ir_get_input(builder, layer, i, DSI_IR_PLAIN, &inputs[i]);
    }
    return status;
}

static enum dsinfer_status add_parameter(struct dsi_ir_builder *builder,
                                         const struct dsi_ir_layer *layer, struct dsi_port *out) {
    const char *type = dsi_ir_find_data(layer, "element_type");
    const char *text = dsi_ir_find_data(layer, "shape");
    struct dsi_attr attrs[2] = {{.name = "dtype", .kind = DSI_ATTR_TYPE},
                                {.name = "shape", .kind = DSI_ATTR_SHAPE}};
    enum dsinfer_status status;

    if (!type || !text || !dsi_ir_parse_shape(text, &attrs[1].u.shape)) {
        return dsi_fail(builder->err, DSINFER_ERR_MALFORMED,
                        "layer '%s' (Parameter) has the type '%.40s' and the shape '%.80s'",
                        layer->name, type ? type : "", text ? text : "");
    }
    attrs[0].u.i = dsi_ir_get_dtype(type);
    status = dsi_ir_add_node(builder, layer->name, "Placeholder", NULL, 0, out);
    return status == DSINFER_OK ? dsi_ir_set_attrs(builder, *out, attrs, 2) : status;
}

static enum dsinfer_status add_matmul(struct dsi_ir_builder *builder,
                                      const struct dsi_ir_layer *layer, struct dsi_port *out) {
    struct dsi_attr attrs[2] = {{.name = "transpose_a", .kind = DSI_ATTR_BOOL},
                                {.name = "transpose_b", .kind = DSI_ATTR_BOOL}};
    struct dsi_ir_constant constant;
    struct dsi_port inputs[2];
    enum dsinfer_status status;
    bool flips[2];
    bool is_turned;
    size_t i;

    for (i = 0; i < 2; i++) {
        status = dsi_ir_get_bool(layer, attrs[i].name, false, &flips[i], builder->err);
        if (status != DSINFER_OK) {
            return status;
        }
    }
    is_turned = flips[1] && dsi_ir_find_input(&builder->scope, layer, 1, &constant) &&
                constant.shape.rank == 2;
    attrs[0].u.i = flips[0];
    attrs[1].u.i = flips[1] && !is_turned;
    status = dsi_ir_get_input(builder, layer, 0, DSI_IR_PLAIN, &inputs[0]);
    if (status == DSINFER_OK) {
        status = dsi_ir_get_input(builder, layer, 1, is_turned ? DSI_IR_TURNED : DSI_IR_PLAIN,
                                  &inputs[1]);
    }
    if (status == DSINFER_OK) {
        status = dsi_ir_add_node(builder, layer->name, "MatMul", inputs, 2, out);
    }
    return status == DSINFER_OK ? dsi_ir_set_attrs(builder, *out, attrs, 2) : status;
}

/* True if an operand is a constant of ones that leaves the other's shape alone. */
static bool is_ones(struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                    size_t input) {
    const struct dsi_shape *other = &layer->inputs[1 - input].shape;
    struct dsi_ir_constant constant;
    size_t n, i;

    if (layer->n_outputs != 1 || !dsi_shape_is_equal(other, &layer->outputs[0].shape) ||
        !dsi_ir_find_input(&builder->scope, layer, input, &constant) || !constant.is_float) {
        return false;
    }
    n = dsi_ir_constant_count(&constant);
    if (n > MAX_ONES || constant.shape.rank > other->rank) {
        return false;
    }
    for (i = 0; i < n && dsi_ir_constant_get_float(&constant, i) == 1.0f; i++) {
    }
    return i == n;
}

/* Elementwise ops of two operands. A constant one loses its leading dimensions of 1: a bias
 * [1,H] is then as TensorFlow has it. */
static enum dsinfer_status add_binary(struct dsi_ir_builder *builder,
                                      const struct dsi_ir_layer *layer, const char *op,
                                      struct dsi_port *out) {
    enum dsinfer_status status = DSINFER_OK;
    struct dsi_port inputs[2];
    size_t i;

    if (layer->n_inputs != 2) {
        return dsi_fail(builder->err, DSINFER_ERR_MALFORMED,
                        "layer '%s' (%s) has %zu inputs instead of 2", layer->name, layer->type,
                        layer->n_inputs);
    }
    for (i = 0; strcmp(op, "Mul") == 0 && i < 2; i++) {
        if (is_ones(builder, layer, i)) {
            return dsi_ir_get_input(builder, layer, 1 - i, DSI_IR_PLAIN, out);
        }
    }
    for (i = 0; status == DSINFER_OK && i < 2; i++) {
        const bool is_smaller = dsi_ir_get_rank(layer, i) <= dsi_ir_get_rank(layer, 1 - i);

        status = dsi_ir_get_input(builder, layer, i, is_smaller ? DSI_IR_TRIMMED : DSI_IR_PLAIN,
                                  &inputs[i]);
    }
    return status == DSINFER_OK ? dsi_ir_add_node(builder, layer->name, op, inputs, 2, out)
                                : status;
}

/* Clamp from 0 is what TensorFlow writes as Minimum(Relu(x), max). */
static enum dsinfer_status add_clamp(struct dsi_ir_builder *builder,
                                     const struct dsi_ir_layer *layer, struct dsi_port *out) {
    const char *min_text = dsi_ir_find_data(layer, "min");
    const char *max_text = dsi_ir_find_data(layer, "max");
    const struct dsi_shape scalar = {.rank = 0};
    struct dsi_port inputs[2];
    enum dsinfer_status status;
    double min, max;
    float limit;

    if (!min_text || !max_text || !dsi_ir_parse_float(min_text, &min) ||
        !dsi_ir_parse_float(max_text, &max)) {
        return dsi_fail(builder->err, DSINFER_ERR_MALFORMED,
                        "layer '%s' (Clamp) clips to '%.40s' … '%.40s'", layer->name,
                        min_text ? min_text : "", max_text ? max_text : "");
    }
    if (min != 0.0) {
        return dsi_ir_fail_unsupported(builder, layer, "clips at another minimum than 0");
    }
    limit = (float)max;
    status = dsi_ir_get_input(builder, layer, 0, DSI_IR_PLAIN, &inputs[0]);
    if (status == DSINFER_OK) {
        status = dsi_ir_add_node(builder, layer->name, "Relu", inputs, 1, &inputs[0]);
    }
    if (status == DSINFER_OK) {
        status = dsi_ir_add_floats(builder, layer->name, &scalar, &limit, &inputs[1]);
    }
    return status == DSINFER_OK ? dsi_ir_add_node(builder, layer->name, "Minimum", inputs, 2, out)
                                : status;
}

static enum dsinfer_status add_concat(struct dsi_ir_builder *builder,
                                      const struct dsi_ir_layer *layer, struct dsi_port *out) {
    struct dsi_port *inputs;
    enum dsinfer_status status;
    void *memory;
    int64_t axis;

    if (layer->n_inputs == 1) {
        return dsi_ir_get_input(builder, layer, 0, DSI_IR_PLAIN, out);
    }
    status = dsi_ir_get_int(layer, "axis", 0, &axis, builder->err);
    if (status == DSINFER_OK) {
        status = dsi_ir_take(builder, layer->n_inputs + 1, sizeof(*inputs), &memory);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    inputs = memory;
    status = get_inputs(builder, layer, inputs, layer->n_inputs);
    if (status == DSINFER_OK) {
        status =
            dsi_ir_add_node(builder, layer->name, "ConcatV2", inputs, layer->n_inputs + 1, out);
    }
    if (status == DSINFER_OK) {
        status = dsi_ir_add_ints(builder, layer->name, &axis, 1, true, &inputs[layer->n_inputs]);
    }
    if (status == DSINFER_OK) {
        builder->graph->nodes[out->node].inputs[layer->n_inputs] = inputs[layer->n_inputs];
    }
    return status;
}

/* Bits of a mask that the IR writes as a list of 0 and 1. */
static enum dsinfer_status get_mask(struct dsi_ir_builder *builder,
                                    const struct dsi_ir_layer *layer, const char *name,
                                    int64_t *out) {
    const char *text = dsi_ir_find_data(layer, name);
    int64_t bits[2 * DSI_MAX_RANK];
    size_t n = 0;
    size_t i;

    if (text && !dsi_ir_parse_ints(text, sizeof(bits) / sizeof(bits[0]), bits, &n)) {
        return dsi_fail(builder->err, DSINFER_ERR_MALFORMED,
                        "attribute '%s' of layer '%s' is '%.40s' instead of a list of 0 and 1",
                        name, layer->name, text);
    }
    *out = 0;
    for (i = 0; i < n; i++) {
        *out |= bits[i] ? (int64_t)1 << i : 0;
    }
    return DSINFER_OK;
}

static enum dsinfer_status add_strided_slice(struct dsi_ir_builder *builder,
                                             const struct dsi_ir_layer *layer,
                                             struct dsi_port *out) {
    struct dsi_attr attrs[] = {
        {.name = "begin_mask", .kind = DSI_ATTR_INT},
        {.name = "end_mask", .kind = DSI_ATTR_INT},
        {.name = "new_axis_mask", .kind = DSI_ATTR_INT},
        {.name = "shrink_axis_mask", .kind = DSI_ATTR_INT},
        {.name = "ellipsis_mask", .kind = DSI_ATTR_INT},
    };
    const size_t n_attrs = sizeof(attrs) / sizeof(attrs[0]);
    enum dsinfer_status status = DSINFER_OK;
    struct dsi_port inputs[4];
    size_t i;

    if (layer->n_inputs != 4) {
        return dsi_ir_fail_unsupported(builder, layer, "has no strides");
    }
    for (i = 0; status == DSINFER_OK && i < n_attrs; i++) {
        status = get_mask(builder, layer, attrs[i].name, &attrs[i].u.i);
    }
    if (status == DSINFER_OK) {
        status = get_inputs(builder, layer, inputs, 4);
    }
    if (status == DSINFER_OK) {
        status = dsi_ir_add_node(builder, layer->name, "StridedSlice", inputs, 4, out);
    }
    return status == DSINFER_OK ? dsi_ir_set_attrs(builder, *out, attrs, n_attrs) : status;
}

/* Convert between floats changes nothing: they are all float32 here. */
static enum dsinfer_status add_convert(struct dsi_ir_builder *builder,
                                       const struct dsi_ir_layer *layer, struct dsi_port *out) {
    const char *type = dsi_ir_find_data(layer, "destination_type");
    struct dsi_attr attr = {.name = "DstT", .kind = DSI_ATTR_TYPE};
    enum dsinfer_status status;
    struct dsi_port in;

    if (!type || dsi_ir_get_dtype(type) == DSI_DTYPE_NONE) {
        return dsi_fail(builder->err, DSINFER_ERR_UNSUPPORTED,
                        "layer '%s' converts to '%.40s', which is not supported", layer->name,
                        type ? type : "");
    }
    attr.u.i = dsi_ir_get_dtype(type);
    status = dsi_ir_get_input(builder, layer, 0, DSI_IR_PLAIN, &in);
    if (status == DSINFER_OK) {
        status = dsi_ir_add_node(builder, layer->name, "Cast", &in, 1, out);
    }
    return status == DSINFER_OK ? dsi_ir_set_attrs(builder, *out, &attr, 1) : status;
}

static enum dsinfer_status add_shape_of(struct dsi_ir_builder *builder,
                                        const struct dsi_ir_layer *layer, struct dsi_port *out) {
    const char *type = dsi_ir_find_data(layer, "output_type");
    struct dsi_attr attr = {.name = "out_type", .kind = DSI_ATTR_TYPE, .u.i = DSI_DTYPE_I64};
    enum dsinfer_status status;
    struct dsi_port in;

    if (type && dsi_ir_get_dtype(type) == DSI_DTYPE_I32) {
        attr.u.i = DSI_DTYPE_I32;
    }
    status = dsi_ir_get_input(builder, layer, 0, DSI_IR_PLAIN, &in);
    if (status == DSINFER_OK) {
        status = dsi_ir_add_node(builder, layer->name, "Shape", &in, 1, out);
    }
    return status == DSINFER_OK ? dsi_ir_set_attrs(builder, *out, &attr, 1) : status;
}

static enum dsinfer_status add_softmax(struct dsi_ir_builder *builder,
                                       const struct dsi_ir_layer *layer, struct dsi_port *out) {
    const int64_t rank = (int64_t)dsi_ir_get_rank(layer, 0);
    enum dsinfer_status status;
    struct dsi_port in;
    int64_t axis;

    status = dsi_ir_get_int(layer, "axis", 1, &axis, builder->err);
    if (status == DSINFER_OK && axis != -1 && axis != rank - 1) {
        status =
            dsi_ir_fail_unsupported(builder, layer, "sums over another axis than the last one");
    }
    if (status == DSINFER_OK) {
        status = dsi_ir_get_input(builder, layer, 0, DSI_IR_PLAIN, &in);
    }
    return status == DSINFER_OK ? dsi_ir_add_node(builder, layer->name, "Softmax", &in, 1, out)
                                : status;
}

/* A layer whose inputs and meaning are those of a TensorFlow op, or an op that is not supported:
 * what does not need it can be computed all the same. */
static enum dsinfer_status add_plain(struct dsi_ir_builder *builder,
                                     const struct dsi_ir_layer *layer, const char *op,
                                     struct dsi_port *out) {
    enum dsinfer_status status;
    void *inputs;

    status = dsi_ir_take(builder, layer->n_inputs, sizeof(struct dsi_port), &inputs);
    if (status == DSINFER_OK) {
        status = get_inputs(builder, layer, inputs, layer->n_inputs);
    }
    return status == DSINFER_OK
               ? dsi_ir_add_node(builder, layer->name, op, inputs, layer->n_inputs, out)
               : status;
}

static enum dsinfer_status add_gather(struct dsi_ir_builder *builder,
                                      const struct dsi_ir_layer *layer, struct dsi_port *out) {
    const bool is_nd = dsi_ir_is_equal(layer->type, "GatherND");
    enum dsinfer_status status;
    int64_t batch_dims;

    status = dsi_ir_get_int(layer, "batch_dims", 0, &batch_dims, builder->err);
    if (status == DSINFER_OK && batch_dims != 0) {
        status = dsi_ir_fail_unsupported(builder, layer, "has batch_dims");
    }
    return status == DSINFER_OK ? add_plain(builder, layer, is_nd ? "GatherNd" : "GatherV2", out)
                                : status;
}

struct translation {
    const char *type; /* of the layer */
    const char *op;   /* for add_plain and add_binary */
    enum dsinfer_status (*add)(struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                               struct dsi_port *out);
    bool is_binary;
};

static const struct translation TRANSLATIONS[] = {
    {"Parameter", NULL, add_parameter, false},
    {"ReadValue", NULL, dsi_ir_add_variable, false},
    {"MatMul", NULL, add_matmul, false},
    {"Add", "Add", NULL, true},
    {"Multiply", "Mul", NULL, true},
    {"Minimum", "Minimum", NULL, true},
    {"Less", "Less", NULL, true},
    {"ReLU", "Relu", NULL, false},
    {"Clamp", NULL, add_clamp, false},
    {"SoftMax", NULL, add_softmax, false},
    {"Reshape", NULL, dsi_ir_add_reshape, false},
    {"Transpose", NULL, dsi_ir_add_transpose, false},
    {"Concat", NULL, add_concat, false},
    {"Gather", NULL, add_gather, false},
    {"GatherND", NULL, add_gather, false},
    {"StridedSlice", NULL, add_strided_slice, false},
    {"Convert", NULL, add_convert, false},
    {"ShapeOf", NULL, add_shape_of, false},
};

static const struct translation *find_translation(const char *type) {
    size_t i;

    for (i = 0; i < sizeof(TRANSLATIONS) / sizeof(TRANSLATIONS[0]); i++) {
        if (dsi_ir_is_equal(TRANSLATIONS[i].type, type)) {
            return &TRANSLATIONS[i];
        }
    }
    return NULL;
}

static enum dsinfer_status add_layer(struct dsi_ir_builder *builder,
                                     const struct dsi_ir_layer *layer, struct dsi_port *out) {
    const struct translation *translation = find_translation(layer->type);

    if (dsi_ir_is_equal(layer->type, "Squeeze") || dsi_ir_is_equal(layer->type, "Unsqueeze")) {
        return dsi_ir_add_squeeze(builder, layer, dsi_ir_is_equal(layer->type, "Squeeze"), out);
    }
    if (!translation) {
        return add_plain(builder, layer, layer->type, out);
    }
    if (translation->is_binary) {
        return add_binary(builder, layer, translation->op, out);
    }
    return translation->add ? translation->add(builder, layer, out)
                            : add_plain(builder, layer, translation->op, out);
}

/* True if all outputs follow from constants. */
static bool is_constant(const struct dsi_ir_builder *builder, uint32_t index) {
    const struct dsi_ir_layer *layer = &builder->scope.net->layers[index];
    struct dsi_ir_constant constant;
    uint32_t i;

    for (i = 0; i < layer->n_outputs; i++) {
        if (!dsi_ir_find_constant(&builder->scope, index, i, &constant)) {
            return false;
        }
    }
    return layer->n_outputs > 0;
}

enum dsinfer_status dsi_ir_add_layer(struct dsi_ir_builder *builder, uint32_t index) {
    const struct dsi_ir_layer *layer = &builder->scope.net->layers[index];
    struct dsi_port *ports = builder->ports[index];
    struct dsi_port out = {DSI_IR_NONE, 0};
    enum dsinfer_status status;
    size_t i;

    if (dsi_ir_is_equal(layer->type, "TensorIterator") || dsi_ir_is_equal(layer->type, "Loop")) {
        return dsi_ir_add_loop(builder, index);
    }
    if (dsi_ir_is_equal(layer->type, "LSTMSequence")) {
        return dsi_ir_add_sequence(builder, index);
    }
    if (dsi_ir_is_equal(layer->type, "Result") || dsi_ir_is_equal(layer->type, "Assign") ||
        is_constant(builder, index) || dsi_ir_understand(builder, index)) {
        return DSINFER_OK; /* a Result is only a name, and for Assign see ir_variables.c */
    }
    if (*builder->scope.has_no_memory) {
        return dsi_fail_memory(builder->err, DSI_IR_MAX_CHANNELS);
    }
    status = add_layer(builder, layer, &out);
    for (i = 0; status == DSINFER_OK && i < layer->n_outputs; i++) {
        ports[i] = (struct dsi_port){out.node, layer->n_outputs == 1 ? out.output : (uint32_t)i};
    }
    return status;
}
