/* dsinfer eval: word and character error rates over a manifest.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/commands.h"
#include "bin/decoder_settings.h"
#include "bin/errors.h"
#include "bin/eval/evaluate.h"
#include "bin/eval/fingerprint.h"
#include "bin/eval/tune.h"
#include "bin/interrupt.h"
#include "bin/jobs.h"
#include "bin/memory.h"
#include "bin/output/writer.h"
#include "bin/settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SHARDS CLI_MANIFEST_MAX_LINES
#define DEFAULT_MAX 5.0 /* of either weight */
#define MAX_MAX 1000.0

struct own {
    bool is_json, has_texts, has_progress, is_tune;
    const char *shard, *resume, *logits;
    double alpha_max, beta_max; /* NAN: not given */
    uint32_t n_jobs;
};

struct settings {
    struct own own;
    struct cli_model_settings model;
    struct cli_decoder_settings decoder;
    struct cli_group groups[4];
    size_t shard, n_shards; /* from 1 */
};

static const struct cli_option own_options[] = {
    {"json", 0, CLI_FLAG, NULL, offsetof(struct own, is_json), "one JSON object", 0, 0, NULL},
    {"texts", 0, CLI_FLAG, NULL, offsetof(struct own, has_texts),
     "show what was said and what was heard", 0, 0, NULL},
    {"progress", 0, CLI_FLAG, NULL, offsetof(struct own, has_progress),
     "show on stderr how much is done and left, also where that is no terminal", 0, 0, NULL},
    {"shard", 0, CLI_TEXT, "I/N", offsetof(struct own, shard),
     "every Nth recording only, beginning with the Ith", 0, 0, NULL},
    {"resume", 0, CLI_TEXT, "FILE", offsetof(struct own, resume),
     "keep there what is done, and do only what is not there yet", 0, 0, NULL},
    CLI_JOBS_OPTION(offsetof(struct own, n_jobs)),
    {"tune", 0, CLI_FLAG, NULL, offsetof(struct own, is_tune),
     "search the weights of the language model with the fewest word errors", 0, 0, NULL},
    {"lm-alpha-max", 0, CLI_REAL, "X", offsetof(struct own, alpha_max),
     "... where --lm-alpha goes from 0 to X (default 5)", 0, 0, NULL},
    {"lm-beta-max", 0, CLI_REAL, "X", offsetof(struct own, beta_max),
     "... and --lm-beta to X (default 5)", 0, 0, NULL},
    {"logits", 0, CLI_TEXT, "FOLDER", offsetof(struct own, logits),
     "... with the network's output kept there as .npy, not in memory", 0, 0, NULL},
};

/* "I/N" */
static int parse_shard(struct settings *settings) {
    const char *text = settings->own.shard;
    size_t *number = &settings->shard;
    bool is_good = true;

    settings->shard = settings->n_shards = text ? 0 : 1;
    for (; text && *text && is_good; text++) {
        if (*text == '/' && number == &settings->shard) {
            number = &settings->n_shards;
        } else {
            is_good = *text >= '0' && *text <= '9' && *number <= MAX_SHARDS;
            *number = *number * 10 + (size_t)(*text - '0');
        }
    }
    if (!is_good || settings->shard < 1 || settings->shard > settings->n_shards ||
        settings->n_shards > MAX_SHARDS) {
        return cli_usage("--shard", "'%s' is not I/N, with I from 1 to N, and N to %d",
                         settings->own.shard, MAX_SHARDS);
    }
    return CLI_PARSED;
}

/* What belongs to --tune, and what does not. */
static int check_tuning(struct own *own) {
    const struct {
        const char *name;
        bool is_given;
    } options[] = {
        {"--lm-alpha-max", !isnan(own->alpha_max)}, {"--lm-beta-max", !isnan(own->beta_max)},
        {"--logits", own->logits != NULL},          {"--texts", own->has_texts},
        {"--resume", own->resume != NULL},          {"--jobs", own->n_jobs > 1},
    };
    const size_t n_tuning = 3;
    size_t i;

    for (i = 0; i < CLI_N(options); i++) {
        if (options[i].is_given && (i < n_tuning) != own->is_tune) {
            return cli_usage(options[i].name,
                             i < n_tuning ? "is for --tune alone" : "has no meaning with --tune");
        }
    }
    own->alpha_max = isnan(own->alpha_max) ? DEFAULT_MAX : own->alpha_max;
    own->beta_max = isnan(own->beta_max) ? DEFAULT_MAX : own->beta_max;
    if (!(own->alpha_max >= 0.0 && own->alpha_max <= MAX_MAX)) {
        return cli_usage("--lm-alpha-max", "is not from 0 to %g", MAX_MAX);
    }
    if (!(own->beta_max >= 0.0 && own->beta_max <= MAX_MAX)) {
        return cli_usage("--lm-beta-max", "is not from 0 to %g", MAX_MAX);
    }
    return CLI_PARSED;
}

static int check(struct settings *settings, const struct cli_words *words) {
    int exit_code;

    if (words->n != 1) {
        return cli_usage("eval", "one manifest is needed: CSV or TSV with audio and text");
    }
    if (settings->own.resume && cli_is_same_file(settings->own.resume, words->items[0])) {
        return cli_usage(settings->own.resume, "is the manifest");
    }
    exit_code = parse_shard(settings);
    return exit_code == CLI_PARSED ? check_tuning(&settings->own) : exit_code;
}

/* The lines of the shard; owned by the caller. */
static struct cli_eval_line *select_lines(const struct settings *settings,
                                          const struct cli_manifest *manifest, size_t *n_lines) {
    struct cli_eval_line *lines = cli_calloc(manifest->n_lines + 1, sizeof(*lines));
    size_t i;

    *n_lines = 0;
    for (i = settings->shard - 1; i < manifest->n_lines; i += settings->n_shards) {
        lines[(*n_lines)++].source = &manifest->lines[i];
    }
    return lines;
}

/* With what it is done: an object in *object, or the exit code after a report. */
static int describe(const struct settings *settings, const struct dsinfer_model *model,
                    const struct dsinfer_decoder_options *options, json_t **object) {
    const char *lm = cli_decoder_get_lm(&settings->decoder);
    const char *const names[] = {"model", "language model", "trie"};
    const char *const paths[] = {cli_model_get_name(&settings->model), lm,
                                 lm ? settings->decoder.scorer.trie : NULL};
    struct cli_error error;
    char text[32];
    size_t i;

    *object = cli_json_object();
    cli_json_set(*object, "version", cli_json_string(dsinfer_version()));
    for (i = 0; i < CLI_N(paths); i++) {
        if (!cli_fingerprint_file(*object, names[i], paths[i], &error)) {
            json_decref(*object);
            return cli_report_exit(paths[i], &error, CLI_EXIT_MODEL);
        }
    }
    cli_fingerprint_labels(*object, model);
    for (i = 1; i < CLI_N(settings->groups); i++) {
        cli_fingerprint_options(*object, &settings->groups[i]);
    }
    if (lm && !isnan(options->alpha)) {
        snprintf(text, sizeof(text), "%.15g", options->alpha);
        cli_json_set(*object, "lm-alpha", cli_json_string(text));
    }
    if (lm && !isnan(options->beta)) {
        snprintf(text, sizeof(text), "%.15g", options->beta);
        cli_json_set(*object, "lm-beta", cli_json_string(text));
    }
    return CLI_EXIT_OK;
}

static int open_journal(const struct settings *settings, const struct cli_eval_job *job,
                        const struct dsinfer_model *model,
                        const struct dsinfer_decoder_options *options,
                        struct cli_journal *journal) {
    struct cli_error error;
    json_t *object;
    int exit_code;

    if (!settings->own.resume) {
        return CLI_EXIT_OK;
    }
    exit_code = describe(settings, model, options, &object);
    if (exit_code != CLI_EXIT_OK) {
        return exit_code;
    }
    if (!cli_journal_open(journal, settings->own.resume, object, job->manifest, job->lines,
                          job->n_lines, &error)) {
        exit_code = cli_report_exit(settings->own.resume, &error, CLI_EXIT_MODEL);
    }
    json_decref(object);
    return exit_code;
}

static int create_streams(const struct settings *settings, struct dsinfer_model *model,
                          const struct dsinfer_decoder_options *decoder,
                          struct dsinfer_stream **streams, size_t n_streams) {
    struct dsinfer_error library_error = {DSINFER_OK, ""};
    struct dsinfer_stream_options options;
    enum dsinfer_status status = DSINFER_OK;
    size_t i;

    dsinfer_stream_options_init(&options);
    options.n_threads = settings->model.n_threads;
    options.decoder = *decoder;
    for (i = 0; i < n_streams && status == DSINFER_OK; i++) {
        status = dsinfer_stream_create(model, &options, &streams[i], &library_error);
    }
    if (status == DSINFER_OK) {
        return CLI_EXIT_OK;
    }
    return cli_decoder_report(&settings->decoder, cli_model_get_name(&settings->model), status,
                              &library_error);
}

static int evaluate(const struct settings *settings, struct cli_eval_job *job,
                    struct dsinfer_model *model, const struct dsinfer_decoder_options *decoder,
                    struct dsinfer_stream *const *streams, size_t n_streams) {
    struct cli_journal journal = {NULL};
    int exit_code = open_journal(settings, job, model, decoder, &journal);

    if (exit_code == CLI_EXIT_OK) {
        exit_code = cli_eval_run(job, model, streams, n_streams, &journal, settings->own.resume);
    }
    cli_journal_close(&journal);
    return exit_code;
}

static int tune(const struct settings *settings, struct cli_eval_job *job,
                struct dsinfer_model *model, const struct dsinfer_decoder_options *decoder) {
    const struct cli_tune_options options = {settings->own.alpha_max, settings->own.beta_max,
                                             settings->own.logits, decoder,
                                             settings->model.n_threads};

    if (!decoder->scorer) {
        return cli_usage("--tune", "there is no language model whose weights could be tuned");
    }
    return cli_tune(job, model, &options);
}

static int open_and_evaluate(struct settings *settings, struct cli_eval_job *job) {
    struct dsinfer_decoder_options decoder;
    struct dsinfer_stream *streams[CLI_JOBS_MAX] = {NULL};
    const size_t n_streams = cli_jobs_count(settings->own.n_jobs, job->n_lines);
    struct dsinfer_model *model = NULL;
    int exit_code;
    size_t i;

    cli_interrupt_catch();
    exit_code = cli_model_open(&settings->model, &model);
    if (exit_code == CLI_EXIT_OK) {
        cli_model_note_alphabet(&settings->model, model);
        exit_code = cli_decoder_open(&settings->decoder, &settings->model, model, &decoder);
    }
    if (exit_code == CLI_EXIT_OK) {
        /* Tuning needs no stream, but what fails here would fail there, recording by recording. */
        exit_code = create_streams(settings, model, &decoder, streams, n_streams);
    }
    if (exit_code == CLI_EXIT_OK) {
        exit_code = settings->own.is_tune
                        ? tune(settings, job, model, &decoder)
                        : evaluate(settings, job, model, &decoder, streams, n_streams);
    }
    for (i = 0; i < n_streams; i++) {
        dsinfer_stream_destroy(streams[i]);
    }
    dsinfer_model_unref(model);
    return exit_code;
}

static int evaluate_manifest(struct settings *settings, const char *name) {
    struct cli_eval_job job = {
        .name = name,
        .is_json = settings->own.is_json,
        .has_texts = settings->own.has_texts,
        .has_progress = settings->own.has_progress,
    };
    struct cli_manifest manifest;
    struct cli_error error;
    int exit_code;
    size_t i;

    if (!cli_manifest_read(name, &manifest, &error)) {
        return cli_report_exit(name, &error, CLI_EXIT_AUDIO);
    }
    job.manifest = &manifest;
    job.lines = select_lines(settings, &manifest, &job.n_lines);
    exit_code = open_and_evaluate(settings, &job);
    for (i = 0; i < job.n_lines; i++) {
        free(job.lines[i].hypothesis);
        free(job.lines[i].failure);
    }
    free(job.lines);
    cli_manifest_finish(&manifest);
    return exit_code;
}

static int run(int argc, char **argv) {
    struct settings settings;
    struct cli_words words = {0};
    int exit_code;

    memset(&settings, 0, sizeof(settings));
    settings.own.alpha_max = settings.own.beta_max = (double)NAN;
    settings.own.n_jobs = 1;
    settings.groups[0] =
        (struct cli_group){"Evaluating", own_options, CLI_N(own_options), &settings.own};
    settings.groups[1] = cli_model_options(&settings.model);
    settings.groups[2] = cli_decoder_options(&settings.decoder);
    settings.groups[3] = cli_decoder_scorer_options(&settings.decoder);
    exit_code = cli_parse(&cli_eval, settings.groups, CLI_N(settings.groups), argc, argv, &words);
    if (exit_code == CLI_PARSED) {
        exit_code = check(&settings, &words);
    }
    if (exit_code == CLI_PARSED) {
        exit_code = cli_decoder_check(&settings.decoder);
    }
    if (exit_code == CLI_PARSED) {
        exit_code = evaluate_manifest(&settings, words.items[0]);
    }
    cli_decoder_settings_finish(&settings.decoder);
    cli_model_settings_finish(&settings.model);
    cli_words_finish(&words);
    return exit_code;
}

const struct cli_command cli_eval = {
    "eval",
    "MANIFEST",
    "word and character error rates over many recordings",
    "Transcribes the recordings of a manifest and counts what is wrong. A manifest is CSV or TSV "
    "whose first line names the columns: wav_filename, file or audio for the recording, transcript "
    "or text for what is said in it. Names are relative to the manifest's folder. Texts are "
    "compared as they are; only blanks make no difference. Rates are errors (substitutions, "
    "insertions, deletions) of all recordings together, by their words or Unicode code points.",
    "  dsinfer eval test.csv\n"
    "  dsinfer eval --json --lm lm.binary -m output_graph.pb test.tsv\n"
    "  dsinfer eval --shard 2/4 --resume shard2.jsonl test.csv\n"
    "  dsinfer eval --tune --decoder prefix --lm lm.binary dev.csv\n",
    run,
};
