/* SIGINT and SIGTERM, taken as "the audio ends here": the first one sets a flag and wakes up
 * whoever waits for input, the second one ends the program as usual.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_INTERRUPT_H
#define BIN_INTERRUPT_H

#include <stdbool.h>

/* From now on signals are caught. */
void cli_interrupt_catch(void);

/* Number of the signal that came, or 0. */
int cli_interrupt_get(void);

/* Waits until `fd` has something to read (or its end); false when a signal came first. */
bool cli_interrupt_wait(int fd);

/* Waits so many milliseconds; false when a signal came before or meanwhile. */
bool cli_interrupt_sleep(int milliseconds);

#endif
