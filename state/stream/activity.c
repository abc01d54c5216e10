/* Rises and falls of the level.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/stream/activity.h"

#include "frontend/level.h"

#include <stddef.h>
#include <string.h>

#define MARGIN 6.0f    /* decibels; 20 ms of noise differ by less */
#define LOWEST -70.0f  /* decibels: nothing below stands out */
#define OUTSIDE -46.0f /* decibels before and after the recording */
#define N_TOGETHER 3   /* frames */

static float get_level(const struct dsi_activity *activity, uint64_t frame) {
    return activity->levels[frame % DSI_ACTIVITY_SPAN];
}

/* The lowest of the last N_TOGETHER levels, if as many are known. */
static float find_peak(const struct dsi_activity *activity) {
    const uint64_t last = activity->n_frames - 1;
    float peak = get_level(activity, last);
    uint64_t i;

    if (activity->n_frames < N_TOGETHER) {
        return DSI_LEVEL_MIN;
    }
    for (i = 1; i < N_TOGETHER; i++) {
        const float level = get_level(activity, last - i);

        peak = level < peak ? level : peak;
    }
    return peak;
}

/* The lowest level of the last second. */
static float find_floor(const struct dsi_activity *activity) {
    float floor = activity->n_frames < DSI_ACTIVITY_SPAN ? OUTSIDE : activity->levels[0];
    uint64_t i;

    for (i = 0; i < DSI_ACTIVITY_SPAN && i < activity->n_frames; i++) {
        floor = activity->levels[i] < floor ? activity->levels[i] : floor;
    }
    return floor;
}

/* The level falls to `decibels`: finds the latest frame that was loud before, within a second. */
static void note_fall(struct dsi_activity *activity, float decibels) {
    const uint64_t n = activity->n_frames;
    uint64_t i;

    for (i = 1; i <= DSI_ACTIVITY_SPAN && i <= n && n - i >= activity->active_end; i++) {
        const float peak = activity->peaks[(n - i) % DSI_ACTIVITY_SPAN];

        if (peak >= LOWEST && peak >= decibels + MARGIN) {
            activity->active_end = n - i + 1;
        }
    }
}

void dsi_activity_push(struct dsi_activity *activity, float decibels) {
    const size_t at = activity->n_frames % DSI_ACTIVITY_SPAN;
    float peak;

    activity->levels[at] = decibels;
    activity->n_frames++;
    peak = find_peak(activity);
    if (peak >= LOWEST && peak >= find_floor(activity) + MARGIN) {
        activity->peaks[at] = peak;
        activity->loud_end = activity->n_frames;
    } else {
        activity->peaks[at] = DSI_LEVEL_MIN;
    }
    note_fall(activity, decibels);
}

void dsi_activity_end(struct dsi_activity *activity) {
    note_fall(activity, OUTSIDE);
}

/* The frames that are still remembered. */
static uint64_t get_oldest(const struct dsi_activity *activity) {
    return activity->n_frames > DSI_ACTIVITY_SPAN ? activity->n_frames - DSI_ACTIVITY_SPAN : 0;
}

void dsi_activity_write(const struct dsi_activity *activity, struct dsi_writer *writer) {
    uint64_t i;

    dsi_writer_put_number(writer, activity->loud_end);
    dsi_writer_put_number(writer, activity->active_end);
    for (i = get_oldest(activity); i < activity->n_frames; i++) {
        dsi_writer_put_float(writer, activity->levels[i % DSI_ACTIVITY_SPAN]);
        dsi_writer_put_float(writer, activity->peaks[i % DSI_ACTIVITY_SPAN]);
    }
}

void dsi_activity_read(struct dsi_activity *activity, uint64_t n_frames,
                       struct dsi_reader *reader) {
    uint64_t i;

    memset(activity, 0, sizeof(*activity));
    activity->n_frames = n_frames;
    activity->loud_end = dsi_reader_take_number(reader, n_frames, "the last loud frame");
    activity->active_end = dsi_reader_take_number(reader, n_frames, "the last active frame");
    for (i = get_oldest(activity); i < n_frames; i++) {
        activity->levels[i % DSI_ACTIVITY_SPAN] =
            dsi_reader_take_float(reader, DSI_LEVEL_MIN, -DSI_LEVEL_MIN, "a level");
        activity->peaks[i % DSI_ACTIVITY_SPAN] =
            dsi_reader_take_float(reader, DSI_LEVEL_MIN, -DSI_LEVEL_MIN, "a peak of levels");
    }
}
