/* Names of values, and the nearest one where there is none.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/names.h"

#include "model/match.h"
#include "runtime/base/error.h"
#include "runtime/ops/op.h"

#include <string.h>

/* Longer names are compared by their first letters when the nearest is looked for. */
#define MAX_COMPARED 127

static bool is_output_role(enum dsi_role role) {
    return role >= DSI_ROLE_LOGITS;
}

/* Letters to insert, delete or replace to turn `a` into `b`: Levenshtein, one row at a time. */
static size_t get_distance(const char *a, const char *b) {
    size_t row[MAX_COMPARED + 1];
    size_t i;
    size_t k;
    size_t n_b = strlen(b);

    n_b = n_b < MAX_COMPARED ? n_b : MAX_COMPARED;
    for (k = 0; k <= n_b; k++) {
        row[k] = k;
    }
    for (i = 0; i < MAX_COMPARED && a[i]; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (k = 0; k < n_b; k++) {
            const size_t replaced = diagonal + (a[i] != b[k]);

            diagonal = row[k + 1];
            row[k + 1] = 1 + (diagonal < row[k] ? diagonal : row[k]);
            row[k + 1] = row[k + 1] < replaced ? row[k + 1] : replaced;
        }
    }
    return row[n_b];
}

const char *dsi_name_find_nearest(const struct dsi_graph *graph, const char *name, bool is_output) {
    const char *nearest = "";
    size_t best = SIZE_MAX;
    size_t i;

    for (i = 0; i < DSI_N_ROLES + graph->n_nodes; i++) {
        const char *candidate =
            i < DSI_N_ROLES ? dsi_role_names[i] : graph->nodes[i - DSI_N_ROLES].name;
        size_t distance;

        if (i < DSI_N_ROLES && is_output_role((enum dsi_role)i) != is_output) {
            continue;
        }
        distance = get_distance(name, candidate);
        if (distance < best) {
            best = distance;
            nearest = candidate;
        }
    }
    return nearest;
}

/* Splits NODE:K; false if there is no such node, or no op has so many outputs. */
static bool find_port(const struct dsi_graph *graph, const char *name, struct dsi_port *out) {
    const char *colon = strrchr(name, ':');
    const size_t length = colon ? (size_t)(colon - name) : 0;
    size_t i;

    out->output = 0;
    if (dsi_graph_find_node(graph, name, &out->node)) {
        return true;
    }
    if (!colon || colon[1] < '0' || colon[1] >= '0' + DSI_OP_MAX_OUTPUTS || colon[2]) {
        return false;
    }
    for (i = 0; i < graph->n_nodes; i++) {
        const char *node_name = graph->nodes[i].name;

        if (strncmp(node_name, name, length) == 0 && !node_name[length]) {
            *out = (struct dsi_port){(uint32_t)i, (uint32_t)(colon[1] - '0')};
            return true;
        }
    }
    return false;
}

static bool is_state(enum dsi_role role) {
    return role != DSI_ROLE_WINDOWS && role != DSI_ROLE_LENGTHS && role != DSI_ROLE_LOGITS;
}

/* True if the port is the role's, but for nodes that pass it on; or the variable that is read. */
static bool carries(const struct dsinfer_model *model, struct dsi_port port, enum dsi_role role) {
    if ((role == DSI_ROLE_LENGTHS && !model->signature.has_lengths) ||
        (is_state(role) && model->signature.is_bidirectional)) {
        return false;
    }
    return dsi_port_is_equal(dsi_match_source(&model->graph, port),
                             dsi_match_source(&model->graph, model->signature.ports[role]));
}

static bool is_there(const struct dsinfer_model *model, enum dsi_role role) {
    return role != DSI_ROLE_LENGTHS || model->is_fused || model->signature.has_lengths;
}

enum dsinfer_status dsi_name_find(const struct dsinfer_model *model, const char *name,
                                  bool is_output, struct dsi_name *out, struct dsinfer_error *err) {
    const char *kind = is_output ? "output" : "input";
    struct dsi_name found = {0};
    size_t i;

    for (i = 0; i < DSI_N_ROLES; i++) {
        if (strcmp(name, dsi_role_names[i]) != 0 || !is_there(model, (enum dsi_role)i)) {
            continue;
        }
        if (is_state((enum dsi_role)i) && model->signature.is_bidirectional) {
            return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                            "there is no '%s' in this model: it takes recordings whole and has no "
                            "state",
                            name);
        }
        if (is_output_role((enum dsi_role)i) != is_output) {
            return dsi_fail(err, DSINFER_ERR_ARGUMENT, "'%s' is no %s of the network", name, kind);
        }
        *out = (struct dsi_name){true, (enum dsi_role)i, model->signature.ports[i]};
        return DSINFER_OK;
    }
    if (!find_port(&model->graph, name, &found.port)) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                        "there is no %s '%s' in this model; the nearest is '%s'", kind, name,
                        dsi_name_find_nearest(&model->graph, name, is_output));
    }
    for (i = 0; i < DSI_N_ROLES && !found.has_role; i++) {
        if (is_output_role((enum dsi_role)i) == is_output &&
            carries(model, found.port, (enum dsi_role)i)) {
            found.has_role = true;
            found.role = (enum dsi_role)i;
        }
    }
    *out = found;
    return DSINFER_OK;
}
