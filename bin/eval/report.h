/* What `eval` prints: a table with a row for each recording and the sums below, or one JSON object.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_EVAL_REPORT_H
#define BIN_EVAL_REPORT_H

#include "bin/eval/manifest.h"
#include "bin/eval/score.h"
#include "bin/output/json.h"

/* A line of the manifest, and what became of it. */
struct cli_eval_line {
    const struct cli_manifest_line *source; /* borrowed */
    char *hypothesis;                       /* owned; NULL: not done */
    char *failure;                          /* owned; the sentence, or NULL */
    struct cli_score score;                 /* where it is done */
};

/* All lines that are done together. */
struct cli_eval_sum {
    size_t n_files, n_failed;
    struct cli_score score;
    struct cli_interval words, characters;
};

void cli_eval_add_up(const struct cli_eval_line *lines, size_t n_lines, struct cli_eval_sum *sum);

void cli_eval_print_header(void);
void cli_eval_print_line(const struct cli_eval_line *line, bool has_texts);
void cli_eval_print_sum(const struct cli_eval_sum *sum);

/* Adds words, substitutions, insertions, deletions and wer, characters, character_errors and cer.
 */
void cli_eval_set_score(json_t *object, const struct cli_score *score);

/* The whole object. */
void cli_eval_print_json(const struct cli_eval_line *lines, size_t n_lines, bool has_texts,
                         const struct cli_eval_sum *sum);

#endif
