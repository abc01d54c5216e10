/* Here the state loop is closed: what the network returns is what it gets next.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/lstm/lstm_state.h"

#include "runtime/base/alloc.h"

#include <float.h>
#include <string.h>

enum dsinfer_status dsi_lstm_state_init(struct dsi_lstm_state *state, size_t n_cell) {
    memset(state, 0, sizeof(*state));
    state->h = dsi_calloc(n_cell, 2 * sizeof(*state->h));
    if (!state->h) {
        return DSINFER_ERR_NO_MEMORY;
    }
    state->c = state->h + n_cell;
    state->n_cell = n_cell;
    return DSINFER_OK;
}

void dsi_lstm_state_reset(struct dsi_lstm_state *state) {
    memset(state->h, 0, 2 * state->n_cell * sizeof(*state->h));
}

void dsi_lstm_state_copy(const struct dsi_lstm_state *from, struct dsi_lstm_state *to) {
    memcpy(to->h, from->h, 2 * from->n_cell * sizeof(*to->h));
}

void dsi_lstm_state_write(const struct dsi_lstm_state *state, struct dsi_writer *writer) {
    dsi_writer_put_floats(writer, state->h, state->n_cell);
    dsi_writer_put_floats(writer, state->c, state->n_cell);
}

void dsi_lstm_state_read(struct dsi_lstm_state *state, struct dsi_reader *reader) {
    dsi_reader_take_floats(reader, FLT_MAX, state->h, state->n_cell, "a value of h");
    dsi_reader_take_floats(reader, FLT_MAX, state->c, state->n_cell, "a value of c");
}

enum dsinfer_status dsi_lstm_state_advance(struct dsi_lstm_state *state,
                                           struct dsinfer_runner *runner, const float *windows,
                                           size_t n_steps, float *logits) {
    const struct dsinfer_step step = {
        .n_streams = 1,
        .n_steps = n_steps,
        .windows = windows,
        .h = state->h,
        .c = state->c,
        .logits = logits,
        .new_h = state->h,
        .new_c = state->c,
    };

    return dsinfer_runner_run(runner, &step);
}

void dsi_lstm_state_finish(struct dsi_lstm_state *state) {
    dsi_free(state->h);
    memset(state, 0, sizeof(*state));
}
