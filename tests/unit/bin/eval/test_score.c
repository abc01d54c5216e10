/* Sums and intervals.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/eval/score.h"
#include "tests/support/test.h"

#include <math.h>

#define N 400

static void scores_have_words_and_characters(void **state) {
    struct cli_score sum = {0};
    struct cli_score score;

    (void)state;
    cli_score_compute("the cat", "the bat sat", &score);
    cli_score_add(&sum, &score);
    cli_score_add(&sum, &score);
    assert_int_equal(sum.words.n_reference, 4);
    assert_int_equal(sum.words.n_substitutions, 2);
    assert_int_equal(sum.words.n_insertions, 2);
    assert_int_equal(sum.characters.n_reference, 14);
    assert_int_equal(cli_edits_get_errors(&sum.characters), 10);
}

/* Files of ten words with errors in every third: the normal approximation of the interval, from
 * the deviation between files, is the independent answer. */
static void interval_is_that_of_the_normal_approximation(void **state) {
    struct cli_interval words, characters, again;
    struct cli_score scores[N] = {0};
    double rate = 0.0, squares = 0.0, half;
    size_t i;

    (void)state;
    for (i = 0; i < N; i++) {
        scores[i].words.n_reference = 10;
        scores[i].words.n_deletions = i % 3 == 0 ? 6 : i % 2;
        scores[i].characters.n_reference = 50;
        rate += cli_edits_get_rate(&scores[i].words) / N;
    }
    for (i = 0; i < N; i++) {
        const double rest = cli_edits_get_rate(&scores[i].words) - rate;

        squares += rest * rest;
    }
    half = 1.96 * sqrt(squares / (N - 1.0) / N);
    cli_score_bootstrap(scores, N, &words, &characters);
    assert_true(fabs(words.low - (rate - half)) < 0.15 * half);
    assert_true(fabs(words.high - (rate + half)) < 0.15 * half);
    assert_true(characters.low == 0.0 && characters.high == 0.0);
    cli_score_bootstrap(scores, N, &again, &characters);
    assert_true(again.low == words.low && again.high == words.high);
}

static void one_recording_knows_no_spread(void **state) {
    struct cli_interval words, characters;
    struct cli_score score;

    (void)state;
    cli_score_compute("the cat", "the bat", &score);
    cli_score_bootstrap(&score, 1, &words, &characters);
    assert_true(words.low == 0.5 && words.high == 0.5);
}

static void nothing_said_has_no_interval(void **state) {
    struct cli_interval words, characters;
    struct cli_score score;

    (void)state;
    cli_score_compute("", "the bat", &score);
    cli_score_bootstrap(&score, 1, &words, &characters);
    assert_true(isnan(words.low) && isnan(words.high) && isnan(characters.low));
    cli_score_bootstrap(&score, 0, &words, &characters);
    assert_true(isnan(words.low) && isnan(words.high));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_have_words_and_characters),
        cmocka_unit_test(interval_is_that_of_the_normal_approximation),
        cmocka_unit_test(one_recording_knows_no_spread),
        cmocka_unit_test(nothing_said_has_no_interval),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
