/* model/lm/scorer_build: packages like those of upstream's own builder.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/scorer.h"

#include "runtime/base/alloc.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Upstream's files that a package is built anew from, and how large its automaton is. */
struct genuine {
    const char *package, *lm, *vocab;
    bool is_bytes;
    uint32_t n_states, n_arcs; /* 0: see the package */
};

static const struct genuine words = {"oracle/lm/dict/words.scorer",
                                     "oracle/lm/dict/lm.binary",
                                     "oracle/lm/dict/vocab.txt",
                                     false,
                                     1794,
                                     3129};

/* What is written, in memory. */
struct package {
    unsigned char *bytes; /* owned */
    size_t size, capacity;
    size_t limit; /* bytes that can be written */
};

static int take(void *user, const void *bytes, size_t size) {
    struct package *package = user;

    if (size > package->limit - package->size) {
        return 0;
    }
    if (package->size + size > package->capacity) {
        package->capacity = 2 * (package->size + size);
        package->bytes = realloc(package->bytes, package->capacity);
        assert_non_null(package->bytes);
    }
    memcpy(package->bytes + package->size, bytes, size);
    package->size += size;
    return 1;
}

struct paths {
    char lm[TEST_PATH_SIZE], vocab[TEST_PATH_SIZE];
};

static void fill_options(struct dsinfer_scorer_build_options *options, struct paths *paths,
                         const struct genuine *genuine) {
    dsinfer_scorer_build_options_init(options);
    options->lm_path = test_shared_path(paths->lm, "%s", genuine->lm);
    options->vocab_path = test_shared_path(paths->vocab, "%s", genuine->vocab);
    options->is_bytes = genuine->is_bytes;
}

/* Does every word of the vocabulary, split at line ends, stand in the dictionary? */
static void check_vocabulary(const struct genuine *genuine, const struct dsinfer_scorer *scorer) {
    char path[TEST_PATH_SIZE];
    size_t size;
    unsigned char *bytes = test_read_file(test_shared_path(path, "%s", genuine->vocab), &size);
    const char *text = (const char *)bytes;
    const char *end = text + size;

    while (text < end) {
        const size_t length = strcspn(text, "\n ");
        int is_word = 1;
        int is_prefix;

        assert_true(length == 0 || dsinfer_scorer_look_up(scorer, text, length, &is_word,
                                                          &is_prefix) == DSINFER_OK);
        assert_true(is_word);
        text += length + 1;
    }
    free(bytes);
}

/* Puts the package into a file and opens that. */
static struct dsinfer_scorer *open_package(const struct package *package) {
    char path[] = "test_scorer_build.XXXXXX";
    struct dsinfer_scorer *scorer = NULL;
    struct dsinfer_error err = {0};
    const int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, package->bytes, package->size), package->size);
    close(fd);
    if (dsinfer_scorer_open(path, NULL, &scorer, &err) != DSINFER_OK) {
        unlink(path);
        fail_msg("%s", err.message);
    }
    unlink(path);
    return scorer;
}

/* Byte for byte, up to the numbering of the automaton's states. */
static void check_genuine(const struct genuine *genuine) {
    struct dsinfer_scorer_build_options options;
    struct dsinfer_scorer_build_result result;
    struct package package = {.limit = SIZE_MAX};
    struct dsinfer_scorer *upstream, *scorer;
    struct dsinfer_error err = {0};
    struct paths paths;
    char path[TEST_PATH_SIZE];
    unsigned char *expected;
    size_t expected_size, head;

    expected = test_read_file(test_shared_path(path, "%s", genuine->package), &expected_size);
    assert_int_equal(dsinfer_scorer_open(path, NULL, &upstream, NULL), DSINFER_OK);
    fill_options(&options, &paths, genuine);
    options.alpha = dsinfer_scorer_get_info(upstream)->alpha;
    options.beta = dsinfer_scorer_get_info(upstream)->beta;
    if (dsinfer_scorer_build(&options, take, &package, &result, &err) != DSINFER_OK) {
        fail_msg("%s: %s", genuine->package, err.message);
    }
    assert_int_equal(package.size, expected_size);
    assert_int_equal(result.n_skipped, 0);
    assert_int_equal(result.n_states, dsinfer_scorer_get_info(upstream)->n_states);
    assert_int_equal(result.n_arcs, dsinfer_scorer_get_info(upstream)->n_arcs);

    /* All but the automaton's properties, states and arcs. */
    head = (size_t)(upstream->dictionary.states - upstream->file.bytes.data);
    head = head / 16 * 16 - 64 - 16;
    assert_memory_equal(package.bytes, expected, head);

    scorer = open_package(&package);
    check_vocabulary(genuine, scorer);
    check_vocabulary(genuine, upstream);
    assert_int_equal(scorer->is_bytes, genuine->is_bytes);
    assert_true(scorer->alpha == upstream->alpha && scorer->beta == upstream->beta);
    dsinfer_scorer_unref(scorer);
    dsinfer_scorer_unref(upstream);
    free(package.bytes);
    free(expected);
}

static void packages_are_those_of_upstreams_builder(void **state) {
    static const struct genuine others[] = {
        {"oracle/decode/lm/words.scorer", "oracle/decode/lm/lm.binary",
         "oracle/decode/lm/vocab.txt", false, 0, 0},
        {"oracle/decode/bytes/bytes.scorer", "oracle/decode/bytes/bytes.scorer",
         "oracle/decode/bytes/vocab.txt", true, 0, 0},
    };
    size_t i;

    (void)state;
    check_genuine(&words);
    for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
        check_genuine(&others[i]);
    }
}

static void an_output_that_fills_up_is_an_error_of_io(void **state) {
    struct dsinfer_scorer_build_options options;
    struct dsinfer_scorer_build_result result = {.n_words = 7};
    struct dsinfer_error err = {0};
    struct paths paths;
    size_t limit;

    (void)state;
    fill_options(&options, &paths, &words);
    for (limit = 0; limit < 150000; limit += 29000) {
        struct package package = {.limit = limit};

        assert_int_equal(dsinfer_scorer_build(&options, take, &package, &result, &err),
                         limit < 145504 ? DSINFER_ERR_IO : DSINFER_OK);
        free(package.bytes);
    }
}

static void assert_refused(const struct dsinfer_scorer_build_options *options,
                           enum dsinfer_status expected, const char *sentence) {
    struct package package = {.limit = SIZE_MAX};
    struct dsinfer_error err = {0};

    assert_int_equal(dsinfer_scorer_build(options, take, &package, NULL, &err), expected);
    if (!strstr(err.message, sentence)) {
        fail_msg("'%s' does not say '%s'", err.message, sentence);
    }
    assert_int_equal(package.size, 0);
}

static void what_makes_no_package_is_refused_before_anything_is_written(void **state) {
    struct dsinfer_scorer_build_options options;
    char path[TEST_PATH_SIZE];
    struct paths paths;

    (void)state;
    fill_options(&options, &paths, &words);
    options.alpha = 1e300;
    assert_refused(&options, DSINFER_ERR_ARGUMENT, "too much");
    fill_options(&options, &paths, &words);
    options.lm_path = test_shared_path(path, "oracle/lm/o3.arpa");
    assert_refused(&options, DSINFER_ERR_UNSUPPORTED, "ARPA");
    options.lm_path = test_shared_path(path, "oracle/lm/damaged/short-search.bin");
    assert_refused(&options, DSINFER_ERR_MALFORMED, "cut");
    fill_options(&options, &paths, &words);
    options.vocab_path = "no/such/file";
    assert_refused(&options, DSINFER_ERR_IO, "cannot be opened");
    options.vocab_path = "/dev/null";
    assert_refused(&options, DSINFER_ERR_IO, "regular file");
    options.vocab_path = test_source_path(path, "tests/fuzz/corpus/trie/v1");
    assert_refused(&options, DSINFER_ERR_MISMATCH, "none of the 24 words");
}

static void a_package_without_memory_is_a_clean_error(void **state) {
    struct dsinfer_scorer_build_options options;
    enum dsinfer_status status;
    struct paths paths;
    long k = 0;

    (void)state;
    fill_options(&options, &paths, &words);
    do {
        struct package package = {.limit = SIZE_MAX};
        struct dsinfer_error err = {0};

        dsi_alloc_fail_after(k++);
        status = dsinfer_scorer_build(&options, take, &package, NULL, &err);
        dsi_alloc_fail_after(-1);
        assert_true(status == DSINFER_OK ||
                    (status == DSINFER_ERR_NO_MEMORY && err.status == status));
        free(package.bytes);
    } while (status != DSINFER_OK);
    assert_true(k > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packages_are_those_of_upstreams_builder),
        cmocka_unit_test(an_output_that_fills_up_is_an_error_of_io),
        cmocka_unit_test(what_makes_no_package_is_refused_before_anything_is_written),
        cmocka_unit_test(a_package_without_memory_is_a_clean_error),
    };

    return test_has_shared() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
