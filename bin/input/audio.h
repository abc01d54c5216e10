/* Audio as a model wants it: one channel, one rate, floats where 1.0 is full scale, from any file,
 * pipe or raw samples, in constant memory.
 *
 * Channels become their mean. Where the rate is right nothing is resampled, and samples of up to
 * 24 bits arrive exactly. Values that are no numbers become 0.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_INPUT_AUDIO_H
#define BIN_INPUT_AUDIO_H

#include "bin/input/input.h"
#include "bin/options.h"

struct cli_audio;

/* --raw --rate --channels --encoding: fills in the defaults, returns the options. */
struct cli_group cli_raw_options(struct cli_raw *raw);

/* Checks them against each other; CLI_PARSED, or the exit code after a report. */
int cli_raw_check(struct cli_raw *raw);

/* Opens `name` ("-": stdin) to be read at `rate` Hz. */
bool cli_audio_open(const char *name, const struct cli_raw *raw, uint32_t rate,
                    struct cli_audio **audio, struct cli_error *error);

/* The same for a source that is open already; it is taken over, also on failure. */
bool cli_audio_open_source(const struct cli_source *source, uint32_t rate, struct cli_audio **audio,
                           struct cli_error *error);

/* At most `capacity` samples; *n is 0 at the end, and when a signal came. */
bool cli_audio_read(struct cli_audio *audio, float *samples, size_t capacity, size_t *n,
                    struct cli_error *error);

/* Opens `name`, reads all of it and closes it; no longer than `max_s`. *samples is owned by the
 * caller, also on failure (NULL at first). A signal ends it early, as a success. */
bool cli_audio_read_whole(const char *name, uint32_t rate, uint32_t max_s, float **samples,
                          size_t *n_samples, struct cli_error *error);

/* Seconds, or a negative number where the length is not known. */
double cli_audio_get_duration_s(const struct cli_audio *audio);

void cli_audio_close(struct cli_audio *audio);

#endif
