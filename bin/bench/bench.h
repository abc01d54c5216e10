/* Times of one model on one recording.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_BENCH_BENCH_H
#define BIN_BENCH_BENCH_H

#include "bin/bench/series.h"
#include "bin/errors.h"

#include <dsinfer/decoder.h>
#include <dsinfer/model.h>

#include <stdbool.h>
#include <stdint.h>

#define CLI_BENCH_DURATION_S 2.0 /* of each measurement, unless it has too few repetitions then */
#define CLI_BENCH_LONG_S 8.0     /* enough, whatever is still missing */
#define CLI_BENCH_MIN_CALLS 100  /* values that a p99 is taken of */
#define CLI_BENCH_FRAMES_PER_S 50

struct cli_bench {
    /* Given */
    struct dsinfer_model *model;
    struct dsinfer_decoder_options decoder;
    uint32_t n_steps;
    uint32_t n_streams;
    uint32_t n_threads;   /* of the network; where there are more streams, of their batch */
    bool is_paced;        /* latency and finish in real time; else as fast as it goes */
    const float *samples; /* at the model's rate */
    size_t n_samples;
    /* Measured */
    double ready_s; /* making a runner */
    double wall_s;  /* features, network, decoder for the recording in all streams: the median */
    double one_by_one_s;       /* the same without batches; where there are more streams than one */
    double busy;               /* at work, as a fraction of the time; where is_paced */
    struct cli_series chunk;   /* one call of the network */
    struct cli_series latency; /* samples of a chunk to its text */
    struct cli_series finish;  /* end of audio to final text */
    double decoder_s;          /* for a frame */
};

enum dsinfer_status cli_bench_measure(struct cli_bench *bench, struct dsinfer_error *error);
void cli_bench_finish(struct cli_bench *bench);

/* The part of it that has streams: wall_s, one_by_one_s, busy, latency, finish. */
enum dsinfer_status cli_bench_measure_streams(struct cli_bench *bench, struct dsinfer_error *error);

#endif
