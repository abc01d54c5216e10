/* One analysis window in, one frame of 26 cepstral coefficients out: the two arithmetics that
 * upstream has used. SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_FRONTEND_MFCC_H
#define DSI_FRONTEND_MFCC_H

#include "frontend/params.h"

struct dsi_mfcc_type {
    /* Tables and scratch memory; `params` must outlive them. */
    enum dsinfer_status (*create)(const struct dsi_frontend_params *params, void **out,
                                  struct dsinfer_error *err);

    /* samples [params->window], scaled and pre-emphasised; frame [DSI_FRONTEND_WIDTH]. A pure
     * function of the samples. */
    void (*compute)(void *mfcc, const float *samples, float *frame);
    void (*destroy)(void *mfcc);
};

/* c_speech_features in float32, with which 0.1 to 0.4 extract features. */
extern const struct dsi_mfcc_type dsi_mfcc_speech;

/* TensorFlow's AudioSpectrogram and Mfcc in double, which 0.5 and later have in the graph. */
extern const struct dsi_mfcc_type dsi_mfcc_tensorflow;

#endif
