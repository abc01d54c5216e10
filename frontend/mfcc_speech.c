/* MFCC as c_speech_features computes it in float32 (DeepSpeech 0.1 to 0.4), rounding for rounding:
 * power spectrum over 512 points, 26 triangular filters with corners on whole bins, logarithm,
 * DCT-II, lifter, and the logarithm of the total power in place of coefficient 0.
 * Sums of nothing become FLT_MIN before the logarithm. SPDX-License-Identifier: BSD-2-Clause */
#include "frontend/mfcc.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"
#include "runtime/kernels/dct.h"
#include "runtime/kernels/fft.h"
#include "runtime/kernels/mel.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#define FFT_LENGTH 512
#define N_BINS (FFT_LENGTH / 2 + 1)
#define N_BANDS 26
#define LIFTER 22

struct mfcc_speech {
    size_t window;
    struct dsi_fft *fft; /* owned: its memory */
    struct dsi_mel_bin bins[N_BINS];
    double dct[N_BANDS * DSI_FRONTEND_WIDTH];
    float shape[FFT_LENGTH]; /* the window function */
    float lifter[DSI_FRONTEND_WIDTH];

    float samples[FFT_LENGTH]; /* scratch, zero from `window` on */
    float spectrum[2 * N_BINS];
    float power[N_BINS];
};

static void destroy(void *memory) {
    struct mfcc_speech *mfcc = memory;

    if (mfcc) {
        dsi_free(mfcc->fft);
        dsi_free(mfcc);
    }
}

static void fill_tables(struct mfcc_speech *mfcc, const struct dsi_frontend_params *params) {
    size_t i;

    for (i = 0; i < params->window; i++) {
        const double turn = 2.0 * M_PI * (double)i / (double)(params->window - 1);

        mfcc->shape[i] = params->has_hamming ? (float)(0.54 - 0.46 * cos(turn)) : 1.0f;
    }
    for (i = 0; i < DSI_FRONTEND_WIDTH; i++) {
        mfcc->lifter[i] = 1.0f + LIFTER / 2.0f * sinf((float)(M_PI * (double)i / LIFTER));
    }
    dsi_mel_init_speech(mfcc->bins, N_BINS, N_BANDS, params->sample_rate);
    dsi_dct_init(mfcc->dct, N_BANDS, DSI_FRONTEND_WIDTH);
}

static enum dsinfer_status create(const struct dsi_frontend_params *params, void **out,
                                  struct dsinfer_error *err) {
    struct mfcc_speech *mfcc;
    void *fft;

    assert(params->window <= FFT_LENGTH && params->n_bands == N_BANDS);

    mfcc = dsi_calloc(1, sizeof(*mfcc));
    fft = dsi_malloc(dsi_fft_get_size(FFT_LENGTH));
    if (!mfcc || !fft) {
        dsi_free(mfcc);
        dsi_free(fft);
        return dsi_fail_memory(err, sizeof(*mfcc) + dsi_fft_get_size(FFT_LENGTH));
    }
    mfcc->window = params->window;
    mfcc->fft = dsi_fft_init(fft, FFT_LENGTH);
    fill_tables(mfcc, params);

    *out = mfcc;
    return DSINFER_OK;
}

/* Fills mfcc->power with |X|² / 512 by way of |X|, as upstream does; returns the sum. */
static float compute_power(struct mfcc_speech *mfcc, const float *samples) {
    float energy = 0.0f;
    size_t i;

    for (i = 0; i < mfcc->window; i++) {
        mfcc->samples[i] = samples[i] * mfcc->shape[i];
    }
    dsi_fft_run(mfcc->fft, mfcc->samples, mfcc->spectrum);
    for (i = 0; i < N_BINS; i++) {
        const float re = mfcc->spectrum[2 * i];
        const float im = mfcc->spectrum[2 * i + 1];
        const float magnitude = sqrtf(re * re + im * im);

        mfcc->power[i] = magnitude * magnitude / FFT_LENGTH;
        energy += mfcc->power[i];
    }
    return energy;
}

static float compute_log(float sum) {
    return logf(sum == 0.0f ? FLT_MIN : sum);
}

static void compute(void *memory, const float *samples, float *frame) {
    struct mfcc_speech *mfcc = memory;
    const float energy = compute_power(mfcc, samples);
    const float scale = sqrtf(1.0f / (2.0f * N_BANDS));
    float bands[N_BANDS];
    double logarithms[N_BANDS];
    double sums[DSI_FRONTEND_WIDTH];
    size_t i;

    dsi_mel_run(mfcc->bins, N_BINS, mfcc->power, bands, N_BANDS);
    for (i = 0; i < N_BANDS; i++) {
        logarithms[i] = compute_log(bands[i]);
    }
    dsi_dct_run(mfcc->dct, logarithms, N_BANDS, sums, DSI_FRONTEND_WIDTH);
    for (i = 0; i < DSI_FRONTEND_WIDTH; i++) {
        frame[i] = (float)(sums[i] * 2.0 * scale) * mfcc->lifter[i];
    }
    frame[0] = compute_log(energy);
}

const struct dsi_mfcc_type dsi_mfcc_speech = {create, compute, destroy};
