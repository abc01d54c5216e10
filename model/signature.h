/* Which values of a graph play which role; found by structure, since names differ per release.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_MODEL_SIGNATURE_H
#define DSI_MODEL_SIGNATURE_H

#include "runtime/graph/graph.h"

/* Order of the roles in every array of them. */
enum dsi_role {
    DSI_ROLE_WINDOWS,
    DSI_ROLE_H,
    DSI_ROLE_C,
    DSI_ROLE_LENGTHS,
    DSI_ROLE_LOGITS,
    DSI_ROLE_NEW_H,
    DSI_ROLE_NEW_C,
    DSI_N_ROLES
};

extern const char *const dsi_role_names[DSI_N_ROLES]; /* "windows", … */

struct dsi_signature {
    struct dsi_port ports[DSI_N_ROLES]; /* h and c: the reads, where the graph is cut */
    bool has_lengths;                   /* whether ports[DSI_ROLE_LENGTHS] is there */
    bool has_softmax;                   /* logits are probabilities */
    bool is_bidirectional;              /* over whole recordings: there is no new_h nor new_c, and h
                                           and c are zeros */
    int64_t n_steps;                    /* T of the file, -1 where it leaves it open */
    int64_t n_streams;                  /* N of the file, usually 1, -1 likewise */
    size_t n_context, n_features, n_cell, n_labels;
};

/* Fails with ERR_MALFORMED where a role is missing (it is named), ERR_UNSUPPORTED for a network of
 * another kind. */
enum dsinfer_status dsi_signature_find(const struct dsi_graph *graph,
                                       struct dsi_signature *signature, struct dsinfer_error *err);

#endif
