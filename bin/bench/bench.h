/* Times of one model on one recording.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_BENCH_BENCH_H
#define BIN_BENCH_BENCH_H

#include "bin/errors.h"

#include <dsinfer/decoder.h>
#include <dsinfer/model.h>

struct cli_series {
    double *values_s; /* owned */
    size_t n, capacity;
};

struct cli_bench {
    /* Given */
    struct dsinfer_model *model;
    struct dsinfer_decoder_options decoder;
    uint32_t n_steps;
    const float *samples; /* at the model's rate */
    size_t n_samples;
    /* Measured */
    double ready_s;            /* making a runner */
    double wall_s;             /* features, network, decoder for the recording: the median */
    struct cli_series chunk;   /* one call of the network */
    struct cli_series latency; /* samples of a chunk to its text */
    struct cli_series finish;  /* end of audio to final text */
    double decoder_s;          /* for a frame */
};

enum dsinfer_status cli_bench_measure(struct cli_bench *bench, struct dsinfer_error *error);
void cli_bench_finish(struct cli_bench *bench);

/* Nearest rank: the smallest value that `percent` of all do not exceed. The series is sorted. */
double cli_series_percentile(struct cli_series *series, double percent);
double cli_series_mean(const struct cli_series *series);

#endif
