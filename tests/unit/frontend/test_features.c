/* frontend/features: what holds for every family.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "frontend/frontend.h"

#include "runtime/base/alloc.h"
#include "tests/support/frames.h"
#include "tests/support/rng.h"
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

#define WIDTH 26
#define N_SAMPLES 6007
#define MAX_FRAMES 64

static const struct {
    enum dsinfer_family family;
    uint32_t sample_rate;
    size_t window, step, keep;
} rows[] = {
    {DSINFER_FAMILY_DS03, 16000, 400, 160, 2}, {DSINFER_FAMILY_DS04, 16000, 512, 320, 1},
    {DSINFER_FAMILY_DS05, 16000, 512, 320, 1}, {DSINFER_FAMILY_DS06, 16000, 512, 320, 1},
    {DSINFER_FAMILY_DS07, 16000, 512, 320, 1}, {DSINFER_FAMILY_DS07, 8000, 256, 160, 1},
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static int16_t samples[N_SAMPLES];
static float float_samples[N_SAMPLES];

static int fill_samples(void **state) {
    struct test_rng rng = {7};
    size_t i;

    (void)state;
    for (i = 0; i < N_SAMPLES; i++) {
        samples[i] = (int16_t)(test_rng_next(&rng) >> 16);
        float_samples[i] = (float)samples[i] / 32768.0f;
    }
    samples[100] = INT16_MIN;
    samples[101] = INT16_MAX;
    float_samples[100] = -1.0f;
    float_samples[101] = 32767.0f / 32768.0f;
    return 0;
}

static struct dsinfer_features *create(size_t row) {
    return test_features_create(rows[row].family, rows[row].sample_rate);
}

static void frames_do_not_depend_on_how_samples_are_cut(void **state) {
    static const size_t pieces[] = {1, 2, 159, 160, 161, 400, 512, TEST_RANDOM};
    size_t row, i;

    (void)state;
    for (row = 0; row < N_ROWS; row++) {
        struct dsinfer_features *features = create(row);
        struct test_frames whole = {0};

        test_frames_extract(features, samples, N_SAMPLES, TEST_WHOLE, &whole);
        for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
            struct test_frames frames = {0};

            dsinfer_features_reset(features);
            test_frames_extract(features, samples, N_SAMPLES, pieces[i], &frames);
            test_frames_assert_equal(&frames, &whole);
            test_frames_free(&frames);
        }
        test_frames_free(&whole);
        dsinfer_features_destroy(features);
    }
}

/* W windows while samples arrive and one at the end; every second one kept makes ⌈(W + 1) / 2⌉. */
static void the_number_of_frames_is_upstreams(void **state) {
    size_t row, n;

    (void)state;
    for (row = 0; row < N_ROWS; row++) {
        struct dsinfer_features *features = create(row);

        for (n = 0; n < 1200; n++) {
            const size_t n_windows =
                n < rows[row].window ? 0 : 1 + (n - rows[row].window) / rows[row].step;
            struct test_frames frames = {0};

            dsinfer_features_reset(features);
            test_frames_extract(features, samples, n, TEST_WHOLE, &frames);
            assert_int_equal(frames.n_frames, (n_windows + rows[row].keep) / rows[row].keep);
            test_frames_free(&frames);
        }
        dsinfer_features_destroy(features);
    }
}

static void the_largest_number_of_samples_does_not_overflow(void **state) {
    size_t row;

    (void)state;
    for (row = 0; row < N_ROWS; row++) {
        struct dsinfer_features *features = create(row);

        assert_true(dsinfer_features_get_max_frames(features, SIZE_MAX) > SIZE_MAX / 1024);
        dsinfer_features_destroy(features);
    }
}

static void a_reset_makes_it_as_new(void **state) {
    size_t row;

    (void)state;
    for (row = 0; row < N_ROWS; row++) {
        struct dsinfer_features *used = create(row);
        struct dsinfer_features *fresh = create(row);
        struct test_frames got = {0}, expected = {0};
        float frames[MAX_FRAMES * WIDTH];

        dsinfer_features_feed_s16(used, samples + 1000, 1000, frames);
        dsinfer_features_reset(used);
        test_frames_extract(used, samples, N_SAMPLES, 160, &got);
        test_frames_extract(fresh, samples, N_SAMPLES, 160, &expected);
        test_frames_assert_equal(&got, &expected);
        test_frames_free(&got);
        test_frames_free(&expected);
        dsinfer_features_destroy(used);
        dsinfer_features_destroy(fresh);
    }
}

static void a_copy_continues_as_the_original(void **state) {
    static const size_t cuts[] = {0, 1, 399, 400, 561, 1111, 3210};
    size_t row, i;

    (void)state;
    for (row = 0; row < N_ROWS; row++) {
        struct dsinfer_features *original = create(row);
        struct dsinfer_features *copy = create(row);

        for (i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
            struct test_frames got = {0}, expected = {0};
            float frames[MAX_FRAMES * WIDTH];

            dsinfer_features_reset(original);
            dsinfer_features_feed_s16(copy, samples, 77, frames);
            dsinfer_features_feed_s16(original, samples, cuts[i], frames);
            dsi_features_copy(original, copy);
            test_frames_extract(original, samples + cuts[i], N_SAMPLES - cuts[i], 160, &expected);
            test_frames_extract(copy, samples + cuts[i], N_SAMPLES - cuts[i], 7, &got);
            test_frames_assert_equal(&got, &expected);
            test_frames_free(&got);
            test_frames_free(&expected);
        }
        dsinfer_features_destroy(original);
        dsinfer_features_destroy(copy);
    }
}

static void floats_of_full_scale_one_equal_16_bit_samples(void **state) {
    size_t row;

    (void)state;
    for (row = 0; row < N_ROWS; row++) {
        struct dsinfer_features *features = create(row);
        float got[MAX_FRAMES * WIDTH], expected[MAX_FRAMES * WIDTH];
        size_t n_got, n_expected;

        n_expected = dsinfer_features_feed_s16(features, samples, N_SAMPLES, expected);
        dsinfer_features_reset(features);
        n_got = dsinfer_features_feed_f32(features, float_samples, N_SAMPLES, got);
        assert_int_equal(n_got, n_expected);
        assert_memory_equal(got, expected, n_got * WIDTH * sizeof(float));
        dsinfer_features_destroy(features);
    }
}

/* Not rounded: a quarter of the smallest step of 16 bits is no silence. */
static void floats_are_not_rounded_to_16_bits(void **state) {
    struct dsinfer_features *features = create(0);
    float quiet[400], frame[WIDTH];
    size_t i;

    (void)state;
    for (i = 0; i < 400; i++) {
        quiet[i] = i % 2 ? 0.25f / 32768.0f : -0.25f / 32768.0f;
    }
    assert_int_equal(dsinfer_features_feed_f32(features, quiet, 400, frame), 1);
    assert_true(frame[0] > -20.0f);
    dsinfer_features_destroy(features);
}

static void samples_that_are_no_numbers_are_silent_and_loud_ones_are_clipped(void **state) {
    static const float strange[] = {NAN, -NAN, INFINITY, -INFINITY, 1e30f, -1e30f, 1.0f, 1e-45f};
    static const float tame[] = {
        0.0f,  0.0f, 32767.0f / 32768.0f, -1.0f, 32767.0f / 32768.0f, -1.0f, 32767.0f / 32768.0f,
        1e-45f};
    size_t row, i;

    (void)state;
    for (row = 0; row < N_ROWS; row++) {
        struct dsinfer_features *features = create(row);
        float got[MAX_FRAMES * WIDTH], expected[MAX_FRAMES * WIDTH];
        float a[2000], b[2000];
        size_t n;

        for (i = 0; i < 2000; i++) {
            const size_t j = i * i % 37 % 8;

            a[i] = strange[j];
            b[i] = tame[j];
        }
        n = dsinfer_features_feed_f32(features, b, 2000, expected);
        dsinfer_features_reset(features);
        assert_int_equal(dsinfer_features_feed_f32(features, a, 2000, got), n);
        assert_true(n > 0);
        assert_memory_equal(got, expected, n * WIDTH * sizeof(float));
        for (i = 0; i < n * WIDTH; i++) {
            assert_true(isfinite(got[i]));
        }
        dsinfer_features_destroy(features);
    }
}

/* Numbers that a processor is slow with never reach the arithmetic. */
static void samples_of_no_energy_are_silence(void **state) {
    static const float sizes[] = {1e-45f, 1e-39f, 1.2e-38f, 1e-30f, 1e-22f, 2e-21f};
    size_t row, i, k;

    (void)state;
    for (row = 0; row < N_ROWS; row++) {
        for (k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
            struct dsinfer_features *features = create(row);
            float got[MAX_FRAMES * WIDTH], expected[MAX_FRAMES * WIDTH];
            float quiet[2000] = {0.0f};
            size_t n = dsinfer_features_feed_f32(features, quiet, 2000, expected);

            assert_true(n > 0);
            for (i = 0; i < 2000; i++) {
                quiet[i] = i % 3 == 0 ? -sizes[k] : sizes[k];
            }
            dsinfer_features_reset(features);
            assert_int_equal(dsinfer_features_feed_f32(features, quiet, 2000, got), n);
            assert_memory_equal(got, expected, n * WIDTH * sizeof(float));
            dsinfer_features_destroy(features);
        }
    }
}

static void frames_can_be_taken_one_at_a_time(void **state) {
    struct dsinfer_features *features = create(0);
    struct test_frames expected = {0};
    float frame[WIDTH];
    size_t n_taken = 0, n_frames = 0;

    (void)state;
    test_frames_extract(features, samples, N_SAMPLES, TEST_WHOLE, &expected);
    dsinfer_features_reset(features);
    while (n_taken < N_SAMPLES) {
        bool has_frame;

        n_taken += dsi_features_take(features, samples + n_taken, false, N_SAMPLES - n_taken, frame,
                                     &has_frame);
        if (has_frame) {
            /* As soon as its last sample is there. */
            assert_int_equal(n_taken, 400 + 320 * n_frames);
            assert_memory_equal(frame, expected.values + n_frames * WIDTH, sizeof(frame));
            n_frames++;
        }
    }
    assert_int_equal(n_taken, N_SAMPLES);
    assert_true(n_frames > 10);
    test_frames_free(&expected);
    dsinfer_features_destroy(features);
}

static void after_the_end_nothing_is_taken(void **state) {
    struct dsinfer_features *features = create(0);
    float frame[WIDTH], untouched[WIDTH];
    bool has_frame = true;

    (void)state;
    assert_int_equal(dsinfer_features_finish(features, frame), 1);
    memcpy(untouched, frame, sizeof(frame));
    assert_int_equal(dsinfer_features_get_max_frames(features, N_SAMPLES), 0);
    assert_int_equal(dsinfer_features_feed_s16(features, samples, N_SAMPLES, frame), 0);
    assert_int_equal(dsi_features_take(features, samples, false, 9, frame, &has_frame), 9);
    assert_false(has_frame);
    assert_int_equal(dsinfer_features_finish(features, frame), 0);
    assert_memory_equal(frame, untouched, sizeof(frame));
    dsinfer_features_destroy(features);
}

static void nothing_is_allocated_after_create(void **state) {
    size_t row;

    (void)state;
    for (row = 0; row < N_ROWS; row++) {
        struct dsinfer_features *features = create(row);
        const unsigned long n_allocations = dsi_alloc_get_count();
        float frames[MAX_FRAMES * WIDTH];

        dsinfer_features_feed_s16(features, samples, N_SAMPLES, frames);
        dsinfer_features_finish(features, frames);
        dsinfer_features_reset(features);
        assert_true(dsi_alloc_get_count() == n_allocations);
        dsinfer_features_destroy(features);
    }
}

static void a_failed_allocation_is_reported(void **state) {
    size_t row;
    long k;

    (void)state;
    for (row = 0; row < N_ROWS; row++) {
        struct dsinfer_features_options options;
        enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;

        dsinfer_features_options_init(&options);
        options.family = rows[row].family;
        options.sample_rate = rows[row].sample_rate;
        for (k = 0; status != DSINFER_OK; k++) {
            struct dsinfer_features *features = (void *)&options;
            struct dsinfer_error error = {DSINFER_OK, ""};

            dsi_alloc_fail_after(k);
            status = dsinfer_features_create(&options, &features, &error);
            dsi_alloc_fail_after(-1);
            if (status != DSINFER_OK) {
                assert_int_equal(status, DSINFER_ERR_NO_MEMORY);
                assert_int_equal(error.status, DSINFER_ERR_NO_MEMORY);
                assert_null(features);
            }
            dsinfer_features_destroy(features);
        }
        assert_true(k > 1);
    }
}

static void expect_refusal(enum dsinfer_family family, uint32_t sample_rate,
                           enum dsinfer_status expected, const char *words) {
    struct dsinfer_features_options options;
    struct dsinfer_features *features = (void *)&options;
    struct dsinfer_error error;

    dsinfer_features_options_init(&options);
    options.family = family;
    options.sample_rate = sample_rate;
    assert_int_equal(dsinfer_features_create(&options, &features, &error), expected);
    assert_null(features);
    assert_int_equal(error.status, expected);
    assert_non_null(strstr(error.message, words));
}

static void a_family_or_rate_that_is_not_there_is_named(void **state) {
    (void)state;
    expect_refusal(DSINFER_FAMILY_DS01, 8000, DSINFER_ERR_UNSUPPORTED, "ds01");
    expect_refusal(DSINFER_FAMILY_DS03, 8000, DSINFER_ERR_UNSUPPORTED, "ds03");
    expect_refusal(DSINFER_FAMILY_DS03, 8000, DSINFER_ERR_UNSUPPORTED, "8000 Hz");
    expect_refusal(DSINFER_FAMILY_DS07, 44100, DSINFER_ERR_UNSUPPORTED, "44100 Hz");
    expect_refusal(DSINFER_FAMILY_DS03, 0, DSINFER_ERR_UNSUPPORTED, "ds03");
    expect_refusal(DSINFER_FAMILY_UNKNOWN, 16000, DSINFER_ERR_ARGUMENT, "family");
    expect_refusal((enum dsinfer_family)99, 16000, DSINFER_ERR_ARGUMENT, "99");
}

static void options_may_be_left_out_but_not_uninitialised(void **state) {
    struct dsinfer_features_options options = {0, DSINFER_FAMILY_DS03, 16000};
    struct dsinfer_features *features;
    float frame[WIDTH];

    (void)state;
    assert_int_equal(dsinfer_features_create(&options, &features, NULL), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_features_create(&options, NULL, NULL), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_features_create(NULL, &features, NULL), DSINFER_OK);
    assert_int_equal(dsinfer_features_get_width(features), WIDTH);
    assert_int_equal(dsinfer_features_feed_s16(features, NULL, 0, NULL), 0);
    assert_int_equal(dsinfer_features_feed_s16(features, samples, 399, NULL), 0);
    assert_int_equal(dsinfer_features_feed_s16(features, samples, 1, frame), 1);
    dsinfer_features_destroy(features);
    dsinfer_features_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_do_not_depend_on_how_samples_are_cut),
        cmocka_unit_test(the_number_of_frames_is_upstreams),
        cmocka_unit_test(the_largest_number_of_samples_does_not_overflow),
        cmocka_unit_test(a_reset_makes_it_as_new),
        cmocka_unit_test(a_copy_continues_as_the_original),
        cmocka_unit_test(floats_of_full_scale_one_equal_16_bit_samples),
        cmocka_unit_test(floats_are_not_rounded_to_16_bits),
        cmocka_unit_test(samples_that_are_no_numbers_are_silent_and_loud_ones_are_clipped),
        cmocka_unit_test(samples_of_no_energy_are_silence),
        cmocka_unit_test(frames_can_be_taken_one_at_a_time),
        cmocka_unit_test(after_the_end_nothing_is_taken),
        cmocka_unit_test(nothing_is_allocated_after_create),
        cmocka_unit_test(a_failed_allocation_is_reported),
        cmocka_unit_test(a_family_or_rate_that_is_not_there_is_named),
        cmocka_unit_test(options_may_be_left_out_but_not_uninitialised),
    };

    return cmocka_run_group_tests(tests, fill_samples, NULL);
}
