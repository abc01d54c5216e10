/* The commands, one file each.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_COMMANDS_H
#define BIN_COMMANDS_H

#include "bin/options.h"

extern const struct cli_command cli_transcribe, cli_inspect, cli_run, cli_features, cli_decode,
    cli_bench, cli_scorer, cli_convert, cli_eval, cli_listen;

#endif
