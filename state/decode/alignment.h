/* Alignments: at which frame each label of a prefix was added. A chain from the last label to the
 * first one; chains share their beginnings and count who holds them. What all chains have in common
 * is kept apart, so that they do not grow with the text.
 *
 * Items are named by their number, so that a pool is copied as plain memory.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_DECODE_ALIGNMENT_H
#define DSI_STATE_DECODE_ALIGNMENT_H

#include "state/decode/search.h"

#define DSI_ALIGNMENT_NONE UINT32_MAX /* of no labels */

struct dsi_alignment_time {
    uint32_t timestep;
    float log_posterior; /* of the label at that frame */
};

struct dsi_alignment {
    uint32_t previous;     /* of the labels before; for a free place, the next one */
    uint32_t n_references; /* held by chains and by the caller */
    struct dsi_alignment_time time;
};

struct dsi_alignment_pool {
    struct dsi_alignment *items; /* owned */
    size_t n_items, capacity;    /* places used or free again, places there are */
    size_t max_items;
    uint32_t first_free;
    size_t n_firsts; /* items that nothing comes before */
    struct dsi_alignment_time
        *times; /* owned; [n_times] of the first labels, the same everywhere */
    size_t n_times, times_capacity;
};

/* Empty; allocates nothing. */
void dsi_alignment_pool_init(struct dsi_alignment_pool *pool, size_t max_items);
void dsi_alignment_pool_reset(struct dsi_alignment_pool *pool);
void dsi_alignment_pool_finish(struct dsi_alignment_pool *pool);

/* Makes `to` equal to `from`. */
enum dsinfer_status dsi_alignment_pool_copy(const struct dsi_alignment_pool *from,
                                            struct dsi_alignment_pool *to);

/* `previous` and one label more, held by the caller. ERR_NO_MEMORY, ERR_LIMIT. */
enum dsinfer_status dsi_alignment_add(struct dsi_alignment_pool *pool, uint32_t previous,
                                      struct dsi_alignment_time time, uint32_t *out);

/* The caller holds it no more; takes DSI_ALIGNMENT_NONE. */
void dsi_alignment_unref(struct dsi_alignment_pool *pool, uint32_t index);

/* Puts aside what all chains, of which `index` is one, have in common, up to the first item that
 * the caller holds. From then on DSI_ALIGNMENT_NONE means these labels. ERR_NO_MEMORY, ERR_LIMIT.
 */
enum dsinfer_status dsi_alignment_commit(struct dsi_alignment_pool *pool, uint32_t index);

/* Adds one label to those put aside. ERR_NO_MEMORY, ERR_LIMIT. */
enum dsinfer_status dsi_alignment_put_aside(struct dsi_alignment_pool *pool,
                                            struct dsi_alignment_time time);

/* Writes the times of the first `n` labels, the last of which is that of `index`; the rest of each
 * element is left alone. */
void dsi_alignment_get(const struct dsi_alignment_pool *pool, uint32_t index,
                       struct dsi_search_label *labels, size_t n);

#endif
