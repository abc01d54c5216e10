/* Memory of the program.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/memory.h"
#include "bin/errors.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cli_out_of_memory(void) {
    fputs("dsinfer: memory: resources: out of memory\n", stderr);
    exit(CLI_EXIT_RUNTIME);
}

static void *check(void *memory) {
    if (!memory) {
        cli_out_of_memory();
    }
    return memory;
}

void *cli_calloc(size_t n, size_t size) {
    return check(calloc(n ? n : 1, size ? size : 1));
}

void *cli_realloc(void *items, size_t n, size_t size) {
    if (size && n > SIZE_MAX / size) {
        cli_out_of_memory();
    }
    return check(realloc(items, n > 0 && size > 0 ? n * size : 1));
}

char *cli_strdup(const char *text) {
    return check(strdup(text));
}

char *cli_join(const char *folder, const char *name) {
    const size_t length = strlen(folder);
    const size_t size = length + strlen(name) + 2;
    char *path = cli_calloc(size, 1);

    snprintf(path, size, "%s%s%s", folder, length && folder[length - 1] == '/' ? "" : "/", name);
    return path;
}
