/* What plan and run know of each other: values, steps, and their inference.
 *
 * A value is a graph input, a constant, or what a step computes. Its root is the value whose bytes
 * it has: itself, or, behind alias ops (Identity, Reshape), the one at the beginning of the chain.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_EXEC_PLAN_INTERNAL_H
#define DSI_EXEC_PLAN_INTERNAL_H

#include "runtime/base/alloc.h"
#include "runtime/exec/plan.h"

/* Most bytes of constants that a plan computes or copies, of those it may read while computing
 * constants, and of packed weights. */
#define DSI_PLAN_MAX_CONSTANTS ((size_t)256 << 20)
#define DSI_PLAN_MAX_FOLDING ((size_t)256 << 20)
#define DSI_PLAN_MAX_WEIGHTS ((size_t)1 << 30)

#define DSI_PLAN_NONE UINT32_MAX

enum dsi_value_kind { DSI_VALUE_INPUT, DSI_VALUE_CONSTANT, DSI_VALUE_COMPUTED };

struct dsi_plan_value {
    enum dsi_value_kind kind;
    uint32_t root;
    void *owned;           /* a constant's bytes where the plan made or aligned them */
    uint32_t first_weight; /* of a root: first of its packed forms, or NONE */
    bool follows_shapes;   /* a constant that was computed from the shape of a graph input */
    bool is_wanted;        /* some step or graph output reads it */
};

struct dsi_plan_step {
    const struct dsi_node *node;
    const struct dsi_op *op;
    uint32_t *inputs;      /* [node->n_inputs] values, in the plan's arena */
    uint32_t first_output; /* values first_output … first_output + n_outputs - 1 */
    size_t n_outputs;
    const void *weights[DSI_OP_MAX_WEIGHTS];
};

/* A constant as the kernels want it. */
struct dsi_packed_weight {
    struct dsi_weight part;
    const void *data; /* `owned`, or the constant's own bytes */
    void *owned;
    size_t size;   /* of data */
    uint32_t next; /* of the same constant, or NONE */
};

struct dsi_plan {
    const struct dsi_graph *graph; /* borrowed */
    struct dsi_kernels kernels;
    struct dsi_arena arena;

    struct dsi_plan_value *values; /* owned; the first ones are the graph inputs */
    struct dsi_tensor
        *tensors; /* owned, one per value; bytes of constants, shapes as at creation */
    size_t n_values, values_capacity;
    struct dsi_plan_step *steps; /* owned */
    size_t n_steps;
    struct dsi_packed_weight *weights; /* owned */
    size_t n_weights, weights_capacity;
    uint32_t *outputs; /* [graph->n_outputs] values; in the arena */

    size_t max_inputs;     /* of a step */
    size_t constants_size; /* bytes in values[].owned */
    size_t packed_size;    /* bytes in weights[].owned */
    bool is_fixed;         /* a constant that is read follows_shapes: no other shapes fit */
};

/* To a multiple of DSI_ALIGNMENT. */
static inline size_t dsi_plan_round_up(size_t size) {
    return (size + DSI_ALIGNMENT - 1) & ~(size_t)(DSI_ALIGNMENT - 1);
}

/* Shapes of the outputs of a step, given the types and shapes of all values in `tensors`: the
 * plan's or a run's. `infos` has room for the step's inputs. Checks sizes. Allocates nothing. */
enum dsinfer_status dsi_plan_infer_step(const struct dsi_plan *plan,
                                        const struct dsi_plan_step *step,
                                        const struct dsi_tensor *tensors,
                                        struct dsi_value_info *infos, struct dsi_op_shapes *shapes,
                                        struct dsinfer_error *err);

/* Checks that a value of this type and shape can be handled; `name` says whose it is. */
enum dsinfer_status dsi_plan_check_shape(const char *name, enum dsi_dtype dtype,
                                         const struct dsi_shape *shape, struct dsinfer_error *err);

/* Makes the bytes of a constant aligned for its type, copying them if need be. */
enum dsinfer_status dsi_plan_align(struct dsi_plan *plan, uint32_t value,
                                   struct dsinfer_error *err);

/* Packs (or finds) the weights of a step whose shapes are given. */
enum dsinfer_status dsi_plan_pack_step(struct dsi_plan *plan, struct dsi_plan_step *step,
                                       const struct dsi_op_shapes *shapes,
                                       struct dsinfer_error *err);

/* A step's input is packed, so that its own bytes are not read. */
bool dsi_plan_is_packed(const struct dsi_op_shapes *shapes, size_t input);

#endif
