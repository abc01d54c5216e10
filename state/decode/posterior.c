/* Log-softmax in float32, in the order of TensorFlow 1.11: the maximum plus the logarithm of the
 * sum is rounded once, then subtracted from every value. Where the values are so large that the
 * logarithm would be lost in that rounding, and equal ones become certain each, it is subtracted
 * last; no network comes near.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/posterior.h"

#include <float.h>
#include <math.h>

/* Beyond, floats are an eighth apart and more. */
#define HUGE_LOGIT 1048576.0f

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
    float log_sum, norm;
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
    log_sum = logf(sum);
    norm = highest + log_sum;
    for (i = 0; i < n; i++) {
        out[i] = fabsf(highest) > HUGE_LOGIT ? out[i] - highest - log_sum : out[i] - norm;
    }
}
