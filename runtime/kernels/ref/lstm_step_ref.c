/* Gates and cell of an LSTM: the definition, TensorFlow's BlockLSTM without peepholes.
 *
 * Everything is computed in double and rounded once, where a result is stored; only z_f +
 * forget_bias is a sum of floats, as there.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/ref/kernels_ref.h"

#include <math.h>

static double sigmoid(double x) {
    return 1.0 / (1.0 + exp(-x));
}

/* NaN passes. */
static double clip(double x, double limit) {
    if (limit <= 0.0) {
        return x;
    }
    x = x < -limit ? -limit : x;
    return x > limit ? limit : x;
}

void dsi_lstm_step_ref(const struct dsi_lstm_step *step) {
    const size_t stride = step->z_stride;
    size_t i;

    for (i = 0; i < step->n_cell; i++) {
        const double input_gate = sigmoid((double)step->z[i]);
        const double candidate = tanh((double)step->z[stride + i]);
        const double forget_gate = sigmoid((double)(step->z[2 * stride + i] + step->forget_bias));
        const double output_gate = sigmoid((double)step->z[3 * stride + i]);
        const double cell = candidate * input_gate + (double)step->c[i] * forget_gate;

        step->c_next[i] = (float)clip(cell, (double)step->cell_clip);
        step->h_next[i] = (float)(output_gate * tanh((double)step->c_next[i]));
    }
}
