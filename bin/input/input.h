/* Kinds of input: raw samples, WAV, and whatever libsndfile reads; one table entry each.
 *
 * All deliver frames of interleaved floats, 1.0 being full scale, at the file's own rate and
 * number of channels; audio.h makes one channel at the model's rate of them.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_INPUT_INPUT_H
#define BIN_INPUT_INPUT_H

#include "bin/errors.h"

#include <stddef.h>
#include <stdint.h>

#define CLI_MIN_RATE 1000
#define CLI_MAX_RATE 768000
#define CLI_MAX_CHANNELS 1024

/* n_frames of a source whose length nobody knows. */
#define CLI_UNKNOWN_FRAMES UINT64_MAX

/* How samples without a header are to be read (--raw). */
struct cli_raw {
    bool is_raw;
    uint32_t rate;       /* 0: the model's */
    uint32_t n_channels; /* 0: not given, 1 */
    int encoding;        /* index into cli_encodings; negative: not given, s16le */
};

struct cli_source {
    const struct cli_input *input;
    void *state; /* the input's own */
    uint32_t rate, n_channels;
    uint64_t n_frames;
};

enum cli_opened {
    CLI_OPENED,
    CLI_NOT_MINE, /* the next kind may try */
    CLI_OPEN_FAILED
};

struct cli_input {
    const char *name;
    /* Fills in all of `source` but `input`. */
    enum cli_opened (*open)(const char *name, const struct cli_raw *raw, struct cli_source *source,
                            struct cli_error *error);
    /* At most `capacity` frames; *n is 0 at the end, and when a signal came. */
    bool (*read)(struct cli_source *source, float *frames, size_t capacity, size_t *n,
                 struct cli_error *error);
    void (*close)(struct cli_source *source);
};

extern const struct cli_input cli_input_raw;
extern const struct cli_input cli_input_wav;
extern const struct cli_input cli_input_sndfile;

#endif
