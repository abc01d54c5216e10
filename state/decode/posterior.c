/* Log-softmax in float32, in the order of TensorFlow 1.11: the maximum plus the logarithm of the
 * sum is rounded once, then subtracted from every value.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/posterior.h"

#include <float.h>
#include <math.h>

static float clean(float value, bool is_probability) {
    if (is_probability) {
        value = value > 0.0f ? logf(value) : -INFINITY;
    }
    if (isnan(value)) {
        return -INFINITY;
    }
    return value > FLT_MAX ? FLT_MAX : value;
}

void dsi_posterior_compute(const float *row, size_t n, bool is_probability, float *out) {
    float highest = -INFINITY;
    float sum = 0.0f;
    float norm;
    size_t i;

    for (i = 0; i < n; i++) {
        out[i] = clean(row[i], is_probability);
        highest = out[i] > highest ? out[i] : highest;
    }
    if (highest == -INFINITY) {
        for (i = 0; i < n; i++) {
            out[i] = -logf((float)n);
        }
        return;
    }

    for (i = 0; i < n; i++) {
        sum += expf(out[i] - highest);
    }
    norm = highest + logf(sum);
    for (i = 0; i < n; i++) {
        out[i] -= norm;
    }
}
