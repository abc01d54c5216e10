/* Whitening, the last step of the features of 0.1: one mean and one deviation for all values of a
 * recording, as its windows have them. A frame counts as often as windows contain it, and the zeros
 * of the context count, too.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "frontend/mfcc.h"
#include "frontend/frontend.h"

#include <math.h>

/* How many of the windows 0 … n_frames - 1 contain frame `i`. */
static double count_windows(size_t i, size_t n_frames, size_t n_context) {
    const size_t first = i < n_context ? 0 : i - n_context;
    const size_t end = n_frames - i > n_context ? i + n_context + 1 : n_frames;

    return (double)(end - first);
}

float dsinfer_features_whiten(const struct dsinfer_features *features, size_t n_context,
                              float *frames, size_t n_frames) {
    const size_t width = DSI_FRONTEND_WIDTH;
    const double n_values = (double)n_frames * (double)(2 * n_context + 1) * (double)width;
    double sum = 0.0;
    double squares = 0.0;
    double n_counted = 0.0;
    double mean, deviation;
    size_t i, k;

    if (!dsi_features_is_whole(features) || n_frames == 0) {
        return 0.0f;
    }
    for (i = 0; i < n_frames; i++) {
        const double n_windows = count_windows(i, n_frames, n_context);

        for (k = 0; k < width; k++) {
            sum += n_windows * (double)frames[i * width + k];
        }
        n_counted += n_windows * (double)width;
    }
    mean = sum / n_values;
    for (i = 0; i < n_frames; i++) {
        const double n_windows = count_windows(i, n_frames, n_context);

        for (k = 0; k < width; k++) {
            const double rest = (double)frames[i * width + k] - mean;

            squares += n_windows * rest * rest;
        }
    }
    squares += (n_values - n_counted) * mean * mean;
    deviation = sqrt(squares / n_values);
    deviation = deviation > 0.0 ? deviation : 1.0;
    for (i = 0; i < n_frames * width; i++) {
        frames[i] = (float)(((double)frames[i] - mean) / deviation);
    }
    return (float)(-mean / deviation);
}
