/* Messages while descriptor 2 is silenced.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/messages.h"

#include <fcntl.h>
#include <unistd.h>

static FILE *copy; /* of stderr, while it is silenced */

FILE *cli_messages(void) {
    return copy ? copy : stderr;
}

void cli_messages_begin_quiet(void) {
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    const int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

    if (nowhere >= 0 && file && dup2(nowhere, STDERR_FILENO) == STDERR_FILENO) {
        setvbuf(file, NULL, _IONBF, 0);
        copy = file;
    } else if (file) {
        fclose(file);
    } else if (fd >= 0) {
        close(fd);
    }
    if (nowhere >= 0) {
        close(nowhere);
    }
}

void cli_messages_end_quiet(void) {
    if (copy) {
        dup2(fileno(copy), STDERR_FILENO);
        fclose(copy);
        copy = NULL;
    }
}
