/* Evaluating a manifest: every recording transcribed as `dsinfer transcribe` does it, and compared.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_EVAL_EVALUATE_H
#define BIN_EVAL_EVALUATE_H

#include "bin/eval/journal.h"
#include "bin/eval/manifest.h"
#include "bin/eval/report.h"

#include <dsinfer/stream.h>

struct cli_eval_job {
    const char *name; /* of the manifest */
    const struct cli_manifest *manifest;
    struct cli_eval_line *lines; /* [n_lines], the shard's, in the order of the manifest */
    size_t n_lines;
    bool is_json, has_texts, has_progress;
};

/* Transcribes the lines that are not done yet, as many at a time as there are streams, and prints
 * what is known of all. A recording that fails is named, and the others go on; a signal ends it
 * after the last whole one. `journal` may have no file. Returns the exit code. */
int cli_eval_run(struct cli_eval_job *job, struct dsinfer_model *model,
                 struct dsinfer_stream *const *streams, size_t n_streams,
                 struct cli_journal *journal, const char *journal_name);

/* Reports that recording `line` failed and keeps the sentence. */
void cli_eval_fail(struct cli_eval_line *line, const struct cli_error *error);

/* Says on stderr how far the work came when a signal ended it; returns the exit code. */
int cli_eval_interrupted(const struct cli_eval_job *job, size_t n_done);

#endif
