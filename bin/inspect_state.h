/* The part of `inspect` about saved states.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_INSPECT_STATE_H
#define BIN_INSPECT_STATE_H

#include <stdbool.h>

/* Describes the state at `path`; returns the exit code. */
int cli_inspect_state(const char *path, bool is_json);

#endif
