/* Signals that end the input.
 *
 * The handler also writes to a pipe that cli_interrupt_wait polls beside the input, so that no
 * signal is lost between looking at the flag and falling asleep.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static atomic_int caught; /* free of locks, as a handler needs it; read by all threads */
static int wake[2] = {-1, -1};

static void on_signal(int number) {
    const int saved = errno;

    caught = number;
    if (write(wake[1], "", 1) < 0) {
        /* The pipe is full: whoever waits is awake already. */
        errno = 0;
    }
    errno = saved;
}

void cli_interrupt_catch(void) {
    struct sigaction action;

    if (pipe(wake) != 0) {
        return;
    }
    fcntl(wake[0], F_SETFD, FD_CLOEXEC);
    fcntl(wake[1], F_SETFD, FD_CLOEXEC);
    fcntl(wake[1], F_SETFL, O_NONBLOCK);
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_signal;
    action.sa_flags = (int)(SA_RESETHAND | SA_RESTART); /* no line of output is cut in two */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int cli_interrupt_get(void) {
    return atomic_load(&caught);
}

/* A negative `fd` has nothing to read; a negative time does not end. */
static bool wait_for(int fd, int milliseconds) {
    struct pollfd polled[2] = {{fd, POLLIN, 0}, {wake[0], POLLIN, 0}};

    while (!caught) {
        if (poll(polled, wake[0] < 0 ? 1 : 2, milliseconds) >= 0 || errno != EINTR) {
            break;
        }
    }
    return !caught;
}

bool cli_interrupt_wait(int fd) {
    return wait_for(fd, -1);
}

bool cli_interrupt_sleep(int milliseconds) {
    return wait_for(-1, milliseconds);
}
