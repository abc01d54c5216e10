/* Memory that is given out piece by piece and freed all at once: names and nodes of a graph.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_BASE_ARENA_H
#define DSI_BASE_ARENA_H

#include <stddef.h>

struct dsi_arena_block;

struct dsi_arena {
    struct dsi_arena_block *newest; /* owned chain */
    size_t used;                    /* bytes given out */
    size_t limit;                   /* most bytes that may be given out */
};

/* Empty; allocates nothing. */
void dsi_arena_init(struct dsi_arena *arena, size_t limit);

/* Zeroed memory for `count` elements of `size` bytes, aligned for any type, lent until finish. NULL
 * when memory or limit are exceeded. */
void *dsi_arena_alloc(struct dsi_arena *arena, size_t count, size_t size);

/* A NUL-terminated copy of `length` bytes. */
char *dsi_arena_strndup(struct dsi_arena *arena, const char *text, size_t length);

/* Frees everything; the arena is empty again. */
void dsi_arena_finish(struct dsi_arena *arena);

#endif
