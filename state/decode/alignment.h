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

/* Saving (alignment_saved.c). The times put aside come first, then the chains one by one, each
 * without what the ones before it had in common with it. */
struct dsi_alignment_saved {
    uint32_t *marks; /* owned; of items: the number that writing gave it, or the depth it was read
                        with: labels up to it */
    size_t capacity;
    uint32_t n; /* items so far */
};

void dsi_alignment_write_time(struct dsi_writer *writer, uint32_t before,
                              struct dsi_alignment_time time);

/* Of a frame below n_frames; `before` is the timestep of the time written before. */
struct dsi_alignment_time dsi_alignment_read_time(struct dsi_reader *reader, uint32_t before,
                                                  uint32_t n_frames);

/* ERR_NO_MEMORY. *saved is to be finished in any case; zeroed is fine, too. */
enum dsinfer_status dsi_alignment_begin_write(const struct dsi_alignment_pool *pool,
                                              struct dsi_alignment_saved *saved,
                                              struct dsi_writer *writer);
void dsi_alignment_write(const struct dsi_alignment_pool *pool, struct dsi_alignment_saved *saved,
                         uint32_t index, uint32_t n_frames, struct dsi_writer *writer);

/* The pool is empty, *saved zeroed. */
void dsi_alignment_begin_read(struct dsi_alignment_pool *pool, struct dsi_alignment_saved *saved,
                              uint32_t n_frames, struct dsi_reader *reader);

/* Returns the chain, held by the caller, of a prefix of `depth` labels. */
uint32_t dsi_alignment_read(struct dsi_alignment_pool *pool, struct dsi_alignment_saved *saved,
                            uint32_t depth, uint32_t n_frames, struct dsi_reader *reader);
void dsi_alignment_saved_finish(struct dsi_alignment_saved *saved);

/* Room for `n` items. ERR_NO_MEMORY, ERR_LIMIT. */
enum dsinfer_status dsi_alignment_reserve(struct dsi_alignment_pool *pool, size_t n);

#endif
