/* The ops of every family, for the list in op.c.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_OPS_OP_LIST_H
#define DSI_OPS_OP_LIST_H

#include "runtime/ops/op.h"

/* view.c: the same bytes with another shape, and shapes as values */
extern const struct dsi_op dsi_op_identity, dsi_op_reshape, dsi_op_expand_dims, dsi_op_squeeze,
    dsi_op_shape;

/* layout.c: the same elements elsewhere */
extern const struct dsi_op dsi_op_transpose, dsi_op_tile, dsi_op_concat, dsi_op_pack;

/* strided_slice.c */
extern const struct dsi_op dsi_op_strided_slice;

/* generate.c: values from nothing */
extern const struct dsi_op dsi_op_fill, dsi_op_range;

/* gather.c */
extern const struct dsi_op dsi_op_gather, dsi_op_gather_v2, dsi_op_gather_nd;

/* elementwise.c: one or two operands, element by element */
extern const struct dsi_op dsi_op_add, dsi_op_add_v2, dsi_op_bias_add, dsi_op_mul, dsi_op_minimum,
    dsi_op_less, dsi_op_relu;

/* cast.c */
extern const struct dsi_op dsi_op_cast;

/* reverse.c */
extern const struct dsi_op dsi_op_reverse_sequence;

/* reduce.c */
extern const struct dsi_op dsi_op_max, dsi_op_softmax;

/* audio.c: the features inside a graph */
extern const struct dsi_op dsi_op_audio_spectrogram, dsi_op_mfcc;

/* matmul.c, dense.c, block_lstm.c, lstm.c */
extern const struct dsi_op dsi_op_matmul, dsi_op_dense, dsi_op_block_lstm, dsi_op_lstm;

#endif
