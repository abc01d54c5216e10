/* Frames, windows and calls of a recording.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/network.h"
#include "bin/memory.h"

#include <dsinfer/features.h>

#include <stdlib.h>
#include <string.h>

#define DEFAULT_STEPS 16

/* Values of a window. */
static size_t get_window_size(const struct dsinfer_model_info *info) {
    return (size_t)(2 * info->n_context + 1) * info->n_features;
}

static enum dsinfer_status create_runner(struct cli_network *network, struct dsinfer_error *error) {
    const struct dsinfer_model_info *info = dsinfer_model_info(network->model);
    struct dsinfer_runner_options options;

    dsinfer_runner_destroy(network->runner);
    network->runner = NULL;
    free(network->windows);
    network->windows = cli_calloc(network->n_steps * get_window_size(info), sizeof(float));
    dsinfer_runner_options_init(&options);
    options.max_steps = network->n_steps;
    options.n_threads = network->n_threads;
    return dsinfer_runner_create(network->model, &options, &network->runner, error);
}

enum dsinfer_status cli_network_init(struct cli_network *network, struct dsinfer_model *model,
                                     size_t n_steps, uint32_t n_threads,
                                     struct dsinfer_error *error) {
    const struct dsinfer_model_info *info = dsinfer_model_info(model);

    memset(network, 0, sizeof(*network));
    network->model = model;
    network->n_threads = n_threads;
    network->n_steps = n_steps ? n_steps : info->n_steps ? info->n_steps : DEFAULT_STEPS;
    network->states = cli_calloc(2 * (size_t)info->n_cell + 1, sizeof(float));
    return info->has_state ? create_runner(network, error) : DSINFER_OK;
}

/* Frames of `value` all around the recording's. */
static void fill_context(struct cli_network *network, float value) {
    const struct dsinfer_model_info *info = dsinfer_model_info(network->model);
    const size_t before = (size_t)info->n_context * info->n_features;
    float *after = network->frames + before + network->n_frames * info->n_features;
    size_t i;

    for (i = 0; i < before; i++) {
        network->frames[i] = after[i] = value;
    }
}

static enum dsinfer_status make_frames(struct cli_network *network, const float *samples,
                                       size_t n_samples, struct dsinfer_error *error) {
    const struct dsinfer_model_info *info = dsinfer_model_info(network->model);
    const size_t width = info->n_features;
    struct dsinfer_features_options options;
    struct dsinfer_features *features = NULL;
    enum dsinfer_status status;
    float *first;
    size_t n_most;

    dsinfer_features_options_init(&options);
    options.family = info->family;
    options.sample_rate = info->sample_rate;
    status = dsinfer_features_create(&options, &features, error);
    if (status != DSINFER_OK) {
        return status;
    }
    n_most = dsinfer_features_get_max_frames(features, n_samples) +
             dsinfer_features_get_max_frames(features, 0);
    network->frames =
        cli_calloc((n_most + 2 * info->n_context + network->n_steps) * width, sizeof(float));
    first = network->frames + info->n_context * width;
    network->n_frames = dsinfer_features_feed_f32(features, samples, n_samples, first);
    network->n_frames += dsinfer_features_finish(features, first + network->n_frames * width);
    fill_context(network,
                 dsinfer_features_whiten(features, info->n_context, first, network->n_frames));
    dsinfer_features_destroy(features);
    return DSINFER_OK;
}

enum dsinfer_status cli_network_load(struct cli_network *network, const float *samples,
                                     size_t n_samples, struct dsinfer_error *error) {
    const struct dsinfer_model_info *info = dsinfer_model_info(network->model);
    enum dsinfer_status status = DSINFER_OK;

    free(network->frames);
    free(network->logits);
    network->frames = network->logits = NULL;
    network->n_frames = 0;
    if (n_samples) {
        status = make_frames(network, samples, n_samples, error);
    }
    if (status == DSINFER_OK && !info->has_state && network->n_frames) {
        network->n_steps = network->n_frames;
        status = create_runner(network, error);
    }
    network->logits =
        cli_calloc((network->n_frames + network->n_steps) * info->n_labels, sizeof(float));
    return status;
}

enum dsinfer_status cli_network_call(struct cli_network *network, size_t frame) {
    const struct dsinfer_model_info *info = dsinfer_model_info(network->model);
    const size_t window = get_window_size(info);
    struct dsinfer_step step = {.n_streams = 1, .n_steps = network->n_steps};
    size_t i;

    if (frame == 0) {
        memset(network->states, 0, 2 * info->n_cell * sizeof(float));
    }
    for (i = 0; i < network->n_steps; i++) {
        memcpy(network->windows + i * window, network->frames + (frame + i) * info->n_features,
               window * sizeof(float));
    }
    step.windows = network->windows;
    step.h = step.new_h = network->states;
    step.c = step.new_c = network->states + info->n_cell;
    step.logits = network->logits + frame * info->n_labels;
    return dsinfer_runner_run(network->runner, &step);
}

enum dsinfer_status cli_network_run(struct cli_network *network) {
    enum dsinfer_status status = DSINFER_OK;
    size_t frame;

    for (frame = 0; frame < network->n_frames && status == DSINFER_OK; frame += network->n_steps) {
        status = cli_network_call(network, frame);
    }
    return status;
}

void cli_network_finish(struct cli_network *network) {
    dsinfer_runner_destroy(network->runner);
    free(network->frames);
    free(network->windows);
    free(network->states);
    free(network->logits);
    memset(network, 0, sizeof(*network));
}
