/* Options that name a model, and opening it; where the files of the bundled one lie.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_SETTINGS_H
#define BIN_SETTINGS_H

#include "bin/errors.h"
#include "bin/options.h"

#include <dsinfer/model.h>

/* -m --alphabet --threads --kernels --precision */
struct cli_model_settings {
    const char *path; /* NULL: the bundled model */
    const char *alphabet;
    uint32_t n_threads; /* of a stream */
    int kernels;        /* enum dsinfer_kernel_level */
    int precision;      /* enum dsinfer_precision */
    char *found_path;   /* owned: the bundled model's, once it was opened */
};

/* Fills in the defaults and returns the options. */
struct cli_group cli_model_options(struct cli_model_settings *settings);

/* --model alone, or all about arithmetic, where the rest has no meaning. */
struct cli_group cli_model_path_options(struct cli_model_settings *settings);
struct cli_group cli_kernel_options(struct cli_model_settings *settings);

/* Names of the families for --family, in the order of enum dsinfer_family from
 * DSINFER_FAMILY_DS01 on. */
extern const char *const cli_family_names[];

/* Opens the model. Failures are reported here; returns CLI_EXIT_OK or the exit code. */
int cli_model_open(struct cli_model_settings *settings, struct dsinfer_model **model);

/* Says on stderr when a model named by the user gets the built-in English alphabet. */
void cli_model_note_alphabet(const struct cli_model_settings *settings,
                             const struct dsinfer_model *model);

/* Name of the model for messages: what the user wrote, or the bundled model's path. */
const char *cli_model_get_name(const struct cli_model_settings *settings);

void cli_model_settings_finish(struct cli_model_settings *settings);

/* Path of a file of the bundled model ("output_graph.pb", "sample.wav"): beside the program in a
 * build tree and in an installation, else in the folder fixed when the program was built. Owned by
 * the caller; the last place where none has it. */
char *cli_bundled_path(const char *name);

#endif
