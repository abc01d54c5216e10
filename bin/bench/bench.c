/* Measuring: one warm-up each, then until there are enough repetitions or the time is up.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/bench/bench.h"
#include "bin/network.h"
#include "bin/output/status.h"

#define N_WARM_UP 8 /* calls of the network that do not count */

/* One call on the windows from `frame` on; returns its time in *spent_s. */
static enum dsinfer_status call(struct cli_network *network, size_t frame, double *spent_s) {
    const double started_s = cli_clock_s();
    const enum dsinfer_status status = cli_network_call(network, frame);

    *spent_s = cli_clock_s() - started_s;
    return status;
}

static enum dsinfer_status measure_network(struct cli_bench *bench, struct cli_network *network) {
    const double started_s = cli_clock_s();
    enum dsinfer_status status = DSINFER_OK;
    bool is_complete = false; /* all logits are there */
    size_t n_calls = 0;
    size_t frame = 0;

    while (status == DSINFER_OK) {
        const double elapsed_s = cli_clock_s() - started_s;
        double spent_s;

        if (is_complete && bench->chunk.n &&
            (elapsed_s > CLI_BENCH_LONG_S ||
             (elapsed_s > CLI_BENCH_DURATION_S && bench->chunk.n >= CLI_BENCH_MIN_CALLS))) {
            break;
        }
        status = call(network, frame, &spent_s);
        if (n_calls++ >= N_WARM_UP) {
            cli_series_add(&bench->chunk, spent_s);
        }
        frame += bench->n_steps;
        if (frame >= network->n_frames) {
            frame = 0;
            is_complete = true;
        }
    }
    return status;
}

static enum dsinfer_status measure_decoder(struct cli_bench *bench,
                                           const struct cli_network *network,
                                           struct dsinfer_error *error) {
    struct dsinfer_decoder *decoder = NULL;
    struct dsinfer_decoder_input input;
    enum dsinfer_status status;
    double started_s, spent_s;
    size_t n_frames = 0;

    dsinfer_decoder_input_init(&input);
    input.model = bench->model;
    status = dsinfer_decoder_create(&input, &bench->decoder, &decoder, error);
    started_s = cli_clock_s();
    while (status == DSINFER_OK) {
        status = dsinfer_decoder_feed(decoder, network->logits, network->n_frames);
        n_frames += network->n_frames;
        spent_s = cli_clock_s() - started_s;
        bench->decoder_s = spent_s / (double)n_frames;
        if (spent_s > CLI_BENCH_DURATION_S / 2) {
            break;
        }
        dsinfer_decoder_reset(decoder);
    }
    dsinfer_decoder_destroy(decoder);
    return status;
}

enum dsinfer_status cli_bench_measure(struct cli_bench *bench, struct dsinfer_error *error) {
    struct cli_network network;
    double started_s = cli_clock_s();
    enum dsinfer_status status =
        cli_network_init(&network, bench->model, bench->n_steps, bench->n_threads, error);

    bench->ready_s = cli_clock_s() - started_s;
    if (status == DSINFER_OK) {
        status = cli_bench_measure_streams(bench, error);
    }
    if (status == DSINFER_OK) {
        status = cli_network_load(&network, bench->samples, bench->n_samples, error);
    }
    if (status == DSINFER_OK) {
        status = measure_network(bench, &network);
    }
    if (status == DSINFER_OK) {
        status = measure_decoder(bench, &network, error);
    }
    cli_network_finish(&network);
    return status;
}

void cli_bench_finish(struct cli_bench *bench) {
    cli_series_finish(&bench->chunk);
    cli_series_finish(&bench->latency);
    cli_series_finish(&bench->finish);
}
