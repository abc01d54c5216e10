/* Alignments: at which frame each label of a prefix was added. A chain from the last label to the
 * first one; chains share their beginnings and count who holds them.
 *
 * Items are named by their number, so that a pool is copied as plain memory.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_DECODE_ALIGNMENT_H
#define DSI_STATE_DECODE_ALIGNMENT_H

#include <dsinfer/status.h>

#include <stddef.h>
#include <stdint.h>

#define DSI_ALIGNMENT_NONE UINT32_MAX /* of no labels */

struct dsi_alignment {
    uint32_t previous;     /* of the labels before; for a free place, the next one */
    uint32_t n_references; /* held by chains and by the caller */
    uint32_t timestep;
    float log_posterior;
};

struct dsi_alignment_pool {
    struct dsi_alignment *items; /* owned */
    size_t n_items, capacity;    /* places used or free again, places there are */
    size_t max_items;
    uint32_t first_free;
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
                                      uint32_t timestep, float log_posterior, uint32_t *out);

/* The caller holds it no more; takes DSI_ALIGNMENT_NONE. */
void dsi_alignment_unref(struct dsi_alignment_pool *pool, uint32_t index);

#endif
