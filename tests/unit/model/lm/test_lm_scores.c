/* model/lm: every model of oracle/lm, binary and text, scores every sentence as KenLM does.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/lm.h"

#include "tests/support/test.h"

#include <jansson.h>

#include <math.h>
#include <string.h>
#include <time.h>

struct mode {
    const char *name;
    bool begins, ends;
};

static const struct mode modes[] = {
    {"bos_eos", true, true}, {"plain", false, false}, {"bos", true, false}, {"eos", false, true}};

static json_t *load(const char *name) {
    char path[TEST_PATH_SIZE];
    json_t *root = json_load_file(test_shared_path(path, "oracle/lm/%s", name), 0, NULL);

    assert_non_null(root);
    return root;
}

static struct dsi_lm *open_model(const char *name) {
    char path[TEST_PATH_SIZE];
    struct dsinfer_error err = {0};
    struct dsi_lm *lm = NULL;

    if (dsi_lm_open(test_shared_path(path, "oracle/lm/%s", name), &lm, &err) != DSINFER_OK) {
        fail_msg("%s: %s", name, err.message);
    }
    return lm;
}

/* Scores one word and compares it with [log10, length, unknown]; returns its log10. */
static float check_word(const struct dsi_lm *lm, struct dsi_lm_state *state, const char *word,
                        size_t size, bool is_end, const json_t *expected) {
    const uint32_t index = dsi_lm_find_word(lm, word, size);
    const double log10 = json_real_value(json_array_get(expected, 0));
    struct dsi_lm_state next;
    unsigned n_matched;
    const float prob = dsi_lm_score(lm, state, index, &next, &n_matched);

    if (fabs((double)prob - log10) > 1e-6 * fabs(log10)) {
        fail_msg("'%.*s': %.9g, but %.9g is expected", (int)size, word, (double)prob, log10);
    }
    assert_int_equal(n_matched, json_integer_value(json_array_get(expected, 1)));
    assert_int_equal(index == DSI_LM_UNKNOWN && !is_end, json_is_true(json_array_get(expected, 2)));
    *state = next;
    return prob;
}

static void check_sentence(const struct dsi_lm *lm, const char *text, const struct mode *mode,
                           const json_t *expected) {
    const json_t *words = json_object_get(expected, "words");
    struct dsi_lm_state state;
    double expected_total;
    float total = 0.0f; /* KenLM adds in float32 */
    size_t n = 0;

    dsi_lm_get_null(&state);
    if (mode->begins) {
        dsi_lm_get_begin(lm, &state);
    }
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        const size_t size = strcspn(text, " ");

        total += check_word(lm, &state, text, size, false, json_array_get(words, n++));
        text += size;
    }
    if (mode->ends) {
        total += check_word(lm, &state, "</s>", 4, true, json_array_get(words, n++));
    }
    assert_int_equal(n, json_array_size(words));
    expected_total = json_real_value(json_object_get(expected, "total"));
    assert_true(fabs((double)total - expected_total) <= 1e-6 * fmax(1.0, fabs(expected_total)));
}

/* Returns the number of sentences, each mode counted. */
static size_t check_model(const json_t *scores, const char *file, const char *expected_of) {
    const json_t *sentences = json_object_get(scores, "sentences");
    const json_t *results = json_object_get(json_object_get(scores, "files"), expected_of);
    struct dsi_lm *lm = open_model(file);
    size_t n_checked = 0;
    size_t i, j;

    assert_non_null(results);
    for (i = 0; i < json_array_size(results); i++) {
        const json_t *result = json_array_get(results, i);
        const json_int_t s = json_integer_value(json_object_get(result, "s"));
        const char *text = json_string_value(json_array_get(sentences, (size_t)s));

        for (j = 0; j < sizeof(modes) / sizeof(*modes); j++) {
            const json_t *expected = json_object_get(result, modes[j].name);

            if (expected) {
                check_sentence(lm, text, &modes[j], expected);
                n_checked++;
            }
        }
    }
    dsi_lm_unref(lm);
    return n_checked;
}

static void every_binary_model_scores_like_kenlm(void **state) {
    json_t *scores = load("scores.json");
    json_t *index = load("index.json");
    json_t *files = json_object_get(index, "files");
    size_t n_checked = 0;
    size_t i;

    (void)state;
    assert_int_equal(json_array_size(files), 40);
    for (i = 0; i < json_array_size(files); i++) {
        const char *name = json_string_value(json_object_get(json_array_get(files, i), "file"));

        n_checked += check_model(scores, name, name);
    }
    assert_true(n_checked > 5000);
    json_decref(scores);
    json_decref(index);
}

static void arpa_text_scores_like_the_probing_model_built_from_it(void **state) {
    static const char *const pairs[][2] = {
        {"o3.arpa", "o3-type0-probing.bin"},
        {"o3nounk.arpa", "o3-nounk-type0.bin"},
        {"o3holes.arpa", "o3-holes-type0.bin"},
        {"o4p.arpa", "o4-pruned-type0.bin"},
    };
    json_t *scores = load("scores.json");
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        assert_true(check_model(scores, pairs[i][0], pairs[i][1]) >= 100);
    }
    json_decref(scores);
}

static void facts_are_those_of_the_index(void **state) {
    static const char *const types[] = {"probing",        "rest probing", "trie",
                                        "quantised trie", "array trie",   "quantised array trie"};
    json_t *index = load("index.json");
    json_t *files = json_object_get(index, "files");
    size_t i;

    (void)state;
    for (i = 0; i < json_array_size(files); i++) {
        const json_t *entry = json_array_get(files, i);
        struct dsi_lm *lm = open_model(json_string_value(json_object_get(entry, "file")));
        const struct dsi_lm_info *info = dsi_lm_get_info(lm);
        const json_int_t type = json_integer_value(json_object_get(entry, "model_type"));

        assert_int_equal(info->order, json_integer_value(json_object_get(entry, "order")));
        assert_string_equal(info->type, types[type]);
        assert_int_equal(info->has_strings, json_is_true(json_object_get(entry, "has_vocabulary")));
        assert_int_equal(dsi_lm_get_strings(lm).size > 0, info->has_strings);
        assert_true(info->n_words > 100);
        dsi_lm_unref(lm);
    }
    json_decref(index);
}

/* The order of the strings is that of the indices. */
static void every_string_has_the_index_of_its_place(void **state) {
    static const char *const names[] = {"o3-type0-probing.bin", "o3-type2-trie.bin", "o3.arpa",
                                        "o3-nounk-type0.bin", "o6-type5.bin"};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
        struct dsi_lm *lm = open_model(names[i]);
        const struct dsi_bytes strings = dsi_lm_get_strings(lm);
        const char *text = (const char *)strings.data;
        const char *end = text + strings.size;
        uint32_t n = 0;

        for (; text < end; text += strlen(text) + 1) {
            assert_int_equal(dsi_lm_find_word(lm, text, strlen(text)), n++);
        }
        assert_int_equal(n, dsi_lm_get_info(lm)->n_words);
        dsi_lm_unref(lm);
    }
}

/* Binary models are mapped and not read: the time is the same for any size. */
static void opening_a_binary_model_takes_no_time(void **state) {
    const int n_times = 100;
    const clock_t begin = clock();
    int i;

    (void)state;
    for (i = 0; i < n_times; i++) {
        dsi_lm_unref(open_model("o5-type0-probing.bin"));
        dsi_lm_unref(open_model("o5-type5-quant-array.bin"));
    }
    assert_true(clock() - begin < n_times * (CLOCKS_PER_SEC / 1000));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_binary_model_scores_like_kenlm),
        cmocka_unit_test(arpa_text_scores_like_the_probing_model_built_from_it),
        cmocka_unit_test(facts_are_those_of_the_index),
        cmocka_unit_test(every_string_has_the_index_of_its_place),
        cmocka_unit_test(opening_a_binary_model_takes_no_time),
    };

    return test_has_shared() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
