/* A stream: an utterance, what it works with, and whether it may go on.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_STREAM_STREAM_H
#define DSI_STATE_STREAM_STREAM_H

#include "state/stream/utterance.h"

#include <dsinfer/stream.h>

/* Most windows given to the network at once. */
#define DSI_STREAM_MAX_STEPS 64

enum dsi_stream_phase { DSI_STREAM_OPEN, DSI_STREAM_FINISHED, DSI_STREAM_FAILED };

struct dsinfer_stream {
    struct dsinfer_model *model;           /* a reference of its own */
    struct dsinfer_stream_options options; /* but the decoder's, which keeps what it needs */
    enum dsi_stream_phase phase;
    struct dsi_utterance_scratch scratch; /* owned, all of it */
    struct dsi_utterance utterance;
    struct dsi_utterance ahead; /* for peek; zeroed until the first */
    bool is_in_batch;           /* while one is fed … */
    size_t n_batched;           /* … samples of that feed that are taken */
};

#endif
