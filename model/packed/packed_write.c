/* Writing a packed model: first all pieces of data and their places, then the head, then the data.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/packed/packed.h"

#include "model/match.h"
#include "model/model.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/base/writer.h"

#include <string.h>

/* A piece of the data. */
struct piece {
    struct dsi_bytes bytes;
    void *owned;
    uint64_t at; /* in the file */
    size_t first_row, n_rows;
    enum dsi_precision precision;
};

/* What a node holds: pieces first … first + n - 1. */
struct value {
    size_t first, n;
    bool is_packed;
};

struct packing {
    struct dsinfer_model *model; /* borrowed */
    struct piece *pieces;        /* owned, like all below */
    size_t n_pieces, capacity;
    struct value *values; /* [n_nodes] */
    uint64_t hash;
};

static enum dsinfer_status add_piece(struct packing *packing, const struct piece *piece,
                                     struct dsinfer_error *err) {
    if (packing->n_pieces == packing->capacity) {
        const size_t capacity = packing->capacity ? 2 * packing->capacity : 64;
        struct piece *pieces = dsi_realloc(packing->pieces, capacity * sizeof(*pieces));

        if (!pieces) {
            return dsi_fail_memory(err, capacity * sizeof(*pieces));
        }
        packing->pieces = pieces;
        packing->capacity = capacity;
    }
    packing->hash = dsi_packed_hash(packing->hash, piece->bytes);
    packing->pieces[packing->n_pieces++] = *piece;
    return DSINFER_OK;
}

/* The packed forms that steps read of a node. */
static enum dsinfer_status add_forms(struct packing *packing, uint32_t node,
                                     struct dsinfer_error *err) {
    const struct dsi_graph *network = &packing->model->network;
    const struct dsi_plan *plan = packing->model->plan;
    const size_t first = packing->n_pieces;
    enum dsinfer_status status = DSINFER_OK;
    struct dsi_plan_weight weight;
    size_t step, i, k;

    for (step = 0; step < dsi_plan_get_n_steps(plan); step++) {
        const struct dsi_node *reader = dsi_plan_get_step(plan, step);

        for (i = 0; status == DSINFER_OK && dsi_plan_get_weight(plan, step, i, &weight); i++) {
            const struct piece piece = {.bytes = weight.bytes,
                                        .first_row = weight.first_row,
                                        .n_rows = weight.k,
                                        .precision = weight.precision};
            bool is_new = dsi_match_source(network, reader->inputs[weight.input]).node == node;

            for (k = first; k < packing->n_pieces; k++) {
                is_new = is_new && packing->pieces[k].bytes.data != weight.bytes.data;
            }
            status = is_new ? add_piece(packing, &piece, err) : DSINFER_OK;
        }
    }
    return status;
}

/* The bytes of a constant, as float32 where the file has it otherwise. */
static enum dsinfer_status add_plain(struct packing *packing, const struct dsi_tensor *value,
                                     struct dsinfer_error *err) {
    const struct dsi_stored_matrix *stored = value->stored;
    struct piece piece = {.bytes = value->bytes};
    enum dsinfer_status status;

    if (stored && stored->n_packed) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED, "weights that no layer reads are packed");
    }
    if (stored) {
        const struct dsi_rectangle all = {.n_rows = stored->n_rows, .n_columns = stored->n_columns};

        (void)dsi_shape_get_size(&value->shape, value->dtype, &piece.bytes.size);
        piece.owned = dsi_malloc_aligned(piece.bytes.size);
        if (!piece.owned) {
            return dsi_fail_memory(err, piece.bytes.size);
        }
        dsi_stored_read(stored, &all, piece.owned, stored->n_columns);
        piece.bytes.data = piece.owned;
    }
    status = add_piece(packing, &piece, err);
    if (status != DSINFER_OK) {
        dsi_free(piece.owned);
    }
    return status;
}

static enum dsinfer_status collect(struct packing *packing, struct dsinfer_error *err) {
    const struct dsi_graph *network = &packing->model->network;
    enum dsinfer_status status = DSINFER_OK;
    size_t i;

    packing->values = dsi_calloc(network->n_nodes, sizeof(*packing->values));
    if (!packing->values) {
        return dsi_fail_memory(err, network->n_nodes * sizeof(*packing->values));
    }
    for (i = 0; status == DSINFER_OK && i < network->n_nodes; i++) {
        struct value *value = &packing->values[i];

        if (network->nodes[i].value.dtype == DSI_DTYPE_NONE) {
            continue;
        }
        value->first = packing->n_pieces;
        status = add_forms(packing, (uint32_t)i, err);
        value->is_packed = packing->n_pieces > value->first;
        if (status == DSINFER_OK && !value->is_packed) {
            status = add_plain(packing, &network->nodes[i].value, err);
        }
        value->n = packing->n_pieces - value->first;
    }
    return status;
}

/* A reader takes it: no graph comes near these limits but one that was made to. */
static enum dsinfer_status check_limits(const struct packing *packing, struct dsinfer_error *err) {
    const struct dsi_graph *network = &packing->model->network;
    size_t i, k;

    for (i = 0; i < network->n_nodes; i++) {
        const struct dsi_node *node = &network->nodes[i];
        bool fits = strlen(node->name) <= DSI_PACKED_MAX_TEXT &&
                    node->n_attrs <= DSI_PACKED_MAX_ATTRS &&
                    packing->values[i].n <= DSI_PACKED_MAX_FORMS;

        for (k = 0; fits && k < node->n_attrs; k++) {
            const struct dsi_attr *attr = &node->attrs[k];

            fits = strlen(attr->name) <= DSI_PACKED_MAX_TEXT &&
                   (attr->kind != DSI_ATTR_STRING || attr->u.bytes.size <= DSI_PACKED_MAX_TEXT) &&
                   (attr->kind != DSI_ATTR_INTS || attr->u.ints.n_values <= DSI_PACKED_MAX_INTS);
        }
        if (!fits) {
            return dsi_fail(err, DSINFER_ERR_LIMIT, "node '%s' has more than a packed model holds",
                            node->name);
        }
    }
    return DSINFER_OK;
}

static uint64_t round_up(uint64_t place) {
    return (place + DSI_ALIGNMENT - 1) & ~(uint64_t)(DSI_ALIGNMENT - 1);
}

/* Gives the pieces their places behind a head; returns the size of the file. */
static uint64_t place_pieces(struct packing *packing, size_t head_size) {
    uint64_t end = head_size;
    size_t i;

    for (i = 0; i < packing->n_pieces; i++) {
        packing->pieces[i].at = round_up(end);
        end = packing->pieces[i].at + packing->pieces[i].bytes.size;
    }
    return end;
}

static void put_text(struct dsi_writer *writer, const void *text, size_t size) {
    dsi_writer_put_number(writer, size);
    dsi_writer_put_bytes(writer, text, size);
}

static void put_string(struct dsi_writer *writer, const char *text) {
    put_text(writer, text, strlen(text));
}

static void put_shape(struct dsi_writer *writer, const struct dsi_shape *shape) {
    size_t i;

    dsi_writer_put_number(writer, shape->rank);
    for (i = 0; i < shape->rank; i++) {
        dsi_writer_put_number(writer, (uint64_t)shape->dims[i] + 1); /* -1: not known */
    }
}

/* As inside a model of 0.6 and later (alphabet_embedded.c). */
static void put_alphabet(struct dsi_writer *writer, const struct dsi_alphabet *alphabet) {
    size_t size = 2, i;

    for (i = 0; i < alphabet->n_labels; i++) {
        size += 4 + strlen(dsi_alphabet_get(alphabet, (uint32_t)i));
    }
    if (alphabet->n_labels == 0) {
        dsi_writer_put_number(writer, 0);
        return;
    }
    dsi_writer_put_number(writer, size);
    dsi_writer_put_u8(writer, (uint8_t)alphabet->n_labels);
    dsi_writer_put_u8(writer, (uint8_t)(alphabet->n_labels >> 8));
    for (i = 0; i < alphabet->n_labels; i++) {
        const char *label = dsi_alphabet_get(alphabet, (uint32_t)i);
        const size_t length = strlen(label);

        dsi_writer_put_u8(writer, (uint8_t)i);
        dsi_writer_put_u8(writer, (uint8_t)(i >> 8));
        dsi_writer_put_u8(writer, (uint8_t)length);
        dsi_writer_put_u8(writer, 0);
        dsi_writer_put_bytes(writer, label, length);
    }
}

static void put_facts(struct dsi_writer *writer, const struct packing *packing) {
    const struct dsinfer_model *model = packing->model;
    const struct dsinfer_model_info *info = &model->info;
    const struct dsi_signature *signature = &model->signature;
    bool is_used[DSI_N_PRECISIONS] = {false};
    size_t i;

    for (i = 0; i < packing->n_pieces; i++) {
        is_used[packing->pieces[i].precision] |= packing->pieces[i].n_rows > 0;
    }
    dsi_writer_put_number(writer, (uint64_t)info->precision);
    put_string(writer, info->kernels);
    for (i = 0; i < DSI_N_PRECISIONS; i++) {
        put_string(writer, is_used[i] ? model->kernels.products[i].layout : "");
    }
    dsi_writer_put_number(writer, (uint64_t)info->family);
    dsi_writer_put_number(writer, info->version);
    dsi_writer_put_number(writer, info->sample_rate);
    dsi_writer_put_number(writer, info->window);
    dsi_writer_put_number(writer, info->step);
    dsi_writer_put_number(writer, info->beam_width);
    put_string(writer, model->language);
    put_alphabet(writer, &model->alphabet);
    dsi_writer_put_number(writer, signature->n_context);
    dsi_writer_put_number(writer, signature->n_features);
    dsi_writer_put_number(writer, signature->n_cell);
    dsi_writer_put_number(writer, signature->n_labels);
    dsi_writer_put_number(writer, (uint64_t)signature->n_steps + 1);
    dsi_writer_put_number(writer, (uint64_t)signature->n_streams + 1);
    dsi_writer_put_number(writer, signature->has_lengths);
    dsi_writer_put_number(writer, signature->has_softmax);
    dsi_writer_put_number(writer, signature->is_bidirectional);
    dsi_writer_put_u64(writer, dsi_model_get_fingerprint(packing->model));
    dsi_writer_put_u64(writer, packing->hash);
}

static void put_attr(struct dsi_writer *writer, const struct dsi_attr *attr) {
    size_t i;

    put_string(writer, attr->name);
    dsi_writer_put_number(writer, (uint64_t)attr->kind);
    switch (attr->kind) {
    case DSI_ATTR_INT:
    case DSI_ATTR_BOOL:
    case DSI_ATTR_TYPE:
        dsi_writer_put_u64(writer, (uint64_t)attr->u.i);
        break;
    case DSI_ATTR_FLOAT:
        dsi_writer_put_float(writer, attr->u.f);
        break;
    case DSI_ATTR_STRING:
        put_text(writer, attr->u.bytes.data, attr->u.bytes.size);
        break;
    case DSI_ATTR_SHAPE:
        put_shape(writer, &attr->u.shape);
        break;
    case DSI_ATTR_INTS:
        dsi_writer_put_number(writer, attr->u.ints.n_values);
        for (i = 0; i < attr->u.ints.n_values; i++) {
            dsi_writer_put_u64(writer, (uint64_t)attr->u.ints.values[i]);
        }
        break;
    }
}

static void put_value(struct dsi_writer *writer, const struct packing *packing, size_t node) {
    const struct dsi_tensor *tensor = &packing->model->network.nodes[node].value;
    const struct value *value = &packing->values[node];
    size_t i;

    dsi_writer_put_number(writer, (uint64_t)tensor->dtype);
    if (tensor->dtype == DSI_DTYPE_NONE) {
        return;
    }
    put_shape(writer, &tensor->shape);
    dsi_writer_put_number(writer, value->is_packed ? value->n : DSI_PACKED_PLAIN);
    for (i = value->first; i < value->first + value->n; i++) {
        const struct piece *piece = &packing->pieces[i];

        if (value->is_packed) {
            dsi_writer_put_number(writer, piece->first_row);
            dsi_writer_put_number(writer, piece->n_rows);
            dsi_writer_put_number(writer, (uint64_t)piece->precision);
        }
        dsi_writer_put_u64(writer, piece->at);
        dsi_writer_put_number(writer, piece->bytes.size);
    }
}

static void put_node(struct dsi_writer *writer, const struct packing *packing, size_t index) {
    const struct dsi_node *node = &packing->model->network.nodes[index];
    size_t i;

    put_string(writer, node->name);
    put_string(writer, node->op);
    dsi_writer_put_number(writer, node->n_inputs);
    for (i = 0; i < node->n_inputs; i++) {
        dsi_writer_put_number(writer, node->inputs[i].node);
        dsi_writer_put_number(writer, node->inputs[i].output);
    }
    dsi_writer_put_number(writer, node->n_attrs);
    for (i = 0; i < node->n_attrs; i++) {
        put_attr(writer, &node->attrs[i]);
    }
    put_value(writer, packing, index);
}

static void put_ports(struct dsi_writer *writer, const struct dsi_graph_port *ports, size_t n) {
    size_t i;

    dsi_writer_put_number(writer, n);
    for (i = 0; i < n; i++) {
        put_string(writer, ports[i].name);
        dsi_writer_put_number(writer, ports[i].port.node);
        dsi_writer_put_number(writer, ports[i].port.output);
    }
}

static void put_head(struct dsi_writer *writer, const struct packing *packing, uint64_t file_size,
                     size_t head_size) {
    const struct dsi_graph *network = &packing->model->network;
    size_t i;

    dsi_writer_put_bytes(writer, DSI_PACKED_MAGIC, strlen(DSI_PACKED_MAGIC));
    dsi_writer_put_u32(writer, DSI_PACKED_VERSION);
    dsi_writer_put_u64(writer, file_size);
    dsi_writer_put_u64(writer, head_size);
    put_facts(writer, packing);
    dsi_writer_put_number(writer, network->n_nodes);
    for (i = 0; i < network->n_nodes; i++) {
        put_node(writer, packing, i);
    }
    dsi_writer_put_number(writer, network->n_inputs - DSI_ROLE_LENGTHS);
    put_ports(writer, network->inputs, network->n_inputs);
    put_ports(writer, network->outputs, network->n_outputs);
    dsi_writer_put_u64(
        writer, dsi_writer_has_all(writer) ? dsi_hash_compute(0, writer->data, writer->size) : 0);
}

static enum dsinfer_status write_bytes(const struct dsi_sink *sink, struct dsi_bytes bytes,
                                       struct dsinfer_error *err) {
    if (bytes.size && sink->write(sink->user, bytes.data, bytes.size) != 0) {
        return dsi_fail(err, DSINFER_ERR_IO, "the bytes of the file were not taken");
    }
    return DSINFER_OK;
}

static enum dsinfer_status write_pieces(const struct packing *packing, uint64_t at,
                                        const struct dsi_sink *sink, struct dsinfer_error *err) {
    static const uint8_t zeros[DSI_ALIGNMENT];
    enum dsinfer_status status = DSINFER_OK;
    size_t i;

    for (i = 0; status == DSINFER_OK && i < packing->n_pieces; i++) {
        const struct piece *piece = &packing->pieces[i];

        status = write_bytes(sink, (struct dsi_bytes){zeros, (size_t)(piece->at - at)}, err);
        if (status == DSINFER_OK) {
            status = write_bytes(sink, piece->bytes, err);
        }
        at = piece->at + piece->bytes.size;
    }
    return status;
}

static enum dsinfer_status write_all(struct packing *packing, const struct dsi_sink *sink,
                                     struct dsinfer_error *err) {
    enum dsinfer_status status;
    struct dsi_writer writer;
    uint64_t file_size;
    size_t head_size;
    void *head;

    dsi_writer_init(&writer, NULL, 0); /* how much is it? */
    put_head(&writer, packing, 0, 0);
    head_size = writer.size;
    if (head_size > DSI_PACKED_MAX_HEAD) {
        return dsi_fail(err, DSINFER_ERR_LIMIT, "nodes and names need more than %zu bytes",
                        DSI_PACKED_MAX_HEAD);
    }
    head = dsi_malloc(head_size);
    if (!head) {
        return dsi_fail_memory(err, head_size);
    }
    file_size = place_pieces(packing, head_size);
    dsi_writer_init(&writer, head, head_size);
    put_head(&writer, packing, file_size, head_size);
    status = write_bytes(sink, (struct dsi_bytes){head, head_size}, err);
    if (status == DSINFER_OK) {
        status = write_pieces(packing, head_size, sink, err);
    }
    dsi_free(head);
    return status;
}

enum dsinfer_status dsi_packed_write(struct dsinfer_model *model, const struct dsi_sink *sink,
                                     struct dsinfer_error *err) {
    struct packing packing = {.model = model};
    enum dsinfer_status status;
    size_t i;

    if (!model->is_fused) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "the network of this model is not of the usual structure: its weights "
                        "cannot be packed");
    }
    status = collect(&packing, err);
    if (status == DSINFER_OK) {
        status = check_limits(&packing, err);
    }
    if (status == DSINFER_OK) {
        status = write_all(&packing, sink, err);
    }
    for (i = 0; i < packing.n_pieces; i++) {
        dsi_free(packing.pieces[i].owned);
    }
    dsi_free(packing.pieces);
    dsi_free(packing.values);
    return status;
}
