/* Where the bytes of a file go.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_BASE_SINK_H
#define DSI_BASE_SINK_H

#include <stddef.h>

/* Writes all of the bytes and returns 0, or something else, which ends the writing. */
struct dsi_sink {
    int (*write)(void *user, const void *bytes, size_t size);
    void *user;
};

#endif
