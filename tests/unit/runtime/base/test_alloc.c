/* base/alloc: aligned memory, checked sizes, failures on demand.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/alloc.h"

#include "tests/support/test.h"

#include <string.h>

static void no_bytes_are_a_valid_pointer(void **state) {
    void *pointers[] = {dsi_malloc(0), dsi_calloc(0, 8), dsi_malloc_aligned(0),
                        dsi_realloc(NULL, 0)};
    size_t i;

    (void)state;
    for (i = 0; i < 4; i++) {
        assert_non_null(pointers[i]);
        dsi_free(pointers[i]);
    }
    dsi_free(NULL);
}

static void aligned_memory_is_aligned_and_big_enough(void **state) {
    size_t size;

    (void)state;
    for (size = 0; size < 300; size++) {
        unsigned char *memory = dsi_malloc_aligned(size);

        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % DSI_ALIGNMENT, 0);
        memset(memory, 1, size);
        dsi_free(memory);
    }
    assert_null(dsi_malloc_aligned(SIZE_MAX));
}

static void sums_and_products_do_not_wrap_around(void **state) {
    size_t result = 7;

    (void)state;
    assert_false(dsi_add_size(SIZE_MAX, 1, &result));
    assert_false(dsi_mul_size(SIZE_MAX / 2 + 1, 2, &result));
    assert_int_equal(result, 7);
    assert_true(dsi_add_size(SIZE_MAX - 1, 1, &result));
    assert_true(result == SIZE_MAX);
    assert_true(dsi_mul_size(SIZE_MAX, 0, &result));
    assert_int_equal(result, 0);
    assert_true(dsi_mul_size(0, SIZE_MAX, &result));
    assert_int_equal(result, 0);
}

static void allocations_fail_on_demand_and_are_counted(void **state) {
    const unsigned long n_before = dsi_alloc_get_count();
    void *first, *second;
    char *text;

    (void)state;
    dsi_alloc_fail_after(1);
    first = dsi_malloc(1);
    second = dsi_malloc_aligned(1);
    text = dsi_strdup("text");
    dsi_alloc_fail_after(-1);
    assert_non_null(first);
    assert_null(second);
    assert_null(text);
    assert_int_equal(dsi_alloc_get_count() - n_before, 3);
    dsi_free(first);
    text = dsi_strdup("text");
    assert_string_equal(text, "text");
    dsi_free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_bytes_are_a_valid_pointer),
        cmocka_unit_test(aligned_memory_is_aligned_and_big_enough),
        cmocka_unit_test(sums_and_products_do_not_wrap_around),
        cmocka_unit_test(allocations_fail_on_demand_and_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
