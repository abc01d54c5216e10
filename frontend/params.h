/* What distinguishes the front ends of the families: one row of numbers each.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_FRONTEND_PARAMS_H
#define DSI_FRONTEND_PARAMS_H

#include <dsinfer/features.h>

#include <stdbool.h>

/* Largest of all rows. */
#define DSI_FRONTEND_MAX_WINDOW 512
#define DSI_FRONTEND_MAX_BANDS 40
#define DSI_FRONTEND_WIDTH 26

/* Most frames before and after the middle of a window, for whitening. */
#define DSI_FRONTEND_MAX_CONTEXT 511

struct dsi_mfcc_type;

struct dsi_frontend_params {
    enum dsinfer_family family;
    const char *name;     /* of the family */
    uint32_t sample_rate; /* Hz */
    size_t window, step;  /* samples */
    size_t keep;          /* 2: every second window yields a frame, from the first on; 1: all */
    float scale;          /* of a 16-bit sample */
    float pre_emphasis;   /* y_t = x_t - pre_emphasis · x_(t-1) */
    bool has_hamming;     /* in mfcc_speech: symmetric Hamming window, else rectangular */
    size_t n_bands;       /* of the mel bank */
    double low, high;     /* Hz */
    const struct dsi_mfcc_type *mfcc; /* arithmetic */
    bool is_whole; /* made for whole recordings: no window of the end that is all overlap, and the
                      frames are to be whitened */
};

/* Finds a row. Fails with ERR_ARGUMENT for a number that is no family, ERR_UNSUPPORTED for a family
 * or rate that is not there. */
enum dsinfer_status dsi_frontend_find_params(enum dsinfer_family family, uint32_t sample_rate,
                                             const struct dsi_frontend_params **out,
                                             struct dsinfer_error *err);

#endif
