/* kernels/mel: the two filter banks.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/mel.h"

#include "tests/support/test.h"

#include <math.h>

#define N_BINS 257
#define N_BANDS_SPEECH 26
#define N_BANDS_TENSORFLOW 40

/* At 16 kHz and 512 points; documented for python_speech_features. */
static const size_t edges[N_BANDS_SPEECH + 2] = {0,   2,   4,   7,   10,  13,  16,  20, 24, 29,
                                                 34,  40,  46,  53,  60,  68,  77,  87, 97, 109,
                                                 122, 136, 152, 169, 188, 209, 231, 256};

static void the_corners_of_the_speech_bank_are_the_known_ones(void **state) {
    size_t i;

    (void)state;
    for (i = 0; i < N_BANDS_SPEECH + 2; i++) {
        assert_int_equal(dsi_mel_get_edge(i, N_BANDS_SPEECH, N_BINS, 16000.0), edges[i]);
    }
}

/* Every band against its triangle, written down from the corners. */
static void the_speech_bank_is_made_of_triangles(void **state) {
    struct dsi_mel_bin bins[N_BINS];
    float spectrum[N_BINS] = {0};
    float bands[N_BANDS_SPEECH];
    size_t b, k;

    (void)state;
    dsi_mel_init_speech(bins, N_BINS, N_BANDS_SPEECH, 16000.0);
    for (k = 0; k < N_BINS; k++) {
        spectrum[k] = 1.0f;
        dsi_mel_run(bins, N_BINS, spectrum, bands, N_BANDS_SPEECH);
        spectrum[k] = 0.0f;
        for (b = 0; b < N_BANDS_SPEECH; b++) {
            const float low = (float)edges[b], peak = (float)edges[b + 1];
            const float high = (float)edges[b + 2], x = (float)k;
            float expected = 0.0f;

            if (x >= low && x < peak) {
                expected = (x - low) / (peak - low);
            } else if (x >= peak && x < high) {
                expected = (high - x) / (high - peak);
            }
            assert_true(bands[b] == expected);
        }
    }
}

/* Bins 2 to 127 (62.5 to 3969 Hz) take part; only below the first peak and above the last one does
 * a bin give less than all it has. */
static void the_tensorflow_bank_shares_every_bin_between_two_bands(void **state) {
    struct dsi_mel_bin bins[N_BINS];
    double spectrum[N_BINS] = {0};
    double bands[N_BANDS_TENSORFLOW];
    size_t b, k;

    (void)state;
    dsi_mel_init_tensorflow(bins, N_BINS, N_BANDS_TENSORFLOW, 16000.0, 20.0, 4000.0);
    for (k = 0; k < N_BINS; k++) {
        double sum = 0.0;

        spectrum[k] = 1.0;
        dsi_mel64_run(bins, N_BINS, spectrum, bands, N_BANDS_TENSORFLOW);
        spectrum[k] = 0.0;
        for (b = 0; b < N_BANDS_TENSORFLOW; b++) {
            assert_true(bands[b] >= -1e-12 && bands[b] <= 1.0);
            sum += bands[b];
        }
        if (k < 2 || k > 128) {
            assert_true(sum == 0.0);
            assert_int_equal(bins[k].band, DSI_MEL_NO_BAND);
        } else if (bins[k].band >= 0 && bins[k].band < N_BANDS_TENSORFLOW - 1) {
            assert_true(fabs(sum - 1.0) < 1e-15);
        } else {
            assert_true(sum > -1e-12 && sum < 1.0);
        }
        if (k > 2 && k <= 128) {
            assert_true(bins[k].band >= bins[k - 1].band);
        }
    }
}

/* The weight of 1000 Hz (bin 32), computed by hand: mel(1000) = 1127·ln(1 + 1000/700) = 999.9907,
 * mel(20) = 31.7485, mel(4000) = 2146.0753; corners are 51.5689 apart, so 1000 Hz lies 18.7757
 * corners above 20 Hz: 0.7757 of the way from the peak of band 17 to that of band 18. */
static void a_weight_of_the_tensorflow_bank_is_right(void **state) {
    struct dsi_mel_bin bins[N_BINS];

    (void)state;
    dsi_mel_init_tensorflow(bins, N_BINS, N_BANDS_TENSORFLOW, 16000.0, 20.0, 4000.0);
    assert_int_equal(bins[32].band, 17);
    assert_true(fabs(bins[32].rising - 0.7757) < 2e-4);
    assert_true(fabs(bins[32].falling - 0.2243) < 2e-4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_corners_of_the_speech_bank_are_the_known_ones),
        cmocka_unit_test(the_speech_bank_is_made_of_triangles),
        cmocka_unit_test(the_tensorflow_bank_shares_every_bin_between_two_bands),
        cmocka_unit_test(a_weight_of_the_tensorflow_bank_is_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
