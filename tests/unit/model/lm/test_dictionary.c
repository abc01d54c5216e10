/* model/lm/dictionary: the dictionaries of every release hold the same words, and damaged ones are
 * refused.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/dictionary.h"
#include "model/lm/spelling.h"

#include "runtime/base/alloc.h"
#include "tests/support/rng.h"
#include "tests/support/test.h"

#include <jansson.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const tries[] = {"trie-v1", "trie-v2", "trie-v3", "trie-v5"};

#define N_TRIES (sizeof(tries) / sizeof(*tries))

struct words {
    struct dsi_alphabet alphabet;
    struct dsi_spelling spelling;
};

static int set_up(void **state) {
    struct words *words = calloc(1, sizeof(*words));

    if (!words || dsi_alphabet_init_english(&words->alphabet) != DSINFER_OK ||
        dsi_spelling_init(&words->spelling, &words->alphabet, NULL) != DSINFER_OK) {
        return -1;
    }
    *state = words;
    return 0;
}

static int tear_down(void **state) {
    struct words *words = *state;

    dsi_spelling_finish(&words->spelling);
    dsi_alphabet_finish(&words->alphabet);
    free(words);
    return 0;
}

/* Follows the letters of a text; false where the dictionary ends. */
static bool follow(const struct words *words, const struct dsi_dictionary *dictionary,
                   const char *text, uint32_t *node) {
    uint32_t labels[DSI_DICTIONARY_MAX_LENGTH];
    size_t n, i;

    assert_true(dsi_spelling_write(&words->spelling, text, strlen(text), labels,
                                   DSI_DICTIONARY_MAX_LENGTH, &n));
    *node = dictionary->start;
    for (i = 0; i < n; i++) {
        if (!dsi_dictionary_find(dictionary, *node, labels[i], node)) {
            return false;
        }
    }
    return true;
}

enum kind { WORD, PREFIX, NO_WORD, NO_PREFIX };

static void check_text(const struct words *words, const struct dsi_dictionary *dictionary,
                       const char *text, enum kind kind) {
    uint32_t node;
    const bool is_prefix = follow(words, dictionary, text, &node);
    const bool is_word = is_prefix && dsi_dictionary_is_word(dictionary, node);

    if ((kind == WORD && !is_word) || (kind == PREFIX && (!is_prefix || is_word)) ||
        (kind == NO_WORD && is_word) || (kind == NO_PREFIX && is_prefix)) {
        fail_msg("%s: '%s' is %s", dictionary->info.format, text,
                 is_word ? "a word" : (is_prefix ? "a prefix" : "nothing"));
    }
}

static void check_list(const struct words *words, const struct dsi_dictionary *dictionary,
                       const json_t *list, enum kind kind) {
    size_t i;

    assert_true(json_array_size(list) >= 40);
    for (i = 0; i < json_array_size(list); i++) {
        check_text(words, dictionary, json_string_value(json_array_get(list, i)), kind);
    }
}

static void check_vocabulary(const struct words *words, const struct dsi_dictionary *dictionary) {
    char path[TEST_PATH_SIZE];
    size_t size, n_words = 0;
    char *bytes = (char *)test_read_file(test_shared_path(path, "oracle/lm/dict/vocab.txt"), &size);
    char *text = bytes;
    char *end;

    while ((end = memchr(text, '\n', size - (size_t)(text - bytes))) != NULL) {
        *end = '\0';
        check_text(words, dictionary, text, WORD);
        text = end + 1;
        n_words++;
    }
    assert_true(n_words >= 1419);
    free(bytes);
}

static void check_membership(const struct words *words, const struct dsi_dictionary *dictionary) {
    char path[TEST_PATH_SIZE];
    json_t *lists =
        json_load_file(test_shared_path(path, "oracle/lm/dict/membership.json"), 0, NULL);

    assert_non_null(lists);
    check_list(words, dictionary, json_object_get(lists, "words"), WORD);
    check_list(words, dictionary, json_object_get(lists, "prefixes_not_words"), PREFIX);
    check_list(words, dictionary, json_object_get(lists, "not_words"), NO_WORD);
    check_list(words, dictionary, json_object_get(lists, "not_prefixes"), NO_PREFIX);
    check_vocabulary(words, dictionary);
    json_decref(lists);
}

static void open_trie(const struct words *words, const char *name,
                      struct dsi_dictionary *dictionary) {
    char path[TEST_PATH_SIZE];
    struct dsinfer_error err = {0};

    test_shared_path(path, "oracle/lm/dict/%s", name);
    if (dsi_dictionary_open(dictionary, path, &words->alphabet, &err) != DSINFER_OK) {
        fail_msg("%s: %s", name, err.message);
    }
}

static struct dsi_lm *open_lm(void) {
    char path[TEST_PATH_SIZE];
    struct dsi_lm *lm;

    assert_int_equal(dsi_lm_open(test_shared_path(path, "oracle/lm/dict/lm.binary"), &lm, NULL),
                     DSINFER_OK);
    return lm;
}

static void every_version_holds_the_same_words(void **state) {
    const struct words *words = *state;
    struct dsi_dictionary dictionary;
    size_t i;

    for (i = 0; i < N_TRIES; i++) {
        open_trie(words, tries[i], &dictionary);
        assert_int_equal(dictionary.info.has_scores, i < 2);
        check_membership(words, &dictionary);
        dsi_dictionary_finish(&dictionary);
    }
}

static void the_words_of_a_model_make_the_same_dictionary(void **state) {
    const struct words *words = *state;
    struct dsi_dictionary dictionary;
    struct dsi_lm *lm = open_lm();

    assert_int_equal(dsi_dictionary_build(&dictionary, lm, &words->alphabet, NULL), DSINFER_OK);
    check_membership(words, &dictionary);
    dsi_dictionary_finish(&dictionary);
    dsi_lm_unref(lm);
}

/* `digits`: text has six, binary all. */
static void check_nodes(const struct words *words, const struct dsi_dictionary *dictionary,
                        double tolerance) {
    char path[TEST_PATH_SIZE];
    json_t *root =
        json_load_file(test_shared_path(path, "oracle/lm/dict/trie-v2-nodes.json"), 0, NULL);
    const char *prefix;
    json_t *numbers;

    assert_non_null(root);
    json_object_foreach(json_object_get(root, "nodes"), prefix, numbers) {
        uint32_t node;
        const bool is_there = follow(words, dictionary, prefix, &node);

        assert_int_equal(is_there, !json_is_null(numbers));
        if (is_there) {
            const double expected = json_real_value(json_array_get(numbers, 2));
            const double found = (double)dsi_dictionary_get_score(dictionary, node);

            if (fabs(found - expected) > tolerance * fabs(expected)) {
                fail_msg("'%s': %.9g, but %.9g is expected", prefix, found, expected);
            }
        }
    }
    json_decref(root);
}

static void prefixes_have_the_lowest_score_of_their_words(void **state) {
    const struct words *words = *state;
    struct dsi_dictionary dictionary;
    struct dsi_lm *lm = open_lm();

    open_trie(words, "trie-v1", &dictionary);
    check_nodes(words, &dictionary, 1e-5);
    dsi_dictionary_finish(&dictionary);
    open_trie(words, "trie-v2", &dictionary);
    check_nodes(words, &dictionary, 1e-7); /* float32, written with eight digits */
    dsi_dictionary_finish(&dictionary);
    assert_int_equal(dsi_dictionary_build(&dictionary, lm, &words->alphabet, NULL), DSINFER_OK);
    check_nodes(words, &dictionary, 1e-7); /* float32, written with eight digits */
    dsi_dictionary_finish(&dictionary);
    dsi_lm_unref(lm);
}

/* Opens the automaton of `name` and expands it. */
static void expand(const struct words *words, const char *name, const struct dsi_lm *lm,
                   struct dsi_dictionary *tree) {
    struct dsi_dictionary dag;

    open_trie(words, name, &dag);
    assert_int_equal(dsi_dictionary_expand(&dag, lm, &words->alphabet, tree, NULL), DSINFER_OK);
    dsi_dictionary_finish(&dag);
}

static void an_automaton_expands_to_the_tree_with_its_scores(void **state) {
    const struct words *words = *state;
    struct dsi_lm *lm = open_lm();
    struct dsi_dictionary built, tree;
    size_t i;

    assert_int_equal(dsi_dictionary_build(&built, lm, &words->alphabet, NULL), DSINFER_OK);
    for (i = 2; i < N_TRIES; i++) {
        expand(words, tries[i], lm, &tree);
        assert_int_equal(tree.info.n_states, built.info.n_states);
        assert_true(tree.info.has_scores);
        check_membership(words, &tree);
        check_nodes(words, &tree, 1e-7);
        dsi_dictionary_finish(&tree);
        expand(words, tries[i], NULL, &tree);
        assert_false(tree.info.has_scores);
        dsi_dictionary_finish(&tree);
    }
    dsi_dictionary_finish(&built);
    dsi_lm_unref(lm);
}

/* An automaton whose second state leads back to the first. */
static void an_automaton_with_a_cycle_is_not_expanded_for_ever(void **state) {
    const struct words *words = *state;
    uint8_t states[2 * DSI_DICTIONARY_STATE_SIZE] = {0};
    uint8_t arcs[3 * DSI_DICTIONARY_ARC_SIZE] = {0};
    const struct dsi_dictionary dag = {
        .states = states, .arcs = arcs, .info = {.n_states = 2, .n_arcs = 3}};
    struct dsi_dictionary tree;
    struct dsinfer_error err = {0};

    dsi_store_u32(states + 8, 2);
    dsi_store_u32(states + 20 + 4, 2);
    dsi_store_u32(states + 20 + 8, 1);
    dsi_store_u32(arcs, 2);
    dsi_store_u32(arcs + 12, 1);
    dsi_store_u32(arcs + 16, 3);
    dsi_store_u32(arcs + 16 + 12, 7); /* outside: passed over */
    dsi_store_u32(arcs + 32, 2);
    assert_int_equal(dsi_dictionary_expand(&dag, NULL, &words->alphabet, &tree, &err),
                     DSINFER_ERR_LIMIT);
    assert_non_null(strstr(err.message, "1024 letters"));
    assert_null(tree.memory);
}

static void the_smallest_automaton_has_the_size_of_upstreams(void **state) {
    const struct words *words = *state;
    struct dsi_dictionary upstream, tree, dag, again;
    struct dsi_lm *lm = open_lm();

    open_trie(words, "trie-v5", &upstream);
    assert_int_equal(dsi_dictionary_build(&tree, lm, &words->alphabet, NULL), DSINFER_OK);
    assert_int_equal(dsi_dictionary_minimise(&tree, &words->alphabet, &dag, NULL), DSINFER_OK);
    assert_int_equal(dag.info.n_states, upstream.info.n_states);
    assert_int_equal(dag.info.n_arcs, upstream.info.n_arcs);
    check_membership(words, &dag);
    assert_int_equal(dsi_dictionary_expand(&dag, lm, &words->alphabet, &again, NULL), DSINFER_OK);
    assert_int_equal(again.info.n_states, tree.info.n_states);
    check_membership(words, &again);
    dsi_dictionary_finish(&again);
    dsi_dictionary_finish(&dag);
    dsi_dictionary_finish(&tree);
    dsi_dictionary_finish(&upstream);
    dsi_lm_unref(lm);
}

static void a_dictionary_of_another_alphabet_is_refused(void **state) {
    static const char *const alphabets[] = {
        " \na\nb\nc\n", /* fewer */
        "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\nn\no\np\nq\nr\ns\nt\nu\nv\nw\nx\ny\nz\n'\n \n",
        ".\na\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\nn\no\np\nq\nr\ns\nt\nu\nv\nw\nx\ny\nz\n'\n",
    };
    struct dsi_dictionary dictionary;
    char path[TEST_PATH_SIZE];
    size_t i, j;

    (void)state;
    for (i = 0; i < sizeof(alphabets) / sizeof(*alphabets); i++) {
        const struct dsi_bytes bytes = {(const uint8_t *)alphabets[i], strlen(alphabets[i])};
        struct dsi_alphabet alphabet;

        assert_int_equal(dsi_alphabet_read(&alphabet, bytes, NULL), DSINFER_OK);
        for (j = i ? 2 : 0; j < N_TRIES; j++) { /* versions 1 and 2 know the number only */
            struct dsinfer_error err = {0};

            test_shared_path(path, "oracle/lm/dict/%s", tries[j]);
            assert_int_equal(dsi_dictionary_open(&dictionary, path, &alphabet, &err),
                             DSINFER_ERR_MISMATCH);
            assert_non_null(strstr(err.message, "28"));
            assert_non_null(strstr(err.message, i ? "space" : "4"));
            assert_null(dictionary.memory);
        }
        dsi_alphabet_finish(&alphabet);
    }
}

/* Walks breadth first as far as `room` goes; every state must lie inside. */
static void walk(const struct dsi_dictionary *dictionary, uint32_t n_labels) {
    uint32_t states[64] = {dictionary->start};
    size_t n = 1;
    size_t i;
    uint32_t label;

    for (i = 0; i < n; i++) {
        (void)dsi_dictionary_is_word(dictionary, states[i]);
        (void)dsi_dictionary_get_score(dictionary, states[i]);
        for (label = 0; label < n_labels; label++) {
            uint32_t next;

            if (dsi_dictionary_find(dictionary, states[i], label, &next)) {
                assert_true(dictionary->info.is_anything || next < dictionary->info.n_states);
                if (n < 64) {
                    states[n++] = next;
                }
            }
        }
    }
}

static bool try_bytes(const struct words *words, const unsigned char *bytes, size_t size) {
    unsigned char *copy = malloc(size ? size : 1);
    struct dsi_dictionary dictionary;
    struct dsinfer_error err = {0};
    enum dsinfer_status status;

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    status =
        dsi_dictionary_read(&dictionary, (struct dsi_bytes){copy, size}, &words->alphabet, &err);
    if (status == DSINFER_OK) {
        walk(&dictionary, (uint32_t)words->alphabet.n_labels);
    } else {
        assert_int_equal(err.status, status);
        assert_true(err.message[0] != '\0');
    }
    dsi_dictionary_finish(&dictionary);
    free(copy);
    return status == DSINFER_OK;
}

static void a_dictionary_that_is_cut_is_refused(void **state) {
    const struct words *words = *state;
    char path[TEST_PATH_SIZE];
    size_t i, n, size;

    for (i = 0; i < N_TRIES; i++) {
        unsigned char *bytes =
            test_read_file(test_shared_path(path, "oracle/lm/dict/%s", tries[i]), &size);

        assert_true(try_bytes(words, bytes, size));
        for (n = 0; n < size - 2; n += n < 200 ? 1 : size / 50) {
            assert_false(try_bytes(words, bytes, n));
        }
        free(bytes);
    }
}

static void a_dictionary_with_flipped_bits_is_refused_or_harmless(void **state) {
    const struct words *words = *state;
    struct test_rng rng = {7};
    char path[TEST_PATH_SIZE];
    size_t i, size;
    int n;

    for (i = 0; i < N_TRIES; i++) {
        unsigned char *bytes =
            test_read_file(test_shared_path(path, "oracle/lm/dict/%s", tries[i]), &size);

        for (n = 0; n < 100; n++) {
            const size_t at = test_rng_next(&rng) % (n % 2 ? 120 : size);
            const unsigned char flip = (unsigned char)(1U << test_rng_next(&rng) % 8);

            bytes[at] ^= flip;
            (void)try_bytes(words, bytes, size);
            bytes[at] ^= flip;
        }
        free(bytes);
    }
}

static void a_tree_deeper_than_the_limit_is_refused(void **state) {
    const struct words *words = *state;
    const size_t depth = DSI_DICTIONARY_MAX_LENGTH + 10;
    unsigned char *bytes = calloc(depth + 1, 12);
    size_t i;

    assert_non_null(bytes);
    dsi_store_u32(bytes, 0x54524945);
    dsi_store_u32(bytes + 4, 2);
    dsi_store_u32(bytes + 8, 28);
    for (i = 1; i <= depth; i++) {
        dsi_store_u32(bytes + 12 * i, 1); /* a node, whose first letter goes on */
    }
    assert_false(try_bytes(words, bytes, 12 * (depth + 1)));
    free(bytes);
}

static void anything_goes_where_words_are_characters(void **state) {
    static const unsigned char bytes[] = {0x45, 0x49, 0x52, 0x54, 3, 0, 0, 0, 1};
    const struct words *words = *state;
    struct dsi_dictionary dictionary;
    uint32_t next;

    assert_int_equal(dsi_dictionary_read(&dictionary, (struct dsi_bytes){bytes, sizeof(bytes)},
                                         &words->alphabet, NULL),
                     DSINFER_OK);
    assert_true(dictionary.info.is_anything);
    assert_true(dsi_dictionary_find(&dictionary, dictionary.start, 5, &next));
    assert_true(dsi_dictionary_is_word(&dictionary, next));
    dsi_dictionary_finish(&dictionary);
}

enum maker { OPEN, BUILD, EXPAND, MINIMISE };

/* Makes a dictionary in one of the ways there are. */
static enum dsinfer_status make(const struct words *words, enum maker maker, const char *name,
                                const struct dsi_lm *lm, const struct dsi_dictionary *source,
                                struct dsi_dictionary *out) {
    char path[TEST_PATH_SIZE];
    struct dsinfer_error err;

    switch (maker) {
    case OPEN:
        test_shared_path(path, "oracle/lm/dict/%s", name);
        return dsi_dictionary_open(out, path, &words->alphabet, &err);
    case BUILD:
        return dsi_dictionary_build(out, lm, &words->alphabet, &err);
    case EXPAND:
        return dsi_dictionary_expand(source, lm, &words->alphabet, out, &err);
    default:
        return dsi_dictionary_minimise(source, &words->alphabet, out, &err);
    }
}

static void assert_clean_without_memory(const struct words *words, enum maker maker,
                                        const char *name, const struct dsi_lm *lm,
                                        const struct dsi_dictionary *source) {
    struct dsi_dictionary dictionary;
    enum dsinfer_status status;
    long k = 0;

    do {
        dsi_alloc_fail_after(k++);
        status = make(words, maker, name, lm, source, &dictionary);
        dsi_alloc_fail_after(-1);
        assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
        assert_true(status == DSINFER_OK || !dictionary.memory);
    } while (status != DSINFER_OK);
    assert_true(k > 1 || maker == OPEN); /* version 5 is used where it lies */
    dsi_dictionary_finish(&dictionary);
}

static void a_dictionary_without_memory_is_a_clean_error(void **state) {
    const struct words *words = *state;
    struct dsi_lm *lm = open_lm();
    struct dsi_dictionary tree, dag;
    size_t i;

    for (i = 0; i < N_TRIES; i++) {
        assert_clean_without_memory(words, OPEN, tries[i], lm, NULL);
    }
    open_trie(words, "trie-v5", &dag);
    assert_int_equal(dsi_dictionary_build(&tree, lm, &words->alphabet, NULL), DSINFER_OK);
    assert_clean_without_memory(words, BUILD, NULL, lm, NULL);
    assert_clean_without_memory(words, EXPAND, NULL, lm, &dag);
    assert_clean_without_memory(words, MINIMISE, NULL, lm, &tree);
    dsi_dictionary_finish(&tree);
    dsi_dictionary_finish(&dag);
    dsi_lm_unref(lm);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version_holds_the_same_words),
        cmocka_unit_test(the_words_of_a_model_make_the_same_dictionary),
        cmocka_unit_test(prefixes_have_the_lowest_score_of_their_words),
        cmocka_unit_test(an_automaton_expands_to_the_tree_with_its_scores),
        cmocka_unit_test(an_automaton_with_a_cycle_is_not_expanded_for_ever),
        cmocka_unit_test(the_smallest_automaton_has_the_size_of_upstreams),
        cmocka_unit_test(a_dictionary_of_another_alphabet_is_refused),
        cmocka_unit_test(a_dictionary_that_is_cut_is_refused),
        cmocka_unit_test(a_dictionary_with_flipped_bits_is_refused_or_harmless),
        cmocka_unit_test(a_tree_deeper_than_the_limit_is_refused),
        cmocka_unit_test(anything_goes_where_words_are_characters),
        cmocka_unit_test(a_dictionary_without_memory_is_a_clean_error),
    };

    return test_has_shared() ? cmocka_run_group_tests(tests, set_up, tear_down) : TEST_SKIPPED;
}
