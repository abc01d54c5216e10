/* model/lm/arpa: what the text form means, and what is refused.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/lm.h"

#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "\\data\\\nngram 1=4\nngram 2=2\n\n"
#define ONE "\\1-grams:\n-1\t<unk>\n-9\t<s>\t-0.5\n-0.25\ta\t-0.125\n-2e0 b\n\n"
#define TWO "\\2-grams:\n-0.5\t<s> a\n-0.75 a b\n\n"
#define END "\\end\\\n"

static enum dsinfer_status read_text(const char *text, struct dsi_lm **lm,
                                     struct dsinfer_error *err) {
    size_t end;

    return dsi_lm_open_bytes((struct dsi_bytes){(const uint8_t *)text, strlen(text)}, lm, &end,
                             err);
}

static void assert_refused(const char *text, enum dsinfer_status expected, const char *words) {
    struct dsinfer_error err = {0};
    struct dsi_lm *lm = NULL;

    assert_int_equal(read_text(text, &lm, &err), expected);
    assert_null(lm);
    if (!strstr(err.message, words)) {
        fail_msg("'%s' does not say '%s'", err.message, words);
    }
}

static float score(const struct dsi_lm *lm, struct dsi_lm_state *state, const char *word,
                   unsigned *n_matched) {
    struct dsi_lm_state next;
    const uint32_t index = dsi_lm_find_word(lm, word, strlen(word));
    const float prob = dsi_lm_score(lm, state, index, &next, n_matched);

    *state = next;
    return prob;
}

static void a_sentence_is_scored_by_the_longest_n_grams(void **unused) {
    struct dsi_lm_state state;
    struct dsi_lm *lm = NULL;
    unsigned n;

    (void)unused;
    assert_int_equal(read_text(HEAD ONE TWO END, &lm, NULL), DSINFER_OK);
    dsi_lm_get_begin(lm, &state);
    assert_true(score(lm, &state, "a", &n) == -0.5f && n == 2);
    assert_true(score(lm, &state, "b", &n) == -0.75f && n == 2);
    assert_true(score(lm, &state, "a", &n) == -0.25f && n == 1);
    assert_true(score(lm, &state, "a", &n) == -0.25f - 0.125f && n == 1);
    assert_true(score(lm, &state, "zebra", &n) == -1.0f - 0.125f && n == 1);
    dsi_lm_unref(lm);
}

static void a_model_without_unk_gives_unknown_words_minus_100(void **unused) {
    struct dsi_lm_state state;
    struct dsi_lm *lm = NULL;
    unsigned n;

    (void)unused;
    assert_int_equal(read_text("\n \\data\\\r\nngram 1=1\nngram 2=0\n\\1-grams:\r\n-1 a\n"
                               "\\2-grams:\n\\end\\",
                               &lm, NULL),
                     DSINFER_OK);
    dsi_lm_get_null(&state);
    assert_true(score(lm, &state, "b", &n) == -100.0f && n == 1);
    assert_true(score(lm, &state, "a", &n) == -1.0f && n == 1);
    dsi_lm_unref(lm);
}

/* As KenLM does: "b c" is made with b's backoff and c's probability, and counts as matched. */
static void the_end_of_an_n_gram_that_is_not_listed_is_made(void **unused) {
    struct dsi_lm_state state;
    struct dsi_lm *lm = NULL;
    unsigned n;

    (void)unused;
    assert_int_equal(read_text("\\data\\\nngram 1=4\nngram 2=1\nngram 3=1\n\n"
                               "\\1-grams:\n-1 <unk>\n-1 a -0.5\n-2 b -0.25\n-3 c\n\n"
                               "\\2-grams:\n-0.5 a b\n\n\\3-grams:\n-0.125 a b c\n\n\\end\\\n",
                               &lm, NULL),
                     DSINFER_OK);
    dsi_lm_get_null(&state);
    (void)score(lm, &state, "b", &n);
    assert_true(score(lm, &state, "c", &n) == -3.25f && n == 2);
    dsi_lm_unref(lm);
}

/* In binary models -0 says that nothing longer begins with the word; in text it is a number. */
static void a_backoff_of_minus_zero_hides_no_longer_n_gram(void **unused) {
    struct dsi_lm_state state;
    struct dsi_lm *lm = NULL;
    unsigned n;

    (void)unused;
    assert_int_equal(read_text("\\data\\\nngram 1=4\nngram 2=2\nngram 3=1\n\n"
                               "\\1-grams:\n-1 <unk>\n-9 <s> -0\n-1 a -0.0\n-2 b -0\n\n"
                               "\\2-grams:\n-0.5 a b -0\n-0.75 <s> a\n\n"
                               "\\3-grams:\n-0.25 a b a\n\n\\end\\\n",
                               &lm, NULL),
                     DSINFER_OK);
    dsi_lm_get_begin(lm, &state);
    assert_true(score(lm, &state, "a", &n) == -0.75f && n == 2);
    assert_true(score(lm, &state, "b", &n) == -0.5f && n == 2);
    assert_true(score(lm, &state, "a", &n) == -0.25f && n == 3);
    dsi_lm_unref(lm);
}

static void what_is_no_arpa_text_is_refused_with_its_line(void **unused) {
    static const struct {
        const char *text, *words;
    } cases[] = {
        {HEAD, "line 4"},
        {HEAD ONE, "line 10"},
        {HEAD ONE TWO, "ends before \"\\end\\\""},
        {HEAD ONE END, "head of the next order"},
        {HEAD TWO, "line 5"},
        {HEAD "\\1-grams:\n-1 <unk>\n-1 a\n-1 a\n", "there twice"},
        {HEAD "\\1-grams:\n1 <unk>\n", "not above 0"},
        {HEAD "\\1-grams:\nnan <unk>\n", "not above 0"},
        {HEAD "\\1-grams:\n-1e9999 <unk>\n", "not above 0"},
        {HEAD "\\1-grams:\n-1e99999999999999999999 <unk>\n", "not above 0"},
        {HEAD "\\1-grams:\n-0x1p3 <unk>\n", "not above 0"},
        {HEAD "\\1-grams:\n-1\n", "fewer words"},
        {HEAD "\\1-grams:\n-1 a b\n", "no backoff"},
        {HEAD "\\1-grams:\n-1 a -1 b\n", "behind the backoff"},
        {HEAD "\\1-grams:\n-1 a\n-1 b\n-1 c\n-1 d\n-1 e\n", "more n-grams of this order"},
        {HEAD "\\1-grams:\n-1 a\n\\2-grams:\n", "fewer n-grams of this order"},
        {HEAD ONE "\\2-grams:\n-1 a zebra\n", "not among the 1-grams"},
        {HEAD ONE "\\2-grams:\n-1 a b -1\n", "no backoff"},
        {HEAD ONE "\\2-grams:\n-1 a b\n-2 a b\n", "there twice"},
        {"\\data\\\nngram 1=1\n\n\\1-grams:\n-1 a\n\\end\\\n", "two orders"},
        {"\\data\\\nngram 2=1\nngram 1=1\n", "ascending from 1"},
        {"\\data\\\nngram 1=-1\n", "ascending from 1"},
        {"\\data\\\nngram 1=99\nngram 2=99\n", "more n-grams are counted"},
        {"\\data\\\nngram 1=18446744073709551616\n", "more n-grams are counted"},
        {"\\data\\ x\n", "is needed"},
    };
    size_t i;

    (void)unused;
    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_refused(cases[i].text, DSINFER_ERR_MALFORMED, cases[i].words);
    }
}

static void an_order_above_six_is_not_supported(void **unused) {
    (void)unused;
    assert_refused("\\data\\\nngram 1=1\nngram 2=1\nngram 3=1\nngram 4=1\nngram 5=1\nngram 6=1\n"
                   "ngram 7=1\n\n\\1-grams:\n-1 a -1 and so on and so on and so on\n",
                   DSINFER_ERR_UNSUPPORTED, "at most 6");
}

static void a_nul_in_a_word_is_refused(void **unused) {
    static const char text[] = HEAD "\\1-grams:\n-1 a\0b\n" END;
    struct dsinfer_error err = {0};
    struct dsi_lm *lm = NULL;
    size_t end;

    (void)unused;
    assert_int_equal(dsi_lm_open_bytes((struct dsi_bytes){(const uint8_t *)text, sizeof(text) - 1},
                                       &lm, &end, &err),
                     DSINFER_ERR_MALFORMED);
    assert_non_null(strstr(err.message, "NUL"));
}

/* "" and "x" are cut off the end one byte at a time. */
static void every_beginning_of_a_text_is_refused(void **unused) {
    static const char whole[] = HEAD ONE TWO END;
    size_t size;

    (void)unused;
    for (size = 0; size + 2 < sizeof(whole); size++) {
        struct dsinfer_error err = {0};
        struct dsi_lm *lm = NULL;
        unsigned char *copy = malloc(size + 1);
        size_t end;

        assert_non_null(copy);
        memcpy(copy, whole, size);
        assert_int_equal(dsi_lm_open_bytes((struct dsi_bytes){copy, size}, &lm, &end, &err),
                         DSINFER_ERR_MALFORMED);
        free(copy);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sentence_is_scored_by_the_longest_n_grams),
        cmocka_unit_test(a_model_without_unk_gives_unknown_words_minus_100),
        cmocka_unit_test(the_end_of_an_n_gram_that_is_not_listed_is_made),
        cmocka_unit_test(a_backoff_of_minus_zero_hides_no_longer_n_gram),
        cmocka_unit_test(what_is_no_arpa_text_is_refused_with_its_line),
        cmocka_unit_test(an_order_above_six_is_not_supported),
        cmocka_unit_test(a_nul_in_a_word_is_refused),
        cmocka_unit_test(every_beginning_of_a_text_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
