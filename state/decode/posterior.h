/* Log posteriors of the labels of a frame.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_DECODE_POSTERIOR_H
#define DSI_STATE_DECODE_POSTERIOR_H

#include <stdbool.h>
#include <stddef.h>

/* out[i] = row[i] - log(sum of exp(row)), [n], the log-softmax of a row of logits or, where
 * `is_probability`, of the logarithms of a row of probabilities. Any float is accepted: NaN counts
 * as impossible, +inf as the largest number, and a row in which nothing is possible as one in which
 * everything is equally likely. So the results are numbers or -inf, and the largest is finite. */
void dsi_posterior_compute(const float *row, size_t n, bool is_probability, float *out);

#endif
