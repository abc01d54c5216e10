/* What OpenVINO's frontend makes of sequence lengths that are left open.
 *
 * TensorFlow's cell masks the rows of h by the lengths and picks the last states at them
 * (model/convert/fuse_lstm.c). The frontend keeps all of that beside an LSTMSequence that runs to
 * the largest length, or a Loop whose count that is and whose rows are filled up with zeros. One
 * Lstm with lengths gives the same: rows from a stream's length on are zero, and the last states
 * are its own outputs. So the layers are followed from the lengths on: what each value means is
 * remembered, and a value that the Lstm gives anyway becomes that output of it. Nothing is assumed
 * of a value that comes about in another way.
 *
 * For streams of different lengths the frontend's c is that after the longest; here, as in
 * TensorFlow, it is that after each one's own.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_IR_LENGTHS_H
#define DSI_IR_LENGTHS_H

#include "model/ir/ir_net.h"

enum dsi_ir_sense {
    DSI_IR_UNKNOWN,
    DSI_IR_LENGTHS,     /* of the streams, an input of the network */
    DSI_IR_SCALED,      /* times N */
    DSI_IR_LONGEST,     /* the largest of them */
    DSI_IR_REST,        /* T minus that */
    DSI_IR_REST_SHAPE,  /* [REST,N,C] */
    DSI_IR_ZEROS,       /* of that shape */
    DSI_IR_MASK,        /* 1 at steps below the length, 0 from there on */
    DSI_IR_PAIRS,       /* [N,2]: length and number of each stream */
    DSI_IR_FLAT,        /* [N]: length · N + number */
    DSI_IR_CUT_ROWS,    /* h or c of the first LONGEST steps */
    DSI_IR_ROWS,        /* of all T, where there are lengths zero from these on */
    DSI_IR_HISTORY,     /* the initial state and after it ROWS */
    DSI_IR_FLAT_HISTORY /* the same as [(T+1)·N,C] */
};

/* The input of an Lstm node that its lengths are, if it has any. */
#define DSI_IR_LSTM_LENGTHS 5

/* What is along an axis. */
enum dsi_ir_axis { DSI_IR_ONE, DSI_IR_N, DSI_IR_T, DSI_IR_C };

struct dsi_ir_meaning {
    uint8_t sense; /* enum dsi_ir_sense */
    uint8_t rank;  /* as is axes, for all but LONGEST, REST, PAIRS, FLAT and FLAT_HISTORY */
    uint8_t axes[DSI_MAX_RANK];
    uint8_t state;   /* of CUT_ROWS … FLAT_HISTORY: the Lstm's output with the last one */
    uint32_t lstm;   /* of them: the node */
    int64_t n_steps; /* T, of REST … MASK, CUT_ROWS, ROWS */
};

struct dsi_ir_builder;

/* Says what an output of the layer is that has become an Lstm. */
void dsi_ir_set_meaning(struct dsi_ir_builder *builder, uint32_t layer, size_t output,
                        const struct dsi_ir_meaning *meaning);

/* Finds out what the one output of a layer means; its inputs have been translated. True if it is a
 * value that is there already: the layer's port is set, and it needs no translation. */
bool dsi_ir_understand(struct dsi_ir_builder *builder, uint32_t layer);

/* True if all elements of an input are this size, by a constant or the declared shape of a value.
 */
bool dsi_ir_is_size(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                    size_t input, int64_t size);

/* True if an input of a layer is LENGTHS, or LONGEST. */
bool dsi_ir_is_count(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                     size_t input);

#endif
