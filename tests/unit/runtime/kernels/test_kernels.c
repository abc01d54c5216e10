/* kernels: the definitions on numbers worked out by hand, and which table a level gives.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/kernels.h"

#include "runtime/base/alloc.h"
#include "runtime/base/cpu.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdalign.h>
#include <string.h>

static struct dsi_kernels make_reference(void) {
    struct dsi_kernels kernels;

    dsi_kernels_init(&kernels, DSI_KERNELS_REFERENCE, ~0u);
    return kernels;
}

static void a_product_starts_from_the_bias_or_from_c(void **state) {
    static const float a[] = {1, 2, 3, 99, 4, 5, 6}; /* rows 4 apart */
    static const float b[] = {1, 0, 2, 1, 0, 3};
    static const float bias[] = {10, 20};
    static const float from_bias[] = {15, 31, 24, 43};
    static const float from_c[] = {6, 12, 15, 24};
    const struct dsi_kernels kernels = make_reference();
    float c[] = {1, 1, 1, 1};
    struct dsi_gemm gemm = {2, 2, 3, a, 4, b, NULL, c, 2, INFINITY, 0, 2, false, NULL};

    (void)state;
    kernels.products[DSI_PRECISION_F32].gemm(&gemm);
    assert_memory_equal(c, from_c, sizeof(c));
    gemm.bias = bias;
    kernels.products[DSI_PRECISION_F32].gemm(&gemm);
    assert_memory_equal(c, from_bias, sizeof(c));
}

static void a_clip_cuts_both_ends_and_passes_nan(void **state) {
    static const float start[] = {-1, 0.5f, 21, NAN, -INFINITY, INFINITY};
    static const float expected[] = {0, 0.5f, 20, NAN, 0, 20};
    const struct dsi_kernels kernels = make_reference();
    float c[6];
    const struct dsi_gemm gemm = {1, 6, 0, start, 1, start, start, c, 6, 20.0f, 0, 6, false, NULL};

    (void)state;
    kernels.products[DSI_PRECISION_F32].gemm(&gemm);
    assert_true(isnan(c[3]));
    c[3] = expected[3];
    assert_memory_equal(c, expected, sizeof(c));
}

/* All of B[k,n], without gaps, packed into memory that is all zero. */
static void pack_all(const struct dsi_product *product, size_t k, size_t n, const float *b,
                     void *packed) {
    const struct dsi_pack pack = {.k = k,
                                  .n = n,
                                  .n_rows = k,
                                  .n_columns = n,
                                  .rows = b,
                                  .row_stride = n * sizeof(float),
                                  .packed = packed};

    if (product->measure) {
        product->measure(&pack);
    }
    product->pack(&pack);
}

/* 1 + 1/256 lies between 1 and 1 + 2/256, 1 + 3/256 between that and 1 + 4/256. */
static void bf16_rounds_to_the_nearest_and_ties_to_even(void **state) {
    static const float b[] = {1.00390625f, 1.01171875f, 1.0f + 1.1f / 256.0f, -3e38f, INFINITY};
    static const float expected[] = {1.0f, 1.015625f, 1.0078125f, -226.0f * 0x1p120f, INFINITY};
    const struct dsi_kernels kernels = make_reference();
    const float one = 1.0f, zeros[5] = {0};
    uint16_t packed[5];
    float c[5];
    const struct dsi_gemm gemm = {1, 5, 1,        &one, 1, packed, zeros,
                                  c, 5, INFINITY, 0,    5, false,  NULL};

    (void)state;
    pack_all(&kernels.products[DSI_PRECISION_BF16], 1, 5, b, packed);
    kernels.products[DSI_PRECISION_BF16].gemm(&gemm);
    assert_memory_equal(c, expected, sizeof(c));
}

/* Beyond the largest is infinity, below the smallest normal one fewer bits are left, and a NaN
 * whose upper half alone would be infinity stays NaN. */
static void bf16_takes_the_ends_of_floats_and_nan(void **state) {
    static const uint32_t bits[] = {0x7f7fffff, 0xff7f8000, 0x00018000, 0x7f800001, 0x80000000};
    static const float expected[] = {INFINITY, -INFINITY, 0x1p-132f, 0.0f, -0.0f};
    const struct dsi_kernels kernels = make_reference();
    const float one = 1.0f, zeros[5] = {0};
    uint16_t packed[5];
    float b[5], c[5];
    const struct dsi_gemm gemm = {1, 5, 1,        &one, 1, packed, zeros,
                                  c, 5, INFINITY, 0,    5, false,  NULL};
    size_t i;

    (void)state;
    memcpy(b, bits, sizeof(b));
    pack_all(&kernels.products[DSI_PRECISION_BF16], 1, 5, b, packed);
    assert_int_equal(packed[4], 0x8000);
    kernels.products[DSI_PRECISION_BF16].gemm(&gemm);
    assert_true(isnan(c[3]));
    for (i = 0; i < 5; i++) {
        assert_true(i == 3 || c[i] == expected[i]);
    }
}

/* Columns: 127, -64, 0.4, whose scale is 1; too small; not finite; twice the first. */
static void int8_multiplies_integers_and_scales(void **state) {
    static const float a[] = {16256.0f, 128.0f, 0.5f};
    static const float b[] = {127.0f, 0x1p-101f, NAN,       254.0f, -64.0f, 0x1p-102f,
                              1.0f,   -128.0f,   0.400001f, 0.0f,   1.0f,   0.800002f};
    static const float bias[] = {2.0f, 2.0f, 2.0f, 2.0f};
    const float sum = 16256.0f * 127.0f - 128.0f * 64.0f;
    const struct dsi_kernels kernels = make_reference();
    alignas(float) unsigned char packed[4 * (sizeof(float) + 3)] = {0};
    float c[4];
    const struct dsi_gemm gemm = {1, 4, 3, a, 3, packed, bias, c, 4, INFINITY, 0, 4, false, NULL};

    (void)state;
    assert_int_equal(kernels.products[DSI_PRECISION_INT8].get_packed_size(3, 4), sizeof(packed));
    pack_all(&kernels.products[DSI_PRECISION_INT8], 3, 4, b, packed);
    kernels.products[DSI_PRECISION_INT8].gemm(&gemm);
    assert_true(c[0] == sum + 2.0f);
    assert_true(c[1] == 2.0f);
    assert_true(isnan(c[2]));
    assert_true(c[3] == 2.0f * sum + 2.0f);
}

/* 2048 times 127 * 16256 is 4228120576, which needs 33 bits; the scale is 1 / (127 * 16256). */
static void int8_sums_do_not_overflow(void **state) {
    const struct dsi_kernels kernels = make_reference();
    alignas(float) unsigned char packed[sizeof(float) + 2048] = {0};
    const float bias = 0.0f;
    float ones[2048], c;
    const struct dsi_gemm gemm = {1,  1, 2048,     ones, 2048, packed, &bias,
                                  &c, 1, INFINITY, 0,    1,    false,  NULL};
    size_t i;

    (void)state;
    for (i = 0; i < 2048; i++) {
        ones[i] = 1.0f;
    }
    pack_all(&kernels.products[DSI_PRECISION_INT8], 2048, 1, ones, packed);
    kernels.products[DSI_PRECISION_INT8].gemm(&gemm);
    assert_true(fabsf(c - 2048.0f) < 0.001f);
}

/* The numbers come from the formulas in kernels.h, in double. */
static void a_step_of_the_lstm_follows_its_formulas(void **state) {
    static const float z[] = {0.5f, -1.0f, 0.25f, 2.0f}, c = 0.75f;
    static const float next[] = {0.10891350691755203f, 0.09555317499873997f};
    static const float clipped[] = {0.1f, 0.08778727843357637f};
    const struct dsi_kernels kernels = make_reference();
    float out[2];
    struct dsi_lstm_step step = {1, 1, z, &c, 1.0f, 0.0f, &out[0], &out[1]};

    (void)state;
    kernels.lstm_step(&step);
    test_assert_near(out, next, 2, 0.0, 1e-7, "c and h");
    step.cell_clip = 0.1f;
    kernels.lstm_step(&step);
    test_assert_near(out, clipped, 2, 0.0, 1e-7, "c and h with a clip");
}

static void a_level_gives_no_more_than_the_processor_has(void **state) {
    struct dsi_kernels kernels;

    (void)state;
    dsi_kernels_init(&kernels, DSI_KERNELS_REFERENCE, ~0u);
    assert_string_equal(kernels.name, "reference");
    assert_true(kernels.products[DSI_PRECISION_F32].is_in_place &&
                kernels.products[DSI_PRECISION_F32].is_batch_exact);
    dsi_kernels_init(&kernels, DSI_KERNELS_NATIVE, 0);
    assert_string_not_equal(kernels.name, "avx2");
    assert_true(kernels.products[DSI_PRECISION_F32].is_in_place);
    dsi_kernels_init(&kernels, DSI_KERNELS_PORTABLE, dsi_cpu_get_flags());
    assert_string_not_equal(kernels.name, "avx2");
}

static void packing_in_slices_is_packing_at_once(void **state) {
    const size_t k = 23, n = 19;
    float b[23 * 19];
    struct dsi_kernels kernels;
    struct dsi_pack pack;
    alignas(DSI_ALIGNMENT) unsigned char whole[64 * 23 * 2];
    alignas(DSI_ALIGNMENT) unsigned char slices[sizeof(whole)];
    size_t i;

    (void)state;
    dsi_kernels_init(&kernels, DSI_KERNELS_NATIVE, dsi_cpu_get_flags());
    assert_true(kernels.products[DSI_PRECISION_F32].get_packed_size(k, n) <= sizeof(whole));
    for (i = 0; i < k * n; i++) {
        b[i] = (float)i;
    }
    memset(whole, 0, sizeof(whole));
    memset(slices, 0, sizeof(slices));
    pack = (struct dsi_pack){.k = k,
                             .n = n,
                             .n_rows = k,
                             .n_columns = n,
                             .rows = b,
                             .row_stride = n * sizeof(float),
                             .packed = whole};
    kernels.products[DSI_PRECISION_F32].pack(&pack);
    pack.packed = slices;
    for (pack.first_row = 0; pack.first_row < k; pack.first_row += 5) {
        pack.n_rows = k - pack.first_row < 5 ? k - pack.first_row : 5;
        pack.rows = b + pack.first_row * n;
        kernels.products[DSI_PRECISION_F32].pack(&pack);
    }
    assert_memory_equal(whole, slices, sizeof(whole));

    memset(slices, 0, sizeof(slices));
    pack.first_row = 0;
    pack.n_rows = k;
    for (i = 0; i < n; i += DSI_PACK_COLUMNS) { /* the last columns first */
        pack.first_column = (n - 1 - i) / DSI_PACK_COLUMNS * DSI_PACK_COLUMNS;
        pack.n_columns =
            n - pack.first_column < DSI_PACK_COLUMNS ? n - pack.first_column : DSI_PACK_COLUMNS;
        pack.rows = b + pack.first_column;
        kernels.products[DSI_PRECISION_F32].pack(&pack);
    }
    assert_memory_equal(whole, slices, sizeof(whole));
}

/* Files name it: products that read the same form need the same bytes, whatever the processor. */
static void forms_of_the_same_name_have_the_same_size(void **state) {
    static const size_t sizes[][2] = {{1, 1}, {5, 29}, {64, 64}, {494, 100}};
    struct dsi_kernels a, b;
    int i, k, of_a, of_b;
    size_t n;

    (void)state;
    for (i = 0; i < DSI_N_KERNEL_LEVELS; i++) {
        dsi_kernels_init(&a, (enum dsi_kernel_level)i, ~0u);
        for (k = 0; k < DSI_N_KERNEL_LEVELS; k++) {
            dsi_kernels_init(&b, (enum dsi_kernel_level)k, ~0u);
            for (of_a = 0; of_a < DSI_N_PRECISIONS; of_a++) {
                for (of_b = 0; of_b < DSI_N_PRECISIONS; of_b++) {
                    const struct dsi_product *one = &a.products[of_a], *other = &b.products[of_b];

                    assert_true(one->layout && one->layout[0]);
                    if (strcmp(one->layout, other->layout) != 0) {
                        continue;
                    }
                    assert_int_equal(of_a, of_b);
                    for (n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++) {
                        assert_int_equal(one->get_packed_size(sizes[n][0], sizes[n][1]),
                                         other->get_packed_size(sizes[n][0], sizes[n][1]));
                    }
                }
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_product_starts_from_the_bias_or_from_c),
        cmocka_unit_test(a_clip_cuts_both_ends_and_passes_nan),
        cmocka_unit_test(bf16_rounds_to_the_nearest_and_ties_to_even),
        cmocka_unit_test(bf16_takes_the_ends_of_floats_and_nan),
        cmocka_unit_test(int8_multiplies_integers_and_scales),
        cmocka_unit_test(int8_sums_do_not_overflow),
        cmocka_unit_test(a_step_of_the_lstm_follows_its_formulas),
        cmocka_unit_test(a_level_gives_no_more_than_the_processor_has),
        cmocka_unit_test(packing_in_slices_is_packing_at_once),
        cmocka_unit_test(forms_of_the_same_name_have_the_same_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
