/* Formats of results; one table entry each.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_OUTPUT_OUTPUT_H
#define BIN_OUTPUT_OUTPUT_H

#include "bin/options.h"
#include "bin/output/cues.h"
#include "bin/output/writer.h"

#include <dsinfer/decoder.h>

struct cli_output {
    const struct cli_format *format;
    struct cli_writer writer;
    size_t n_inputs;  /* that results may come from */
    size_t n_written; /* results so far */
    size_t n_cues;    /* in all of them */
    struct cli_cue_rules rules;
};

struct cli_format {
    const char *name;
    /* Before the first result, after the last one; NULL where nothing is to be written. */
    void (*begin)(struct cli_output *output);
    void (*end)(struct cli_output *output);
    void (*result)(struct cli_output *output, const char *input,
                   const struct dsinfer_transcript *transcript);
    /* NULL: partial texts go to stderr. */
    void (*partial)(struct cli_output *output, const char *input,
                    const struct dsinfer_transcript *transcript);
};

extern const struct cli_format cli_format_text, cli_format_json, cli_format_jsonl;
extern const struct cli_format cli_format_csv, cli_format_tsv; /* table.c */
extern const struct cli_format cli_format_srt, cli_format_vtt; /* subtitles.c */

/* --format and -o */
struct cli_output_settings {
    int format;
    const char *path;
};

struct cli_group cli_output_options(struct cli_output_settings *settings);

/* All report their failures; false: nothing more can be written. Results reach the system at
 * once. Utterances end by the library's own rules, unless others are stored afterwards. */
bool cli_output_open(struct cli_output *output, const struct cli_output_settings *settings,
                     size_t n_inputs);
bool cli_output_result(struct cli_output *output, const char *input,
                       const struct dsinfer_transcript *transcript);
bool cli_output_partial(struct cli_output *output, const char *input,
                        const struct dsinfer_transcript *transcript);

/* `is_good`: nothing has failed so far, so the end is written, too, and a failure reported. */
bool cli_output_close(struct cli_output *output, bool is_good);

#endif
