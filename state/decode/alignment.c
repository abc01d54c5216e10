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
    pool->n_firsts = 0;
    pool->n_times = 0;
    pool->first_free = DSI_ALIGNMENT_NONE;
}

void dsi_alignment_pool_finish(struct dsi_alignment_pool *pool) {
    dsi_free(pool->items);
    dsi_free(pool->times);
    memset(pool, 0, sizeof(*pool));
}

enum dsinfer_status dsi_alignment_reserve(struct dsi_alignment_pool *pool, size_t n) {
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

static enum dsinfer_status reserve_times(struct dsi_alignment_pool *pool, size_t n) {
    struct dsi_alignment_time *times;

    if (n > DSI_SEARCH_MAX_LABELS) {
        return DSINFER_ERR_LIMIT;
    }
    times = dsi_grow(pool->times, &pool->times_capacity, n, sizeof(*times));
    if (!times) {
        return DSINFER_ERR_NO_MEMORY;
    }
    pool->times = times;
    return DSINFER_OK;
}

enum dsinfer_status dsi_alignment_pool_copy(const struct dsi_alignment_pool *from,
                                            struct dsi_alignment_pool *to) {
    enum dsinfer_status status = dsi_alignment_reserve(to, from->n_items);

    if (status == DSINFER_OK && from->n_times > 0) {
        status = reserve_times(to, from->n_times);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    if (from->n_items > 0) {
        memcpy(to->items, from->items, from->n_items * sizeof(*to->items));
    }
    if (from->n_times > 0) {
        memcpy(to->times, from->times, from->n_times * sizeof(*to->times));
    }
    to->n_items = from->n_items;
    to->n_firsts = from->n_firsts;
    to->n_times = from->n_times;
    to->first_free = from->first_free;
    return DSINFER_OK;
}

enum dsinfer_status dsi_alignment_add(struct dsi_alignment_pool *pool, uint32_t previous,
                                      struct dsi_alignment_time time, uint32_t *out) {
    uint32_t index = pool->first_free;

    if (index != DSI_ALIGNMENT_NONE) {
        pool->first_free = pool->items[index].previous;
    } else {
        enum dsinfer_status status = dsi_alignment_reserve(pool, pool->n_items + 1);

        if (status != DSINFER_OK) {
            return status;
        }
        index = (uint32_t)pool->n_items++;
    }
    if (previous != DSI_ALIGNMENT_NONE) {
        pool->items[previous].n_references++;
    } else {
        pool->n_firsts++;
    }
    pool->items[index] = (struct dsi_alignment){previous, 1, time};
    *out = index;
    return DSINFER_OK;
}

static uint32_t give_back(struct dsi_alignment_pool *pool, uint32_t index) {
    const uint32_t previous = pool->items[index].previous;

    pool->items[index].previous = pool->first_free;
    pool->first_free = index;
    return previous;
}

void dsi_alignment_unref(struct dsi_alignment_pool *pool, uint32_t index) {
    while (index != DSI_ALIGNMENT_NONE && --pool->items[index].n_references == 0) {
        index = give_back(pool, index);
        if (index == DSI_ALIGNMENT_NONE) {
            pool->n_firsts--;
        }
    }
}

enum dsinfer_status dsi_alignment_put_aside(struct dsi_alignment_pool *pool,
                                            struct dsi_alignment_time time) {
    enum dsinfer_status status = reserve_times(pool, pool->n_times + 1);

    if (status == DSINFER_OK) {
        pool->times[pool->n_times++] = time;
    }
    return status;
}

enum dsinfer_status dsi_alignment_commit(struct dsi_alignment_pool *pool, uint32_t index) {
    uint32_t kept = index; /* the first item that stays: each one before it has but one holder */
    enum dsinfer_status status;
    size_t n = 0;
    size_t i;

    if (pool->n_firsts != 1 || index == DSI_ALIGNMENT_NONE) {
        return DSINFER_OK;
    }
    while (pool->items[index].previous != DSI_ALIGNMENT_NONE) {
        index = pool->items[index].previous;
        n++;
        if (pool->items[index].n_references != 1) {
            kept = index;
            n = 0;
        }
    }
    status = n > 0 ? reserve_times(pool, pool->n_times + n) : DSINFER_OK;
    if (status != DSINFER_OK) {
        return status;
    }
    index = pool->items[kept].previous;
    pool->items[kept].previous = DSI_ALIGNMENT_NONE;
    pool->n_times += n;
    for (i = pool->n_times; index != DSI_ALIGNMENT_NONE; index = give_back(pool, index)) {
        pool->times[--i] = pool->items[index].time;
    }
    return DSINFER_OK;
}

void dsi_alignment_get(const struct dsi_alignment_pool *pool, uint32_t index,
                       struct dsi_search_label *labels, size_t n) {
    for (; index != DSI_ALIGNMENT_NONE; index = pool->items[index].previous) {
        n--;
        labels[n].timestep = pool->items[index].time.timestep;
        labels[n].log_posterior = pool->items[index].time.log_posterior;
    }
    while (n > 0) {
        n--;
        labels[n].timestep = pool->times[n].timestep;
        labels[n].log_posterior = pool->times[n].log_posterior;
    }
}
