/* Rows held, let through, and replaced; rules for the end of an utterance.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/stream/gate.h"

#include "model/model.h"
#include "runtime/base/alloc.h"
#include "state/decode/posterior.h"
#include "state/decode/transcript.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Logit of every label but the blank in a row that is replaced: its probability is 0, and it is no
 * infinity that a search would have to know. */
#define IMPOSSIBLE (-1e4f)

/* Frames after the last loud one until the network has said what it heard there. */
#define N_DELAY 15

static void fill_blank(const struct dsi_gate *gate) {
    size_t i;

    for (i = 0; i + 1 < gate->n_labels; i++) {
        gate->blank[i] = gate->is_probability ? 0.0f : IMPOSSIBLE;
    }
    gate->blank[gate->n_labels - 1] = gate->is_probability ? 1.0f : 0.0f;
}

enum dsinfer_status dsi_gate_init(struct dsi_gate *gate, const struct dsinfer_model_info *info,
                                  bool is_on) {
    size_t size;

    memset(gate, 0, sizeof(*gate));
    gate->is_on = is_on;
    gate->is_probability = info->has_softmax != 0;
    gate->n_labels = info->n_labels;
    if (!dsi_mul_size(info->n_labels, DSI_GATE_MAX_HELD * sizeof(float), &size)) {
        return DSINFER_ERR_NO_MEMORY;
    }
    gate->posterior = dsi_malloc(info->n_labels * sizeof(float));
    gate->blank = dsi_malloc(info->n_labels * sizeof(float));
    gate->held = is_on ? dsi_malloc(size) : NULL;
    if (!gate->posterior || !gate->blank || (is_on && !gate->held)) {
        dsi_gate_finish(gate);
        return DSINFER_ERR_NO_MEMORY;
    }
    fill_blank(gate);
    dsi_level_init(&gate->state.level, info->sample_rate);
    return DSINFER_OK;
}

void dsi_gate_reset(struct dsi_gate *gate) {
    struct dsi_gate_state fresh = {.level = gate->state.level};

    dsi_level_reset(&fresh.level);
    gate->state = fresh;
}

static float *get_held(const struct dsi_gate *gate, uint64_t row) {
    return gate->held + (size_t)(row % DSI_GATE_MAX_HELD) * gate->n_labels;
}

void dsi_gate_copy(const struct dsi_gate *from, struct dsi_gate *to) {
    uint64_t i;

    to->state = from->state;
    for (i = from->state.n_rows - from->state.n_held; i < from->state.n_rows; i++) {
        memcpy(get_held(to, i), get_held(from, i), from->n_labels * sizeof(float));
    }
}

void dsi_gate_write(const struct dsi_gate *gate, struct dsi_writer *writer) {
    const struct dsi_gate_state *state = &gate->state;
    uint64_t i;

    dsi_level_write(&state->level, writer);
    dsi_activity_write(&state->activity, writer);
    dsi_writer_put_number(writer, state->n_rows);
    dsi_writer_put_number(writer, state->first_row);
    dsi_writer_put_number(writer, state->n_blank);
    dsi_writer_put_number(writer, state->has_letters);
    dsi_writer_put_number(writer, state->n_held);
    for (i = state->n_rows - state->n_held; i < state->n_rows; i++) {
        dsi_writer_put_floats(writer, get_held(gate, i), gate->n_labels);
    }
}

void dsi_gate_read(struct dsi_gate *gate, uint64_t n_samples, struct dsi_reader *reader) {
    struct dsi_gate_state *state = &gate->state;
    uint64_t most_held = gate->is_on ? DSI_GATE_REACH : 0;
    uint64_t i;

    dsi_level_read(&state->level, n_samples, reader);
    dsi_activity_read(&state->activity, n_samples / state->level.block_size, reader);
    state->n_rows = dsi_reader_take_number(reader, UINT32_MAX, "the number of rows");
    state->first_row = dsi_reader_take_number(reader, state->n_rows, "the first row");
    state->n_blank = dsi_reader_take_number(reader, state->n_rows, "the number of blank rows");
    state->has_letters = dsi_reader_take_number(reader, 1, "whether there were letters") != 0;
    most_held = state->n_rows < most_held ? state->n_rows : most_held;
    state->n_held = dsi_reader_take_number(reader, most_held, "the number of rows held");
    for (i = state->n_rows - state->n_held; i < state->n_rows; i++) {
        dsi_reader_take_floats(reader, FLT_MAX, get_held(gate, i), gate->n_labels,
                               "a value of a row");
    }
}

/* Sends the rows that are decided to the decoder, at the end of the utterance all. */
static enum dsinfer_status decide(struct dsi_gate *gate, struct dsinfer_decoder *decoder,
                                  bool is_end) {
    struct dsi_gate_state *state = &gate->state;
    const uint64_t n_frames = state->activity.n_frames;
    const uint64_t active_end = state->activity.active_end;
    enum dsinfer_status status = DSINFER_OK;

    while (state->n_held > 0 && status == DSINFER_OK) {
        const uint64_t row = state->n_rows - state->n_held;
        const bool is_open = active_end > 0 && row < active_end + DSI_GATE_REACH;
        const bool is_certain = row + DSI_GATE_REACH < n_frames || state->n_held > DSI_GATE_REACH;

        if (!is_open && !is_certain && !is_end) {
            break;
        }
        status = dsinfer_decoder_feed(decoder, is_open ? get_held(gate, row) : gate->blank, 1);
        state->n_held--;
    }
    return status;
}

enum dsinfer_status dsi_gate_take_level(struct dsi_gate *gate, struct dsinfer_decoder *decoder,
                                        float decibels) {
    dsi_activity_push(&gate->state.activity, decibels);
    return decide(gate, decoder, false);
}

/* Counts the rows in which the network rather hears nothing. */
static void note(struct dsi_gate *gate, const float *row) {
    dsi_posterior_compute(row, gate->n_labels, gate->is_probability, gate->posterior);
    if (gate->posterior[gate->n_labels - 1] >= logf(0.5f)) {
        gate->state.n_blank++;
    } else {
        gate->state.n_blank = 0;
        gate->state.has_letters = true;
    }
}

enum dsinfer_status dsi_gate_take_rows(struct dsi_gate *gate, struct dsinfer_decoder *decoder,
                                       const float *rows, size_t n_rows) {
    struct dsi_gate_state *state = &gate->state;
    enum dsinfer_status status = DSINFER_OK;
    size_t i;

    for (i = 0; i < n_rows; i++) {
        note(gate, rows + i * gate->n_labels);
    }
    if (!gate->is_on) {
        state->n_rows += n_rows;
        return dsinfer_decoder_feed(decoder, rows, n_rows);
    }
    for (i = 0; i < n_rows && status == DSINFER_OK; i++) {
        memcpy(get_held(gate, state->n_rows), rows + i * gate->n_labels,
               gate->n_labels * sizeof(float));
        state->n_rows++;
        state->n_held++;
        status = decide(gate, decoder, false);
    }
    return status;
}

enum dsinfer_status dsi_gate_end(struct dsi_gate *gate, struct dsinfer_decoder *decoder) {
    enum dsinfer_status status;

    dsi_activity_end(&gate->state.activity);
    status = decide(gate, decoder, true);
    gate->state.first_row = gate->state.n_rows;
    gate->state.n_blank = 0;
    gate->state.has_letters = false;
    return status;
}

enum dsinfer_endpoint dsi_gate_find_endpoint(const struct dsi_gate *gate,
                                             const struct dsinfer_stream_options *options) {
    const struct dsi_gate_state *state = &gate->state;
    const struct dsi_activity *activity = &state->activity;
    const double length_s = (double)(state->n_rows - state->first_row) * DSI_FRAME_S;
    const double quiet_s = (double)(activity->n_frames - activity->loud_end) * DSI_FRAME_S;
    const double blank_s = (double)state->n_blank * DSI_FRAME_S;
    const bool is_heard = state->n_rows >= activity->loud_end + N_DELAY;
    const bool has_speech = state->has_letters && activity->active_end > state->first_row;

    if (has_speech && ((quiet_s >= options->endpoint_silence_s && is_heard) ||
                       blank_s >= options->endpoint_silence_s)) {
        return DSINFER_ENDPOINT_SILENCE;
    }
    if (!has_speech && length_s >= options->endpoint_start_s && is_heard) {
        return DSINFER_ENDPOINT_START;
    }
    return length_s >= options->endpoint_longest_s ? DSINFER_ENDPOINT_LONGEST
                                                   : DSINFER_ENDPOINT_NONE;
}

void dsi_gate_finish(struct dsi_gate *gate) {
    dsi_free(gate->held);
    dsi_free(gate->blank);
    dsi_free(gate->posterior);
    memset(gate, 0, sizeof(*gate));
}
