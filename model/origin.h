/* What a file says of how it was made: programs with their versions, and the flags they were given.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_MODEL_ORIGIN_H
#define DSI_MODEL_ORIGIN_H

#include "runtime/base/arena.h"
#include "runtime/base/cursor.h"

#include <dsinfer/inspect.h>

/* Most facts, and the longest text of one; what is beyond is left out. */
#define DSI_ORIGIN_MAX_FACTS 32
#define DSI_ORIGIN_MAX_TEXT 2000

struct dsi_origin {
    struct dsi_arena arena; /* owns the texts */
    struct dsinfer_origin_fact facts[DSI_ORIGIN_MAX_FACTS];
    size_t n_facts;
    bool has_failed; /* memory ran out */
};

void dsi_origin_init(struct dsi_origin *origin);
void dsi_origin_finish(struct dsi_origin *origin); /* takes a zeroed one as well */

/* Adds a copy, `dashes` before the name. Never fails visibly: see has_failed. */
void dsi_origin_add(struct dsi_origin *origin, const char *dashes, const char *name,
                    const char *value);

/* Adds what a file says that has been read as a model; nothing for formats that say nothing. Fails
 * with ERR_NO_MEMORY. */
enum dsinfer_status dsi_origin_read(struct dsi_origin *origin, struct dsi_bytes bytes,
                                    struct dsinfer_error *err);

#endif
