/* How soon text follows the sound: the number of windows given to the network at once (T).
 *
 * A word is there at most 212 ms (9 frames of context and the length of a frame) and T times 20 ms
 * after the start of its last frame. The work grows as T falls: all weights but the recurrent ones
 * are read once a call. At the released size that is, for a frame, 189 MB at T = 1, 98 at 4, 75 at
 * 16 and 69 at 64.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_LATENCY_H
#define BIN_LATENCY_H

#include "bin/options.h"

#include <dsinfer/stream.h>

enum cli_latency {
    CLI_LATENCY_LOW,
    CLI_LATENCY_BALANCED,
    CLI_LATENCY_THROUGHPUT,
    CLI_LATENCY_ADAPTIVE /* low where sound comes as it is made, balanced where it has piled up */
};

/* --latency --steps */
struct cli_latency_settings {
    int latency;      /* enum cli_latency; negative: not given */
    uint32_t n_steps; /* 0: not given */
};

struct cli_group cli_latency_options(struct cli_latency_settings *settings);

/* CLI_PARSED, or the exit code after a report, where both are given. */
int cli_latency_check(const struct cli_latency_settings *settings);

/* T, from 1 to 64: as asked for, or else `otherwise`. */
void cli_latency_fill(const struct cli_latency_settings *settings, enum cli_latency otherwise,
                      struct dsinfer_stream_options *stream);

/* Name of the option that was given, or NULL. */
const char *cli_latency_get_option(const struct cli_latency_settings *settings);

#endif
