/* How many windows at once.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/latency.h"
#include "bin/errors.h"

#include <string.h>

/* In the order of enum cli_latency. */
static const char *const names[] = {"low", "balanced", "throughput", "adaptive", NULL};
static const struct { uint32_t min, max; } steps[] = {{4, 4}, {16, 16}, {64, 64}, {4, 16}};

static const struct cli_option options[] = {
    {"latency", 0, CLI_CHOICE, NULL, offsetof(struct cli_latency_settings, latency),
     "how soon text follows the sound, or how little work it is: 4, 16 or 64 frames at once, or 4 "
     "to 16 as they come; the text stays the same (default: balanced, but adaptive for listen and "
     "partial texts)",
     0, 0, names},
    {"steps", 0, CLI_NUMBER, "T", offsetof(struct cli_latency_settings, n_steps),
     "frames given to the network at once, instead of --latency", 1, 64, NULL},
};

struct cli_group cli_latency_options(struct cli_latency_settings *settings) {
    struct cli_group group = {"Latency", options, CLI_N(options), settings};

    memset(settings, 0, sizeof(*settings));
    settings->latency = -1;
    return group;
}

int cli_latency_check(const struct cli_latency_settings *settings) {
    if (settings->latency >= 0 && settings->n_steps) {
        return cli_usage("--latency", "--steps says the same: give one of them");
    }
    return CLI_PARSED;
}

void cli_latency_fill(const struct cli_latency_settings *settings, enum cli_latency otherwise,
                      struct dsinfer_stream_options *stream) {
    const int latency = settings->latency >= 0 ? settings->latency : (int)otherwise;

    stream->n_steps = settings->n_steps ? settings->n_steps : steps[latency].max;
    stream->min_steps = settings->n_steps ? settings->n_steps : steps[latency].min;
}

const char *cli_latency_get_option(const struct cli_latency_settings *settings) {
    return settings->n_steps ? "--steps" : settings->latency >= 0 ? "--latency" : NULL;
}
