/* A system that gives no more threads: link with -Wl,--wrap=pthread_create and include this once.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_SUPPORT_THREADS_H
#define TESTS_SUPPORT_THREADS_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

/* Threads that may still be made; negative: any number. */
static atomic_int test_threads_left = -1;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *argument);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *argument) {
    if (test_threads_left == 0) {
        return EAGAIN;
    }
    if (test_threads_left > 0) {
        test_threads_left--;
    }
    return __real_pthread_create(thread, attr, run, argument);
}

#endif
