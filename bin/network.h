/* The network on a recording that is there as a whole, by way of the public interface: samples to
 * frames, frames to windows, windows to rows of logits.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_NETWORK_H
#define BIN_NETWORK_H

#include <dsinfer/runner.h>

struct cli_network {
    struct dsinfer_model *model; /* borrowed */
    size_t n_steps;              /* windows of a call */
    uint32_t n_threads;
    /* Owned: */
    struct dsinfer_runner *runner;
    float *frames;   /* the recording's, with the context's before, and after the last call's */
    float *windows;  /* of one call */
    float *states;   /* h, c */
    float *logits;   /* [n_frames rounded up to calls][n_labels] */
    size_t n_frames; /* of the recording */
};

/* Gets ready for recordings, `n_threads` for the network; `n_steps` 0: as many windows a call as
 * the file has, else 16. A model that takes recordings whole has one call for each, whatever
 * `n_steps` is. Whatever is returned, finish releases it. */
enum dsinfer_status cli_network_init(struct cli_network *network, struct dsinfer_model *model,
                                     size_t n_steps, uint32_t n_threads,
                                     struct dsinfer_error *error);

/* Takes a recording at the model's rate; no samples make no frames. */
enum dsinfer_status cli_network_load(struct cli_network *network, const float *samples,
                                     size_t n_samples, struct dsinfer_error *error);

/* Fills the logits from `frame` on, n_steps rows. Calls follow each other: the states go from one
 * to the next, and are those of the beginning for frame 0. */
enum dsinfer_status cli_network_call(struct cli_network *network, size_t frame);

/* Fills all logits of the recording. */
enum dsinfer_status cli_network_run(struct cli_network *network);

void cli_network_finish(struct cli_network *network);

#endif
