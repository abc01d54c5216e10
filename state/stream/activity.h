/* What stands out in the levels of a recording.
 *
 * A frame is loud where the level has risen from what it was within the second before: by 6 dB, to
 * more than -70 dB, for three frames together. It is active where the level has fallen again by
 * as much within a second: speech does so with every syllable. Silence, hum and noise do not, nor
 * do they when they begin or end; a click is too short. Before and after the recording it counts as
 * -46 dB, so that one cut out of a word is heard, and one of faint noise, however short, is not.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_STREAM_ACTIVITY_H
#define DSI_STATE_STREAM_ACTIVITY_H

#include "runtime/base/reader.h"
#include "runtime/base/writer.h"

#include <stdint.h>

/* Frames of a second. */
#define DSI_ACTIVITY_SPAN 50

/* Plain memory, zeroed where nothing was heard. */
struct dsi_activity {
    uint64_t n_frames;               /* whose level is known */
    uint64_t loud_end;               /* one more than the last loud frame; 0: none */
    uint64_t active_end;             /* one more than the last active frame; 0: none */
    float levels[DSI_ACTIVITY_SPAN]; /* frame t at t % DSI_ACTIVITY_SPAN, decibels */
    float peaks[DSI_ACTIVITY_SPAN];  /* lowest level of three frames where they are loud, else
                                        DSI_LEVEL_MIN */
};

/* Takes the level of the next frame. */
void dsi_activity_push(struct dsi_activity *activity, float decibels);

/* The recording, or an utterance of it, ends here. */
void dsi_activity_end(struct dsi_activity *activity);

/* Saving; reading back what was heard in n_frames frames. */
void dsi_activity_write(const struct dsi_activity *activity, struct dsi_writer *writer);
void dsi_activity_read(struct dsi_activity *activity, uint64_t n_frames, struct dsi_reader *reader);

#endif
