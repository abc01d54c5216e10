/* The lines that are done, kept in a file so that work that was broken off goes on from there.
 *
 * The first line says with what they were done, then comes one for each recording:
 *     {"dsinfer_eval": 1, "settings": {"model": "…", "beam-width": "100"}}
 *     {"line": 2, "file": "a.wav", "reference": "one two", "hypothesis": "one too"}
 * Each is written at once when its recording is done. A last line without its end (the program was
 * killed while writing) does not count and is cut off. A file made with other settings, or of
 * other lines than the manifest has, is refused, and so is one that another program holds.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_EVAL_JOURNAL_H
#define BIN_EVAL_JOURNAL_H

#include "bin/eval/report.h"

#include <stdio.h>

#define CLI_JOURNAL_MAX_SIZE (1l << 30)

struct cli_journal {
    FILE *file; /* NULL: none */
};

/* Opens or makes the file; `settings` is an object of strings. The hypotheses of the lines it has
 * are filled in (owned by the lines); lines it has of other shards are skipped over. On failure
 * nothing is open, and the hypotheses found so far are left to their owner. */
bool cli_journal_open(struct cli_journal *journal, const char *path, json_t *settings,
                      const struct cli_manifest *manifest, struct cli_eval_line *lines,
                      size_t n_lines, struct cli_error *error);

bool cli_journal_add(struct cli_journal *journal, const struct cli_eval_line *line,
                     struct cli_error *error);

void cli_journal_close(struct cli_journal *journal);

#endif
