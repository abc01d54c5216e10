/* Bytes as they arrive.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/input/bytes.h"
#include "bin/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Opening a FIFO would wait for a writer, and a signal would not end that; polling it, later, waits
 * as well. */
static int open_file(const char *name) {
    const int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd >= 0) {
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    }
    return fd;
}

bool cli_bytes_open(struct cli_bytes *bytes, const char *name, struct cli_error *error) {
    struct stat facts;

    memset(bytes, 0, sizeof(*bytes));
    bytes->fd = strcmp(name, "-") == 0 ? STDIN_FILENO : open_file(name);
    if (bytes->fd < 0 || fstat(bytes->fd, &facts) != 0) {
        return cli_fail_errno(error, "cannot be read");
    }
    if (S_ISDIR(facts.st_mode)) {
        errno = EISDIR;
        cli_fail_errno(error, "cannot be read");
        cli_bytes_close(bytes);
        return false;
    }
    bytes->is_plain = S_ISREG(facts.st_mode) && bytes->fd != STDIN_FILENO;
    bytes->size = bytes->is_plain && facts.st_size > 0 ? (uint64_t)facts.st_size : 0;
    return true;
}

bool cli_bytes_read(struct cli_bytes *bytes, void *buffer, size_t size, size_t *n,
                    struct cli_error *error) {
    *n = 0;
    while (cli_interrupt_wait(bytes->fd)) {
        const ssize_t got = read(bytes->fd, buffer, size);

        if (got >= 0) {
            *n = (size_t)got;
            bytes->position += (uint64_t)got;
            return true;
        }
        if (errno != EINTR && errno != EAGAIN) {
            return cli_fail_errno(error, "cannot be read");
        }
    }
    return true;
}

bool cli_bytes_read_all(struct cli_bytes *bytes, void *buffer, size_t size, size_t *n,
                        struct cli_error *error) {
    size_t got;

    *n = 0;
    do {
        if (!cli_bytes_read(bytes, (char *)buffer + *n, size - *n, &got, error)) {
            return false;
        }
        *n += got;
    } while (got && *n < size);
    return true;
}

void cli_bytes_close(struct cli_bytes *bytes) {
    if (bytes->fd > STDIN_FILENO) {
        close(bytes->fd);
    }
    bytes->fd = -1;
}
