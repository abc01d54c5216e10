/* kernels/fft: both transforms against the definition in double.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/fft.h"

#include "tests/support/rng.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>

#define LONGEST 1024

/* Σ x_t · exp(-2πi·k·t/n), the angle reduced exactly. */
static void transform(const double *in, size_t n, double *out) {
    size_t k, t;

    for (k = 0; k <= n / 2; k++) {
        out[2 * k] = out[2 * k + 1] = 0.0;
        for (t = 0; t < n; t++) {
            const double angle = 2.0 * M_PI * (double)(k * t % n) / (double)n;

            out[2 * k] += in[t] * cos(angle);
            out[2 * k + 1] -= in[t] * sin(angle);
        }
    }
}

/* Signal to noise ratio in dB. */
static double compute_snr(const double *got, const double *expected, size_t n) {
    double signal = 0.0, noise = 0.0;
    size_t i;

    for (i = 0; i < n; i++) {
        signal += expected[i] * expected[i];
        noise += (got[i] - expected[i]) * (got[i] - expected[i]);
    }
    return 10.0 * log10(signal / (noise + 1e-300));
}

static void fill_random(double *in, size_t n) {
    struct test_rng rng = {n};
    size_t i;

    for (i = 0; i < n; i++) {
        in[i] = test_rng_float(&rng) * 32768.0f;
    }
}

static void the_float_transform_is_the_definition(void **state) {
    static double in[LONGEST], got[LONGEST + 2], expected[LONGEST + 2];
    static float in_float[LONGEST], out[LONGEST + 2];
    size_t n, i;

    (void)state;
    for (n = DSI_FFT_MIN_LENGTH; n <= LONGEST; n *= 2) {
        void *memory = malloc(dsi_fft_get_size(n));

        assert_non_null(memory);
        fill_random(in, n);
        for (i = 0; i < n; i++) {
            in_float[i] = (float)in[i];
        }
        dsi_fft_run(dsi_fft_init(memory, n), in_float, out);
        for (i = 0; i < n + 2; i++) {
            got[i] = out[i];
        }
        transform(in, n, expected);
        assert_true(compute_snr(got, expected, n + 2) > 130.0);
        free(memory);
    }
}

static void the_double_transform_is_the_definition(void **state) {
    static double in[LONGEST], got[LONGEST + 2], expected[LONGEST + 2];
    size_t n;

    (void)state;
    for (n = DSI_FFT_MIN_LENGTH; n <= LONGEST; n *= 2) {
        void *memory = malloc(dsi_fft64_get_size(n));

        assert_non_null(memory);
        fill_random(in, n);
        dsi_fft64_run(dsi_fft64_init(memory, n), in, got);
        transform(in, n, expected);
        assert_true(compute_snr(got, expected, n + 2) > 280.0);
        free(memory);
    }
}

static void only_powers_of_two_are_lengths(void **state) {
    (void)state;
    assert_true(dsi_fft_is_length(4));
    assert_true(dsi_fft_is_length(65536));
    assert_false(dsi_fft_is_length(0));
    assert_false(dsi_fft_is_length(2));
    assert_false(dsi_fft_is_length(400));
    assert_false(dsi_fft_is_length(131072));
    assert_int_equal(dsi_fft_find_length(0), 4);
    assert_int_equal(dsi_fft_find_length(400), 512);
    assert_int_equal(dsi_fft_find_length(512), 512);
    assert_int_equal(dsi_fft_find_length(65536), 65536);
    assert_int_equal(dsi_fft_find_length(65537), 0);
    assert_int_equal(dsi_fft_find_length(SIZE_MAX), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_float_transform_is_the_definition),
        cmocka_unit_test(the_double_transform_is_the_definition),
        cmocka_unit_test(only_powers_of_two_are_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
