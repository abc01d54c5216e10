/* What a model is to the other units: its graph, its plan, its alphabet.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_MODEL_MODEL_H
#define DSI_MODEL_MODEL_H

#include "model/alphabet.h"
#include "model/metadata.h"
#include "model/signature.h"
#include "runtime/exec/plan.h"
#include "runtime/graph/graph.h"
#include "runtime/kernels/kernels.h"

#include <dsinfer/model.h>

#include <stdatomic.h>

struct dsinfer_model {
    atomic_uint n_references;
    struct dsi_mapped_file file;    /* owned; empty where opened from memory */
    struct dsi_mapped_file weights; /* owned; the second file, where the format has one */
    struct dsi_graph graph;         /* as in the file; constants lie in the mappings */
    struct dsi_signature signature;
    struct dsi_graph network; /* the same cut to its roles: inputs windows, h, c and, where there
                                 are any, lengths; outputs logits, new_h, new_c */
    bool is_fused;            /* the network is fused and runs at any N and T; if not, it runs only
                                 at the file's own, and has lengths only where the file has */
    struct dsi_kernels kernels;
    struct dsi_plan *plan;                             /* of `network` */
    struct dsi_alphabet alphabet;                      /* n_labels 0: none */
    char language[DSI_METADATA_MAX_LANGUAGE_SIZE + 1]; /* empty: not known */
    struct dsinfer_model_info info;
    _Atomic uint64_t fingerprint; /* 0: not asked for so far */
    bool is_packed;               /* the file had the network ready */
    uint64_t data_hash;           /* of a packed one: what its weights should have */
};

/* Shapes of the network's inputs for N streams and T steps, in their order. */
void dsi_model_get_shapes(const struct dsinfer_model *model, size_t n_streams, size_t n_steps,
                          struct dsi_shape shapes[DSI_ROLE_LENGTHS + 1]);

/* ERR_ARGUMENT for a number of threads that a runner does not take. */
enum dsinfer_status dsi_runner_check_threads(size_t n_threads, struct dsinfer_error *err);

/* Tells models apart by their weights and what their front ends need: the same for the same numbers
 * in whatever order and container (.pb, .pbmm) they came. The first call reads all weights, and
 * gives the pages back. Any thread. */
uint64_t dsi_model_get_fingerprint(struct dsinfer_model *model);

#endif
