/* A question to a model: which values go in, which come out. Shared by query.c (names, memory, the
 * public functions) and query_plan.c (which plan answers it).
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_MODEL_QUERY_H
#define DSI_MODEL_QUERY_H

#include "model/model.h"
#include "model/names.h"

#include <dsinfer/runner.h>

/* Most inputs and outputs that can be named. */
#define DSI_QUERY_MAX_NAMES 64
#define DSI_QUERY_MAX_INPUTS (DSI_QUERY_MAX_NAMES + DSI_ROLE_LENGTHS + 1)

/* One input of the plan. */
struct dsi_query_input {
    bool is_bound;
    size_t binding; /* whose data it takes, where is_bound */
    void *stand_in; /* owned; what it takes otherwise: zeros, or T as length */
    enum dsi_dtype dtype;
    struct dsi_shape shape;
};

struct dsinfer_query {
    struct dsinfer_model *model; /* a reference */
    struct dsi_graph graph;      /* of the question's own plan */
    struct dsi_plan *own_plan;   /* owned; NULL: the model's */
    struct dsi_run *run;         /* owned */
    int64_t n_streams, n_steps;

    size_t n_bindings, n_outputs;
    struct dsi_name *bindings;      /* owned; [n_bindings] */
    struct dsi_name *outputs;       /* owned; [n_outputs] */
    struct dsinfer_array *expected; /* owned; [n_bindings], data not set */
    struct dsinfer_array *results;  /* owned; [n_outputs] */
    size_t *slots;                  /* owned; [n_outputs], the plan's output of each */
    size_t n_inputs, n_slots;       /* of the plan */
    struct dsi_query_input inputs[DSI_QUERY_MAX_INPUTS]; /* [n_inputs] */
    const void *input_data[DSI_QUERY_MAX_INPUTS];
    void **buffers; /* owned, and each of them; [n_slots], NULL: not wanted */
};

/* Type and shape of an array of the caller; fails with ERR_ARGUMENT where it is none. */
enum dsinfer_status dsi_query_read_array(const struct dsinfer_binding *binding,
                                         enum dsi_dtype *dtype, struct dsi_shape *shape,
                                         struct dsinfer_error *err);

/* Chooses or makes the plan, with its inputs and slots. Names, N and T are set, and the shapes of
 * roles are checked. */
enum dsinfer_status dsi_query_prepare(struct dsinfer_query *query,
                                      const struct dsinfer_binding *inputs,
                                      const char *const *output_names, struct dsinfer_error *err);

#endif
