/* What a file is: a model (opened as ever), an alphabet, or one of the kinds of a scorer.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/convert/convert.h"
#include "model/format.h"
#include "model/inspect_graph.h"
#include "model/lm/scorer.h"
#include "model/model.h"
#include "model/origin.h"
#include "model/packed/packed.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <dsinfer/inspect.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Constants of fewer elements are no weights. */
#define MIN_WEIGHT_ELEMENTS 64

/* Longest label of a file that passes as alphabet: a letter with its marks. Any text is a list of
 * labels, so without this a web page would be an alphabet. */
#define MAX_LETTER_SIZE 16

struct dsinfer_inspection {
    struct dsinfer_model *model; /* a reference; NULL for an alphabet */
    struct dsinfer_inspection_info info;
    struct dsinfer_scorer_info scorer;
    struct dsinfer_role roles[DSI_N_ROLES];
    char *role_names[DSI_N_ROLES];     /* owned */
    struct dsinfer_op_count *ops;      /* owned */
    struct dsinfer_op_count *plan_ops; /* owned */
    struct dsinfer_weight *weights;    /* owned */
    struct dsi_inspect_graph graph;
    struct dsi_origin origin;
};

static int compare_texts(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts the names of ops and counts equal ones. */
static enum dsinfer_status count_ops(const char **names, size_t n_names,
                                     struct dsinfer_op_count **out, size_t *n_out,
                                     struct dsinfer_error *err) {
    struct dsinfer_op_count *counts = dsi_calloc(n_names, sizeof(*counts));
    size_t n = 0;
    size_t i;

    if (!counts) {
        return dsi_fail_memory(err, n_names * sizeof(*counts));
    }
    qsort(names, n_names, sizeof(*names), compare_texts);
    for (i = 0; i < n_names; i++) {
        if (i == 0 || strcmp(names[i - 1], names[i]) != 0) {
            counts[n++].op = names[i];
        }
        counts[n - 1].n_nodes++;
    }
    *out = counts;
    *n_out = n;
    return DSINFER_OK;
}

static enum dsinfer_status fill_ops(struct dsinfer_inspection *inspection,
                                    struct dsinfer_error *err) {
    const struct dsi_graph *graph = &inspection->model->graph;
    const struct dsi_plan *plan = inspection->model->plan;
    const size_t n_steps = dsi_plan_get_n_steps(plan);
    const size_t n = graph->n_nodes > n_steps ? graph->n_nodes : n_steps;
    const char **names = dsi_malloc(n * sizeof(*names));
    enum dsinfer_status status;
    size_t i;

    if (!names) {
        return dsi_fail_memory(err, n * sizeof(*names));
    }
    for (i = 0; i < graph->n_nodes; i++) {
        names[i] = graph->nodes[i].op;
    }
    status = count_ops(names, graph->n_nodes, &inspection->ops, &inspection->info.n_ops, err);
    for (i = 0; i < n_steps; i++) {
        names[i] = dsi_plan_get_step(plan, i)->op;
    }
    if (status == DSINFER_OK) {
        status =
            count_ops(names, n_steps, &inspection->plan_ops, &inspection->info.n_plan_ops, err);
    }
    dsi_free(names);
    return status;
}

static bool is_weight(const struct dsi_node *node, size_t *size) {
    const struct dsi_stored_matrix *stored = node->value.stored;
    size_t count, i;

    if (!dsi_node_is_op(node, "Const") || !dsi_shape_count(&node->value.shape, &count) ||
        count < MIN_WEIGHT_ELEMENTS ||
        !dsi_shape_get_size(&node->value.shape, node->value.dtype, size)) {
        return false;
    }
    if (stored && stored->n_packed) {
        for (*size = 0, i = 0; i < stored->n_packed; i++) {
            *size += stored->packed[i].bytes.size;
        }
    }
    return true;
}

static enum dsinfer_status fill_weights(struct dsinfer_inspection *inspection,
                                        struct dsinfer_error *err) {
    const struct dsi_graph *graph = &inspection->model->graph;
    size_t n = 0;
    size_t size;
    size_t i;
    size_t k;

    for (i = 0; i < graph->n_nodes; i++) {
        n += is_weight(&graph->nodes[i], &size);
    }
    inspection->weights = dsi_calloc(n, sizeof(*inspection->weights));
    if (!inspection->weights) {
        return dsi_fail_memory(err, n * sizeof(*inspection->weights));
    }
    for (i = 0; i < graph->n_nodes; i++) {
        const struct dsi_node *node = &graph->nodes[i];
        struct dsinfer_weight *weight = &inspection->weights[inspection->info.n_weights];

        if (!is_weight(node, &size)) {
            continue;
        }
        inspection->info.n_weights++;
        weight->name = node->name;
        weight->size = size;
        weight->rank = node->value.shape.rank;
        for (k = 0; k < weight->rank; k++) {
            weight->dims[k] = (size_t)node->value.shape.dims[k];
        }
    }
    return DSINFER_OK;
}

/* The shape of a role at the file's own N and T. */
static void fill_role_shape(struct dsinfer_role *role, const struct dsi_signature *signature,
                            size_t i) {
    const int64_t n = signature->n_streams, t = signature->n_steps;
    const int64_t n_cell = (int64_t)signature->n_cell;
    const int64_t windows[] = {n, t, 2 * (int64_t)signature->n_context + 1,
                               (int64_t)signature->n_features};
    const int64_t logits[] = {t, n, (int64_t)signature->n_labels};
    const int64_t state[] = {n, n_cell};
    const int64_t *dims = i == DSI_ROLE_WINDOWS ? windows : i == DSI_ROLE_LOGITS ? logits : state;
    size_t k;

    role->rank = i == DSI_ROLE_WINDOWS   ? 4
                 : i == DSI_ROLE_LOGITS  ? 3
                 : i == DSI_ROLE_LENGTHS ? 1
                                         : 2;
    for (k = 0; k < role->rank; k++) {
        role->dims[k] = dims[k] < 1 ? -1 : dims[k];
    }
}

/* What an IR calls an output of its LSTM: the first of its names, which are Identity nodes. */
static const char *find_alias(const struct dsi_graph *graph, struct dsi_port port) {
    size_t i;

    for (i = 0; i < graph->n_nodes && port.output; i++) {
        const struct dsi_node *node = &graph->nodes[i];

        if (dsi_node_is_op(node, "Identity") && node->n_inputs == 1 &&
            dsi_port_is_equal(node->inputs[0], port)) {
            return node->name;
        }
    }
    return NULL;
}

/* The names that the file gives the values; where there are none NODE, or NODE:K. */
static enum dsinfer_status fill_roles(struct dsinfer_inspection *inspection,
                                      struct dsinfer_error *err) {
    const struct dsinfer_model *model = inspection->model;
    size_t i;

    for (i = 0; i < DSI_N_ROLES; i++) {
        const struct dsi_port port = model->signature.ports[i];
        const char *alias = find_alias(&model->graph, port);
        const char *node_name = alias ? alias : model->graph.nodes[port.node].name;
        const size_t size = strlen(node_name) + 12;
        const size_t at = inspection->info.n_roles;

        if ((i == DSI_ROLE_LENGTHS && !model->signature.has_lengths) ||
            (model->signature.is_bidirectional && i != DSI_ROLE_WINDOWS && i != DSI_ROLE_LENGTHS &&
             i != DSI_ROLE_LOGITS)) {
            continue;
        }
        inspection->role_names[at] = dsi_malloc(size);
        if (!inspection->role_names[at]) {
            return dsi_fail_memory(err, size);
        }
        if (port.output && !alias) {
            snprintf(inspection->role_names[at], size, "%s:%lu", node_name,
                     (unsigned long)port.output);
        } else {
            snprintf(inspection->role_names[at], size, "%s", node_name);
        }
        inspection->roles[at].role = dsi_role_names[i];
        inspection->roles[at].tensor = inspection->role_names[at];
        fill_role_shape(&inspection->roles[at], &model->signature, i);
        inspection->info.n_roles++;
    }
    return DSINFER_OK;
}

static enum dsinfer_status inspect_model(struct dsinfer_inspection *inspection, const char *path,
                                         struct dsinfer_error *err) {
    struct dsinfer_inspection_info *info = &inspection->info;
    enum dsinfer_status status = dsinfer_model_open(path, NULL, &inspection->model, err);

    if (status == DSINFER_OK && inspection->model->is_packed) {
        status =
            dsi_packed_check_data(inspection->model->data_hash, &inspection->model->graph, err);
    }
    if (status == DSINFER_OK) {
        status = fill_roles(inspection, err);
    }
    if (status == DSINFER_OK) {
        status = fill_ops(inspection, err);
    }
    if (status == DSINFER_OK) {
        status = fill_weights(inspection, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_inspect_graph_init(&inspection->graph, inspection->model, err);
    }
    if (status == DSINFER_OK) {
        dsi_origin_init(&inspection->origin);
        status = dsi_origin_read(&inspection->origin, inspection->model->file.bytes, err);
    }
    if (status == DSINFER_OK) {
        info->kind = DSINFER_FILE_MODEL;
        info->format = inspection->model->info.format;
        info->model = &inspection->model->info;
        info->roles = inspection->roles;
        info->ops = inspection->ops;
        info->plan_ops = inspection->plan_ops;
        info->weights = inspection->weights;
        info->nodes = inspection->graph.nodes;
        info->n_nodes = inspection->graph.n_nodes;
        info->origin = inspection->origin.facts;
        info->n_origin = inspection->origin.n_facts;
    }
    return status;
}

/* True if the bytes are a list of letters. */
static bool read_alphabet(struct dsi_bytes bytes, size_t *n_labels) {
    struct dsi_alphabet alphabet = {0};
    bool is_alphabet = dsi_alphabet_read(&alphabet, bytes, NULL) == DSINFER_OK;
    uint32_t i;

    for (i = 0; is_alphabet && i < alphabet.n_labels; i++) {
        is_alphabet = strlen(dsi_alphabet_get(&alphabet, i)) <= MAX_LETTER_SIZE;
    }
    *n_labels = alphabet.n_labels;
    dsi_alphabet_finish(&alphabet);
    return is_alphabet;
}

static enum dsinfer_status inspect_scorer(struct dsinfer_inspection *inspection,
                                          struct dsi_bytes bytes, struct dsinfer_error *err) {
    struct dsinfer_inspection_info *info = &inspection->info;
    const struct dsinfer_scorer_info *scorer = &inspection->scorer;
    const enum dsinfer_status status = dsi_scorer_describe(bytes, &inspection->scorer, err);

    if (status == DSINFER_OK) {
        info->kind = !scorer->order        ? DSINFER_FILE_DICTIONARY
                     : scorer->has_weights ? DSINFER_FILE_SCORER
                                           : DSINFER_FILE_LANGUAGE_MODEL;
        info->format = scorer->order ? scorer->format : scorer->dictionary;
        info->scorer = scorer;
    }
    return status;
}

enum dsinfer_status dsinfer_inspection_open(const char *path, struct dsinfer_inspection **out,
                                            struct dsinfer_error *err) {
    struct dsinfer_inspection *inspection;
    struct dsi_mapped_file file = {0};
    enum dsinfer_status status;

    if (!out) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "no place for the inspection is given");
    }
    *out = NULL;
    if (!path) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "no path is given");
    }
    inspection = dsi_calloc(1, sizeof(*inspection));
    if (!inspection) {
        return dsi_fail_memory(err, sizeof(*inspection));
    }
    status = dsi_mapped_file_open(&file, path, err);
    if (status != DSINFER_OK) {
        goto out;
    }

    if (dsi_lm_probe(file.bytes) || dsi_dictionary_probe(file.bytes)) {
        status = inspect_scorer(inspection, file.bytes, err);
    } else if (!dsi_model_format_probe(file.bytes) &&
               read_alphabet(file.bytes, &inspection->info.n_labels)) {
        inspection->info.kind = DSINFER_FILE_ALPHABET;
        inspection->info.format = "alphabet";
    } else {
        status = inspect_model(inspection, path, err);
    }
    if (status == DSINFER_OK) {
        *out = inspection;
        inspection = NULL;
    }
out:
    dsi_mapped_file_close(&file);
    dsinfer_inspection_close(inspection);
    return status;
}

const struct dsinfer_inspection_info *
dsinfer_inspection_get_info(const struct dsinfer_inspection *inspection) {
    return &inspection->info;
}

void dsinfer_inspection_close(struct dsinfer_inspection *inspection) {
    size_t i;

    if (!inspection) {
        return;
    }
    for (i = 0; i < DSI_N_ROLES; i++) {
        dsi_free(inspection->role_names[i]);
    }
    dsi_free(inspection->ops);
    dsi_free(inspection->plan_ops);
    dsi_free(inspection->weights);
    dsi_inspect_graph_finish(&inspection->graph);
    dsi_origin_finish(&inspection->origin);
    dsinfer_model_unref(inspection->model);
    dsi_free(inspection);
}
