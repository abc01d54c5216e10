/* What fills in the options of the library, and what a model makes of them.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/alloc.h"
#include "tests/support/speech.h"
#include "tests/support/test.h"

#include <dsinfer/dsinfer.h>

#include <math.h>
#include <string.h>

/* `init` clears what was there, says the size, and takes NULL. */
#define CHECK(type, init)                                                                          \
    do {                                                                                           \
        struct type options, again;                                                                \
                                                                                                   \
        memset(&options, 0x55, sizeof(options));                                                   \
        memset(&again, 0xaa, sizeof(again));                                                       \
        init(NULL);                                                                                \
        init(&options);                                                                            \
        init(&again);                                                                              \
        assert_int_equal(options.size, sizeof(options));                                           \
        assert_int_equal(again.size, sizeof(again));                                               \
    } while (0)

static void every_init_says_the_size_and_takes_null(void **state) {
    (void)state;
    CHECK(dsinfer_model_options, dsinfer_model_options_init);
    CHECK(dsinfer_runner_options, dsinfer_runner_options_init);
    CHECK(dsinfer_features_options, dsinfer_features_options_init);
    CHECK(dsinfer_decoder_options, dsinfer_decoder_options_init);
    CHECK(dsinfer_decoder_input, dsinfer_decoder_input_init);
    CHECK(dsinfer_scorer_options, dsinfer_scorer_options_init);
    CHECK(dsinfer_scorer_build_options, dsinfer_scorer_build_options_init);
    CHECK(dsinfer_stream_options, dsinfer_stream_options_init);
    CHECK(dsinfer_convert_options, dsinfer_convert_options_init);
}

static void a_model_makes_something_of_the_defaults(void **state) {
    struct dsinfer_model_info info = {.family = DSINFER_FAMILY_DS03};
    struct dsinfer_decoder_options options;

    (void)state;
    dsinfer_decoder_options_init_for(NULL, &info);
    dsinfer_decoder_options_init_for(&options, &info);
    assert_int_equal(options.kind, DSINFER_DECODER_TENSORFLOW);
    assert_int_equal(options.beam_width, 500);
    assert_true(options.alpha == 1.5 && options.beta == 2.1);

    info.family = DSINFER_FAMILY_DS01;
    dsinfer_decoder_options_init_for(&options, &info);
    assert_true(options.alpha == 1.75 && options.beta == 1.0);

    info.family = DSINFER_FAMILY_DS04;
    info.beam_width = 1024;
    dsinfer_decoder_options_init_for(&options, &info);
    assert_int_equal(options.kind, DSINFER_DECODER_PREFIX);
    assert_int_equal(options.beam_width, 1024);
    assert_true(isnan(options.alpha) && isnan(options.beta));

    info.family = DSINFER_FAMILY_UNKNOWN;
    dsinfer_decoder_options_init_for(&options, &info);
    assert_int_equal(options.kind, DSINFER_DECODER_DEFAULT);
}

/* Rows that say "a a": a, space, a, each surely. */
static void say_a_a(float rows[3 * 29]) {
    memset(rows, 0, 3 * 29 * sizeof(*rows));
    rows[0 * 29 + 1] = rows[1 * 29 + 0] = rows[2 * 29 + 1] = 20.0f;
}

static void a_decoder_for_a_model_has_its_letters_and_keeps_it_alive(void **state) {
    struct dsinfer_transcript transcript;
    struct dsinfer_decoder_input input;
    enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
    struct dsinfer_decoder *decoder;
    struct dsinfer_model *model;
    struct dsinfer_error error;
    char path[TEST_PATH_SIZE];
    float rows[3 * 29];
    int n;

    (void)state;
    say_a_a(rows);
    model = test_model_open(test_source_path(path, "model/english/output_graph.pb"));
    dsinfer_decoder_input_init(&input);
    input.model = model;
    input.alphabet_path = "/nowhere";
    for (n = 0; status == DSINFER_ERR_NO_MEMORY; n++) {
        assert_true(n < 100);
        dsi_alloc_fail_after(n);
        status = dsinfer_decoder_create(&input, NULL, &decoder, &error);
        dsi_alloc_fail_after(-1);
        assert_true(status == DSINFER_OK || !decoder);
    }
    assert_int_equal(status, DSINFER_OK);
    assert_true(n > 3);
    dsinfer_model_unref(model);
    assert_int_equal(dsinfer_decoder_get_n_labels(decoder), 29);
    assert_int_equal(dsinfer_decoder_feed(decoder, rows, 3), DSINFER_OK);
    assert_int_equal(dsinfer_decoder_get_transcript(decoder, &transcript), DSINFER_OK);
    assert_string_equal(transcript.text, "a a");
    dsinfer_decoder_destroy(decoder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_makes_something_of_the_defaults),
        cmocka_unit_test(a_decoder_for_a_model_has_its_letters_and_keeps_it_alive),
        cmocka_unit_test(every_init_says_the_size_and_takes_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
