/* The pool of alignments.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/alignment.h"

#include "state/decode/grow.h"

#include "runtime/base/alloc.h"

#include <string.h>

void dsi_alignment_pool_init(struct dsi_alignment_pool *pool, size_t max_items) {
    memset(pool, 0, sizeof(*pool));
    pool->max_items = max_items;
    pool->first_free = DSI_ALIGNMENT_NONE;
}

void dsi_alignment_pool_reset(struct dsi_alignment_pool *pool) {
    pool->n_items = 0;
    pool->first_free = DSI_ALIGNMENT_NONE;
}

void dsi_alignment_pool_finish(struct dsi_alignment_pool *pool) {
    dsi_free(pool->items);
    memset(pool, 0, sizeof(*pool));
}

static enum dsinfer_status reserve(struct dsi_alignment_pool *pool, size_t n) {
    struct dsi_alignment *items;

    if (n > pool->max_items) {
        return DSINFER_ERR_LIMIT;
    }
    items = dsi_grow(pool->items, &pool->capacity, n, sizeof(*items));
    if (!items) {
        return DSINFER_ERR_NO_MEMORY;
    }
    pool->items = items;
    return DSINFER_OK;
}

enum dsinfer_status dsi_alignment_pool_copy(const struct dsi_alignment_pool *from,
                                            struct dsi_alignment_pool *to) {
    enum dsinfer_status status = reserve(to, from->n_items);

    if (status != DSINFER_OK) {
        return status;
    }
    if (from->n_items > 0) {
        memcpy(to->items, from->items, from->n_items * sizeof(*to->items));
    }
    to->n_items = from->n_items;
    to->first_free = from->first_free;
    return DSINFER_OK;
}

enum dsinfer_status dsi_alignment_add(struct dsi_alignment_pool *pool, uint32_t previous,
                                      uint32_t timestep, float log_posterior, uint32_t *out) {
    uint32_t index = pool->first_free;

    if (index != DSI_ALIGNMENT_NONE) {
        pool->first_free = pool->items[index].previous;
    } else {
        enum dsinfer_status status = reserve(pool, pool->n_items + 1);

        if (status != DSINFER_OK) {
            return status;
        }
        index = (uint32_t)pool->n_items++;
    }
    if (previous != DSI_ALIGNMENT_NONE) {
        pool->items[previous].n_references++;
    }
    pool->items[index] = (struct dsi_alignment){previous, 1, timestep, log_posterior};
    *out = index;
    return DSINFER_OK;
}

void dsi_alignment_unref(struct dsi_alignment_pool *pool, uint32_t index) {
    while (index != DSI_ALIGNMENT_NONE && --pool->items[index].n_references == 0) {
        const uint32_t previous = pool->items[index].previous;

        pool->items[index].previous = pool->first_free;
        pool->first_free = index;
        index = previous;
    }
}
