/* dsinfer transcribe: the words of audio files, folders of them, or a pipe, decoded while it
 * arrives and in constant memory.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/commands.h"
#include "bin/decoder_settings.h"
#include "bin/errors.h"
#include "bin/input/audio.h"
#include "bin/input/list.h"
#include "bin/interrupt.h"
#include "bin/latency.h"
#include "bin/memory.h"
#include "bin/output/output.h"
#include "bin/output/status.h"
#include "bin/settings.h"
#include "bin/speech_settings.h"
#include "bin/state_file.h"

#include <dsinfer/stream.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_SAMPLES 4096

struct settings {
    struct cli_model_settings model;
    struct cli_decoder_settings decoder;
    struct cli_speech_settings speech;
    struct cli_output_settings output;
    struct cli_raw raw;
    struct cli_latency_settings latency;
    struct cli_state_settings state;
    struct {
        bool progress, partials;
    } own;
};

struct job {
    struct settings *settings;
    struct dsinfer_model *model;
    struct dsinfer_stream *stream;
    struct cli_output output;
    struct cli_status status;
    uint64_t n_skipped; /* samples at the beginning that a resumed stream has taken */
    char *partial;      /* owned: the partial text that was last shown, or NULL */
    size_t n_failed;
    int exit_code; /* of the last failure */
};

#define OWN(member) (offsetof(struct settings, own.member) - offsetof(struct settings, own))

static const struct cli_option own_options[] = {
    {"partials", 0, CLI_FLAG, NULL, OWN(partials),
     "show what is known so far: objects in jsonl, else on stderr", 0, 0, NULL},
    {"progress", 0, CLI_FLAG, NULL, OWN(progress),
     "show percent done, real-time factor and time left on stderr", 0, 0, NULL},
};

/* An empty recording has no frame, hence no text; the stream would pad one. */
static const struct dsinfer_candidate empty_candidate = {"", 0.0, 0, NULL, NULL};
static const struct dsinfer_transcript empty_transcript = {
    .text = "",
    .n_candidates = 1,
    .candidates = &empty_candidate,
};

static void fail(struct job *job, const char *name, const struct cli_error *error, int exit_code) {
    job->exit_code = cli_report_exit(name, error, exit_code);
    job->n_failed++;
}

/* Shows the partial text if it has changed. False if it could not be written. */
static bool show_partial(struct job *job, const char *name, double fed_s,
                         const struct dsinfer_transcript *transcript) {
    if (strcmp(transcript->text, job->partial ? job->partial : "") == 0) {
        return true;
    }
    free(job->partial);
    job->partial = cli_strdup(transcript->text);
    if (job->output.format->partial) {
        return cli_output_partial(&job->output, name, transcript);
    }
    cli_status_partial(&job->status, transcript->text, fed_s);
    return true;
}

static bool fail_runtime(struct cli_error *error, enum dsinfer_status status) {
    cli_fail_library(error, status, NULL);
    error->is_runtime = true;
    return false;
}

/* Saves the state; what goes wrong is an output that cannot be written. */
static bool save_state(const struct job *job, const char *path, struct cli_error *error) {
    if (cli_state_save(path, job->stream, error)) {
        return true;
    }
    error->is_runtime = true;
    return false;
}

/* Saves the state of a run that may be killed, if enough was heard since the last time. */
static bool save_sometimes(const struct job *job, uint64_t n_samples, uint64_t *n_saved,
                           struct cli_error *error) {
    const struct cli_state_settings *state = &job->settings->state;
    const double rate = dsinfer_model_info(job->model)->sample_rate;

    if (!state->resume || (double)(n_samples - *n_saved) < state->every_s * rate) {
        return true;
    }
    *n_saved = n_samples;
    return save_state(job, state->resume, error);
}

/* Reads on to where the stream is. */
static bool skip(const struct job *job, struct cli_audio *audio, uint64_t *n_samples,
                 struct cli_error *error) {
    float samples[CHUNK_SAMPLES];

    while (*n_samples < job->n_skipped && !cli_interrupt_get()) {
        const uint64_t rest = job->n_skipped - *n_samples;
        size_t n;

        if (!cli_audio_read(audio, samples, rest < CHUNK_SAMPLES ? (size_t)rest : CHUNK_SAMPLES, &n,
                            error)) {
            return false;
        }
        if (n == 0 && !cli_interrupt_get()) {
            return cli_fail(error, CLI_AUDIO,
                            "%s: it has %" PRIu64 " samples, but the saved state is of %" PRIu64,
                            job->settings->state.resume, *n_samples, job->n_skipped);
        }
        *n_samples += n;
    }
    return true;
}

/* Feeds the whole recording. `*is_written` turns false when the output fails. */
static bool feed(struct job *job, const char *name, struct cli_audio *audio, uint64_t *n_samples,
                 bool *is_written, struct cli_error *error) {
    const double rate = dsinfer_model_info(job->model)->sample_rate;
    float samples[CHUNK_SAMPLES];
    uint64_t n_saved;
    size_t n;

    if (!skip(job, audio, n_samples, error)) {
        return false;
    }
    n_saved = *n_samples;
    for (;;) {
        struct dsinfer_transcript transcript;
        enum dsinfer_status status;

        if (!cli_audio_read(audio, samples, CHUNK_SAMPLES, &n, error)) {
            return false;
        }
        if (n == 0) {
            return true;
        }
        *n_samples += n;
        status = dsinfer_stream_feed_f32(job->stream, samples, n);
        if (status == DSINFER_OK && job->settings->own.partials) {
            status = dsinfer_stream_partial(job->stream, &transcript);
            if (status == DSINFER_OK &&
                !show_partial(job, name, (double)*n_samples / rate, &transcript)) {
                *is_written = false;
                return true;
            }
        }
        if (status != DSINFER_OK) {
            return fail_runtime(error, status);
        }
        if (!save_sometimes(job, *n_samples, &n_saved, error)) {
            return false;
        }
        cli_status_progress(&job->status, (double)*n_samples / rate);
    }
}

/* The recording has ended: saves what is to be gone on with, and finishes what is not. */
static bool end_audio(struct job *job, struct dsinfer_transcript *transcript,
                      struct cli_error *error) {
    const struct cli_state_settings *state = &job->settings->state;
    enum dsinfer_status status = DSINFER_OK;

    if (state->save) {
        return save_state(job, state->save, error);
    }
    if (state->resume && cli_interrupt_get() && !save_state(job, state->resume, error)) {
        return false;
    }
    if (dsinfer_stream_get_n_samples(job->stream) > 0) {
        status = dsinfer_stream_finish(job->stream, transcript);
    }
    return status == DSINFER_OK || fail_runtime(error, status);
}

/* Transcribes an open recording; false when nothing more can be written. */
static bool transcribe_audio(struct job *job, const char *name, struct cli_audio *audio) {
    const double rate = dsinfer_model_info(job->model)->sample_rate;
    struct dsinfer_transcript transcript = empty_transcript;
    struct cli_error error;
    bool is_written = true;
    uint64_t n_samples = 0;
    bool is_good;

    cli_status_begin(&job->status, name, cli_audio_get_duration_s(audio));
    is_good = feed(job, name, audio, &n_samples, &is_written, &error);
    if (is_good && is_written) {
        is_good = end_audio(job, &transcript, &error);
    }
    cli_status_end(&job->status, (double)n_samples / rate);
    if (!is_good) {
        fail(job, name, &error, CLI_EXIT_AUDIO);
        return true;
    }
    if (job->settings->state.save) {
        return is_written;
    }
    is_written = is_written && cli_output_result(&job->output, name, &transcript);
    if (is_written && job->settings->state.resume && !cli_interrupt_get()) {
        (void)unlink(job->settings->state.resume);
    }
    return is_written;
}

static bool transcribe_one(struct job *job, const char *name) {
    struct cli_audio *audio = NULL;
    struct cli_error error;
    bool is_written;

    if (!cli_audio_open(name, &job->settings->raw, dsinfer_model_info(job->model)->sample_rate,
                        &audio, &error)) {
        if (cli_interrupt_get()) {
            return cli_output_result(&job->output, name, &empty_transcript);
        }
        fail(job, name, &error, CLI_EXIT_AUDIO);
        return true;
    }
    is_written = transcribe_audio(job, name, audio);
    cli_audio_close(audio);
    dsinfer_stream_reset(job->stream);
    free(job->partial);
    job->partial = NULL;
    return is_written;
}

/* A model that takes recordings whole says nothing before the end. */
static int check_whole(const struct job *job) {
    const struct settings *settings = job->settings;

    if (dsinfer_model_info(job->model)->has_state) {
        return CLI_EXIT_OK;
    }
    if (cli_state_get_option(&settings->state)) {
        return cli_usage(cli_state_get_option(&settings->state),
                         "this model takes recordings whole: it has no state to go on from");
    }
    if (settings->own.partials || cli_latency_get_option(&settings->latency)) {
        return cli_usage(settings->own.partials ? "--partials"
                                                : cli_latency_get_option(&settings->latency),
                         "this model takes recordings whole: there is no text before the end");
    }
    return CLI_EXIT_OK;
}

/* Goes on from a saved state where one is asked for, and there. */
static int load_stream(struct job *job, const struct dsinfer_stream_options *options) {
    const struct cli_state_settings *state = &job->settings->state;
    const char *path = state->load ? state->load : state->resume;
    struct dsinfer_stream *loaded;
    struct cli_error error;

    if (!path || (!state->load && access(path, F_OK) != 0)) {
        return CLI_EXIT_OK;
    }
    if (!cli_state_load(path, job->model, options, &loaded, &error)) {
        return cli_report_exit(path, &error, CLI_EXIT_MODEL);
    }
    dsinfer_stream_destroy(job->stream);
    job->stream = loaded;
    job->n_skipped = state->resume ? dsinfer_stream_get_n_samples(loaded) : 0;
    return CLI_EXIT_OK;
}

static int create_stream(struct job *job) {
    struct settings *settings = job->settings;
    struct dsinfer_stream_options options;
    struct dsinfer_error library_error = {DSINFER_OK, ""};
    enum dsinfer_status status;
    int exit_code;

    dsinfer_stream_options_init(&options);
    exit_code =
        cli_decoder_open(&settings->decoder, &settings->model, job->model, &options.decoder);
    if (exit_code != CLI_EXIT_OK) {
        return exit_code;
    }
    cli_speech_fill(&settings->speech, &options);
    cli_latency_fill(&settings->latency,
                     settings->own.partials ? CLI_LATENCY_ADAPTIVE : CLI_LATENCY_BALANCED,
                     &options);
    options.n_threads = settings->model.n_threads;
    status = dsinfer_stream_create(job->model, &options, &job->stream, &library_error);
    if (status == DSINFER_OK) {
        return load_stream(job, &options);
    }
    return cli_decoder_report(&settings->decoder, cli_model_get_name(&settings->model), status,
                              &library_error);
}

/* Transcribes all inputs; returns the exit code. */
static int transcribe_all(struct job *job, const struct cli_inputs *inputs) {
    const size_t n_inputs = inputs->n + job->n_failed;
    bool is_written = true;
    size_t i;

    if (!cli_output_open(&job->output, &job->settings->output, n_inputs)) {
        return CLI_EXIT_RUNTIME;
    }
    job->output.rules.silence_s = job->settings->speech.silence_s;
    job->output.rules.longest_s = job->settings->speech.longest_s;
    for (i = 0; i < inputs->n && is_written; i++) {
        is_written = transcribe_one(job, inputs->names[i]);
        if (cli_interrupt_get()) {
            break;
        }
    }
    is_written = cli_output_close(&job->output, is_written);
    if (cli_interrupt_get()) {
        return CLI_EXIT_SIGNAL + cli_interrupt_get();
    }
    if (!is_written) {
        return CLI_EXIT_RUNTIME;
    }
    if (job->n_failed) {
        return n_inputs > 1 ? CLI_EXIT_SOME : job->exit_code;
    }
    return CLI_EXIT_OK;
}

static bool is_overwritten(const struct settings *settings, const char *name) {
    return name && settings->output.path && cli_is_same_file(name, settings->output.path);
}

/* A state is that of one input, and only a file can be read again. */
static int check_state(const struct settings *settings, const struct cli_inputs *inputs,
                       size_t n_words) {
    const struct cli_state_settings *state = &settings->state;
    const char *option = cli_state_get_option(state);
    const char *saved = state->save ? state->save : state->resume;

    if (!option) {
        return CLI_PARSED;
    }
    if (inputs->n != 1 || n_words != 1) {
        return cli_usage(option, "for one input only");
    }
    if (state->resume && strcmp(inputs->names[0], "-") == 0) {
        return cli_usage("--resume", "standard input cannot be read again: name a file");
    }
    if (saved && (cli_is_same_file(inputs->names[0], saved) || is_overwritten(settings, saved) ||
                  (settings->model.path && cli_is_same_file(settings->model.path, saved)))) {
        return cli_usage(saved, "is used otherwise, too: it would be overwritten");
    }
    return CLI_PARSED;
}

/* Fills `inputs`; CLI_PARSED or the exit code after a report. */
static int list_inputs(struct job *job, const struct cli_words *words, struct cli_inputs *inputs) {
    const struct settings *settings = job->settings;
    size_t n_stdin = 0;
    size_t i;

    if (words->n == 0) {
        return cli_usage("transcribe",
                         "no input: name audio files, a folder, or - for standard input");
    }
    for (i = 0; i < words->n; i++) {
        struct cli_error error;

        n_stdin += strcmp(words->items[i], "-") == 0;
        if (n_stdin > 1) {
            return cli_usage("-", "standard input can be read only once");
        }
        if (settings->raw.is_raw && cli_is_folder(words->items[i])) {
            return cli_usage(words->items[i], "a folder cannot be given with --raw");
        }
        if (!cli_inputs_add(inputs, words->items[i], &error)) {
            fail(job, words->items[i], &error, CLI_EXIT_AUDIO);
        }
    }
    for (i = 0; i < inputs->n; i++) {
        if (is_overwritten(settings, inputs->names[i])) {
            return cli_usage(settings->output.path, "is an input, too: it would be overwritten");
        }
    }
    if (is_overwritten(settings, settings->model.path) ||
        is_overwritten(settings, settings->model.alphabet)) {
        return cli_usage(settings->output.path, "is the model's: it would be overwritten");
    }
    if (inputs->n) {
        return check_state(settings, inputs, words->n);
    }
    return words->n > 1 ? CLI_EXIT_SOME : job->exit_code;
}

static int check_settings(struct settings *settings) {
    int exit_code = cli_raw_check(&settings->raw);

    if (exit_code == CLI_PARSED) {
        exit_code = cli_decoder_check(&settings->decoder);
    }
    if (exit_code == CLI_PARSED) {
        exit_code = cli_speech_check(&settings->speech);
    }
    if (exit_code == CLI_PARSED) {
        exit_code = cli_latency_check(&settings->latency);
    }
    if (exit_code == CLI_PARSED) {
        exit_code = cli_state_check(&settings->state);
    }
    return exit_code;
}

static int run(int argc, char **argv) {
    struct settings settings;
    struct cli_group groups[] = {
        {"Transcribing", own_options, CLI_N(own_options), &settings.own},
        cli_latency_options(&settings.latency),
        cli_model_options(&settings.model),
        cli_decoder_options(&settings.decoder),
        cli_decoder_scorer_options(&settings.decoder),
        cli_speech_options(&settings.speech),
        cli_state_options(&settings.state),
        cli_output_options(&settings.output),
        cli_raw_options(&settings.raw),
    };
    struct job job = {.settings = &settings};
    struct cli_inputs inputs = {0};
    struct cli_words words = {0};
    int exit_code;

    memset(&settings.own, 0, sizeof(settings.own));
    exit_code = cli_parse(&cli_transcribe, groups, CLI_N(groups), argc, argv, &words);
    if (exit_code == CLI_PARSED) {
        exit_code = check_settings(&settings);
    }
    if (exit_code == CLI_PARSED) {
        exit_code = list_inputs(&job, &words, &inputs);
    }
    if (exit_code == CLI_PARSED) {
        cli_interrupt_catch();
        job.status.has_progress = settings.own.progress;
        job.status.has_partials = settings.own.partials;
        exit_code = cli_model_open(&settings.model, &job.model);
        if (exit_code == CLI_EXIT_OK) {
            cli_model_note_alphabet(&settings.model, job.model);
            exit_code = check_whole(&job);
        }
        if (exit_code == CLI_EXIT_OK) {
            exit_code = create_stream(&job);
        }
        if (exit_code == CLI_EXIT_OK) {
            exit_code = transcribe_all(&job, &inputs);
        }
    }
    dsinfer_stream_destroy(job.stream);
    dsinfer_model_unref(job.model);
    cli_decoder_settings_finish(&settings.decoder);
    cli_model_settings_finish(&settings.model);
    cli_inputs_finish(&inputs);
    cli_words_finish(&words);
    return exit_code;
}

const struct cli_command cli_transcribe = {
    "transcribe",
    "FILE... | FOLDER | -",
    "the words of audio files, folders of them, or a pipe",
    "Writes the words spoken in recordings: a line for each, JSON, a table, or subtitles. Files of "
    "any kind, rate and number of "
    "channels that libsndfile reads; a folder stands for the audio files in it; - is a WAV on "
    "standard input, or with --raw plain samples, decoded while they arrive. SIGINT and SIGTERM "
    "end the recording where it is.",
    "  dsinfer transcribe talk.wav\n"
    "  dsinfer transcribe --format jsonl -o talks.jsonl recordings/\n"
    "  dsinfer transcribe --format srt --progress -o film.srt film.flac\n"
    "  dsinfer transcribe -m output_graph.pbmm --alphabet alphabet.txt talk.flac\n"
    "  arecord -f S16_LE -r 16000 -t raw | dsinfer transcribe --raw --partials -\n",
    run,
};
