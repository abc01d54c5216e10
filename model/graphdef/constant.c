/* Constants of a GraphDef: values in place, or listed. A list may be shorter than its tensor: the
 * last value then repeats, and no value at all means zeros.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/graphdef/constant.h"

#include "model/graphdef/wire.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <inttypes.h>
#include <string.h>

/* TensorFlow's DataType. A reference type is its number plus 100. */
enum { TYPE_FLOAT = 1, TYPE_INT32 = 3, TYPE_STRING = 7, TYPE_INT64 = 9, TYPE_BOOL = 10 };
#define REFERENCE_TYPES 100

static const char *const TYPE_NAMES[] = {"no type", "float32", "float64", "int32",     "uint8",
                                         "int16",   "int8",    "string",  "complex64", "int64",
                                         "bool",    "qint8",   "quint8",  "qint32",    "bfloat16"};

/* Values as a message lists them. */
struct list {
    const void *values;
    size_t n_values;
};

static const char *get_type_name(int32_t type) {
    const size_t n = sizeof(TYPE_NAMES) / sizeof(TYPE_NAMES[0]);

    if (type > REFERENCE_TYPES) {
        type -= REFERENCE_TYPES;
    }
    return type >= 0 && (size_t)type < n ? TYPE_NAMES[type] : "another type";
}

enum dsi_dtype dsi_graphdef_get_dtype(int32_t type) {
    switch (type > REFERENCE_TYPES ? type - REFERENCE_TYPES : type) {
    case TYPE_FLOAT:
        return DSI_DTYPE_F32;
    case TYPE_INT32:
        return DSI_DTYPE_I32;
    case TYPE_STRING:
        return DSI_DTYPE_STRING;
    case TYPE_INT64:
        return DSI_DTYPE_I64;
    case TYPE_BOOL:
        return DSI_DTYPE_BOOL;
    default:
        return DSI_DTYPE_NONE;
    }
}

enum dsinfer_status dsi_graphdef_read_shape(const Dsi__TensorShape *message, const char *node,
                                            struct dsi_shape *out, struct dsinfer_error *err) {
    struct dsi_shape shape = {0};
    size_t i;

    if (message && message->n_dim > DSI_MAX_RANK) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "node '%s' has a shape of %zu dimensions, supported are %d", node,
                        message->n_dim, DSI_MAX_RANK);
    }
    for (i = 0; message && i < message->n_dim; i++) {
        shape.dims[i] = message->dim[i]->size;
        if (shape.dims[i] < -1) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED,
                            "node '%s' has a shape with a dimension of %" PRId64, node,
                            shape.dims[i]);
        }
    }
    shape.rank = message ? message->n_dim : 0;
    *out = shape;
    return DSINFER_OK;
}

const Dsi__AttrValue *dsi_graphdef_find_attr(const Dsi__NodeDef *node, const char *name,
                                             Dsi__AttrValue__ValueCase kind) {
    size_t i;

    for (i = 0; i < node->n_attr; i++) {
        const Dsi__AttrValue *value = node->attr[i]->value;

        if (strcmp(node->attr[i]->key, name) == 0) {
            return value && value->value_case == kind ? value : NULL;
        }
    }
    return NULL;
}

static int32_t get_type_attr(const Dsi__NodeDef *node) {
    const Dsi__AttrValue *attr = dsi_graphdef_find_attr(node, "dtype", DSI__ATTR_VALUE__VALUE_TYPE);

    return attr ? attr->type : 0;
}

/* Type and shape of a constant, and its size in bytes (0 for a string). */
static enum dsinfer_status read_form(const Dsi__NodeDef *node, int32_t type,
                                     const Dsi__TensorShape *shape, struct dsi_tensor *tensor,
                                     size_t *size, struct dsinfer_error *err) {
    char text[DSI_SHAPE_TEXT_SIZE];
    enum dsinfer_status status;

    tensor->dtype = dsi_graphdef_get_dtype(type);
    if (tensor->dtype == DSI_DTYPE_NONE) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "constant '%s' is of %s (type %" PRId32 "), which is not supported",
                        node->name, get_type_name(type), type);
    }
    status = dsi_graphdef_read_shape(shape, node->name, &tensor->shape, err);
    if (status != DSINFER_OK) {
        return status;
    }
    if ((shape && shape->unknown_rank) || !dsi_shape_is_known(&tensor->shape)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED, "constant '%s' leaves its shape open",
                        node->name);
    }
    *size = 0;
    if (tensor->dtype != DSI_DTYPE_STRING &&
        (!dsi_shape_get_size(&tensor->shape, tensor->dtype, size) || *size > PTRDIFF_MAX)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "constant '%s' has the shape %s, more than any memory holds", node->name,
                        dsi_shape_print(&tensor->shape, text));
    }
    return DSINFER_OK;
}

static enum dsinfer_status check_bools(const Dsi__NodeDef *node, const struct dsi_tensor *tensor,
                                       struct dsinfer_error *err) {
    size_t i;

    for (i = 0; tensor->dtype == DSI_DTYPE_BOOL && i < tensor->bytes.size; i++) {
        if (tensor->bytes.data[i] > 1) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED,
                            "constant '%s' of type bool has the value %u", node->name,
                            (unsigned)tensor->bytes.data[i]);
        }
    }
    return DSINFER_OK;
}

static enum dsinfer_status use_content(const Dsi__NodeDef *node, struct dsi_bytes content,
                                       const struct dsi_graphdef_source *source, size_t size,
                                       struct dsi_tensor *tensor, struct dsinfer_error *err) {
    char text[DSI_SHAPE_TEXT_SIZE];

    if (content.size != size) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "constant '%s' of type %s and shape %s needs %zu bytes, but has %zu",
                        node->name, dsi_dtype_get_name(tensor->dtype),
                        dsi_shape_print(&tensor->shape, text), size, content.size);
    }
    tensor->bytes = content;
    tensor->file = source->file;
    return check_bools(node, tensor, err);
}

static struct list get_list(const Dsi__Tensor *message, enum dsi_dtype dtype) {
    switch (dtype) {
    case DSI_DTYPE_F32:
        return (struct list){message->float_val, message->n_float_val};
    case DSI_DTYPE_I32:
        return (struct list){message->int_val, message->n_int_val};
    case DSI_DTYPE_I64:
        return (struct list){message->int64_val, message->n_int64_val};
    default:
        return (struct list){message->bool_val, message->n_bool_val};
    }
}

/* Element `i` of the list as the bytes of a tensor. */
static void put_value(uint8_t *out, struct list list, enum dsi_dtype dtype, size_t i) {
    const size_t size = dsi_dtype_get_size(dtype);

    if (dtype == DSI_DTYPE_BOOL) {
        *out = ((const protobuf_c_boolean *)list.values)[i] != 0;
    } else {
        memcpy(out, (const uint8_t *)list.values + i * size, size);
    }
}

/* Room for the bytes of a constant. */
static enum dsinfer_status take(struct dsi_arena *arena, size_t size, uint8_t **out,
                                struct dsinfer_error *err) {
    const size_t rest = arena->limit - arena->used;

    *out = dsi_arena_alloc(arena, size, 1);
    if (*out) {
        return DSINFER_OK;
    }
    if (size >= rest) {
        return dsi_fail(err, DSINFER_ERR_LIMIT,
                        "the constants that the graph does not store as plain values need more "
                        "than %zu bytes",
                        arena->limit);
    }
    return dsi_fail_memory(err, size);
}

/* Unrolls the values that the message lists. */
static enum dsinfer_status use_list(const Dsi__NodeDef *node, const Dsi__Tensor *message,
                                    size_t size, struct dsi_arena *arena, struct dsi_tensor *tensor,
                                    struct dsinfer_error *err) {
    const struct list list = get_list(message, tensor->dtype);
    const size_t element_size = dsi_dtype_get_size(tensor->dtype);
    const size_t n = size / element_size;
    char text[DSI_SHAPE_TEXT_SIZE];
    enum dsinfer_status status;
    uint8_t *bytes;
    size_t i;

    dsi_shape_print(&tensor->shape, text);
    if (list.n_values > n) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "constant '%s' of shape %s needs %zu values, but has %zu", node->name, text,
                        n, list.n_values);
    }
    if (size > DSI_GRAPHDEF_MAX_CONSTANT_SIZE) {
        return dsi_fail(err, DSINFER_ERR_LIMIT,
                        "constant '%s' of shape %s lists %zu values to be unrolled to %zu bytes, "
                        "the limit is %zu",
                        node->name, text, list.n_values, size, DSI_GRAPHDEF_MAX_CONSTANT_SIZE);
    }
    status = take(arena, size, &bytes, err);
    if (status != DSINFER_OK) {
        return status;
    }
    for (i = 0; list.n_values && i < n; i++) {
        put_value(bytes + i * element_size, list, tensor->dtype,
                  i < list.n_values ? i : list.n_values - 1);
    }
    tensor->bytes.data = bytes;
    tensor->bytes.size = size;
    return DSINFER_OK;
}

/* A string constant is its first string: no more is asked of them. */
static enum dsinfer_status use_string(const Dsi__Tensor *message, struct dsi_arena *arena,
                                      struct dsi_tensor *tensor, struct dsinfer_error *err) {
    const ProtobufCBinaryData none = {0, NULL};
    const ProtobufCBinaryData *string = message->n_string_val ? &message->string_val[0] : &none;
    uint8_t *bytes;
    enum dsinfer_status status = take(arena, string->len, &bytes, err);

    if (status != DSINFER_OK) {
        return status;
    }
    if (string->len) {
        memcpy(bytes, string->data, string->len);
    }
    tensor->bytes.data = bytes;
    tensor->bytes.size = string->len;
    return DSINFER_OK;
}

/* Takes the values from the memory region that the attribute `name` names. */
static enum dsinfer_status use_region(const Dsi__NodeDef *node, const Dsi__AttrValue *name,
                                      const struct dsi_graphdef_source *source, size_t size,
                                      struct dsi_tensor *tensor, struct dsinfer_error *err) {
    const struct dsi_graphdef_regions *regions = source->regions;
    const struct dsi_bytes key = {name->s.data, name->s.len};
    const int shown = dsi_wire_get_shown(key);
    char text[DSI_SHAPE_TEXT_SIZE];
    struct dsi_bytes region;

    if (!regions || !regions->find(regions->package, key, &region)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "constant '%s' has its values in the memory region '%.*s', which %s",
                        node->name, shown, (const char *)key.data,
                        regions ? "the file does not have" : "only a .pbmm file could have");
    }
    if (region.size < size) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "constant '%s' of type %s and shape %s needs %zu bytes, but its memory "
                        "region '%.*s' has %zu",
                        node->name, dsi_dtype_get_name(tensor->dtype),
                        dsi_shape_print(&tensor->shape, text), size, shown, (const char *)key.data,
                        region.size);
    }
    tensor->bytes.data = region.data;
    tensor->bytes.size = size;
    tensor->file = source->file;
    return check_bools(node, tensor, err);
}

enum dsinfer_status dsi_graphdef_read_const(const Dsi__NodeDef *node, struct dsi_bytes content,
                                            const struct dsi_graphdef_source *source,
                                            struct dsi_arena *arena, struct dsi_tensor *out,
                                            struct dsinfer_error *err) {
    const Dsi__AttrValue *value =
        dsi_graphdef_find_attr(node, "value", DSI__ATTR_VALUE__VALUE_TENSOR);
    const int32_t type = get_type_attr(node);
    struct dsi_tensor tensor = {0};
    enum dsinfer_status status;
    size_t size;

    if (!value) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED, "constant '%s' has no value", node->name);
    }
    if (type != value->tensor->dtype) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "constant '%s' says it is of %s, but its tensor is of %s", node->name,
                        get_type_name(type), get_type_name(value->tensor->dtype));
    }
    status = read_form(node, type, value->tensor->tensor_shape, &tensor, &size, err);
    if (status != DSINFER_OK) {
        return status;
    }
    if (tensor.dtype == DSI_DTYPE_STRING) {
        status = use_string(value->tensor, arena, &tensor, err);
    } else if (content.size) {
        status = use_content(node, content, source, size, &tensor, err);
    } else {
        status = use_list(node, value->tensor, size, arena, &tensor, err);
    }
    if (status == DSINFER_OK) {
        *out = tensor;
    }
    return status;
}

enum dsinfer_status dsi_graphdef_read_immutable(const Dsi__NodeDef *node,
                                                const struct dsi_graphdef_source *source,
                                                struct dsi_tensor *out, struct dsinfer_error *err) {
    const Dsi__AttrValue *shape =
        dsi_graphdef_find_attr(node, "shape", DSI__ATTR_VALUE__VALUE_SHAPE);
    const Dsi__AttrValue *name =
        dsi_graphdef_find_attr(node, "memory_region_name", DSI__ATTR_VALUE__VALUE_S);
    const int32_t type = get_type_attr(node);
    struct dsi_tensor tensor = {0};
    enum dsinfer_status status;
    size_t size;

    if (!shape || !name) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "constant '%s' has no %s, which an ImmutableConst needs", node->name,
                        shape ? "memory_region_name" : "shape");
    }
    status = read_form(node, type, shape->shape, &tensor, &size, err);
    if (status != DSINFER_OK) {
        return status;
    }
    if (tensor.dtype == DSI_DTYPE_STRING) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "constant '%s' keeps strings in a memory region", node->name);
    }
    status = use_region(node, name, source, size, &tensor, err);
    if (status == DSINFER_OK) {
        *out = tensor;
    }
    return status;
}
