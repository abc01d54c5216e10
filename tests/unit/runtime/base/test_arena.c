/* base/arena: zeroed, aligned, limited.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/arena.h"

#include "runtime/base/alloc.h"
#include "tests/support/test.h"

#include <string.h>

static void pieces_are_zeroed_aligned_and_apart(void **state) {
    unsigned char *pieces[200];
    struct dsi_arena arena;
    size_t i, k;

    (void)state;
    dsi_arena_init(&arena, (size_t)1 << 20);
    for (i = 0; i < 200; i++) {
        pieces[i] = dsi_arena_alloc(&arena, i, 7);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
        for (k = 0; k < i * 7; k++) {
            assert_int_equal(pieces[i][k], 0);
        }
        memset(pieces[i], (int)i, i * 7);
    }
    for (i = 0; i < 200; i++) {
        for (k = 0; k < i * 7; k++) {
            assert_int_equal(pieces[i][k], i);
        }
    }
    dsi_arena_finish(&arena);
}

static void no_more_than_the_limit_is_given_out(void **state) {
    struct dsi_arena arena;

    (void)state;
    dsi_arena_init(&arena, 64);
    assert_non_null(dsi_arena_alloc(&arena, 1, 33)); /* takes 48 */
    assert_null(dsi_arena_alloc(&arena, 1, 17));
    assert_null(dsi_arena_alloc(&arena, SIZE_MAX, 2));
    assert_null(dsi_arena_alloc(&arena, 1, SIZE_MAX));
    assert_null(dsi_arena_strndup(&arena, "", SIZE_MAX));
    assert_non_null(dsi_arena_alloc(&arena, 1, 16));
    assert_int_equal(arena.used, 64);
    dsi_arena_finish(&arena);
    assert_int_equal(arena.used, 0);
    assert_non_null(dsi_arena_alloc(&arena, 1, 64)); /* empty again */
    dsi_arena_finish(&arena);
}

static void text_is_copied_and_terminated(void **state) {
    struct dsi_arena arena;

    (void)state;
    dsi_arena_init(&arena, 1000);
    assert_string_equal(dsi_arena_strndup(&arena, "abcdef", 3), "abc");
    assert_string_equal(dsi_arena_strndup(&arena, NULL, 0), "");
    dsi_arena_finish(&arena);
}

static void a_failed_allocation_gives_null(void **state) {
    struct dsi_arena arena;

    (void)state;
    dsi_arena_init(&arena, 1000);
    dsi_alloc_fail_after(0);
    assert_null(dsi_arena_alloc(&arena, 1, 1));
    dsi_alloc_fail_after(-1);
    assert_int_equal(arena.used, 0);
    assert_non_null(dsi_arena_alloc(&arena, 1, 1));
    dsi_arena_finish(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(no_more_than_the_limit_is_given_out),
        cmocka_unit_test(text_is_copied_and_terminated),
        cmocka_unit_test(a_failed_allocation_gives_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
