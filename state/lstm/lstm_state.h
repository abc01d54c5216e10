/* The state of an utterance: the vectors h and c, in the caller's memory.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_LSTM_STATE_H
#define DSI_STATE_LSTM_STATE_H

#include "runtime/base/reader.h"
#include "runtime/base/writer.h"

#include <dsinfer/runner.h>

struct dsi_lstm_state {
    size_t n_cell;
    float *h, *c; /* [n_cell] each; owned, one block */
};

/* Zeros: the beginning of an utterance. ERR_NO_MEMORY: *state is as after finish. */
enum dsinfer_status dsi_lstm_state_init(struct dsi_lstm_state *state, size_t n_cell);
void dsi_lstm_state_reset(struct dsi_lstm_state *state);

/* Makes `to` (same n_cell) equal to `from`. */
void dsi_lstm_state_copy(const struct dsi_lstm_state *from, struct dsi_lstm_state *to);

/* Saving, and reading back into one of the same n_cell. */
void dsi_lstm_state_write(const struct dsi_lstm_state *state, struct dsi_writer *writer);
void dsi_lstm_state_read(struct dsi_lstm_state *state, struct dsi_reader *reader);

/* Runs `n_steps` windows of one stream and moves the state on; logits [n_steps][n_labels]. On
 * failure neither is touched. */
enum dsinfer_status dsi_lstm_state_advance(struct dsi_lstm_state *state,
                                           struct dsinfer_runner *runner, const float *windows,
                                           size_t n_steps, float *logits);
void dsi_lstm_state_finish(struct dsi_lstm_state *state); /* takes a zeroed struct as well */

#endif
