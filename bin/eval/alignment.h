/* How many words, or characters, of a text another one has wrong: substituted, inserted and left
 * out, in the alignment with the fewest errors, and among these in one with the most items right.
 *
 * Words are what blanks (space, tab, line ends) separate. Characters are Unicode code points; any
 * number of blanks together counts as one, and none at the ends. Nothing else is made equal: case,
 * punctuation and spelling count.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_EVAL_ALIGNMENT_H
#define BIN_EVAL_ALIGNMENT_H

#include <stdint.h>

struct cli_edits {
    uint64_t n_reference; /* words or characters that were said */
    uint64_t n_substitutions, n_insertions, n_deletions;
};

void cli_align_words(const char *reference, const char *hypothesis, struct cli_edits *edits);

/* What is no UTF-8 counts as U+FFFD, byte by byte. */
void cli_align_characters(const char *reference, const char *hypothesis, struct cli_edits *edits);

void cli_edits_add(struct cli_edits *sum, const struct cli_edits *more);

/* All three kinds together. */
uint64_t cli_edits_get_errors(const struct cli_edits *edits);

/* Errors for each item of the reference; NAN where it has none. */
double cli_edits_get_rate(const struct cli_edits *edits);

#endif
