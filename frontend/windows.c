/* Frames gathered into windows: the last 2 * n_context + 1 frames in a ring.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "frontend/frontend.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <assert.h>
#include <float.h>
#include <string.h>

struct dsi_windows {
    size_t n_features;
    size_t n_context;
    size_t n_frames; /* in a window */
    size_t n_known;  /* frames pushed, no more than n_context counted */
    size_t oldest;   /* slot of the oldest frame, the next to be overwritten */
    float frames[];  /* [n_frames][n_features] */
};

static size_t get_frames_size(const struct dsi_windows *windows) {
    return windows->n_frames * windows->n_features * sizeof(float);
}

enum dsinfer_status dsi_windows_create(const struct dsi_windows_config *config,
                                       struct dsi_windows **out, struct dsinfer_error *err) {
    struct dsi_windows *windows;
    size_t n_frames, size;

    *out = NULL;
    if (!dsi_mul_size(config->n_context, 2, &n_frames) || !dsi_add_size(n_frames, 1, &n_frames) ||
        !dsi_mul_size(n_frames, config->n_features, &size) ||
        !dsi_mul_size(size, sizeof(float), &size) || !dsi_add_size(size, sizeof(*windows), &size)) {
        return dsi_fail(err, DSINFER_ERR_LIMIT,
                        "a window of 2 * %zu + 1 frames of %zu values is too large",
                        config->n_context, config->n_features);
    }
    windows = dsi_malloc(size);
    if (!windows) {
        return dsi_fail_memory(err, size);
    }
    windows->n_features = config->n_features;
    windows->n_context = config->n_context;
    windows->n_frames = n_frames;
    dsi_windows_reset(windows);

    *out = windows;
    return DSINFER_OK;
}

/* Takes the slot of the oldest frame, to be filled; true if a window is complete with it. */
static bool advance(struct dsi_windows *windows, float **slot) {
    const bool is_complete = windows->n_known == windows->n_context;

    *slot = windows->frames + windows->oldest * windows->n_features;
    windows->oldest = (windows->oldest + 1) % windows->n_frames;
    if (!is_complete) {
        windows->n_known++;
    }
    return is_complete;
}

static void write_window(const struct dsi_windows *windows, float *window) {
    const size_t n_before = windows->oldest * windows->n_features;
    const size_t n_after = windows->n_frames * windows->n_features - n_before;

    memcpy(window, windows->frames + n_before, n_after * sizeof(float));
    memcpy(window + n_after, windows->frames, n_before * sizeof(float));
}

bool dsi_windows_push(struct dsi_windows *windows, const float *frame, float *window) {
    float *slot;
    const bool is_complete = advance(windows, &slot);

    memcpy(slot, frame, windows->n_features * sizeof(float));
    if (is_complete) {
        write_window(windows, window);
    }
    return is_complete;
}

bool dsi_windows_push_end(struct dsi_windows *windows, float *window) {
    float *slot;
    const bool is_complete = advance(windows, &slot);

    memset(slot, 0, windows->n_features * sizeof(float));
    if (is_complete) {
        write_window(windows, window);
    }
    return is_complete;
}

void dsi_windows_reset(struct dsi_windows *windows) {
    windows->n_known = 0;
    windows->oldest = 0;
    memset(windows->frames, 0, get_frames_size(windows));
}

void dsi_windows_copy(const struct dsi_windows *from, struct dsi_windows *to) {
    assert(to->n_features == from->n_features && to->n_context == from->n_context);
    to->n_known = from->n_known;
    to->oldest = from->oldest;
    memcpy(to->frames, from->frames, get_frames_size(from));
}

void dsi_windows_get_last(const struct dsi_windows *windows, float *window) {
    write_window(windows, window);
}

void dsi_windows_write(const struct dsi_windows *windows, struct dsi_writer *writer) {
    const size_t n_before = windows->oldest * windows->n_features;
    const size_t n_after = windows->n_frames * windows->n_features - n_before;

    dsi_writer_put_number(writer, windows->n_known);
    dsi_writer_put_floats(writer, windows->frames + n_before, n_after);
    dsi_writer_put_floats(writer, windows->frames, n_before);
}

void dsi_windows_read(struct dsi_windows *windows, struct dsi_reader *reader) {
    windows->n_known =
        (size_t)dsi_reader_take_number(reader, windows->n_context, "the number of frames");
    windows->oldest = 0;
    dsi_reader_take_floats(reader, FLT_MAX, windows->frames,
                           windows->n_frames * windows->n_features, "a value of a frame");
}

void dsi_windows_destroy(struct dsi_windows *windows) {
    dsi_free(windows);
}
