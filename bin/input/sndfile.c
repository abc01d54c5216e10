/* Audio files through libsndfile.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/input/input.h"
#include "bin/interrupt.h"

#include <sndfile.h>

static enum cli_opened open_sndfile(const char *name, const struct cli_raw *raw,
                                    struct cli_source *source, struct cli_error *error) {
    SF_INFO info = {0};
    SNDFILE *file = sf_open(name, SFM_READ, &info);

    (void)raw;
    if (!file) {
        cli_fail(error, CLI_AUDIO, "%s", sf_strerror(NULL));
        return CLI_OPEN_FAILED;
    }
    source->state = file;
    source->rate = info.samplerate > 0 ? (uint32_t)info.samplerate : 0;
    source->n_channels = info.channels > 0 ? (uint32_t)info.channels : 0;
    source->n_frames =
        info.frames >= 0 && info.frames < SF_COUNT_MAX ? (uint64_t)info.frames : CLI_UNKNOWN_FRAMES;
    return CLI_OPENED;
}

/* What cannot be decoded any more ends the recording: the part before it is transcribed. */
static bool read_sndfile(struct cli_source *source, float *frames, size_t capacity, size_t *n,
                         struct cli_error *error) {
    const sf_count_t got =
        cli_interrupt_get() ? 0 : sf_readf_float(source->state, frames, (sf_count_t)capacity);

    (void)error;
    *n = got > 0 ? (size_t)got : 0;
    return true;
}

static void close_sndfile(struct cli_source *source) {
    sf_close(source->state);
}

const struct cli_input cli_input_sndfile = {"libsndfile", open_sndfile, read_sndfile,
                                            close_sndfile};
