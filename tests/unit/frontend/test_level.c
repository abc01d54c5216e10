/* frontend/level: what lies below speech has no level, and how samples are cut does not matter.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "frontend/level.h"

#include "tests/support/rng.h"
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

#define RATE 16000
#define N 16000 /* a second */
#define N_LEVELS 50

static float samples[N];

static void fill_sine(double amplitude, double hertz, double offset) {
    size_t i;

    for (i = 0; i < N; i++) {
        samples[i] = (float)(offset + amplitude * sin(2.0 * M_PI * hertz * (double)i / RATE + 0.3));
    }
}

/* Levels of the first `n` samples, `piece` at a time. */
static size_t run(struct dsi_level *level, const void *all, bool is_float, size_t n, size_t piece,
                  float *levels) {
    const size_t sample_size = is_float ? sizeof(float) : sizeof(int16_t);
    size_t n_levels = 0;
    size_t done = 0;

    while (done < n) {
        const size_t left = n - done < piece ? n - done : piece;
        bool has_level;

        done += dsi_level_take(level, (const char *)all + done * sample_size, is_float, left,
                               &levels[n_levels], &has_level);
        n_levels += has_level;
    }
    return n_levels;
}

static void run_second(float *levels) {
    struct dsi_level level;

    dsi_level_init(&level, RATE);
    assert_int_equal(run(&level, samples, true, N, N, levels), N_LEVELS);
}

static void a_tone_has_the_level_of_its_power(void **state) {
    float levels[N_LEVELS];
    size_t i;

    (void)state;
    fill_sine(0.1, 1000.0, 0.0);
    run_second(levels);
    for (i = 1; i < N_LEVELS; i++) {
        assert_true(fabsf(levels[i] - -23.01f) < 0.1f);
    }
}

static void a_constant_has_no_level_from_its_first_sample_on(void **state) {
    float levels[N_LEVELS];
    size_t i;

    (void)state;
    fill_sine(0.0, 0.0, 0.9);
    run_second(levels);
    for (i = 0; i < N_LEVELS; i++) {
        assert_true(levels[i] == DSI_LEVEL_MIN);
    }
}

static void hum_at_full_scale_has_hardly_a_level(void **state) {
    const double hertz[] = {50.0, 60.0};
    float levels[N_LEVELS];
    size_t i, k;

    (void)state;
    for (k = 0; k < 2; k++) {
        fill_sine(0.8, hertz[k], 0.1);
        run_second(levels);
        for (i = 2; i < N_LEVELS; i++) {
            assert_true(levels[i] < -80.0f);
        }
    }
}

static void any_cut_gives_the_same_levels(void **state) {
    const size_t pieces[] = {1, 7, 319, 320, 321, 5000};
    float wanted[N_LEVELS], levels[N_LEVELS];
    struct test_rng rng = {1};
    struct dsi_level level;
    size_t i;

    (void)state;
    for (i = 0; i < N; i++) {
        samples[i] = test_rng_float(&rng);
    }
    run_second(wanted);
    dsi_level_init(&level, RATE);
    for (i = 0; i < 6; i++) {
        assert_int_equal(run(&level, samples, true, N, pieces[i], levels), N_LEVELS);
        assert_memory_equal(levels, wanted, sizeof(wanted));
        dsi_level_reset(&level);
    }
}

static void integers_and_floats_have_the_same_level(void **state) {
    float wanted[N_LEVELS], levels[N_LEVELS];
    int16_t integers[N];
    struct test_rng rng = {2};
    struct dsi_level level;
    size_t i;

    (void)state;
    for (i = 0; i < N; i++) {
        integers[i] = (int16_t)(test_rng_next(&rng) & 0xffff);
        samples[i] = (float)integers[i] / 32768.0f;
    }
    run_second(wanted);
    dsi_level_init(&level, RATE);
    run(&level, integers, false, N, N, levels);
    assert_memory_equal(levels, wanted, sizeof(wanted));
}

static void samples_that_are_no_numbers_give_numbers(void **state) {
    const float odd[] = {NAN, INFINITY, -INFINITY, 1e30f, -1e30f, 0.5f, 1e-40f};
    float levels[N_LEVELS];
    size_t i;

    (void)state;
    for (i = 0; i < N; i++) {
        samples[i] = odd[i % 7];
    }
    run_second(levels);
    for (i = 0; i < N_LEVELS; i++) {
        assert_true(levels[i] >= DSI_LEVEL_MIN && levels[i] < 10.0f);
    }
    for (i = 0; i < N; i++) {
        samples[i] = NAN;
    }
    run_second(levels);
    assert_true(levels[0] == DSI_LEVEL_MIN && levels[N_LEVELS - 1] == DSI_LEVEL_MIN);
}

/* What is left of a signal decays to zeros, not to numbers that are slow to compute with. */
static void silence_after_a_signal_is_forgotten(void **state) {
    float levels[N_LEVELS];
    const double nothing[DSI_LEVEL_N_SECTIONS][2] = {{0}};
    struct dsi_level level;

    (void)state;
    fill_sine(0.9, 400.0, 0.0);
    dsi_level_init(&level, RATE);
    run(&level, samples, true, N, N, levels);
    memset(samples, 0, sizeof(samples));
    run(&level, samples, true, N, N, levels);
    assert_true(levels[N_LEVELS - 1] == DSI_LEVEL_MIN);
    assert_memory_equal(level.memory, nothing, sizeof(nothing));
}

static void a_block_is_20_ms_at_any_rate(void **state) {
    float levels[N_LEVELS];
    struct dsi_level level;

    (void)state;
    fill_sine(0.1, 2000.0, 0.0); /* 1000 Hz at half the rate */
    dsi_level_init(&level, RATE / 2);
    assert_int_equal(run(&level, samples, true, N / 2, 1000, levels), N_LEVELS);
    assert_true(fabsf(levels[10] - -23.01f) < 0.1f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tone_has_the_level_of_its_power),
        cmocka_unit_test(a_constant_has_no_level_from_its_first_sample_on),
        cmocka_unit_test(hum_at_full_scale_has_hardly_a_level),
        cmocka_unit_test(any_cut_gives_the_same_levels),
        cmocka_unit_test(integers_and_floats_have_the_same_level),
        cmocka_unit_test(samples_that_are_no_numbers_give_numbers),
        cmocka_unit_test(silence_after_a_signal_is_forgotten),
        cmocka_unit_test(a_block_is_20_ms_at_any_rate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
