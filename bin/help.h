/* What --help prints, made from the tables that are parsed.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_HELP_H
#define BIN_HELP_H

#include "bin/options.h"

/* Prints the help of a command on stdout; returns the exit code. */
int cli_help_command(const struct cli_command *command, const struct cli_group *groups,
                     size_t n_groups);

/* Prints the help of the program on stdout; returns the exit code. */
int cli_help_program(const struct cli_command *const *commands, size_t n_commands);

#endif
