/* The graphs of 0.5 and later hold the operations that make their features: asked for, they give
 * what the front end of the family gives, bit for bit.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/golden/models.h"
#include "tests/support/rng.h"

#include <dsinfer/features.h>
#include <dsinfer/runner.h>

#include <string.h>

#define N_SAMPLES 512
#define N_WINDOWS 50

/* Noise from loud to less than one step of the samples. */
static void make_window(struct test_rng *rng, size_t i, int16_t *samples) {
    size_t k;

    for (k = 0; k < N_SAMPLES; k++) {
        const float scale = 32767.0f / (float)(1 << (i % 18));

        samples[k] = (int16_t)(test_rng_float(rng) * scale);
    }
}

static void check(const char *name) {
    static const char *const outputs[] = {"mfccs"};
    struct dsinfer_model *model = golden_open(name, DSINFER_KERNELS_NATIVE);
    const struct dsinfer_model_info *info = dsinfer_model_info(model);
    struct dsinfer_features_options options;
    struct dsinfer_features *features;
    struct dsinfer_query *query;
    struct dsinfer_error err;
    struct test_rng rng = {5};
    float inputs[N_SAMPLES];
    struct dsinfer_binding binding = {"input_samples",
                                      {DSINFER_ELEMENT_F32, 1, {N_SAMPLES}, inputs}};
    size_t i, k;

    dsinfer_features_options_init(&options);
    options.family = info->family;
    assert_int_equal(dsinfer_features_create(&options, &features, NULL), DSINFER_OK);
    if (dsinfer_query_create(model, &binding, 1, outputs, 1, &query, &err) != DSINFER_OK) {
        fail_msg("%s: %s", name, err.message);
    }
    for (i = 0; i < N_WINDOWS; i++) {
        int16_t samples[N_SAMPLES];
        struct dsinfer_array result;
        float frame[2 * 26];

        make_window(&rng, i, samples);
        for (k = 0; k < N_SAMPLES; k++) {
            inputs[k] = (float)samples[k] / 32768.0f;
        }
        assert_int_equal(dsinfer_query_run(query, &binding, &result, NULL), DSINFER_OK);
        assert_int_equal(result.rank, 2);
        assert_int_equal(result.dims[0], 1);
        assert_int_equal(result.dims[1], 26);
        dsinfer_features_reset(features);
        assert_int_equal(dsinfer_features_feed_s16(features, samples, N_SAMPLES, frame), 1);
        assert_memory_equal(result.data, frame, 26 * sizeof(*frame));
    }
    dsinfer_query_destroy(query);
    dsinfer_features_destroy(features);
    dsinfer_model_unref(model);
}

static void features_of_the_graph_are_those_of_the_front_end(void **state) {
    (void)state;
    check("ds051-h40-s3/output_graph.pb");
    check("ds061-h40-s4/output_graph.pb");
    check("ds093-h64-s7/output_graph.pb");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_of_the_graph_are_those_of_the_front_end),
    };

    if (!test_has_shared()) {
        return TEST_SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
