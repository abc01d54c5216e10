/* Bytes of a file, FIFO or stdin, as they arrive. A signal ends them (see interrupt.h).
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_INPUT_BYTES_H
#define BIN_INPUT_BYTES_H

#include "bin/errors.h"

#include <stddef.h>
#include <stdint.h>

struct cli_bytes {
    int fd;
    bool is_plain;     /* a plain file: its size is known, other readers may try it */
    uint64_t position; /* bytes taken so far */
    uint64_t size;     /* of a plain file */
};

/* `name` is a path, or "-" for stdin. */
bool cli_bytes_open(struct cli_bytes *bytes, const char *name, struct cli_error *error);

/* Reads what is there, at most `size` bytes, waiting for at least one; *n is 0 at the end. */
bool cli_bytes_read(struct cli_bytes *bytes, void *buffer, size_t size, size_t *n,
                    struct cli_error *error);

/* Reads until `size` bytes are there or the end. */
bool cli_bytes_read_all(struct cli_bytes *bytes, void *buffer, size_t size, size_t *n,
                        struct cli_error *error);

void cli_bytes_close(struct cli_bytes *bytes);

#endif
