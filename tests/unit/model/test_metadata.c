/* What models say of themselves: the genuine ones, and what of it is refused.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/model.h"
#include "runtime/base/alloc.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of a genuine model. */
struct file {
    unsigned char *bytes; /* owned */
    size_t size;
};

static struct file read_file(const char *name) {
    char path[TEST_PATH_SIZE];
    struct file file;

    file.bytes = test_read_file(test_shared_path(path, "oracle/graphs/%s/output_graph.pb", name),
                                &file.size);
    return file;
}

/* The first place of `what` from the name of a node on. */
static unsigned char *find(const struct file *file, const char *node, const void *what,
                           size_t size) {
    const size_t node_size = strlen(node);
    bool is_behind = false;
    size_t i;

    for (i = 0; i + size <= file->size && i + node_size <= file->size; i++) {
        is_behind = is_behind || memcmp(file->bytes + i, node, node_size) == 0;
        if (is_behind && memcmp(file->bytes + i, what, size) == 0) {
            return file->bytes + i;
        }
    }
    fail_msg("no such bytes behind '%s'", node);
    return NULL;
}

static void assert_refused(const struct file *file, enum dsinfer_status expected,
                           const char *words) {
    struct dsinfer_model *model;
    struct dsinfer_error err = {0};

    assert_int_equal(dsinfer_model_open_memory(file->bytes, file->size, NULL, &model, &err),
                     expected);
    assert_null(model);
    if (!strstr(err.message, words)) {
        fail_msg("'%s' does not say '%s'", err.message, words);
    }
}

static void genuine_models_say_what_they_are(void **state) {
    static const struct {
        const char *name;
        enum dsinfer_family family;
        uint32_t version, window, step, beam_width;
        const char *language;
        enum dsinfer_alphabet_source source;
    } models[] = {
        {"ds030-h64-s7", DSINFER_FAMILY_DS03, 0, 400, 160, 0, NULL, DSINFER_ALPHABET_ENGLISH},
        {"ds041-h40-s2", DSINFER_FAMILY_DS04, 0, 512, 320, 0, NULL, DSINFER_ALPHABET_ENGLISH},
        {"ds051-h40-s3", DSINFER_FAMILY_DS05, 1, 512, 320, 0, NULL, DSINFER_ALPHABET_ENGLISH},
        {"ds061-h40-s4", DSINFER_FAMILY_DS06, 5, 512, 320, 0, NULL, DSINFER_ALPHABET_EMBEDDED},
        {"ds093-h64-s7", DSINFER_FAMILY_DS07, 6, 512, 320, 500, "en-US", DSINFER_ALPHABET_EMBEDDED},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        struct file file = read_file(models[i].name);
        const struct dsinfer_model_info *info;
        struct dsinfer_model *model;

        assert_int_equal(dsinfer_model_open_memory(file.bytes, file.size, NULL, &model, NULL),
                         DSINFER_OK);
        info = dsinfer_model_info(model);
        assert_int_equal(info->family, models[i].family);
        assert_int_equal(info->version, models[i].version);
        assert_int_equal(info->sample_rate, 16000);
        assert_int_equal(info->window, models[i].window);
        assert_int_equal(info->step, models[i].step);
        assert_int_equal(info->beam_width, models[i].beam_width);
        assert_int_equal(info->alphabet_source, models[i].source);
        assert_int_equal(info->language != NULL, models[i].language != NULL);
        if (info->language) {
            assert_string_equal(info->language, models[i].language);
        }
        assert_string_equal(dsinfer_model_get_label(model, 0), " ");
        assert_string_equal(dsinfer_model_get_label(model, 3), "c");
        assert_string_equal(dsinfer_model_get_label(model, 27), "'");
        assert_null(dsinfer_model_get_label(model, 28));
        dsinfer_model_unref(model);
        free(file.bytes);
    }
}

static void an_alphabet_that_is_named_comes_before_the_one_in_the_model(void **state) {
    struct file file = read_file("ds093-h64-s7");
    struct dsinfer_model_options options;
    struct dsinfer_model *model;
    char path[TEST_PATH_SIZE];

    (void)state;
    find(&file, "metadata_alphabet", "\x1c\x00\x1b\x00\x01\x00'", 7)[0] = 0; /* it holds no label */
    assert_refused(&file, DSINFER_ERR_MALFORMED, "no label");
    dsinfer_model_options_init(&options);
    options.alphabet_path = test_source_path(path, "model/english/alphabet.txt");
    assert_int_equal(dsinfer_model_open_memory(file.bytes, file.size, &options, &model, NULL),
                     DSINFER_OK);
    assert_int_equal(dsinfer_model_info(model)->alphabet_source, DSINFER_ALPHABET_OPTION);
    dsinfer_model_unref(model);
    free(file.bytes);
}

/* The alphabet loses its last entry, five bytes that the protobuf message then has elsewhere: the
 * sizes around them stay, the text of label 27 becomes longer. */
static void an_alphabet_of_another_size_is_refused(void **state) {
    struct file file = read_file("ds093-h64-s7");
    unsigned char *at = find(&file, "metadata_alphabet", "\x1c\x00\x1b\x00\x01\x00'", 7);

    (void)state;
    at[0] = 0x1b;
    at[2] = 0x1a;
    at[4] = 6; /* the text of the first entry takes the second one in */
    assert_refused(&file, DSINFER_ERR_MALFORMED, "the alphabet in the model");
    memcpy(at + 6, "abcdef\x19", 7);
    at[12] = 0x19;
    assert_refused(&file, DSINFER_ERR_MISMATCH, "27 labels, but the model has 29 outputs");
    free(file.bytes);
}

static void numbers_no_model_can_mean_are_refused(void **state) {
    static const struct {
        const char *model, *node;
        unsigned char from[2], to[2]; /* a varint of two bytes, or key and one byte */
        const char *words;
    } cases[] = {
        {"ds093-h64-s7", "metadata_sample_rate", {0x80, 0x7d}, {0x80, 0x00}, "sample_rate"},
        {"ds093-h64-s7", "metadata_feature_win_len", {0x01, 0x20}, {0x01, 0x00}, "feature_win_len"},
        {"ds093-h64-s7", "metadata_feature_win_step", {1, 0x14}, {1, 0}, "feature_win_step"},
        {"ds093-h64-s7", "metadata_beam_width", {0xf4, 0x03}, {0x80, 0x00}, "beam_width"},
        {"ds051-h40-s3", "model_metadata", {0x80, 0x7d}, {0x80, 0x00}, "sample_rate"},
        {"ds093-h64-s7", "metadata_language", {'e', 'n'}, {'e', '\n'}, "language"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct file file = read_file(cases[i].model);

        memcpy(find(&file, cases[i].node, cases[i].from, 2), cases[i].to, 2);
        assert_refused(&file, DSINFER_ERR_MALFORMED, cases[i].words);
        free(file.bytes);
    }
}

static void opening_survives_every_failed_allocation(void **state) {
    struct file file = read_file("ds061-h40-s4");
    enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
    long k;

    (void)state;
    for (k = 0; status != DSINFER_OK; k++) {
        struct dsinfer_model *model;

        dsi_alloc_fail_after(k);
        status = dsinfer_model_open_memory(file.bytes, file.size, NULL, &model, NULL);
        dsi_alloc_fail_after(-1);
        assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
        dsinfer_model_unref(model);
    }
    assert_true(k > 100);
    free(file.bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(genuine_models_say_what_they_are),
        cmocka_unit_test(an_alphabet_that_is_named_comes_before_the_one_in_the_model),
        cmocka_unit_test(an_alphabet_of_another_size_is_refused),
        cmocka_unit_test(numbers_no_model_can_mean_are_refused),
        cmocka_unit_test(opening_survives_every_failed_allocation),
    };

    if (!test_has_shared()) {
        return TEST_SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
