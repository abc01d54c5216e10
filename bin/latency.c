/* How many windows at once.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/latency.h"
#include "bin/errors.h"

#include <string.h>

/* In the order of enum cli_latency. */
static const char *const names[] = {"low", "balanced", "throughput", NULL};
static const uint32_t steps[] = {4, 16, 64};

static const struct cli_option options[] = {
    {"latency", 0, CLI_CHOICE, NULL, offsetof(struct cli_latency_settings, latency),
     "how soon text follows the sound, or how little work it is: 4, 16 or 64 frames at once; the "
     "text stays the same (default: low for listen, else balanced)",
     0, 0, names},
    {"steps", 0, CLI_NUMBER, "T", offsetof(struct cli_latency_settings, n_steps),
     "frames given to the network at once, instead of --latency", 1, 64, NULL},
};

struct cli_group cli_latency_options(struct cli_latency_settings *settings,
                                     enum cli_latency otherwise) {
    struct cli_group group = {"Latency", options, CLI_N(options), settings};

    memset(settings, 0, sizeof(*settings));
    settings->latency = -1;
    settings->otherwise = otherwise;
    return group;
}

int cli_latency_check(const struct cli_latency_settings *settings) {
    if (settings->latency >= 0 && settings->n_steps) {
        return cli_usage("--latency", "--steps says the same: give one of them");
    }
    return CLI_PARSED;
}

uint32_t cli_latency_get_steps(const struct cli_latency_settings *settings) {
    if (settings->n_steps) {
        return settings->n_steps;
    }
    return steps[settings->latency >= 0 ? settings->latency : (int)settings->otherwise];
}

const char *cli_latency_get_option(const struct cli_latency_settings *settings) {
    return settings->n_steps ? "--steps" : settings->latency >= 0 ? "--latency" : NULL;
}
