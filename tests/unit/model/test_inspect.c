/* Describing files.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/alloc.h"
#include "tests/support/test.h"

#include <dsinfer/inspect.h>

#include <string.h>

static struct dsinfer_inspection *open_inspection(const char *file) {
    struct dsinfer_inspection *inspection;
    struct dsinfer_error err;
    char path[TEST_PATH_SIZE];

    if (dsinfer_inspection_open(test_source_path(path, "%s", file), &inspection, &err) !=
        DSINFER_OK) {
        fail_msg("%s: %s", file, err.message);
    }
    return inspection;
}

static size_t count_op(const struct dsinfer_op_count *ops, size_t n_ops, const char *op) {
    size_t i;

    for (i = 0; i < n_ops; i++) {
        if (strcmp(ops[i].op, op) == 0) {
            return ops[i].n_nodes;
        }
    }
    return 0;
}

static void a_model_is_described(void **state) {
    struct dsinfer_inspection *inspection = open_inspection("model/english/output_graph.pb");
    const struct dsinfer_inspection_info *info = dsinfer_inspection_get_info(inspection);
    size_t i;

    (void)state;
    assert_int_equal(info->kind, DSINFER_FILE_MODEL);
    assert_string_equal(info->format, "graphdef");
    assert_int_equal(info->model->n_cell, 384);
    assert_int_equal(info->n_roles, 7);
    assert_string_equal(info->roles[1].role, "h");
    assert_string_equal(info->roles[1].tensor, "previous_state_h/read");
    assert_string_equal(info->roles[6].role, "new_c");
    assert_string_equal(info->roles[6].tensor, "lstm_fused_cell/GatherNd");
    assert_int_equal(info->roles[0].rank, 4);
    assert_int_equal(info->roles[0].dims[1], 16);
    assert_int_equal(info->roles[0].dims[3], 26);
    assert_int_equal(info->roles[3].rank, 1);
    assert_int_equal(info->roles[4].rank, 3);
    assert_int_equal(info->roles[4].dims[2], 29);
    assert_int_equal(info->roles[6].dims[1], 384);
    assert_int_equal(info->n_origin, 0);
    assert_int_equal(count_op(info->ops, info->n_ops, "MatMul"), 5);
    assert_int_equal(count_op(info->ops, info->n_ops, "BlockLSTM"), 1);
    assert_int_equal(count_op(info->plan_ops, info->n_plan_ops, "Dense"), 5);
    assert_int_equal(count_op(info->plan_ops, info->n_plan_ops, "Lstm"), 1);
    assert_int_equal(info->n_plan_ops, 4);
    for (i = 1; i < info->n_ops; i++) {
        assert_true(strcmp(info->ops[i - 1].op, info->ops[i].op) < 0);
    }
    for (i = 0; i < info->n_weights && strcmp(info->weights[i].name, "h1") != 0; i++) {
    }
    assert_true(i < info->n_weights);
    assert_int_equal(info->weights[i].rank, 2);
    assert_int_equal(info->weights[i].dims[0], 494);
    assert_int_equal(info->weights[i].dims[1], 384);
    assert_int_equal(info->weights[i].size, 494 * 384 * 4);
    dsinfer_inspection_close(inspection);
}

static void the_network_is_a_few_nodes_each_after_its_sources(void **state) {
    struct dsinfer_inspection *inspection = open_inspection("model/english/output_graph.pb");
    const struct dsinfer_inspection_info *info = dsinfer_inspection_get_info(inspection);
    size_t i, k;

    (void)state;
    assert_in_range(info->n_nodes, 12, 16);
    assert_string_equal(info->nodes[0].name, "windows");
    assert_string_equal(info->nodes[0].op, "");
    assert_string_equal(info->nodes[info->n_nodes - 3].name, "logits");
    for (i = 0; i < info->n_nodes; i++) {
        for (k = 0; k < info->nodes[i].n_sources; k++) {
            assert_true(info->nodes[i].sources[k] < i);
        }
        if (strcmp(info->nodes[i].op, "Lstm") == 0) {
            assert_int_equal(info->nodes[i].dims[0], 2 * 384);
            assert_int_equal(info->nodes[i].n_sources, 4); /* x, h, c, lengths */
        }
    }
    dsinfer_inspection_close(inspection);
}

static void a_model_without_lengths_has_six_roles(void **state) {
    struct dsinfer_inspection *inspection = open_inspection("tests/golden/variants/no-lengths.pb");
    const struct dsinfer_inspection_info *info = dsinfer_inspection_get_info(inspection);

    (void)state;
    assert_int_equal(info->n_roles, 6);
    assert_string_equal(info->roles[3].role, "logits");
    dsinfer_inspection_close(inspection);
}

static void sizes_that_a_file_leaves_open_are_open(void **state) {
    struct dsinfer_inspection *inspection = open_inspection("tests/golden/variants/open-steps.pb");
    const struct dsinfer_inspection_info *info = dsinfer_inspection_get_info(inspection);

    (void)state;
    assert_string_equal(info->roles[0].role, "windows");
    assert_int_equal(info->roles[0].dims[1], -1);
    assert_int_equal(info->roles[0].dims[2], 19);
    dsinfer_inspection_close(inspection);
}

static void an_alphabet_is_described(void **state) {
    struct dsinfer_inspection *inspection = open_inspection("model/english/alphabet.txt");
    const struct dsinfer_inspection_info *info = dsinfer_inspection_get_info(inspection);

    (void)state;
    assert_int_equal(info->kind, DSINFER_FILE_ALPHABET);
    assert_string_equal(info->format, "alphabet");
    assert_int_equal(info->n_labels, 28);
    assert_null(info->model);
    dsinfer_inspection_close(inspection);
}

static void language_models_and_dictionaries_are_described(void **state) {
    static const struct {
        const char *file, *format;
        enum dsinfer_file_kind kind;
    } files[] = {
        {"model/english/lm.binary", "kenlm", DSINFER_FILE_LANGUAGE_MODEL},
        {"tests/fuzz/corpus/scorer/words", "scorer", DSINFER_FILE_SCORER},
        {"tests/fuzz/corpus/scorer/lm_alone", "kenlm", DSINFER_FILE_LANGUAGE_MODEL},
        {"tests/fuzz/corpus/trie/v1", "trie version 1", DSINFER_FILE_DICTIONARY},
        {"tests/fuzz/corpus/trie/v3_anything", "trie version 3", DSINFER_FILE_DICTIONARY},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(files) / sizeof(*files); i++) {
        struct dsinfer_inspection *inspection = open_inspection(files[i].file);
        const struct dsinfer_inspection_info *info = dsinfer_inspection_get_info(inspection);

        assert_int_equal(info->kind, files[i].kind);
        assert_string_equal(info->format, files[i].format);
        assert_null(info->model);
        assert_int_equal(info->scorer->order > 0, info->kind != DSINFER_FILE_DICTIONARY);
        assert_int_equal(!!info->scorer->dictionary, info->kind != DSINFER_FILE_LANGUAGE_MODEL);
        dsinfer_inspection_close(inspection);
    }
}

static void any_other_text_is_refused(void **state) {
    struct dsinfer_inspection *inspection;
    struct dsinfer_error err;
    char path[TEST_PATH_SIZE];

    (void)state;
    test_source_path(path, "model/README.md");
    assert_int_equal(dsinfer_inspection_open(path, &inspection, &err), DSINFER_ERR_MALFORMED);
    assert_null(inspection);
    assert_int_equal(dsinfer_inspection_open("/nowhere", &inspection, &err), DSINFER_ERR_IO);
    assert_int_equal(dsinfer_inspection_open(NULL, &inspection, &err), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_inspection_open(path, NULL, &err), DSINFER_ERR_ARGUMENT);
    dsinfer_inspection_close(NULL);
}

static void inspect_with_failures(const char *file) {
    char path[TEST_PATH_SIZE];
    long n;

    test_source_path(path, "%s", file);
    for (n = 0;; n++) {
        struct dsinfer_inspection *inspection;
        enum dsinfer_status status;

        dsi_alloc_fail_after(n);
        status = dsinfer_inspection_open(path, &inspection, NULL);
        dsi_alloc_fail_after(-1);
        dsinfer_inspection_close(inspection);
        if (status == DSINFER_OK) {
            break;
        }
        assert_int_equal(status, DSINFER_ERR_NO_MEMORY);
        assert_null(inspection);
    }
    assert_true(n > 50);
}

static void inspecting_survives_every_failed_allocation(void **state) {
    (void)state;
    inspect_with_failures("tests/golden/variants/ten-steps.pb");
    inspect_with_failures("tests/golden/irs/loop.xml");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_described),
        cmocka_unit_test(the_network_is_a_few_nodes_each_after_its_sources),
        cmocka_unit_test(a_model_without_lengths_has_six_roles),
        cmocka_unit_test(sizes_that_a_file_leaves_open_are_open),
        cmocka_unit_test(an_alphabet_is_described),
        cmocka_unit_test(language_models_and_dictionaries_are_described),
        cmocka_unit_test(any_other_text_is_refused),
        cmocka_unit_test(inspecting_survives_every_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
