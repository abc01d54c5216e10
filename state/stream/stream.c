/* The public stream: an utterance, what it works with, and when it may be asked what.
 *
 * peek copies the utterance into a second one, ends that one, and keeps its memory for the next
 * time: it lends its transcript from there.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/stream/stream.h"

#include "model/model.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "state/decode/decoder.h"
#include "state/stream/snapshot.h"

void dsinfer_stream_options_init(struct dsinfer_stream_options *options) {
    if (options) {
        *options = (struct dsinfer_stream_options){
            .size = sizeof(*options),
            .n_steps = 16,
            .n_threads = 1,
            .endpoint_silence_s = 0.8,
            .endpoint_start_s = 5.0,
            .endpoint_longest_s = 30.0,
        };
        dsinfer_decoder_options_init(&options->decoder);
    }
}

static enum dsinfer_status check_options(const struct dsinfer_stream_options *options,
                                         struct dsinfer_error *err) {
    const enum dsinfer_status status =
        dsi_check_options_size(options->size, sizeof(*options), "the stream", err);

    if (status != DSINFER_OK) {
        return status;
    }
    if (options->n_steps < 1 || options->n_steps > DSI_STREAM_MAX_STEPS) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "the number of time steps is %u, not 1 to %d",
                        (unsigned)options->n_steps, DSI_STREAM_MAX_STEPS);
    }
    if (options->min_steps > options->n_steps) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                        "the smallest number of time steps is %u, not 0 to %u",
                        (unsigned)options->min_steps, (unsigned)options->n_steps);
    }
    if (!(options->endpoint_silence_s > 0.0 && options->endpoint_start_s > 0.0 &&
          options->endpoint_longest_s > 0.0)) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                        "the times of the endpoints are %g, %g and %g s, not above 0",
                        options->endpoint_silence_s, options->endpoint_start_s,
                        options->endpoint_longest_s);
    }
    return dsi_runner_check_threads(options->n_threads, err);
}

static enum dsinfer_status create_scratch(struct dsi_utterance_scratch *scratch,
                                          struct dsinfer_model *model, size_t n_steps,
                                          size_t n_threads, struct dsinfer_error *err) {
    const struct dsinfer_model_info *info = &model->info;
    struct dsinfer_runner_options options;

    scratch->frame = dsi_malloc(info->n_features * sizeof(*scratch->frame));
    scratch->logits = dsi_malloc(n_steps * info->n_labels * sizeof(*scratch->logits));
    if (!scratch->frame || !scratch->logits) {
        return dsi_fail(err, DSINFER_ERR_NO_MEMORY, "no memory for a stream");
    }
    scratch->model = model;
    scratch->n_threads = n_threads;
    if (!info->has_state) {
        return DSINFER_OK;
    }
    dsinfer_runner_options_init(&options);
    options.max_steps = n_steps;
    options.n_threads = n_threads;
    return dsinfer_runner_create(model, &options, &scratch->runner, err);
}

/* An empty stream that owns `decoder` from now on, whatever happens. */
static enum dsinfer_status create(struct dsinfer_model *model,
                                  const struct dsinfer_stream_options *options,
                                  struct dsinfer_decoder *decoder, struct dsinfer_stream **out,
                                  struct dsinfer_error *err) {
    struct dsinfer_stream *made = dsi_calloc(1, sizeof(*made));
    enum dsinfer_status status;

    if (!made) {
        dsinfer_decoder_destroy(decoder);
        return dsi_fail_memory(err, sizeof(*made));
    }
    made->model = dsinfer_model_ref(model);
    made->options = *options;
    dsinfer_decoder_options_init(&made->options.decoder);
    status = dsi_utterance_init(&made->utterance, model, options, decoder, err);
    if (status != DSINFER_OK) {
        goto out;
    }
    status =
        create_scratch(&made->scratch, model, made->utterance.n_steps, options->n_threads, err);
    if (status != DSINFER_OK) {
        goto out;
    }

    *out = made;
    made = NULL;
out:
    dsinfer_stream_destroy(made);
    return status;
}

enum dsinfer_status dsinfer_stream_create(struct dsinfer_model *model,
                                          const struct dsinfer_stream_options *options,
                                          struct dsinfer_stream **stream,
                                          struct dsinfer_error *error) {
    struct dsinfer_stream_options defaults;
    struct dsinfer_decoder *decoder;
    enum dsinfer_status status;

    if (stream) {
        *stream = NULL;
    }
    if (!stream || !model) {
        return dsi_fail(error, DSINFER_ERR_ARGUMENT, "a stream needs a model and a place");
    }
    dsinfer_stream_options_init(&defaults);
    options = options ? options : &defaults;
    status = check_options(options, error);
    if (status == DSINFER_OK) {
        status = dsi_decoder_create_for_model(model, &options->decoder, &decoder, error);
    }
    return status == DSINFER_OK ? create(model, options, decoder, stream, error) : status;
}

/* An empty utterance of the stream's model and options. */
static enum dsinfer_status init_ahead(struct dsinfer_stream *stream) {
    struct dsinfer_decoder *decoder;
    const enum dsinfer_status status = dsi_decoder_create_like(stream->utterance.decoder, &decoder);

    return status == DSINFER_OK
               ? dsi_utterance_init(&stream->ahead, stream->model, &stream->options, decoder, NULL)
               : status;
}

static enum dsinfer_status feed(struct dsinfer_stream *stream, const void *samples, bool is_float,
                                size_t n_samples) {
    enum dsinfer_status status;

    if (!stream || (!samples && n_samples > 0)) {
        return DSINFER_ERR_ARGUMENT;
    }
    if (stream->phase != DSI_STREAM_OPEN) {
        return DSINFER_ERR_STATE;
    }
    status = dsi_utterance_feed(&stream->utterance, &stream->scratch, samples, is_float, n_samples);
    if (status != DSINFER_OK) {
        stream->phase = DSI_STREAM_FAILED;
    }
    return status;
}

enum dsinfer_status dsinfer_stream_feed_s16(struct dsinfer_stream *stream, const int16_t *samples,
                                            size_t n_samples) {
    return feed(stream, samples, false, n_samples);
}

enum dsinfer_status dsinfer_stream_feed_f32(struct dsinfer_stream *stream, const float *samples,
                                            size_t n_samples) {
    return feed(stream, samples, true, n_samples);
}

enum dsinfer_status dsinfer_stream_partial(struct dsinfer_stream *stream,
                                           struct dsinfer_transcript *transcript) {
    if (!stream || !transcript) {
        return DSINFER_ERR_ARGUMENT;
    }
    if (stream->phase != DSI_STREAM_OPEN) {
        return DSINFER_ERR_STATE;
    }
    if (stream->utterance.is_whole) {
        return DSINFER_ERR_UNSUPPORTED;
    }
    return dsinfer_decoder_get_transcript(stream->utterance.decoder, transcript);
}

enum dsinfer_status dsinfer_stream_peek(struct dsinfer_stream *stream,
                                        struct dsinfer_transcript *transcript) {
    enum dsinfer_status status = DSINFER_OK;

    if (!stream || !transcript) {
        return DSINFER_ERR_ARGUMENT;
    }
    if (stream->phase != DSI_STREAM_OPEN) {
        return DSINFER_ERR_STATE;
    }
    if (!stream->ahead.decoder) {
        status = init_ahead(stream);
    }
    if (status == DSINFER_OK) {
        status = dsi_utterance_copy(&stream->utterance, &stream->ahead);
    }
    if (status == DSINFER_OK) {
        status = dsi_utterance_end(&stream->ahead, &stream->scratch);
    }
    if (status == DSINFER_OK) {
        status = dsinfer_decoder_get_transcript(stream->ahead.decoder, transcript);
    }
    return status;
}

enum dsinfer_status dsinfer_stream_finish(struct dsinfer_stream *stream,
                                          struct dsinfer_transcript *transcript) {
    if (!stream || !transcript) {
        return DSINFER_ERR_ARGUMENT;
    }
    if (stream->phase == DSI_STREAM_OPEN) {
        enum dsinfer_status status = dsi_utterance_end(&stream->utterance, &stream->scratch);

        stream->phase = status == DSINFER_OK ? DSI_STREAM_FINISHED : DSI_STREAM_FAILED;
        if (status != DSINFER_OK) {
            return status;
        }
    }
    if (stream->phase == DSI_STREAM_FAILED) {
        return DSINFER_ERR_STATE;
    }
    return dsinfer_decoder_get_transcript(stream->utterance.decoder, transcript);
}

enum dsinfer_endpoint dsinfer_stream_get_endpoint(const struct dsinfer_stream *stream) {
    if (!stream || stream->phase != DSI_STREAM_OPEN || stream->utterance.is_whole) {
        return DSINFER_ENDPOINT_NONE;
    }
    return dsi_gate_find_endpoint(&stream->utterance.gate, &stream->options);
}

enum dsinfer_status dsinfer_stream_next_utterance(struct dsinfer_stream *stream,
                                                  struct dsinfer_transcript *transcript) {
    enum dsinfer_status status;

    if (!stream || !transcript) {
        return DSINFER_ERR_ARGUMENT;
    }
    if (stream->phase != DSI_STREAM_OPEN) {
        return DSINFER_ERR_STATE;
    }
    if (stream->utterance.is_whole) {
        return DSINFER_ERR_UNSUPPORTED;
    }
    status = dsi_utterance_cut(&stream->utterance, transcript);
    if (status != DSINFER_OK) {
        stream->phase = DSI_STREAM_FAILED;
    }
    return status;
}

void dsinfer_stream_reset(struct dsinfer_stream *stream) {
    if (stream) {
        dsi_utterance_reset(&stream->utterance);
        stream->phase = DSI_STREAM_OPEN;
    }
}

enum dsinfer_status dsinfer_stream_clone(const struct dsinfer_stream *stream,
                                         struct dsinfer_stream **copy) {
    struct dsinfer_stream *made = NULL;
    struct dsinfer_decoder *decoder;
    enum dsinfer_status status;

    if (copy) {
        *copy = NULL;
    }
    if (!stream || !copy) {
        return DSINFER_ERR_ARGUMENT;
    }
    if (stream->phase == DSI_STREAM_FAILED) {
        return DSINFER_ERR_STATE;
    }
    status = dsi_decoder_create_like(stream->utterance.decoder, &decoder);
    if (status != DSINFER_OK) {
        return status;
    }
    status = create(stream->model, &stream->options, decoder, &made, NULL);
    if (status != DSINFER_OK) {
        return status;
    }
    status = dsi_utterance_copy(&stream->utterance, &made->utterance);
    if (status != DSINFER_OK) {
        goto out;
    }
    made->phase = stream->phase;

    *copy = made;
    made = NULL;
out:
    dsinfer_stream_destroy(made);
    return status;
}

/* What a stream that goes on must have in common with the one that was saved. */
static uint64_t hash_options(const struct dsinfer_stream *stream) {
    const struct dsinfer_stream_options *options = &stream->options;
    uint64_t hash = dsi_decoder_get_fingerprint(stream->utterance.decoder);

    if (stream->model->info.precision != DSINFER_PRECISION_F32) {
        hash = dsi_hash_number(hash, stream->model->info.precision);
    }
    hash = dsi_hash_number(hash, options->has_speech_gate != 0);
    hash = dsi_hash_double(hash, options->endpoint_silence_s);
    hash = dsi_hash_double(hash, options->endpoint_start_s);
    return dsi_hash_double(hash, options->endpoint_longest_s);
}

static struct dsinfer_snapshot_info describe(const struct dsinfer_stream *stream) {
    const struct dsinfer_model_info *info = &stream->model->info;
    const struct dsinfer_decoder *decoder = stream->utterance.decoder;

    return (struct dsinfer_snapshot_info){
        .version = DSI_SNAPSHOT_VERSION,
        .model = dsi_model_get_fingerprint(stream->model),
        .options = hash_options(stream),
        .family = info->family,
        .sample_rate = info->sample_rate,
        .n_cell = info->n_cell,
        .n_labels = info->n_labels,
        .n_steps = stream->options.n_steps,
        .decoder = dsi_decoder_get_kind(decoder),
        .beam_width = dsi_decoder_get_beam_width(decoder),
        .has_speech_gate = stream->options.has_speech_gate != 0,
        .n_samples = stream->utterance.n_samples,
        .is_finished = stream->phase == DSI_STREAM_FINISHED,
    };
}

/* Writes what finds room. */
static enum dsinfer_status write_snapshot(const struct dsinfer_stream *stream,
                                          struct dsi_writer *writer) {
    struct dsinfer_snapshot_info info;

    if (stream->utterance.is_whole) {
        return DSINFER_ERR_UNSUPPORTED;
    }
    if (stream->phase == DSI_STREAM_FAILED) {
        return DSINFER_ERR_STATE;
    }
    info = describe(stream);
    return dsi_snapshot_write(&stream->utterance, &info, writer);
}

size_t dsinfer_stream_snapshot_size(const struct dsinfer_stream *stream) {
    struct dsi_writer writer;

    dsi_writer_init(&writer, NULL, 0);
    return stream && write_snapshot(stream, &writer) == DSINFER_OK ? writer.size : 0;
}

enum dsinfer_status dsinfer_stream_save_snapshot(const struct dsinfer_stream *stream, void *buffer,
                                                 size_t size) {
    struct dsi_writer writer;
    enum dsinfer_status status;

    if (!stream || !buffer) {
        return DSINFER_ERR_ARGUMENT;
    }
    dsi_writer_init(&writer, buffer, size);
    status = write_snapshot(stream, &writer);
    return status == DSINFER_OK && writer.size != size ? DSINFER_ERR_ARGUMENT : status;
}

enum dsinfer_status dsinfer_stream_load_snapshot(struct dsinfer_model *model,
                                                 const struct dsinfer_stream_options *options,
                                                 const void *buffer, size_t size,
                                                 struct dsinfer_stream **stream,
                                                 struct dsinfer_error *error) {
    struct dsinfer_snapshot_info saved, own;
    struct dsinfer_stream *made = NULL;
    struct dsi_reader reader;
    enum dsinfer_status status;

    if (stream) {
        *stream = NULL;
    }
    if (!stream || !model || !buffer) {
        return dsi_fail(error, DSINFER_ERR_ARGUMENT, "a snapshot needs a model and a place");
    }
    status = dsi_snapshot_open(&reader, (struct dsi_bytes){buffer, size}, &saved, error);
    if (status == DSINFER_OK) {
        status = dsinfer_stream_create(model, options, &made, error);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    own = describe(made);
    status = dsi_snapshot_check(&saved, &own, made->utterance.is_whole, error);
    if (status == DSINFER_OK) {
        status = dsi_snapshot_read(&reader, &made->utterance);
    }
    if (status != DSINFER_OK) {
        goto out;
    }
    made->phase = saved.is_finished ? DSI_STREAM_FINISHED : DSI_STREAM_OPEN;

    *stream = made;
    made = NULL;
out:
    dsinfer_stream_destroy(made);
    return status;
}

uint64_t dsinfer_stream_get_n_samples(const struct dsinfer_stream *stream) {
    return stream ? stream->utterance.n_samples : 0;
}

void dsinfer_stream_get_state(const struct dsinfer_stream *stream, const float **h,
                              const float **c) {
    *h = stream->utterance.state.h;
    *c = stream->utterance.state.c;
}

void dsinfer_stream_destroy(struct dsinfer_stream *stream) {
    if (stream) {
        dsi_utterance_finish(&stream->utterance);
        dsi_utterance_finish(&stream->ahead);
        dsinfer_runner_destroy(stream->scratch.runner);
        dsi_free(stream->scratch.frame);
        dsi_free(stream->scratch.logits);
        dsinfer_model_unref(stream->model);
        dsi_free(stream);
    }
}
