/* decode/language and the searches with a scorer: scores reckoned by hand, hot words, and what
 * holds for both searches. SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/language.h"

#include "tests/support/rng.h"
#include "tests/support/test.h"
#include "tests/support/tiny_scorer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N_LABELS 29
#define MAX_FRAMES 64
#define LN_10 2.302585092994046

/* Close enough for sums in float32. */
#define NEAR 1e-4

static const char LABELS[] = " abcdefghijklmnopqrstuvwxyz'-";

static const enum dsinfer_family FAMILIES[] = {DSINFER_FAMILY_DS03, DSINFER_FAMILY_DS04,
                                               DSINFER_FAMILY_DS05, DSINFER_FAMILY_DS06,
                                               DSINFER_FAMILY_DS07};
#define N_FAMILIES (sizeof(FAMILIES) / sizeof(*FAMILIES))

/* With alpha 2, beta 0.5, and a beam of 30. */
static struct dsinfer_decoder_options make_options(struct dsinfer_scorer *scorer) {
    struct dsinfer_decoder_options options;

    dsinfer_decoder_options_init(&options);
    options.scorer = scorer;
    options.alpha = 2.0;
    options.beta = 0.5;
    options.beam_width = 30;
    options.n_candidates = 10;
    return options;
}

static struct dsinfer_decoder *create(enum dsinfer_family family,
                                      const struct dsinfer_decoder_options *options) {
    struct dsinfer_error error = {DSINFER_OK, ""};
    struct dsinfer_decoder_input input;
    struct dsinfer_decoder *decoder;

    dsinfer_decoder_input_init(&input);
    input.family = family;
    if (dsinfer_decoder_create(&input, options, &decoder, &error) != DSINFER_OK) {
        fail_msg("%s", error.message);
    }
    return decoder;
}

/* Logits in which the label of each character leads by `lead`; '-' is the blank. */
static size_t write_rows(const char *text, float lead, float rows[MAX_FRAMES * N_LABELS]) {
    const size_t n = strlen(text);
    size_t i;

    assert_true(n <= MAX_FRAMES);
    memset(rows, 0, n * N_LABELS * sizeof(*rows));
    for (i = 0; i < n; i++) {
        rows[i * N_LABELS + (size_t)(strchr(LABELS, text[i]) - LABELS)] = lead;
    }
    return n;
}

/* Score of a text that the rows leave no doubt of. */
static double score(const char *text, const struct dsinfer_decoder_options *options) {
    struct dsinfer_decoder *decoder = create(DSINFER_FAMILY_DS07, options);
    static float rows[MAX_FRAMES * N_LABELS];
    const size_t n = write_rows(text, 60.0f, rows);
    struct dsinfer_transcript got;
    double confidence;

    assert_int_equal(dsinfer_decoder_feed(decoder, rows, n), DSINFER_OK);
    assert_int_equal(dsinfer_decoder_get_transcript(decoder, &got), DSINFER_OK);
    assert_string_equal(got.candidates[0].text, text);
    confidence = got.confidence;
    dsinfer_decoder_destroy(decoder);
    return confidence;
}

static void assert_score(const char *text, const struct dsinfer_decoder_options *options,
                         double expected) {
    const double got = score(text, options);

    if (!(fabs(got - expected) < NEAR)) {
        fail_msg("'%s' scores %.7g, not %.7g", text, got, expected);
    }
}

static void a_text_scores_what_its_words_do(void **state) {
    struct dsinfer_scorer *scorer = test_make_tiny_scorer(false);
    const struct dsinfer_decoder_options options = make_options(scorer);

    (void)state;
    assert_score("ab", &options, 2.0 * -0.4 * LN_10 + 0.5);
    assert_score("ab cd", &options, 2.0 * (-0.4 - 0.5) * LN_10 + 2 * 0.5);
    assert_score("ab cd ", &options, 2.0 * (-0.4 - 0.5) * LN_10 + 2 * 0.5);
    assert_score("ab cd ab", &options, 2.0 * (-0.4 - 0.5 - 0.6) * LN_10 + 3 * 0.5);
    assert_score("cd", &options, 2.0 * (-0.3 - 0.8) * LN_10 + 0.5); /* backs off */
    dsinfer_scorer_unref(scorer);
}

static void each_hot_word_is_boosted_once_also_the_last(void **state) {
    const struct dsinfer_hot_word words[] = {{"cd", 2.5f}, {"ab", 3.0f}, {"other", 7.0f}};
    struct dsinfer_scorer *scorer = test_make_tiny_scorer(false);
    struct dsinfer_decoder_options options = make_options(scorer);
    const double plain = 2.0 * (-0.4 - 0.5) * LN_10 + 2 * 0.5;

    (void)state;
    options.hot_words = words;
    options.n_hot_words = 3;
    assert_score("ab", &options, 2.0 * (-0.4 * LN_10 + 3.0) + 0.5);
    assert_score("ab cd", &options, plain + 2.0 * (3.0 + 2.5));
    assert_score("ab cd ", &options, plain + 2.0 * (3.0 + 2.5));
    assert_score("ab cd ab", &options, plain + 2.0 * (-0.6 * LN_10 + 3.0 + 2.5 + 3.0) + 0.5);
    dsinfer_scorer_unref(scorer);
}

/* As 0.9 does: again for each later word of the n-gram, here of two words, and the last not. */
static void compatible_hot_words_are_boosted_by_windows(void **state) {
    const struct dsinfer_hot_word words[] = {{"ab", 3.0f}, {"cd", 2.5f}};
    struct dsinfer_scorer *scorer = test_make_tiny_scorer(false);
    struct dsinfer_decoder_options options = make_options(scorer);
    const double plain = 2.0 * (-0.4 - 0.5) * LN_10 + 2 * 0.5;

    (void)state;
    options.hot_words = words;
    options.n_hot_words = 2;
    options.is_hot_word_compatible = 1;
    assert_score("ab", &options, 2.0 * -0.4 * LN_10 + 0.5);
    assert_score("ab cd", &options, plain + 2.0 * 3.0);
    assert_score("ab cd ", &options, plain + 2.0 * (3.0 + (3.0 + 2.5)));
    dsinfer_scorer_unref(scorer);
}

static float *make_noise(size_t n_frames, uint64_t seed) {
    float *rows = malloc(n_frames * N_LABELS * sizeof(*rows));
    struct test_rng rng = {seed};
    size_t i;

    assert_non_null(rows);
    for (i = 0; i < n_frames * N_LABELS; i++) {
        rows[i] = 4.0f * test_rng_float(&rng);
    }
    return rows;
}

static void assert_same(struct dsinfer_decoder *a, struct dsinfer_decoder *b) {
    struct dsinfer_transcript x, y;
    size_t i;

    assert_int_equal(dsinfer_decoder_get_transcript(a, &x), DSINFER_OK);
    assert_int_equal(dsinfer_decoder_get_transcript(b, &y), DSINFER_OK);
    assert_string_equal(x.text, y.text);
    assert_int_equal(x.n_candidates, y.n_candidates);
    for (i = 0; i < x.n_candidates; i++) {
        const size_t size = x.candidates[i].n_labels * sizeof(uint32_t);

        assert_true(x.candidates[i].score == y.candidates[i].score);
        assert_string_equal(x.candidates[i].text, y.candidates[i].text);
        assert_memory_equal(x.candidates[i].timesteps, y.candidates[i].timesteps, size);
    }
}

static void partial_results_never_change_the_final_ones(void **state) {
    struct dsinfer_scorer *scorer = test_make_tiny_scorer(false);
    const struct dsinfer_hot_word word = {"cd", 1.5f};
    const size_t n_frames = 200;
    size_t k, i;

    (void)state;
    for (k = 0; k < 2 * N_FAMILIES; k++) {
        const enum dsinfer_family family = FAMILIES[k / 2];
        struct dsinfer_decoder_options options = make_options(scorer);
        struct dsinfer_decoder *silent, *asked;
        float *rows = make_noise(n_frames, 20 + k);

        options.hot_words = &word;
        options.n_hot_words = family == DSINFER_FAMILY_DS03 ? 0 : 1;
        options.is_hot_word_compatible = k % 2 == 1;
        silent = create(family, &options);
        asked = create(family, &options);
        assert_int_equal(dsinfer_decoder_feed(silent, rows, n_frames), DSINFER_OK);
        for (i = 0; i < n_frames; i++) {
            struct dsinfer_transcript partial;

            assert_int_equal(dsinfer_decoder_feed(asked, rows + i * N_LABELS, 1), DSINFER_OK);
            assert_int_equal(dsinfer_decoder_get_transcript(asked, &partial), DSINFER_OK);
        }
        assert_same(silent, asked);
        dsinfer_decoder_destroy(silent);
        dsinfer_decoder_destroy(asked);
        free(rows);
    }
    dsinfer_scorer_unref(scorer);
}

/* Minutes of words: then only the labels put aside and their times grow, by half of their size each
 * time, and where frames are very sure the tree, to its limit. */
static void minutes_take_memory_for_the_text_only(void **state) {
    struct dsinfer_scorer *scorer = test_make_tiny_scorer(false);
    static float rows[2][MAX_FRAMES * N_LABELS];
    struct test_rng rng = {7};
    size_t n_frames, minute, k, i;

    (void)state;
    n_frames = write_rows("-a-b-- --c-d--- -aab- ---c-ddd-- --", 9.0f, rows[0]);
    (void)write_rows("-a-b-- --c-d--- -aab- ---c-ddd-- --", 60.0f, rows[1]); /* sure */
    for (i = 0; i < n_frames * N_LABELS; i++) {
        rows[0][i] += 2.0f * test_rng_float(&rng);
    }
    for (k = 0; k < 4; k++) {
        struct dsinfer_decoder_options options = make_options(scorer);
        struct dsinfer_decoder *decoder;
        unsigned long before = 0;

        options.beam_width = 8;
        decoder = create(k < 2 ? DSINFER_FAMILY_DS07 : DSINFER_FAMILY_DS03, &options);

        for (minute = 0; minute < 9; minute++) {
            before = minute == 6 ? dsi_alloc_get_count() : before;
            for (i = 0; i < 3000; i += n_frames) {
                assert_int_equal(dsinfer_decoder_feed(decoder, rows[k % 2], n_frames), DSINFER_OK);
            }
        }
        assert_in_range(dsi_alloc_get_count() - before, 0, 6);
        dsinfer_decoder_destroy(decoder);
    }
    dsinfer_scorer_unref(scorer);
}

static void a_dictionary_alone_is_refused(void **state) {
    struct dsinfer_scorer *scorer = test_make_tiny_scorer(false);
    struct dsinfer_decoder_options options = make_options(scorer);
    struct dsi_lm *lm = scorer->lm;
    struct dsinfer_decoder_input input;
    struct dsinfer_decoder *decoder;
    struct dsinfer_error error;

    (void)state;
    dsinfer_decoder_input_init(&input);
    scorer->lm = NULL;
    assert_int_equal(dsinfer_decoder_create(&input, &options, &decoder, &error),
                     DSINFER_ERR_ARGUMENT);
    assert_null(decoder);
    assert_non_null(strstr(error.message, "dictionary alone"));
    scorer->lm = lm;
    dsinfer_scorer_unref(scorer);
}

/* Creates, feeds, asks; OK or the first failure. */
static enum dsinfer_status try_all(enum dsinfer_family family,
                                   const struct dsinfer_decoder_options *options, const float *rows,
                                   size_t n_frames) {
    struct dsinfer_transcript transcript;
    struct dsinfer_decoder_input input;
    struct dsinfer_decoder *decoder;
    enum dsinfer_status status;

    dsinfer_decoder_input_init(&input);
    input.family = family;
    status = dsinfer_decoder_create(&input, options, &decoder, NULL);
    if (status != DSINFER_OK) {
        assert_null(decoder);
        return status;
    }
    status = dsinfer_decoder_feed(decoder, rows, n_frames);
    if (status == DSINFER_OK) {
        status = dsinfer_decoder_get_transcript(decoder, &transcript);
    } else {
        assert_int_equal(dsinfer_decoder_feed(decoder, rows, 1), DSINFER_ERR_STATE);
        dsi_alloc_fail_after(-1);
        dsinfer_decoder_reset(decoder);
        assert_int_equal(dsinfer_decoder_feed(decoder, rows, 20), DSINFER_OK);
        assert_int_equal(dsinfer_decoder_get_transcript(decoder, &transcript), DSINFER_OK);
    }
    dsinfer_decoder_destroy(decoder);
    return status;
}

static void every_failed_allocation_is_reported(void **state) {
    const struct dsinfer_hot_word words[] = {{"ab", 3.0f}, {"cd", 2.5f}};
    struct dsinfer_scorer *scorer = test_make_tiny_scorer(false);
    const size_t n_frames = 400;
    float *rows = make_noise(n_frames, 5);
    size_t k;

    (void)state;
    for (k = 0; k < N_FAMILIES; k++) {
        struct dsinfer_decoder_options options = make_options(scorer);
        enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
        long n;

        options.beam_width = 100;
        options.hot_words = words;
        options.n_hot_words = FAMILIES[k] == DSINFER_FAMILY_DS03 ? 0 : 2;
        for (n = 0; status != DSINFER_OK; n++) {
            assert_true(n < 200);
            dsi_alloc_fail_after(n);
            status = try_all(FAMILIES[k], &options, rows, n_frames);
            dsi_alloc_fail_after(-1);
            assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
        }
        assert_true(n > 20);
        assert_int_equal(atomic_load(&scorer->n_references), 1);
    }
    free(rows);
    dsinfer_scorer_unref(scorer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_scores_what_its_words_do),
        cmocka_unit_test(each_hot_word_is_boosted_once_also_the_last),
        cmocka_unit_test(compatible_hot_words_are_boosted_by_windows),
        cmocka_unit_test(partial_results_never_change_the_final_ones),
        cmocka_unit_test(minutes_take_memory_for_the_text_only),
        cmocka_unit_test(a_dictionary_alone_is_refused),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
