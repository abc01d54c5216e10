/* Measuring: one warm-up each, then until there are enough repetitions or the time is up.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/bench/bench.h"
#include "bin/memory.h"
#include "bin/network.h"
#include "bin/output/status.h"

#include <dsinfer/stream.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DURATION_S 2.0 /* of each measurement, unless it has too few repetitions by then */
#define MIN_PASSES 3
#define MIN_CALLS 100
#define LONG_S 8.0  /* enough, whatever is still missing */
#define N_WARM_UP 8 /* calls of the network that do not count */
#define FRAMES_PER_S 50

static void add(struct cli_series *series, double value_s) {
    if (series->n == series->capacity) {
        series->capacity = series->capacity ? 2 * series->capacity : 256;
        series->values_s = cli_realloc(series->values_s, series->capacity, sizeof(double));
    }
    series->values_s[series->n++] = value_s;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

double cli_series_percentile(struct cli_series *series, double percent) {
    size_t rank;

    if (series->n == 0) {
        return 0.0;
    }
    qsort(series->values_s, series->n, sizeof(double), compare);
    rank = (size_t)ceil(percent / 100.0 * (double)series->n);
    return series->values_s[rank ? rank - 1 : 0];
}

double cli_series_mean(const struct cli_series *series) {
    double sum = 0.0;
    size_t i;

    for (i = 0; i < series->n; i++) {
        sum += series->values_s[i];
    }
    return series->n ? sum / (double)series->n : 0.0;
}

/* Feeds the recording chunk by chunk as it would arrive; the times go to `bench` if `counts`. */
static enum dsinfer_status pass(struct cli_bench *bench, struct dsinfer_stream *stream, bool counts,
                                double *wall_s) {
    const uint32_t rate = dsinfer_model_info(bench->model)->sample_rate;
    const size_t chunk = (size_t)rate / FRAMES_PER_S * bench->n_steps;
    const double started_s = cli_clock_s();
    struct dsinfer_transcript transcript;
    enum dsinfer_status status;
    double before_s = started_s;
    size_t i;

    dsinfer_stream_reset(stream);
    for (i = 0; i < bench->n_samples; i += chunk) {
        const size_t left = bench->n_samples - i;
        double now_s;

        status = dsinfer_stream_feed_f32(stream, bench->samples + i, left < chunk ? left : chunk);
        if (status == DSINFER_OK) {
            status = dsinfer_stream_partial(stream, &transcript);
        }
        if (status != DSINFER_OK) {
            return status;
        }
        now_s = cli_clock_s();
        if (counts) {
            add(&bench->latency, now_s - before_s);
        }
        before_s = now_s;
    }
    status = dsinfer_stream_finish(stream, &transcript);
    *wall_s = cli_clock_s() - started_s;
    if (counts) {
        add(&bench->finish, started_s + *wall_s - before_s);
    }
    return status;
}

static enum dsinfer_status measure_stream(struct cli_bench *bench, struct dsinfer_error *error) {
    const double started_s = cli_clock_s();
    struct dsinfer_stream_options options;
    struct dsinfer_stream *stream = NULL;
    struct cli_series walls = {0};
    enum dsinfer_status status;
    bool is_warm = false;
    double wall_s = 0.0;

    dsinfer_stream_options_init(&options);
    options.n_steps = bench->n_steps;
    options.decoder = bench->decoder;
    status = dsinfer_stream_create(bench->model, &options, &stream, error);
    while (status == DSINFER_OK) {
        const double spent_s = cli_clock_s() - started_s;

        if (walls.n && (spent_s > LONG_S || (spent_s > DURATION_S && walls.n >= MIN_PASSES))) {
            break;
        }
        status = pass(bench, stream, is_warm, &wall_s);
        if (is_warm) {
            add(&walls, wall_s);
        }
        is_warm = true;
    }
    bench->wall_s = cli_series_percentile(&walls, 50.0);
    free(walls.values_s);
    dsinfer_stream_destroy(stream);
    return status;
}

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
            (elapsed_s > LONG_S || (elapsed_s > DURATION_S && bench->chunk.n >= MIN_CALLS))) {
            break;
        }
        status = call(network, frame, &spent_s);
        if (n_calls++ >= N_WARM_UP) {
            add(&bench->chunk, spent_s);
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
        if (spent_s > DURATION_S / 2) {
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
    enum dsinfer_status status = cli_network_init(&network, bench->model, bench->n_steps, error);

    bench->ready_s = cli_clock_s() - started_s;
    if (status == DSINFER_OK) {
        status = measure_stream(bench, error);
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
    free(bench->chunk.values_s);
    free(bench->latency.values_s);
    free(bench->finish.values_s);
}
