/* Reading a packed model.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/packed/packed.h"

#include "model/alphabet.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/base/reader.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define SUM_SIZE 8

/* The largest numbers that a signature and metadata may have, as for other formats. */
#define MAX_SAMPLE_RATE 192000
#define MAX_BEAM_WIDTH 65536
#define MAX_CONTEXT 511
#define MAX_FEATURES 4096
#define MAX_CELLS 65536
#define MAX_LABELS 65536

struct reading {
    struct dsi_reader reader;
    struct dsi_bytes bytes;             /* of the file */
    const struct dsi_mapped_file *file; /* borrowed; may be NULL */
    struct dsi_graph *graph;
};

bool dsi_packed_probe(struct dsi_bytes bytes) {
    const size_t size = strlen(DSI_PACKED_MAGIC);

    return bytes.size >= size && memcmp(bytes.data, DSI_PACKED_MAGIC, size) == 0;
}

uint64_t dsi_packed_hash(uint64_t hash, struct dsi_bytes bytes) {
    return dsi_hash_compute(hash, bytes.data, bytes.size);
}

/* Magic, sizes and checksum; *head is what lies between. */
static enum dsinfer_status check_fixed(struct dsi_bytes bytes, struct dsi_bytes *head,
                                       struct dsinfer_error *err) {
    const uint8_t *data = bytes.data;
    uint64_t size, head_size;

    if (bytes.size < DSI_PACKED_FIXED_SIZE + SUM_SIZE) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "this packed model ends after %zu bytes, inside its head", bytes.size);
    }
    if (dsi_load_u32(data + 8) != DSI_PACKED_VERSION) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "this packed model has version %" PRIu32
                        ", but only %d can be read: it has to be made again, with dsinfer convert",
                        dsi_load_u32(data + 8), DSI_PACKED_VERSION);
    }
    size = dsi_load_u64(data + 12);
    head_size = dsi_load_u64(data + 20);
    if (size != bytes.size) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "this packed model should have %" PRIu64 " bytes, but has %zu", size,
                        bytes.size);
    }
    if (head_size < DSI_PACKED_FIXED_SIZE + SUM_SIZE || head_size > bytes.size ||
        head_size > DSI_PACKED_MAX_HEAD) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the head of this packed model should have %" PRIu64 " of %zu bytes",
                        head_size, bytes.size);
    }
    *head = (struct dsi_bytes){data, (size_t)head_size - SUM_SIZE};
    if (dsi_hash_compute(0, head->data, head->size) != dsi_load_u64(data + head->size)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the head of this packed model is damaged: its checksum differs");
    }
    return DSINFER_OK;
}

static size_t take(struct reading *reading, uint64_t highest, const char *what) {
    return (size_t)dsi_reader_take_number(&reading->reader, highest, what);
}

/* Text in its place; empty after a failure. */
static struct dsi_bytes take_bytes(struct reading *reading, uint64_t highest, const char *what) {
    const size_t size = take(reading, highest, what);
    struct dsi_bytes bytes = {0};

    if (size && !dsi_cursor_read_bytes(&reading->reader.cursor, size, &bytes)) {
        dsi_reader_fail(&reading->reader, "it ends inside %s", what);
    }
    return bytes;
}

/* Text in the graph's memory; NULL after a failure. */
static const char *take_string(struct reading *reading, const char *what) {
    const struct dsi_bytes bytes = take_bytes(reading, DSI_PACKED_MAX_TEXT, what);
    char *text = NULL;

    if (reading->reader.status == DSINFER_OK) {
        text = dsi_arena_strndup(&reading->graph->arena, (const char *)bytes.data, bytes.size);
        if (!text) {
            reading->reader.status = dsi_fail_memory(reading->reader.error, bytes.size);
        }
    }
    return text;
}

static void take_shape(struct reading *reading, struct dsi_shape *shape) {
    size_t i;

    *shape = (struct dsi_shape){.rank = take(reading, DSI_MAX_RANK, "the rank of a shape")};
    for (i = 0; i < shape->rank; i++) {
        shape->dims[i] =
            (int64_t)dsi_reader_take_number(&reading->reader, INT64_MAX, "a dimension") - 1;
    }
}

static void take_facts(struct reading *reading, struct dsi_packed *packed) {
    struct dsi_metadata *metadata = &packed->metadata;
    struct dsi_signature *signature = &packed->signature;
    size_t i;

    packed->is_packed = true;
    packed->precision = (enum dsinfer_precision)take(reading, DSINFER_PRECISION_INT8, "precision");
    packed->kernels = take_bytes(reading, DSI_PACKED_MAX_TEXT, "the kernels' name");
    for (i = 0; i < DSI_N_PRECISIONS; i++) {
        packed->layouts[i] = take_bytes(reading, DSI_PACKED_MAX_TEXT, "the name of a layout");
    }
    metadata->family = (enum dsinfer_family)take(reading, DSINFER_FAMILY_DS07, "the family");
    metadata->version = (uint32_t)take(reading, INT32_MAX, "the graph's version");
    metadata->sample_rate = (uint32_t)take(reading, MAX_SAMPLE_RATE, "the sample rate");
    metadata->window = (uint32_t)take(reading, MAX_SAMPLE_RATE, "the window");
    metadata->step = (uint32_t)take(reading, MAX_SAMPLE_RATE, "the step");
    metadata->beam_width = (uint32_t)take(reading, MAX_BEAM_WIDTH, "the beam width");
    metadata->language = take_bytes(reading, DSI_METADATA_MAX_LANGUAGE_SIZE, "the language");
    metadata->alphabet = take_bytes(reading, DSI_ALPHABET_MAX_FILE_SIZE, "the alphabet");
    signature->n_context = take(reading, MAX_CONTEXT, "the context");
    signature->n_features = take(reading, MAX_FEATURES, "the number of features");
    signature->n_cell = take(reading, MAX_CELLS, "the number of cells");
    signature->n_labels = take(reading, MAX_LABELS, "the number of labels");
    signature->n_steps = (int64_t)take(reading, INT32_MAX, "the number of steps") - 1;
    signature->n_streams = (int64_t)take(reading, INT32_MAX, "the number of streams") - 1;
    signature->has_lengths = take(reading, 1, "whether there are lengths");
    signature->has_softmax = take(reading, 1, "whether there is a softmax");
    signature->is_bidirectional = take(reading, 1, "whether it goes both ways");
    packed->fingerprint = dsi_reader_take_u64(&reading->reader, "the fingerprint");
    packed->data_hash = dsi_reader_take_u64(&reading->reader, "the checksum of the data");
    if (reading->reader.status == DSINFER_OK) {
        reading->reader.status =
            dsi_metadata_check_language(metadata->language, reading->reader.error);
    }
    if (reading->reader.status == DSINFER_OK &&
        (metadata->family == DSINFER_FAMILY_UNKNOWN || metadata->sample_rate == 0 ||
         metadata->window == 0 || metadata->step == 0 || signature->n_features == 0 ||
         signature->n_cell == 0 || signature->n_labels < 2)) {
        dsi_reader_fail(&reading->reader, "some facts of the model are 0");
    }
    if ((metadata->family == DSINFER_FAMILY_DS01) != signature->is_bidirectional) {
        dsi_reader_fail(&reading->reader, "the network is none of its family");
    }
}

static void take_ints(struct reading *reading, struct dsi_attr *attr) {
    const size_t n = take(reading, DSI_PACKED_MAX_INTS, "the size of a list");
    int64_t *values = dsi_arena_alloc(&reading->graph->arena, n, sizeof(*values));
    size_t i;

    if (!values) {
        reading->reader.status = dsi_fail_memory(reading->reader.error, n * sizeof(*values));
        return;
    }
    for (i = 0; i < n; i++) {
        values[i] = (int64_t)dsi_reader_take_u64(&reading->reader, "an element of a list");
    }
    attr->u.ints.values = values;
    attr->u.ints.n_values = n;
}

static void take_attr(struct reading *reading, struct dsi_attr *attr) {
    *attr = (struct dsi_attr){.name = take_string(reading, "the name of an attribute")};
    attr->kind = (enum dsi_attr_kind)take(reading, DSI_ATTR_INTS, "the kind of an attribute");
    switch (attr->kind) {
    case DSI_ATTR_INT:
    case DSI_ATTR_BOOL:
    case DSI_ATTR_TYPE:
        attr->u.i = (int64_t)dsi_reader_take_u64(&reading->reader, "an attribute");
        break;
    case DSI_ATTR_FLOAT:
        attr->u.f = dsi_reader_take_float(&reading->reader, -INFINITY, INFINITY, "an attribute");
        break;
    case DSI_ATTR_STRING:
        attr->u.bytes = take_bytes(reading, DSI_PACKED_MAX_TEXT, "an attribute");
        break;
    case DSI_ATTR_SHAPE:
        take_shape(reading, &attr->u.shape);
        break;
    case DSI_ATTR_INTS:
        take_ints(reading, attr);
        break;
    }
}

static void take_attrs(struct reading *reading, uint32_t node) {
    struct dsi_attr attrs[DSI_PACKED_MAX_ATTRS];
    const size_t n = take(reading, DSI_PACKED_MAX_ATTRS, "the number of attributes");
    size_t i;

    for (i = 0; i < n && reading->reader.status == DSINFER_OK; i++) {
        take_attr(reading, &attrs[i]);
    }
    if (reading->reader.status == DSINFER_OK) {
        reading->reader.status =
            dsi_graph_set_attrs(reading->graph, node, attrs, n, reading->reader.error);
    }
}

/* Bytes behind the head. */
static struct dsi_bytes take_place(struct reading *reading) {
    const uint64_t at = dsi_reader_take_u64(&reading->reader, "a place");
    const uint64_t size = dsi_reader_take_number(&reading->reader, UINT64_MAX, "a size");

    if (at > reading->bytes.size || size > reading->bytes.size - at) {
        dsi_reader_fail(&reading->reader,
                        "%" PRIu64 " bytes at %" PRIu64 " are beyond the file's %zu", size, at,
                        reading->bytes.size);
        return (struct dsi_bytes){0};
    }
    return (struct dsi_bytes){reading->bytes.data + at, (size_t)size};
}

/* A matrix of which there are `n` packed forms. */
static void take_forms(struct reading *reading, struct dsi_tensor *value, size_t n) {
    struct dsi_arena *arena = &reading->graph->arena;
    struct dsi_stored_matrix *stored = dsi_arena_alloc(arena, 1, sizeof(*stored));
    struct dsi_stored_packed *forms = dsi_arena_alloc(arena, n, sizeof(*forms));
    size_t count, i;

    if (!stored || !forms) {
        reading->reader.status = dsi_fail_memory(reading->reader.error, n * sizeof(*forms));
        return;
    }
    if (value->dtype != DSI_DTYPE_F32 || value->shape.rank != 2 ||
        !dsi_shape_count(&value->shape, &count)) {
        dsi_reader_fail(&reading->reader, "weights are no matrix of float32");
        return;
    }
    *stored = (struct dsi_stored_matrix){.n_rows = (size_t)value->shape.dims[0],
                                         .n_columns = (size_t)value->shape.dims[1],
                                         .packed = forms,
                                         .n_packed = n};
    for (i = 0; i < n; i++) {
        forms[i].first_row = take(reading, stored->n_rows, "the first row of a form");
        forms[i].n_rows =
            take(reading, stored->n_rows - forms[i].first_row, "the number of rows of a form");
        forms[i].precision = (int)take(reading, DSI_N_PRECISIONS - 1, "the precision of a form");
        forms[i].bytes = take_place(reading);
    }
    value->stored = stored;
}

static void take_value(struct reading *reading, struct dsi_tensor *value) {
    size_t n, size;

    value->dtype = (enum dsi_dtype)take(reading, DSI_DTYPE_STRING, "the type of a constant");
    if (value->dtype == DSI_DTYPE_NONE) {
        return;
    }
    take_shape(reading, &value->shape);
    n = take(reading, DSI_PACKED_MAX_FORMS, "the number of forms of a constant");
    value->file = reading->file;
    if (reading->reader.status == DSINFER_OK && n != DSI_PACKED_PLAIN) {
        take_forms(reading, value, n);
        return;
    }
    value->bytes = take_place(reading);
    if (reading->reader.status == DSINFER_OK && value->dtype != DSI_DTYPE_STRING &&
        (!dsi_shape_get_size(&value->shape, value->dtype, &size) || size != value->bytes.size)) {
        dsi_reader_fail(&reading->reader, "the %zu bytes of a constant do not fit its shape",
                        value->bytes.size);
    }
}

static void take_node(struct reading *reading, size_t n_nodes) {
    struct dsi_reader *reader = &reading->reader;
    const char *name = take_string(reading, "the name of a node");
    const char *op = take_string(reading, "the op of a node");
    const size_t n_inputs = take(reading, DSI_GRAPH_MAX_INPUTS, "the number of inputs");
    uint32_t index;
    size_t i;

    if (reader->status == DSINFER_OK) {
        reader->status =
            dsi_graph_add_node(reading->graph, name, op, n_inputs, &index, reader->error);
    }
    if (reader->status != DSINFER_OK) {
        return;
    }
    for (i = 0; i < n_inputs; i++) {
        struct dsi_port *port = &reading->graph->nodes[index].inputs[i];

        port->node = (uint32_t)take(reading, n_nodes - 1, "the node of an input");
        port->output = (uint32_t)take(reading, UINT32_MAX, "the output of an input");
    }
    take_attrs(reading, index);
    if (reader->status == DSINFER_OK) {
        take_value(reading, &reading->graph->nodes[index].value);
    }
}

static void take_ports(struct reading *reading, struct dsi_graph_port *ports, size_t n) {
    size_t i;

    if (take(reading, DSI_N_ROLES, "the number of ports") != n) {
        dsi_reader_fail(&reading->reader, "there are not %zu of these ports", n);
        return;
    }
    for (i = 0; i < n; i++) {
        ports[i].name = take_string(reading, "the name of a port");
        ports[i].port.node =
            (uint32_t)take(reading, reading->graph->n_nodes - 1, "the node of a port");
        ports[i].port.output = (uint32_t)take(reading, UINT32_MAX, "the output of a port");
    }
}

/* Inputs windows, h, c, lengths (a bidirectional network may lack the last), outputs logits and
 * the states. */
static void take_roles(struct reading *reading, struct dsi_signature *signature) {
    struct dsi_reader *reader = &reading->reader;
    const size_t n_outputs = signature->is_bidirectional ? 1 : DSI_N_ROLES - DSI_ROLE_LOGITS;
    struct dsi_graph_port ports[DSI_N_ROLES];
    size_t n_inputs, i;

    n_inputs = DSI_ROLE_LENGTHS + take(reading, 1, "whether lengths are an input");
    take_ports(reading, ports, n_inputs);
    if (reader->status == DSINFER_OK) {
        reader->status = dsi_graph_set_inputs(reading->graph, ports, n_inputs, reader->error);
    }
    for (i = 0; i < n_inputs; i++) {
        signature->ports[i] = ports[i].port;
    }
    take_ports(reading, ports, n_outputs);
    if (reader->status == DSINFER_OK) {
        reader->status = dsi_graph_set_outputs(reading->graph, ports, n_outputs, reader->error);
    }
    for (i = 0; i < n_outputs; i++) {
        signature->ports[DSI_ROLE_LOGITS + i] = ports[i].port;
    }
    if (n_inputs == DSI_ROLE_LENGTHS && signature->has_lengths) {
        dsi_reader_fail(reader, "the lengths are no input");
    }
}

static void take_graph(struct reading *reading, struct dsi_packed *packed) {
    struct dsi_reader *reader = &reading->reader;
    const size_t n_nodes = take(reading, DSI_GRAPH_MAX_NODES, "the number of nodes");
    size_t i;

    if (n_nodes == 0) {
        dsi_reader_fail(reader, "there are no nodes");
    }
    for (i = 0; i < n_nodes && reader->status == DSINFER_OK; i++) {
        take_node(reading, n_nodes);
    }
    if (reader->status == DSINFER_OK) {
        take_roles(reading, &packed->signature);
    }
    if (reader->status == DSINFER_OK && !dsi_cursor_is_at_end(&reader->cursor)) {
        dsi_reader_fail(reader, "the head goes on after its ports");
    }
    if (reader->status == DSINFER_OK) {
        reader->status = dsi_graph_verify(reading->graph, reader->error);
    }
}

enum dsinfer_status dsi_packed_read(struct dsi_graph *graph, struct dsi_packed *packed,
                                    struct dsi_bytes bytes, const struct dsi_mapped_file *file,
                                    struct dsinfer_error *err) {
    struct dsi_graph made;
    struct dsi_packed facts = {0};
    struct reading reading = {.bytes = bytes, .file = file, .graph = &made};
    struct dsi_bytes head;
    enum dsinfer_status status = check_fixed(bytes, &head, err);

    if (status != DSINFER_OK) {
        return status;
    }
    dsi_graph_init(&made);
    dsi_reader_init(&reading.reader, head, err);
    (void)dsi_cursor_skip(&reading.reader.cursor, DSI_PACKED_FIXED_SIZE);
    take_facts(&reading, &facts);
    if (reading.reader.status == DSINFER_OK) {
        take_graph(&reading, &facts);
    }
    if (reading.reader.status != DSINFER_OK) {
        dsi_graph_finish(&made);
        return reading.reader.status;
    }
    *graph = made;
    *packed = facts;
    return DSINFER_OK;
}

enum dsinfer_status dsi_packed_check_kernels(const struct dsi_packed *packed,
                                             const struct dsi_kernels *kernels,
                                             struct dsinfer_error *err) {
    size_t i;

    for (i = 0; i < DSI_N_PRECISIONS; i++) {
        const struct dsi_bytes layout = packed->layouts[i];
        const char *needed = kernels->products[i].layout;

        if (layout.size &&
            (layout.size != strlen(needed) || memcmp(layout.data, needed, layout.size) != 0)) {
            return dsi_fail(err, DSINFER_ERR_MISMATCH,
                            "this model is packed for the kernels '%.*s' (%.*s), but those in use, "
                            "'%s', need another form (%s): make it again for them, with dsinfer "
                            "convert --to packed",
                            (int)packed->kernels.size, (const char *)packed->kernels.data,
                            (int)layout.size, (const char *)layout.data, kernels->name, needed);
        }
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_packed_check_data(uint64_t data_hash, const struct dsi_graph *graph,
                                          struct dsinfer_error *err) {
    uint64_t hash = 0;
    size_t i, k;

    for (i = 0; i < graph->n_nodes; i++) {
        const struct dsi_tensor *value = &graph->nodes[i].value;

        for (k = 0; value->stored && k < value->stored->n_packed; k++) {
            hash = dsi_packed_hash(hash, value->stored->packed[k].bytes);
        }
        if (value->dtype != DSI_DTYPE_NONE && !value->stored) {
            hash = dsi_packed_hash(hash, value->bytes);
        }
    }
    if (hash != data_hash) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the weights of this packed model are damaged: their checksum differs");
    }
    return DSINFER_OK;
}
