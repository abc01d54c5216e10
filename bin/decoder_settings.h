/* Options of the decoder and its language model, and what they lead to: the scorer that is opened
 * and the options the library takes.
 *
 * Which scorer: none with --no-lm or the decoder greedy; the one that is named; else, with the
 * bundled model, its own lm.binary with the weights in decoder.json beside it; else none.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_DECODER_SETTINGS_H
#define BIN_DECODER_SETTINGS_H

#include "bin/options.h"
#include "bin/scorer_settings.h"
#include "bin/settings.h"

#include <dsinfer/decoder.h>

struct cli_decoder_settings {
    int kind;                                        /* negative: the release's own */
    uint32_t beam_width, n_candidates, cutoff_top_n; /* 0: the default */
    double alpha, beta, cutoff_prob;                 /* NAN: the default */
    const char *hot_words;                           /* word:boost,... or NULL */
    bool is_hot_word_compatible, no_lm;
    struct cli_scorer_settings scorer;
    /* Owned: made by check and open, freed by finish. */
    struct dsinfer_hot_word *hot_list;
    size_t n_hot;
    char *hot_text, *bundled_lm;
    struct dsinfer_scorer *opened;
};

/* Fills in the defaults and returns the options; those that name the scorer are a second group,
 * which belongs to the same settings. */
struct cli_group cli_decoder_options(struct cli_decoder_settings *settings);
struct cli_group cli_decoder_scorer_options(struct cli_decoder_settings *settings);

/* CLI_PARSED, or the exit code after a report, where the options contradict each other. To be
 * called before anything is opened. */
int cli_decoder_check(struct cli_decoder_settings *settings);

/* Opens the scorer, if there is one, and fills `options` for streams and decoders of `model`. They
 * lend from the settings until finish. Failures are reported here; returns CLI_EXIT_OK or the exit
 * code. */
int cli_decoder_open(struct cli_decoder_settings *settings,
                     const struct cli_model_settings *model_settings,
                     const struct dsinfer_model *model, struct dsinfer_decoder_options *options);

/* The same for a decoder without a model: only a scorer that is named. */
int cli_decoder_open_alone(struct cli_decoder_settings *settings,
                           const struct dsinfer_decoder_input *input,
                           struct dsinfer_decoder_options *options);

/* Reports why a stream or decoder could not be made of the options, under the name of the option or
 * scorer at fault, else `name`; returns the exit code. */
int cli_decoder_report(const struct cli_decoder_settings *settings, const char *name,
                       enum dsinfer_status status, const struct dsinfer_error *error);

/* File of the language model in use, or NULL. */
const char *cli_decoder_get_lm(const struct cli_decoder_settings *settings);

void cli_decoder_settings_finish(struct cli_decoder_settings *settings);

#endif
