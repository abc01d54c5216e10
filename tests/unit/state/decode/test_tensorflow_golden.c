/* decode/tensorflow and decode/greedy against the decoder of DeepSpeech 0.3.0 itself: texts, scores
 * and partial texts for its logits (oracle/decode, oracle/e2e).
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/search.h"

#include "tests/support/json.h"
#include "tests/support/npy.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define N_LABELS 29
#define MAX_TEXT 2048

/* Results that differ by less than this in score may change places. */
#define TIE 1e-4

static const char LABELS[] = " abcdefghijklmnopqrstuvwxyz'";

struct result {
    char text[MAX_TEXT];
    double score;
};

static json_t *load(const char *name) {
    char path[TEST_PATH_SIZE];

    return test_json_read(test_shared_path(path, "oracle/%s", name));
}

static struct dsi_search *create(const struct dsi_search_type *type, size_t beam_width) {
    const struct dsi_search_config config = {N_LABELS, beam_width, false};
    struct dsi_search *search = NULL;

    assert_int_equal(type->create(&config, &search), DSINFER_OK);
    return search;
}

static void feed(struct dsi_search *search, const float *rows, size_t n) {
    assert_int_equal(search->type->feed(search, rows, n), DSINFER_OK);
}

static struct result get_result(const struct dsi_search *search, size_t i) {
    struct dsi_search_label labels[MAX_TEXT];
    struct result result = {.score = search->type->get_score(search, i)};
    const size_t n = search->type->get_length(search, i);
    size_t k;

    assert_true(n < MAX_TEXT);
    search->type->get_labels(search, i, labels);
    for (k = 0; k < n; k++) {
        assert_true(k == 0 || labels[k].timestep > labels[k - 1].timestep);
        result.text[k] = LABELS[labels[k].label];
    }
    return result;
}

/* Where nothing but ties decides what is found beside the best result (README there). */
static bool is_degenerate(const char *name) {
    return strncmp(name, "one-frame", 9) == 0 || strncmp(name, "all-", 4) == 0 ||
           strcmp(name, "double-letters") == 0 || strcmp(name, "leading-blanks") == 0 ||
           strcmp(name, "spaces-around") == 0 || strcmp(name, "word-then-silence") == 0;
}

/* Where upstream's answer is only recorded, or anything is right. */
static bool is_free(const char *name) {
    return strcmp(name, "nan-row") == 0 || strcmp(name, "inf-entry") == 0 ||
           strcmp(name, "all-uniform") == 0;
}

static double get_golden_score(const json_t *golden, size_t i) {
    return json_number_value(json_object_get(json_array_get(golden, i), "score"));
}

/* True if `text` may stand at place `i` of the list. */
static bool is_text_right(const json_t *golden, const char *text, size_t i) {
    const size_t n = json_array_size(golden);
    const double score = get_golden_score(golden, i);
    size_t k;

    for (k = 0; k < n; k++) {
        const char *expected =
            json_string_value(json_object_get(json_array_get(golden, k), "text"));

        if (fabs(get_golden_score(golden, k) - score) < TIE && strcmp(text, expected) == 0) {
            return true;
        }
    }
    return false;
}

static void check_results(struct dsi_search *search, const json_t *golden, size_t n,
                          const char *what) {
    const size_t n_paths = search->type->rank(search);
    size_t i;

    assert_true(n_paths >= n);
    for (i = 0; i < n; i++) {
        const struct result result = get_result(search, i);
        const double expected = get_golden_score(golden, i);
        const bool is_tied_with_next =
            n < n_paths && fabs(search->type->get_score(search, n) - result.score) < TIE;

        if (fabs(result.score - expected) > fmax(1e-3, 1e-4 * fabs(expected))) {
            fail_msg("%s: score %zu is %.9g, not %.9g", what, i, result.score, expected);
        }
        if (!is_text_right(golden, result.text, i) && !is_tied_with_next) {
            fail_msg("%s: text %zu is '%s', not '%s'", what, i, result.text,
                     json_string_value(json_object_get(json_array_get(golden, i), "text")));
        }
    }
}

static void check_case(const json_t *configs, const json_t *one) {
    const char *name = json_string_value(json_object_get(one, "case"));
    const json_t *results = json_object_get(one, "results");
    const json_t *library = json_object_get(one, "libdeepspeech");
    char path[TEST_PATH_SIZE];
    struct test_npy rows;
    size_t i;

    test_npy_read(test_shared_path(path, "oracle/decode/inputs/%s.logits.npy", name), &rows);
    for (i = 0; i < json_array_size(configs); i++) {
        const json_t *config = json_array_get(configs, i);
        const json_t *golden = json_array_get(results, i);
        const char *library_text = json_string_value(json_array_get(library, i));
        struct dsi_search *search;
        char what[256];

        if (json_is_true(json_object_get(config, "lm")) || json_is_null(golden)) {
            continue;
        }
        search = create(&dsi_search_tensorflow,
                        (size_t)json_integer_value(json_object_get(config, "beam")));
        feed(search, rows.f32, rows.dims[0]);
        snprintf(what, sizeof(what), "%s, configuration %zu", name, i);
        if (!is_free(name)) {
            check_results(search, golden, is_degenerate(name) ? 1 : json_array_size(golden), what);
            if (library_text) {
                assert_string_equal(get_result(search, 0).text, library_text);
            }
        }
        search->type->destroy(search);
    }
    test_npy_free(&rows);
}

static void every_case_gives_the_texts_and_scores_of_tensorflow(void **state) {
    json_t *root = load("decode/tf-ds030.json");
    const json_t *cases = json_object_get(root, "cases");
    size_t i;

    (void)state;
    assert_true(json_array_size(cases) >= 32);
    for (i = 0; i < json_array_size(cases); i++) {
        check_case(json_object_get(root, "configs"), json_array_get(cases, i));
    }
    json_decref(root);
}

/* One search, fed step by step and asked after each. */
static void check_partials(const char *name, const json_t *partials) {
    const json_t *steps = json_object_get(partials, "steps");
    struct dsi_search *search = create(
        &dsi_search_tensorflow, (size_t)json_integer_value(json_object_get(partials, "beam")));
    char path[TEST_PATH_SIZE];
    struct test_npy rows;
    size_t n_fed = 0;
    size_t i;

    test_npy_read(test_shared_path(path, "oracle/decode/inputs/%s.logits.npy", name), &rows);
    for (i = 0; i < json_array_size(steps); i++) {
        const json_t *step = json_array_get(steps, i);
        const size_t n = (size_t)json_integer_value(json_object_get(step, "frames"));
        json_t *golden = json_pack("[O]", step);
        char what[256];

        feed(search, rows.f32 + n_fed * N_LABELS, n - n_fed);
        n_fed = n;
        snprintf(what, sizeof(what), "%s after %zu frames", name, n);
        check_results(search, golden, 1, what);
        json_decref(golden);
    }
    test_npy_free(&rows);
    search->type->destroy(search);
}

static void partial_texts_are_those_of_tensorflow(void **state) {
    json_t *root = load("decode/tf-ds030.json");
    const json_t *cases = json_object_get(root, "cases");
    size_t n_checked = 0;
    size_t i, k;

    (void)state;
    for (i = 0; i < json_array_size(cases); i++) {
        const json_t *one = json_array_get(cases, i);
        const char *name = json_string_value(json_object_get(one, "case"));
        const json_t *partials = json_object_get(one, "partials");

        for (k = 0; k < json_array_size(partials) && !is_free(name); k++) {
            const json_t *part = json_array_get(partials, k);

            if (!json_is_true(json_object_get(part, "lm"))) {
                check_partials(name, part);
                n_checked++;
            }
        }
    }
    assert_true(n_checked >= 29);
    json_decref(root);
}

static void greedy_gives_the_best_labels_merged(void **state) {
    const char *const folders[] = {"random64", "bundled"};
    size_t n_checked = 0;
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        char name[64];
        json_t *root;
        const char *id;
        json_t *entry;

        snprintf(name, sizeof(name), "e2e/%s/texts.json", folders[i]);
        root = load(name);
        json_object_foreach(root, id, entry) {
            char path[TEST_PATH_SIZE];
            FILE *file = fopen(
                test_shared_path(path, "oracle/e2e/%s/logits_tf/%s.npy", folders[i], id), "rb");
            struct dsi_search *search;
            struct test_npy rows;

            if (!file) {
                continue; /* logits are kept of two recordings only */
            }
            fclose(file);
            test_npy_read(path, &rows);
            search = create(&dsi_search_greedy, 1);
            feed(search, rows.f32, rows.dims[0]);
            assert_string_equal(get_result(search, 0).text,
                                json_string_value(json_object_get(entry, "greedy_from_logits")));
            search->type->destroy(search);
            test_npy_free(&rows);
            n_checked++;
        }
        json_decref(root);
    }
    assert_true(n_checked >= 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_gives_the_texts_and_scores_of_tensorflow),
        cmocka_unit_test(partial_texts_are_those_of_tensorflow),
        cmocka_unit_test(greedy_gives_the_best_labels_merged),
    };

    return test_has_shared() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
