/* model/lm: damaged models are refused, or give numbers, and nothing worse happens.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/lm.h"

#include "runtime/base/alloc.h"
#include "tests/support/rng.h"
#include "tests/support/test.h"

#include <jansson.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The smallest of every kind of file. */
static const char *const small_models[] = {"o2-nosent-type0.bin",
                                           "o3-type1-rest.bin",
                                           "o2-type2-novocab.bin",
                                           "o2-type3-quant.bin",
                                           "o3-type4-a2.bin",
                                           "o3-type5-novocab.bin",
                                           "o4p.arpa"};

#define N_SMALL (sizeof(small_models) / sizeof(*small_models))

static unsigned char *read_model(const char *name, size_t *size) {
    char path[TEST_PATH_SIZE];

    return test_read_file(test_shared_path(path, "oracle/lm/%s", name), size);
}

/* Scores a few sentences in every context they make. */
static void use_model(const struct dsi_lm *lm) {
    static const char *const words[] = {"<s>",  "the", "of",   "a",     "qqqq", "and", "he", "had",
                                        "been", "in",  "</s>", "<unk>", "",     "to",  "the"};
    const struct dsi_lm_info *info = dsi_lm_get_info(lm);
    struct dsi_lm_state state;
    size_t i;

    dsi_lm_get_begin(lm, &state);
    for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
        const uint32_t index = dsi_lm_find_word(lm, words[i], strlen(words[i]));
        struct dsi_lm_state next;
        unsigned n_matched;

        assert_true(index < info->n_words);
        (void)dsi_lm_score(lm, &state, index, &next, &n_matched);
        assert_true(n_matched >= 1 && n_matched <= info->order);
        assert_true(next.length < info->order);
        state = next;
    }
    (void)dsi_lm_score(lm, &state, info->n_words - 1, NULL, NULL);
    (void)dsi_lm_score(lm, &state, UINT32_MAX, NULL, NULL);
}

/* Returns whether the bytes, put into a block of just their size, were taken. */
static bool try_bytes(const unsigned char *bytes, size_t size) {
    unsigned char *copy = malloc(size ? size : 1);
    struct dsinfer_error err = {0};
    struct dsi_lm *lm = NULL;
    size_t end = SIZE_MAX;
    enum dsinfer_status status;

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    status = dsi_lm_open_bytes((struct dsi_bytes){copy, size}, &lm, &end, &err);
    if (status == DSINFER_OK) {
        assert_true(end <= size);
        use_model(lm);
    } else {
        assert_null(lm);
        assert_int_equal(err.status, status);
        assert_true(err.message[0] != '\0');
    }
    dsi_lm_unref(lm);
    free(copy);
    return status == DSINFER_OK;
}

static void all_damaged_files_are_refused(void **state) {
    char path[TEST_PATH_SIZE];
    json_t *index = json_load_file(test_shared_path(path, "oracle/lm/index.json"), 0, NULL);
    json_t *damaged = json_object_get(index, "damaged");
    size_t i;

    (void)state;
    assert_int_equal(json_array_size(damaged), 21);
    for (i = 0; i < json_array_size(damaged); i++) {
        const char *name = json_string_value(json_object_get(json_array_get(damaged, i), "file"));
        struct dsinfer_error err = {0};
        struct dsi_lm *lm = NULL;

        if (dsi_lm_open(test_shared_path(path, "oracle/lm/%s", name), &lm, &err) !=
            DSINFER_ERR_MALFORMED) {
            fail_msg("%s: not refused as malformed: %s", name, err.message);
        }
        assert_null(lm);
    }
    json_decref(index);
}

static void a_file_that_is_missing_is_an_error_of_io(void **state) {
    struct dsinfer_error err = {0};
    struct dsi_lm *lm = NULL;

    (void)state;
    assert_int_equal(dsi_lm_open("no/such/model", &lm, &err), DSINFER_ERR_IO);
    assert_null(lm);
}

/* A model without strings is needed to its last byte; only the strings may be cut. */
static void a_model_that_is_cut_is_refused_or_harmless(void **state) {
    size_t i, size;

    (void)state;
    for (i = 0; i < N_SMALL; i++) {
        unsigned char *bytes = read_model(small_models[i], &size);
        const bool has_strings = strstr(small_models[i], "novocab") == NULL;
        const size_t step = size / 61;
        size_t n;

        assert_true(try_bytes(bytes, size));
        for (n = 0; n < 200; n++) {
            assert_false(try_bytes(bytes, n));
        }
        for (; n + 1 < size; n += step) {
            assert_true(!try_bytes(bytes, n) || (has_strings && n > size / 2));
        }
        assert_true(has_strings || !try_bytes(bytes, size - 1));
        free(bytes);
    }
}

static void a_model_with_flipped_bits_is_refused_or_harmless(void **state) {
    struct test_rng rng = {1};
    size_t i, size;

    (void)state;
    for (i = 0; i < N_SMALL; i++) {
        unsigned char *bytes = read_model(small_models[i], &size);
        const clock_t begin = clock();
        int n;

        for (n = 0; n < 300; n++) {
            const size_t room = n % 3 ? 160 : size; /* mostly the header */
            const size_t at = test_rng_next(&rng) % room;
            const unsigned char flip = (unsigned char)(1U << test_rng_next(&rng) % 8);

            bytes[at] ^= flip;
            (void)try_bytes(bytes, size);
            bytes[at] ^= flip;
        }
        assert_true(clock() - begin < 20 * (clock_t)CLOCKS_PER_SEC);
        free(bytes);
    }
}

static void counts_of_any_size_are_refused_or_harmless(void **state) {
    static const uint64_t counts[] = {0,
                                      1,
                                      UINT64_C(1) << 31,
                                      UINT64_C(0xffffffff),
                                      UINT64_C(1) << 32,
                                      UINT64_C(1) << 61,
                                      UINT64_MAX / 16,
                                      UINT64_MAX - 2,
                                      UINT64_MAX};
    size_t i, j, k, size;

    (void)state;
    for (i = 0; i + 1 < N_SMALL; i++) {
        unsigned char *bytes = read_model(small_models[i], &size);

        for (j = 0; j < bytes[88]; j++) {
            unsigned char *field = bytes + 108 + 8 * j;
            unsigned char saved[8];

            memcpy(saved, field, 8);
            for (k = 0; k < sizeof(counts) / sizeof(*counts); k++) {
                dsi_store_u32(field, (uint32_t)counts[k]);
                dsi_store_u32(field + 4, (uint32_t)(counts[k] >> 32));
                assert_true(!try_bytes(bytes, size) || counts[k] <= 1);
            }
            memcpy(field, saved, 8);
        }
        free(bytes);
    }
}

static void a_model_without_memory_is_a_clean_error(void **state) {
    char path[TEST_PATH_SIZE];
    size_t i;

    (void)state;
    for (i = 0; i < N_SMALL; i++) {
        enum dsinfer_status status;
        struct dsi_lm *lm;
        long k = 0;

        test_shared_path(path, "oracle/lm/%s", small_models[i]);
        do {
            struct dsinfer_error err = {0};

            dsi_alloc_fail_after(k++);
            status = dsi_lm_open(path, &lm, &err);
            dsi_alloc_fail_after(-1);
            assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
            assert_true(status == DSINFER_OK || !lm);
        } while (status != DSINFER_OK);
        assert_true(k > 1);
        dsi_lm_unref(lm);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_damaged_files_are_refused),
        cmocka_unit_test(a_file_that_is_missing_is_an_error_of_io),
        cmocka_unit_test(a_model_that_is_cut_is_refused_or_harmless),
        cmocka_unit_test(a_model_with_flipped_bits_is_refused_or_harmless),
        cmocka_unit_test(counts_of_any_size_are_refused_or_harmless),
        cmocka_unit_test(a_model_without_memory_is_a_clean_error),
    };

    return test_has_shared() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
