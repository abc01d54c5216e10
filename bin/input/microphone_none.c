/* A program without PortAudio.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/input/microphone.h"

#define SENTENCE "this program was built without PortAudio, which microphones need"

bool cli_microphones_print(FILE *file, struct cli_error *error) {
    (void)file;
    return cli_fail(error, CLI_UNSUPPORTED, SENTENCE);
}

bool cli_microphone_open(const char *device, struct cli_source *source, struct cli_error *error) {
    (void)device;
    (void)source;
    return cli_fail(error, CLI_UNSUPPORTED, SENTENCE);
}

const char *cli_microphone_get_name(const struct cli_source *source) {
    (void)source;
    return "";
}

struct cli_microphone_loss cli_microphone_get_loss(const struct cli_source *source) {
    const struct cli_microphone_loss none = {0, 0};

    (void)source;
    return none;
}
