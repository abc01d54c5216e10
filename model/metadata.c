/* The family follows from what each release added: 0.4 the softmax, 0.5 the features inside the
 * graph, 0.6 constants `metadata_*` (version 5), 0.7 version 6. A converted model has nothing of
 * that but the softmax; from 0.6 on it has the name of another cell, and is taken for one of the
 * later releases.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/metadata.h"

#include "model/match.h"
#include "runtime/base/error.h"
#include "runtime/base/utf8.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_SAMPLE_RATE 16000
#define MAX_SAMPLE_RATE 192000
#define MAX_MILLISECONDS 1000
#define MAX_BEAM_WIDTH 65536
#define NAME_SIZE 64

static const char *const family_names[] = {"unknown", "ds01", "ds03", "ds04",
                                           "ds05",    "ds06", "ds07"};

#define N_FAMILIES (sizeof(family_names) / sizeof(family_names[0]))

const char *dsinfer_family_name(enum dsinfer_family family) {
    return (size_t)family < N_FAMILIES ? family_names[family] : family_names[0];
}

enum dsinfer_family dsinfer_family_find(const char *name) {
    size_t i;

    for (i = 1; name && i < N_FAMILIES; i++) {
        if (strcmp(name, family_names[i]) == 0) {
            return (enum dsinfer_family)i;
        }
    }
    return DSINFER_FAMILY_UNKNOWN;
}

/* Where the graphs of 0.6 and later have a constant, that of 0.5 has an attribute of a NoOp. */
#define NODE_PREFIX "metadata_"
#define ATTRIBUTE_NODE "model_metadata"

static bool find_attribute(const struct dsi_graph *graph, const char *key,
                           const struct dsi_attr **out) {
    uint32_t node;

    *out = dsi_graph_find_node(graph, ATTRIBUTE_NODE, &node)
               ? dsi_node_find_attr(&graph->nodes[node], key)
               : NULL;
    return *out != NULL;
}

/* Name of the constant in `name`; the node, or NULL. */
static const struct dsi_node *find_constant(const struct dsi_graph *graph, const char *key,
                                            char name[NAME_SIZE]) {
    uint32_t node;

    snprintf(name, NAME_SIZE, "%s%s", NODE_PREFIX, key);
    return dsi_graph_find_node(graph, name, &node) ? &graph->nodes[node] : NULL;
}

/* Reads a number from 1 to `max`; *out keeps its value where the graph has none. */
static enum dsinfer_status read_number(const struct dsi_graph *graph, const char *key, int64_t max,
                                       uint32_t *out, struct dsinfer_error *err) {
    const struct dsi_attr *attr;
    const struct dsi_node *node;
    char name[NAME_SIZE];
    int64_t value = 0;

    node = find_constant(graph, key, name);
    if (node) {
        const struct dsi_port port = {(uint32_t)(node - graph->nodes), 0};

        if (!dsi_match_int(graph, port, &value)) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED, "node '%s' is no constant of one integer",
                            name);
        }
    } else if (find_attribute(graph, key, &attr)) {
        if (attr->kind != DSI_ATTR_INT) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED,
                            "the attribute '%s' of node '%s' is no number", key, ATTRIBUTE_NODE);
        }
        value = attr->u.i;
    } else {
        return DSINFER_OK;
    }
    if (value < 1 || value > max) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the %s of the model is %lld, possible are 1 to %lld", key,
                        (long long)value, (long long)max);
    }
    *out = (uint32_t)value;
    return DSINFER_OK;
}

/* The bytes of a text in the graph; data NULL where there is none. */
static enum dsinfer_status read_bytes(const struct dsi_graph *graph, const char *key,
                                      struct dsi_bytes *out, struct dsinfer_error *err) {
    const struct dsi_attr *attr;
    const struct dsi_node *node;
    char name[NAME_SIZE];

    *out = (struct dsi_bytes){NULL, 0};
    node = find_constant(graph, key, name);
    if (node) {
        const struct dsi_port port = {(uint32_t)(node - graph->nodes), 0};
        const struct dsi_tensor *value = dsi_match_constant(graph, port);

        if (!value || value->dtype != DSI_DTYPE_STRING) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED, "node '%s' is no constant text", name);
        }
        *out = value->bytes;
    } else if (find_attribute(graph, key, &attr) && attr->kind == DSI_ATTR_STRING) {
        *out = attr->u.bytes;
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_metadata_check_language(struct dsi_bytes language,
                                                struct dsinfer_error *err) {
    const char *text = (const char *)language.data;
    size_t i = 0;

    if (language.size > DSI_METADATA_MAX_LANGUAGE_SIZE) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the name of the model's language is %zu bytes long, possible are %d",
                        language.size, DSI_METADATA_MAX_LANGUAGE_SIZE);
    }
    while (i < language.size) {
        const size_t length =
            (unsigned char)text[i] >= ' ' ? dsi_utf8_length(text + i, language.size - i) : 0;

        if (length == 0) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED,
                            "the name of the model's language is no UTF-8 text");
        }
        i += length;
    }
    return DSINFER_OK;
}

static bool has_cudnn_cell(const struct dsi_graph *graph) {
    static const char scope[] = "cudnn_lstm/";
    size_t i;

    for (i = 0; i < graph->n_nodes; i++) {
        if (strncmp(graph->nodes[i].name, scope, sizeof(scope) - 1) == 0) {
            return true;
        }
    }
    return false;
}

static enum dsinfer_family find_family(const struct dsi_graph *graph,
                                       const struct dsi_signature *signature) {
    int64_t version;
    uint32_t node;

    if (signature->is_bidirectional) {
        return DSINFER_FAMILY_DS01;
    }
    if (!signature->has_softmax) {
        return DSINFER_FAMILY_DS03;
    }
    if (dsi_graph_find_node(graph, NODE_PREFIX "version", &node) &&
        dsi_match_int(graph, (struct dsi_port){node, 0}, &version)) {
        return version >= 6 ? DSINFER_FAMILY_DS07 : DSINFER_FAMILY_DS06;
    }
    if (dsi_match_has_op(graph, "AudioSpectrogram")) {
        return DSINFER_FAMILY_DS05;
    }
    return has_cudnn_cell(graph) ? DSINFER_FAMILY_DS07 : DSINFER_FAMILY_DS04;
}

/* Milliseconds to samples, as upstream's clients round them. */
static uint32_t count_samples(uint32_t rate, uint32_t milliseconds) {
    return (uint32_t)(rate * (milliseconds / 1000.0));
}

/* Length of analysis windows and the step between them. */
static enum dsinfer_status read_frames(const struct dsi_graph *graph, struct dsi_metadata *found,
                                       struct dsinfer_error *err) {
    const bool is_early = found->family < DSINFER_FAMILY_DS04;
    uint32_t length = is_early ? 25 : 32;
    uint32_t step = is_early ? 10 : 20;
    enum dsinfer_status status;

    status = read_number(graph, "feature_win_len", MAX_MILLISECONDS, &length, err);
    if (status == DSINFER_OK) {
        status = read_number(graph, "feature_win_step", MAX_MILLISECONDS, &step, err);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    found->window = count_samples(found->sample_rate, length);
    found->step = count_samples(found->sample_rate, step);
    if (found->window < 1 || found->step < 1) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "windows of %u ms every %u ms are less than a sample at the model's %u Hz",
                        (unsigned)length, (unsigned)step, (unsigned)found->sample_rate);
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_metadata_read(const struct dsi_graph *graph,
                                      const struct dsi_signature *signature,
                                      struct dsi_metadata *metadata, struct dsinfer_error *err) {
    struct dsi_metadata found = {.family = find_family(graph, signature),
                                 .version = (uint32_t)graph->version,
                                 .sample_rate = DEFAULT_SAMPLE_RATE};
    enum dsinfer_status status;

    status = read_number(graph, "version", INT32_MAX, &found.version, err);
    if (status == DSINFER_OK) {
        status = read_number(graph, "sample_rate", MAX_SAMPLE_RATE, &found.sample_rate, err);
    }
    if (status == DSINFER_OK) {
        status = read_frames(graph, &found, err);
    }
    if (status == DSINFER_OK) {
        status = read_number(graph, "beam_width", MAX_BEAM_WIDTH, &found.beam_width, err);
    }
    if (status == DSINFER_OK) {
        status = read_bytes(graph, "language", &found.language, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_metadata_check_language(found.language, err);
    }
    if (status == DSINFER_OK) {
        status = read_bytes(graph, "alphabet", &found.alphabet, err);
    }
    if (status == DSINFER_OK) {
        *metadata = found;
    }
    return status;
}
