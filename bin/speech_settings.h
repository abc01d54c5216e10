/* Options that say what is speech, and where an utterance ends.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_SPEECH_SETTINGS_H
#define BIN_SPEECH_SETTINGS_H

#include "bin/options.h"

#include <dsinfer/stream.h>

/* --no-vad --endpoint-silence --endpoint-start --endpoint-longest */
struct cli_speech_settings {
    bool no_vad;
    double silence_s, start_s, longest_s;
};

/* Fills in the defaults and returns the options. */
struct cli_group cli_speech_options(struct cli_speech_settings *settings);

/* CLI_PARSED, or the exit code after a report. */
int cli_speech_check(const struct cli_speech_settings *settings);

void cli_speech_fill(const struct cli_speech_settings *settings,
                     struct dsinfer_stream_options *options);

#endif
