/* Mel filter banks of python_speech_features and of TensorFlow's Mfcc.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/mel.h"

#include <math.h>

static const struct dsi_mel_bin no_band = {DSI_MEL_NO_BAND, 0.0, 0.0};

size_t dsi_mel_get_edge(size_t i, size_t n_bands, size_t n_bins, double rate) {
    const double top = 2595.0 * log10(1.0 + rate / 2.0 / 700.0);
    const double mel = top * (double)i / (double)(n_bands + 1);
    const double hz = 700.0 * (pow(10.0, mel / 2595.0) - 1.0);

    return (size_t)floor((double)(2 * n_bins - 1) * hz / rate);
}

void dsi_mel_init_speech(struct dsi_mel_bin *bins, size_t n_bins, size_t n_bands, double rate) {
    size_t i, k;

    for (k = 0; k < n_bins; k++) {
        bins[k] = no_band;
    }
    for (i = 0; i <= n_bands; i++) {
        const size_t first = dsi_mel_get_edge(i, n_bands, n_bins, rate);
        const size_t end = dsi_mel_get_edge(i + 1, n_bands, n_bins, rate);

        for (k = first; k < end && k < n_bins; k++) {
            bins[k].band = (int)i - 1;
            bins[k].falling = (float)(end - k) / (float)(end - first);
            bins[k].rising = (float)(k - first) / (float)(end - first);
        }
    }
}

static double get_mel(double hz) {
    return 1127.0 * log1p(hz / 700.0);
}

void dsi_mel_init_tensorflow(struct dsi_mel_bin *bins, size_t n_bins, size_t n_bands, double rate,
                             double low, double high) {
    const double hz_per_bin = 0.5 * rate / (double)(n_bins - 1);
    const double spacing = (get_mel(high) - get_mel(low)) / (double)(n_bands + 1);
    size_t upper =
        0; /* number of the first corner at or above the bin; corner c is a band's peak */
    size_t k;

    for (k = 0; k < n_bins; k++) {
        const double mel = get_mel((double)k * hz_per_bin);

        /* TensorFlow truncates both limits, the lower one after adding 1.5. */
        if ((double)k < floor(1.5 + low / hz_per_bin) || (double)k > floor(high / hz_per_bin)) {
            bins[k] = no_band;
            continue;
        }
        while (upper < n_bands && get_mel(low) + spacing * (double)(upper + 1) < mel) {
            upper++;
        }
        bins[k].band = (int)upper - 1;
        bins[k].falling = (get_mel(low) + spacing * (double)(upper + 1) - mel) / spacing;
        bins[k].rising = 1.0 - bins[k].falling;
    }
}

void dsi_mel_run(const struct dsi_mel_bin *bins, size_t n_bins, const float *spectrum, float *bands,
                 size_t n_bands) {
    size_t b, k;

    for (b = 0; b < n_bands; b++) {
        bands[b] = 0.0f;
    }
    for (k = 0; k < n_bins; k++) {
        const int band = bins[k].band;

        if (band >= 0 && (size_t)band < n_bands) {
            bands[band] += spectrum[k] * (float)bins[k].falling;
        }
        if (band >= -1 && (size_t)(band + 1) < n_bands) {
            bands[band + 1] += spectrum[k] * (float)bins[k].rising;
        }
    }
}

void dsi_mel64_run(const struct dsi_mel_bin *bins, size_t n_bins, const double *spectrum,
                   double *bands, size_t n_bands) {
    size_t b, k;

    for (b = 0; b < n_bands; b++) {
        bands[b] = 0.0;
    }
    for (k = 0; k < n_bins; k++) {
        const int band = bins[k].band;

        if (band >= 0 && (size_t)band < n_bands) {
            bands[band] += spectrum[k] * bins[k].falling;
        }
        if (band >= -1 && (size_t)(band + 1) < n_bands) {
            bands[band + 1] += spectrum[k] * bins[k].rising;
        }
    }
}
