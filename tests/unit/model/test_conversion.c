/* Conversions: what is written, without files. The flags themselves are tested by the program.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/alloc.h"
#include "tests/support/test.h"

#include <dsinfer/convert.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MODEL "tests/fuzz/corpus/graphdef/ds030-h4.pb"

struct output {
    size_t size;
    size_t limit; /* refuses more */
    char *bytes;
};

static int take(void *user, const void *bytes, size_t size) {
    struct output *output = user;

    if (size > output->limit - output->size) {
        return -1;
    }
    output->bytes = realloc(output->bytes, output->size + size + 1);
    assert_non_null(output->bytes);
    memcpy(output->bytes + output->size, bytes, size);
    output->size += size;
    output->bytes[output->size] = '\0';
    return 0;
}

static enum dsinfer_status create(const struct dsinfer_convert_options *options,
                                  struct dsinfer_conversion **conversion,
                                  struct dsinfer_error *err) {
    char path[TEST_PATH_SIZE];

    return dsinfer_conversion_create(test_source_path(path, MODEL), options, conversion, err);
}

static void ports_notes_and_endings_end_with_null(void **state) {
    struct dsinfer_conversion *conversion;
    struct dsinfer_error err;
    size_t n = 0;

    (void)state;
    assert_int_equal(create(NULL, &conversion, &err), DSINFER_OK);
    while (dsinfer_conversion_get_port(conversion, n)) {
        n++;
    }
    assert_int_equal(n, 6);
    assert_null(dsinfer_conversion_get_note(conversion, 0));
    assert_string_equal(dsinfer_conversion_get_ending(conversion, 0), ".xml");
    assert_string_equal(dsinfer_conversion_get_ending(conversion, 1), ".bin");
    assert_null(dsinfer_conversion_get_ending(conversion, 2));
    assert_false(dsinfer_conversion_is_redirected(conversion));
    dsinfer_conversion_destroy(conversion);
}

static void constants_of_half_the_size_make_half_the_file(void **state) {
    struct dsinfer_convert_options options;
    struct output outputs[2];
    int type;

    (void)state;
    for (type = 0; type < 2; type++) {
        struct dsinfer_conversion *conversion;

        dsinfer_convert_options_init(&options);
        options.type = (enum dsinfer_convert_type)type;
        outputs[type] = (struct output){.limit = SIZE_MAX};
        assert_int_equal(create(&options, &conversion, NULL), DSINFER_OK);
        assert_int_equal(dsinfer_conversion_write(conversion, 1, take, &outputs[type], NULL),
                         DSINFER_OK);
        free(outputs[type].bytes);
        dsinfer_conversion_destroy(conversion);
    }
    assert_in_range(outputs[1].size, outputs[0].size * 2 / 5, outputs[0].size * 3 / 5);
}

/* All but the first: four layers, and the LSTM's two. */
static void all_matrices_but_one_can_be_quantized(void **state) {
    struct output output = {.limit = SIZE_MAX};
    struct dsinfer_convert_options options;
    struct dsinfer_conversion *conversion;
    const char *at;
    size_t n = 0;

    (void)state;
    dsinfer_convert_options_init(&options);
    options.is_int8 = 1;
    assert_int_equal(create(&options, &conversion, NULL), DSINFER_OK);
    assert_int_equal(dsinfer_conversion_write(conversion, 0, take, &output, NULL), DSINFER_OK);
    for (at = output.bytes; (at = strstr(at, "element_type=\"i8\"")) != NULL; at++) {
        n++;
    }
    assert_int_equal(n, 6);
    free(output.bytes);
    dsinfer_conversion_destroy(conversion);
}

static void a_sink_that_fails_ends_the_writing(void **state) {
    struct dsinfer_conversion *conversion;
    size_t i;

    (void)state;
    assert_int_equal(create(NULL, &conversion, NULL), DSINFER_OK);
    for (i = 0; i < 2; i++) {
        struct output output = {.limit = 5000};
        struct dsinfer_error err = {0};

        assert_int_equal(dsinfer_conversion_write(conversion, i, take, &output, &err),
                         DSINFER_ERR_IO);
        assert_true(err.message[0]);
        free(output.bytes);
    }
    assert_int_equal(dsinfer_conversion_write(conversion, 2, take, NULL, NULL),
                     DSINFER_ERR_ARGUMENT);
    dsinfer_conversion_destroy(conversion);
}

static void states_kept_inside_are_no_ports(void **state) {
    struct dsinfer_convert_options options;
    struct dsinfer_conversion *conversion;
    struct output output = {.limit = SIZE_MAX};

    (void)state;
    dsinfer_convert_options_init(&options);
    options.is_stateful = 1;
    assert_int_equal(create(&options, &conversion, NULL), DSINFER_OK);
    assert_string_equal(dsinfer_conversion_get_port(conversion, 0)->role, "windows");
    assert_string_equal(dsinfer_conversion_get_port(conversion, 1)->role, "logits");
    assert_null(dsinfer_conversion_get_port(conversion, 2));
    assert_int_equal(dsinfer_conversion_write(conversion, 0, take, &output, NULL), DSINFER_OK);
    assert_non_null(strstr(output.bytes, "variable_id=\"previous_state_c/read\""));
    free(output.bytes);
    dsinfer_conversion_destroy(conversion);

    options.output = "lstm_fused_cell/GatherNd";
    assert_int_equal(create(&options, &conversion, NULL), DSINFER_ERR_ARGUMENT);
}

static void check_memory(const char *input, bool is_stateful) {
    struct dsinfer_convert_options options;
    enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
    long k;

    dsinfer_convert_options_init(&options);
    options.input = input;
    options.is_stateful = is_stateful;
    options.is_int8 = is_stateful;
    options.output = "raw_logits,lstm_fused_cell/Gather,lstm_fused_cell/GatherNd_1";
    for (k = 0; status != DSINFER_OK; k++) {
        struct dsinfer_conversion *conversion = NULL;
        struct output outputs[2] = {{.limit = SIZE_MAX}, {.limit = SIZE_MAX}};
        size_t i;

        dsi_alloc_fail_after(k);
        status = create(&options, &conversion, NULL);
        for (i = 0; i < 2 && status == DSINFER_OK; i++) {
            status = dsinfer_conversion_write(conversion, i, take, &outputs[i], NULL);
        }
        dsi_alloc_fail_after(-1);
        assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
        dsinfer_conversion_destroy(conversion);
        free(outputs[0].bytes);
        free(outputs[1].bytes);
    }
}

static void memory_that_runs_out_is_reported_anywhere(void **state) {
    (void)state;
    check_memory("input_node[1 16 19 26],input_lengths->16", false);
    check_memory("input_node[1 16 19 26],input_lengths->16", true);
    check_memory("input_node[2 16 19 26],input_lengths->[7 16]", false);
}

static void wrong_options_are_refused(void **state) {
    struct dsinfer_convert_options options;
    struct dsinfer_conversion *conversion = NULL;

    (void)state;
    dsinfer_convert_options_init(&options);
    options.ir_version = 12;
    assert_int_equal(create(&options, &conversion, NULL), DSINFER_ERR_ARGUMENT);
    options.ir_version = 10;
    options.type = (enum dsinfer_convert_type)7;
    assert_int_equal(create(&options, &conversion, NULL), DSINFER_ERR_ARGUMENT);
    options.size = 0;
    assert_int_equal(create(&options, &conversion, NULL), DSINFER_ERR_ARGUMENT);
    assert_null(conversion);
    assert_int_equal(dsinfer_conversion_create(NULL, NULL, &conversion, NULL),
                     DSINFER_ERR_ARGUMENT);
    dsinfer_conversion_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports_notes_and_endings_end_with_null),
        cmocka_unit_test(constants_of_half_the_size_make_half_the_file),
        cmocka_unit_test(all_matrices_but_one_can_be_quantized),
        cmocka_unit_test(a_sink_that_fails_ends_the_writing),
        cmocka_unit_test(states_kept_inside_are_no_ports),
        cmocka_unit_test(memory_that_runs_out_is_reported_anywhere),
        cmocka_unit_test(wrong_options_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
