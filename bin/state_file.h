/* Saved states: the options that name them, reading and writing them.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_STATE_FILE_H
#define BIN_STATE_FILE_H

#include "bin/errors.h"
#include "bin/options.h"

#include <dsinfer/stream.h>

/* --save-state --load-state --resume --save-every */
struct cli_state_settings {
    const char *save, *load, *resume; /* paths, or NULL */
    double every_s;                   /* 0: not given */
};

/* Fills in the defaults and returns the options. */
struct cli_group cli_state_options(struct cli_state_settings *settings);

/* The first option that was given, by its name, or NULL. */
const char *cli_state_get_option(const struct cli_state_settings *settings);

/* CLI_PARSED, or the exit code after a report, where the options contradict each other. */
int cli_state_check(struct cli_state_settings *settings);

/* Whether the file at `path` begins like a state. */
bool cli_state_probe(const char *path);

/* Reads a state whole; *bytes is freed by the caller. */
bool cli_state_read(const char *path, void **bytes, size_t *size, struct cli_error *error);

/* A stream that goes on from the state at `path`. */
bool cli_state_load(const char *path, struct dsinfer_model *model,
                    const struct dsinfer_stream_options *options, struct dsinfer_stream **stream,
                    struct cli_error *error);

/* Replaces the file at `path` as a whole, or leaves it alone. */
bool cli_state_save(const char *path, const struct dsinfer_stream *stream, struct cli_error *error);

#endif
