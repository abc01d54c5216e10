/* The tries, and what they are made on.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/eval/tune.h"
#include "bin/eval/logits.h"
#include "bin/eval/progress.h"
#include "bin/input/audio.h"
#include "bin/interrupt.h"
#include "bin/memory.h"
#include "bin/network.h"
#include "bin/output/writer.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define MAX_AUDIO_S 14400 /* of one recording */
#define N_GRID 6          /* weights of each kind in the grid */
#define N_REFINEMENTS 4
#define DIGITS 1e6 /* weights are multiples of its inverse, to be typed as they are printed */

struct try {
    double alpha, beta;
    struct cli_score score;
};

struct tuning {
    struct cli_eval_job *job;
    struct dsinfer_model *model;
    const struct cli_tune_options *options;
    struct cli_logits logits;
    struct cli_progress progress;
    struct try *tries; /* owned */
    size_t n_tries;
    size_t best;
    int exit_code; /* other than CLI_EXIT_OK: the search is over */
};

static bool hear(struct tuning *tuning, struct cli_network *network, size_t i,
                 struct cli_error *error) {
    const struct cli_manifest_line *source = tuning->job->lines[i].source;
    struct dsinfer_error library_error = {DSINFER_OK, ""};
    char *path = cli_manifest_locate(tuning->job->manifest, source);
    float *samples = NULL;
    size_t n_samples;
    bool is_good = cli_audio_read_whole(path, dsinfer_model_info(tuning->model)->sample_rate,
                                        MAX_AUDIO_S, &samples, &n_samples, error);

    if (is_good && !cli_interrupt_get()) {
        enum dsinfer_status status = cli_network_load(network, samples, n_samples, &library_error);

        status = status == DSINFER_OK ? cli_network_run(network) : status;
        is_good = status == DSINFER_OK || cli_fail_library(error, status, &library_error);
    }
    free(samples);
    free(path);
    return is_good;
}

/* Fills the logits of all recordings. False: the search cannot begin. */
static bool hear_all(struct tuning *tuning, struct cli_network *network) {
    struct cli_eval_job *job = tuning->job;
    struct cli_error error;
    size_t i;

    cli_progress_begin(&tuning->progress, job->has_progress, job->name, "recordings", job->n_lines,
                       0);
    for (i = 0; i < job->n_lines && !cli_interrupt_get(); i++) {
        const bool is_good = hear(tuning, network, i, &error);

        if (cli_interrupt_get()) {
            break;
        }
        cli_progress_clear(&tuning->progress);
        if (!is_good) {
            cli_eval_fail(&job->lines[i], &error);
        } else if (!cli_logits_put(&tuning->logits, i, job->lines[i].source->number,
                                   network->logits, network->n_frames, &error)) {
            tuning->exit_code = cli_report_exit(tuning->options->folder, &error, CLI_EXIT_RUNTIME);
            return false;
        }
        cli_progress_show(&tuning->progress, i + 1);
    }
    cli_progress_clear(&tuning->progress);
    if (cli_interrupt_get()) {
        tuning->exit_code = cli_eval_interrupted(job, i);
    }
    return tuning->exit_code == CLI_EXIT_OK;
}

static int compute_logits(struct tuning *tuning) {
    struct dsinfer_error library_error = {DSINFER_OK, ""};
    struct cli_network network;
    struct cli_error error;
    const enum dsinfer_status status =
        cli_network_init(&network, tuning->model, 0, tuning->options->n_threads, &library_error);

    if (status != DSINFER_OK) {
        cli_fail_library(&error, status, &library_error);
        tuning->exit_code = cli_report_exit("--tune", &error, CLI_EXIT_MODEL);
    } else {
        hear_all(tuning, &network);
    }
    cli_network_finish(&network);
    return tuning->exit_code;
}

/* Decodes recording `i` and adds its errors. */
static bool decode_one(struct tuning *tuning, struct dsinfer_decoder *decoder, size_t i,
                       struct cli_score *sum, struct cli_error *error) {
    const struct cli_manifest_line *source = tuning->job->lines[i].source;
    struct dsinfer_transcript transcript;
    struct cli_score score;
    struct cli_npy array;
    const float *rows;
    size_t n_frames;
    enum dsinfer_status status;

    if (!cli_logits_get(&tuning->logits, i, source->number, &array, &rows, &n_frames, error)) {
        return false;
    }
    dsinfer_decoder_reset(decoder);
    status = dsinfer_decoder_feed(decoder, rows, n_frames);
    if (status == DSINFER_OK) {
        status = dsinfer_decoder_get_transcript(decoder, &transcript);
    }
    if (status == DSINFER_OK) {
        cli_score_compute(source->text, transcript.text, &score);
        cli_score_add(sum, &score);
    }
    cli_npy_finish(&array);
    return status == DSINFER_OK || cli_fail_library(error, status, NULL);
}

/* Decodes all recordings with the weights of `try`; false: the search is over. */
static bool decode_all(struct tuning *tuning, struct try *try) {
    struct dsinfer_decoder_options options = *tuning->options->decoder;
    struct dsinfer_error library_error = {DSINFER_OK, ""};
    struct cli_eval_job *job = tuning->job;
    struct dsinfer_decoder *decoder = NULL;
    struct dsinfer_decoder_input input;
    enum dsinfer_status status;
    struct cli_error error;
    bool is_good;
    size_t i;

    options.alpha = try->alpha;
    options.beta = try->beta;
    dsinfer_decoder_input_init(&input);
    input.model = tuning->model;
    status = dsinfer_decoder_create(&input, &options, &decoder, &library_error);
    is_good = status == DSINFER_OK || cli_fail_library(&error, status, &library_error);
    cli_progress_begin(&tuning->progress, job->has_progress, job->name, "recordings of this try",
                       job->n_lines, 0);
    for (i = 0; i < job->n_lines && is_good && !cli_interrupt_get(); i++) {
        is_good = job->lines[i].failure || decode_one(tuning, decoder, i, &try->score, &error);
        cli_progress_show(&tuning->progress, i + 1);
    }
    cli_progress_clear(&tuning->progress);
    dsinfer_decoder_destroy(decoder);
    if (!is_good) {
        tuning->exit_code = cli_report_exit("--tune", &error, CLI_EXIT_RUNTIME);
    } else if (cli_interrupt_get()) {
        tuning->exit_code = CLI_EXIT_SIGNAL + cli_interrupt_get();
    }
    return tuning->exit_code == CLI_EXIT_OK;
}

static bool is_better(const struct cli_score *a, const struct cli_score *b) {
    const uint64_t a_words = cli_edits_get_errors(&a->words);
    const uint64_t b_words = cli_edits_get_errors(&b->words);

    return a_words != b_words
               ? a_words < b_words
               : cli_edits_get_errors(&a->characters) < cli_edits_get_errors(&b->characters);
}

static void print_try(const struct try *try) {
    const struct cli_edits *words = &try->score.words;

    printf("%10.10g %10.10g %8.2f %8.2f %8" PRIu64 " %6" PRIu64 " %6" PRIu64 " %6" PRIu64 "\n",
           try->alpha, try->beta, 100.0 * cli_edits_get_rate(words),
           100.0 * cli_edits_get_rate(&try->score.characters), words->n_reference,
           words->n_substitutions, words->n_insertions, words->n_deletions);
    fflush(stdout);
}

/* Tries these weights, unless they were tried. False: the search is over. */
static bool visit(struct tuning *tuning, double alpha, double beta) {
    struct try *try;
    size_t i;

    alpha = round(alpha * DIGITS) / DIGITS;
    beta = round(beta * DIGITS) / DIGITS;
    for (i = 0; i < tuning->n_tries; i++) {
        if (tuning->tries[i].alpha == alpha && tuning->tries[i].beta == beta) {
            return true;
        }
    }
    tuning->tries = cli_realloc(tuning->tries, tuning->n_tries + 1, sizeof(*tuning->tries));
    try = &tuning->tries[tuning->n_tries];
    *try = (struct try){.alpha = alpha, .beta = beta};
    if (!decode_all(tuning, try)) {
        return false;
    }
    if (!tuning->job->is_json) {
        print_try(try);
    }
    if (tuning->n_tries && is_better(&try->score, &tuning->tries[tuning->best].score)) {
        tuning->best = tuning->n_tries;
    }
    tuning->n_tries++;
    return true;
}

static bool visit_grid(struct tuning *tuning) {
    const struct cli_tune_options *options = tuning->options;
    int i, j;

    if (!isnan(options->decoder->alpha) && !isnan(options->decoder->beta) &&
        !visit(tuning, options->decoder->alpha, options->decoder->beta)) {
        return false;
    }
    for (i = 0; i < N_GRID; i++) {
        for (j = 0; j < N_GRID; j++) {
            if (!visit(tuning, options->alpha_max * i / (N_GRID - 1),
                       options->beta_max * j / (N_GRID - 1))) {
                return false;
            }
        }
    }
    return true;
}

/* The places around the best one, `part` of the range apart, until it stays the best. */
static bool visit_neighbours(struct tuning *tuning, double part) {
    const struct cli_tune_options *options = tuning->options;
    size_t before;

    do {
        const struct try middle = tuning->tries[tuning->best];
        int i, j;

        before = tuning->best;
        for (i = -1; i <= 1; i++) {
            for (j = -1; j <= 1; j++) {
                const double alpha = middle.alpha + i * part * options->alpha_max;
                const double beta = middle.beta + j * part * options->beta_max;

                if (alpha >= 0.0 && alpha <= options->alpha_max && beta >= 0.0 &&
                    beta <= options->beta_max && !visit(tuning, alpha, beta)) {
                    return false;
                }
            }
        }
    } while (tuning->best != before);
    return true;
}

static void search(struct tuning *tuning) {
    double part = 1.0 / (N_GRID - 1);
    bool goes_on;
    int i;

    if (!tuning->job->is_json) {
        printf("%10s %10s %8s %8s %8s %6s %6s %6s\n", "alpha", "beta", "WER %", "CER %", "words",
               "sub", "ins", "del");
    }
    goes_on = visit_grid(tuning);
    for (i = 0; i < N_REFINEMENTS && goes_on; i++) {
        part /= 2.0;
        goes_on = visit_neighbours(tuning, part);
    }
}

static json_t *make_try(const struct try *try) {
    json_t *object = cli_json_object();

    cli_json_set(object, "alpha", cli_json_real(try->alpha));
    cli_json_set(object, "beta", cli_json_real(try->beta));
    cli_eval_set_score(object, &try->score);
    return object;
}

static void print_json(const struct tuning *tuning, size_t n_failed) {
    json_t *object = make_try(&tuning->tries[tuning->best]);
    json_t *array = cli_json_array();
    size_t i;

    cli_json_set(object, "files", json_integer((json_int_t)(tuning->job->n_lines - n_failed)));
    cli_json_set(object, "failed", json_integer((json_int_t)n_failed));
    for (i = 0; i < tuning->n_tries; i++) {
        cli_json_append(array, make_try(&tuning->tries[i]));
    }
    cli_json_set(object, "tries", array);
    cli_json_write(stdout, object, 1);
    putchar('\n');
}

static size_t count_failed(const struct cli_eval_job *job) {
    size_t n = 0;
    size_t i;

    for (i = 0; i < job->n_lines; i++) {
        n += job->lines[i].failure != NULL;
    }
    return n;
}

/* Prints the best try; returns the exit code. */
static int conclude(const struct tuning *tuning) {
    const struct cli_eval_job *job = tuning->job;
    const struct try *best = &tuning->tries[tuning->best];
    const size_t n_failed = count_failed(job);
    struct cli_error error;

    if (tuning->n_tries && job->is_json) {
        print_json(tuning, n_failed);
    } else if (tuning->n_tries) {
        printf("best of %zu: --lm-alpha %.10g --lm-beta %.10g\n", tuning->n_tries, best->alpha,
               best->beta);
    }
    if (!cli_writer_flush(stdout, &error)) {
        return cli_report_exit(CLI_STDOUT_NAME, &error, CLI_EXIT_RUNTIME);
    }
    if (tuning->exit_code > CLI_EXIT_SIGNAL) {
        char sentence[64];

        snprintf(sentence, sizeof(sentence), "interrupted: %zu tries are done", tuning->n_tries);
        cli_note(job->name, sentence);
    }
    if (tuning->exit_code != CLI_EXIT_OK) {
        return tuning->exit_code;
    }
    return n_failed ? CLI_EXIT_SOME : CLI_EXIT_OK;
}

int cli_tune(struct cli_eval_job *job, struct dsinfer_model *model,
             const struct cli_tune_options *options) {
    struct tuning tuning = {.job = job, .model = model, .options = options};
    struct cli_error error;
    int exit_code;

    if (!cli_logits_init(&tuning.logits, options->folder, job->n_lines,
                         dsinfer_model_info(model)->n_labels, &error)) {
        return cli_report_exit(options->folder, &error, CLI_EXIT_RUNTIME);
    }
    exit_code = compute_logits(&tuning);
    if (exit_code == CLI_EXIT_OK && count_failed(job) == job->n_lines) {
        cli_fail(&error, CLI_AUDIO, "there is no recording to tune the weights on");
        exit_code = cli_report_exit(job->name, &error, CLI_EXIT_AUDIO);
    } else if (exit_code == CLI_EXIT_OK) {
        search(&tuning);
        exit_code = conclude(&tuning);
    }
    cli_logits_finish(&tuning.logits);
    free(tuning.tries);
    return exit_code;
}
