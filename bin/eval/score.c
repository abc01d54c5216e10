/* Sums of errors, and the bootstrap.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/eval/score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N_DRAWS 1000
#define N_OUTSIDE 25 /* of the draws, on either side */
#define SEED 20181201u

void cli_score_compute(const char *reference, const char *hypothesis, struct cli_score *score) {
    cli_align_words(reference, hypothesis, &score->words);
    cli_align_characters(reference, hypothesis, &score->characters);
}

void cli_score_add(struct cli_score *sum, const struct cli_score *more) {
    cli_edits_add(&sum->words, &more->words);
    cli_edits_add(&sum->characters, &more->characters);
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t draw(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The draws that had no word at all stand for nothing. */
static struct cli_interval find_interval(double *rates, size_t n) {
    struct cli_interval interval = {(double)NAN, (double)NAN};

    if (n) {
        qsort(rates, n, sizeof(*rates), compare);
        interval.low = rates[n * N_OUTSIDE / N_DRAWS];
        interval.high = rates[n - 1 - n * N_OUTSIDE / N_DRAWS];
    }
    return interval;
}

void cli_score_bootstrap(const struct cli_score *scores, size_t n, struct cli_interval *words,
                         struct cli_interval *characters) {
    double word_rates[N_DRAWS], character_rates[N_DRAWS];
    size_t n_word_rates = 0, n_character_rates = 0;
    uint64_t state = SEED;
    size_t i, k;

    for (i = 0; i < N_DRAWS && n; i++) {
        struct cli_score sum = {0};

        for (k = 0; k < n; k++) {
            cli_score_add(&sum, &scores[draw(&state) % n]);
        }
        if (sum.words.n_reference) {
            word_rates[n_word_rates++] = cli_edits_get_rate(&sum.words);
        }
        if (sum.characters.n_reference) {
            character_rates[n_character_rates++] = cli_edits_get_rate(&sum.characters);
        }
    }
    *words = find_interval(word_rates, n_word_rates);
    *characters = find_interval(character_rates, n_character_rates);
}
