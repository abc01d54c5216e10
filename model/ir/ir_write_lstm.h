/* An LSTM in an IR that is written, for ir_write_build.c: with lengths of its own as an
 * LSTMSequence, without as a TensorIterator around an LSTMCell.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_IR_IR_WRITE_LSTM_H
#define DSI_IR_IR_WRITE_LSTM_H

#include "model/ir/ir_document.h"

/* The node and the layers that its inputs are. */
struct dsi_irw_lstm {
    const char *name;
    int64_t n_steps, n_streams;
    struct dsi_irw_ref x, h, c, lengths; /* [T,N,I], [N,C], [N,C]; [N], of a sequence */
    const struct dsi_tensor *w, *b;      /* as the node has them */
    float forget_bias;
};

/* Append its layers; *out are y [T,N,C], new_h and new_c [N,C]. */
void dsi_irw_add_sequence(struct dsi_irw_document *document, const struct dsi_irw_lstm *lstm,
                          struct dsi_irw_ref out[3]);
void dsi_irw_add_iterator(struct dsi_irw_document *document, const struct dsi_irw_lstm *lstm,
                          struct dsi_irw_ref out[3]);

#endif
