/* Memory of the program. There is nothing sensible to go on with when it runs out: these
 * functions then say so and end the program with CLI_EXIT_RUNTIME. What they return is freed with
 * free(). Sizes from files are checked against a limit by the caller; the product is checked here.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_MEMORY_H
#define BIN_MEMORY_H

#include <stddef.h>

/* Says that memory ran out and ends the program. */
void cli_out_of_memory(void);

/* Zeroed room for `n` items. Never NULL. */
void *cli_calloc(size_t n, size_t size);

/* Room for `n` items where `items` (NULL at first) points now. Never NULL. */
void *cli_realloc(void *items, size_t n, size_t size);

/* A copy; never NULL. */
char *cli_strdup(const char *text);

/* "FOLDER/NAME"; never NULL. */
char *cli_join(const char *folder, const char *name);

#endif
