/* All that an utterance in progress is: samples, frames and windows that wait, the LSTM state, the
 * beams. A stream has one, and a second one to look ahead with.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_STREAM_UTTERANCE_H
#define DSI_STATE_STREAM_UTTERANCE_H

#include "frontend/frontend.h"
#include "state/lstm/lstm_state.h"
#include "state/stream/gate.h"

#include <dsinfer/stream.h>

struct dsi_utterance {
    struct dsinfer_features *features; /* owned, like all below */
    struct dsi_windows *windows;
    float *chunk; /* [n_steps][window_size], windows that wait for the network */
    struct dsi_lstm_state state;
    struct dsi_gate gate; /* between network and decoder */
    struct dsinfer_decoder *decoder;
    size_t n_steps;   /* windows a call, at most */
    size_t min_steps; /* at the end of a feed, at least; elsewhere, and at the end, it is n_steps */
    bool is_padded;   /* every call has n_steps: the network runs at no other number */
    bool is_whole;    /* the network takes recordings whole: frames wait for the end */
    float *frames;    /* [n_frames][n_features] of them */
    size_t n_frames, frames_capacity; /* in values */
    float *levels;                    /* [n_levels] of them, for the gate */
    size_t n_levels, levels_capacity;
    size_t n_features;
    size_t n_context;
    size_t window_size; /* values a window */
    size_t n_waiting;   /* windows in chunk, below n_steps between calls */
    size_t n_end;       /* frames taken behind the last sample: its own, then n_context of zeros */
    uint64_t n_samples; /* taken so far */
};

/* What one call works with, and none keeps anything in. */
struct dsi_utterance_scratch {
    struct dsinfer_model *model;   /* borrowed */
    size_t n_threads;              /* of a runner */
    struct dsinfer_runner *runner; /* of it, for the utterance's n_steps; NULL where is_whole */
    float *frame;                  /* [n_features] */
    float *logits;                 /* [n_steps][n_labels] */
};

/* An empty utterance, which owns `decoder` (made for the model) from now on, whatever happens.
 * `model` must outlive it. ERR_NO_MEMORY, ERR_UNSUPPORTED where the front end is not there;
 * *utterance is then as after finish. */
enum dsinfer_status dsi_utterance_init(struct dsi_utterance *utterance,
                                       const struct dsinfer_model *model,
                                       const struct dsinfer_stream_options *options,
                                       struct dsinfer_decoder *decoder, struct dsinfer_error *err);
void dsi_utterance_reset(struct dsi_utterance *utterance);

/* Makes `to` (same model and options) equal to `from`. On failure `to` can only be reset, copied to
 * or finished. */
enum dsinfer_status dsi_utterance_copy(const struct dsi_utterance *from, struct dsi_utterance *to);

/* Saving, but not where it is_whole: ERR_NO_MEMORY. Reading back into an empty one of the same
 * model and options. On failure, which the reader tells, it can only be finished. */
enum dsinfer_status dsi_utterance_write(const struct dsi_utterance *utterance,
                                        struct dsi_writer *writer);
void dsi_utterance_read(struct dsi_utterance *utterance, struct dsi_reader *reader);

/* Most frames of an utterance that is_whole: 21 minutes. */
#define DSI_UTTERANCE_MAX_FRAMES 65536

/* Takes samples, const float where `is_float`, else const int16_t, until the chunk is full or all
 * are taken, and writes how many were; a full chunk must go through the network before more are
 * taken. On failure, here and below, the utterance can only be reset, copied to or finished. */
enum dsinfer_status dsi_utterance_take(struct dsi_utterance *utterance,
                                       const struct dsi_utterance_scratch *scratch,
                                       const void *samples, bool is_float, size_t n_samples,
                                       size_t *n_taken);

/* Whether the chunk is to go through the network now, at the end of a feed or before. */
bool dsi_utterance_is_ready(const struct dsi_utterance *utterance, bool is_end_of_feed);

/* The chunk went through the network, which said `logits` [n_waiting][n_labels] of it. */
enum dsinfer_status dsi_utterance_take_rows(struct dsi_utterance *utterance, const float *logits);

/* Takes all samples. */
enum dsinfer_status dsi_utterance_feed(struct dsi_utterance *utterance,
                                       const struct dsi_utterance_scratch *scratch,
                                       const void *samples, bool is_float, size_t n_samples);

/* The samples end here: takes frames of the end until the chunk is full or all are there, which
 * dsi_utterance_has_end then says. Not where is_whole. */
void dsi_utterance_take_end(struct dsi_utterance *utterance,
                            const struct dsi_utterance_scratch *scratch);
bool dsi_utterance_has_end(const struct dsi_utterance *utterance);

/* All of the end went through the network. */
enum dsinfer_status dsi_utterance_close(struct dsi_utterance *utterance);

/* The samples end here: all that waits goes through the network. Call it once. */
enum dsinfer_status dsi_utterance_end(struct dsi_utterance *utterance,
                                      const struct dsi_utterance_scratch *scratch);

/* Ends the utterance with the rows that the network has said, and begins the next one with the rows
 * to come, the network's state being reset. The samples that wait belong to the next. Not where
 * is_whole. Fails like feed; the decoder has then not begun anew. */
enum dsinfer_status dsi_utterance_cut(struct dsi_utterance *utterance,
                                      struct dsinfer_transcript *transcript);

void dsi_utterance_finish(struct dsi_utterance *utterance); /* takes a zeroed struct as well */

#endif
