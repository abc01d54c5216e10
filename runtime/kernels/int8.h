/* What all products in integers of 8 bits have in common (see enum dsi_precision): the scales, the
 * largest value of a row, and rounding.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_KERNELS_INT8_H
#define DSI_KERNELS_INT8_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Below it a largest value counts as zero; and the largest integers. */
#define DSI_INT8_SMALLEST 0x1p-100f
#define DSI_INT8_LARGEST_Q 127.0f
#define DSI_INT8_LARGEST_P 16256.0f

/* What a value is multiplied with to get the integer, where integers go up to `largest` and values
 * to `max`; 0 where all are zero, or one is not finite (`max` is NaN). */
static inline float dsi_int8_get_inverse_scale(float max, float largest) {
    return max >= DSI_INT8_SMALLEST ? largest / max : 0.0f;
}

/* What an integer is multiplied with to get the value; NaN where one is not finite. */
static inline float dsi_int8_get_scale(float max, float largest) {
    return max < DSI_INT8_SMALLEST ? 0.0f : max / largest;
}

/* A largest magnitude, of which these are the bits; NaN where it is not finite. */
static inline float dsi_int8_get_max(uint32_t largest) {
    float max;

    largest = largest >= 0x7f800000 ? 0x7fc00000 : largest;
    memcpy(&max, &largest, sizeof(max));
    return max;
}

/* The largest magnitude of a row. As integers magnitudes have their order, NaN at the end. */
static inline float dsi_int8_find_max(const float *a, size_t k) {
    uint32_t largest = 0;
    size_t l;

    for (l = 0; l < k; l++) {
        uint32_t bits;

        memcpy(&bits, a + l, sizeof(bits));
        bits &= 0x7fffffff;
        largest = bits > largest ? bits : largest;
    }
    return dsi_int8_get_max(largest);
}

/* nearbyint for |x| < 2^22: what is added leaves no room for digits behind the point. In variables
 * each, as a wider format would have it. */
static inline int32_t dsi_int8_round(float x) {
    const float shifted = x + 0x1.8p23f;
    const float rounded = shifted - 0x1.8p23f;

    return (int32_t)rounded;
}

#endif
