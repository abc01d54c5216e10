/* The loop over the lines of a manifest.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/eval/evaluate.h"
#include "bin/eval/progress.h"
#include "bin/input/audio.h"
#include "bin/interrupt.h"
#include "bin/jobs.h"
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

struct evaluation {
    struct cli_eval_job *job;
    struct dsinfer_stream *const *streams; /* of the workers */
    uint32_t rate;
    struct cli_journal *journal;
    struct cli_progress progress;
    size_t n_done;
    struct outcome {
        bool is_new;               /* not from the journal */
        struct cli_error *failure; /* owned, or NULL */
    } * outcomes;                  /* [n_lines] */
    struct cli_error error;        /* of the journal */
};

/* Does a line that is not done; it stays as it was when a signal came. */
static bool do_line(void *user, size_t worker, size_t item) {
    struct evaluation *evaluation = user;
    struct cli_eval_line *line = &evaluation->job->lines[item];
    struct outcome *outcome = &evaluation->outcomes[item];
    struct cli_error failure;
    char *path;

    if (line->hypothesis || cli_interrupt_get()) {
        return true;
    }
    path = cli_manifest_locate(evaluation->job->manifest, line->source);
    outcome->is_new = true;
    if (!transcribe(evaluation->streams[worker], path, evaluation->rate, &line->hypothesis,
                    &failure) &&
        !cli_interrupt_get()) {
        outcome->failure = cli_calloc(1, sizeof(failure));
        *outcome->failure = failure;
    }
    free(path);
    return true;
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

/* Keeps and shows what became of a line. False: the journal cannot be written. */
static bool tell_line(void *user, size_t item) {
    struct evaluation *evaluation = user;
    struct cli_eval_line *line = &evaluation->job->lines[item];
    struct outcome *outcome = &evaluation->outcomes[item];
    bool is_kept = true;

    cli_progress_clear(&evaluation->progress);
    if (outcome->failure) {
        cli_eval_fail(line, outcome->failure);
        free(outcome->failure);
        outcome->failure = NULL;
    }
    if (line->hypothesis) {
        is_kept = !outcome->is_new || !evaluation->journal->file ||
                  cli_journal_add(evaluation->journal, line, &evaluation->error);
        cli_score_compute(line->source->text, line->hypothesis, &line->score);
    }
    evaluation->n_done += outcome->is_new;
    show_line(evaluation->job, line);
    cli_progress_show(&evaluation->progress, evaluation->n_done);
    return is_kept;
}

int cli_eval_run(struct cli_eval_job *job, struct dsinfer_model *model,
                 struct dsinfer_stream *const *streams, size_t n_streams,
                 struct cli_journal *journal, const char *journal_name) {
    struct evaluation evaluation = {
        .job = job,
        .streams = streams,
        .rate = dsinfer_model_info(model)->sample_rate,
        .journal = journal,
        .n_done = count_done(job),
        .outcomes = cli_calloc(job->n_lines + 1, sizeof(*evaluation.outcomes)),
    };
    const struct cli_jobs jobs = {n_streams, job->n_lines, &evaluation, do_line, tell_line};
    bool is_kept;
    size_t i;

    cli_progress_begin(&evaluation.progress, job->has_progress, job->name, "recordings",
                       job->n_lines, evaluation.n_done);
    if (!job->is_json) {
        cli_eval_print_header();
    }
    is_kept = cli_jobs_run(&jobs);
    cli_progress_clear(&evaluation.progress);
    for (i = 0; i < job->n_lines; i++) {
        free(evaluation.outcomes[i].failure);
    }
    free(evaluation.outcomes);
    if (!is_kept) {
        return cli_report_exit(journal_name, &evaluation.error, CLI_EXIT_RUNTIME);
    }
    return conclude(job);
}
