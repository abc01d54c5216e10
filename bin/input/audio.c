/* One channel at one rate out of any input.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/input/audio.h"
#include "bin/input/encoding.h"
#include "bin/memory.h"

#include <inttypes.h>
#include <math.h>
#include <soxr.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_VALUES 65536 /* floats read at once: at least one frame of CLI_MAX_CHANNELS */
#define CHUNK_FRAMES 4096

struct cli_audio {
    struct cli_source source;
    float *frames; /* owned [CHUNK_VALUES]: interleaved, then mixed in place */
    size_t start;  /* mixed samples handed on already */
    size_t n;      /* mixed samples */
    bool is_ended; /* the source has no more */
    soxr_t resampler;
};

static const struct cli_input *const inputs[] = {
    &cli_input_raw,
    &cli_input_wav,
    &cli_input_sndfile,
};

static const struct cli_option raw_options[] = {
    {"raw", 0, CLI_FLAG, NULL, offsetof(struct cli_raw, is_raw),
     "the input has no header: samples only", 0, 0, NULL},
    {"rate", 0, CLI_NUMBER, "HZ", offsetof(struct cli_raw, rate),
     "samples a second (default: what the model works at)", CLI_MIN_RATE, CLI_MAX_RATE, NULL},
    {"channels", 0, CLI_NUMBER, "N", offsetof(struct cli_raw, n_channels),
     "interleaved channels (default 1)", 1, CLI_MAX_CHANNELS, NULL},
    {"encoding", 0, CLI_CHOICE, NULL, offsetof(struct cli_raw, encoding),
     "how a sample is stored (default s16le)", 0, 0, cli_encoding_names},
};

struct cli_group cli_raw_options(struct cli_raw *raw) {
    struct cli_group group = {"Raw samples", raw_options, CLI_N(raw_options), raw};

    memset(raw, 0, sizeof(*raw));
    raw->encoding = -1;
    return group;
}

int cli_raw_check(struct cli_raw *raw) {
    if (!raw->is_raw && (raw->rate || raw->n_channels || raw->encoding >= 0)) {
        return cli_usage(raw->rate         ? "--rate"
                         : raw->n_channels ? "--channels"
                                           : "--encoding",
                         "only samples without a header need this: give --raw, too");
    }
    return CLI_PARSED;
}

static bool open_source(const char *name, const struct cli_raw *raw, struct cli_source *source,
                        struct cli_error *error) {
    size_t i;

    for (i = 0; i < CLI_N(inputs); i++) {
        switch (inputs[i]->open(name, raw, source, error)) {
        case CLI_OPENED:
            source->input = inputs[i];
            return true;
        case CLI_OPEN_FAILED:
            return false;
        case CLI_NOT_MINE:
            break;
        }
    }
    return cli_fail(error, CLI_AUDIO, "no known kind of audio");
}

static bool create_resampler(struct cli_audio *audio, uint32_t rate, struct cli_error *error) {
    const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
    soxr_error_t failure = NULL;

    if (audio->source.rate == rate) {
        return true;
    }
    audio->resampler =
        soxr_create((double)audio->source.rate, (double)rate, 1, &failure, NULL, &quality, NULL);
    return audio->resampler ? true
                            : cli_fail(error, CLI_AUDIO,
                                       "cannot be resampled from %" PRIu32 " to %" PRIu32 " Hz: %s",
                                       audio->source.rate, rate, soxr_strerror(failure));
}

bool cli_audio_open(const char *name, const struct cli_raw *raw, uint32_t rate,
                    struct cli_audio **audio, struct cli_error *error) {
    struct cli_source source = {0};
    struct cli_raw filled = *raw;

    filled.rate = filled.rate ? filled.rate : rate;
    return open_source(name, &filled, &source, error) &&
           cli_audio_open_source(&source, rate, audio, error);
}

bool cli_audio_open_source(const struct cli_source *opened, uint32_t rate, struct cli_audio **out,
                           struct cli_error *error) {
    struct cli_audio *audio = cli_calloc(1, sizeof(*audio));
    const struct cli_source *source = &audio->source;

    audio->source = *opened;
    if (source->rate < CLI_MIN_RATE || source->rate > CLI_MAX_RATE) {
        cli_fail(error, CLI_AUDIO, "%" PRIu32 " samples a second; %d to %d are possible",
                 source->rate, CLI_MIN_RATE, CLI_MAX_RATE);
        goto failed;
    }
    if (source->n_channels < 1 || source->n_channels > CLI_MAX_CHANNELS) {
        cli_fail(error, CLI_AUDIO, "%" PRIu32 " channels; 1 to %d are possible", source->n_channels,
                 CLI_MAX_CHANNELS);
        goto failed;
    }
    if (!create_resampler(audio, rate, error)) {
        goto failed;
    }
    audio->frames = cli_calloc(CHUNK_VALUES, sizeof(*audio->frames));
    *out = audio;
    return true;

failed:
    cli_audio_close(audio);
    return false;
}

/* Upstream's clients know no such samples: silence for what is no number, full scale for what is
 * infinite, as the library has it. */
static double make_finite(float sample) {
    if (isnan(sample)) {
        return 0.0;
    }
    return isinf(sample) ? copysign(1.0, (double)sample) : (double)sample;
}

/* The mean of each frame; values beyond full scale are cut as the stream would do it, so that the
 * resampler works on numbers of sensible size. */
static void mix(float *frames, size_t n_frames, size_t n_channels) {
    size_t i, channel;

    for (i = 0; i < n_frames; i++) {
        double sum = 0.0;

        for (channel = 0; channel < n_channels; channel++) {
            sum += make_finite(frames[i * n_channels + channel]);
        }
        sum /= (double)n_channels;
        frames[i] = (float)fmax(-1.0, fmin(1.0, sum));
    }
}

/* Has mixed samples ready, unless the source is at its end. */
static bool fill(struct cli_audio *audio, struct cli_error *error) {
    struct cli_source *source = &audio->source;
    size_t capacity = CHUNK_VALUES / source->n_channels;

    if (audio->start < audio->n || audio->is_ended) {
        return true;
    }
    audio->start = audio->n = 0;
    capacity = capacity < CHUNK_FRAMES ? capacity : CHUNK_FRAMES;
    if (!source->input->read(source, audio->frames, capacity, &audio->n, error)) {
        return false;
    }
    audio->is_ended = audio->n == 0;
    mix(audio->frames, audio->n, source->n_channels);
    return true;
}

static bool read_resampled(struct cli_audio *audio, float *samples, size_t capacity, size_t *n,
                           struct cli_error *error) {
    do {
        soxr_error_t failure;
        size_t n_used = 0;

        if (!fill(audio, error)) {
            return false;
        }
        failure =
            soxr_process(audio->resampler, audio->is_ended ? NULL : audio->frames + audio->start,
                         audio->n - audio->start, &n_used, samples, capacity, n);
        if (failure) {
            return cli_fail(error, CLI_AUDIO, "resampling failed: %s", soxr_strerror(failure));
        }
        audio->start += n_used;
    } while (*n == 0 && !audio->is_ended);
    return true;
}

bool cli_audio_read(struct cli_audio *audio, float *samples, size_t capacity, size_t *n,
                    struct cli_error *error) {
    *n = 0;
    if (audio->resampler) {
        return read_resampled(audio, samples, capacity, n, error);
    }
    if (!fill(audio, error)) {
        return false;
    }
    *n = audio->n - audio->start;
    *n = *n < capacity ? *n : capacity;
    memcpy(samples, audio->frames + audio->start, *n * sizeof(*samples));
    audio->start += *n;
    return true;
}

bool cli_audio_read_whole(const char *name, uint32_t rate, uint32_t max_s, float **samples,
                          size_t *n_samples, struct cli_error *error) {
    const size_t max_samples = (size_t)rate * max_s;
    struct cli_audio *audio = NULL;
    struct cli_raw raw;
    size_t capacity = 0;
    size_t n = 1;

    *n_samples = 0;
    cli_raw_options(&raw);
    if (!cli_audio_open(name, &raw, rate, &audio, error)) {
        return false;
    }
    while (n) {
        if (*n_samples + CHUNK_FRAMES > capacity) {
            capacity = 2 * (*n_samples + CHUNK_FRAMES);
            *samples = cli_realloc(*samples, capacity, sizeof(**samples));
        }
        if (!cli_audio_read(audio, *samples + *n_samples, CHUNK_FRAMES, &n, error)) {
            break;
        }
        *n_samples += n;
        if (*n_samples > max_samples) {
            cli_fail(error, CLI_RESOURCES, "longer than the limit of %" PRIu32 " seconds", max_s);
            break;
        }
    }
    cli_audio_close(audio);
    return n == 0;
}

double cli_audio_get_duration_s(const struct cli_audio *audio) {
    const struct cli_source *source = &audio->source;

    return source->n_frames == CLI_UNKNOWN_FRAMES ? -1.0 : (double)source->n_frames / source->rate;
}

void cli_audio_close(struct cli_audio *audio) {
    if (!audio) {
        return;
    }
    if (audio->source.state) {
        audio->source.input->close(&audio->source);
    }
    soxr_delete(audio->resampler);
    free(audio->frames);
    free(audio);
}
