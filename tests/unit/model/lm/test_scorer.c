/* model/lm/scorer: packages and language models with and without tries, and packages built like
 * upstream's.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/scorer.h"

#include "runtime/base/alloc.h"
#include "tests/support/rng.h"
#include "tests/support/test.h"

#include <jansson.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DICT "oracle/lm/dict/"

/* Opens files below the shared folder; "" for the trie: none. */
static enum dsinfer_status open_scorer(const char *name, const char *trie, bool is_bytes,
                                       struct dsinfer_scorer **scorer, struct dsinfer_error *err) {
    char path[TEST_PATH_SIZE], trie_path[TEST_PATH_SIZE];
    struct dsinfer_scorer_options options;

    dsinfer_scorer_options_init(&options);
    options.is_bytes = is_bytes;
    options.trie_path = *trie ? test_shared_path(trie_path, "%s", trie) : NULL;
    return dsinfer_scorer_open(*name ? test_shared_path(path, "%s", name) : NULL, &options, scorer,
                               err);
}

static struct dsinfer_scorer *must_open(const char *name, const char *trie, bool is_bytes) {
    struct dsinfer_scorer *scorer = NULL;
    struct dsinfer_error err = {0};

    if (open_scorer(name, trie, is_bytes, &scorer, &err) != DSINFER_OK) {
        fail_msg("%s %s: %s", name, trie, err.message);
    }
    return scorer;
}

static void look_up(const struct dsinfer_scorer *scorer, const char *text, int *is_word,
                    int *is_prefix) {
    assert_int_equal(dsinfer_scorer_look_up(scorer, text, strlen(text), is_word, is_prefix),
                     DSINFER_OK);
}

static void check_list(const struct dsinfer_scorer *scorer, const json_t *lists, const char *name,
                       int expect_word, int expect_prefix) {
    const json_t *list = json_object_get(lists, name);
    size_t i;

    assert_true(json_array_size(list) >= 40);
    for (i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        int is_word, is_prefix;

        look_up(scorer, text, &is_word, &is_prefix);
        if ((expect_word >= 0 && is_word != expect_word) ||
            (expect_prefix >= 0 && is_prefix != expect_prefix)) {
            fail_msg("'%s' of %s: %d, %d", text, name, is_word, is_prefix);
        }
    }
}

static void check_membership(const struct dsinfer_scorer *scorer) {
    char path[TEST_PATH_SIZE];
    json_t *lists = json_load_file(test_shared_path(path, DICT "membership.json"), 0, NULL);

    assert_non_null(lists);
    check_list(scorer, lists, "words", 1, 1);
    check_list(scorer, lists, "prefixes_not_words", 0, 1);
    check_list(scorer, lists, "not_words", 0, -1);
    check_list(scorer, lists, "not_prefixes", 0, 0);
    json_decref(lists);
}

static void every_way_to_a_scorer_knows_the_same_words(void **state) {
    static const char *const ways[][2] = {
        {DICT "words.scorer", ""},
        {DICT "words-probing.scorer", ""},
        {DICT "lm.binary", ""},
        {DICT "lm.binary", DICT "trie-v1"},
        {DICT "lm.binary", DICT "trie-v2"},
        {DICT "lm.binary", DICT "trie-v3"},
        {DICT "lm.binary", DICT "trie-v5"},
        {DICT "words.scorer", DICT "trie-v2"},
        {"oracle/lm/o2-type2-novocab.bin", DICT "trie-v5"},
        {"", DICT "trie-v1"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
        struct dsinfer_scorer *scorer = must_open(ways[i][0], ways[i][1], false);

        check_membership(scorer);
        assert_non_null(dsinfer_scorer_get_info(scorer)->dictionary);
        dsinfer_scorer_unref(scorer);
    }
}

static void facts_are_those_of_the_files(void **state) {
    struct dsinfer_scorer *scorer = must_open(DICT "words.scorer", "", false);
    const struct dsinfer_scorer_info *info = dsinfer_scorer_get_info(scorer);

    (void)state;
    assert_string_equal(info->format, "scorer");
    assert_string_equal(info->dictionary, "scorer");
    assert_string_equal(info->type, "quantised array trie");
    assert_int_equal(info->n_states, 1794);
    assert_int_equal(info->n_arcs, 3129);
    assert_true(info->has_weights && !info->has_words && !info->is_bytes);
    assert_true(info->alpha == (double)(float)0.931289039105002 || info->alpha > 0.9);
    dsinfer_scorer_unref(scorer);

    scorer = must_open(DICT "lm.binary", DICT "trie-v2", false);
    info = dsinfer_scorer_get_info(scorer);
    assert_string_equal(info->format, "kenlm");
    assert_string_equal(info->dictionary, "trie version 2");
    assert_true(!info->has_weights && info->has_words && info->counts[0] > 1000);
    assert_true(info->alpha == 0.75 && info->beta == 1.85);
    dsinfer_scorer_unref(scorer);
}

/* The package and the model it was made of score alike; n_gram and unknown flags too. */
static void a_package_scores_like_its_model(void **state) {
    static const char sentence[] = "he had  made zzzz\tthe mistake \n";
    struct dsinfer_scorer *package = must_open(DICT "words.scorer", "", false);
    struct dsinfer_scorer *model = must_open(DICT "lm.binary", "", false);
    struct dsinfer_word_score a[16], b[16];
    size_t n_a, n_b, i;
    float total_a, total_b;
    float sum = 0.0f;

    (void)state;
    assert_int_equal(
        dsinfer_scorer_score(package, sentence, sizeof(sentence) - 1, 1, 1, a, 16, &n_a, &total_a),
        DSINFER_OK);
    assert_int_equal(
        dsinfer_scorer_score(model, sentence, sizeof(sentence) - 1, 1, 1, b, 16, &n_b, &total_b),
        DSINFER_OK);
    assert_int_equal(n_a, 7);
    assert_int_equal(n_b, 7);
    for (i = 0; i < n_a; i++) {
        assert_true(a[i].log10 == b[i].log10 && a[i].n_gram == b[i].n_gram);
        assert_int_equal(a[i].is_unknown, i == 3);
        sum += a[i].log10;
    }
    assert_true(total_a == total_b && total_a == sum);
    assert_memory_equal(a[6].text, "</s>", 4);
    /* Fewer places than words: the number and the total are those of all. */
    assert_int_equal(
        dsinfer_scorer_score(model, sentence, sizeof(sentence) - 1, 1, 1, b, 2, &n_b, &total_b),
        DSINFER_OK);
    assert_true(n_b == 7 && total_a == total_b);
    dsinfer_scorer_unref(package);
    dsinfer_scorer_unref(model);
}

static void what_is_missing_cannot_be_asked(void **state) {
    struct dsinfer_scorer *trie = must_open("", DICT "trie-v5", false);
    struct dsinfer_scorer_options options;
    struct dsinfer_scorer *model = NULL;
    char path[TEST_PATH_SIZE];
    int is_word, is_prefix;
    size_t n;

    (void)state;
    dsinfer_scorer_options_init(&options);
    options.without_dictionary = 1;
    test_shared_path(path, DICT "words.scorer");
    assert_int_equal(dsinfer_scorer_open(path, &options, &model, NULL), DSINFER_OK);
    assert_int_equal(dsinfer_scorer_score(trie, "a", 1, 1, 1, NULL, 0, &n, NULL),
                     DSINFER_ERR_STATE);
    assert_int_equal(dsinfer_scorer_look_up(model, "a", 1, &is_word, &is_prefix),
                     DSINFER_ERR_STATE);
    dsinfer_scorer_unref(model);
    dsinfer_scorer_unref(trie);
}

static void odd_texts_are_no_words(void **state) {
    static const char *const texts[] = {" ", "made ", " made", "MADE", "\xc3\xa4", "ma de", "1"};
    struct dsinfer_scorer *scorer = must_open(DICT "words.scorer", "", false);
    char long_text[3000];
    int is_word, is_prefix;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        look_up(scorer, texts[i], &is_word, &is_prefix);
        assert_true(!is_word && !is_prefix);
    }
    look_up(scorer, "", &is_word, &is_prefix);
    assert_true(!is_word && is_prefix);
    memset(long_text, 'a', sizeof(long_text));
    assert_int_equal(
        dsinfer_scorer_look_up(scorer, long_text, sizeof(long_text), &is_word, &is_prefix),
        DSINFER_OK);
    assert_true(!is_word && !is_prefix);
    dsinfer_scorer_unref(scorer);
}

static void bytes_and_letters_do_not_go_together(void **state) {
    struct dsinfer_scorer_options options;
    struct dsinfer_scorer *scorer = must_open("oracle/decode/bytes/bytes.scorer", "", false);
    struct dsinfer_error err = {0};
    char path[TEST_PATH_SIZE], alphabet[TEST_PATH_SIZE];
    const char *failed = NULL;

    (void)state;
    assert_true(scorer->is_bytes && scorer->alphabet.n_labels == 255);
    dsinfer_scorer_unref(scorer);

    dsinfer_scorer_options_init(&options);
    options.alphabet_path = test_shared_path(alphabet, "model/alphabet.txt");
    options.failed_path = &failed;
    test_shared_path(path, "oracle/decode/bytes/bytes.scorer");
    assert_int_equal(dsinfer_scorer_open(path, &options, &scorer, &err), DSINFER_ERR_MISMATCH);
    assert_null(scorer);
    assert_ptr_equal(failed, path);
    assert_non_null(strstr(err.message, "255"));
    assert_non_null(strstr(err.message, "28 labels, and its space is label 0"));
    assert_int_equal(open_scorer(DICT "words.scorer", "", true, &scorer, &err),
                     DSINFER_ERR_MISMATCH);
    assert_non_null(strstr(err.message, "255"));
}

/* The labels of the English alphabet from 1 on, in another order or script; they are refused. */
static void assert_other_alphabet(const char *const *letters, const char *reason) {
    static const char *const ways[][2] = {{DICT "words.scorer", ""},
                                          {DICT "words-probing.scorer", ""},
                                          {DICT "lm.binary", DICT "trie-v2"},
                                          {DICT "lm.binary", DICT "trie-v5"}};
    char path[] = "test_scorer.XXXXXX";
    char lm[TEST_PATH_SIZE], trie[TEST_PATH_SIZE];
    FILE *file = fdopen(mkstemp(path), "w");
    size_t i;

    assert_non_null(file);
    (void)fputs(" \n", file);
    for (i = 0; i < 27; i++) {
        (void)fprintf(file, "%s\n", letters[i]);
    }
    assert_int_equal(fclose(file), 0);
    for (i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
        struct dsinfer_scorer_options options;
        struct dsinfer_scorer *scorer;
        struct dsinfer_error err = {0};

        dsinfer_scorer_options_init(&options);
        options.alphabet_path = path;
        options.trie_path = *ways[i][1] ? test_shared_path(trie, "%s", ways[i][1]) : NULL;
        assert_int_equal(
            dsinfer_scorer_open(test_shared_path(lm, "%s", ways[i][0]), &options, &scorer, &err),
            DSINFER_ERR_MISMATCH);
        if (!strstr(err.message, reason)) {
            fail_msg("'%s' does not say '%s'", err.message, reason);
        }
    }
    (void)unlink(path);
}

static void a_scorer_for_other_letters_is_refused(void **state) {
    static const char *const upper[] = {"A", "B", "C", "D", "E", "F", "G", "H", "I",
                                        "J", "K", "L", "M", "N", "O", "P", "Q", "R",
                                        "S", "T", "U", "V", "W", "X", "Y", "Z", "'"};
    static const char *const swapped[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i",
                                          "j", "k", "l", "m", "n", "o", "p", "q", "r",
                                          "s", "t", "u", "v", "w", "x", "z", "y", "'"};
    static const char *const rotated[] = {"b", "c", "d", "e", "f", "g", "h", "i", "j",
                                          "k", "l", "m", "n", "o", "p", "q", "r", "s",
                                          "t", "u", "v", "w", "x", "y", "z", "'", "a"};

    (void)state;
    assert_other_alphabet(upper, "28 labels spells them, 0 of ");
    assert_other_alphabet(swapped, "its label 25 is 'y', as its language model shows, but in this "
                                   "one it is 'z'");
    assert_other_alphabet(rotated, "the dictionary was made for another alphabet");
}

static void the_file_at_fault_is_named(void **state) {
    char lm[TEST_PATH_SIZE], trie[TEST_PATH_SIZE];
    struct dsinfer_scorer_options options;
    struct dsinfer_scorer *scorer;
    const char *failed = NULL;

    (void)state;
    dsinfer_scorer_options_init(&options);
    options.failed_path = &failed;
    options.trie_path = test_shared_path(trie, "model/alphabet.txt");
    test_shared_path(lm, DICT "lm.binary");
    assert_int_equal(dsinfer_scorer_open(lm, &options, &scorer, NULL), DSINFER_ERR_MALFORMED);
    assert_ptr_equal(failed, trie);
    assert_int_equal(dsinfer_scorer_open(trie, &options, &scorer, NULL), DSINFER_ERR_MALFORMED);
    assert_ptr_equal(failed, trie);
    options.alphabet_path = "no/such/alphabet";
    assert_int_equal(dsinfer_scorer_open(lm, &options, &scorer, NULL), DSINFER_ERR_IO);
    assert_ptr_equal(failed, options.alphabet_path);
}

/* Reads from a block of just `size` bytes. */
static bool try_bytes(const unsigned char *bytes, size_t size) {
    struct dsinfer_scorer scorer = {.lm = NULL};
    unsigned char *copy = malloc(size ? size : 1);
    struct dsi_alphabet alphabet;
    struct dsinfer_error err = {0};
    enum dsinfer_status status;

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    assert_int_equal(dsi_alphabet_init_english(&alphabet), DSINFER_OK);
    status = dsi_scorer_read(&scorer, (struct dsi_bytes){copy, size}, &alphabet, &err);
    assert_true(status == DSINFER_OK || err.message[0] != '\0');
    if (status == DSINFER_OK && scorer.has_dictionary) {
        uint32_t next;

        (void)dsi_dictionary_find(&scorer.dictionary, scorer.dictionary.start, 1, &next);
        (void)dsi_dictionary_is_word(&scorer.dictionary, scorer.dictionary.start);
        assert_true(isfinite(scorer.alpha) && isfinite(scorer.beta));
    }
    dsi_scorer_finish(&scorer);
    dsi_alphabet_finish(&alphabet);
    free(copy);
    return status == DSINFER_OK;
}

static void a_damaged_package_is_refused_or_harmless(void **state) {
    struct test_rng rng = {3};
    char path[TEST_PATH_SIZE];
    unsigned char *bytes;
    size_t size, n;
    int i;

    (void)state;
    bytes = test_read_file(test_shared_path(path, DICT "words.scorer"), &size);
    assert_true(try_bytes(bytes, size));
    for (n = 59463; n < size; n += n < 59700 ? 1 : size / 50) { /* behind the magic */
        assert_false(try_bytes(bytes, n));
    }
    for (i = 0; i < 400; i++) {
        const size_t at = i % 2 ? 59459 + test_rng_next(&rng) % 100 : test_rng_next(&rng) % size;
        const unsigned char flip = (unsigned char)(1U << test_rng_next(&rng) % 8);

        bytes[at] ^= flip;
        (void)try_bytes(bytes, size);
        bytes[at] ^= flip;
    }
    free(bytes);
}

static void a_scorer_without_memory_is_a_clean_error(void **state) {
    static const char *const ways[][2] = {
        {DICT "words.scorer", ""}, {DICT "lm.binary", ""}, {DICT "lm.binary", DICT "trie-v3"}};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
        struct dsinfer_scorer *scorer;
        enum dsinfer_status status;
        long k = 0;

        do {
            struct dsinfer_error err = {0};

            dsi_alloc_fail_after(k++);
            status = open_scorer(ways[i][0], ways[i][1], false, &scorer, &err);
            dsi_alloc_fail_after(-1);
            assert_true(status == DSINFER_OK ||
                        (status == DSINFER_ERR_NO_MEMORY && err.status == status && !scorer));
        } while (status != DSINFER_OK);
        assert_true(k > 4);
        dsinfer_scorer_unref(scorer);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_to_a_scorer_knows_the_same_words),
        cmocka_unit_test(facts_are_those_of_the_files),
        cmocka_unit_test(a_package_scores_like_its_model),
        cmocka_unit_test(what_is_missing_cannot_be_asked),
        cmocka_unit_test(odd_texts_are_no_words),
        cmocka_unit_test(bytes_and_letters_do_not_go_together),
        cmocka_unit_test(a_scorer_for_other_letters_is_refused),
        cmocka_unit_test(the_file_at_fault_is_named),
        cmocka_unit_test(a_damaged_package_is_refused_or_harmless),
        cmocka_unit_test(a_scorer_without_memory_is_a_clean_error),
    };

    return test_has_shared() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
