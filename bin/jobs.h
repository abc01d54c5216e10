/* The same work on many items, several of them at a time, told of in their order.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_JOBS_H
#define BIN_JOBS_H

#include "bin/options.h"

#include <stdbool.h>
#include <stddef.h>

#define CLI_JOBS_MAX 64

struct cli_jobs {
    size_t n_workers; /* 1: no thread is started */
    size_t n_items;
    void *user;

    /* Does item `item`, in the thread of worker `worker`. Items are begun in their order. False: no
     * more is begun, and those that were begun are ended. */
    bool (*work)(void *user, size_t worker, size_t item);

    /* Tells of it, one at a time, in their order; false: nothing more is begun or told. */
    bool (*tell)(void *user, size_t item);
};

/* Returns whether all that was begun could be told. Where the system gives fewer threads, they do
 * it all. */
bool cli_jobs_run(const struct cli_jobs *jobs);

/* The option --jobs, for a uint32_t at `offset` with the default 1. */
#define CLI_JOBS_OPTION(offset)                                                                    \
    {                                                                                              \
        "jobs", 0, CLI_NUMBER, "N", (offset),                                                      \
            "recordings done at the same time, each in a thread of its own (default 1)", 1,        \
            CLI_JOBS_MAX, NULL                                                                     \
    }

/* So many workers for so many items. */
size_t cli_jobs_count(size_t n_jobs, size_t n_items);

#endif
