/* kernels/dct, and the chain of TensorFlow's Mfcc against its own golden test.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/dct.h"
#include "runtime/kernels/mel.h"

#include "tests/support/test.h"

#include <math.h>

#define N_IN 26
#define N_OUT 20

static void a_constant_has_only_coefficient_zero(void **state) {
    double table[N_IN * N_OUT], in[N_IN], out[N_OUT];
    size_t i;

    (void)state;
    dsi_dct_init(table, N_IN, N_OUT);
    for (i = 0; i < N_IN; i++) {
        in[i] = 3.0;
    }
    dsi_dct_run(table, in, N_IN, out, N_OUT);
    assert_true(out[0] == 3.0 * N_IN);
    for (i = 1; i < N_OUT; i++) {
        assert_true(fabs(out[i]) < 1e-12);
    }
}

static void a_cosine_has_one_coefficient(void **state) {
    double table[N_IN * N_OUT], in[N_IN], out[N_OUT];
    size_t j, k;

    (void)state;
    dsi_dct_init(table, N_IN, N_OUT);
    for (k = 0; k < N_IN; k++) {
        in[k] = cos(M_PI * 7.0 * ((double)k + 0.5) / N_IN);
    }
    dsi_dct_run(table, in, N_IN, out, N_OUT);
    for (j = 0; j < N_OUT; j++) {
        assert_true(fabs(out[j] - (j == 7 ? N_IN / 2.0 : 0.0)) < 1e-12);
    }
}

/* TensorFlow's test of Mfcc: the power spectrum 1, 2, … 513 at 22050 Hz. */
static void mel_and_dct_give_the_numbers_of_tensorflows_test(void **state) {
    static const double expected[13] = {
        29.13970072, -6.41568601, -0.61903012, -0.96778652, -0.26819878, -0.40907028, -0.15614748,
        -0.23203119, -0.10481487, -0.15430290, -0.07697910, -0.10806114, -0.06047613};
    struct dsi_mel_bin bins[513];
    double magnitudes[513], bands[40], table[40 * 13], out[13];
    size_t i;

    (void)state;
    for (i = 0; i < 513; i++) {
        magnitudes[i] = sqrt((double)(i + 1));
    }
    dsi_mel_init_tensorflow(bins, 513, 40, 22050.0, 20.0, 4000.0);
    dsi_mel64_run(bins, 513, magnitudes, bands, 40);
    for (i = 0; i < 40; i++) {
        bands[i] = log(fmax(bands[i], 1e-12));
    }
    dsi_dct_init(table, 40, 13);
    dsi_dct_run(table, bands, 40, out, 13);
    for (i = 0; i < 13; i++) {
        assert_true(fabs(out[i] * sqrt(2.0 / 40.0) - expected[i]) < 1e-7);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_constant_has_only_coefficient_zero),
        cmocka_unit_test(a_cosine_has_one_coefficient),
        cmocka_unit_test(mel_and_dct_give_the_numbers_of_tensorflows_test),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
