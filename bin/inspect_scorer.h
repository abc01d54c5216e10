/* The part of `inspect` about language models, dictionaries and scorers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_INSPECT_SCORER_H
#define BIN_INSPECT_SCORER_H

#include <dsinfer/scorer.h>

#include <jansson.h>

/* Adds the facts to the object of --json. */
void cli_inspect_scorer_add(json_t *object, const struct dsinfer_scorer_info *info);

/* Prints them as lines. */
void cli_inspect_scorer_print(const struct dsinfer_scorer_info *info);

#endif
