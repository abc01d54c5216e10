/* A transcript cut into utterances, and these into cues of subtitles: at most two lines of 42
 * characters and ten seconds, in order and not overlapping.
 *
 * An utterance ends where no word is said for a while, or before the word with which it would
 * become too long. A cue that cannot hold all of an utterance ends at the longest pause of its
 * second half. No text is left out; a word too long for a line is divided, its time in proportion.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_OUTPUT_CUES_H
#define BIN_OUTPUT_CUES_H

#include <dsinfer/decoder.h>

#include <stdbool.h>

#define CLI_CUE_LINES 2
#define CLI_CUE_COLUMNS 42
#define CLI_CUE_LONGEST_S 10.0

/* Where utterances end: words this far apart, and longer than that. */
struct cli_cue_rules {
    double silence_s, longest_s;
};

/* A part of a transcript. */
struct cli_utterance {
    size_t first, end; /* its words, transcript->words[first … end - 1] */
    double start_s, end_s;
};

/* The utterance that begins with the word `first` (there is one); its times are not before
 * `not_before_s`, and it ends after it has begun. */
struct cli_utterance cli_utterance_find(const struct dsinfer_transcript *transcript,
                                        const struct cli_cue_rules *rules, size_t first,
                                        double not_before_s);

struct cli_cue {
    double start_s, end_s;
    size_t n_lines;
    char lines[CLI_CUE_LINES][4 * CLI_CUE_COLUMNS + 1]; /* UTF-8 */
};

/* Where the cues of a transcript are gone through. */
struct cli_cues {
    const struct dsinfer_transcript *transcript; /* borrowed */
    struct cli_cue_rules rules;
    size_t word;          /* of the next cue */
    size_t piece;         /* of that word */
    size_t utterance_end; /* the word after the utterance of that word */
    double last_end_s;
};

void cli_cues_init(struct cli_cues *cues, const struct dsinfer_transcript *transcript,
                   const struct cli_cue_rules *rules);

/* The next cue; false where there is none. */
bool cli_cues_next(struct cli_cues *cues, struct cli_cue *cue);

#endif
