/* The speech gate and the ends of utterances that the options ask for.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/speech_settings.h"
#include "bin/errors.h"

#include <stdio.h>
#include <string.h>

static const struct cli_option speech_options[] = {
    {"no-vad", 0, CLI_FLAG, NULL, offsetof(struct cli_speech_settings, no_vad),
     "no speech gate: text also of silence, hum and noise, as the network hears it", 0, 0, NULL},
    {"endpoint-silence", 0, CLI_REAL, "S", offsetof(struct cli_speech_settings, silence_s),
     "an utterance ends after S seconds of silence (default 0.8) ...", 0, 0, NULL},
    {"endpoint-start", 0, CLI_REAL, "S", offsetof(struct cli_speech_settings, start_s),
     "... or without speech so far (default 5) ...", 0, 0, NULL},
    {"endpoint-longest", 0, CLI_REAL, "S", offsetof(struct cli_speech_settings, longest_s),
     "... or in all (default 30)", 0, 0, NULL},
};

struct cli_group cli_speech_options(struct cli_speech_settings *settings) {
    struct cli_group group = {"Speech", speech_options, CLI_N(speech_options), settings};
    struct dsinfer_stream_options defaults;

    dsinfer_stream_options_init(&defaults);
    memset(settings, 0, sizeof(*settings));
    settings->silence_s = defaults.endpoint_silence_s;
    settings->start_s = defaults.endpoint_start_s;
    settings->longest_s = defaults.endpoint_longest_s;
    return group;
}

int cli_speech_check(const struct cli_speech_settings *settings) {
    const double times[] = {settings->silence_s, settings->start_s, settings->longest_s};
    size_t i;

    for (i = 0; i < CLI_N(times); i++) {
        if (!(times[i] > 0.0)) {
            char name[32];

            snprintf(name, sizeof(name), "--%s", speech_options[i + 1].name);
            return cli_usage(name, "is %g seconds, not above 0", times[i]);
        }
    }
    return CLI_PARSED;
}

void cli_speech_fill(const struct cli_speech_settings *settings,
                     struct dsinfer_stream_options *options) {
    options->has_speech_gate = !settings->no_vad;
    options->endpoint_silence_s = settings->silence_s;
    options->endpoint_start_s = settings->start_s;
    options->endpoint_longest_s = settings->longest_s;
}
