/* Samples to frames to windows to logits to beams, one frame at a time; or, for networks that take
 * recordings whole, to frames, and all the rest at the end.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/stream/utterance.h"

#include "model/model.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"
#include "state/decode/decoder.h"
#include "state/decode/grow.h"

#include <float.h>
#include <string.h>

/* Of a stream that is loaded: no one has recorded as many. */
#define MAX_SAMPLES (UINT64_C(1) << 48)

static enum dsinfer_status create_front_end(struct dsi_utterance *utterance,
                                            const struct dsinfer_model_info *info,
                                            struct dsinfer_error *err) {
    const struct dsi_windows_config config = {info->n_context, info->n_features};
    struct dsinfer_features_options options;
    enum dsinfer_status status;
    size_t width, window, step;

    dsinfer_features_options_init(&options);
    options.family = info->family;
    options.sample_rate = info->sample_rate;
    status = dsinfer_features_create(&options, &utterance->features, err);
    if (status != DSINFER_OK) {
        return status;
    }
    width = dsinfer_features_get_width(utterance->features);
    if (width != info->n_features) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "the model takes %u values a frame, the front end of the family %s makes "
                        "%zu",
                        (unsigned)info->n_features, dsinfer_family_name(info->family), width);
    }
    dsi_features_get_frame(utterance->features, &window, &step);
    if (window != info->window || step != info->step) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "the model has frames of %u samples every %u, the front end of the family "
                        "%s makes them of %zu every %zu",
                        (unsigned)info->window, (unsigned)info->step,
                        dsinfer_family_name(info->family), window, step);
    }
    return dsi_windows_create(&config, &utterance->windows, err);
}

enum dsinfer_status dsi_utterance_init(struct dsi_utterance *utterance,
                                       const struct dsinfer_model *model,
                                       const struct dsinfer_stream_options *options,
                                       struct dsinfer_decoder *decoder, struct dsinfer_error *err) {
    const struct dsinfer_model_info *info = &model->info;
    enum dsinfer_status status;

    memset(utterance, 0, sizeof(*utterance));
    utterance->decoder = decoder;
    utterance->is_padded = !model->is_fused && info->n_steps > 0;
    utterance->n_steps = utterance->is_padded ? info->n_steps : options->n_steps;
    utterance->min_steps =
        options->min_steps > 0 && !utterance->is_padded ? options->min_steps : utterance->n_steps;
    utterance->is_whole = !info->has_state;
    utterance->n_features = info->n_features;
    utterance->n_context = info->n_context;
    utterance->window_size = (2 * (size_t)info->n_context + 1) * info->n_features;

    status = create_front_end(utterance, info, err);
    if (status != DSINFER_OK) {
        goto out;
    }
    status = dsi_gate_init(&utterance->gate, info, options->has_speech_gate != 0);
    if (status != DSINFER_OK) {
        dsi_fail(err, status, "no memory for a speech gate");
        goto out;
    }
    utterance->chunk =
        dsi_malloc(utterance->n_steps * utterance->window_size * sizeof(*utterance->chunk));
    status = utterance->chunk ? dsi_lstm_state_init(&utterance->state, info->n_cell)
                              : DSINFER_ERR_NO_MEMORY;
    if (status != DSINFER_OK) {
        dsi_fail(err, status, "no memory for an utterance");
    }
out:
    if (status != DSINFER_OK) {
        dsi_utterance_finish(utterance);
    }
    return status;
}

void dsi_utterance_reset(struct dsi_utterance *utterance) {
    dsinfer_features_reset(utterance->features);
    dsi_windows_reset(utterance->windows);
    dsi_lstm_state_reset(&utterance->state);
    dsi_gate_reset(&utterance->gate);
    dsinfer_decoder_reset(utterance->decoder);
    utterance->n_waiting = 0;
    utterance->n_end = 0;
    utterance->n_frames = 0;
    utterance->n_levels = 0;
    utterance->n_samples = 0;
}

/* Makes room for `n` levels in all. */
static enum dsinfer_status reserve_levels(struct dsi_utterance *utterance, size_t n) {
    float *grown = dsi_grow(utterance->levels, &utterance->levels_capacity, n, sizeof(*grown));

    if (!grown) {
        return DSINFER_ERR_NO_MEMORY;
    }
    utterance->levels = grown;
    return DSINFER_OK;
}

/* Makes room for `n` frames in all. */
static enum dsinfer_status reserve(struct dsi_utterance *utterance, size_t n) {
    float *grown;

    if (n > DSI_UTTERANCE_MAX_FRAMES) {
        return DSINFER_ERR_LIMIT;
    }
    grown = dsi_grow(utterance->frames, &utterance->frames_capacity, n * utterance->n_features,
                     sizeof(*grown));
    if (!grown) {
        return DSINFER_ERR_NO_MEMORY;
    }
    utterance->frames = grown;
    return DSINFER_OK;
}

enum dsinfer_status dsi_utterance_copy(const struct dsi_utterance *from, struct dsi_utterance *to) {
    if (from->n_frames > 0) {
        const enum dsinfer_status status = reserve(to, from->n_frames);

        if (status != DSINFER_OK) {
            return status;
        }
        memcpy(to->frames, from->frames, from->n_frames * from->n_features * sizeof(*to->frames));
    }
    if (from->n_levels > 0) {
        const enum dsinfer_status status = reserve_levels(to, from->n_levels);

        if (status != DSINFER_OK) {
            return status;
        }
        memcpy(to->levels, from->levels, from->n_levels * sizeof(*to->levels));
    }
    to->n_frames = from->n_frames;
    to->n_levels = from->n_levels;
    dsi_gate_copy(&from->gate, &to->gate);
    dsi_features_copy(from->features, to->features);
    dsi_windows_copy(from->windows, to->windows);
    dsi_lstm_state_copy(&from->state, &to->state);
    memcpy(to->chunk, from->chunk, from->n_waiting * from->window_size * sizeof(*to->chunk));
    to->n_waiting = from->n_waiting;
    to->n_end = from->n_end;
    to->n_samples = from->n_samples;
    return dsi_decoder_copy(from->decoder, to->decoder);
}

/* Of the windows that wait only the last one is written as a whole, as the frames in `windows`:
 * each other one is its first frame, then what the next one begins with. */
enum dsinfer_status dsi_utterance_write(const struct dsi_utterance *utterance,
                                        struct dsi_writer *writer) {
    size_t i;

    dsi_writer_put_number(writer, utterance->n_samples);
    dsi_features_write(utterance->features, writer);
    dsi_windows_write(utterance->windows, writer);
    dsi_writer_put_number(writer, utterance->n_waiting);
    for (i = 0; i + 1 < utterance->n_waiting; i++) {
        dsi_writer_put_floats(writer, utterance->chunk + i * utterance->window_size,
                              utterance->n_features);
    }
    dsi_lstm_state_write(&utterance->state, writer);
    dsi_gate_write(&utterance->gate, writer);
    return dsi_decoder_write(utterance->decoder, writer);
}

static void read_chunk(struct dsi_utterance *utterance, struct dsi_reader *reader) {
    const size_t size = utterance->window_size;
    const size_t width = utterance->n_features;
    size_t i;

    utterance->n_waiting =
        (size_t)dsi_reader_take_number(reader, utterance->n_steps - 1, "the number of windows");
    if (utterance->n_waiting == 0) {
        return;
    }
    for (i = 0; i + 1 < utterance->n_waiting; i++) {
        dsi_reader_take_floats(reader, FLT_MAX, utterance->chunk + i * size, width,
                               "a value of a window");
    }
    dsi_windows_get_last(utterance->windows, utterance->chunk + i * size);
    for (; i > 0; i--) {
        float *window = utterance->chunk + (i - 1) * size;

        memcpy(window + width, window + size, (size - width) * sizeof(*window));
    }
}

void dsi_utterance_read(struct dsi_utterance *utterance, struct dsi_reader *reader) {
    utterance->n_samples = dsi_reader_take_number(reader, MAX_SAMPLES, "the number of samples");
    dsi_features_read(utterance->features, reader);
    dsi_windows_read(utterance->windows, reader);
    read_chunk(utterance, reader);
    dsi_lstm_state_read(&utterance->state, reader);
    dsi_gate_read(&utterance->gate, utterance->n_samples, reader);
    dsi_decoder_read(utterance->decoder,
                     utterance->gate.state.n_rows - utterance->gate.state.n_held, reader);
}

/* Sends the windows that wait through the network. Padding changes only what comes after it, and
 * nothing comes after an incomplete chunk. */
static enum dsinfer_status run(struct dsi_utterance *utterance,
                               const struct dsi_utterance_scratch *scratch) {
    const size_t n_missing = utterance->n_steps - utterance->n_waiting;
    const size_t n_padding = utterance->is_padded ? n_missing : 0;
    enum dsinfer_status status;

    memset(utterance->chunk + utterance->n_waiting * utterance->window_size, 0,
           n_padding * utterance->window_size * sizeof(*utterance->chunk));
    status = dsi_lstm_state_advance(&utterance->state, scratch->runner, utterance->chunk,
                                    utterance->n_waiting + n_padding, scratch->logits);
    return status == DSINFER_OK ? dsi_utterance_take_rows(utterance, scratch->logits) : status;
}

enum dsinfer_status dsi_utterance_take_rows(struct dsi_utterance *utterance, const float *logits) {
    const size_t n_rows = utterance->n_waiting;

    utterance->n_waiting = 0;
    return dsi_gate_take_rows(&utterance->gate, utterance->decoder, logits, n_rows);
}

static enum dsinfer_status keep(struct dsi_utterance *utterance, const float *frame) {
    const enum dsinfer_status status = reserve(utterance, utterance->n_frames + 1);

    if (status == DSINFER_OK) {
        memcpy(utterance->frames + utterance->n_frames * utterance->n_features, frame,
               utterance->n_features * sizeof(*frame));
        utterance->n_frames++;
    }
    return status;
}

/* Pushes one frame, or a frame of zeros after the last where `frame` is NULL. */
static void push(struct dsi_utterance *utterance, const float *frame) {
    float *window = utterance->chunk + utterance->n_waiting * utterance->window_size;
    const bool is_complete = frame ? dsi_windows_push(utterance->windows, frame, window)
                                   : dsi_windows_push_end(utterance->windows, window);

    if (is_complete) {
        utterance->n_waiting++;
    }
}

bool dsi_utterance_is_ready(const struct dsi_utterance *utterance, bool is_end_of_feed) {
    return utterance->n_waiting >= (is_end_of_feed ? utterance->min_steps : utterance->n_steps);
}

static enum dsinfer_status run_if_ready(struct dsi_utterance *utterance,
                                        const struct dsi_utterance_scratch *scratch,
                                        bool is_end_of_feed) {
    return dsi_utterance_is_ready(utterance, is_end_of_feed) ? run(utterance, scratch) : DSINFER_OK;
}

/* Takes the levels of samples: to the gate, or kept until there are rows. */
static enum dsinfer_status take_levels(struct dsi_utterance *utterance, const void *samples,
                                       bool is_float, size_t n_samples) {
    const size_t sample_size = is_float ? sizeof(float) : sizeof(int16_t);
    const char *next = samples;
    enum dsinfer_status status = DSINFER_OK;

    while (n_samples > 0 && status == DSINFER_OK) {
        bool has_level;
        float decibels;
        const size_t n = dsi_level_take(&utterance->gate.state.level, next, is_float, n_samples,
                                        &decibels, &has_level);

        next += n * sample_size;
        n_samples -= n;
        if (has_level && !utterance->is_whole) {
            status = dsi_gate_take_level(&utterance->gate, utterance->decoder, decibels);
        } else if (has_level) {
            status = reserve_levels(utterance, utterance->n_levels + 1);
            if (status == DSINFER_OK) {
                utterance->levels[utterance->n_levels++] = decibels;
            }
        }
    }
    return status;
}

enum dsinfer_status dsi_utterance_take(struct dsi_utterance *utterance,
                                       const struct dsi_utterance_scratch *scratch,
                                       const void *samples, bool is_float, size_t n_samples,
                                       size_t *n_taken) {
    const size_t sample_size = is_float ? sizeof(float) : sizeof(int16_t);
    enum dsinfer_status status = DSINFER_OK;
    size_t taken = 0;

    while (taken < n_samples && utterance->n_waiting < utterance->n_steps && status == DSINFER_OK) {
        const char *next = (const char *)samples + taken * sample_size;
        bool has_frame;
        const size_t n = dsi_features_take(utterance->features, next, is_float, n_samples - taken,
                                           scratch->frame, &has_frame);

        status = take_levels(utterance, next, is_float, n);
        taken += n;
        utterance->n_samples += n;
        if (has_frame && status == DSINFER_OK) {
            if (utterance->is_whole) {
                status = keep(utterance, scratch->frame);
            } else {
                push(utterance, scratch->frame);
            }
        }
    }
    *n_taken = taken;
    return status;
}

enum dsinfer_status dsi_utterance_feed(struct dsi_utterance *utterance,
                                       const struct dsi_utterance_scratch *scratch,
                                       const void *samples, bool is_float, size_t n_samples) {
    const size_t sample_size = is_float ? sizeof(float) : sizeof(int16_t);
    const char *next = samples;
    enum dsinfer_status status = DSINFER_OK;

    while (n_samples > 0 && status == DSINFER_OK) {
        size_t n;

        status = dsi_utterance_take(utterance, scratch, next, is_float, n_samples, &n);
        next += n * sample_size;
        n_samples -= n;
        if (status == DSINFER_OK) {
            status = run_if_ready(utterance, scratch, n_samples == 0);
        }
    }
    return status;
}

/* The windows of all frames; before the first and after the last there is `zero`. */
static void write_windows(const struct dsi_utterance *utterance, float zero, float *windows) {
    const size_t width = utterance->n_features;
    const size_t n_window = 2 * utterance->n_context + 1;
    size_t t, i, k;

    for (t = 0; t < utterance->n_frames; t++) {
        for (i = 0; i < n_window; i++) {
            const size_t at = t + i; /* n_context more than the number of the frame */

            if (at >= utterance->n_context && at - utterance->n_context < utterance->n_frames) {
                memcpy(windows, utterance->frames + (at - utterance->n_context) * width,
                       width * sizeof(*windows));
            } else {
                for (k = 0; k < width; k++) {
                    windows[k] = zero;
                }
            }
            windows += width;
        }
    }
}

/* All rows, with levels ahead of them as far as the gate looks. */
static enum dsinfer_status decode_whole(struct dsi_utterance *utterance, const float *logits,
                                        size_t n_rows) {
    struct dsi_gate *gate = &utterance->gate;
    enum dsinfer_status status = DSINFER_OK;
    size_t n_levels = 0;
    size_t i;

    for (i = 0; i < n_rows && status == DSINFER_OK; i++) {
        while (n_levels < utterance->n_levels && n_levels <= i + DSI_GATE_REACH &&
               status == DSINFER_OK) {
            status = dsi_gate_take_level(gate, utterance->decoder, utterance->levels[n_levels++]);
        }
        if (status == DSINFER_OK) {
            status = dsi_gate_take_rows(gate, utterance->decoder, logits + i * gate->n_labels, 1);
        }
    }
    return status;
}

/* The whole recording in one call. */
static enum dsinfer_status run_whole(struct dsi_utterance *utterance,
                                     const struct dsi_utterance_scratch *scratch) {
    const size_t n = utterance->n_frames;
    struct dsinfer_runner_options options;
    struct dsinfer_step step = {.n_streams = 1, .n_steps = n};
    struct dsinfer_runner *runner = NULL;
    enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
    float *windows = dsi_malloc_aligned(n * utterance->window_size * sizeof(*windows));
    float *logits =
        dsi_malloc_aligned(n * dsinfer_model_info(scratch->model)->n_labels * sizeof(*logits));

    if (!windows || !logits) {
        goto out;
    }
    write_windows(
        utterance,
        dsinfer_features_whiten(utterance->features, utterance->n_context, utterance->frames, n),
        windows);
    dsinfer_runner_options_init(&options);
    options.max_steps = n;
    options.n_threads = scratch->n_threads;
    status = dsinfer_runner_create(scratch->model, &options, &runner, NULL);
    if (status != DSINFER_OK) {
        goto out;
    }
    step.windows = windows;
    step.logits = logits;
    status = dsinfer_runner_run(runner, &step);
    if (status == DSINFER_OK) {
        status = decode_whole(utterance, logits, n);
    }
out:
    dsinfer_runner_destroy(runner);
    dsi_free(windows);
    dsi_free(logits);
    return status;
}

/* The last frame is there only now. */
static enum dsinfer_status end_whole(struct dsi_utterance *utterance,
                                     const struct dsi_utterance_scratch *scratch) {
    enum dsinfer_status status = DSINFER_OK;

    if (dsinfer_features_finish(utterance->features, scratch->frame) > 0) {
        status = keep(utterance, scratch->frame);
    }
    if (status == DSINFER_OK) {
        status = run_whole(utterance, scratch);
    }
    return status == DSINFER_OK ? dsi_gate_end(&utterance->gate, utterance->decoder) : status;
}

void dsi_utterance_take_end(struct dsi_utterance *utterance,
                            const struct dsi_utterance_scratch *scratch) {
    for (; !dsi_utterance_has_end(utterance) && utterance->n_waiting < utterance->n_steps;
         utterance->n_end++) {
        if (utterance->n_end > 0) {
            push(utterance, NULL);
        } else if (dsinfer_features_finish(utterance->features, scratch->frame) > 0) {
            push(utterance, scratch->frame);
        }
    }
}

/* Upstream would decode a frame of padding where there are no samples. */
bool dsi_utterance_has_end(const struct dsi_utterance *utterance) {
    return utterance->n_samples == 0 || utterance->n_end == 1 + utterance->n_context;
}

enum dsinfer_status dsi_utterance_close(struct dsi_utterance *utterance) {
    return utterance->n_samples == 0 ? DSINFER_OK
                                     : dsi_gate_end(&utterance->gate, utterance->decoder);
}

enum dsinfer_status dsi_utterance_end(struct dsi_utterance *utterance,
                                      const struct dsi_utterance_scratch *scratch) {
    enum dsinfer_status status = DSINFER_OK;

    if (utterance->n_samples > 0 && utterance->is_whole) {
        return end_whole(utterance, scratch);
    }
    while (status == DSINFER_OK && !dsi_utterance_has_end(utterance)) {
        dsi_utterance_take_end(utterance, scratch);
        status = utterance->n_waiting > 0 ? run(utterance, scratch) : DSINFER_OK;
    }
    return status == DSINFER_OK ? dsi_utterance_close(utterance) : status;
}

enum dsinfer_status dsi_utterance_cut(struct dsi_utterance *utterance,
                                      struct dsinfer_transcript *transcript) {
    enum dsinfer_status status = dsi_gate_end(&utterance->gate, utterance->decoder);

    if (status == DSINFER_OK) {
        status = dsinfer_decoder_get_transcript(utterance->decoder, transcript);
    }
    if (status == DSINFER_OK) {
        dsi_decoder_reset_at(utterance->decoder, utterance->gate.state.n_rows);
        dsi_lstm_state_reset(&utterance->state);
    }
    return status;
}

void dsi_utterance_finish(struct dsi_utterance *utterance) {
    dsinfer_features_destroy(utterance->features);
    dsi_windows_destroy(utterance->windows);
    dsi_lstm_state_finish(&utterance->state);
    dsi_gate_finish(&utterance->gate);
    dsinfer_decoder_destroy(utterance->decoder);
    dsi_free(utterance->chunk);
    dsi_free(utterance->levels);
    dsi_free(utterance->frames);
    memset(utterance, 0, sizeof(*utterance));
}
