/* An LSTM with lengths in an IR that is written. For ir_write_build.c.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_IR_IR_WRITE_SEQUENCE_H
#define DSI_IR_IR_WRITE_SEQUENCE_H

#include "model/ir/ir_document.h"

/* The node and the layers that its inputs are. */
struct dsi_irw_lstm {
    const char *name;
    int64_t n_steps, n_streams;
    struct dsi_irw_ref x, h, c, lengths; /* [T,N,I], [N,C], [N,C], [N] */
    const struct dsi_tensor *w, *b;      /* as the node has them */
    float forget_bias;
};

/* Appends its layers; *out are y [T,N,C], new_h and new_c [N,C]. */
void dsi_irw_add_sequence(struct dsi_irw_document *document, const struct dsi_irw_lstm *lstm,
                          struct dsi_irw_ref out[3]);

#endif
