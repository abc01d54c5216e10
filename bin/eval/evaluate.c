/* The loop over the lines of a manifest.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/eval/evaluate.h"
#include "bin/eval/progress.h"
#include "bin/input/audio.h"
#include "bin/interrupt.h"
#include "bin/memory.h"
#include "bin/output/writer.h"

#include <stdlib.h>

#define CHUNK_SAMPLES 4096

static bool feed(struct dsinfer_stream *stream, struct cli_audio *audio, struct cli_error *error) {
    float samples[CHUNK_SAMPLES];
    enum dsinfer_status status = DSINFER_OK;
    size_t n = 1;

    while (n && status == DSINFER_OK) {
        if (!cli_audio_read(audio, samples, CHUNK_SAMPLES, &n, error)) {
            return false;
        }
        status = dsinfer_stream_feed_f32(stream, samples, n);
    }
    return status == DSINFER_OK || cli_fail_library(error, status, NULL);
}

static bool transcribe(struct dsinfer_stream *stream, const char *path, uint32_t rate, char **text,
                       struct cli_error *error) {
    struct dsinfer_transcript transcript;
    struct cli_audio *audio = NULL;
    struct cli_raw raw;
    bool is_good;

    cli_raw_options(&raw);
    if (!cli_audio_open(path, &raw, rate, &audio, error)) {
        return false;
    }
    is_good = feed(stream, audio, error);
    if (is_good && !cli_interrupt_get()) {
        const enum dsinfer_status status = dsinfer_stream_finish(stream, &transcript);

        if (status == DSINFER_OK) {
            *text = cli_strdup(transcript.text);
        } else {
            is_good = cli_fail_library(error, status, NULL);
        }
    }
    cli_audio_close(audio);
    dsinfer_stream_reset(stream);
    return is_good;
}

void cli_eval_fail(struct cli_eval_line *line, const struct cli_error *error) {
    cli_report(line->source->audio, error);
    line->failure = cli_strdup(error->message);
}

int cli_eval_interrupted(const struct cli_eval_job *job, size_t n_done) {
    char sentence[128];

    snprintf(sentence, sizeof(sentence), "interrupted: %zu of %zu recordings are done", n_done,
             job->n_lines);
    cli_note(job->name, sentence);
    return CLI_EXIT_SIGNAL + cli_interrupt_get();
}

/* Does one line; it stays as it was when a signal came. False: the journal cannot be written. */
static bool do_line(struct cli_eval_job *job, struct cli_eval_line *line,
                    struct dsinfer_stream *stream, uint32_t rate, struct cli_journal *journal,
                    struct cli_error *error) {
    char *path = cli_manifest_locate(job->manifest, line->source);
    struct cli_error failure;
    bool is_good = transcribe(stream, path, rate, &line->hypothesis, &failure);

    free(path);
    if (!is_good && !cli_interrupt_get()) {
        cli_eval_fail(line, &failure);
    }
    return !line->hypothesis || !journal->file || cli_journal_add(journal, line, error);
}

static void show_line(const struct cli_eval_job *job, const struct cli_eval_line *line) {
    if (!job->is_json && (line->hypothesis || line->failure)) {
        cli_eval_print_line(line, job->has_texts);
        fflush(stdout);
    }
}

/* Prints the sums; returns the exit code. */
static int conclude(const struct cli_eval_job *job) {
    struct cli_eval_sum sum;
    struct cli_error error;

    cli_eval_add_up(job->lines, job->n_lines, &sum);
    if (job->is_json) {
        cli_eval_print_json(job->lines, job->n_lines, job->has_texts, &sum);
    } else {
        cli_eval_print_sum(&sum);
    }
    if (!cli_writer_flush(stdout, &error)) {
        return cli_report_exit(CLI_STDOUT_NAME, &error, CLI_EXIT_RUNTIME);
    }
    if (cli_interrupt_get()) {
        return cli_eval_interrupted(job, sum.n_files);
    }
    return sum.n_failed ? CLI_EXIT_SOME : CLI_EXIT_OK;
}

static size_t count_done(const struct cli_eval_job *job) {
    size_t n = 0;
    size_t i;

    for (i = 0; i < job->n_lines; i++) {
        n += job->lines[i].hypothesis != NULL;
    }
    return n;
}

int cli_eval_run(struct cli_eval_job *job, struct dsinfer_model *model,
                 struct dsinfer_stream *stream, struct cli_journal *journal,
                 const char *journal_name) {
    const uint32_t rate = dsinfer_model_info(model)->sample_rate;
    size_t n_done = count_done(job);
    struct cli_progress progress;
    struct cli_error error;
    bool is_kept = true;
    size_t i;

    cli_progress_begin(&progress, job->has_progress, job->name, "recordings", job->n_lines, n_done);
    if (!job->is_json) {
        cli_eval_print_header();
    }
    for (i = 0; i < job->n_lines && is_kept; i++) {
        struct cli_eval_line *line = &job->lines[i];

        if (!line->hypothesis && !cli_interrupt_get()) {
            is_kept = do_line(job, line, stream, rate, journal, &error);
            n_done++;
        }
        if (line->hypothesis) {
            cli_score_compute(line->source->text, line->hypothesis, &line->score);
        }
        cli_progress_clear(&progress);
        show_line(job, line);
        cli_progress_show(&progress, n_done);
    }
    cli_progress_clear(&progress);
    if (!is_kept) {
        return cli_report_exit(journal_name, &error, CLI_EXIT_RUNTIME);
    }
    return conclude(job);
}
