/* exec: places for buffers.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/exec/memory.h"

#include "runtime/base/alloc.h"
#include "tests/support/rng.h"
#include "tests/support/test.h"

enum { N_BUFFERS = 1000 };

static void live_buffers_never_overlap(void **state) {
    static size_t offsets[N_BUFFERS], sizes[N_BUFFERS];
    static int is_live[N_BUFFERS];
    struct test_rng rng = {1};
    struct dsi_memory memory;
    uint32_t i, k;

    (void)state;
    assert_true(dsi_memory_init(&memory, N_BUFFERS, offsets, sizes, (size_t)1 << 30));
    for (i = 0; i < N_BUFFERS; i++) {
        sizes[i] = test_rng_next(&rng) % 5 ? test_rng_next(&rng) % 5000 : 0;
        assert_true(dsi_memory_place(&memory, i));
        assert_int_equal(offsets[i] % DSI_ALIGNMENT, 0);
        assert_true(offsets[i] + sizes[i] <= memory.size);
        for (k = 0; k < i; k++) {
            if (is_live[k] && sizes[k] && sizes[i]) {
                assert_true(offsets[k] + sizes[k] <= offsets[i] ||
                            offsets[i] + sizes[i] <= offsets[k]);
            }
        }
        is_live[i] = 1;
        k = test_rng_next(&rng) % (i + 1);
        if (is_live[k] && i % 3) {
            dsi_memory_release(&memory, k);
            is_live[k] = 0;
        }
    }
    dsi_memory_finish(&memory);
}

static void the_first_gap_is_taken(void **state) {
    size_t offsets[4], sizes[4] = {100, 64, 1, 128};
    struct dsi_memory memory;

    (void)state;
    assert_true(dsi_memory_init(&memory, 4, offsets, sizes, 320));
    assert_true(dsi_memory_place(&memory, 0));
    assert_true(dsi_memory_place(&memory, 1));
    assert_int_equal(offsets[1], 128);
    assert_true(dsi_memory_place(&memory, 2));
    dsi_memory_release(&memory, 0);
    assert_true(dsi_memory_place(&memory, 3));
    assert_int_equal(offsets[3], 0);
    assert_int_equal(memory.size, 256);
    dsi_memory_release(&memory, 2);
    sizes[2] = 129;
    assert_false(dsi_memory_place(&memory, 2)); /* the limit */
    sizes[2] = SIZE_MAX;
    assert_false(dsi_memory_place(&memory, 2));
    sizes[2] = 128;
    assert_true(dsi_memory_place(&memory, 2));
    assert_int_equal(memory.size, 320);
    dsi_memory_finish(&memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_buffers_never_overlap),
        cmocka_unit_test(the_first_gap_is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
