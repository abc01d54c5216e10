/* What BlockLSTM and Lstm have in common: operands, and the two matrix products.
 *   z[t,n] = b + x[t,n] · w[:I] + h[n] · w[I:]     four blocks of C: i, ci, f, o
 * The first product is computed at once for all steps, the second step by step on top of it.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_OPS_LSTM_UTIL_H
#define DSI_OPS_LSTM_UTIL_H

#include "runtime/ops/op.h"

struct dsi_lstm_sizes {
    size_t n_steps, n_streams, n_input, n_cell; /* T, N, I, C */
};

/* Which input of the node is which. */
struct dsi_lstm_inputs {
    size_t x, h, c; /* [T,N,I], [N,C], [N,C] */
    size_t w, b;    /* [I+C,4C] constant, [4C] */
};

/* Checks the inputs; fills in sizes, the two weights, and scratch for z, h and c. */
enum dsinfer_status dsi_lstm_infer(const struct dsi_node *node, const struct dsi_value_info *inputs,
                                   const struct dsi_lstm_inputs *which,
                                   struct dsi_lstm_sizes *sizes, struct dsi_op_shapes *shapes,
                                   struct dsinfer_error *err);

/* The work of one call, in its scratch memory. */
struct dsi_lstm_work {
    struct dsi_lstm_sizes sizes;
    float *z;      /* [T,N,4C] */
    float *h, *c;  /* [N,C]: the state, a copy of the inputs at first */
    float *next_h; /* [N,C], a copy as well */
};

/* A part of step t, for one worker. */
struct dsi_lstm_part {
    size_t t;
    size_t first_stream, n_streams;
    size_t first_cell, n_cells; /* all, or both multiples of DSI_PACK_COLUMNS, and so is C */
    size_t worker;
};

/* Lays out the scratch memory, copies the state and computes b + x · w[:I] for the first n_steps
 * steps. */
void dsi_lstm_begin(const struct dsi_op_call *call, const struct dsi_lstm_inputs *which,
                    size_t n_steps, struct dsi_lstm_work *work);

/* Adds h [N,C] · w[I:] to a part of z. */
void dsi_lstm_add_recurrent(const struct dsi_op_call *call, const struct dsi_lstm_work *work,
                            const float *h, const struct dsi_lstm_part *part);

#endif
