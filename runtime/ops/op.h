/* Ops: what the nodes of a graph mean.
 *
 * One op family per file, in each the shape rule above and the run below; op.c is the list.
 * Semantics are TensorFlow's, to the float rounding; the fused "Dense" and "Lstm" are described in
 * their files.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_OPS_OP_H
#define DSI_OPS_OP_H

#include "runtime/base/pool.h"
#include "runtime/graph/graph.h"
#include "runtime/kernels/kernels.h"

/* Most outputs of a node (BlockLSTM has 7), and weights of a node (Lstm has 2). */
#define DSI_OP_MAX_OUTPUTS 7
#define DSI_OP_MAX_WEIGHTS 2

/* Largest dimension of a value, so that sums and products of two of them need no check. */
#define DSI_OP_MAX_DIM INT32_MAX

/* What is known of a value before the run. */
struct dsi_value_info {
    enum dsi_dtype dtype;
    struct dsi_shape shape;            /* all dimensions known */
    const struct dsi_tensor *constant; /* the value itself where it is known, or NULL; borrowed */
};

/* A constant that the kernels want packed: B[k,n] = rows first_row … first_row + k - 1 of an input.
 */
struct dsi_weight {
    size_t input;
    size_t first_row;
    size_t k, n;
    enum dsi_precision precision;
    size_t max_m;      /* most rows of A that are multiplied with it at once */
    bool is_recurrent; /* read once for every step, not once for all */
};

/* Results of a shape rule. */
struct dsi_op_shapes {
    size_t n_outputs;
    struct {
        enum dsi_dtype dtype;
        struct dsi_shape shape;
    } outputs[DSI_OP_MAX_OUTPUTS];
    size_t n_weights; /* inputs that are packed; the op then reads call.weights, not the input */
    struct dsi_weight weights[DSI_OP_MAX_WEIGHTS];
    size_t scratch_size;  /* bytes the run needs besides */
    size_t prepared_size; /* set by the plan: bytes of call.prepared for each worker */
    int alias; /* output 0 has the bytes of this input unchanged (Identity, Reshape), whatever the
                  shapes; -1: no */
};

/* One execution. Inputs and outputs are aligned for their type, not NULL even where they have no
 * elements, and do not overlap. */
struct dsi_op_call {
    const struct dsi_node *node;
    const struct dsi_kernels *kernels;
    const struct dsi_tensor *inputs; /* [node->n_inputs]; of a packed input only dtype and shape */
    const void *const *weights;      /* [n_weights], packed */
    const struct dsi_op_shapes *shapes;
    void *const *outputs;  /* [n_outputs]; NULL: nobody wants that one */
    void *scratch;         /* aligned to DSI_ALIGNMENT */
    struct dsi_pool *pool; /* the workers that compute; NULL: this thread alone */
    char *prepared;        /* for products, aligned likewise: prepared_size bytes for each worker */
};

struct dsi_op {
    const char *name;
    size_t min_inputs, max_inputs;
    bool reads_shapes_only; /* of its inputs: they need not be known to compute it in advance */
    bool is_costly;         /* never computed in advance: a file must not make loading slow */

    /* Checks types, shapes and attributes of a node with these inputs and fills in *shapes (given
     * zeroed, with alias -1). No dimension of an input is above DSI_OP_MAX_DIM; those of outputs,
     * and sizes, are checked by the caller. Fails with ERR_MALFORMED or ERR_UNSUPPORTED, the
     * sentence naming the node, what was found and what was needed. Allocates nothing, so that a
     * plan can be re-shaped while it runs. */
    enum dsinfer_status (*infer)(const struct dsi_node *node, const struct dsi_value_info *inputs,
                                 struct dsi_op_shapes *shapes, struct dsinfer_error *err);

    /* Computes. Fails (ERR_ARGUMENT) only for values that shapes cannot tell, such as a length or
     * an index out of range; the sentence names the node. */
    enum dsinfer_status (*run)(const struct dsi_op_call *call, struct dsinfer_error *err);
};

/* The op of that name, or NULL. "Placeholder" and "Const" are none: the plan handles them. The run
 * of an op that is always an alias is NULL. */
const struct dsi_op *dsi_op_find(const char *name);

#endif
