/* Results in the chosen format.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/output/output.h"

#include <dsinfer/stream.h>

#include <string.h>

/* In the same order. */
static const char *const format_names[] = {"text", "json", "jsonl", "csv",
                                           "tsv",  "srt",  "vtt",   NULL};
static const struct cli_format *const formats[] = {
    &cli_format_text, &cli_format_json, &cli_format_jsonl, &cli_format_csv,
    &cli_format_tsv,  &cli_format_srt,  &cli_format_vtt};

static const struct cli_option output_options[] = {
    {"format", 0, CLI_CHOICE, NULL, offsetof(struct cli_output_settings, format),
     "a line of text each, one JSON value, a JSON object a line, a table with a row for each "
     "utterance, or subtitles (default text)",
     0, 0, format_names},
    {"output", 'o', CLI_TEXT, "FILE", offsetof(struct cli_output_settings, path),
     "write there (default: standard output)", 0, 0, NULL},
};

struct cli_group cli_output_options(struct cli_output_settings *settings) {
    struct cli_group group = {"Output", output_options, CLI_N(output_options), settings};

    memset(settings, 0, sizeof(*settings));
    return group;
}

static bool check(struct cli_output *output, bool is_good, const struct cli_error *error) {
    if (!is_good) {
        cli_report(output->writer.name, error);
    }
    return is_good;
}

static bool flush(struct cli_output *output) {
    struct cli_error error;

    return check(output, cli_writer_flush(output->writer.file, &error), &error);
}

bool cli_output_open(struct cli_output *output, const struct cli_output_settings *settings,
                     size_t n_inputs) {
    struct dsinfer_stream_options defaults;
    struct cli_error error;

    memset(output, 0, sizeof(*output));
    output->format = formats[settings->format];
    output->n_inputs = n_inputs;
    dsinfer_stream_options_init(&defaults);
    output->rules.silence_s = defaults.endpoint_silence_s;
    output->rules.longest_s = defaults.endpoint_longest_s;
    if (!check(output, cli_writer_open(&output->writer, settings->path, &error), &error)) {
        return false;
    }
    if (output->format->begin) {
        output->format->begin(output);
    }
    return true;
}

bool cli_output_result(struct cli_output *output, const char *input,
                       const struct dsinfer_transcript *transcript) {
    output->format->result(output, input, transcript);
    output->n_written++;
    return flush(output);
}

bool cli_output_partial(struct cli_output *output, const char *input,
                        const struct dsinfer_transcript *transcript) {
    output->format->partial(output, input, transcript);
    return flush(output);
}

bool cli_output_close(struct cli_output *output, bool is_good) {
    struct cli_error error;

    if (is_good && output->format->end) {
        output->format->end(output);
    }
    if (cli_writer_close(&output->writer, &error)) {
        return is_good;
    }
    if (is_good) {
        cli_report(output->writer.name, &error);
    }
    return false;
}
