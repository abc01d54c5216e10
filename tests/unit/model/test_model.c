/* Opening models: options, alphabets, references.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/alloc.h"
#include "tests/support/test.h"

#include <dsinfer/model.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A graph of 4 cells and 29 labels. */
static const char *get_small_model(char path[TEST_PATH_SIZE]) {
    return test_source_path(path, "tests/golden/variants/ten-steps.pb");
}

static enum dsinfer_status open_with(const char *alphabet, struct dsinfer_model **model,
                                     struct dsinfer_error *err) {
    struct dsinfer_model_options options;
    char path[TEST_PATH_SIZE];

    dsinfer_model_options_init(&options);
    options.alphabet_path = alphabet;
    return dsinfer_model_open(get_small_model(path), &options, model, err);
}

static void copy_file(const char *from, const char *to) {
    size_t size;
    unsigned char *bytes = test_read_file(from, &size);
    FILE *file = fopen(to, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    free(bytes);
}

static void write_text(const char *path, const char *text) {
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void facts_of_a_model_are_told(void **state) {
    struct dsinfer_model *model;
    const struct dsinfer_model_info *info;

    (void)state;
    assert_int_equal(open_with(NULL, &model, NULL), DSINFER_OK);
    info = dsinfer_model_info(model);
    assert_int_equal(info->family, DSINFER_FAMILY_DS03);
    assert_string_equal(info->format, "graphdef");
    assert_int_equal(info->sample_rate, 16000);
    assert_int_equal(info->n_features, 26);
    assert_int_equal(info->n_context, 9);
    assert_int_equal(info->n_cell, 4);
    assert_int_equal(info->n_labels, 29);
    assert_int_equal(info->n_steps, 10);
    assert_true(info->has_lengths);
    assert_false(info->has_softmax);
    assert_non_null(info->kernels);
    assert_int_equal(info->alphabet_source, DSINFER_ALPHABET_ENGLISH);
    assert_string_equal(dsinfer_model_get_label(model, 0), " ");
    assert_string_equal(dsinfer_model_get_label(model, 27), "'");
    assert_null(dsinfer_model_get_label(model, 28)); /* the blank */
    assert_null(dsinfer_model_get_label(model, UINT32_MAX));
    dsinfer_model_unref(model);
}

static void every_kernel_level_opens(void **state) {
    char path[TEST_PATH_SIZE];
    int level;

    (void)state;
    get_small_model(path);
    for (level = DSINFER_KERNELS_NATIVE; level <= DSINFER_KERNELS_REFERENCE; level++) {
        struct dsinfer_model_options options;
        struct dsinfer_model *model;

        dsinfer_model_options_init(&options);
        options.kernels = (enum dsinfer_kernel_level)level;
        assert_int_equal(dsinfer_model_open(path, &options, &model, NULL), DSINFER_OK);
        if (level == DSINFER_KERNELS_REFERENCE) {
            assert_string_equal(dsinfer_model_info(model)->kernels, "reference");
        }
        dsinfer_model_unref(model);
    }
}

/* On no processor are there the kernels of two families. */
static void named_kernels_run_or_are_refused_by_name(void **state) {
    static const char *const names[] = {[DSINFER_KERNELS_AVX2] = "avx2",
                                        [DSINFER_KERNELS_AVX512] = "avx512",
                                        [DSINFER_KERNELS_VNNI] = "vnni",
                                        [DSINFER_KERNELS_AMX] = "amx",
                                        [DSINFER_KERNELS_NEON] = "neon"};
    char path[TEST_PATH_SIZE];
    bool has_x86 = false, has_arm = false;
    int level;

    (void)state;
    get_small_model(path);
    for (level = DSINFER_KERNELS_AVX2; level <= DSINFER_KERNELS_NEON; level++) {
        struct dsinfer_model_options options;
        struct dsinfer_model *model;
        struct dsinfer_error error;

        dsinfer_model_options_init(&options);
        options.kernels = (enum dsinfer_kernel_level)level;
        if (dsinfer_model_open(path, &options, &model, &error) == DSINFER_OK) {
            assert_non_null(strstr(dsinfer_model_info(model)->kernels, names[level]));
            has_x86 = has_x86 || level != DSINFER_KERNELS_NEON;
            has_arm = has_arm || level == DSINFER_KERNELS_NEON;
        } else {
            assert_int_equal(error.status, DSINFER_ERR_UNSUPPORTED);
            assert_non_null(strstr(error.message, names[level]));
            assert_null(model);
        }
        dsinfer_model_unref(model);
    }
    assert_false(has_x86 && has_arm);
}

static struct dsinfer_model *open_in(enum dsinfer_kernel_level level,
                                     enum dsinfer_precision precision) {
    struct dsinfer_model_options options;
    struct dsinfer_model *model;
    char path[TEST_PATH_SIZE];

    dsinfer_model_options_init(&options);
    options.kernels = level;
    options.precision = precision;
    test_source_path(path, "model/english/output_graph.pb");
    assert_int_equal(dsinfer_model_open(path, &options, &model, NULL), DSINFER_OK);
    return model;
}

/* 384 cells. All but the first and the last layer, and scales, in 2 and in 1 byte instead of 4. */
static void fewer_bits_take_less_memory(void **state) {
    const double first = 494.0 * 384 * 4, last = 384.0 * 29 * 4;
    const double all = first + last + 4.0 * (3 * 384.0 * 384 + 2 * 4 * 384.0 * 384);
    int level, precision;

    (void)state;
    for (level = DSINFER_KERNELS_NATIVE; level <= DSINFER_KERNELS_REFERENCE; level++) {
        for (precision = DSINFER_PRECISION_F32; precision <= DSINFER_PRECISION_INT8; precision++) {
            const double factor = precision == DSINFER_PRECISION_F32    ? 1.0
                                  : precision == DSINFER_PRECISION_BF16 ? 0.5
                                                                        : 0.25;
            struct dsinfer_model *model =
                open_in((enum dsinfer_kernel_level)level, (enum dsinfer_precision)precision);
            const struct dsinfer_model_info *info = dsinfer_model_info(model);
            const double expected = first + last + (all - first - last) * factor;

            assert_int_equal(info->precision, precision);
            assert_true((double)info->weights_size >= expected);
            assert_true((double)info->weights_size <= 1.03 * expected);
            assert_true((double)info->recurrent_size >= 4 * 384 * 384 * 4 * factor);
            assert_true((double)info->recurrent_size <= 1.03 * 4 * 384 * 384 * 4 * factor);
            dsinfer_model_unref(model);
        }
    }
}

/* Peepholes: its own ops run, and those in float32 only. */
static void a_network_that_is_not_fused_has_one_precision(void **state) {
    struct dsinfer_model_options options;
    struct dsinfer_model *model;
    struct dsinfer_error err;
    char path[TEST_PATH_SIZE];

    (void)state;
    test_source_path(path, "tests/golden/variants/peepholes.pb");
    dsinfer_model_options_init(&options);
    options.precision = DSINFER_PRECISION_INT8;
    assert_int_equal(dsinfer_model_open(path, &options, &model, &err), DSINFER_ERR_UNSUPPORTED);
    assert_null(model);
    assert_non_null(strstr(err.message, "runs only in fp32, not in int8"));
}

static void precisions_have_names(void **state) {
    (void)state;
    assert_string_equal(dsinfer_precision_name(DSINFER_PRECISION_F32), "fp32");
    assert_string_equal(dsinfer_precision_name(DSINFER_PRECISION_BF16), "bf16");
    assert_string_equal(dsinfer_precision_name(DSINFER_PRECISION_INT8), "int8");
    assert_string_equal(dsinfer_precision_name((enum dsinfer_precision)3), "unknown");
    assert_string_equal(dsinfer_precision_name((enum dsinfer_precision) - 1), "unknown");
}

static void wrong_arguments_are_refused(void **state) {
    struct dsinfer_model_options options;
    struct dsinfer_model *model = (struct dsinfer_model *)&options;
    struct dsinfer_error err;
    char path[TEST_PATH_SIZE];

    (void)state;
    get_small_model(path);
    assert_int_equal(dsinfer_model_open(NULL, NULL, &model, &err), DSINFER_ERR_ARGUMENT);
    assert_null(model);
    assert_int_equal(dsinfer_model_open(path, NULL, NULL, &err), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_model_open_memory(NULL, 5, NULL, &model, &err), DSINFER_ERR_ARGUMENT);
    memset(&options, 0, sizeof(options)); /* without _init */
    assert_int_equal(dsinfer_model_open(path, &options, &model, &err), DSINFER_ERR_ARGUMENT);
    dsinfer_model_options_init(&options);
    options.size--; /* of another version */
    assert_int_equal(dsinfer_model_open(path, &options, &model, &err), DSINFER_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "the options of the model have"));
    dsinfer_model_options_init(&options);
    options.kernels = (enum dsinfer_kernel_level)8;
    assert_int_equal(dsinfer_model_open(path, &options, &model, &err), DSINFER_ERR_ARGUMENT);
    dsinfer_model_options_init(&options);
    options.precision = (enum dsinfer_precision)3;
    assert_int_equal(dsinfer_model_open(path, &options, &model, &err), DSINFER_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "there is no precision 3"));
    assert_int_equal(dsinfer_model_open("/nowhere/at/all", NULL, &model, &err), DSINFER_ERR_IO);
    assert_null(model);
    assert_null(dsinfer_model_ref(NULL));
    dsinfer_model_unref(NULL);
}

static void a_model_in_memory_is_the_same(void **state) {
    char path[TEST_PATH_SIZE];
    struct dsinfer_model *model;
    unsigned char *bytes;
    size_t size;

    (void)state;
    bytes = test_read_file(get_small_model(path), &size);
    assert_int_equal(dsinfer_model_open_memory(bytes, size, NULL, &model, NULL), DSINFER_OK);
    assert_int_equal(dsinfer_model_info(model)->n_cell, 4);
    assert_ptr_equal(dsinfer_model_ref(model), model);
    dsinfer_model_unref(model);
    assert_string_equal(dsinfer_model_get_label(model, 1), "a"); /* still there */
    dsinfer_model_unref(model);
    assert_int_equal(dsinfer_model_open_memory(bytes, 0, NULL, &model, NULL),
                     DSINFER_ERR_MALFORMED);
    free(bytes);
}

static void a_named_alphabet_must_fit(void **state) {
    struct dsinfer_model *model;
    struct dsinfer_error err;
    char path[TEST_PATH_SIZE];
    char small[] = "/tmp/dsinfer-alphabet-XXXXXX";
    const int fd = mkstemp(small);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    write_text(small, "a\nb\n");
    test_source_path(path, "model/english/alphabet.txt");
    assert_int_equal(open_with(path, &model, NULL), DSINFER_OK);
    assert_int_equal(dsinfer_model_info(model)->alphabet_source, DSINFER_ALPHABET_OPTION);
    dsinfer_model_unref(model);

    assert_int_equal(open_with(small, &model, &err), DSINFER_ERR_MISMATCH);
    assert_null(model);
    assert_non_null(strstr(err.message, "2 labels"));
    assert_non_null(strstr(err.message, "29 outputs"));
    assert_int_equal(open_with("/nowhere/alphabet.txt", &model, &err), DSINFER_ERR_IO);
    unlink(small);
}

static void the_alphabet_beside_the_model_is_taken_if_it_is_there(void **state) {
    struct dsinfer_model *model;
    struct dsinfer_error err;
    char folder[] = "/tmp/dsinfer-model-XXXXXX";
    char from[TEST_PATH_SIZE], graph[TEST_PATH_SIZE], alphabet[TEST_PATH_SIZE];

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(graph, sizeof(graph), "%s/some.name", folder);
    snprintf(alphabet, sizeof(alphabet), "%s/alphabet.txt", folder);
    copy_file(get_small_model(from), graph);

    assert_int_equal(dsinfer_model_open(graph, NULL, &model, NULL), DSINFER_OK);
    assert_int_equal(dsinfer_model_info(model)->alphabet_source, DSINFER_ALPHABET_ENGLISH);
    dsinfer_model_unref(model);

    copy_file(test_source_path(from, "model/english/alphabet.txt"), alphabet);
    assert_int_equal(dsinfer_model_open(graph, NULL, &model, NULL), DSINFER_OK);
    assert_int_equal(dsinfer_model_info(model)->alphabet_source, DSINFER_ALPHABET_BESIDE);
    dsinfer_model_unref(model);

    unlink(alphabet);
    assert_int_equal(symlink("nowhere", alphabet), 0); /* there, but it cannot be read */
    assert_int_equal(dsinfer_model_open(graph, NULL, &model, &err), DSINFER_ERR_IO);
    assert_non_null(strstr(err.message, "alphabet.txt"));
    unlink(alphabet);

    write_text(alphabet, "a\n");
    assert_int_equal(dsinfer_model_open(graph, NULL, &model, &err), DSINFER_ERR_MISMATCH);
    write_text(alphabet, "a\na\n");
    assert_int_equal(dsinfer_model_open(graph, NULL, &model, &err), DSINFER_ERR_MALFORMED);
    assert_non_null(strstr(err.message, "alphabet.txt"));
    unlink(alphabet);
    unlink(graph);
    rmdir(folder);
}

static void opening_survives_every_failed_allocation(void **state) {
    char path[TEST_PATH_SIZE];
    long n;

    (void)state;
    get_small_model(path);
    for (n = 0;; n++) {
        struct dsinfer_model *model;
        enum dsinfer_status status;

        dsi_alloc_fail_after(n);
        status = dsinfer_model_open(path, NULL, &model, NULL);
        dsi_alloc_fail_after(-1);
        dsinfer_model_unref(model);
        if (status == DSINFER_OK) {
            break;
        }
        assert_int_equal(status, DSINFER_ERR_NO_MEMORY);
        assert_null(model);
    }
    assert_true(n > 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_of_a_model_are_told),
        cmocka_unit_test(every_kernel_level_opens),
        cmocka_unit_test(named_kernels_run_or_are_refused_by_name),
        cmocka_unit_test(fewer_bits_take_less_memory),
        cmocka_unit_test(a_network_that_is_not_fused_has_one_precision),
        cmocka_unit_test(precisions_have_names),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(a_model_in_memory_is_the_same),
        cmocka_unit_test(a_named_alphabet_must_fit),
        cmocka_unit_test(the_alphabet_beside_the_model_is_taken_if_it_is_there),
        cmocka_unit_test(opening_survives_every_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
