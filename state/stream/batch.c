/* Streams in step: each takes samples until its chunk is full, then all full chunks go through the
 * network in one call, shorter ones with a length of their own.
 * SPDX-License-Identifier: BSD-2-Clause */
#include <dsinfer/batch.h>

#include "model/model.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"
#include "state/stream/stream.h"

#include <string.h>

#define MAX_STREAMS 1024

struct dsinfer_batch {
    struct dsinfer_model *model;   /* a reference */
    struct dsinfer_runner *runner; /* owned, like all below; NULL: streams are fed alone */
    size_t max_streams, max_steps;
    size_t window_size;
    float *windows;                    /* [max_streams][max_steps][window_size] */
    float *h, *c;                      /* [max_streams][n_cell], one block */
    float *logits;                     /* [max_steps][max_streams][n_labels] */
    float *rows;                       /* [max_steps][n_labels] of one stream */
    int32_t *lengths;                  /* [max_streams] */
    struct dsinfer_batch_item **ready; /* [max_streams] borrowed, those whose chunk is full */
    size_t n_ready;
};

void dsinfer_batch_options_init(struct dsinfer_batch_options *options) {
    if (options) {
        *options = (struct dsinfer_batch_options){
            .size = sizeof(*options), .max_streams = 16, .max_steps = 16, .n_threads = 1};
    }
}

static enum dsinfer_status create_runner(struct dsinfer_batch *batch, size_t n_threads,
                                         struct dsinfer_error *err) {
    struct dsinfer_runner_options options;

    dsinfer_runner_options_init(&options);
    options.max_streams = batch->max_streams;
    options.max_steps = batch->max_steps;
    options.n_threads = n_threads;
    return dsinfer_runner_create(batch->model, &options, &batch->runner, err);
}

static enum dsinfer_status set_up(struct dsinfer_batch *batch, size_t n_threads,
                                  struct dsinfer_error *err) {
    const struct dsinfer_model_info *info = &batch->model->info;
    const size_t n = batch->max_streams;
    const size_t n_rows = n * batch->max_steps;

    if (!info->has_state || !batch->model->is_fused) {
        return DSINFER_OK;
    }
    batch->window_size = (2 * (size_t)info->n_context + 1) * info->n_features;
    batch->windows = dsi_calloc(n_rows, batch->window_size * sizeof(*batch->windows));
    batch->h = dsi_calloc(n, 2 * (size_t)info->n_cell * sizeof(*batch->h));
    batch->logits = dsi_calloc(n_rows, info->n_labels * sizeof(*batch->logits));
    batch->rows = dsi_calloc(batch->max_steps, info->n_labels * sizeof(*batch->rows));
    batch->lengths = dsi_calloc(n, sizeof(*batch->lengths));
    batch->ready = dsi_calloc(n, sizeof(*batch->ready));
    if (!batch->windows || !batch->h || !batch->logits || !batch->rows || !batch->lengths ||
        !batch->ready) {
        return dsi_fail(err, DSINFER_ERR_NO_MEMORY, "no memory for a batch of %zu streams", n);
    }
    batch->c = batch->h + n * info->n_cell;
    return create_runner(batch, n_threads, err);
}

enum dsinfer_status dsinfer_batch_create(struct dsinfer_model *model,
                                         const struct dsinfer_batch_options *options,
                                         struct dsinfer_batch **batch,
                                         struct dsinfer_error *error) {
    struct dsinfer_batch_options defaults;
    struct dsinfer_batch *made;
    enum dsinfer_status status;

    if (batch) {
        *batch = NULL;
    }
    if (!batch || !model) {
        return dsi_fail(error, DSINFER_ERR_ARGUMENT, "a batch needs a model and a place");
    }
    dsinfer_batch_options_init(&defaults);
    options = options ? options : &defaults;
    status = dsi_check_options_size(options->size, sizeof(*options), "the batch", error);
    if (status == DSINFER_OK) {
        status = dsi_runner_check_threads(options->n_threads, error);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    if (options->max_streams < 1 || options->max_streams > MAX_STREAMS) {
        return dsi_fail(error, DSINFER_ERR_ARGUMENT, "the number of streams is %zu, not 1 to %d",
                        options->max_streams, MAX_STREAMS);
    }
    if (options->max_steps < 1 || options->max_steps > DSI_STREAM_MAX_STEPS) {
        return dsi_fail(error, DSINFER_ERR_ARGUMENT, "the number of time steps is %zu, not 1 to %d",
                        options->max_steps, DSI_STREAM_MAX_STEPS);
    }
    made = dsi_calloc(1, sizeof(*made));
    if (!made) {
        return dsi_fail_memory(error, sizeof(*made));
    }

    made->model = dsinfer_model_ref(model);
    made->max_streams = options->max_streams;
    made->max_steps = options->max_steps;
    status = set_up(made, options->n_threads, error);
    if (status != DSINFER_OK) {
        dsinfer_batch_destroy(made);
        return status;
    }
    *batch = made;
    return DSINFER_OK;
}

/* One call of the network for all that are ready. */
static enum dsinfer_status run_network(struct dsinfer_batch *batch, size_t n_steps) {
    const struct dsinfer_model_info *info = &batch->model->info;
    const struct dsinfer_step step = {
        .n_streams = batch->n_ready,
        .n_steps = n_steps,
        .windows = batch->windows,
        .h = batch->h,
        .c = batch->c,
        .lengths = batch->lengths,
        .logits = batch->logits,
        .new_h = batch->h,
        .new_c = batch->c,
    };
    size_t i;

    for (i = 0; i < batch->n_ready; i++) {
        const struct dsi_utterance *utterance = &batch->ready[i]->stream->utterance;
        float *windows = batch->windows + i * n_steps * batch->window_size;
        const size_t n_values = utterance->n_waiting * batch->window_size;

        memcpy(windows, utterance->chunk, n_values * sizeof(*windows));
        memset(windows + n_values, 0, (n_steps * batch->window_size - n_values) * sizeof(*windows));
        memcpy(batch->h + i * info->n_cell, utterance->state.h, info->n_cell * sizeof(*batch->h));
        memcpy(batch->c + i * info->n_cell, utterance->state.c, info->n_cell * sizeof(*batch->c));
        batch->lengths[i] = (int32_t)utterance->n_waiting;
    }
    return dsinfer_runner_run(batch->runner, &step);
}

/* Hands stream `i` of those that are ready what the network made of its chunk. */
static enum dsinfer_status take_result(struct dsinfer_batch *batch, size_t i) {
    const struct dsinfer_model_info *info = &batch->model->info;
    struct dsi_utterance *utterance = &batch->ready[i]->stream->utterance;
    size_t t;

    for (t = 0; t < utterance->n_waiting; t++) {
        memcpy(batch->rows + t * info->n_labels,
               batch->logits + (t * batch->n_ready + i) * info->n_labels,
               info->n_labels * sizeof(*batch->rows));
    }
    memcpy(utterance->state.h, batch->h + i * info->n_cell, info->n_cell * sizeof(*batch->h));
    memcpy(utterance->state.c, batch->c + i * info->n_cell, info->n_cell * sizeof(*batch->c));
    return dsi_utterance_take_rows(utterance, batch->rows);
}

/* Runs the chunks that are full. */
static void run(struct dsinfer_batch *batch) {
    enum dsinfer_status status;
    size_t n_steps = 0;
    size_t i;

    for (i = 0; i < batch->n_ready; i++) {
        const size_t n_waiting = batch->ready[i]->stream->utterance.n_waiting;

        n_steps = n_waiting > n_steps ? n_waiting : n_steps;
    }
    status = batch->n_ready > 0 ? run_network(batch, n_steps) : DSINFER_OK;
    for (i = 0; i < batch->n_ready; i++) {
        batch->ready[i]->status = status == DSINFER_OK ? take_result(batch, i) : status;
    }
    batch->n_ready = 0;
}

static bool is_done(const struct dsinfer_batch_item *item) {
    const struct dsinfer_stream *stream = item->stream;

    return stream->phase != DSI_STREAM_OPEN ||
           (stream->n_batched == item->n_samples &&
            (!item->is_end || dsi_utterance_has_end(&stream->utterance)));
}

/* Lets a stream take samples, and then its end, until its chunk is full. Returns whether the chunk
 * is to go through the network. */
static bool fill_chunk(struct dsinfer_batch_item *item) {
    struct dsinfer_stream *stream = item->stream;
    struct dsi_utterance *utterance = &stream->utterance;
    const size_t sample_size = item->is_float ? sizeof(float) : sizeof(int16_t);
    bool is_at_end;
    size_t n_taken;

    item->status = dsi_utterance_take(
        utterance, &stream->scratch, (const char *)item->samples + stream->n_batched * sample_size,
        item->is_float != 0, item->n_samples - stream->n_batched, &n_taken);
    stream->n_batched += n_taken;
    if (item->status != DSINFER_OK) {
        return false;
    }
    is_at_end = stream->n_batched == item->n_samples;
    if (is_at_end && item->is_end) {
        dsi_utterance_take_end(utterance, &stream->scratch);
        return utterance->n_waiting > 0;
    }
    return dsi_utterance_is_ready(utterance, is_at_end);
}

/* Fills every stream's chunk, and runs those that are to run. Returns whether there were any. */
static bool go_round(struct dsinfer_batch *batch, struct dsinfer_batch_item *items,
                     size_t n_items) {
    bool has_run = false;
    size_t i;

    for (i = 0; i < n_items; i++) {
        struct dsinfer_batch_item *item = &items[i];

        if (item->status == DSINFER_OK && !is_done(item) && fill_chunk(item)) {
            batch->ready[batch->n_ready++] = item;
            has_run = true;
        }
        if (batch->n_ready == batch->max_streams) {
            run(batch);
        }
    }
    run(batch);
    return has_run;
}

/* The stream's end has gone all the way, as `status` says. */
static void finish(struct dsinfer_batch_item *item, enum dsinfer_status status) {
    item->status = status;
    if (status == DSINFER_OK) {
        item->stream->phase = DSI_STREAM_FINISHED;
    }
}

/* Feeds the streams that cannot share a call; the others begin with no sample taken. */
static void begin(const struct dsinfer_batch *batch, struct dsinfer_batch_item *item) {
    struct dsinfer_stream *stream = item->stream;

    stream->n_batched = 0;
    item->status = stream->phase == DSI_STREAM_OPEN ? DSINFER_OK : DSINFER_ERR_STATE;
    if (item->status == DSINFER_OK &&
        (!batch->runner || stream->utterance.n_steps > batch->max_steps)) {
        item->status = dsi_utterance_feed(&stream->utterance, &stream->scratch, item->samples,
                                          item->is_float != 0, item->n_samples);
        stream->n_batched = item->n_samples;
        if (item->status == DSINFER_OK && item->is_end) {
            finish(item, dsi_utterance_end(&stream->utterance, &stream->scratch));
        }
    }
}

/* Marks the streams of the items; false, and none is marked, if one cannot be. */
static bool claim(const struct dsinfer_batch *batch, struct dsinfer_batch_item *items,
                  size_t n_items) {
    size_t i;

    for (i = 0; i < n_items; i++) {
        struct dsinfer_stream *stream = items[i].stream;

        if (!stream || stream->model != batch->model || stream->is_in_batch ||
            (!items[i].samples && items[i].n_samples > 0)) {
            while (i-- > 0) {
                items[i].stream->is_in_batch = false;
            }
            return false;
        }
        stream->is_in_batch = true;
    }
    return true;
}

enum dsinfer_status dsinfer_batch_feed(struct dsinfer_batch *batch,
                                       struct dsinfer_batch_item *items, size_t n_items) {
    size_t i;

    if (!batch || (!items && n_items > 0) || !claim(batch, items, n_items)) {
        return DSINFER_ERR_ARGUMENT;
    }
    for (i = 0; i < n_items; i++) {
        begin(batch, &items[i]);
    }
    while (go_round(batch, items, n_items)) {
    }
    for (i = 0; i < n_items; i++) {
        struct dsinfer_stream *stream = items[i].stream;

        stream->is_in_batch = false;
        if (items[i].status == DSINFER_OK && items[i].is_end && stream->phase == DSI_STREAM_OPEN) {
            finish(&items[i], dsi_utterance_close(&stream->utterance));
        }
        if (items[i].status != DSINFER_OK && stream->phase == DSI_STREAM_OPEN) {
            stream->phase = DSI_STREAM_FAILED;
        }
    }
    return DSINFER_OK;
}

void dsinfer_batch_destroy(struct dsinfer_batch *batch) {
    if (batch) {
        dsinfer_runner_destroy(batch->runner);
        dsi_free(batch->windows);
        dsi_free(batch->h);
        dsi_free(batch->logits);
        dsi_free(batch->rows);
        dsi_free(batch->lengths);
        dsi_free(batch->ready);
        dsinfer_model_unref(batch->model);
        dsi_free(batch);
    }
}
