/* A sample as the front end takes it, whichever way the caller holds it.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_FRONTEND_SAMPLE_H
#define DSI_FRONTEND_SAMPLE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Least size of a float that counts: 410 dB below full scale. The energy of less is near the least
 * that a float holds, where processors take their time. */
#define DSI_LEAST_SAMPLE 3e-21f

/* Sample `i` in the range of 16 bits, not rounded. `is_float`: samples are const float (1.0 full
 * scale; what is less than DSI_LEAST_SAMPLE or no number counts as 0), else const int16_t. */
static inline float dsi_sample_get(const void *samples, bool is_float, size_t i) {
    float sample, scaled;

    if (!is_float) {
        return (float)((const int16_t *)samples)[i];
    }
    sample = ((const float *)samples)[i];
    if (!(fabsf(sample) >= DSI_LEAST_SAMPLE)) {
        return 0.0f;
    }
    scaled = sample * 32768.0f;
    return scaled < -32768.0f ? -32768.0f : scaled > 32767.0f ? 32767.0f : scaled;
}

#endif
