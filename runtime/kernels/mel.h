/* Mel filter banks: which bins of a spectrum go into which bands, with what weight.
 *
 * In both banks every bin lies on the falling side of one triangle and on the rising side of the
 * next: one table entry a bin is a whole bank.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_KERNELS_MEL_H
#define DSI_KERNELS_MEL_H

#include <stddef.h>

struct dsi_mel_bin {
    int band;               /* below, -1 before the first band; a bin of no band: DSI_MEL_NO_BAND */
    double falling, rising; /* weights of the bin in `band` and `band` + 1 */
};

#define DSI_MEL_NO_BAND (-2)

/* Bin on which triangle `i` - 1 has its peak, i = 0 … n_bands + 1: python_speech_features' rule.
 *   ⌊(fft_length + 1) · hz(i · mel(rate/2) / (n_bands + 1)) / rate⌋, mel(f) = 2595·log10(1 + f/700)
 * with fft_length = 2 · (n_bins - 1). */
size_t dsi_mel_get_edge(size_t i, size_t n_bands, size_t n_bins, double rate);

/* The bank of python_speech_features and c_speech_features from 0 Hz to rate/2: corners at whole
 * bins, weights rounded to float. bins [n_bins]. */
void dsi_mel_init_speech(struct dsi_mel_bin *bins, size_t n_bins, size_t n_bands, double rate);

/* The bank of TensorFlow's Mfcc from `low` to `high` Hz: corners between bins,
 * mel(f) = 1127·ln(1 + f/700), without bin 0 and bins outside of low … high. bins [n_bins]. */
void dsi_mel_init_tensorflow(struct dsi_mel_bin *bins, size_t n_bins, size_t n_bands, double rate,
                             double low, double high);

/* bands[b] = Σ over bins of weight · spectrum, in the order of the bins. */
void dsi_mel_run(const struct dsi_mel_bin *bins, size_t n_bins, const float *spectrum, float *bands,
                 size_t n_bands);
void dsi_mel64_run(const struct dsi_mel_bin *bins, size_t n_bins, const double *spectrum,
                   double *bands, size_t n_bands);

#endif
