/* How soon text follows the sound: the number of windows given to the network at once (T).
 *
 * A word is there at most 212 ms (9 frames of context and the length of a frame) and T times 20 ms
 * after the start of its last frame. The work grows as T falls, since the weights are read once for
 * each call: at the released size, T of 4 costs a third more than 16, 1 more than twice as much.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_LATENCY_H
#define BIN_LATENCY_H

#include "bin/options.h"

enum cli_latency { CLI_LATENCY_LOW, CLI_LATENCY_BALANCED, CLI_LATENCY_THROUGHPUT };

/* --latency --steps */
struct cli_latency_settings {
    enum cli_latency otherwise; /* where neither is given */
    int latency;                /* enum cli_latency; negative: not given */
    uint32_t n_steps;           /* 0: not given */
};

struct cli_group cli_latency_options(struct cli_latency_settings *settings,
                                     enum cli_latency otherwise);

/* CLI_PARSED, or the exit code after a report, where both are given. */
int cli_latency_check(const struct cli_latency_settings *settings);

/* T, 1 to 64. */
uint32_t cli_latency_get_steps(const struct cli_latency_settings *settings);

/* Name of the option that was given, or NULL. */
const char *cli_latency_get_option(const struct cli_latency_settings *settings);

#endif
