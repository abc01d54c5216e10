/* Turning ids into indices, and attributes into numbers.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/ir/ir_net.h"

#include "model/ir/ir_text.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct id {
    uint32_t id, index;
};

/* The ids of a net, sorted. */
struct ids {
    struct id *items; /* owned */
    size_t n;
};

static int compare_ids(const void *a, const void *b) {
    const struct id *left = a, *right = b;

    return left->id < right->id ? -1 : left->id > right->id;
}

static enum dsinfer_status ids_init(struct ids *ids, const struct dsi_ir_net *net,
                                    struct dsinfer_error *err) {
    size_t i;

    ids->n = net->n_layers;
    ids->items = dsi_malloc(ids->n * sizeof(*ids->items));
    if (!ids->items) {
        return dsi_fail_memory(err, ids->n * sizeof(*ids->items));
    }
    for (i = 0; i < ids->n; i++) {
        ids->items[i] = (struct id){net->layers[i].id, (uint32_t)i};
    }
    qsort(ids->items, ids->n, sizeof(*ids->items), compare_ids);
    for (i = 1; i < ids->n; i++) {
        if (ids->items[i - 1].id == ids->items[i].id) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED,
                            "the layers '%s' and '%s' have the same id %lu",
                            net->layers[ids->items[i - 1].index].name,
                            net->layers[ids->items[i].index].name, (unsigned long)ids->items[i].id);
        }
    }
    return DSINFER_OK;
}

static bool find_id(const struct ids *ids, uint64_t id, uint32_t *out) {
    size_t first = 0, end = ids->n;

    while (first < end) {
        const size_t middle = first + (end - first) / 2;

        if (ids->items[middle].id < id) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    if (first == ids->n || ids->items[first].id != id) {
        return false;
    }
    *out = ids->items[first].index;
    return true;
}

static bool find_port(const struct dsi_ir_port *ports, size_t n_ports, uint64_t id, uint32_t *out) {
    size_t i;

    for (i = 0; i < n_ports; i++) {
        if (ports[i].id == id) {
            *out = (uint32_t)i;
            return true;
        }
    }
    return false;
}

static enum dsinfer_status link_edge(struct dsi_ir_net *net, const struct ids *ids,
                                     const struct dsi_ir_edge *edge, struct dsinfer_error *err) {
    uint32_t from, to, from_port, to_port;
    struct dsi_ir_port *input;

    if (!find_id(ids, edge->from_layer, &from) || !find_id(ids, edge->to_layer, &to)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "line %lu: the edge from layer %" PRIu64 " to layer %" PRIu64
                        " has an end that does not exist",
                        edge->line, edge->from_layer, edge->to_layer);
    }
    if (!find_port(net->layers[from].outputs, net->layers[from].n_outputs, edge->from_port,
                   &from_port)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "line %lu: an edge begins at port %" PRIu64
                        " of layer '%s', which has no such output",
                        edge->line, edge->from_port, net->layers[from].name);
    }
    if (!find_port(net->layers[to].inputs, net->layers[to].n_inputs, edge->to_port, &to_port)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "line %lu: an edge ends at port %" PRIu64
                        " of layer '%s', which has no such input",
                        edge->line, edge->to_port, net->layers[to].name);
    }
    input = &net->layers[to].inputs[to_port];
    if (input->source != DSI_IR_NONE) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "line %lu: a second edge ends at port %" PRIu64 " of layer '%s'",
                        edge->line, edge->to_port, net->layers[to].name);
    }
    input->source = from;
    input->source_port = from_port;
    return DSINFER_OK;
}

static enum dsinfer_status check_inputs(const struct dsi_ir_net *net, struct dsinfer_error *err) {
    size_t i, k;

    for (i = 0; i < net->n_layers; i++) {
        for (k = 0; k < net->layers[i].n_inputs; k++) {
            if (net->layers[i].inputs[k].source == DSI_IR_NONE) {
                return dsi_fail(err, DSINFER_ERR_MALFORMED,
                                "no edge ends at input %lu of layer '%s'",
                                (unsigned long)net->layers[i].inputs[k].id, net->layers[i].name);
            }
        }
    }
    return DSINFER_OK;
}

/* A layer of a body that the layer around it names. */
static enum dsinfer_status link_inner(const struct dsi_ir_layer *layer, const struct ids *ids,
                                      uint64_t *id, const char *type, struct dsinfer_error *err) {
    uint32_t index;

    if (!find_id(ids, *id, &index) || !dsi_ir_is_equal(layer->body->layers[index].type, type)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "layer '%s' speaks of layer %" PRIu64 " of its body, which is no %s",
                        layer->name, *id, type);
    }
    *id = index;
    return DSINFER_OK;
}

static enum dsinfer_status link_body(struct dsi_ir_layer *layer, struct dsinfer_error *err) {
    enum dsinfer_status status;
    struct ids ids = {0};
    size_t i;

    status = dsi_ir_net_link(layer->body, err);
    if (status == DSINFER_OK) {
        status = ids_init(&ids, layer->body, err);
    }
    for (i = 0; status == DSINFER_OK && i < layer->n_mappings; i++) {
        struct dsi_ir_mapping *mapping = &layer->mappings[i];

        status = link_inner(layer, &ids, &mapping->layer,
                            mapping->is_output ? "Result" : "Parameter", err);
    }
    for (i = 0; status == DSINFER_OK && i < layer->n_back_edges; i++) {
        status = link_inner(layer, &ids, &layer->back_edges[i].from, "Result", err);
        if (status == DSINFER_OK) {
            status = link_inner(layer, &ids, &layer->back_edges[i].to, "Parameter", err);
        }
    }
    dsi_free(ids.items);
    return status;
}

enum dsinfer_status dsi_ir_net_link(struct dsi_ir_net *net, struct dsinfer_error *err) {
    enum dsinfer_status status;
    struct ids ids = {0};
    size_t i;

    status = ids_init(&ids, net, err);
    for (i = 0; status == DSINFER_OK && i < net->n_edges; i++) {
        status = link_edge(net, &ids, &net->edges[i], err);
    }
    if (status == DSINFER_OK) {
        status = check_inputs(net, err);
    }
    for (i = 0; status == DSINFER_OK && i < net->n_layers; i++) {
        if (net->layers[i].body) {
            status = link_body(&net->layers[i], err);
        }
    }
    dsi_free(ids.items);
    return status;
}

const char *dsi_ir_find_data(const struct dsi_ir_layer *layer, const char *name) {
    size_t i;

    for (i = 0; i < layer->n_data; i++) {
        if (strcmp(layer->data[i].name, name) == 0) {
            return layer->data[i].value;
        }
    }
    return NULL;
}

static enum dsinfer_status fail_value(const struct dsi_ir_layer *layer, const char *name,
                                      const char *value, const char *needed,
                                      struct dsinfer_error *err) {
    return dsi_fail(err, DSINFER_ERR_MALFORMED,
                    "attribute '%s' of layer '%s' is '%.40s' instead of %s", name, layer->name,
                    value, needed);
}

enum dsinfer_status dsi_ir_get_int(const struct dsi_ir_layer *layer, const char *name,
                                   int64_t otherwise, int64_t *out, struct dsinfer_error *err) {
    const char *value = dsi_ir_find_data(layer, name);

    *out = otherwise;
    return !value || dsi_ir_parse_int(value, out)
               ? DSINFER_OK
               : fail_value(layer, name, value, "an integer", err);
}

enum dsinfer_status dsi_ir_get_bool(const struct dsi_ir_layer *layer, const char *name,
                                    bool otherwise, bool *out, struct dsinfer_error *err) {
    const char *value = dsi_ir_find_data(layer, name);

    *out = otherwise;
    return !value || dsi_ir_parse_bool(value, out)
               ? DSINFER_OK
               : fail_value(layer, name, value, "true or false", err);
}
