/* Samples without a header (--raw).
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/input/frames.h"

static enum cli_opened open_raw(const char *name, const struct cli_raw *raw,
                                struct cli_source *source, struct cli_error *error) {
    struct cli_bytes bytes;

    if (!raw->is_raw) {
        return CLI_NOT_MINE;
    }
    if (!cli_bytes_open(&bytes, name, error)) {
        return CLI_OPEN_FAILED;
    }
    source->rate = raw->rate;
    source->n_channels = raw->n_channels ? raw->n_channels : 1;
    cli_frames_open(&bytes, &cli_encodings[raw->encoding < 0 ? 0 : raw->encoding], UINT64_MAX,
                    source);
    return CLI_OPENED;
}

const struct cli_input cli_input_raw = {"raw", open_raw, cli_frames_read, cli_frames_close};
