/* Building the graph of an IR: what the translation of single layers (ir_layers.c) and that of
 * recurrent ones (ir_lstm.c) share.
 *
 * Names. A node is called like its layer; tensor names and the names of the old API (NAME.K) become
 * Identity nodes at the end, so that values can be found under any of them.
 *
 * Views. IRs wrap an LSTM in transpositions and unit dimensions that cancel out. Transpose,
 * ExpandDims and Squeeze nodes are therefore remembered as what they make of the value they begin
 * with; one that is this value again is not added at all.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_IR_BUILD_H
#define DSI_IR_BUILD_H

#include "model/ir/ir_const.h"
#include "model/ir/ir_lengths.h"
#include "runtime/graph/graph.h"

/* Forms in which a constant may be wanted. */
enum dsi_ir_form {
    DSI_IR_PLAIN,
    DSI_IR_TURNED,  /* a matrix [H,K] as [K,H] */
    DSI_IR_TRIMMED, /* without leading dimensions of 1 */
    DSI_IR_N_FORMS
};

/* A value as axes of the value `base`: axis i is base's axes[i], or, for -1, of size 1. */
struct dsi_ir_view {
    struct dsi_port base;
    size_t rank;
    int8_t axes[DSI_MAX_RANK];
};

struct dsi_ir_builder {
    struct dsi_ir_scope scope;
    const struct dsi_mapped_file *file; /* that the .bin lies in, or NULL */
    struct dsi_graph *graph;
    struct dsinfer_error *err;

    struct dsi_port **ports; /* in the arena; [layer][output]; node NONE: a constant, or not yet */
    uint32_t **constants;    /* in the arena; [layer][output * N_FORMS + form], node or NONE */

    struct dsi_ir_meaning **meanings; /* in the arena; [layer][output] */
    uint32_t lengths;                 /* the layer that is LENGTHS, or NONE */

    struct dsi_ir_view *views; /* owned; [views_capacity], by node; base.node NONE: none */
    size_t views_capacity;
    const char **names; /* owned; open addressing, a power of two */
    size_t n_names, names_capacity;
};

/* A node named `name`, or, where that is taken, `name`/1 … Its inputs are copied. */
enum dsinfer_status dsi_ir_add_node(struct dsi_ir_builder *builder, const char *name,
                                    const char *op, const struct dsi_port *inputs, size_t n_inputs,
                                    struct dsi_port *out);
enum dsinfer_status dsi_ir_set_attrs(struct dsi_ir_builder *builder, struct dsi_port port,
                                     const struct dsi_attr *attrs, size_t n_attrs);

/* An Identity under another name, `length` letters of `name`, without the ending ":0" that any
 * output 0 may be called with; nothing where the name is taken. */
enum dsinfer_status dsi_ir_add_alias(struct dsi_ir_builder *builder, const char *name,
                                     size_t length, struct dsi_port port);

/* Small constants. */
enum dsinfer_status dsi_ir_add_ints(struct dsi_ir_builder *builder, const char *name,
                                    const int64_t *values, size_t n_values, bool is_scalar,
                                    struct dsi_port *out);
enum dsinfer_status dsi_ir_add_floats(struct dsi_ir_builder *builder, const char *name,
                                      const struct dsi_shape *shape, const float *values,
                                      struct dsi_port *out);

/* A constant of the IR. */
enum dsinfer_status dsi_ir_add_constant(struct dsi_ir_builder *builder, const char *name,
                                        const struct dsi_ir_constant *constant,
                                        enum dsi_ir_form form, struct dsi_port *out);

/* A float32 matrix that is stored otherwise; the blocks are copied. */
enum dsinfer_status dsi_ir_add_stored(struct dsi_ir_builder *builder, const char *name,
                                      const struct dsi_shape *shape,
                                      const struct dsi_stored_block *blocks, size_t n_blocks,
                                      struct dsi_port *out);

/* Fills in a block with part of a constant matrix, turned over: its column c is row `first` + c of
 * the last two dimensions of the constant. False where it cannot be stored so. */
bool dsi_ir_make_block(struct dsi_ir_builder *builder, const struct dsi_ir_constant *constant,
                       size_t first, struct dsi_stored_block *block);

/* Rank of an input, as declared; 0 where there is none. */
size_t dsi_ir_get_rank(const struct dsi_ir_layer *layer, size_t input);

/* Words what a layer is or has that cannot be read; returns ERR_UNSUPPORTED. */
enum dsinfer_status dsi_ir_fail_unsupported(struct dsi_ir_builder *builder,
                                            const struct dsi_ir_layer *layer, const char *what);

/* What is at input `input` of a layer, as a port of the graph. */
enum dsinfer_status dsi_ir_get_input(struct dsi_ir_builder *builder,
                                     const struct dsi_ir_layer *layer, size_t input,
                                     enum dsi_ir_form form, struct dsi_port *out);

/* What a value is a view of; itself if it is none. */
struct dsi_ir_view dsi_ir_get_view(const struct dsi_ir_builder *builder, struct dsi_port port,
                                   size_t rank);

/* Transpose, ExpandDims, Squeeze; `rank` is that of the input. They may return a port that is there
 * already. */
enum dsinfer_status dsi_ir_transpose(struct dsi_ir_builder *builder, const char *name,
                                     struct dsi_port in, size_t rank, const int64_t *perm,
                                     struct dsi_port *out);
enum dsinfer_status dsi_ir_expand(struct dsi_ir_builder *builder, const char *name,
                                  struct dsi_port in, size_t rank, size_t axis,
                                  struct dsi_port *out);
enum dsinfer_status dsi_ir_squeeze(struct dsi_ir_builder *builder, const char *name,
                                   struct dsi_port in, size_t rank, size_t axis,
                                   struct dsi_port *out);

/* Memory that lives as long as the graph, zeroed. */
enum dsinfer_status dsi_ir_take(struct dsi_ir_builder *builder, size_t count, size_t size,
                                void **out);

/* Variables (ir_variables.c). A ReadValue, as an input of the network; and, when all layers are
 * translated, whether each variable's Assign gives it the LSTM's new value of the same state. */
enum dsinfer_status dsi_ir_add_variable(struct dsi_ir_builder *builder,
                                        const struct dsi_ir_layer *layer, struct dsi_port *out);
enum dsinfer_status dsi_ir_check_variables(struct dsi_ir_builder *builder);

/* Translates a layer whose inputs are translated: sets its ports. */
enum dsinfer_status dsi_ir_add_layer(struct dsi_ir_builder *builder, uint32_t layer);

/* The same for layers that only change shapes (ir_shapes.c). */
enum dsinfer_status dsi_ir_add_reshape(struct dsi_ir_builder *builder,
                                       const struct dsi_ir_layer *layer, struct dsi_port *out);
enum dsinfer_status dsi_ir_add_transpose(struct dsi_ir_builder *builder,
                                         const struct dsi_ir_layer *layer, struct dsi_port *out);
enum dsinfer_status dsi_ir_add_squeeze(struct dsi_ir_builder *builder,
                                       const struct dsi_ir_layer *layer, bool is_squeeze,
                                       struct dsi_port *out);

/* Input 0 of a layer, [N,T,I], as [T,N,I]. Rows that a Reshape has made of one step of one stream
 * are that already. */
enum dsinfer_status dsi_ir_take_sequence(struct dsi_ir_builder *builder,
                                         const struct dsi_ir_layer *layer, struct dsi_port in,
                                         struct dsi_port *out);

/* True if a Reshape exchanges the first two dimensions, one of which is 1. */
bool dsi_ir_is_exchange(const struct dsi_ir_layer *layer);

/* The same for TensorIterator, Loop and LSTMSequence. */
enum dsinfer_status dsi_ir_add_loop(struct dsi_ir_builder *builder, uint32_t layer);
enum dsinfer_status dsi_ir_add_sequence(struct dsi_ir_builder *builder, uint32_t layer);

#endif
