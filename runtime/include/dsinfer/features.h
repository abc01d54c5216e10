/* The front end alone: samples in, frames of MFCC out, as the streaming client of a release makes
 * them. Frames never depend on how the samples are cut into feeds. One thread at a time.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSINFER_FEATURES_H
#define DSINFER_FEATURES_H

#include <dsinfer/model.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dsinfer_features;

struct dsinfer_features_options {
    size_t size;                /* of this struct, set by _init */
    enum dsinfer_family family; /* default DSINFER_FAMILY_DS03 */
    uint32_t sample_rate;       /* default 16000, Hz of the samples fed */
};

DSINFER_API void dsinfer_features_options_init(struct dsinfer_features_options *options);

/* `options` may be NULL. Fails with ERR_UNSUPPORTED for a family or rate that is not there (16000
 * for all, also 8000 for ds07), ERR_ARGUMENT, ERR_NO_MEMORY; *features is then
 * NULL. Nothing is allocated afterwards. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_features_create(const struct dsinfer_features_options *options,
                        struct dsinfer_features **features, struct dsinfer_error *error);

/* Values a frame (26). */
DSINFER_API size_t dsinfer_features_get_width(const struct dsinfer_features *features);

/* Frames that feeding `n_samples` more and then finishing yield together; 0 after finish. */
DSINFER_API size_t dsinfer_features_get_max_frames(const struct dsinfer_features *features,
                                                   size_t n_samples);

/* Takes all of `samples` (any number, 0 included) and writes the frames that became known to
 * `frames` [max_frames(n_samples)][width]; returns their number. Samples are 16-bit, or floats
 * where 1.0 is full scale: clipped to the range of 16 bits but not rounded, those that are no
 * numbers counting as 0. After finish: nothing is taken, 0 is returned. */
DSINFER_API size_t dsinfer_features_feed_s16(struct dsinfer_features *features,
                                             const int16_t *samples, size_t n_samples,
                                             float *frames);
DSINFER_API size_t dsinfer_features_feed_f32(struct dsinfer_features *features,
                                             const float *samples, size_t n_samples, float *frames);

/* The frames of the samples left over at the end (room for max_frames(0)); returns their number. */
DSINFER_API size_t dsinfer_features_finish(struct dsinfer_features *features, float *frames);

/* The last step for ds01, when the frames of the whole recording are there: gives all values of its
 * windows, with `n_context` frames before and after, mean 0 and deviation 1. Changes `frames`
 * [n_frames][width] in place and returns what the zeros of the context become. Other families have
 * no such step: nothing changes, and 0 is returned. */
DSINFER_API float dsinfer_features_whiten(const struct dsinfer_features *features, size_t n_context,
                                          float *frames, size_t n_frames);

/* As new. */
DSINFER_API void dsinfer_features_reset(struct dsinfer_features *features);
DSINFER_API void dsinfer_features_destroy(struct dsinfer_features *features);

#ifdef __cplusplus
}
#endif

#endif
