/* The decoders against those of the releases themselves, with and without language model: texts,
 * scores, times and partial results for the same inputs (oracle/decode).
 * SPDX-License-Identifier: BSD-2-Clause */
#include <dsinfer/decoder.h>

#include "tests/support/json.h"
#include "tests/support/npy.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TEXT 2048
#define MAX_RESULTS 5

/* Results that differ by less than this in score may change places. */
#define TIE 1e-4

/* Wider beams are left out: under sanitizers and valgrind, which set DSINFER_MAX_BEAM, they take
 * too long. */
static size_t max_beam = 65536;

static const char LABELS[] = " abcdefghijklmnopqrstuvwxyz'";

/* A golden file: whose results, and what they were made with. */
struct golden {
    const char *name;
    enum dsinfer_family family;
    const char *scorer, *trie;
    const char *folder, *input; /* of the inputs, and their kind */
    bool is_bytes;
    bool has_scores; /* with the meaning they have here */
    json_t *root;
    struct dsinfer_scorer *opened;
};

static struct golden open_golden(enum dsinfer_family family, const char *name, const char *scorer,
                                 const char *trie) {
    struct golden golden = {
        .name = name,
        .family = family,
        .folder = "decode/inputs",
        .input = family <= DSINFER_FAMILY_DS03 ? "logits" : "probs",
        .is_bytes = strncmp(name, "bytes", 5) == 0,
        .has_scores = family == DSINFER_FAMILY_DS03 || family == DSINFER_FAMILY_DS07,
    };
    struct dsinfer_scorer_options options;
    struct dsinfer_error error = {DSINFER_OK, ""};
    char path[TEST_PATH_SIZE];
    char trie_path[TEST_PATH_SIZE];

    golden.root = test_json_read(test_shared_path(path, "oracle/decode/%s.json", name));
    dsinfer_scorer_options_init(&options);
    options.trie_path = trie ? test_shared_path(trie_path, "oracle/%s", trie) : NULL;
    if (dsinfer_scorer_open(test_shared_path(path, "oracle/%s", scorer), &options, &golden.opened,
                            &error) != DSINFER_OK) {
        fail_msg("%s: %s", scorer, error.message);
    }
    if (golden.is_bytes) {
        golden.folder = "decode/bytes";
    }
    return golden;
}

static void close_golden(struct golden *golden) {
    dsinfer_scorer_unref(golden->opened);
    json_decref(golden->root);
}

static double get_number(const json_t *config, const char *key, const char *other, double missing) {
    const json_t *value = json_object_get(config, key);

    value = value ? value : json_object_get(config, other);
    return value ? json_number_value(value) : missing;
}

static struct dsinfer_decoder *create(const struct golden *golden, const json_t *config) {
    struct dsinfer_hot_word words[8];
    struct dsinfer_decoder_options options;
    struct dsinfer_decoder_input input;
    struct dsinfer_decoder *decoder;
    struct dsinfer_error error = {DSINFER_OK, ""};
    const char *word;
    json_t *boost;

    dsinfer_decoder_input_init(&input);
    input.family = golden->family;
    input.is_bytes = golden->is_bytes;
    input.is_probability = strcmp(golden->input, "probs") == 0;
    dsinfer_decoder_options_init(&options);
    options.beam_width = (uint32_t)get_number(config, "beam", "", 0);
    options.n_candidates = MAX_RESULTS;
    options.scorer = json_is_true(json_object_get(config, "lm")) ? golden->opened : NULL;
    options.alpha = get_number(config, "alpha", "lm_weight", (double)NAN);
    options.beta = get_number(config, "beta", "valid_word_count_weight", (double)NAN);
    options.cutoff_prob = get_number(config, "cutoff_prob", "", 1.0);
    options.cutoff_top_n = (uint32_t)get_number(config, "cutoff_top_n", "", 40);
    json_object_foreach(json_object_get(config, "hot_words"), word, boost) {
        words[options.n_hot_words++] =
            (struct dsinfer_hot_word){word, (float)json_number_value(boost)};
    }
    options.hot_words = words;
    options.is_hot_word_compatible = 1;
    if (dsinfer_decoder_create(&input, &options, &decoder, &error) != DSINFER_OK) {
        fail_msg("%s: %s", golden->name, error.message);
    }
    return decoder;
}

/* The labels of a candidate as the golden files have them: letters, or hexadecimal bytes. */
static const char *spell(const struct golden *golden, const struct dsinfer_candidate *candidate,
                         char text[MAX_TEXT]) {
    size_t i;

    assert_true(2 * candidate->n_labels < MAX_TEXT);
    text[0] = '\0';
    for (i = 0; i < candidate->n_labels; i++) {
        if (golden->is_bytes) {
            snprintf(text + 2 * i, 3, "%02x", (unsigned)candidate->labels[i] + 1);
        } else {
            snprintf(text + i, 2, "%c", LABELS[candidate->labels[i]]);
        }
    }
    return text;
}

/* Where nothing but ties decides what is found beside the best result, or when (README there). */
static bool is_degenerate(const char *name) {
    const char *const names[] = {"double-letters", "leading-blanks", "spaces-around",
                                 "word-then-silence", "saturated"};
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return strncmp(name, "one-frame", 9) == 0 || strncmp(name, "all-", 4) == 0;
}

/* Where upstream's answer is only recorded, or anything is right. */
static bool is_free(const char *name) {
    return strcmp(name, "nan-row") == 0 || strcmp(name, "inf-entry") == 0 ||
           strcmp(name, "all-uniform") == 0;
}

static const char *get_text(const json_t *result) {
    const json_t *text = json_object_get(result, "text");

    return json_string_value(text ? text : json_object_get(result, "bytes_hex"));
}

static double get_score(const json_t *results, size_t i) {
    return get_number(json_array_get(results, i), "score", "", (double)NAN);
}

/* Whether result `i` may stand elsewhere in the list: another one has the same score. */
static bool is_tied(const json_t *results, size_t i) {
    size_t k;

    for (k = 0; k < json_array_size(results); k++) {
        if (k != i && fabs(get_score(results, k) - get_score(results, i)) < TIE) {
            return true;
        }
    }
    return false;
}

static void check_times(const json_t *result, const struct dsinfer_candidate *candidate,
                        const char *what) {
    const json_t *times = json_object_get(result, "timesteps");
    size_t i;

    assert_int_equal(json_array_size(times), candidate->n_labels);
    for (i = 0; i < candidate->n_labels; i++) {
        const json_int_t expected = json_integer_value(json_array_get(times, i));

        if (candidate->timesteps[i] != expected) {
            fail_msg("%s: label %zu is at frame %u, not %d", what, i,
                     (unsigned)candidate->timesteps[i], (int)expected);
        }
    }
}

/* Checks the first `n` results. */
static void check_results(const struct golden *golden, struct dsinfer_decoder *decoder,
                          const json_t *results, size_t n, bool has_times, const char *what) {
    struct dsinfer_transcript got;
    size_t i;

    assert_int_equal(dsinfer_decoder_get_transcript(decoder, &got), DSINFER_OK);
    assert_true(got.n_candidates >= n);
    for (i = 0; i < n; i++) {
        const json_t *expected = json_array_get(results, i);
        const struct dsinfer_candidate *candidate = &got.candidates[i];
        const double score = get_score(results, i);
        const bool is_same_score = fabs(candidate->score - score) <= fmax(1e-3, 1e-4 * fabs(score));
        const bool may_differ = is_tied(results, i) || (n > 1 && i == n - 1 && is_same_score);
        char text[MAX_TEXT];

        if (golden->has_scores && !is_same_score) {
            fail_msg("%s: score %zu is %.9g, not %.9g", what, i, candidate->score, score);
        }
        if (strcmp(spell(golden, candidate, text), get_text(expected)) != 0 && !may_differ) {
            fail_msg("%s: text %zu is '%s', not '%s'", what, i, text, get_text(expected));
        }
        if (i == 0 && has_times && json_object_get(expected, "timesteps")) {
            check_times(expected, candidate, what);
        }
    }
}

static void feed(struct dsinfer_decoder *decoder, const struct test_npy *rows, size_t from,
                 size_t to) {
    const size_t n_labels = dsinfer_decoder_get_n_labels(decoder);

    assert_int_equal(rows->dims[1], n_labels);
    assert_int_equal(dsinfer_decoder_feed(decoder, rows->f32 + from * n_labels, to - from),
                     DSINFER_OK);
}

/* Decodes one input by one configuration; `results` may be anything the files hold. */
static void check_config(const struct golden *golden, const char *name, const json_t *config,
                         const json_t *results, const struct test_npy *rows) {
    struct dsinfer_decoder *decoder;
    struct dsinfer_transcript got;
    char what[256];

    if (json_is_null(results) || get_number(config, "beam", "", 0) > (double)max_beam) {
        return;
    }
    snprintf(what, sizeof(what), "%s, %s, beam %d", golden->name, name,
             (int)json_integer_value(json_object_get(config, "beam")));
    decoder = create(golden, config);
    feed(decoder, rows, 0, rows->dims[0]);
    assert_int_equal(dsinfer_decoder_get_transcript(decoder, &got), DSINFER_OK);
    assert_true(got.n_candidates > 0);
    if (json_is_array(results) && !is_free(name) && !(fabs(get_score(results, 0)) > 1e38) &&
        !json_object_get(json_array_get(results, 0), "unstable")) {
        check_results(golden, decoder, results, is_degenerate(name) ? 1 : json_array_size(results),
                      !is_degenerate(name), what);
    }
    dsinfer_decoder_destroy(decoder);
}

/* One decoder, fed step by step and asked after each. */
static void check_partials(const struct golden *golden, const char *name, const json_t *partials,
                           const struct test_npy *rows) {
    const json_t *steps = json_object_get(partials, "steps");
    struct dsinfer_decoder *decoder;
    size_t n_fed = 0;
    size_t i;

    if (!json_is_array(steps) || is_free(name) ||
        get_number(partials, "beam", "", 0) > (double)max_beam) {
        return;
    }
    decoder = create(golden, partials);
    for (i = 0; i < json_array_size(steps); i++) {
        json_t *step = json_array_get(steps, i);
        const size_t n = (size_t)json_integer_value(json_object_get(step, "frames"));
        json_t *results = json_pack("[O]", step);
        char what[256];

        feed(decoder, rows, n_fed, n);
        n_fed = n;
        snprintf(what, sizeof(what), "%s, %s after %zu frames", golden->name, name, n);
        check_results(golden, decoder, results, 1, !is_degenerate(name), what);
        json_decref(results);
    }
    dsinfer_decoder_destroy(decoder);
}

static void check_golden(struct golden golden) {
    const json_t *configs = json_object_get(golden.root, "configs");
    const json_t *cases = json_object_get(golden.root, "cases");
    size_t i, k;

    assert_true(json_array_size(cases) >= (golden.is_bytes ? 4 : 32));
    for (i = 0; i < json_array_size(cases); i++) {
        const json_t *one = json_array_get(cases, i);
        const json_t *results = json_object_get(one, "results");
        const json_t *partials = json_object_get(one, "partials");
        const char *name = json_string_value(json_object_get(one, "case"));
        char path[TEST_PATH_SIZE];
        struct test_npy rows;

        test_npy_read(
            test_shared_path(path, "oracle/%s/%s.%s.npy", golden.folder, name, golden.input),
            &rows);
        for (k = 0; k < json_array_size(configs); k++) {
            check_config(&golden, name, json_array_get(configs, k), json_array_get(results, k),
                         &rows);
        }
        for (k = 0; k < json_array_size(partials); k++) {
            check_partials(&golden, name, json_array_get(partials, k), &rows);
        }
        test_npy_free(&rows);
    }
    close_golden(&golden);
}

static void all_results_of_0_1_are_met(void **state) {
    (void)state;
    check_golden(
        open_golden(DSINFER_FAMILY_DS01, "tf-ds011", "lm/o3-type0-probing.bin", "lm/dict/trie-v1"));
}

static void all_results_of_0_3_are_met(void **state) {
    (void)state;
    check_golden(
        open_golden(DSINFER_FAMILY_DS03, "tf-ds030", "decode/lm/lm.binary", "decode/lm/trie-v2"));
}

static void all_results_of_0_4_are_met(void **state) {
    (void)state;
    check_golden(open_golden(DSINFER_FAMILY_DS04, "prefix-ds041", "decode/lm/lm.binary",
                             "decode/lm/trie-v3"));
}

static void all_results_of_0_5_are_met(void **state) {
    (void)state;
    check_golden(open_golden(DSINFER_FAMILY_DS05, "prefix-ds051", "decode/lm/lm.binary",
                             "decode/lm/trie-v3"));
}

static void all_results_of_0_6_are_met(void **state) {
    (void)state;
    check_golden(open_golden(DSINFER_FAMILY_DS06, "prefix-ds061", "decode/lm/lm.binary",
                             "decode/lm/trie-v5"));
}

static void all_results_of_0_9_are_met(void **state) {
    (void)state;
    check_golden(open_golden(DSINFER_FAMILY_DS07, "prefix-ds093", "decode/lm/words.scorer", NULL));
}

static void all_results_of_bytes_output_are_met(void **state) {
    (void)state;
    check_golden(
        open_golden(DSINFER_FAMILY_DS07, "bytes/bytes-ds093", "decode/bytes/bytes.scorer", NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_results_of_0_1_are_met),
        cmocka_unit_test(all_results_of_0_3_are_met),
        cmocka_unit_test(all_results_of_0_4_are_met),
        cmocka_unit_test(all_results_of_0_5_are_met),
        cmocka_unit_test(all_results_of_0_6_are_met),
        cmocka_unit_test(all_results_of_0_9_are_met),
        cmocka_unit_test(all_results_of_bytes_output_are_met),
    };

    if (getenv("DSINFER_MAX_BEAM")) {
        max_beam = strtoul(getenv("DSINFER_MAX_BEAM"), NULL, 10);
    }
    return test_has_shared() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
