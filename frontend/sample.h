/* A sample as the front end takes it, whichever way the caller holds it.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_FRONTEND_SAMPLE_H
#define DSI_FRONTEND_SAMPLE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sample `i` in the range of 16 bits, not rounded. `is_float`: samples are const float (1.0 full
 * scale; no number counts as 0), else const int16_t. */
static inline float dsi_sample_get(const void *samples, bool is_float, size_t i) {
    float scaled;

    if (!is_float) {
        return (float)((const int16_t *)samples)[i];
    }
    scaled = ((const float *)samples)[i] * 32768.0f;
    if (isnan(scaled)) {
        return 0.0f;
    }
    return scaled < -32768.0f ? -32768.0f : scaled > 32767.0f ? 32767.0f : scaled;
}

#endif
