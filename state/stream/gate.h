/* Between network and decoder: rows in which nothing stands out from silence, hum or faint noise
 * are replaced by blanks, and the end of an utterance is noticed.
 *
 * A row is let through if a frame within two seconds before or after it is active. Nothing waits
 * for that while somebody speaks: only rows in silence are held, until something is heard (then
 * they are let through, all at once) or two seconds have gone by. The network's input and state are
 * never touched. What is let through depends on samples only, not on how they are cut into feeds
 * or windows into calls.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_STREAM_GATE_H
#define DSI_STATE_STREAM_GATE_H

#include "frontend/level.h"
#include "state/stream/activity.h"

#include <dsinfer/stream.h>

#include <stdbool.h>

/* Frames before and after an active one that are let through: more than a stream is behind its
 * samples, 9 of context and a chunk of 64. */
#define DSI_GATE_REACH 100
#define DSI_GATE_MAX_HELD (DSI_GATE_REACH + 1)

/* All that changes, apart from the rows held. Plain memory. */
struct dsi_gate_state {
    struct dsi_level level;
    struct dsi_activity activity;
    uint64_t n_rows;    /* that came */
    uint64_t first_row; /* of the utterance */
    uint64_t n_blank;   /* rows at the end in which the network hears no letter */
    uint64_t n_held;    /* rows at the end that wait; row t at t % DSI_GATE_MAX_HELD of `held` */
    bool has_letters;   /* the network heard some in the utterance */
};

struct dsi_gate {
    struct dsi_gate_state state;
    bool is_on; /* else all rows are let through */
    bool is_probability;
    size_t n_labels;
    float *held;      /* owned, [DSI_GATE_MAX_HELD][n_labels]; NULL where not is_on */
    float *blank;     /* owned, [n_labels]: a row that is certainly blank */
    float *posterior; /* owned, [n_labels]: scratch */
};

/* ERR_NO_MEMORY: *gate is then as after finish. */
enum dsinfer_status dsi_gate_init(struct dsi_gate *gate, const struct dsinfer_model_info *info,
                                  bool is_on);
void dsi_gate_reset(struct dsi_gate *gate);

/* Makes `to` (same model and options) equal to `from`. */
void dsi_gate_copy(const struct dsi_gate *from, struct dsi_gate *to);

/* Saving; reading back into one of the same model and options, after n_samples samples. */
void dsi_gate_write(const struct dsi_gate *gate, struct dsi_writer *writer);
void dsi_gate_read(struct dsi_gate *gate, uint64_t n_samples, struct dsi_reader *reader);

/* Takes the level of the next frame; rows about which it decides go to `decoder`. Fails as the
 * decoder does, as do all below. */
enum dsinfer_status dsi_gate_take_level(struct dsi_gate *gate, struct dsinfer_decoder *decoder,
                                        float decibels);

/* Takes rows of the network, each after the levels of the frames that it depends on. */
enum dsinfer_status dsi_gate_take_rows(struct dsi_gate *gate, struct dsinfer_decoder *decoder,
                                       const float *rows, size_t n_rows);

/* The utterance ends here: what is held goes to `decoder`. The next one begins with the next row.
 */
enum dsinfer_status dsi_gate_end(struct dsi_gate *gate, struct dsinfer_decoder *decoder);

/* By which rule of `options` the utterance is over now. */
enum dsinfer_endpoint dsi_gate_find_endpoint(const struct dsi_gate *gate,
                                             const struct dsinfer_stream_options *options);

void dsi_gate_finish(struct dsi_gate *gate); /* takes a zeroed struct as well */

#endif
