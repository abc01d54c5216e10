/* Constants of an IR.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/ir/ir_const.h"

#include "model/ir/ir_text.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <inttypes.h>
#include <string.h>

/* Layers that may stand between a Const and its use. */
#define MAX_DEPTH 7

enum kind { KIND_FLOAT, KIND_SIGNED, KIND_UNSIGNED, KIND_BOOL, KIND_OTHER };

struct dsi_ir_element_type {
    const char *name, *precision; /* as <data> and as <port> write it */
    enum kind kind;
    size_t size;
    enum dsi_dtype dtype;
    bool is_stored; /* a stored matrix may have it */
    enum dsi_stored_type stored;
};

static const struct dsi_ir_element_type TYPES[] = {
    {"f32", "FP32", KIND_FLOAT, 4, DSI_DTYPE_F32, true, DSI_STORED_F32},
    {"f16", "FP16", KIND_FLOAT, 2, DSI_DTYPE_F32, true, DSI_STORED_F16},
    {"bf16", "BF16", KIND_FLOAT, 2, DSI_DTYPE_F32, true, DSI_STORED_BF16},
    {"f64", "FP64", KIND_FLOAT, 8, DSI_DTYPE_F32, true, DSI_STORED_F64},
    {"i8", "I8", KIND_SIGNED, 1, DSI_DTYPE_I32, true, DSI_STORED_I8},
    {"u8", "U8", KIND_UNSIGNED, 1, DSI_DTYPE_I32, true, DSI_STORED_U8},
    {"i16", "I16", KIND_SIGNED, 2, DSI_DTYPE_I32, false, 0},
    {"u16", "U16", KIND_UNSIGNED, 2, DSI_DTYPE_I32, false, 0},
    {"i32", "I32", KIND_SIGNED, 4, DSI_DTYPE_I32, false, 0},
    {"u32", "U32", KIND_UNSIGNED, 4, DSI_DTYPE_I64, false, 0},
    {"i64", "I64", KIND_SIGNED, 8, DSI_DTYPE_I64, false, 0},
    {"u64", "U64", KIND_UNSIGNED, 8, DSI_DTYPE_I64, false, 0},
    {"boolean", "BOOL", KIND_BOOL, 1, DSI_DTYPE_BOOL, false, 0},
    /* These exist, packed or new, but in no network of this kind. */
    {"i4", "I4", KIND_OTHER, 0, DSI_DTYPE_NONE, false, 0},
    {"u4", "U4", KIND_OTHER, 0, DSI_DTYPE_NONE, false, 0},
    {"u1", "U1", KIND_OTHER, 0, DSI_DTYPE_NONE, false, 0},
    {"bin", "BIN", KIND_OTHER, 0, DSI_DTYPE_NONE, false, 0},
    {"u2", "U2", KIND_OTHER, 0, DSI_DTYPE_NONE, false, 0},
    {"nf4", "NF4", KIND_OTHER, 0, DSI_DTYPE_NONE, false, 0},
    {"f4e2m1", "F4E2M1", KIND_OTHER, 0, DSI_DTYPE_NONE, false, 0},
    {"f8e4m3", "F8E4M3", KIND_OTHER, 0, DSI_DTYPE_NONE, false, 0},
    {"f8e5m2", "F8E5M2", KIND_OTHER, 0, DSI_DTYPE_NONE, false, 0},
    {"f8e8m0", "F8E8M0", KIND_OTHER, 0, DSI_DTYPE_NONE, false, 0},
    {"string", "STRING", KIND_OTHER, 0, DSI_DTYPE_NONE, false, 0},
};

static const struct dsi_ir_element_type *find_type(const char *name) {
    size_t i;

    for (i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
        if (dsi_ir_is_equal(TYPES[i].name, name) || dsi_ir_is_equal(TYPES[i].precision, name)) {
            return &TYPES[i];
        }
    }
    return NULL;
}

enum dsi_dtype dsi_ir_get_dtype(const char *type) {
    const struct dsi_ir_element_type *found = find_type(type);

    return found ? found->dtype : DSI_DTYPE_NONE;
}

static void set_strides(struct dsi_ir_constant *constant) {
    size_t stride = 1;
    size_t i;

    for (i = constant->shape.rank; i-- > 0;) {
        constant->strides[i] = stride;
        stride *= (size_t)constant->shape.dims[i];
    }
}

/* Type and shape of a Const, and its size in bytes. */
static enum dsinfer_status read_form(const struct dsi_ir_layer *layer, struct dsi_ir_constant *out,
                                     struct dsinfer_error *err) {
    const char *type = dsi_ir_find_data(layer, "element_type");
    const char *shape = dsi_ir_find_data(layer, "shape");
    size_t count;

    if (!type || !shape) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED, "constant '%s' has no attribute '%s'",
                        layer->name, type ? "shape" : "element_type");
    }
    out->type = find_type(type);
    if (!out->type) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "constant '%s' has the element type '%.40s', which does not exist",
                        layer->name, type);
    }
    if (out->type->kind == KIND_OTHER) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "constant '%s' has the element type '%s', which is not supported",
                        layer->name, type);
    }
    out->is_float = out->type->kind == KIND_FLOAT;
    if (!dsi_ir_parse_shape(shape, &out->shape) || !dsi_shape_count(&out->shape, &count) ||
        !dsi_mul_size(count, out->type->size, &out->size)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "constant '%s' has the impossible shape '%.80s'", layer->name, shape);
    }
    set_strides(out);
    return DSINFER_OK;
}

static enum dsinfer_status read_const(const struct dsi_ir_layer *layer, struct dsi_bytes weights,
                                      struct dsi_ir_constant *out, struct dsinfer_error *err) {
    const char *offset_text = dsi_ir_find_data(layer, "offset");
    const char *size_text = dsi_ir_find_data(layer, "size");
    enum dsinfer_status status;
    uint64_t offset, size;

    memset(out, 0, sizeof(*out));
    status = read_form(layer, out, err);
    if (status != DSINFER_OK) {
        return status;
    }
    if (!offset_text || !dsi_ir_parse_uint(offset_text, &offset) || !size_text ||
        !dsi_ir_parse_uint(size_text, &size)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "constant '%s' has the offset '%.40s' and the size '%.40s', but two "
                        "numbers are needed",
                        layer->name, offset_text ? offset_text : "", size_text ? size_text : "");
    }
    if (size < out->size) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "constant '%s' has %" PRIu64 " bytes, but its type and shape need %zu",
                        layer->name, size, out->size);
    }
    if (offset > weights.size || size > weights.size - offset) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "constant '%s' lies at offset %" PRIu64 " with %" PRIu64
                        " bytes, but the .bin file has only %zu",
                        layer->name, offset, size, weights.size);
    }
    out->data = weights.data ? weights.data + offset : NULL;
    return DSINFER_OK;
}

enum dsinfer_status dsi_ir_check_constants(const struct dsi_ir_net *net, struct dsi_bytes weights,
                                           struct dsinfer_error *err) {
    enum dsinfer_status status = DSINFER_OK;
    struct dsi_ir_constant constant;
    size_t i;

    for (i = 0; status == DSINFER_OK && i < net->n_layers; i++) {
        const struct dsi_ir_layer *layer = &net->layers[i];

        if (dsi_ir_is_equal(layer->type, "Const")) {
            status = read_const(layer, weights, &constant, err);
            if (status == DSINFER_OK && layer->n_outputs != 1) {
                status = dsi_fail(err, DSINFER_ERR_MALFORMED,
                                  "constant '%s' has %zu outputs instead of one", layer->name,
                                  layer->n_outputs);
            }
        } else if (layer->body) {
            status = dsi_ir_check_constants(layer->body, weights, err);
        }
    }
    return status;
}

size_t dsi_ir_constant_count(const struct dsi_ir_constant *constant) {
    size_t count = 0;

    (void)dsi_shape_count(&constant->shape, &count);
    return count;
}

static bool is_contiguous(const struct dsi_ir_constant *constant) {
    size_t stride = 1;
    size_t i;

    for (i = constant->shape.rank; i-- > 0;) {
        if (constant->shape.dims[i] != 1 && constant->strides[i] != stride) {
            return false;
        }
        stride *= (size_t)constant->shape.dims[i];
    }
    return true;
}

enum dsi_dtype dsi_ir_constant_get_dtype(const struct dsi_ir_constant *constant) {
    return constant->is_float ? DSI_DTYPE_F32 : constant->type->dtype;
}

bool dsi_ir_constant_get_stored(const struct dsi_ir_constant *constant, enum dsi_stored_type *out) {
    *out = constant->type->stored;
    return constant->is_float && constant->type->is_stored;
}

bool dsi_ir_constant_is_plain(const struct dsi_ir_constant *constant) {
    const struct dsi_ir_element_type *type = constant->type;

    return is_contiguous(constant) && !constant->zero.values && !constant->factor.values &&
           constant->is_float == (type->kind == KIND_FLOAT) && type->kind != KIND_BOOL &&
           type->size == dsi_dtype_get_size(type->dtype) && type->kind != KIND_UNSIGNED;
}

/* Place of element `i`, and its index along each axis. */
static const uint8_t *find_place(const struct dsi_ir_constant *constant, size_t i,
                                 size_t index[DSI_MAX_RANK]) {
    size_t offset = 0;
    size_t k;

    for (k = constant->shape.rank; k-- > 0;) {
        const size_t dim = (size_t)constant->shape.dims[k];

        index[k] = i % dim;
        i /= dim;
        offset += index[k] * constant->strides[k];
    }
    return constant->data + offset * constant->type->size;
}

static int64_t load_int(const struct dsi_ir_element_type *type, const uint8_t *from) {
    uint64_t value = 0;
    size_t i;

    for (i = type->size; i-- > 0;) {
        value = value << 8 | from[i];
    }
    if (type->kind == KIND_BOOL) {
        return value != 0;
    }
    if (type->kind == KIND_SIGNED && type->size < 8 && value >> (8 * type->size - 1)) {
        return (int64_t)value - ((int64_t)1 << (8 * type->size));
    }
    /* Unsigned numbers above the largest signed one are flags such as "to the end". */
    return type->kind == KIND_UNSIGNED && value > (uint64_t)INT64_MAX ? INT64_MAX : (int64_t)value;
}

int64_t dsi_ir_constant_get_int(const struct dsi_ir_constant *constant, size_t i) {
    size_t index[DSI_MAX_RANK];

    return load_int(constant->type, find_place(constant, i, index));
}

static float get_factor(const struct dsi_ir_factor *factor, const size_t *index) {
    return factor->values[factor->n_values == 1 ? 0 : index[factor->axis]];
}

float dsi_ir_constant_get_float(const struct dsi_ir_constant *constant, size_t i) {
    size_t index[DSI_MAX_RANK];
    const uint8_t *place = find_place(constant, i, index);
    float value;

    if (constant->type->is_stored) {
        dsi_stored_convert(constant->type->stored, place, 1, &value);
    } else {
        value = (float)load_int(constant->type, place);
    }
    value -= constant->zero.values ? get_factor(&constant->zero, index) : 0.0f;
    return value * (constant->factor.values ? get_factor(&constant->factor, index) : 1.0f);
}

/* The values of a zero point or scale, which spreads over the dimensions of `constant` as numpy
 * would have it: at most one of its own is not 1. */
static bool make_factor(const struct dsi_ir_scope *scope, const struct dsi_ir_constant *constant,
                        const struct dsi_ir_constant *from, struct dsi_ir_factor *out) {
    const size_t count = dsi_ir_constant_count(from);
    const size_t rank = constant->shape.rank;
    size_t n_axes = 0;
    float *values;
    size_t i;

    if (from->shape.rank > rank || count == 0 || count > DSI_IR_MAX_CHANNELS) {
        return false;
    }
    out->axis = 0;
    for (i = 0; i < from->shape.rank; i++) {
        if (from->shape.dims[i] != 1) {
            n_axes++;
            out->axis = i + rank - from->shape.rank;
            if (from->shape.dims[i] != constant->shape.dims[out->axis]) {
                return false;
            }
        }
    }
    if (n_axes > 1) {
        return false;
    }
    values = dsi_arena_alloc(scope->arena, count, sizeof(*values));
    if (!values) {
        *scope->has_no_memory = true;
        return false;
    }
    for (i = 0; i < count; i++) {
        values[i] = dsi_ir_constant_get_float(from, i);
    }
    out->values = values;
    out->n_values = count;
    return true;
}

static bool find_at(const struct dsi_ir_scope *scope, uint32_t layer, uint32_t output, int depth,
                    struct dsi_ir_constant *out);

static bool find_input(const struct dsi_ir_scope *scope, const struct dsi_ir_layer *layer,
                       size_t input, int depth, struct dsi_ir_constant *out) {
    return input < layer->n_inputs && find_at(scope, layer->inputs[input].source,
                                              layer->inputs[input].source_port, depth, out);
}

/* A Parameter of a body that is the same in every iteration. */
static bool find_parameter(const struct dsi_ir_scope *scope, uint32_t layer, int depth,
                           struct dsi_ir_constant *out) {
    const struct dsi_ir_layer *owner = scope->owner;
    size_t i, k;

    for (i = 0; owner && i < owner->n_back_edges; i++) {
        if (owner->back_edges[i].to == layer) {
            return false;
        }
    }
    for (i = 0; owner && i < owner->n_mappings; i++) {
        const struct dsi_ir_mapping *mapping = &owner->mappings[i];

        for (k = 0; k < owner->n_inputs && !mapping->is_output && !mapping->is_sliced &&
                    mapping->layer == layer;
             k++) {
            if ((int64_t)owner->inputs[k].id == mapping->port) {
                return find_input(scope->outer, owner, k, depth, out);
            }
        }
    }
    return false;
}

/* Convert: only to floats; they all count as float32. */
static bool find_converted(const struct dsi_ir_scope *scope, const struct dsi_ir_layer *layer,
                           int depth, struct dsi_ir_constant *out) {
    const char *type = dsi_ir_find_data(layer, "destination_type");

    if (!type || dsi_ir_get_dtype(type) != DSI_DTYPE_F32 ||
        !find_input(scope, layer, 0, depth, out)) {
        return false;
    }
    out->is_float = true;
    return true;
}

/* Subtract, or Multiply, where it is the zero point or the scale of what was an integer. */
static bool find_scaled(const struct dsi_ir_scope *scope, const struct dsi_ir_layer *layer,
                        bool is_zero, int depth, struct dsi_ir_constant *out) {
    struct dsi_ir_constant other;

    return find_input(scope, layer, 0, depth, out) && find_input(scope, layer, 1, depth, &other) &&
           out->is_float && other.is_float && out->type->kind != KIND_FLOAT &&
           !out->factor.values && !(is_zero && out->zero.values) &&
           make_factor(scope, out, &other, is_zero ? &out->zero : &out->factor);
}

static void permute_factor(struct dsi_ir_factor *factor, const int64_t *perm, size_t rank) {
    size_t i;

    for (i = 0; i < rank && factor->values; i++) {
        if ((size_t)perm[i] == factor->axis) {
            factor->axis = i;
            return;
        }
    }
}

static bool find_transposed(const struct dsi_ir_scope *scope, const struct dsi_ir_layer *layer,
                            int depth, struct dsi_ir_constant *out) {
    struct dsi_ir_constant from, order;
    int64_t perm[DSI_MAX_RANK];
    unsigned seen = 0;
    size_t i;

    if (!find_input(scope, layer, 0, depth, &from) || !find_input(scope, layer, 1, depth, &order) ||
        order.is_float || dsi_ir_constant_count(&order) != from.shape.rank) {
        return false;
    }
    *out = from;
    for (i = 0; i < from.shape.rank; i++) {
        perm[i] = dsi_ir_constant_get_int(&order, i);
        if (perm[i] < 0 || perm[i] >= (int64_t)from.shape.rank || seen >> perm[i] & 1) {
            return false;
        }
        seen |= 1u << perm[i];
        out->shape.dims[i] = from.shape.dims[perm[i]];
        out->strides[i] = from.strides[perm[i]];
    }
    permute_factor(&out->zero, perm, from.shape.rank);
    permute_factor(&out->factor, perm, from.shape.rank);
    return true;
}

/* One part of a Split or VariadicSplit: where it begins follows from the declared sizes. */
static bool find_part(const struct dsi_ir_scope *scope, const struct dsi_ir_layer *layer,
                      uint32_t output, int depth, struct dsi_ir_constant *out) {
    struct dsi_ir_constant axis_value;
    int64_t axis, start = 0, sum = 0;
    size_t i;

    if (!find_input(scope, layer, 0, depth, out) ||
        !find_input(scope, layer, 1, depth, &axis_value) || axis_value.is_float ||
        dsi_ir_constant_count(&axis_value) != 1 || out->zero.values || out->factor.values) {
        return false;
    }
    axis = dsi_ir_constant_get_int(&axis_value, 0);
    axis += axis < 0 ? (int64_t)out->shape.rank : 0;
    if (axis < 0 || axis >= (int64_t)out->shape.rank) {
        return false;
    }
    for (i = 0; i < layer->n_outputs; i++) {
        const struct dsi_shape *shape = &layer->outputs[i].shape;

        if (shape->rank != out->shape.rank || shape->dims[axis] < 0 ||
            shape->dims[axis] > out->shape.dims[axis] - sum) {
            return false;
        }
        start = i == output ? sum : start;
        sum += shape->dims[axis];
    }
    if (sum != out->shape.dims[axis]) {
        return false;
    }
    if (sum) {
        out->data += (size_t)start * out->strides[axis] * out->type->size;
    }
    out->shape.dims[axis] = layer->outputs[output].shape.dims[axis];
    return true;
}

/* Reshape, Squeeze, Unsqueeze: the declared shape, if it has as many elements. */
static bool find_reshaped(const struct dsi_ir_scope *scope, const struct dsi_ir_layer *layer,
                          int depth, struct dsi_ir_constant *out) {
    size_t count;

    if (layer->n_outputs != 1 || !find_input(scope, layer, 0, depth, out) || !is_contiguous(out) ||
        out->zero.n_values > 1 || out->factor.n_values > 1 ||
        !dsi_shape_count(&layer->outputs[0].shape, &count) || count != dsi_ir_constant_count(out)) {
        return false;
    }
    out->shape = layer->outputs[0].shape;
    set_strides(out);
    return true;
}

/* Broadcast of one element: to the declared shape. */
static bool find_spread(const struct dsi_ir_scope *scope, const struct dsi_ir_layer *layer,
                        int depth, struct dsi_ir_constant *out) {
    size_t count;

    if (layer->n_outputs != 1 || !find_input(scope, layer, 0, depth, out) ||
        dsi_ir_constant_count(out) != 1 || out->zero.values || out->factor.values ||
        !dsi_shape_count(&layer->outputs[0].shape, &count) || count > DSI_IR_MAX_CHANNELS) {
        return false;
    }
    out->shape = layer->outputs[0].shape;
    memset(out->strides, 0, sizeof(out->strides));
    return true;
}

static bool find_at(const struct dsi_ir_scope *scope, uint32_t index, uint32_t output, int depth,
                    struct dsi_ir_constant *out) {
    const struct dsi_ir_layer *layer = &scope->net->layers[index];
    const char *type = layer->type;

    if (dsi_ir_is_equal(type, "Const")) {
        return read_const(layer, scope->weights, out, NULL) == DSINFER_OK;
    }
    if (depth == MAX_DEPTH) {
        return false;
    }
    depth++;
    if (dsi_ir_is_equal(type, "Parameter")) {
        return find_parameter(scope, index, depth, out);
    }
    if (dsi_ir_is_equal(type, "Convert")) {
        return find_converted(scope, layer, depth, out);
    }
    if (dsi_ir_is_equal(type, "Subtract") || dsi_ir_is_equal(type, "Multiply")) {
        return find_scaled(scope, layer, dsi_ir_is_equal(type, "Subtract"), depth, out);
    }
    if (dsi_ir_is_equal(type, "Transpose")) {
        return find_transposed(scope, layer, depth, out);
    }
    if (dsi_ir_is_equal(type, "VariadicSplit") || dsi_ir_is_equal(type, "Split")) {
        return find_part(scope, layer, output, depth, out);
    }
    if (dsi_ir_is_equal(type, "Reshape") || dsi_ir_is_equal(type, "Squeeze") ||
        dsi_ir_is_equal(type, "Unsqueeze")) {
        return find_reshaped(scope, layer, depth, out);
    }
    if (dsi_ir_is_equal(type, "Broadcast")) {
        return find_spread(scope, layer, depth, out);
    }
    return false;
}

bool dsi_ir_find_constant(const struct dsi_ir_scope *scope, uint32_t layer, uint32_t output,
                          struct dsi_ir_constant *out) {
    return find_at(scope, layer, output, 0, out);
}

bool dsi_ir_find_input(const struct dsi_ir_scope *scope, const struct dsi_ir_layer *layer,
                       size_t input, struct dsi_ir_constant *out) {
    return find_input(scope, layer, input, 0, out);
}

bool dsi_ir_get_input_ints(const struct dsi_ir_scope *scope, const struct dsi_ir_layer *layer,
                           size_t input, size_t capacity, int64_t *values, size_t *n_values) {
    struct dsi_ir_constant constant;
    size_t count, i;

    if (!dsi_ir_find_input(scope, layer, input, &constant) || constant.is_float) {
        return false;
    }
    count = dsi_ir_constant_count(&constant);
    if (count > capacity) {
        return false;
    }
    for (i = 0; i < count; i++) {
        values[i] = dsi_ir_constant_get_int(&constant, i);
    }
    *n_values = count;
    return true;
}
