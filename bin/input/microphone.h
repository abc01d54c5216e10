/* Sound as a microphone takes it up, through PortAudio; one channel at the device's own rate.
 *
 * microphone.c is built where PortAudio is, microphone_none.c, in which every call fails with a
 * sentence, otherwise. While a microphone is open, descriptor 2 is silenced (see messages.h).
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_INPUT_MICROPHONE_H
#define BIN_INPUT_MICROPHONE_H

#include "bin/input/input.h"

#include <stdio.h>

/* Prints a line for each input device: its number, its name, host interface, channels and rate;
 * the default one has a star. False where there is none. */
bool cli_microphones_print(FILE *file, struct cli_error *error);

/* Starts to record from the device of that number (as printed) or name: the whole name, or a part
 * that only one device has, in any case; NULL: the default one. Reading waits for samples. A signal
 * ends the recording: what was recorded by then is still read. A device that stops on its own is a
 * failure, once all it gave was read. */
bool cli_microphone_open(const char *device, struct cli_source *source, struct cli_error *error);

/* Of an open one: name of the device; samples that were not taken from it in time, and how often
 * the system says that it lost some itself. */
struct cli_microphone_loss {
    unsigned long long n_dropped;
    unsigned n_overruns;
};

const char *cli_microphone_get_name(const struct cli_source *source);
struct cli_microphone_loss cli_microphone_get_loss(const struct cli_source *source);

#endif
