/* Frames of plainly encoded samples out of bytes: what raw and WAV inputs have in common.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_INPUT_FRAMES_H
#define BIN_INPUT_FRAMES_H

#include "bin/input/bytes.h"
#include "bin/input/encoding.h"
#include "bin/input/input.h"

struct cli_frames {
    struct cli_bytes bytes;
    const struct cli_encoding *encoding;
    uint64_t left;         /* bytes of samples still to come, UINT64_MAX for "until the end" */
    unsigned char *buffer; /* owned */
    size_t n_buffered;     /* bytes of a frame that is not complete yet */
};

/* Takes over `bytes`, which stands at the first sample, and fills in `source`, whose rate and
 * channels are known. */
void cli_frames_open(const struct cli_bytes *bytes, const struct cli_encoding *encoding,
                     uint64_t left, struct cli_source *source);
bool cli_frames_read(struct cli_source *source, float *frames, size_t capacity, size_t *n,
                     struct cli_error *error);
void cli_frames_close(struct cli_source *source);

#endif
