/* The inputs of a command: files, `-`, and the audio files of folders.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_INPUT_LIST_H
#define BIN_INPUT_LIST_H

#include "bin/errors.h"
#include "bin/options.h"

struct cli_inputs {
    char **names; /* owned */
    size_t n;
};

/* Appends `name`, or, where it is a folder, the audio files in it (by their endings), in the order
 * of their names. False for a folder that cannot be read or has none. */
bool cli_inputs_add(struct cli_inputs *inputs, const char *name, struct cli_error *error);

bool cli_is_folder(const char *name);

void cli_inputs_finish(struct cli_inputs *inputs);

#endif
