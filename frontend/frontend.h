/* The front end: samples in, frames of MFCC out, frames gathered into windows.
 *
 * Parameters come from a table by family and rate (params.h). What a front end does is fixed by
 * upstream's streaming client of that family; the golden features of the tests are its definition.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_FRONTEND_FRONTEND_H
#define DSI_FRONTEND_FRONTEND_H

#include "runtime/base/reader.h"
#include "runtime/base/writer.h"

#include <dsinfer/features.h>

#include <stdbool.h>

/* A window is 9 + 1 + 9 frames in every released model. */
struct dsi_windows_config {
    size_t n_context;  /* frames before and after */
    size_t n_features; /* values a frame */
};

/* Frames in, windows out: window t is frames t - n_context … t + n_context, those before the first
 * and after the last being zero. Plain memory, copied by clone. */
struct dsi_windows;

/* Fails with ERR_LIMIT and ERR_NO_MEMORY; *out is then NULL. */
enum dsinfer_status dsi_windows_create(const struct dsi_windows_config *config,
                                       struct dsi_windows **out, struct dsinfer_error *err);

/* Takes one frame [n_features]. True if a window became complete: it is then written to
 * `window` [2 * n_context + 1][n_features]; false (window untouched) for the first n_context
 * frames. */
bool dsi_windows_push(struct dsi_windows *windows, const float *frame, float *window);

/* After the last frame: call n_context times, each as a push of a zero frame. */
bool dsi_windows_push_end(struct dsi_windows *windows, float *window);

void dsi_windows_reset(struct dsi_windows *windows);

/* Makes `to` (same config) equal to `from`. */
void dsi_windows_copy(const struct dsi_windows *from, struct dsi_windows *to);
void dsi_windows_destroy(struct dsi_windows *windows);

/* Saving: the frames of the last window, [2 * n_context + 1][n_features], oldest first, and how
 * many were pushed; reading them back into `windows` of the same config. */
void dsi_windows_write(const struct dsi_windows *windows, struct dsi_writer *writer);
void dsi_windows_read(struct dsi_windows *windows, struct dsi_reader *reader);

/* The last window, complete or not. */
void dsi_windows_get_last(const struct dsi_windows *windows, float *window);

/* Takes samples until a frame is complete or they run out: returns how many it took, sets
 * *has_frame and fills `frame` [width] where there is one. Used by the stream, so that one frame at
 * a time goes down the pipeline. `is_float`: samples are const float (1.0 full scale), else const
 * int16_t. After finish it takes all samples and drops them. */
size_t dsi_features_take(struct dsinfer_features *features, const void *samples, bool is_float,
                         size_t n_samples, float *frame, bool *has_frame);

/* Samples of an analysis window, and from one to the next. */
void dsi_features_get_frame(const struct dsinfer_features *features, size_t *window, size_t *step);

/* True for a family whose frames have to be whitened when all of them are there. */
bool dsi_features_is_whole(const struct dsinfer_features *features);

/* Makes `to` (same options) equal to `from`. */
void dsi_features_copy(const struct dsinfer_features *from, struct dsinfer_features *to);

/* Saving the samples that wait for their window to be full; reading them back. */
void dsi_features_write(const struct dsinfer_features *features, struct dsi_writer *writer);
void dsi_features_read(struct dsinfer_features *features, struct dsi_reader *reader);

#endif
