/* dsinfer listen: the words said into a microphone, while they are said.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/commands.h"
#include "bin/decoder_settings.h"
#include "bin/errors.h"
#include "bin/input/audio.h"
#include "bin/input/microphone.h"
#include "bin/interrupt.h"
#include "bin/latency.h"
#include "bin/memory.h"
#include "bin/output/output.h"
#include "bin/output/status.h"
#include "bin/settings.h"
#include "bin/speech_settings.h"

#include <dsinfer/stream.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What has come since the last time, mostly 0.1 s or less, so that no end of an utterance goes
 * unnoticed; more where the work has fallen behind: as much as goes through the network at once. */
#define CHUNK_SAMPLES 5120
#define MANY_RESULTS 2 /* what cli_output_open is told: utterances have no known number */

struct settings {
    struct cli_model_settings model;
    struct cli_decoder_settings decoder;
    struct cli_speech_settings speech;
    struct cli_output_settings output;
    struct cli_latency_settings latency;
    struct {
        const char *device;
        bool list_devices;
    } own;
};

struct job {
    struct settings *settings;
    struct dsinfer_model *model;
    struct dsinfer_stream *stream;
    struct cli_source microphone; /* borrowed: the audio's */
    struct cli_audio *audio;
    const char *name; /* of the device */
    struct cli_output output;
    struct cli_status status;
    char *partial;                   /* owned: the partial text that was last shown, or NULL */
    struct cli_microphone_loss told; /* of which was told */
};

#define OWN(member) (offsetof(struct settings, own.member) - offsetof(struct settings, own))

static const struct cli_option own_options[] = {
    {"device", 0, CLI_TEXT, "NAME|NUMBER", OWN(device),
     "record from it: a number or a name, or a part of one, of --list-devices (default: the "
     "system's choice)",
     0, 0, NULL},
    {"list-devices", 0, CLI_FLAG, NULL, OWN(list_devices),
     "print the devices there are to record from, the default one with a star, and exit", 0, 0,
     NULL},
};

static const char *get_device_name(const struct settings *settings) {
    return settings->own.device ? settings->own.device : "microphone";
}

static int list_devices(const struct settings *settings) {
    struct cli_error error;

    if (!cli_microphones_print(stdout, &error)) {
        return cli_report_exit(get_device_name(settings), &error, CLI_EXIT_AUDIO);
    }
    if (!cli_writer_flush(stdout, &error)) {
        return cli_report_exit(CLI_STDOUT_NAME, &error, CLI_EXIT_RUNTIME);
    }
    return CLI_EXIT_OK;
}

/* Shows what changed. False if it could not be written. */
static bool show_partial(struct job *job, const struct dsinfer_transcript *transcript) {
    if (strcmp(transcript->text, job->partial ? job->partial : "") == 0) {
        return true;
    }
    free(job->partial);
    job->partial = cli_strdup(transcript->text);
    if (job->output.format->partial) {
        return cli_output_partial(&job->output, job->name, transcript);
    }
    if (job->status.is_terminal) {
        cli_status_partial(&job->status, transcript->text, transcript->time_s);
    }
    return true;
}

static void show_level(struct job *job, const float *samples, size_t n) {
    const struct cli_microphone_loss loss = cli_microphone_get_loss(&job->microphone);
    double peak = 0.0;
    size_t i;

    for (i = 0; i < n; i++) {
        const double size = fabs((double)samples[i]);

        peak = size > peak ? size : peak;
    }
    cli_status_level(&job->status, peak, (double)loss.n_dropped / job->microphone.rate,
                     loss.n_overruns);
}

/* Says what was lost since it was last said. */
static void tell_loss(struct job *job) {
    const struct cli_microphone_loss loss = cli_microphone_get_loss(&job->microphone);
    char sentence[160];

    if (loss.n_dropped == job->told.n_dropped && loss.n_overruns == job->told.n_overruns) {
        return;
    }
    snprintf(sentence, sizeof(sentence),
             "sound was lost: %.2f s not taken in time, %u overruns of the device",
             (double)(loss.n_dropped - job->told.n_dropped) / job->microphone.rate,
             loss.n_overruns - job->told.n_overruns);
    job->told = loss;
    cli_note(job->name, sentence);
}

/* Writes the utterance, unless nothing was said. False if it could not be written. */
static bool write_result(struct job *job, const struct dsinfer_transcript *transcript) {
    const bool is_anything = transcript->text[0] || job->partial;

    cli_status_end(&job->status, 0.0);
    tell_loss(job);
    free(job->partial);
    job->partial = NULL;
    if (is_anything && !cli_output_result(&job->output, job->name, transcript)) {
        return false;
    }
    cli_status_begin(&job->status, job->name, -1.0);
    return true;
}

static int fail_stream(const struct job *job, enum dsinfer_status status) {
    struct cli_error error;

    cli_fail_library(&error, status, NULL);
    error.is_runtime = true;
    return cli_report_exit(job->name, &error, CLI_EXIT_RUNTIME);
}

/* Feeds samples, shows what they bring, and ends the utterance where it is over; returns the exit
 * code. */
static int feed(struct job *job, const float *samples, size_t n) {
    struct dsinfer_transcript transcript;
    enum dsinfer_status status = dsinfer_stream_feed_f32(job->stream, samples, n);
    const bool is_over = dsinfer_stream_get_endpoint(job->stream) != DSINFER_ENDPOINT_NONE;

    if (status == DSINFER_OK) {
        status = is_over ? dsinfer_stream_next_utterance(job->stream, &transcript)
                         : dsinfer_stream_partial(job->stream, &transcript);
    }
    if (status != DSINFER_OK) {
        return fail_stream(job, status);
    }
    if (!(is_over ? write_result(job, &transcript) : show_partial(job, &transcript))) {
        return CLI_EXIT_RUNTIME;
    }
    show_level(job, samples, n);
    return CLI_EXIT_OK;
}

/* Feeds until a signal or the end of the device; returns the exit code. */
static int feed_all(struct job *job) {
    float samples[CHUNK_SAMPLES];
    struct cli_error error;
    size_t n;

    while (cli_audio_read(job->audio, samples, CHUNK_SAMPLES, &n, &error)) {
        const int exit_code = n == 0 ? CLI_EXIT_OK : feed(job, samples, n);

        if (n == 0 || exit_code != CLI_EXIT_OK) {
            return exit_code;
        }
    }
    cli_status_end(&job->status, 0.0);
    return cli_report_exit(job->name, &error, CLI_EXIT_AUDIO);
}

/* Listens until something ends it; returns the exit code. */
static int listen_to_end(struct job *job) {
    struct dsinfer_transcript transcript;
    int exit_code;

    cli_status_begin(&job->status, job->name, -1.0);
    exit_code = feed_all(job);
    if (exit_code == CLI_EXIT_OK || exit_code == CLI_EXIT_AUDIO) {
        const enum dsinfer_status status = dsinfer_stream_finish(job->stream, &transcript);

        if (status != DSINFER_OK) {
            exit_code = fail_stream(job, status);
        } else if (!write_result(job, &transcript)) {
            exit_code = CLI_EXIT_RUNTIME;
        }
    }
    if (!cli_output_close(&job->output, exit_code != CLI_EXIT_RUNTIME)) {
        exit_code = CLI_EXIT_RUNTIME;
    }
    return exit_code == CLI_EXIT_OK && cli_interrupt_get() ? CLI_EXIT_SIGNAL + cli_interrupt_get()
                                                           : exit_code;
}

static int create_stream(struct job *job) {
    struct settings *settings = job->settings;
    struct dsinfer_stream_options options;
    struct dsinfer_error library_error = {DSINFER_OK, ""};
    enum dsinfer_status status;
    int exit_code;

    if (!dsinfer_model_info(job->model)->has_state) {
        return cli_usage("listen",
                         "this model takes recordings whole: there is no text before the end");
    }
    dsinfer_stream_options_init(&options);
    exit_code =
        cli_decoder_open(&settings->decoder, &settings->model, job->model, &options.decoder);
    if (exit_code != CLI_EXIT_OK) {
        return exit_code;
    }
    cli_speech_fill(&settings->speech, &options);
    cli_latency_fill(&settings->latency, CLI_LATENCY_ADAPTIVE, &options);
    options.n_threads = settings->model.n_threads;
    status = dsinfer_stream_create(job->model, &options, &job->stream, &library_error);
    if (status == DSINFER_OK) {
        return CLI_EXIT_OK;
    }
    return cli_decoder_report(&settings->decoder, cli_model_get_name(&settings->model), status,
                              &library_error);
}

static int open_microphone(struct job *job) {
    const struct settings *settings = job->settings;
    struct cli_error error;

    if (!cli_microphone_open(settings->own.device, &job->microphone, &error) ||
        !cli_audio_open_source(&job->microphone, dsinfer_model_info(job->model)->sample_rate,
                               &job->audio, &error)) {
        return cli_report_exit(get_device_name(settings), &error, CLI_EXIT_AUDIO);
    }
    job->name = cli_microphone_get_name(&job->microphone);
    return CLI_EXIT_OK;
}

/* Opens all that is needed, the microphone last; returns the exit code. */
static int open_and_listen(struct job *job) {
    struct settings *settings = job->settings;
    int exit_code = cli_model_open(&settings->model, &job->model);

    if (exit_code == CLI_EXIT_OK) {
        cli_model_note_alphabet(&settings->model, job->model);
        exit_code = create_stream(job);
    }
    if (exit_code == CLI_EXIT_OK) {
        exit_code = open_microphone(job);
    }
    if (exit_code != CLI_EXIT_OK) {
        return exit_code;
    }
    if (!cli_output_open(&job->output, &settings->output, MANY_RESULTS)) {
        return CLI_EXIT_RUNTIME;
    }
    job->output.rules.silence_s = settings->speech.silence_s;
    job->output.rules.longest_s = settings->speech.longest_s;
    job->status.has_level = !job->output.format->partial;
    return listen_to_end(job);
}

static int check(const struct settings *settings, const struct cli_words *words) {
    const char *path = settings->output.path;

    if (words->n) {
        return cli_usage(words->items[0],
                         "listen reads no file: transcribe does, and --device names a microphone");
    }
    if (path && ((settings->model.path && cli_is_same_file(path, settings->model.path)) ||
                 (settings->model.alphabet && cli_is_same_file(path, settings->model.alphabet)))) {
        return cli_usage(path, "is the model's: it would be overwritten");
    }
    return cli_latency_check(&settings->latency);
}

static int run(int argc, char **argv) {
    struct settings settings;
    struct cli_group groups[] = {
        {"Listening", own_options, CLI_N(own_options), &settings.own},
        cli_latency_options(&settings.latency),
        cli_model_options(&settings.model),
        cli_decoder_options(&settings.decoder),
        cli_decoder_scorer_options(&settings.decoder),
        cli_speech_options(&settings.speech),
        cli_output_options(&settings.output),
    };
    struct job job = {.settings = &settings};
    struct cli_words words = {0};
    int exit_code;

    memset(&settings.own, 0, sizeof(settings.own));
    exit_code = cli_parse(&cli_listen, groups, CLI_N(groups), argc, argv, &words);
    if (exit_code == CLI_PARSED) {
        exit_code = check(&settings, &words);
    }
    if (exit_code == CLI_PARSED) {
        exit_code = cli_decoder_check(&settings.decoder);
    }
    if (exit_code == CLI_PARSED) {
        exit_code = cli_speech_check(&settings.speech);
    }
    if (exit_code == CLI_PARSED && settings.own.list_devices) {
        exit_code = list_devices(&settings);
    } else if (exit_code == CLI_PARSED) {
        cli_interrupt_catch();
        exit_code = open_and_listen(&job);
    }
    cli_audio_close(job.audio);
    free(job.partial);
    dsinfer_stream_destroy(job.stream);
    dsinfer_model_unref(job.model);
    cli_decoder_settings_finish(&settings.decoder);
    cli_model_settings_finish(&settings.model);
    cli_words_finish(&words);
    return exit_code;
}

const struct cli_command cli_listen = {
    "listen",
    "",
    "the words said into a microphone, while they are said",
    "Writes what is said into a microphone: on a terminal the text so far, rewritten in place "
    "beside the level of the sound, and a line when an utterance has ended; elsewhere these lines "
    "alone, or with --format jsonl an object for each partial and final text. SIGINT (Ctrl-C) and "
    "SIGTERM end the utterance, which is printed.",
    "  dsinfer listen\n"
    "  dsinfer listen --list-devices\n"
    "  dsinfer listen --device USB --format jsonl | while read -r event; do ...; done\n",
    run,
};
