/* Streams that play one recording, each from another place in it, over and over: as fast as they
 * go, in batches and one by one in turns; or in real time.
 *
 * In real time the schedule is fixed beforehand: piece k of a stream is due when its last sample
 * would have come from a microphone, however late the pieces before it are. Latency counts from
 * there, so that a delay counts for all whom it delays. Whatever is due is fed together: one chunk
 * alone on an idle machine, many in a batch under load.
 *
 * Pieces are as long as a chunk of the network. The last 20 ms of a recording come on their own, as
 * from a microphone, so that finishing does not include audio that was there long before the end.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/bench/bench.h"
#include "bin/memory.h"
#include "bin/output/status.h"

#include <dsinfer/batch.h>

#include <stdlib.h>
#include <time.h>

#define MIN_PASSES 3
#define MAX_BATCH 64 /* chunks in a call of the network */

struct player {
    struct dsinfer_stream *stream; /* owned */
    size_t position;               /* of the next sample in the recording */
    uint64_t n_played;             /* samples so far, over all repetitions */
    double due_s;                  /* when the next piece is there */
};

struct fleet {
    struct cli_bench *bench;
    struct player *players; /* [n_streams] */
    struct player **ready;  /* [n_streams] those whose piece is there */
    size_t n_ready;
    struct dsinfer_batch_item *items; /* [n_streams] */
    struct dsinfer_batch *batch;      /* NULL where there is one stream */
    size_t chunk, tail;               /* samples */
    double rate;
};

/* Where the piece ends that begins at `position`. */
static size_t find_end(const struct fleet *fleet, size_t position) {
    const size_t n_samples = fleet->bench->n_samples;
    const size_t last = n_samples > fleet->tail ? n_samples - fleet->tail : 0;

    if (position >= last) {
        return n_samples;
    }
    return last - position < fleet->chunk ? last : position + fleet->chunk;
}

static struct dsinfer_batch_item get_item(const struct fleet *fleet, const struct player *player) {
    const size_t end = find_end(fleet, player->position);

    return (struct dsinfer_batch_item){
        .stream = player->stream,
        .samples = fleet->bench->samples + player->position,
        .n_samples = end - player->position,
        .is_float = 1,
        .is_end = end == fleet->bench->n_samples,
    };
}

/* The player's piece was fed: its text, or the final one. The times go to the bench if `counts`. */
static enum dsinfer_status take_text(struct fleet *fleet, struct player *player, bool counts) {
    const size_t end = find_end(fleet, player->position);
    const size_t n_samples = end - player->position;
    const bool is_last = end == fleet->bench->n_samples;
    struct dsinfer_transcript transcript;
    const enum dsinfer_status status = is_last
                                           ? dsinfer_stream_finish(player->stream, &transcript)
                                           : dsinfer_stream_partial(player->stream, &transcript);
    const double latency_s = cli_clock_s() - player->due_s;

    if (counts && is_last) {
        cli_series_add(&fleet->bench->finish, latency_s);
    } else if (counts && n_samples == fleet->chunk) {
        cli_series_add(&fleet->bench->latency, latency_s);
    }
    player->position = is_last ? 0 : end;
    player->n_played += n_samples;
    if (is_last) {
        dsinfer_stream_reset(player->stream);
    }
    return status;
}

static enum dsinfer_status go_batched(struct fleet *fleet, bool counts) {
    enum dsinfer_status status;
    size_t i;

    for (i = 0; i < fleet->n_ready; i++) {
        fleet->items[i] = get_item(fleet, fleet->ready[i]);
    }
    status = dsinfer_batch_feed(fleet->batch, fleet->items, fleet->n_ready);
    for (i = 0; i < fleet->n_ready && status == DSINFER_OK; i++) {
        status = fleet->items[i].status;
        if (status == DSINFER_OK) {
            status = take_text(fleet, fleet->ready[i], counts);
        }
    }
    return status;
}

static enum dsinfer_status go_one_by_one(struct fleet *fleet, bool counts) {
    enum dsinfer_status status = DSINFER_OK;
    size_t i;

    for (i = 0; i < fleet->n_ready && status == DSINFER_OK; i++) {
        const struct dsinfer_batch_item item = get_item(fleet, fleet->ready[i]);

        status = dsinfer_stream_feed_f32(item.stream, item.samples, item.n_samples);
        if (status == DSINFER_OK) {
            status = take_text(fleet, fleet->ready[i], counts);
        }
    }
    return status;
}

static enum dsinfer_status go(struct fleet *fleet, bool is_batched, bool counts) {
    return is_batched ? go_batched(fleet, counts) : go_one_by_one(fleet, counts);
}

/* Every player to its own beginning. */
static void rewind_all(struct fleet *fleet) {
    size_t i;

    for (i = 0; i < fleet->bench->n_streams; i++) {
        struct player *player = &fleet->players[i];

        dsinfer_stream_reset(player->stream);
        player->position = fleet->bench->n_samples * i / fleet->bench->n_streams;
        player->n_played = 0;
    }
}

/* The recording's length of every stream, as fast as it goes. */
static enum dsinfer_status pass(struct fleet *fleet, bool is_batched, bool counts, double *wall_s) {
    const struct cli_bench *bench = fleet->bench;
    const double started_s = cli_clock_s();
    enum dsinfer_status status = DSINFER_OK;

    rewind_all(fleet);
    while (status == DSINFER_OK) {
        const double now_s = cli_clock_s();
        size_t i;

        fleet->n_ready = 0;
        for (i = 0; i < bench->n_streams; i++) {
            struct player *player = &fleet->players[i];

            if (player->n_played < bench->n_samples) {
                player->due_s = now_s;
                fleet->ready[fleet->n_ready++] = player;
            }
        }
        if (fleet->n_ready == 0) {
            break;
        }
        status = go(fleet, is_batched, counts);
    }
    *wall_s = cli_clock_s() - started_s;
    return status;
}

static bool is_enough(size_t n_passes, double spent_s) {
    return n_passes && (spent_s > CLI_BENCH_LONG_S ||
                        (spent_s > CLI_BENCH_DURATION_S && n_passes >= MIN_PASSES));
}

/* In turns, so that what disturbs the one disturbs the other. */
static enum dsinfer_status measure_throughput(struct fleet *fleet) {
    struct cli_bench *bench = fleet->bench;
    const double started_s = cli_clock_s();
    struct cli_series walls = {0}, one_by_one = {0};
    enum dsinfer_status status = DSINFER_OK;
    bool is_warm = false;
    double wall_s;

    while (status == DSINFER_OK && !is_enough(walls.n, cli_clock_s() - started_s)) {
        status = pass(fleet, bench->n_streams > 1, is_warm && !bench->is_paced, &wall_s);
        if (is_warm) {
            cli_series_add(&walls, wall_s);
        }
        if (status == DSINFER_OK && is_warm && bench->n_streams > 1) {
            status = pass(fleet, false, false, &wall_s);
            cli_series_add(&one_by_one, wall_s);
        }
        is_warm = true;
    }
    bench->wall_s = cli_series_percentile(&walls, 50.0);
    bench->one_by_one_s = cli_series_percentile(&one_by_one, 50.0);
    cli_series_finish(&walls);
    cli_series_finish(&one_by_one);
    return status;
}

static void set_due(const struct fleet *fleet, struct player *player, double started_s) {
    const size_t n_samples = find_end(fleet, player->position) - player->position;

    player->due_s = started_s + (double)(player->n_played + n_samples) / fleet->rate;
}

/* When the next piece of all is due. */
static double find_due(const struct fleet *fleet) {
    double due_s = fleet->players[0].due_s;
    size_t i;

    for (i = 1; i < fleet->bench->n_streams; i++) {
        due_s = fleet->players[i].due_s < due_s ? fleet->players[i].due_s : due_s;
    }
    return due_s;
}

static void sleep_until(double time_s) {
    const double left_s = time_s - cli_clock_s();

    if (left_s > 0.0) {
        const time_t whole_s = (time_t)left_s;
        const struct timespec duration = {whole_s, (long)((left_s - (double)whole_s) * 1e9)};

        nanosleep(&duration, NULL); /* one that ends early sleeps again */
    }
}

static void collect_due(struct fleet *fleet, double now_s) {
    size_t i;

    fleet->n_ready = 0;
    for (i = 0; i < fleet->bench->n_streams; i++) {
        if (fleet->players[i].due_s <= now_s) {
            fleet->ready[fleet->n_ready++] = &fleet->players[i];
        }
    }
}

/* The recording's length, or longer where that has too few chunks. */
static enum dsinfer_status play(struct fleet *fleet) {
    struct cli_bench *bench = fleet->bench;
    const double chunk_s = (double)fleet->chunk / fleet->rate;
    const double audio_s = (double)bench->n_samples / fleet->rate;
    const double least_s = (CLI_BENCH_MIN_CALLS + 1) * chunk_s / bench->n_streams;
    const double started_s = cli_clock_s();
    const double end_s = started_s + (audio_s > least_s ? audio_s : least_s);
    enum dsinfer_status status = DSINFER_OK;
    double busy_s = 0.0;
    size_t i;

    rewind_all(fleet);
    for (i = 0; i < bench->n_streams; i++) {
        set_due(fleet, &fleet->players[i], started_s);
    }
    while (status == DSINFER_OK) {
        const double due_s = find_due(fleet);
        double now_s;

        if (due_s > end_s) {
            break;
        }
        sleep_until(due_s);
        now_s = cli_clock_s();
        collect_due(fleet, now_s);
        if (fleet->n_ready == 0) {
            continue;
        }
        status = go(fleet, fleet->batch != NULL, true);
        for (i = 0; i < fleet->n_ready; i++) {
            set_due(fleet, fleet->ready[i], started_s);
        }
        busy_s += cli_clock_s() - now_s;
    }
    bench->busy = busy_s / (cli_clock_s() - started_s);
    return status;
}

static enum dsinfer_status create_batch(struct fleet *fleet, struct dsinfer_error *error) {
    struct cli_bench *bench = fleet->bench;
    struct dsinfer_batch_options options;

    dsinfer_batch_options_init(&options);
    options.max_streams = bench->n_streams < MAX_BATCH ? bench->n_streams : MAX_BATCH;
    options.max_steps = bench->n_steps;
    options.n_threads = bench->n_threads;
    return dsinfer_batch_create(bench->model, &options, &fleet->batch, error);
}

static enum dsinfer_status init(struct fleet *fleet, struct cli_bench *bench,
                                struct dsinfer_error *error) {
    const uint32_t rate = dsinfer_model_info(bench->model)->sample_rate;
    struct dsinfer_stream_options options;
    enum dsinfer_status status = DSINFER_OK;
    size_t i;

    *fleet = (struct fleet){.bench = bench, .rate = rate, .tail = rate / CLI_BENCH_FRAMES_PER_S};
    fleet->chunk = fleet->tail * bench->n_steps;
    fleet->players = cli_calloc(bench->n_streams, sizeof(*fleet->players));
    fleet->ready = cli_calloc(bench->n_streams, sizeof(*fleet->ready));
    fleet->items = cli_calloc(bench->n_streams, sizeof(*fleet->items));
    dsinfer_stream_options_init(&options);
    options.n_steps = bench->n_steps;
    options.n_threads = bench->n_streams > 1 ? 1 : bench->n_threads;
    options.decoder = bench->decoder;
    for (i = 0; i < bench->n_streams && status == DSINFER_OK; i++) {
        status = dsinfer_stream_create(bench->model, &options, &fleet->players[i].stream, error);
    }
    return status == DSINFER_OK && bench->n_streams > 1 ? create_batch(fleet, error) : status;
}

static void finish(struct fleet *fleet) {
    size_t i;

    for (i = 0; i < fleet->bench->n_streams; i++) {
        dsinfer_stream_destroy(fleet->players[i].stream);
    }
    dsinfer_batch_destroy(fleet->batch);
    free(fleet->players);
    free(fleet->ready);
    free(fleet->items);
}

enum dsinfer_status cli_bench_measure_streams(struct cli_bench *bench,
                                              struct dsinfer_error *error) {
    struct fleet fleet;
    enum dsinfer_status status = init(&fleet, bench, error);

    if (status == DSINFER_OK) {
        status = measure_throughput(&fleet);
    }
    if (status == DSINFER_OK && bench->is_paced) {
        status = play(&fleet);
    }
    finish(&fleet);
    return status;
}
