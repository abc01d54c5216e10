/* Search for the weights alpha and beta of a language model that make the fewest word errors over
 * a manifest. The network runs once for each recording; every try decodes what it said again.
 *
 * First the weights that stand already, where they are known; then a grid of six times six from 0
 * to the largest; then, with half the distance each time, the eight places around the best until
 * none of them is better, four times. Fewer word errors are better, among equals fewer character
 * errors, among these the earlier try. The same input gives the same tries.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_EVAL_TUNE_H
#define BIN_EVAL_TUNE_H

#include "bin/eval/evaluate.h"

struct cli_tune_options {
    double alpha_max, beta_max;                    /* at least 0 */
    const char *folder;                            /* for the logits; NULL: in memory */
    const struct dsinfer_decoder_options *decoder; /* has a scorer */
    uint32_t n_threads;                            /* of the network */
};

/* Returns the exit code. */
int cli_tune(struct cli_eval_job *job, struct dsinfer_model *model,
             const struct cli_tune_options *options);

#endif
