/* state/stream/activity: what stands out, and what does not.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/stream/activity.h"

#include "frontend/level.h"
#include "tests/support/rng.h"
#include "tests/support/test.h"

/* `n` frames of a level that is never quite the same, as noise is not. */
static void push(struct dsi_activity *activity, size_t n, float decibels) {
    struct test_rng rng = {7};
    size_t i;

    for (i = 0; i < n; i++) {
        dsi_activity_push(activity, decibels + test_rng_float(&rng));
    }
}

static void a_steady_level_is_never_active(void **state) {
    const float levels[] = {DSI_LEVEL_MIN, -80.0f, -60.0f, -41.0f, -20.0f, 0.0f};
    size_t i;

    (void)state;
    for (i = 0; i < 6; i++) {
        struct dsi_activity activity = {0};

        push(&activity, 500, levels[i]);
        dsi_activity_end(&activity);
        assert_int_equal(activity.active_end, 0);
    }
}

static void noise_that_begins_and_ends_is_not_active(void **state) {
    struct dsi_activity activity = {0};

    (void)state;
    push(&activity, 200, DSI_LEVEL_MIN);
    push(&activity, 200, -45.0f);
    push(&activity, 200, DSI_LEVEL_MIN);
    push(&activity, 200, -30.0f);
    dsi_activity_end(&activity);
    assert_int_equal(activity.active_end, 0);
}

static void a_syllable_is_active_up_to_its_end(void **state) {
    struct dsi_activity activity = {0};

    (void)state;
    push(&activity, 300, -50.0f);
    push(&activity, 10, -35.0f);
    assert_int_equal(activity.active_end, 0); /* not before it has ended */
    assert_int_equal(activity.loud_end, 310);
    push(&activity, 300, -50.0f);
    assert_int_equal(activity.active_end, 310);
    assert_int_equal(activity.loud_end, 310);
}

static void a_click_is_too_short(void **state) {
    struct dsi_activity activity = {0};

    (void)state;
    push(&activity, 100, -80.0f);
    push(&activity, 2, -10.0f);
    push(&activity, 100, -80.0f);
    assert_int_equal(activity.active_end, 0);
    assert_int_equal(activity.loud_end, 0);
}

static void nothing_below_the_lowest_level_stands_out(void **state) {
    struct dsi_activity activity = {0};

    (void)state;
    push(&activity, 100, -110.0f);
    push(&activity, 10, -72.0f);
    push(&activity, 100, -110.0f);
    assert_int_equal(activity.active_end, 0);
}

static void a_recording_cut_out_of_a_word_is_active(void **state) {
    struct dsi_activity whole = {0}, first = {0}, last = {0};

    (void)state;
    push(&whole, 12, -20.0f);
    dsi_activity_end(&whole);
    assert_int_equal(whole.active_end, 12);
    push(&first, 12, -20.0f);
    push(&first, 12, -60.0f);
    assert_int_equal(first.active_end, 12);
    push(&last, 12, -60.0f);
    push(&last, 12, -20.0f);
    assert_int_equal(last.active_end, 0);
    dsi_activity_end(&last);
    assert_int_equal(last.active_end, 24);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_steady_level_is_never_active),
        cmocka_unit_test(noise_that_begins_and_ends_is_not_active),
        cmocka_unit_test(a_syllable_is_active_up_to_its_end),
        cmocka_unit_test(a_click_is_too_short),
        cmocka_unit_test(nothing_below_the_lowest_level_stands_out),
        cmocka_unit_test(a_recording_cut_out_of_a_word_is_active),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
