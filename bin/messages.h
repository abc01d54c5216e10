/* Where messages, progress and partial texts go: stderr, or the same place by another way while
 * libraries that write to stderr on their own account are silenced.
 *
 * The back ends of PortAudio (ALSA, JACK) report there what is no failure, such as each device that
 * is configured but absent. While they are at work, descriptor 2 leads nowhere, and messages go
 * through a copy of it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_MESSAGES_H
#define BIN_MESSAGES_H

#include <stdio.h>

/* Unbuffered, as stderr. Valid until the next call below. */
FILE *cli_messages(void);

/* In pairs, not nested. Where it cannot be done nothing changes. */
void cli_messages_begin_quiet(void);
void cli_messages_end_quiet(void);

#endif
