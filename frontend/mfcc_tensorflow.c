/* MFCC as TensorFlow's operations AudioSpectrogram and Mfcc compute it in double, with their
 * defaults but for 26 coefficients (the feature part of the graphs of DeepSpeech 0.5 and later):
 * periodic Hann window, power spectrum rounded to float, 40 triangular filters over magnitudes,
 * logarithm with a floor of 1e-12, DCT-II. SPDX-License-Identifier: BSD-2-Clause */
#include "frontend/mfcc.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"
#include "runtime/kernels/dct.h"
#include "runtime/kernels/fft.h"
#include "runtime/kernels/mel.h"

#include <assert.h>
#include <math.h>

#define MAX_BINS (DSI_FRONTEND_MAX_WINDOW / 2 + 1)
#define FLOOR 1e-12

struct mfcc_tensorflow {
    size_t window, n_bins, n_bands;
    struct dsi_fft64 *fft; /* owned: its memory */
    struct dsi_mel_bin bins[MAX_BINS];
    double dct[DSI_FRONTEND_MAX_BANDS * DSI_FRONTEND_WIDTH];
    double shape[DSI_FRONTEND_MAX_WINDOW]; /* the window function */

    double samples[DSI_FRONTEND_MAX_WINDOW]; /* scratch */
    double spectrum[2 * MAX_BINS];
};

static void destroy(void *memory) {
    struct mfcc_tensorflow *mfcc = memory;

    if (mfcc) {
        dsi_free(mfcc->fft);
        dsi_free(mfcc);
    }
}

static enum dsinfer_status create(const struct dsi_frontend_params *params, void **out,
                                  struct dsinfer_error *err) {
    struct mfcc_tensorflow *mfcc;
    void *fft;
    size_t i;

    assert(params->window <= DSI_FRONTEND_MAX_WINDOW && dsi_fft_is_length(params->window));
    assert(params->n_bands <= DSI_FRONTEND_MAX_BANDS);

    mfcc = dsi_malloc(sizeof(*mfcc));
    fft = dsi_malloc(dsi_fft64_get_size(params->window));
    if (!mfcc || !fft) {
        dsi_free(mfcc);
        dsi_free(fft);
        return dsi_fail_memory(err, sizeof(*mfcc) + dsi_fft64_get_size(params->window));
    }
    mfcc->window = params->window;
    mfcc->n_bins = params->window / 2 + 1;
    mfcc->n_bands = params->n_bands;
    mfcc->fft = dsi_fft64_init(fft, params->window);
    for (i = 0; i < mfcc->window; i++) {
        mfcc->shape[i] = 0.5 - 0.5 * cos(2.0 * M_PI * (double)i / (double)mfcc->window);
    }
    dsi_mel_init_tensorflow(mfcc->bins, mfcc->n_bins, mfcc->n_bands, params->sample_rate,
                            params->low, params->high);
    dsi_dct_init(mfcc->dct, mfcc->n_bands, DSI_FRONTEND_WIDTH);

    *out = mfcc;
    return DSINFER_OK;
}

static void compute(void *memory, const float *samples, float *frame) {
    struct mfcc_tensorflow *mfcc = memory;
    const double scale = sqrt(2.0 / (double)mfcc->n_bands);
    double magnitudes[MAX_BINS];
    double bands[DSI_FRONTEND_MAX_BANDS];
    double sums[DSI_FRONTEND_WIDTH];
    size_t i;

    for (i = 0; i < mfcc->window; i++) {
        mfcc->samples[i] = samples[i] * mfcc->shape[i];
    }
    dsi_fft64_run(mfcc->fft, mfcc->samples, mfcc->spectrum);
    for (i = 0; i < mfcc->n_bins; i++) {
        const double re = mfcc->spectrum[2 * i];
        const double im = mfcc->spectrum[2 * i + 1];

        /* The spectrogram is a float tensor of powers; Mfcc takes its root. */
        magnitudes[i] = sqrt((float)(re * re + im * im));
    }

    dsi_mel64_run(mfcc->bins, mfcc->n_bins, magnitudes, bands, mfcc->n_bands);
    for (i = 0; i < mfcc->n_bands; i++) {
        bands[i] = log(bands[i] < FLOOR ? FLOOR : bands[i]);
    }
    dsi_dct_run(mfcc->dct, bands, mfcc->n_bands, sums, DSI_FRONTEND_WIDTH);
    for (i = 0; i < DSI_FRONTEND_WIDTH; i++) {
        frame[i] = (float)(sums[i] * scale);
    }
}

const struct dsi_mfcc_type dsi_mfcc_tensorflow = {create, compute, destroy};
