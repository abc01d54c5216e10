/* Options that name a scorer, and opening what they name.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_SCORER_SETTINGS_H
#define BIN_SCORER_SETTINGS_H

#include "bin/options.h"

#include <dsinfer/scorer.h>

/* --scorer --lm --trie */
struct cli_scorer_settings {
    const char *scorer; /* a package */
    const char *lm;     /* a language model, with or without a trie */
    const char *trie;
};

/* Clears the settings and returns the options. */
struct cli_group cli_scorer_options(struct cli_scorer_settings *settings);

/* CLI_PARSED, or the exit code where the options contradict each other. */
int cli_scorer_check(const struct cli_scorer_settings *settings);

/* Opens the scorer that the settings name; `options` say the rest. Failures are reported here under
 * the name of the file at fault; returns CLI_EXIT_OK or the exit code. */
int cli_scorer_open(const struct cli_scorer_settings *settings,
                    const struct dsinfer_scorer_options *options, struct dsinfer_scorer **scorer);

#endif
