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
#include "bin/jobs.h"
#include "bin/latency.h"
#include "bin/memory.h"
#include "bin/output/output.h"
#include "bin/output/status.h"
#include "bin/output/transcript.h"
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
        uint32_t n_jobs;
    } own;
};

/* What became of an input. */
struct result {
    struct dsinfer_transcript *transcript; /* owned; NULL: there is nothing to be written */
    bool is_failed;
    struct cli_error error; /* where it is */
    bool is_lost;           /* a partial text of it could not be written, which was reported */
};

struct job {
    struct settings *settings;
    struct dsinfer_model *model;
    const struct cli_inputs *inputs;
    struct worker *workers; /* owned, [n_workers] */
    size_t n_workers;
    struct result *results; /* owned, [inputs->n] */
    struct cli_output output;
    uint64_t n_skipped; /* samples at the beginning that a resumed stream has taken */
    size_t n_failed;
    int exit_code; /* of the last failure */
};

/* Transcribes one input at a time, in a thread of its own where there are several. */
struct worker {
    struct job *job;
    struct dsinfer_stream *stream; /* owned */
    struct cli_status status;
    char *partial; /* owned: the partial text that was last shown, or NULL */
};

#define OWN(member) (offsetof(struct settings, own.member) - offsetof(struct settings, own))

static const struct cli_option own_options[] = {
    {"partials", 0, CLI_FLAG, NULL, OWN(partials),
     "show what is known so far: objects in jsonl, else on stderr", 0, 0, NULL},
    {"progress", 0, CLI_FLAG, NULL, OWN(progress),
     "show percent done, real-time factor and time left on stderr", 0, 0, NULL},
    CLI_JOBS_OPTION(OWN(n_jobs)),
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
static bool show_partial(struct worker *worker, const char *name, double fed_s,
                         const struct dsinfer_transcript *transcript) {
    if (strcmp(transcript->text, worker->partial ? worker->partial : "") == 0) {
        return true;
    }
    free(worker->partial);
    worker->partial = cli_strdup(transcript->text);
    if (worker->job->output.format->partial) {
        return cli_output_partial(&worker->job->output, name, transcript);
    }
    cli_status_partial(&worker->status, transcript->text, fed_s);
    return true;
}

static bool fail_runtime(struct cli_error *error, enum dsinfer_status status) {
    cli_fail_library(error, status, NULL);
    error->is_runtime = true;
    return false;
}

/* Saves the state; what goes wrong is an output that cannot be written. */
static bool save_state(const struct worker *worker, const char *path, struct cli_error *error) {
    if (cli_state_save(path, worker->stream, error)) {
        return true;
    }
    error->is_runtime = true;
    return false;
}

/* Saves the state of a run that may be killed, if enough was heard since the last time. */
static bool save_sometimes(const struct worker *worker, uint64_t n_samples, uint64_t *n_saved,
                           struct cli_error *error) {
    const struct cli_state_settings *state = &worker->job->settings->state;
    const double rate = dsinfer_model_info(worker->job->model)->sample_rate;

    if (!state->resume || (double)(n_samples - *n_saved) < state->every_s * rate) {
        return true;
    }
    *n_saved = n_samples;
    return save_state(worker, state->resume, error);
}

/* Reads on to where the stream is. */
static bool skip(const struct worker *worker, struct cli_audio *audio, uint64_t *n_samples,
                 struct cli_error *error) {
    float samples[CHUNK_SAMPLES];

    while (*n_samples < worker->job->n_skipped && !cli_interrupt_get()) {
        const uint64_t rest = worker->job->n_skipped - *n_samples;
        size_t n;

        if (!cli_audio_read(audio, samples, rest < CHUNK_SAMPLES ? (size_t)rest : CHUNK_SAMPLES, &n,
                            error)) {
            return false;
        }
        if (n == 0 && !cli_interrupt_get()) {
            return cli_fail(error, CLI_AUDIO,
                            "%s: it has %" PRIu64 " samples, but the saved state is of %" PRIu64,
                            worker->job->settings->state.resume, *n_samples,
                            worker->job->n_skipped);
        }
        *n_samples += n;
    }
    return true;
}

/* Feeds the whole recording. `*is_written` turns false when the output fails. */
static bool feed(struct worker *worker, const char *name, struct cli_audio *audio,
                 uint64_t *n_samples, bool *is_written, struct cli_error *error) {
    const double rate = dsinfer_model_info(worker->job->model)->sample_rate;
    float samples[CHUNK_SAMPLES];
    uint64_t n_saved;
    size_t n;

    if (!skip(worker, audio, n_samples, error)) {
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
        status = dsinfer_stream_feed_f32(worker->stream, samples, n);
        if (status == DSINFER_OK && worker->job->settings->own.partials) {
            status = dsinfer_stream_partial(worker->stream, &transcript);
            if (status == DSINFER_OK &&
                !show_partial(worker, name, (double)*n_samples / rate, &transcript)) {
                *is_written = false;
                return true;
            }
        }
        if (status != DSINFER_OK) {
            return fail_runtime(error, status);
        }
        if (!save_sometimes(worker, *n_samples, &n_saved, error)) {
            return false;
        }
        cli_status_progress(&worker->status, (double)*n_samples / rate);
    }
}

/* The recording has ended: saves what is to be gone on with, and finishes what is not. */
static bool end_audio(struct worker *worker, struct dsinfer_transcript *transcript,
                      struct cli_error *error) {
    const struct cli_state_settings *state = &worker->job->settings->state;
    enum dsinfer_status status = DSINFER_OK;

    if (state->save) {
        return save_state(worker, state->save, error);
    }
    if (state->resume && cli_interrupt_get() && !save_state(worker, state->resume, error)) {
        return false;
    }
    if (dsinfer_stream_get_n_samples(worker->stream) > 0) {
        status = dsinfer_stream_finish(worker->stream, transcript);
    }
    return status == DSINFER_OK || fail_runtime(error, status);
}

/* Transcribes an open recording. */
static void transcribe_audio(struct worker *worker, const char *name, struct cli_audio *audio,
                             struct result *result) {
    const double rate = dsinfer_model_info(worker->job->model)->sample_rate;
    struct dsinfer_transcript transcript = empty_transcript;
    bool is_written = true;
    uint64_t n_samples = 0;

    cli_status_begin(&worker->status, name, cli_audio_get_duration_s(audio));
    result->is_failed = !feed(worker, name, audio, &n_samples, &is_written, &result->error);
    result->is_lost = !is_written;
    if (!result->is_failed && is_written) {
        result->is_failed = !end_audio(worker, &transcript, &result->error);
    }
    cli_status_end(&worker->status, (double)n_samples / rate);
    if (!result->is_failed && is_written && !worker->job->settings->state.save) {
        result->transcript = cli_transcript_copy(&transcript);
    }
}

static bool transcribe_one(void *user, size_t number, size_t item) {
    struct job *job = user;
    struct worker *worker = &job->workers[number];
    struct result *result = &job->results[item];
    const char *name = job->inputs->names[item];
    struct cli_audio *audio = NULL;

    if (cli_audio_open(name, &job->settings->raw, dsinfer_model_info(job->model)->sample_rate,
                       &audio, &result->error)) {
        transcribe_audio(worker, name, audio, result);
        cli_audio_close(audio);
        dsinfer_stream_reset(worker->stream);
        free(worker->partial);
        worker->partial = NULL;
    } else if (cli_interrupt_get()) {
        result->transcript = cli_transcript_copy(&empty_transcript);
    } else {
        result->is_failed = true;
    }
    return !cli_interrupt_get();
}

/* Writes or reports the result; false when nothing more can be written. */
static bool tell(void *user, size_t item) {
    struct job *job = user;
    struct result *result = &job->results[item];
    const char *resume = job->settings->state.resume;
    const char *name = job->inputs->names[item];
    bool is_written = !result->is_lost;

    if (result->is_failed) {
        fail(job, name, &result->error, CLI_EXIT_AUDIO);
    } else if (result->transcript) {
        is_written = cli_output_result(&job->output, name, result->transcript);
        if (is_written && resume && !cli_interrupt_get()) {
            (void)unlink(resume);
        }
    }
    cli_transcript_free(result->transcript);
    result->transcript = NULL;
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
static int load_stream(struct worker *worker, const struct dsinfer_stream_options *options) {
    struct job *job = worker->job;
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
    dsinfer_stream_destroy(worker->stream);
    worker->stream = loaded;
    job->n_skipped = state->resume ? dsinfer_stream_get_n_samples(loaded) : 0;
    return CLI_EXIT_OK;
}

/* A stream for every worker. */
static int create_streams(struct job *job) {
    struct settings *settings = job->settings;
    struct dsinfer_stream_options options;
    struct dsinfer_error library_error = {DSINFER_OK, ""};
    enum dsinfer_status status = DSINFER_OK;
    int exit_code;
    size_t i;

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
    for (i = 0; i < job->n_workers && status == DSINFER_OK; i++) {
        status =
            dsinfer_stream_create(job->model, &options, &job->workers[i].stream, &library_error);
    }
    if (status == DSINFER_OK) {
        return load_stream(&job->workers[0], &options);
    }
    return cli_decoder_report(&settings->decoder, cli_model_get_name(&settings->model), status,
                              &library_error);
}

/* Transcribes all inputs; returns the exit code. */
static int transcribe_all(struct job *job) {
    const struct cli_jobs jobs = {job->n_workers, job->inputs->n, job, transcribe_one, tell};
    const size_t n_inputs = job->inputs->n + job->n_failed;
    bool is_written;

    if (!cli_output_open(&job->output, &job->settings->output, n_inputs)) {
        return CLI_EXIT_RUNTIME;
    }
    job->output.rules.silence_s = job->settings->speech.silence_s;
    job->output.rules.longest_s = job->settings->speech.longest_s;
    is_written = cli_jobs_run(&jobs);
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

    if (settings->own.partials && settings->own.n_jobs > 1) {
        return cli_usage("--partials", "are of one recording at a time: not with --jobs");
    }
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

/* Opens all that is needed; returns the exit code. */
static int open_and_transcribe(struct job *job) {
    struct settings *settings = job->settings;
    int exit_code;
    size_t i;

    job->n_workers = cli_jobs_count(settings->own.n_jobs, job->inputs->n);
    job->workers = cli_calloc(job->n_workers, sizeof(*job->workers));
    job->results = cli_calloc(job->inputs->n, sizeof(*job->results));
    for (i = 0; i < job->n_workers; i++) {
        job->workers[i].job = job;
        job->workers[i].status.has_progress = settings->own.progress;
        job->workers[i].status.has_partials = settings->own.partials;
        job->workers[i].status.is_shared = job->n_workers > 1;
    }
    exit_code = cli_model_open(&settings->model, &job->model);
    if (exit_code == CLI_EXIT_OK) {
        cli_model_note_alphabet(&settings->model, job->model);
        exit_code = check_whole(job);
    }
    if (exit_code == CLI_EXIT_OK) {
        exit_code = create_streams(job);
    }
    return exit_code == CLI_EXIT_OK ? transcribe_all(job) : exit_code;
}

static void finish(struct job *job) {
    size_t i;

    for (i = 0; i < job->n_workers; i++) {
        dsinfer_stream_destroy(job->workers[i].stream);
    }
    for (i = 0; job->results && i < job->inputs->n; i++) {
        cli_transcript_free(job->results[i].transcript);
    }
    free(job->workers);
    free(job->results);
    dsinfer_model_unref(job->model);
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
    struct cli_inputs inputs = {0};
    struct job job = {.settings = &settings, .inputs = &inputs};
    struct cli_words words = {0};
    int exit_code;

    memset(&settings.own, 0, sizeof(settings.own));
    settings.own.n_jobs = 1;
    exit_code = cli_parse(&cli_transcribe, groups, CLI_N(groups), argc, argv, &words);
    if (exit_code == CLI_PARSED) {
        exit_code = check_settings(&settings);
    }
    if (exit_code == CLI_PARSED) {
        exit_code = list_inputs(&job, &words, &inputs);
    }
    if (exit_code == CLI_PARSED) {
        cli_interrupt_catch();
        exit_code = open_and_transcribe(&job);
    }
    finish(&job);
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
    "  dsinfer transcribe --jobs 2 --format jsonl -o talks.jsonl recordings/\n"
    "  dsinfer transcribe --format srt --progress -o film.srt film.flac\n"
    "  dsinfer transcribe -m output_graph.pbmm --alphabet alphabet.txt talk.flac\n"
    "  arecord -f S16_LE -r 16000 -t raw | dsinfer transcribe --raw --partials -\n",
    run,
};
