/* Rewriting a GraphDef node by node, with the values of its constants inside or outside.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/memmapped/memmapped_write.h"

#include "model/graphdef/wire.h"
#include "runtime/base/error.h"

#include <string.h>

#define NAME_PREFIX "memmapped_package://"

/* What TensorFlow's own tool moves out, and where the memory of its tensors is aligned. */
#define MIN_REGION_SIZE 10000
#define ALIGNMENT 64

/* protobuf cannot read larger messages. */
#define MAX_GRAPHDEF_SIZE ((size_t)INT32_MAX)

/* Fields and numbers of TensorFlow's messages. */
enum { GRAPHDEF_NODE = 1 };
enum { NODE_OP = 2, NODE_ATTR = 5 };
enum { ENTRY_KEY = 1, ENTRY_VALUE };
enum { ATTR_STRING = 2, ATTR_TYPE = 6, ATTR_SHAPE, ATTR_TENSOR };
enum { SHAPE_DIM = 2, DIM_SIZE = 1 };
enum { TENSOR_TYPE = 1, TENSOR_SHAPE = 2, TENSOR_CONTENT = 4 };
enum { DIRECTORY_ELEMENT = 1 };
enum { ELEMENT_OFFSET = 1, ELEMENT_NAME, ELEMENT_LENGTH };

static const uint64_t TYPES[] = {
    [DSI_DTYPE_F32] = 1, [DSI_DTYPE_I32] = 3, [DSI_DTYPE_I64] = 9, [DSI_DTYPE_BOOL] = 10};

struct writer {
    struct dsi_arena *arena;
    bool is_package;
    struct dsi_pieces graph, directory;
    struct dsi_pieces rest; /* of the GraphDef: what is no node comes after the nodes */
    struct dsi_pieces *file;
    const char *names[DSI_MEMMAPPED_MAX_WRITTEN]; /* of the regions */
    size_t n_names;
};

static bool has_name(const struct writer *w, const char *name) {
    size_t i;

    for (i = 0; i < w->n_names; i++) {
        if (strcmp(w->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* The name of a region after that of a node, as TensorFlow makes it; "" when memory ran out. */
static const char *make_name(struct writer *w, const char *node) {
    static const char others[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.";
    const size_t prefix_size = sizeof(NAME_PREFIX) - 1;
    size_t size = prefix_size + strlen(node);
    char *name = dsi_arena_alloc(w->arena, size + w->n_names + 1, 1);
    size_t i;

    if (!name) {
        w->graph.has_failed = true;
        return "";
    }
    memcpy(name, NAME_PREFIX, prefix_size);
    memcpy(name + prefix_size, node, size - prefix_size);
    for (i = prefix_size; i < size; i++) {
        if (!strchr(others, name[i])) {
            name[i] = '_';
        }
    }
    while (has_name(w, name)) {
        name[size++] = '_';
    }
    w->names[w->n_names++] = name;
    return name;
}

/* attr[key] = { field `kind` }; the value is finished. */
static void add_attr(struct dsi_pieces *node, const char *key, struct dsi_pieces *value) {
    struct dsi_pieces entry;

    dsi_pieces_init(&entry, node->arena);
    dsi_pieces_add_text(&entry, ENTRY_KEY, key);
    dsi_pieces_add_message(&entry, ENTRY_VALUE, value);
    dsi_pieces_add_message(node, NODE_ATTR, &entry);
}

static void add_shape(struct dsi_pieces *message, uint32_t number, const struct dsi_shape *from) {
    struct dsi_pieces shape;
    size_t i;

    dsi_pieces_init(&shape, message->arena);
    for (i = 0; i < from->rank; i++) {
        struct dsi_pieces dim;

        dsi_pieces_init(&dim, message->arena);
        dsi_pieces_add_int(&dim, DIM_SIZE, (uint64_t)from->dims[i]);
        dsi_pieces_add_message(&shape, SHAPE_DIM, &dim);
    }
    dsi_pieces_add_message(message, number, &shape);
}

static void add_type_attr(struct dsi_pieces *node, enum dsi_dtype dtype) {
    struct dsi_pieces value;

    dsi_pieces_init(&value, node->arena);
    dsi_pieces_add_int(&value, ATTR_TYPE, TYPES[dtype]);
    add_attr(node, "dtype", &value);
}

/* What makes an ImmutableConst of a node. */
static void add_region_attrs(struct dsi_pieces *node, const struct dsi_tensor *tensor,
                             const char *region) {
    struct dsi_pieces value;

    add_type_attr(node, tensor->dtype);
    dsi_pieces_init(&value, node->arena);
    add_shape(&value, ATTR_SHAPE, &tensor->shape);
    add_attr(node, "shape", &value);
    dsi_pieces_init(&value, node->arena);
    dsi_pieces_add_text(&value, ATTR_STRING, region);
    add_attr(node, "memory_region_name", &value);
}

/* What makes a Const of a node. */
static void add_value_attrs(struct dsi_pieces *node, const struct dsi_tensor *tensor) {
    struct dsi_pieces value;
    struct dsi_pieces message;

    add_type_attr(node, tensor->dtype);
    dsi_pieces_init(&message, node->arena);
    dsi_pieces_add_int(&message, TENSOR_TYPE, TYPES[tensor->dtype]);
    add_shape(&message, TENSOR_SHAPE, &tensor->shape);
    dsi_pieces_add_bytes(&message, TENSOR_CONTENT, tensor->bytes);
    dsi_pieces_init(&value, node->arena);
    dsi_pieces_add_message(&value, ATTR_TENSOR, &message);
    add_attr(node, "value", &value);
}

/* The key of an entry of a map, empty where it has none. */
static enum dsinfer_status read_key(const struct dsi_wire_field *entry, struct dsi_bytes *key,
                                    struct dsinfer_error *err) {
    enum dsinfer_status status = DSINFER_OK;
    struct dsi_wire_reader reader;

    *key = (struct dsi_bytes){NULL, 0};
    dsi_wire_reader_enter(&reader, entry);
    while (status == DSINFER_OK && !dsi_wire_is_at_end(&reader)) {
        struct dsi_wire_field field;

        status = dsi_wire_read(&reader, &field, err);
        if (status == DSINFER_OK && field.number == ENTRY_KEY) {
            *key = field.bytes;
        }
    }
    return status;
}

/* Copies a node with another op, but for the attributes that only one op has. */
static enum dsinfer_status copy_node(const struct dsi_wire_field *from, const char *op,
                                     struct dsi_pieces *node, struct dsinfer_error *err) {
    enum dsinfer_status status = DSINFER_OK;
    struct dsi_wire_reader reader;

    dsi_wire_reader_enter(&reader, from);
    while (status == DSINFER_OK && !dsi_wire_is_at_end(&reader)) {
        struct dsi_wire_field field;
        struct dsi_bytes key = {NULL, 0};

        status = dsi_wire_read(&reader, &field, err);
        if (status == DSINFER_OK && field.number == NODE_ATTR) {
            status = read_key(&field, &key, err);
        }
        if (status != DSINFER_OK) {
            break;
        }
        if (field.number == NODE_OP) {
            dsi_pieces_add_text(node, NODE_OP, op);
        } else if (field.number != NODE_ATTR || (key.size && key.data[0] == '_')) {
            dsi_pieces_add(node, field.whole);
        }
    }
    return status;
}

/* Puts values at the next aligned place of the file, with an element of the directory. */
static void add_region(struct writer *w, const char *name, struct dsi_bytes values) {
    static const uint8_t zeros[ALIGNMENT];
    const size_t used = w->file->size % ALIGNMENT;
    struct dsi_pieces element;

    dsi_pieces_add(w->file, (struct dsi_bytes){zeros, used ? ALIGNMENT - used : 0});
    dsi_pieces_init(&element, w->arena);
    dsi_pieces_add_int(&element, ELEMENT_OFFSET, w->file->size);
    dsi_pieces_add_text(&element, ELEMENT_NAME, name);
    dsi_pieces_add_int(&element, ELEMENT_LENGTH, values.size);
    dsi_pieces_add_message(&w->directory, DIRECTORY_ELEMENT, &element);
    dsi_pieces_add(w->file, values);
}

/* A constant whose values are moved. */
static enum dsinfer_status move_values(struct writer *w, const struct dsi_wire_field *from,
                                       const struct dsi_node *node, struct dsinfer_error *err) {
    const struct dsi_tensor *tensor = &node->value;
    const bool is_outside = w->is_package && tensor->bytes.size > 0; /* no region is empty */
    enum dsinfer_status status;
    struct dsi_pieces message;
    const char *region = NULL;

    if (is_outside && w->n_names == DSI_MEMMAPPED_MAX_WRITTEN) {
        return dsi_fail(err, DSINFER_ERR_LIMIT,
                        "the graph has more than %d constants that would be regions of a package",
                        DSI_MEMMAPPED_MAX_WRITTEN - 1);
    }
    dsi_pieces_init(&message, w->arena);
    status = copy_node(from, is_outside ? "ImmutableConst" : "Const", &message, err);
    if (status == DSINFER_OK && is_outside) {
        region = make_name(w, node->name);
        add_region_attrs(&message, tensor, region);
        add_region(w, region, tensor->bytes);
    } else if (status == DSINFER_OK) {
        add_value_attrs(&message, tensor);
    }
    dsi_pieces_add_message(&w->graph, GRAPHDEF_NODE, &message);
    return status;
}

/* Does the file have the values outside the node? */
static bool is_immutable(const struct dsi_node *node) {
    return dsi_node_find_attr(node, "memory_region_name") != NULL;
}

static enum dsinfer_status add_nodes(struct writer *w, struct dsi_bytes graphdef,
                                     const struct dsi_graph *graph, struct dsinfer_error *err) {
    enum dsinfer_status status = DSINFER_OK;
    struct dsi_wire_reader reader;
    size_t n = 0;

    dsi_wire_reader_init(&reader, graphdef, 0, "the GraphDef");
    while (status == DSINFER_OK && !dsi_wire_is_at_end(&reader)) {
        const struct dsi_node *node = n < graph->n_nodes ? &graph->nodes[n] : NULL;
        struct dsi_wire_field field;

        status = dsi_wire_read(&reader, &field, err);
        if (status != DSINFER_OK) {
            break;
        }
        if (field.number != GRAPHDEF_NODE) {
            dsi_pieces_add(&w->rest, field.whole);
            continue;
        }
        if (!node) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED, "byte %zu: there is a node too many",
                            field.offset);
        }
        n++;
        if (dsi_node_is_op(node, "Const") && node->value.dtype != DSI_DTYPE_STRING &&
            (is_immutable(node) || (w->is_package && node->value.bytes.size >= MIN_REGION_SIZE))) {
            status = move_values(w, &field, node, err);
        } else {
            dsi_pieces_add(&w->graph, field.whole);
        }
    }
    return status;
}

/* Ends the file: the graph, and for a package the directory. */
static void add_rest(struct writer *w) {
    struct dsi_pieces element;
    uint8_t trailer[8];
    uint64_t offset;
    size_t i;

    dsi_pieces_add_all(&w->graph, &w->rest);
    if (w->is_package) {
        dsi_pieces_init(&element, w->arena);
        dsi_pieces_add_int(&element, ELEMENT_OFFSET, w->file->size);
        dsi_pieces_add_text(&element, ELEMENT_NAME, NAME_PREFIX ".");
        dsi_pieces_add_int(&element, ELEMENT_LENGTH, w->graph.size);
        dsi_pieces_add_message(&w->directory, DIRECTORY_ELEMENT, &element);
    }
    dsi_pieces_add_all(w->file, &w->graph);
    if (w->is_package) {
        offset = w->file->size;
        for (i = 0; i < sizeof(trailer); i++) {
            trailer[i] = (uint8_t)(offset >> 8 * i);
        }
        dsi_pieces_add_all(w->file, &w->directory);
        dsi_pieces_add_copy(w->file, trailer, sizeof(trailer));
    }
}

enum dsinfer_status dsi_memmapped_lay_out(struct dsi_pieces *file, struct dsi_bytes graphdef,
                                          const struct dsi_graph *graph, bool is_package,
                                          struct dsinfer_error *err) {
    struct writer *w = dsi_arena_alloc(file->arena, 1, sizeof(*w));
    enum dsinfer_status status;

    if (!w) {
        return dsi_fail_memory(err, sizeof(*w));
    }
    w->arena = file->arena;
    w->is_package = is_package;
    w->file = file;
    w->names[w->n_names++] = NAME_PREFIX "."; /* the graph's own */
    dsi_pieces_init(&w->graph, w->arena);
    dsi_pieces_init(&w->directory, w->arena);
    dsi_pieces_init(&w->rest, w->arena);
    status = add_nodes(w, graphdef, graph, err);
    if (status == DSINFER_OK && w->graph.size + w->rest.size > MAX_GRAPHDEF_SIZE) {
        status = dsi_fail(err, DSINFER_ERR_LIMIT,
                          "the graph would have %zu bytes, but TensorFlow reads at most %zu",
                          w->graph.size + w->rest.size, MAX_GRAPHDEF_SIZE);
    }
    if (status == DSINFER_OK) {
        add_rest(w);
        status = file->has_failed ? dsi_fail_memory(err, 0) : DSINFER_OK;
    }
    dsi_pieces_finish(&w->graph);
    dsi_pieces_finish(&w->directory);
    dsi_pieces_finish(&w->rest);
    return status;
}
