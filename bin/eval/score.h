/* What an evaluation adds up: the errors of each recording and of all, and how sure the rates are.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_EVAL_SCORE_H
#define BIN_EVAL_SCORE_H

#include "bin/eval/alignment.h"

#include <stddef.h>

struct cli_score {
    struct cli_edits words, characters;
};

/* Two rates between which that of other recordings of the kind lies, with 95 % confidence. */
struct cli_interval {
    double low, high;
};

void cli_score_compute(const char *reference, const char *hypothesis, struct cli_score *score);
void cli_score_add(struct cli_score *sum, const struct cli_score *more);

/* The bootstrap over recordings: as many as there are, drawn with replacement, 1000 times from a
 * fixed seed; 2.5 % of the rates so found are below the interval, 2.5 % above. Without any
 * word or character in the references both ends are NAN. */
void cli_score_bootstrap(const struct cli_score *scores, size_t n, struct cli_interval *words,
                         struct cli_interval *characters);

#endif
