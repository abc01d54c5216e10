/* frontend/windows: which frames lie in which window.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "frontend/frontend.h"

#include "runtime/base/alloc.h"
#include "tests/support/test.h"

#include <string.h>

#define N_CONTEXT 3
#define N_FEATURES 2
#define WINDOW ((2 * N_CONTEXT + 1) * N_FEATURES)
#define MAX_FRAMES 20

static const struct dsi_windows_config config = {N_CONTEXT, N_FEATURES};

static struct dsi_windows *create(void) {
    struct dsi_windows *windows;

    assert_int_equal(dsi_windows_create(&config, &windows, NULL), DSINFER_OK);
    return windows;
}

/* Frame t is (t + 1, -t - 1), so that no value of a frame is 0. */
static bool push(struct dsi_windows *windows, size_t t, float *window) {
    const float frame[N_FEATURES] = {(float)t + 1.0f, -(float)t - 1.0f};

    return dsi_windows_push(windows, frame, window);
}

/* Window t of an utterance of `n` frames, by the definition. */
static void check_window(const float *window, size_t t, size_t n) {
    size_t i;

    for (i = 0; i < 2 * N_CONTEXT + 1; i++) {
        const bool is_inside = t + i >= N_CONTEXT && t + i - N_CONTEXT < n;
        const float expected = is_inside ? (float)(t + i - N_CONTEXT + 1) : 0.0f;

        assert_true(window[i * N_FEATURES] == expected);
        assert_true(window[i * N_FEATURES + 1] == -expected);
    }
}

static void check_utterance(struct dsi_windows *windows, size_t n) {
    float window[WINDOW];
    size_t n_windows = 0, t;

    for (t = 0; t < n; t++) {
        const bool is_complete = push(windows, t, window);

        assert_int_equal(is_complete, t >= N_CONTEXT);
        if (is_complete) {
            check_window(window, n_windows++, n);
        }
    }
    for (t = 0; t < N_CONTEXT; t++) {
        if (dsi_windows_push_end(windows, window)) {
            check_window(window, n_windows++, n);
        }
    }
    assert_int_equal(n_windows, n);
}

static void every_frame_is_the_middle_of_one_window(void **state) {
    struct dsi_windows *windows = create();
    size_t n;

    (void)state;
    for (n = 0; n < MAX_FRAMES; n++) {
        dsi_windows_reset(windows);
        check_utterance(windows, n);
    }
    dsi_windows_destroy(windows);
}

static void an_incomplete_window_is_not_written(void **state) {
    struct dsi_windows *windows = create();
    float window[WINDOW];
    size_t i;

    (void)state;
    for (i = 0; i < WINDOW; i++) {
        window[i] = 7.0f;
    }
    assert_false(push(windows, 0, window));
    for (i = 0; i < WINDOW; i++) {
        assert_true(window[i] == 7.0f);
    }
    dsi_windows_destroy(windows);
}

static void a_copy_continues_as_the_original(void **state) {
    struct dsi_windows *original = create();
    struct dsi_windows *copy = create();
    float got[WINDOW], expected[WINDOW];
    size_t n, t;

    (void)state;
    for (n = 0; n < MAX_FRAMES; n++) {
        dsi_windows_reset(original);
        for (t = 0; t < n; t++) {
            push(original, t, expected);
        }
        dsi_windows_copy(original, copy);
        for (t = 0; t < 2 * N_CONTEXT; t++) {
            const bool is_complete = push(original, n + t, expected);

            assert_int_equal(push(copy, n + t, got), is_complete);
            if (is_complete) {
                assert_memory_equal(got, expected, sizeof(got));
            }
        }
    }
    dsi_windows_destroy(original);
    dsi_windows_destroy(copy);
}

static void without_context_a_frame_is_its_window(void **state) {
    const struct dsi_windows_config narrow = {0, N_FEATURES};
    struct dsi_windows *windows;
    float window[N_FEATURES];

    (void)state;
    assert_int_equal(dsi_windows_create(&narrow, &windows, NULL), DSINFER_OK);
    assert_true(push(windows, 4, window));
    assert_true(window[0] == 5.0f && window[1] == -5.0f);
    dsi_windows_destroy(windows);
}

static void windows_beyond_memory_are_refused(void **state) {
    static const struct dsi_windows_config large[] = {
        {SIZE_MAX, 1}, {SIZE_MAX / 2, 1}, {1, SIZE_MAX}, {9, SIZE_MAX / 19}, {9, SIZE_MAX / 76}};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
        struct dsi_windows *windows = (void *)&i;

        assert_int_equal(dsi_windows_create(&large[i], &windows, NULL), DSINFER_ERR_LIMIT);
        assert_null(windows);
    }
}

static void a_failed_allocation_is_reported(void **state) {
    struct dsi_windows *windows = (void *)&state;

    dsi_alloc_fail_after(0);
    assert_int_equal(dsi_windows_create(&config, &windows, NULL), DSINFER_ERR_NO_MEMORY);
    dsi_alloc_fail_after(-1);
    assert_null(windows);
    dsi_windows_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_is_the_middle_of_one_window),
        cmocka_unit_test(an_incomplete_window_is_not_written),
        cmocka_unit_test(a_copy_continues_as_the_original),
        cmocka_unit_test(without_context_a_frame_is_its_window),
        cmocka_unit_test(windows_beyond_memory_are_refused),
        cmocka_unit_test(a_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
