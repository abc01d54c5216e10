/* A plan: a graph made ready to run. Ordered, checked, constants aligned, weights packed. Immutable
 * and shared by any number of runs on any number of threads. And a run: its scratch memory.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_EXEC_PLAN_H
#define DSI_EXEC_PLAN_H

#include "runtime/graph/graph.h"
#include "runtime/kernels/kernels.h"
#include "runtime/ops/op.h"

/* Most bytes of scratch memory of one run. */
#define DSI_RUN_MAX_MEMORY ((size_t)2 << 30)

struct dsi_plan;
struct dsi_run;

/* Compiles the part of `graph` that its outputs need. Graph inputs are values whose shape may
 * differ from run to run; input_shapes[i] (all dimensions known) says for which shapes to check
 * now, and n_inputs is the graph's. Whatever follows from constants and these shapes alone is
 * computed now. The graph, and the mapping its constants lie in, are borrowed until destroy; packed
 * pages are dropped from the mapping. Fails with ERR_UNSUPPORTED for an op that is not there (node
 * and op are named), ERR_MALFORMED, ERR_LIMIT, ERR_NO_MEMORY. */
enum dsinfer_status dsi_plan_create(const struct dsi_graph *graph,
                                    const struct dsi_kernels *kernels,
                                    const struct dsi_shape *input_shapes, struct dsi_plan **out,
                                    struct dsinfer_error *err);
void dsi_plan_destroy(struct dsi_plan *plan);

/* Bytes of weights. */
struct dsi_plan_sizes {
    size_t weights;   /* as the kernels read them */
    size_t recurrent; /* of those: read once for every step, not once for all steps of a run */
    size_t packed;    /* of those in `weights`: in memory of the plan, not in the graph's */
};

void dsi_plan_get_sizes(const struct dsi_plan *plan, struct dsi_plan_sizes *sizes);

/* Steps that run, in order, views (Reshape) among them: the node of step i, for `inspect`. */
size_t dsi_plan_get_n_steps(const struct dsi_plan *plan);
const struct dsi_node *dsi_plan_get_step(const struct dsi_plan *plan, size_t i);

/* A weight of a step as the kernels read it. */
struct dsi_plan_weight {
    size_t input; /* of the step's node */
    size_t first_row, k, n;
    enum dsi_precision precision;
    struct dsi_bytes bytes; /* lent until destroy */
};

/* Weight `i` of a step; false where it has no such weight. */
bool dsi_plan_get_weight(const struct dsi_plan *plan, size_t step, size_t i,
                         struct dsi_plan_weight *out);

/* Scratch memory, big enough for graph inputs of these shapes and all smaller ones (no dimension
 * larger). The plan is borrowed, and so is `pool`, whose workers share the work of each run: NULL
 * for the calling thread alone, with the same results to the bit. */
enum dsinfer_status dsi_run_create(const struct dsi_plan *plan, const struct dsi_shape *max_shapes,
                                   struct dsi_pool *pool, struct dsi_run **out,
                                   struct dsinfer_error *err);
void dsi_run_destroy(struct dsi_run *run);

/* Sets the shapes of the graph inputs for the runs that follow. Allocates nothing. Fails with
 * ERR_ARGUMENT where they do not fit the plan (values that follow from an input's shape, as in
 * Shape and Range, were computed with it: then no other shape fits) or the memory; the run then
 * keeps the shapes it had. */
enum dsinfer_status dsi_run_set_shapes(struct dsi_run *run, const struct dsi_shape *shapes,
                                       struct dsinfer_error *err);

/* Type and shape of graph output `i` for the current shapes. */
void dsi_run_get_output(const struct dsi_run *run, size_t i, enum dsi_dtype *dtype,
                        struct dsi_shape *shape);

/* Computes: inputs[i] is the data of graph input i, aligned for its type, in the current shape
 * (NULL where it has no elements, or no step reads it); outputs[i], aligned likewise, takes the
 * data of graph output i (NULL: not wanted). Outputs must not overlap each other; they may lie
 * where inputs lie (a new state in the place of the old one), unless some output is an input passed
 * through. Allocates nothing. Fails with ERR_ARGUMENT for values that cannot be, such as a length
 * beyond the steps; the outputs are then undefined. */
enum dsinfer_status dsi_run_execute(struct dsi_run *run, const void *const *inputs,
                                    void *const *outputs, struct dsinfer_error *err);

#endif
