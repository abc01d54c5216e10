/* Tables and JSON of an evaluation, on stdout.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/eval/report.h"
#include "bin/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

void cli_eval_add_up(const struct cli_eval_line *lines, size_t n_lines, struct cli_eval_sum *sum) {
    struct cli_score *scores = cli_calloc(n_lines + 1, sizeof(*scores));
    size_t i;

    *sum = (struct cli_eval_sum){0};
    for (i = 0; i < n_lines; i++) {
        if (lines[i].hypothesis) {
            cli_score_add(&sum->score, &lines[i].score);
            scores[sum->n_files++] = lines[i].score;
        }
        sum->n_failed += lines[i].failure != NULL;
    }
    cli_score_bootstrap(scores, sum->n_files, &sum->words, &sum->characters);
    free(scores);
}

/* "12.34", or "-" for the rate of nothing. */
static const char *format_rate(double rate, char text[32]) {
    if (isnan(rate)) {
        snprintf(text, 32, "-");
    } else {
        snprintf(text, 32, "%.2f", 100.0 * rate);
    }
    return text;
}

void cli_eval_print_header(void) {
    printf("%8s %8s %8s %6s %6s %6s  file\n", "WER %", "CER %", "words", "sub", "ins", "del");
}

static void print_text(const char *name, const char *text) {
    printf("%50s", name);
    cli_print(stdout, text);
    putchar('\n');
}

void cli_eval_print_line(const struct cli_eval_line *line, bool has_texts) {
    const struct cli_edits *words = &line->score.words;
    char wer[32], cer[32];

    if (line->hypothesis) {
        printf("%8s %8s %8" PRIu64 " %6" PRIu64 " %6" PRIu64 " %6" PRIu64 "  ",
               format_rate(cli_edits_get_rate(words), wer),
               format_rate(cli_edits_get_rate(&line->score.characters), cer), words->n_reference,
               words->n_substitutions, words->n_insertions, words->n_deletions);
    } else {
        printf("%8s %39s  ", "failed", "");
    }
    cli_print(stdout, line->source->audio);
    putchar('\n');
    if (has_texts) {
        print_text("said   ", line->source->text);
        print_text("heard  ", line->hypothesis ? line->hypothesis : "");
    }
}

static void print_rate(const char *name, const char *unit, const struct cli_edits *edits,
                       const struct cli_interval *interval) {
    char rate[32], low[32], high[32];

    printf("%-8s%s %%, 95 %% confidence %s to %s; %" PRIu64 " %s, %" PRIu64 " substituted, %" PRIu64
           " inserted, %" PRIu64 " left out\n",
           name, format_rate(cli_edits_get_rate(edits), rate), format_rate(interval->low, low),
           format_rate(interval->high, high), edits->n_reference, unit, edits->n_substitutions,
           edits->n_insertions, edits->n_deletions);
}

void cli_eval_print_sum(const struct cli_eval_sum *sum) {
    printf("%-8s%zu", "files", sum->n_files);
    if (sum->n_failed) {
        printf(", %zu failed", sum->n_failed);
    }
    putchar('\n');
    print_rate("WER", "words", &sum->score.words, &sum->words);
    print_rate("CER", "characters", &sum->score.characters, &sum->characters);
}

static json_t *make_count(uint64_t count) {
    return json_integer((json_int_t)count);
}

void cli_eval_set_score(json_t *object, const struct cli_score *score) {
    const struct cli_edits *words = &score->words, *characters = &score->characters;

    cli_json_set(object, "words", make_count(words->n_reference));
    cli_json_set(object, "substitutions", make_count(words->n_substitutions));
    cli_json_set(object, "insertions", make_count(words->n_insertions));
    cli_json_set(object, "deletions", make_count(words->n_deletions));
    cli_json_set(object, "wer", cli_json_real(cli_edits_get_rate(words)));
    cli_json_set(object, "characters", make_count(characters->n_reference));
    cli_json_set(object, "character_errors", make_count(cli_edits_get_errors(characters)));
    cli_json_set(object, "cer", cli_json_real(cli_edits_get_rate(characters)));
}

static json_t *make_interval(const struct cli_interval *interval) {
    json_t *array = cli_json_array();

    cli_json_append(array, cli_json_real(interval->low));
    cli_json_append(array, cli_json_real(interval->high));
    return array;
}

static json_t *make_line(const struct cli_eval_line *line, bool has_texts) {
    json_t *object = cli_json_object();

    cli_json_set(object, "file", cli_json_string(line->source->audio));
    cli_json_set(object, "line", make_count(line->source->number));
    if (line->failure) {
        cli_json_set(object, "failure", cli_json_string(line->failure));
        return object;
    }
    cli_eval_set_score(object, &line->score);
    if (has_texts) {
        cli_json_set(object, "reference", cli_json_string(line->source->text));
        cli_json_set(object, "hypothesis", cli_json_string(line->hypothesis));
    }
    return object;
}

void cli_eval_print_json(const struct cli_eval_line *lines, size_t n_lines, bool has_texts,
                         const struct cli_eval_sum *sum) {
    json_t *object = cli_json_object();
    json_t *array = cli_json_array();
    size_t i;

    cli_json_set(object, "files", make_count(sum->n_files));
    cli_json_set(object, "failed", make_count(sum->n_failed));
    cli_eval_set_score(object, &sum->score);
    cli_json_set(object, "wer_interval", make_interval(&sum->words));
    cli_json_set(object, "cer_interval", make_interval(&sum->characters));
    for (i = 0; i < n_lines; i++) {
        if (lines[i].hypothesis || lines[i].failure) {
            cli_json_append(array, make_line(&lines[i], has_texts));
        }
    }
    cli_json_set(object, "results", array);
    cli_json_write(stdout, object, 1);
    putchar('\n');
}
