/* The family follows from what each release added: 0.4 the softmax, 0.5 the features inside the
 * graph, 0.6 constants `metadata_*` (version 5), 0.7 version 6. A converted model has nothing of
 * that but the softmax; from 0.6 on it has the name of another cell, and is taken for one of the
 * later releases.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/metadata.h"

#include "model/match.h"

#include <string.h>

#define DEFAULT_SAMPLE_RATE 16000
#define MAX_SAMPLE_RATE 192000

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

static bool find_constant(const struct dsi_graph *graph, const char *name, int64_t *out) {
    uint32_t node;

    return dsi_graph_find_node(graph, name, &node) &&
           dsi_match_int(graph, (struct dsi_port){node, 0}, out);
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

    if (!signature->has_softmax) {
        return DSINFER_FAMILY_DS03;
    }
    if (find_constant(graph, "metadata_version", &version)) {
        return version >= 6 ? DSINFER_FAMILY_DS07 : DSINFER_FAMILY_DS06;
    }
    if (dsi_match_has_op(graph, "AudioSpectrogram")) {
        return DSINFER_FAMILY_DS05;
    }
    return has_cudnn_cell(graph) ? DSINFER_FAMILY_DS07 : DSINFER_FAMILY_DS04;
}

/* 0.5 has attributes of a NoOp, later releases have constants. */
static int64_t find_sample_rate(const struct dsi_graph *graph) {
    int64_t rate = DEFAULT_SAMPLE_RATE;
    uint32_t node;

    if (find_constant(graph, "metadata_sample_rate", &rate)) {
        return rate;
    }
    if (dsi_graph_find_node(graph, "model_metadata", &node)) {
        rate = dsi_node_get_int(&graph->nodes[node], "sample_rate", DEFAULT_SAMPLE_RATE);
    }
    return rate;
}

void dsi_metadata_read(const struct dsi_graph *graph, const struct dsi_signature *signature,
                       struct dsi_metadata *metadata) {
    const int64_t rate = find_sample_rate(graph);

    metadata->family = find_family(graph, signature);
    metadata->sample_rate =
        rate >= 1 && rate <= MAX_SAMPLE_RATE ? (uint32_t)rate : DEFAULT_SAMPLE_RATE;
}
