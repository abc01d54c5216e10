/* The level of blocks of samples.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "frontend/level.h"

#include "frontend/sample.h"

#include <math.h>
#include <string.h>

#define CORNER_HZ 300.0
#define BLOCKS_PER_S 50
#define FULL_SCALE 32768.0

/* Below it a memory is nothing: what is left of a signal that stopped must not decay into numbers
 * that are slow to compute with. */
#define TINY 1e-30

/* No memory of samples, and no sum of their squares, is beyond. */
#define MAX_MEMORY 1e9
#define MAX_SUM 1e18

void dsi_level_init(struct dsi_level *level, uint32_t sample_rate) {
    const double turn = 2.0 * M_PI * CORNER_HZ / sample_rate;
    size_t i;

    level->block_size = sample_rate / BLOCKS_PER_S;
    for (i = 0; i < DSI_LEVEL_N_SECTIONS; i++) {
        /* The poles of Butterworth's filter, by the bilinear transform:
         * (1 - 2 z^-1 + z^-2) * gain / (1 + a1 z^-1 + a2 z^-2) */
        const double angle = M_PI * (2.0 * (double)i + 1.0) / (4.0 * DSI_LEVEL_N_SECTIONS);
        const double damping = sin(turn) * cos(angle);

        level->sections[i].gain = (1.0 + cos(turn)) / 2.0 / (1.0 + damping);
        level->sections[i].a1 = -2.0 * cos(turn) / (1.0 + damping);
        level->sections[i].a2 = (1.0 - damping) / (1.0 + damping);
    }
    dsi_level_reset(level);
}

void dsi_level_reset(struct dsi_level *level) {
    level->n_samples = 0;
    level->sum = 0.0;
    memset(level->memory, 0, sizeof(level->memory));
}

/* As if the first sample had been there for ever: nothing comes out, and a constant is no step. */
static void settle(struct dsi_level *level, double sample) {
    level->memory[0][0] = -level->sections[0].gain * sample;
    level->memory[0][1] = level->sections[0].gain * sample;
}

/* One sample through all sections (transposed direct form II). */
static double filter(struct dsi_level *level, double sample) {
    size_t i;

    for (i = 0; i < DSI_LEVEL_N_SECTIONS; i++) {
        const double in = level->sections[i].gain * sample;
        double *memory = level->memory[i];

        sample = in + memory[0];
        memory[0] = -2.0 * in - level->sections[i].a1 * sample + memory[1];
        memory[1] = in - level->sections[i].a2 * sample;
    }
    return sample;
}

static float end_block(struct dsi_level *level) {
    const double power = level->sum / level->block_size / (FULL_SCALE * FULL_SCALE);
    const float decibels = 10.0f * log10f((float)power);
    size_t i;

    for (i = 0; i < DSI_LEVEL_N_SECTIONS; i++) {
        level->memory[i][0] = fabs(level->memory[i][0]) < TINY ? 0.0 : level->memory[i][0];
        level->memory[i][1] = fabs(level->memory[i][1]) < TINY ? 0.0 : level->memory[i][1];
    }
    level->sum = 0.0;
    return decibels > DSI_LEVEL_MIN ? decibels : DSI_LEVEL_MIN;
}

size_t dsi_level_take(struct dsi_level *level, const void *samples, bool is_float, size_t n_samples,
                      float *decibels, bool *has_level) {
    const size_t n_missing = level->block_size - (size_t)(level->n_samples % level->block_size);
    const size_t n = n_samples < n_missing ? n_samples : n_missing;
    size_t i;

    if (n > 0 && level->n_samples == 0) {
        settle(level, dsi_sample_get(samples, is_float, 0));
    }
    for (i = 0; i < n; i++) {
        const double out = filter(level, dsi_sample_get(samples, is_float, i));

        level->sum += out * out;
    }
    level->n_samples += n;
    *has_level = n > 0 && n == n_missing;
    if (*has_level) {
        *decibels = end_block(level);
    }
    return n;
}

void dsi_level_write(const struct dsi_level *level, struct dsi_writer *writer) {
    size_t i;

    for (i = 0; i < DSI_LEVEL_N_SECTIONS; i++) {
        dsi_writer_put_double(writer, level->memory[i][0]);
        dsi_writer_put_double(writer, level->memory[i][1]);
    }
    dsi_writer_put_double(writer, level->sum);
}

void dsi_level_read(struct dsi_level *level, uint64_t n_samples, struct dsi_reader *reader) {
    const char *what = "the memory of the level";
    size_t i;

    level->n_samples = n_samples;
    for (i = 0; i < DSI_LEVEL_N_SECTIONS; i++) {
        level->memory[i][0] = dsi_reader_take_double(reader, -MAX_MEMORY, MAX_MEMORY, what);
        level->memory[i][1] = dsi_reader_take_double(reader, -MAX_MEMORY, MAX_MEMORY, what);
    }
    level->sum = dsi_reader_take_double(reader, 0.0, MAX_SUM, "the power of the level");
}
