/* Errors of words and characters, against cases counted by hand and against all alignments.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/eval/alignment.h"
#include "tests/support/rng.h"
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

static void assert_edits(const struct cli_edits *edits, uint64_t n, uint64_t substitutions,
                         uint64_t insertions, uint64_t deletions) {
    assert_int_equal(edits->n_reference, n);
    assert_int_equal(edits->n_substitutions, substitutions);
    assert_int_equal(edits->n_insertions, insertions);
    assert_int_equal(edits->n_deletions, deletions);
}

static void assert_words(const char *reference, const char *hypothesis, uint64_t n,
                         uint64_t substitutions, uint64_t insertions, uint64_t deletions) {
    struct cli_edits edits;

    cli_align_words(reference, hypothesis, &edits);
    assert_edits(&edits, n, substitutions, insertions, deletions);
}

static void words_are_counted_as_by_hand(void **state) {
    (void)state;
    assert_words("the cat sat on the mat", "the cat sat on the mat", 6, 0, 0, 0);
    assert_words("the cat sat on the mat", "the bat sat on mat", 6, 1, 0, 1);
    assert_words("the cat sat", "oh the cat it sat", 3, 0, 2, 0);
    assert_words("the cat sat", "", 3, 0, 0, 3);
    assert_words("", "the cat", 0, 0, 2, 0);
    assert_words("", "", 0, 0, 0, 0);
    assert_words("a b c d", "a x c", 4, 1, 0, 1);
}

static void as_many_words_as_possible_are_right(void **state) {
    (void)state;
    /* Two substitutions would cost the same and leave nothing right. */
    assert_words("a b", "b c", 2, 0, 1, 1);
}

static void only_blanks_make_no_difference(void **state) {
    (void)state;
    assert_words("  the\tcat\n sat ", "the cat  sat", 3, 0, 0, 0);
    assert_words("the cat", "The cat.", 2, 2, 0, 0);
}

static void beginning_of_a_word_is_another_word(void **state) {
    (void)state;
    assert_words("the there", "there the", 2, 0, 1, 1);
    assert_words("a", "aa", 1, 1, 0, 0);
}

static void characters_are_code_points(void **state) {
    struct cli_edits edits;

    (void)state;
    cli_align_characters("caf\xc3\xa9 \xf0\x9f\x98\x80", "cafe \xf0\x9f\x98\x80", &edits);
    assert_edits(&edits, 6, 1, 0, 0);
    cli_align_characters("  the \t cat", "the cat ", &edits);
    assert_edits(&edits, 7, 0, 0, 0);
    cli_align_characters("the cat", "thecats", &edits);
    assert_edits(&edits, 7, 0, 1, 1);
    cli_align_characters("a\xff\xfe", "a\xef\xbf\xbd\xef\xbf\xbd", &edits);
    assert_edits(&edits, 3, 0, 0, 0);
    cli_align_characters("", " ", &edits);
    assert_edits(&edits, 0, 0, 0, 0);
}

/* Errors and substitutions of the best alignment, by trying all. */
static uint64_t try_all(const char *a, const char *b) {
    const uint64_t one = (uint64_t)1 << 32;
    uint64_t best, other;

    if (!*a || !*b) {
        return (strlen(a) + strlen(b)) * one;
    }
    best = try_all(a + 1, b + 1) + (*a == *b ? 0 : one + 1);
    other = try_all(a + 1, b) + one;
    best = other < best ? other : best;
    other = try_all(a, b + 1) + one;
    return other < best ? other : best;
}

static void best_alignment_is_found_among_all(void **state) {
    struct test_rng rng = {5};
    size_t i, k;

    (void)state;
    for (i = 0; i < 500; i++) {
        char texts[2][8] = {"", ""};
        struct cli_edits edits;
        uint64_t best;

        for (k = 0; k < 2; k++) {
            const size_t length = test_rng_next(&rng) % 7;
            size_t at;

            for (at = 0; at < length; at++) {
                texts[k][at] = (char)('a' + test_rng_next(&rng) % 3);
            }
        }
        cli_align_characters(texts[0], texts[1], &edits);
        best = try_all(texts[0], texts[1]);
        assert_int_equal(cli_edits_get_errors(&edits), best >> 32);
        assert_int_equal(edits.n_substitutions, best & 0xffffffff);
        assert_int_equal(edits.n_reference + edits.n_insertions,
                         strlen(texts[1]) + edits.n_deletions);
    }
}

static void rates_are_of_the_reference(void **state) {
    struct cli_edits sum = {0};
    struct cli_edits edits;

    (void)state;
    assert_true(isnan(cli_edits_get_rate(&sum)));
    cli_align_words("a b c d", "a x c", &edits);
    cli_edits_add(&sum, &edits);
    cli_align_words("", "y", &edits);
    cli_edits_add(&sum, &edits);
    assert_edits(&sum, 4, 1, 1, 1);
    assert_true(cli_edits_get_rate(&sum) == 0.75);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_counted_as_by_hand),
        cmocka_unit_test(as_many_words_as_possible_are_right),
        cmocka_unit_test(only_blanks_make_no_difference),
        cmocka_unit_test(beginning_of_a_word_is_another_word),
        cmocka_unit_test(characters_are_code_points),
        cmocka_unit_test(best_alignment_is_found_among_all),
        cmocka_unit_test(rates_are_of_the_reference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
