/* The framer: samples of any number in, analysis windows cut, frames out.
 *
 * It cuts as upstream's streaming clients do: pre-emphasis runs over the whole stream, a window is
 * due as soon as it is full, the samples left over at the end are always one more window, padded
 * with zeros, and all of them take part in the choice of every second window where the family makes
 * one. SPDX-License-Identifier: BSD-2-Clause */
#include "frontend/frontend.h"

#include "frontend/mfcc.h"
#include "frontend/sample.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <assert.h>
#include <string.h>

/* Of a sample, before it is scaled. */
#define MAX_SAMPLE 32768.0f

/* All that changes while samples arrive. */
struct framer {
    size_t n_samples; /* in `samples`, less than a window */
    size_t n_skip;    /* windows to skip before the next frame */
    float last;       /* the sample before, not yet pre-emphasised */
    bool has_window;  /* one was complete */
    bool is_finished;
    float samples[DSI_FRONTEND_MAX_WINDOW];
};

struct dsinfer_features {
    const struct dsi_frontend_params *params;
    void *mfcc; /* owned, of type params->mfcc */
    struct framer framer;
};

void dsinfer_features_options_init(struct dsinfer_features_options *options) {
    if (options) {
        *options = (struct dsinfer_features_options){
            .size = sizeof(*options),
            .family = DSINFER_FAMILY_DS03,
            .sample_rate = 16000,
        };
    }
}

enum dsinfer_status dsinfer_features_create(const struct dsinfer_features_options *options,
                                            struct dsinfer_features **out,
                                            struct dsinfer_error *err) {
    struct dsinfer_features_options defaults;
    struct dsinfer_features *features = NULL;
    const struct dsi_frontend_params *params;
    enum dsinfer_status status;

    if (!out) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "there is no place for the features");
    }
    *out = NULL;
    if (!options) {
        dsinfer_features_options_init(&defaults);
        options = &defaults;
    }
    status = dsi_check_options_size(options->size, sizeof(*options), "the features", err);
    if (status != DSINFER_OK) {
        return status;
    }
    status = dsi_frontend_find_params(options->family, options->sample_rate, &params, err);
    if (status != DSINFER_OK) {
        goto out;
    }

    features = dsi_malloc(sizeof(*features));
    if (!features) {
        status = dsi_fail_memory(err, sizeof(*features));
        goto out;
    }
    features->params = params;
    features->mfcc = NULL;
    dsinfer_features_reset(features);
    status = params->mfcc->create(params, &features->mfcc, err);
    if (status != DSINFER_OK) {
        goto out;
    }

    *out = features;
    features = NULL;
out:
    dsinfer_features_destroy(features);
    return status;
}

size_t dsinfer_features_get_width(const struct dsinfer_features *features) {
    (void)features;
    return DSI_FRONTEND_WIDTH;
}

bool dsi_features_is_whole(const struct dsinfer_features *features) {
    return features->params->is_whole;
}

void dsi_features_get_frame(const struct dsinfer_features *features, size_t *window, size_t *step) {
    *window = features->params->window;
    *step = features->params->step;
}

/* Whether the end, with `n_left` samples waiting, makes one more window. */
static bool has_last_window(const struct dsi_frontend_params *params, bool has_window,
                            size_t n_left) {
    return !params->is_whole || !has_window || n_left != params->window - params->step;
}

size_t dsinfer_features_get_max_frames(const struct dsinfer_features *features, size_t n_samples) {
    const struct dsi_frontend_params *params = features->params;
    const struct framer *framer = &features->framer;
    const size_t n_missing = params->window - framer->n_samples;
    size_t n_windows = 0;
    size_t n_left = framer->n_samples + n_samples;

    if (framer->is_finished) {
        return 0;
    }
    if (n_samples >= n_missing) {
        n_windows = 1 + (n_samples - n_missing) / params->step;
        n_left -= n_windows * params->step;
    }
    n_windows += has_last_window(params, framer->has_window || n_windows > 0, n_left);
    return (n_windows + params->keep - 1 - framer->n_skip) / params->keep;
}

/* A window is complete: true if it yields a frame. */
static bool take_window(struct dsinfer_features *features, float *frame) {
    struct framer *framer = &features->framer;

    if (framer->n_skip > 0) {
        framer->n_skip--;
        return false;
    }
    framer->n_skip = features->params->keep - 1;
    features->params->mfcc->compute(features->mfcc, framer->samples, frame);
    return true;
}

/* Fills the window, or takes all samples; returns how many it took. */
static size_t fill_window(struct dsinfer_features *features, const void *samples, bool is_float,
                          size_t n_samples) {
    const struct dsi_frontend_params *params = features->params;
    struct framer *framer = &features->framer;
    const size_t n_missing = params->window - framer->n_samples;
    const size_t n = n_samples < n_missing ? n_samples : n_missing;
    float *out = framer->samples + framer->n_samples;
    float last = framer->last;
    size_t i;

    for (i = 0; i < n; i++) {
        const float sample = dsi_sample_get(samples, is_float, i);

        out[i] = sample * params->scale - params->pre_emphasis * last;
        last = sample;
    }
    framer->last = last;
    framer->n_samples += n;
    return n;
}

size_t dsi_features_take(struct dsinfer_features *features, const void *samples, bool is_float,
                         size_t n_samples, float *frame, bool *has_frame) {
    const struct dsi_frontend_params *params = features->params;
    const size_t sample_size = is_float ? sizeof(float) : sizeof(int16_t);
    struct framer *framer = &features->framer;
    const char *next = samples;
    size_t n_left = n_samples;

    *has_frame = false;
    if (framer->is_finished) {
        return n_samples;
    }
    while (n_left > 0 && !*has_frame) {
        const size_t n = fill_window(features, next, is_float, n_left);

        next += n * sample_size;
        n_left -= n;
        if (framer->n_samples == params->window) {
            *has_frame = take_window(features, frame);
            framer->has_window = true;
            framer->n_samples -= params->step;
            memmove(framer->samples, framer->samples + params->step,
                    framer->n_samples * sizeof(framer->samples[0]));
        }
    }
    return n_samples - n_left;
}

static size_t feed(struct dsinfer_features *features, const void *samples, bool is_float,
                   size_t n_samples, float *frames) {
    const size_t sample_size = is_float ? sizeof(float) : sizeof(int16_t);
    const char *next = samples;
    size_t n_frames = 0;

    while (n_samples > 0) {
        bool has_frame;
        const size_t n = dsi_features_take(features, next, is_float, n_samples, frames, &has_frame);

        next += n * sample_size;
        n_samples -= n;
        if (has_frame) {
            frames += DSI_FRONTEND_WIDTH;
            n_frames++;
        }
    }
    return n_frames;
}

size_t dsinfer_features_feed_s16(struct dsinfer_features *features, const int16_t *samples,
                                 size_t n_samples, float *frames) {
    return feed(features, samples, false, n_samples, frames);
}

size_t dsinfer_features_feed_f32(struct dsinfer_features *features, const float *samples,
                                 size_t n_samples, float *frames) {
    return feed(features, samples, true, n_samples, frames);
}

size_t dsinfer_features_finish(struct dsinfer_features *features, float *frames) {
    struct framer *framer = &features->framer;

    if (framer->is_finished) {
        return 0;
    }
    framer->is_finished = true;
    if (!has_last_window(features->params, framer->has_window, framer->n_samples)) {
        return 0;
    }
    memset(framer->samples + framer->n_samples, 0,
           (features->params->window - framer->n_samples) * sizeof(framer->samples[0]));
    return take_window(features, frames);
}

void dsinfer_features_reset(struct dsinfer_features *features) {
    memset(&features->framer, 0, sizeof(features->framer));
}

void dsi_features_copy(const struct dsinfer_features *from, struct dsinfer_features *to) {
    assert(to->params == from->params);
    to->framer = from->framer;
}

void dsi_features_write(const struct dsinfer_features *features, struct dsi_writer *writer) {
    const struct framer *framer = &features->framer;

    dsi_writer_put_number(writer, framer->n_samples);
    dsi_writer_put_number(writer, framer->n_skip);
    dsi_writer_put_number(writer, framer->has_window);
    dsi_writer_put_number(writer, framer->is_finished);
    dsi_writer_put_float(writer, framer->last);
    dsi_writer_put_floats(writer, framer->samples, framer->n_samples);
}

void dsi_features_read(struct dsinfer_features *features, struct dsi_reader *reader) {
    const struct dsi_frontend_params *params = features->params;
    struct framer *framer = &features->framer;

    dsinfer_features_reset(features);
    framer->n_samples =
        (size_t)dsi_reader_take_number(reader, params->window - 1, "the number of samples");
    framer->n_skip =
        (size_t)dsi_reader_take_number(reader, params->keep - 1, "the number of windows to skip");
    framer->has_window = dsi_reader_take_number(reader, 1, "whether a window was full") != 0;
    framer->is_finished = dsi_reader_take_number(reader, 1, "whether the samples ended") != 0;
    framer->last = dsi_reader_take_float(reader, -MAX_SAMPLE, MAX_SAMPLE, "the last sample");
    dsi_reader_take_floats(reader, 2.0f * MAX_SAMPLE * params->scale, framer->samples,
                           framer->n_samples, "a sample");
}

void dsinfer_features_destroy(struct dsinfer_features *features) {
    if (features) {
        if (features->mfcc) {
            features->params->mfcc->destroy(features->mfcc);
        }
        dsi_free(features);
    }
}
