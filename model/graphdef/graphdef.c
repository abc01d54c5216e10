/* Reads a GraphDef in two walks over its nodes: the first makes the nodes, the second, when all
 * names are known, connects them (an input may name a node that comes later).
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/graphdef/graphdef.h"

#include "model/graphdef/constant.h"
#include "model/graphdef/trim.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <stdlib.h>
#include <string.h>

#define GRAPHDEF_NODE 1
#define GRAPHDEF_VERSION 3
#define GRAPHDEF_VERSIONS 4
#define VERSIONS_PRODUCER 1
#define NODE_INPUT 3

/* What malloc adds to a block, roughly, so that many tiny fields count as what they cost. */
#define BLOCK_OVERHEAD 32

/* Memory for protobuf-c, within a limit for each node. */
struct budget {
    size_t left;
    bool is_exceeded;
    bool is_out_of_memory;
};

/* A node's name and index, for look-ups. */
struct entry {
    const char *name;
    uint32_t node;
};

struct name_table {
    struct entry *entries; /* owned; by name */
    size_t n_entries;
};

bool dsi_graphdef_probe(struct dsi_bytes bytes) {
    return bytes.size > 0 && bytes.data[0] == (GRAPHDEF_NODE << 3 | DSI_WIRE_BYTES);
}

static void *budget_alloc(void *data, size_t size) {
    struct budget *budget = data;
    void *memory;
    size_t cost;

    if (!dsi_add_size(size, BLOCK_OVERHEAD, &cost) || cost > budget->left) {
        budget->is_exceeded = true;
        return NULL;
    }
    memory = dsi_malloc(size);
    if (!memory) {
        budget->is_out_of_memory = true;
        return NULL;
    }
    budget->left -= cost;
    return memory;
}

static void budget_free(void *data, void *memory) {
    (void)data;
    dsi_free(memory);
}

static void start_walk(struct dsi_wire_reader *reader, const struct dsi_graphdef_source *source) {
    if (source->regions) {
        dsi_wire_reader_init(reader, source->bytes, source->regions->graph_offset,
                             "the GraphDef in the file");
    } else {
        dsi_wire_reader_init(reader, source->bytes, 0, "the file");
    }
}

/* The next node of the GraphDef in *node; *found is false after the last. */
static enum dsinfer_status next_node(struct dsi_wire_reader *reader, struct dsi_wire_field *node,
                                     bool *found, struct dsinfer_error *err) {
    *found = false;
    while (!dsi_wire_is_at_end(reader)) {
        enum dsinfer_status status = dsi_wire_read(reader, node, err);

        if (status != DSINFER_OK) {
            return status;
        }
        if (node->number == GRAPHDEF_NODE) {
            if (node->type != DSI_WIRE_BYTES) {
                return dsi_fail(err, DSINFER_ERR_MALFORMED,
                                "byte %zu: a node was expected, but the field has wire type %d",
                                node->offset, (int)node->type);
            }
            *found = true;
            break;
        }
    }
    return DSINFER_OK;
}

static enum dsinfer_status unpack(const struct dsi_wire_field *field,
                                  const struct dsi_trimmed_node *trimmed,
                                  ProtobufCAllocator *allocator, Dsi__NodeDef **out,
                                  struct dsinfer_error *err) {
    struct budget *budget = allocator->allocator_data;
    const int shown = dsi_wire_get_shown(trimmed->name);

    *budget = (struct budget){.left = DSI_GRAPHDEF_MAX_UNPACKED_SIZE};
    *out = dsi__node_def__unpack(allocator, trimmed->size, trimmed->bytes);
    if (*out) {
        return DSINFER_OK;
    }
    if (budget->is_out_of_memory) {
        return dsi_fail_memory(err, trimmed->size);
    }
    if (budget->is_exceeded) {
        return dsi_fail(err, DSINFER_ERR_LIMIT,
                        "node '%.*s' at byte %zu takes more than %zu bytes when unpacked", shown,
                        (const char *)trimmed->name.data, field->offset,
                        DSI_GRAPHDEF_MAX_UNPACKED_SIZE);
    }
    return dsi_fail(err, DSINFER_ERR_MALFORMED,
                    "node '%.*s' at byte %zu is no valid protobuf message", shown,
                    (const char *)trimmed->name.data, field->offset);
}

static enum dsinfer_status check_node(const Dsi__NodeDef *node, size_t offset,
                                      struct dsinfer_error *err) {
    size_t i, j;

    if (!node->name[0] || !node->op[0]) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED, "node '%s' at byte %zu has no %s", node->name,
                        offset, node->name[0] ? "op" : "name");
    }
    if (node->n_attr > DSI_GRAPHDEF_MAX_ATTRS) {
        return dsi_fail(err, DSINFER_ERR_LIMIT, "node '%s' has %zu attributes, the limit is %d",
                        node->name, node->n_attr, DSI_GRAPHDEF_MAX_ATTRS);
    }
    for (i = 0; i < node->n_attr; i++) {
        for (j = 0; j < i; j++) {
            if (strcmp(node->attr[i]->key, node->attr[j]->key) == 0) {
                return dsi_fail(err, DSINFER_ERR_MALFORMED,
                                "node '%s' has the attribute '%s' twice", node->name,
                                node->attr[i]->key);
            }
        }
    }
    return DSINFER_OK;
}

/* Fills in *attr; *is_kept is false for kinds that a graph does not have. */
static enum dsinfer_status read_attr(const Dsi__NodeDef *node, const Dsi__NodeDef__AttrEntry *entry,
                                     struct dsi_attr *attr, bool *is_kept,
                                     struct dsinfer_error *err) {
    const Dsi__AttrValue *value = entry->value;

    *is_kept = value != NULL;
    attr->name = entry->key;
    switch (value ? value->value_case : DSI__ATTR_VALUE__VALUE__NOT_SET) {
    case DSI__ATTR_VALUE__VALUE_I:
        attr->kind = DSI_ATTR_INT;
        attr->u.i = value->i;
        break;
    case DSI__ATTR_VALUE__VALUE_F:
        attr->kind = DSI_ATTR_FLOAT;
        attr->u.f = value->f;
        break;
    case DSI__ATTR_VALUE__VALUE_B:
        attr->kind = DSI_ATTR_BOOL;
        attr->u.i = value->b != 0;
        break;
    case DSI__ATTR_VALUE__VALUE_TYPE:
        attr->kind = DSI_ATTR_TYPE;
        attr->u.i = dsi_graphdef_get_dtype(value->type);
        break;
    case DSI__ATTR_VALUE__VALUE_S:
        attr->kind = DSI_ATTR_STRING;
        attr->u.bytes = (struct dsi_bytes){value->s.data, value->s.len};
        break;
    case DSI__ATTR_VALUE__VALUE_SHAPE:
        attr->kind = DSI_ATTR_SHAPE;
        *is_kept = !value->shape->unknown_rank;
        return dsi_graphdef_read_shape(value->shape, node->name, &attr->u.shape, err);
    case DSI__ATTR_VALUE__VALUE_LIST:
        attr->kind = DSI_ATTR_INTS;
        attr->u.ints.values = value->list->i;
        attr->u.ints.n_values = value->list->n_i;
        *is_kept = value->list->n_i > 0; /* else a list of something else */
        break;
    default:
        *is_kept = false;
        break;
    }
    return DSINFER_OK;
}

static enum dsinfer_status add_attrs(struct dsi_graph *graph, uint32_t index,
                                     const Dsi__NodeDef *node, struct dsinfer_error *err) {
    struct dsi_attr *attrs = dsi_calloc(node->n_attr, sizeof(*attrs));
    enum dsinfer_status status = DSINFER_OK;
    size_t n_attrs = 0;
    size_t i;

    if (!attrs) {
        return dsi_fail_memory(err, node->n_attr * sizeof(*attrs));
    }
    for (i = 0; status == DSINFER_OK && i < node->n_attr; i++) {
        bool is_kept;

        status = read_attr(node, node->attr[i], &attrs[n_attrs], &is_kept, err);
        n_attrs += is_kept;
    }
    if (status == DSINFER_OK) {
        status = dsi_graph_set_attrs(graph, index, attrs, n_attrs, err);
    }
    dsi_free(attrs);
    return status;
}

/* Adds an unpacked node. `content` is its tensor's content, in the file. */
static enum dsinfer_status add_node(struct dsi_graph *graph, const Dsi__NodeDef *node,
                                    struct dsi_bytes content,
                                    const struct dsi_graphdef_source *source,
                                    struct dsinfer_error *err) {
    const bool is_immutable = strcmp(node->op, "ImmutableConst") == 0;
    struct dsi_tensor value = {0};
    enum dsinfer_status status;
    size_t n_inputs = 0;
    uint32_t index;
    size_t i;

    for (i = 0; i < node->n_input; i++) {
        n_inputs += node->input[i][0] != '^';
    }
    status = dsi_graph_add_node(graph, node->name, is_immutable ? "Const" : node->op, n_inputs,
                                &index, err);
    if (status != DSINFER_OK) {
        return status;
    }
    status = add_attrs(graph, index, node, err);
    if (status != DSINFER_OK) {
        return status;
    }
    if (is_immutable) {
        status = dsi_graphdef_read_immutable(node, source, &value, err);
    } else if (strcmp(node->op, "Const") == 0) {
        status = dsi_graphdef_read_const(node, content, source, &graph->arena, &value, err);
    }
    if (status == DSINFER_OK) {
        graph->nodes[index].value = value;
    }
    return status;
}

/* The first walk. */
static enum dsinfer_status add_nodes(struct dsi_graph *graph,
                                     const struct dsi_graphdef_source *source,
                                     struct dsinfer_error *err) {
    struct budget budget;
    ProtobufCAllocator allocator = {budget_alloc, budget_free, &budget};
    struct dsi_trimmed_node trimmed = {0};
    enum dsinfer_status status;
    struct dsi_wire_reader reader;
    struct dsi_wire_field field;
    bool found;

    start_walk(&reader, source);
    status = next_node(&reader, &field, &found, err);
    while (status == DSINFER_OK && found) {
        Dsi__NodeDef *node = NULL;

        status = dsi_node_trim(&field, &trimmed, err);
        if (status == DSINFER_OK) {
            status = unpack(&field, &trimmed, &allocator, &node, err);
        }
        if (status == DSINFER_OK) {
            status = check_node(node, field.offset, err);
        }
        if (status == DSINFER_OK) {
            status = add_node(graph, node, trimmed.content, source, err);
        }
        dsi__node_def__free_unpacked(node, &allocator);
        if (status == DSINFER_OK) {
            status = next_node(&reader, &field, &found, err);
        }
    }
    dsi_trimmed_node_finish(&trimmed);
    return status;
}

static int compare_entries(const void *a, const void *b) {
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static enum dsinfer_status create_names(struct name_table *names, const struct dsi_graph *graph,
                                        struct dsinfer_error *err) {
    const size_t n = graph->n_nodes;
    size_t i;

    names->entries = dsi_calloc(n, sizeof(*names->entries));
    if (!names->entries) {
        return dsi_fail_memory(err, n * sizeof(*names->entries));
    }
    for (i = 0; i < n; i++) {
        names->entries[i].name = graph->nodes[i].name;
        names->entries[i].node = (uint32_t)i;
    }
    qsort(names->entries, n, sizeof(*names->entries), compare_entries);
    names->n_entries = n;
    return DSINFER_OK;
}

static int compare_to_entry(const void *key, const void *element) {
    const struct dsi_bytes *name = key;
    const struct entry *entry = element;
    const int order = strncmp((const char *)name->data, entry->name, name->size);

    return order ? order : -(entry->name[name->size] != '\0');
}

/* Splits "name:k" at its last colon; k is 0 without one. False if k is no small number. */
static bool split_input(struct dsi_bytes input, struct dsi_bytes *name, uint32_t *output) {
    size_t at = input.size;
    size_t i;

    while (at > 0 && input.data[at - 1] != ':') {
        at--;
    }
    *name = input;
    *output = 0;
    if (at == 0) {
        return true;
    }
    name->size = at - 1;
    for (i = at; i < input.size; i++) {
        if (input.data[i] < '0' || input.data[i] > '9' || i - at == 5) {
            return false;
        }
        *output = *output * 10 + (uint32_t)(input.data[i] - '0');
    }
    return at < input.size;
}

static enum dsinfer_status resolve_input(const struct name_table *names,
                                         const struct dsi_node *node, struct dsi_bytes input,
                                         struct dsi_port *out, struct dsinfer_error *err) {
    const int shown = dsi_wire_get_shown(input);
    const struct entry *entry = NULL;
    struct dsi_bytes name;
    uint32_t output;

    if (!split_input(input, &name, &output)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "node '%s' has the input '%.*s', whose output number is none", node->name,
                        shown, (const char *)input.data);
    }
    if (name.size) {
        entry = bsearch(&name, names->entries, names->n_entries, sizeof(*names->entries),
                        compare_to_entry);
    }
    if (!entry) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "node '%s' has the input '%.*s', but no node has that name", node->name,
                        shown, (const char *)input.data);
    }
    *out = (struct dsi_port){entry->node, output};
    return DSINFER_OK;
}

/* Connects one node; it is known to be well-formed. */
static enum dsinfer_status connect_node(const struct name_table *names, struct dsi_node *node,
                                        const struct dsi_wire_field *field,
                                        struct dsinfer_error *err) {
    struct dsi_wire_reader reader;
    size_t n = 0;

    dsi_wire_reader_enter(&reader, field);
    while (!dsi_wire_is_at_end(&reader)) {
        struct dsi_wire_field inner;
        enum dsinfer_status status = dsi_wire_read(&reader, &inner, err);

        if (status != DSINFER_OK) {
            return status;
        }
        if (inner.number == NODE_INPUT && (!inner.bytes.size || inner.bytes.data[0] != '^')) {
            status = resolve_input(names, node, inner.bytes, &node->inputs[n++], err);
            if (status != DSINFER_OK) {
                return status;
            }
        }
    }
    return DSINFER_OK;
}

/* The second walk. */
static enum dsinfer_status connect_nodes(struct dsi_graph *graph,
                                         const struct dsi_graphdef_source *source,
                                         struct dsinfer_error *err) {
    struct name_table names = {0};
    enum dsinfer_status status = create_names(&names, graph, err);
    struct dsi_wire_reader reader;
    size_t i;

    start_walk(&reader, source);
    for (i = 0; status == DSINFER_OK && i < graph->n_nodes; i++) {
        struct dsi_wire_field field;
        bool found;

        status = next_node(&reader, &field, &found, err);
        if (status == DSINFER_OK) {
            status = connect_node(&names, &graph->nodes[i], &field, err);
        }
    }
    dsi_free(names.entries);
    return status;
}

/* The version of the graph, which TensorFlow has given up and DeepSpeech 0.5 uses. */
static enum dsinfer_status read_version(struct dsi_graph *graph,
                                        const struct dsi_graphdef_source *source,
                                        struct dsinfer_error *err) {
    enum dsinfer_status status = DSINFER_OK;
    struct dsi_wire_reader reader;

    start_walk(&reader, source);
    while (status == DSINFER_OK && !dsi_wire_is_at_end(&reader)) {
        struct dsi_wire_field field;

        status = dsi_wire_read(&reader, &field, err);
        if (status == DSINFER_OK && field.number == GRAPHDEF_VERSION &&
            field.type == DSI_WIRE_VARINT) {
            graph->version = field.value <= INT32_MAX ? (int64_t)field.value : 0;
        }
    }
    return status;
}

bool dsi_graphdef_find_producer(struct dsi_bytes bytes, uint32_t *out) {
    struct dsi_wire_reader reader, versions;
    struct dsi_wire_field field, inner;
    bool found = false;

    dsi_wire_reader_init(&reader, bytes, 0, "the file");
    while (!dsi_wire_is_at_end(&reader) && dsi_wire_read(&reader, &field, NULL) == DSINFER_OK) {
        if (field.number != GRAPHDEF_VERSIONS || field.type != DSI_WIRE_BYTES) {
            continue;
        }
        dsi_wire_reader_enter(&versions, &field);
        while (!dsi_wire_is_at_end(&versions) &&
               dsi_wire_read(&versions, &inner, NULL) == DSINFER_OK) {
            if (inner.number == VERSIONS_PRODUCER && inner.type == DSI_WIRE_VARINT &&
                inner.value > 0 && inner.value <= INT32_MAX) {
                *out = (uint32_t)inner.value;
                found = true;
            }
        }
    }
    return found;
}

enum dsinfer_status dsi_graphdef_read(struct dsi_graph *graph, struct dsi_bytes bytes,
                                      const struct dsi_mapped_file *file,
                                      const struct dsi_graphdef_regions *regions,
                                      struct dsinfer_error *err) {
    const struct dsi_graphdef_source source = {bytes, file, regions};
    enum dsinfer_status status;
    struct dsi_graph made;

    dsi_graph_init(&made);
    status = add_nodes(&made, &source, err);
    if (status == DSINFER_OK) {
        status = connect_nodes(&made, &source, err);
    }
    if (status == DSINFER_OK) {
        status = read_version(&made, &source, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_graph_verify(&made, err);
    }
    if (status == DSINFER_OK) {
        *graph = made;
    } else {
        dsi_graph_finish(&made);
    }
    return status;
}
