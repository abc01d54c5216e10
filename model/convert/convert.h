/* Passes over the graph of a network, each from a graph to a graph, in place.
 *
 * Constants are never copied: they stay where the file has them. After every pass the graph
 * verifies, and computes what it computed before, on the sizes it computed it for.
 *
 *     cut         named values become the graph's inputs and outputs, variables disappear
 *     prune       nodes that no output needs disappear
 *     fold        what follows from constants and the input shapes becomes a constant
 *     fuse_dense  MatMul + Add or BiasAdd + Relu + Minimum become one Dense
 *     fuse_lstm   BlockLSTM + mask + picks of the last states become one Lstm
 *     free_rows   reshapes between them vanish; the result takes any N and T
 *     round       weights may be kept in fewer bits
 *
 * Passes that recognise something say whether they did; not to is no error.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_CONVERT_CONVERT_H
#define DSI_CONVERT_CONVERT_H

#include "model/signature.h"
#include "runtime/graph/graph.h"
#include "runtime/kernels/kernels.h"

/* A value that is to be fed. */
struct dsi_cut_input {
    const char *name; /* what the graph input is called */
    struct dsi_port port;
    enum dsi_dtype dtype;
    struct dsi_shape shape; /* -1: not known */
};

/* Puts a Placeholder in the place of each input and sets the graph's inputs and outputs. */
enum dsinfer_status dsi_convert_cut(struct dsi_graph *graph, const struct dsi_cut_input *inputs,
                                    size_t n_inputs, const struct dsi_graph_port *outputs,
                                    size_t n_outputs, struct dsinfer_error *err);

/* The same for the roles: inputs windows, h, c and, where the graph has them, lengths; outputs
 * logits and, but for bidirectional networks, new_h, new_c, each under the name of its role. */
enum dsinfer_status dsi_convert_cut_roles(struct dsi_graph *graph,
                                          const struct dsi_signature *signature,
                                          struct dsinfer_error *err);

/* Graph inputs stay even where no output needs them. Nodes are numbered anew, in the same order. */
enum dsinfer_status dsi_convert_prune(struct dsi_graph *graph, struct dsinfer_error *err);

/* For inputs of these shapes (those of the roles, cut as above): the result is right for no others.
 */
enum dsinfer_status dsi_convert_fold(struct dsi_graph *graph, const struct dsi_shape *input_shapes,
                                     const struct dsi_kernels *kernels, struct dsinfer_error *err);

/* "Dense": inputs x [..., K], w [K,H], where there is one b [H]; attribute `limit` (float) where
 * the result is clipped to 0 … limit. */
enum dsinfer_status dsi_convert_fuse_dense(struct dsi_graph *graph, struct dsinfer_error *err);

/* Sizes for which a graph was folded. */
struct dsi_convert_sizes {
    int64_t n_streams, n_steps;
};

/* "Lstm": inputs x [T,N,I], h [N,C], c [N,C], w [I+C,4C], b [4C], lengths [N]; attributes
 * `forget_bias`, `cell_clip`; outputs y [T,N,C], new_h, new_c [N,C]. Takes a folded graph whose
 * inputs are windows, h, c and maybe lengths, and whose outputs are logits, new_h, new_c. A graph
 * without lengths gets them as its last input. */
enum dsinfer_status dsi_convert_fuse_lstm(struct dsi_graph *graph,
                                          const struct dsi_convert_sizes *sizes, bool *is_fused,
                                          struct dsinfer_error *err);

/* Takes what fuse_lstm leaves. Values [T*N,D] become [T,N,D]. The nodes that vanish stay as
 * Identity nodes that nothing reads, so that their values can still be found by name; a value that
 * was [T*N,D] in the file bears the attribute `is_flat`. */
enum dsinfer_status dsi_convert_free_rows(struct dsi_graph *graph,
                                          const struct dsi_convert_sizes *sizes, bool *is_free,
                                          struct dsinfer_error *err);

/* Who wants to know how a network comes about: called after each pass, which it is told by name,
 * with what that left. */
struct dsi_convert_watch {
    void (*see)(void *user, const char *pass, const struct dsi_graph *graph);
    void *user;
};

/* All of it: from the graph of a file (borrowed, must outlive the network) to the network. Where
 * the graph cannot be recognised as a whole, *is_fused is false and the network is the graph, cut
 * and pruned, which runs at its own N and T only. `watch` may be NULL. */
enum dsinfer_status
dsi_convert_network(const struct dsi_graph *graph, const struct dsi_signature *signature,
                    const struct dsi_kernels *kernels, const struct dsi_convert_watch *watch,
                    struct dsi_graph *network, bool *is_fused, struct dsinfer_error *err);

/* After all of it, for a fused network: keeps its weights in that precision, but for those of the
 * first and the last layer, which stay float32: attribute `precision` (int) of Dense and Lstm. */
enum dsinfer_status dsi_convert_round(struct dsi_graph *network, enum dsi_precision precision,
                                      struct dsinfer_error *err);

/* For passes: gives a node another op, other inputs and other attributes. `op` is a static string.
 */
enum dsinfer_status dsi_convert_replace(struct dsi_graph *graph, uint32_t node, const char *op,
                                        const struct dsi_port *inputs, size_t n_inputs,
                                        const struct dsi_attr *attrs, size_t n_attrs,
                                        struct dsinfer_error *err);

/* For passes: lets all readers of `from`, graph outputs included, read `to`. */
void dsi_convert_redirect(struct dsi_graph *graph, struct dsi_port from, struct dsi_port to);

/* For passes: appends a Placeholder named after `name`; graph inputs are the caller's business. */
enum dsinfer_status dsi_convert_add_placeholder(struct dsi_graph *graph, const char *name,
                                                enum dsi_dtype dtype, const struct dsi_shape *shape,
                                                uint32_t *out, struct dsinfer_error *err);

#endif
