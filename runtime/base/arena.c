/* A chain of blocks, each at least BLOCK_SIZE; pieces are cut from the newest one.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/arena.h"

#include "runtime/base/alloc.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)16384)

struct dsi_arena_block {
    struct dsi_arena_block *older;
    size_t size; /* of bytes */
    size_t used;
    alignas(max_align_t) unsigned char bytes[];
};

void dsi_arena_init(struct dsi_arena *arena, size_t limit) {
    arena->newest = NULL;
    arena->used = 0;
    arena->limit = limit;
}

/* Puts an empty block with room for `size` bytes in front. */
static struct dsi_arena_block *add_block(struct dsi_arena *arena, size_t size) {
    struct dsi_arena_block *block;
    size_t block_size = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    size_t total;

    if (!dsi_add_size(block_size, sizeof(*block), &total)) {
        return NULL;
    }
    block = dsi_malloc(total);
    if (!block) {
        return NULL;
    }
    block->older = arena->newest;
    block->size = block_size;
    block->used = 0;
    arena->newest = block;
    return block;
}

void *dsi_arena_alloc(struct dsi_arena *arena, size_t count, size_t size) {
    struct dsi_arena_block *block = arena->newest;
    size_t wanted;
    void *memory;

    if (!dsi_mul_size(count, size, &wanted) ||
        !dsi_add_size(wanted, alignof(max_align_t) - 1, &wanted)) {
        return NULL;
    }
    wanted -= wanted % alignof(max_align_t);
    if (wanted > arena->limit - arena->used) {
        return NULL;
    }
    if (!block || wanted > block->size - block->used) {
        block = add_block(arena, wanted);
        if (!block) {
            return NULL;
        }
    }

    memory = block->bytes + block->used;
    block->used += wanted;
    arena->used += wanted;
    memset(memory, 0, wanted);
    return memory;
}

char *dsi_arena_strndup(struct dsi_arena *arena, const char *text, size_t length) {
    char *copy = length < SIZE_MAX ? dsi_arena_alloc(arena, length + 1, 1) : NULL;

    if (copy && length) {
        memcpy(copy, text, length);
    }
    return copy;
}

void dsi_arena_finish(struct dsi_arena *arena) {
    while (arena->newest) {
        struct dsi_arena_block *older = arena->newest->older;

        dsi_free(arena->newest);
        arena->newest = older;
    }
    arena->used = 0;
}
