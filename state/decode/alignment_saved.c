/* Alignments as bytes.
 *
 *     times     n, then n times
 *     a chain   n new items, the number of the item before them (counted from 1 as they come in
 *               the file, 0: none), then the times of the new items, newest first
 *     a time    timestep less the one before it in the same list (in front of a chain: the number
 * of frames), in zigzag; log posterior
 *
 * So every item is held by what comes behind it, and there is no way to write a cycle.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/alignment.h"

#include "state/decode/grow.h"

#include "runtime/base/alloc.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Least bytes of a time. */
#define TIME_SIZE 5

/* Rounding can make a log posterior positive. */
#define MAX_LOG_POSTERIOR 1.0f

void dsi_alignment_saved_finish(struct dsi_alignment_saved *saved) {
    dsi_free(saved->marks);
    memset(saved, 0, sizeof(*saved));
}

void dsi_alignment_write_time(struct dsi_writer *writer, uint32_t before,
                              struct dsi_alignment_time time) {
    const bool is_back = time.timestep < before;
    const uint64_t distance = is_back ? before - time.timestep - 1 : time.timestep - before;

    dsi_writer_put_number(writer, 2 * distance + is_back);
    dsi_writer_put_float(writer, time.log_posterior);
}

struct dsi_alignment_time dsi_alignment_read_time(struct dsi_reader *reader, uint32_t before,
                                                  uint32_t n_frames) {
    const uint64_t zigzag = dsi_reader_take_number(reader, 2 * (uint64_t)UINT32_MAX + 1, "a time");
    const uint64_t distance = zigzag / 2;
    const bool is_back = zigzag % 2 != 0;
    const float log_posterior =
        dsi_reader_take_float(reader, -INFINITY, MAX_LOG_POSTERIOR, "the log posterior of a label");

    if (is_back ? distance >= before : before + distance >= n_frames) {
        dsi_reader_fail(reader, "a label was said outside the %" PRIu32 " frames", n_frames);
        return (struct dsi_alignment_time){0, 0.0f};
    }
    return (struct dsi_alignment_time){
        (uint32_t)(is_back ? before - distance - 1 : before + distance), log_posterior};
}

enum dsinfer_status dsi_alignment_begin_write(const struct dsi_alignment_pool *pool,
                                              struct dsi_alignment_saved *saved,
                                              struct dsi_writer *writer) {
    uint32_t before = 0;
    size_t i;

    memset(saved, 0, sizeof(*saved));
    saved->marks = dsi_calloc(pool->n_items, sizeof(*saved->marks));
    if (!saved->marks) {
        return DSINFER_ERR_NO_MEMORY;
    }
    dsi_writer_put_number(writer, pool->n_times);
    for (i = 0; i < pool->n_times; i++) {
        dsi_alignment_write_time(writer, before, pool->times[i]);
        before = pool->times[i].timestep;
    }
    return DSINFER_OK;
}

void dsi_alignment_write(const struct dsi_alignment_pool *pool, struct dsi_alignment_saved *saved,
                         uint32_t index, uint32_t n_frames, struct dsi_writer *writer) {
    uint32_t known = index;
    uint32_t before = n_frames;
    uint32_t n = 0;

    while (known != DSI_ALIGNMENT_NONE && saved->marks[known] == 0) {
        known = pool->items[known].previous;
        n++;
    }
    dsi_writer_put_number(writer, n);
    dsi_writer_put_number(writer, known == DSI_ALIGNMENT_NONE ? 0 : saved->marks[known]);
    saved->n += n;
    for (n = saved->n; index != known; index = pool->items[index].previous) {
        dsi_alignment_write_time(writer, before, pool->items[index].time);
        before = pool->items[index].time.timestep;
        saved->marks[index] = n--;
    }
}

void dsi_alignment_begin_read(struct dsi_alignment_pool *pool, struct dsi_alignment_saved *saved,
                              uint32_t n_frames, struct dsi_reader *reader) {
    const size_t n = (size_t)dsi_reader_take_number(reader, DSI_SEARCH_MAX_LABELS,
                                                    "the number of labels that are certain");
    struct dsi_alignment_time time = {0, 0.0f};
    size_t i;

    memset(saved, 0, sizeof(*saved));
    for (i = 0; i < n && reader->status == DSINFER_OK; i++) {
        time = dsi_alignment_read_time(reader, time.timestep, n_frames);
        dsi_reader_check(reader, dsi_alignment_put_aside(pool, time));
    }
}

/* Room for `n` items more. */
static bool reserve(struct dsi_alignment_pool *pool, struct dsi_alignment_saved *saved, size_t n,
                    struct dsi_reader *reader) {
    uint32_t *marks;

    if (!dsi_reader_check(reader, dsi_alignment_reserve(pool, saved->n + n))) {
        return false;
    }
    marks = dsi_grow(saved->marks, &saved->capacity, saved->n + n, sizeof(*marks));
    if (marks) {
        saved->marks = marks;
    }
    return dsi_reader_check(reader, marks ? DSINFER_OK : DSINFER_ERR_NO_MEMORY);
}

uint32_t dsi_alignment_read(struct dsi_alignment_pool *pool, struct dsi_alignment_saved *saved,
                            uint32_t depth, uint32_t n_frames, struct dsi_reader *reader) {
    const size_t rest = dsi_cursor_get_rest(&reader->cursor);
    const uint32_t n =
        (uint32_t)dsi_reader_take_number(reader, rest / TIME_SIZE, "the number of new times");
    uint32_t index = (uint32_t)dsi_reader_take_number(reader, saved->n, "the number of a time") - 1;
    const uint32_t n_before =
        index == DSI_ALIGNMENT_NONE ? (uint32_t)pool->n_times : saved->marks[index];
    struct dsi_alignment_time time = {n_frames, 0.0f};
    uint32_t i;

    if (reader->status == DSINFER_OK && (n > depth || depth - n != n_before)) {
        dsi_reader_fail(reader, "a prefix of %" PRIu32 " labels has %" PRIu64 " times", depth,
                        (uint64_t)n_before + n);
    }
    if (reader->status != DSINFER_OK || !reserve(pool, saved, n, reader)) {
        return DSI_ALIGNMENT_NONE;
    }
    if (index != DSI_ALIGNMENT_NONE) {
        pool->items[index].n_references++;
    } else if (n > 0) {
        pool->n_firsts++;
    }
    for (i = n; i > 0; i--) {
        const uint32_t at = saved->n + i - 1;

        time = dsi_alignment_read_time(reader, time.timestep, n_frames);
        pool->items[at] = (struct dsi_alignment){i == 1 ? index : at - 1, 1, time};
        saved->marks[at] = n_before + i;
    }
    saved->n += n;
    pool->n_items = saved->n;
    return n > 0 ? saved->n - 1 : index;
}
