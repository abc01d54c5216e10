/* Frames out of bytes.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/input/frames.h"
#include "bin/memory.h"

#include <stdlib.h>
#include <string.h>

#define BUFFER_SIZE 65536 /* holds a frame of CLI_MAX_CHANNELS samples of 8 bytes */

void cli_frames_open(const struct cli_bytes *bytes, const struct cli_encoding *encoding,
                     uint64_t left, struct cli_source *source) {
    struct cli_frames *frames = cli_calloc(1, sizeof(*frames));
    uint64_t known = left;

    frames->bytes = *bytes;
    frames->encoding = encoding;
    frames->left = left;
    frames->buffer = cli_calloc(BUFFER_SIZE, 1);
    if (bytes->is_plain) {
        const uint64_t there = bytes->size > bytes->position ? bytes->size - bytes->position : 0;

        known = there < known ? there : known;
    }
    source->state = frames;
    source->n_frames =
        known == UINT64_MAX ? CLI_UNKNOWN_FRAMES : known / (encoding->size * source->n_channels);
}

/* Fills the buffer until at least one frame is there; *n_ready is 0 at the end. */
static bool fill(struct cli_frames *frames, size_t frame_size, size_t wanted, size_t *n_ready,
                 struct cli_error *error) {
    const size_t room = BUFFER_SIZE / frame_size * frame_size;
    const size_t goal = wanted < room / frame_size ? wanted * frame_size : room;

    while (frames->n_buffered < frame_size && frames->left > 0) {
        size_t size = goal - frames->n_buffered;
        size_t got;

        size = size < frames->left ? size : (size_t)frames->left;
        if (!cli_bytes_read(&frames->bytes, frames->buffer + frames->n_buffered, size, &got,
                            error)) {
            return false;
        }
        if (got == 0) {
            frames->left = 0;
            break;
        }
        frames->n_buffered += got;
        frames->left -= frames->left == UINT64_MAX ? 0 : got;
    }
    *n_ready = frames->n_buffered / frame_size;
    return true;
}

bool cli_frames_read(struct cli_source *source, float *samples, size_t capacity, size_t *n,
                     struct cli_error *error) {
    struct cli_frames *frames = source->state;
    const struct cli_encoding *encoding = frames->encoding;
    const size_t frame_size = encoding->size * source->n_channels;
    size_t n_ready, used, i;

    *n = 0;
    if (!fill(frames, frame_size, capacity, &n_ready, error)) {
        return false;
    }
    for (i = 0; i < n_ready * source->n_channels; i++) {
        samples[i] = encoding->decode(frames->buffer + i * encoding->size);
    }
    used = n_ready * frame_size;
    frames->n_buffered -= used;
    memmove(frames->buffer, frames->buffer + used, frames->n_buffered);
    *n = n_ready;
    return true;
}

void cli_frames_close(struct cli_source *source) {
    struct cli_frames *frames = source->state;

    cli_bytes_close(&frames->bytes);
    free(frames->buffer);
    free(frames);
}
