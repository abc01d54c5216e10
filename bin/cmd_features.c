/* dsinfer features: the front end alone.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/commands.h"
#include "bin/errors.h"
#include "bin/input/audio.h"
#include "bin/memory.h"
#include "bin/npy.h"
#include "bin/output/writer.h"
#include "bin/settings.h"

#include <dsinfer/features.h>

#include <stdlib.h>
#include <string.h>

#define CHUNK_SAMPLES 4096
#define N_CONTEXT 9 /* frames before and after in every release, for the whitening of 0.1 */
#define MAX_VALUES ((size_t)1 << 30) /* 4 GiB of frames, about nine days of audio */

struct own {
    const char *output;
    int family; /* enum dsinfer_family - 1; negative: the model's */
    uint32_t rate;
};

struct settings {
    struct own own;
    struct cli_model_settings model;
    struct cli_raw raw;
};

/* Frames as they come. */
struct frames {
    float *values; /* owned */
    size_t n_values, capacity;
};

static const struct cli_option own_options[] = {
    {"output", 'o', CLI_TEXT, "FILE.npy", offsetof(struct own, output),
     "where the frames go: [frames, 26] float32", 0, 0, NULL},
    {"family", 0, CLI_CHOICE, NULL, offsetof(struct own, family),
     "front end of which releases (default: that of --model, else ds03)", 0, 0, cli_family_names},
    {"model-rate", 0, CLI_NUMBER, "HZ", offsetof(struct own, rate),
     "rate the model works at (default: that of --model, else 16000)", CLI_MIN_RATE, CLI_MAX_RATE,
     NULL},
};

static bool reserve(struct frames *frames, size_t n_more, struct cli_error *error) {
    const size_t needed = frames->n_values + n_more;

    if (needed > MAX_VALUES) {
        return cli_fail(error, CLI_RESOURCES, "more frames than the limit of 4 GiB");
    }
    if (needed > frames->capacity) {
        frames->capacity = 2 * needed;
        frames->values = cli_realloc(frames->values, frames->capacity, sizeof(float));
    }
    return true;
}

static bool compute(struct dsinfer_features *features, struct cli_audio *audio,
                    struct frames *frames, struct cli_error *error) {
    const size_t width = dsinfer_features_get_width(features);
    float samples[CHUNK_SAMPLES];
    size_t n;

    do {
        if (!cli_audio_read(audio, samples, CHUNK_SAMPLES, &n, error) ||
            !reserve(frames, dsinfer_features_get_max_frames(features, n) * width, error)) {
            return false;
        }
        frames->n_values +=
            width *
            (n ? dsinfer_features_feed_f32(features, samples, n, frames->values + frames->n_values)
               : dsinfer_features_finish(features, frames->values + frames->n_values));
    } while (n);
    dsinfer_features_whiten(features, N_CONTEXT, frames->values, frames->n_values / width);
    return true;
}

static bool write_frames(const char *path, const struct frames *frames, size_t width,
                         struct cli_error *error) {
    const size_t dims[2] = {frames->n_values / width, width};
    struct cli_whole_file file;
    bool is_good;

    if (!cli_whole_file_open(&file, path, error)) {
        return false;
    }
    is_good = cli_npy_write(file.file, DSINFER_ELEMENT_F32, dims, 2, frames->values, error) &&
              cli_whole_file_finish(&file, error) && cli_whole_file_commit(&file, error);
    cli_whole_file_discard(&file);
    return is_good;
}

/* Family and rate: those asked for, else the model's. Returns CLI_EXIT_OK or the exit code. */
static int fill_options(struct settings *settings, struct dsinfer_features_options *options) {
    dsinfer_features_options_init(options);
    if (settings->model.path) {
        struct dsinfer_model *model = NULL;
        const int exit_code = cli_model_open(&settings->model, &model);

        if (exit_code != CLI_EXIT_OK) {
            return exit_code;
        }
        options->family = dsinfer_model_info(model)->family;
        options->sample_rate = dsinfer_model_info(model)->sample_rate;
        dsinfer_model_unref(model);
    }
    if (settings->own.family >= 0) {
        options->family = (enum dsinfer_family)(DSINFER_FAMILY_DS01 + settings->own.family);
    }
    if (settings->own.rate) {
        options->sample_rate = settings->own.rate;
    }
    return CLI_EXIT_OK;
}

static int run_on(struct settings *settings, const char *name) {
    struct dsinfer_error library_error = {DSINFER_OK, ""};
    struct dsinfer_features_options options;
    struct dsinfer_features *features = NULL;
    struct cli_audio *audio = NULL;
    struct frames frames = {0};
    enum dsinfer_status status;
    struct cli_error error;
    int exit_code = fill_options(settings, &options);

    if (exit_code != CLI_EXIT_OK) {
        return exit_code;
    }
    status = dsinfer_features_create(&options, &features, &library_error);
    if (status != DSINFER_OK) {
        cli_fail_library(&error, status, &library_error);
        return cli_report_exit(settings->own.rate ? "--model-rate" : "--family", &error,
                               CLI_EXIT_USAGE);
    }
    if (!cli_audio_open(name, &settings->raw, options.sample_rate, &audio, &error) ||
        !compute(features, audio, &frames, &error)) {
        exit_code = cli_report_exit(name, &error, CLI_EXIT_AUDIO);
    } else if (!write_frames(settings->own.output, &frames, dsinfer_features_get_width(features),
                             &error)) {
        exit_code = cli_report_exit(settings->own.output, &error, CLI_EXIT_RUNTIME);
    }
    free(frames.values);
    cli_audio_close(audio);
    dsinfer_features_destroy(features);
    return exit_code;
}

static int check(const struct settings *settings, const struct cli_words *words) {
    if (words->n != 1) {
        return cli_usage("features", "one audio file is needed, or - for standard input");
    }
    if (!settings->own.output) {
        return cli_usage("--output", "is needed: where the frames go");
    }
    if (cli_is_same_file(words->items[0], settings->own.output)) {
        return cli_usage(settings->own.output, "is the input, too: it would be overwritten");
    }
    return CLI_PARSED;
}

static int run(int argc, char **argv) {
    struct settings settings;
    struct cli_group groups[] = {
        {"Features", own_options, CLI_N(own_options), &settings.own},
        cli_model_path_options(&settings.model),
        cli_raw_options(&settings.raw),
    };
    struct cli_words words = {0};
    int exit_code;

    memset(&settings.own, 0, sizeof(settings.own));
    settings.own.family = -1;
    exit_code = cli_parse(&cli_features, groups, CLI_N(groups), argc, argv, &words);
    if (exit_code == CLI_PARSED) {
        exit_code = cli_raw_check(&settings.raw);
    }
    if (exit_code == CLI_PARSED) {
        exit_code = check(&settings, &words);
    }
    if (exit_code == CLI_PARSED) {
        exit_code = run_on(&settings, words.items[0]);
    }
    cli_model_settings_finish(&settings.model);
    cli_words_finish(&words);
    return exit_code;
}

const struct cli_command cli_features = {
    "features",
    "-o FILE.npy AUDIO | -",
    "the frames a model is given, as an array",
    "Writes the feature frames that the streaming client of a release makes of a recording, in "
    "order, as an array [frames, 26].",
    "  dsinfer features talk.wav -o talk.npy\n"
    "  dsinfer features -m output_graph.pb talk.wav -o talk.npy\n",
    run,
};
