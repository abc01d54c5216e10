/* How loud 20 ms of samples are, without what lies below speech: the power after a high-pass of
 * order 6 (Butterworth, 300 Hz), in decibels of full scale. A constant, and hum of the mains at
 * full scale, come out below -80 dB. The blocks do not overlap: block t lies within frame t.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_FRONTEND_LEVEL_H
#define DSI_FRONTEND_LEVEL_H

#include "runtime/base/reader.h"
#include "runtime/base/writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DSI_LEVEL_N_SECTIONS 3

/* Level of digital silence. */
#define DSI_LEVEL_MIN (-120.0f)

/* Plain memory: a copy goes on independently. */
struct dsi_level {
    uint32_t block_size; /* samples */
    struct {
        double gain, a1, a2;
    } sections[DSI_LEVEL_N_SECTIONS];

    uint64_t n_samples; /* taken so far */
    double memory[DSI_LEVEL_N_SECTIONS][2];
    double sum; /* of the squares of the block under way */
};

void dsi_level_init(struct dsi_level *level, uint32_t sample_rate);
void dsi_level_reset(struct dsi_level *level);

/* Takes samples (see sample.h) until a block is complete or they run out: returns how many it took,
 * and sets *has_level and *decibels where there is a block. Levels never depend on how the samples
 * are cut. */
size_t dsi_level_take(struct dsi_level *level, const void *samples, bool is_float, size_t n_samples,
                      float *decibels, bool *has_level);

/* Saving; reading back into one of the same rate that has taken n_samples. */
void dsi_level_write(const struct dsi_level *level, struct dsi_writer *writer);
void dsi_level_read(struct dsi_level *level, uint64_t n_samples, struct dsi_reader *reader);

#endif
