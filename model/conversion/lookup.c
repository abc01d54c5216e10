/* Values of a graph by the names of Model Optimizer's flags: a node, `N:node` for what its input N
 * reads, `node:N` for its output N. SPDX-License-Identifier: BSD-2-Clause */
#include "model/conversion/conversion.h"

#include "model/graphdef/wire.h"
#include "model/names.h"
#include "runtime/base/error.h"
#include "runtime/ops/op.h"

#include <string.h>

/* For "%.*s". */
#define SHOWN(bytes) dsi_wire_get_shown(bytes), (const char *)(bytes).data

struct lookup {
    struct dsinfer_conversion *conversion;
    const struct dsi_graph *graph;
    struct dsinfer_error *err;
};

bool dsi_conversion_find_node(const struct dsinfer_conversion *conversion, struct dsi_bytes name,
                              uint32_t *out) {
    const struct dsi_graph *graph = &conversion->graph;
    size_t i;

    for (i = 0; i < graph->n_nodes; i++) {
        const char *other = graph->nodes[i].name;

        if (strlen(other) == name.size && memcmp(other, name.data, name.size) == 0) {
            *out = (uint32_t)i;
            return true;
        }
    }
    return false;
}

/* A port's number, of one to three digits. */
static bool read_port(struct dsi_bytes text, uint32_t *out) {
    size_t i;

    *out = 0;
    for (i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || i == 3) {
            return false;
        }
        *out = *out * 10 + (uint32_t)(text.data[i] - '0');
    }
    return text.size > 0;
}

static enum dsinfer_status fail_port(struct lookup *l, const char *flag, struct dsi_bytes name,
                                     const struct dsi_node *node) {
    return dsi_fail(l->err, DSINFER_ERR_ARGUMENT,
                    "%s: '%.*s' names a port that is not there: node '%s' (%s) has %zu inputs",
                    flag, SHOWN(name), node->name, node->op, node->n_inputs);
}

/* A name without ports: as input, what a cut there would replace. */
static enum dsinfer_status find_bare(struct lookup *l, const char *flag, struct dsi_bytes name,
                                     uint32_t index, bool is_output, struct dsi_port *out) {
    const struct dsi_node *node = &l->graph->nodes[index];

    *out = (struct dsi_port){index, 0};
    if (is_output || node->n_inputs == 0) {
        return DSINFER_OK;
    }
    if (node->n_inputs > 1) {
        return dsi_fail(l->err, DSINFER_ERR_ARGUMENT,
                        "%s: node '%.*s' has %zu inputs; say which, such as 0:%.*s", flag,
                        SHOWN(name), node->n_inputs, SHOWN(name));
    }
    *out = node->inputs[0];
    return DSINFER_OK;
}

/* Splits "N:name" and "name:N" and looks them up; *is_found is false where there is no node. */
static enum dsinfer_status find_port(struct lookup *l, const char *flag, struct dsi_bytes name,
                                     bool is_output, struct dsi_port *out, bool *is_found) {
    const uint8_t *first = memchr(name.data, ':', name.size);
    struct dsi_bytes part;
    size_t last = name.size;
    uint32_t number;
    uint32_t node;

    *is_found = true;
    if (dsi_conversion_find_node(l->conversion, name, &node)) {
        return find_bare(l, flag, name, node, is_output, out);
    }
    while (last > 0 && name.data[last - 1] != ':') {
        last--;
    }
    if (last > 0 && read_port((struct dsi_bytes){name.data + last, name.size - last}, &number) &&
        dsi_conversion_find_node(l->conversion, (struct dsi_bytes){name.data, last - 1}, &node)) {
        *out = (struct dsi_port){node, number};
        return number < DSI_OP_MAX_OUTPUTS ? DSINFER_OK
                                           : fail_port(l, flag, name, &l->graph->nodes[node]);
    }
    if (first && read_port((struct dsi_bytes){name.data, (size_t)(first - name.data)}, &number)) {
        part.data = first + 1;
        part.size = name.size - (size_t)(part.data - name.data);
        if (dsi_conversion_find_node(l->conversion, part, &node)) {
            if (number >= l->graph->nodes[node].n_inputs) {
                return fail_port(l, flag, name, &l->graph->nodes[node]);
            }
            *out = l->graph->nodes[node].inputs[number];
            return DSINFER_OK;
        }
    }
    *is_found = false;
    return DSINFER_OK;
}

/* The picks of the states are called Gather and Gather_1 by TensorFlow up to 1.6, GatherNd and
 * GatherNd_1 later; the other's name means the same. */
static struct dsi_bytes rename_gather(struct lookup *l, struct dsi_bytes name) {
    static const char *const names[2] = {"GatherNd", "Gather"};
    struct dsi_irw_document *document = &l->conversion->document;
    const char *text = dsi_irw_print(document, "%.*s", (int)name.size, (const char *)name.data);
    const char *at = strstr(text, names[0]);
    const char *other = names[1];
    size_t size = strlen(names[0]);

    if (!at) {
        at = strstr(text, names[1]);
        other = names[0];
        size = strlen(names[1]);
    }
    if (!at) {
        return (struct dsi_bytes){NULL, 0};
    }
    text = dsi_irw_print(document, "%.*s%s%s", (int)(at - text), text, other, at + size);
    return (struct dsi_bytes){(const uint8_t *)text, strlen(text)};
}

enum dsinfer_status dsi_conversion_find_value(struct dsinfer_conversion *conversion,
                                              const char *flag, struct dsi_bytes name,
                                              bool is_output, struct dsi_port *out,
                                              struct dsinfer_error *err) {
    struct dsi_irw_document *document = &conversion->document;
    struct lookup lookup = {conversion, &conversion->graph, err};
    bool is_found;
    enum dsinfer_status status = find_port(&lookup, flag, name, is_output, out, &is_found);

    if (status == DSINFER_OK && !is_found && is_output) {
        const struct dsi_bytes other = rename_gather(&lookup, name);

        if (other.size) {
            status = find_port(&lookup, flag, other, is_output, out, &is_found);
        }
        if (status == DSINFER_OK && is_found) {
            dsi_conversion_add_note(
                conversion, dsi_irw_print(document,
                                          "warning: there is no node '%.*s'; '%.*s' of this "
                                          "graph is taken, which means the same",
                                          SHOWN(name), SHOWN(other)));
        }
    }
    if (status == DSINFER_OK && !is_found) {
        const char *text = dsi_irw_print(document, "%.*s", SHOWN(name));

        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "%s: there is no node '%s'; the nearest is '%s'",
                        flag, text, dsi_name_find_nearest(&conversion->graph, text, is_output));
    }
    return status;
}
