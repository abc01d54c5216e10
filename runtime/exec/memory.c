/* First fit over a list of the live buffers.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/exec/memory.h"

#include "runtime/base/alloc.h"

/* Gaps that are looked at before a buffer goes to the end: a graph with many live values must not
 * make planning slow. */
#define MAX_GAPS 256

bool dsi_memory_init(struct dsi_memory *memory, size_t n_buffers, size_t *offsets, size_t *sizes,
                     size_t limit) {
    *memory = (struct dsi_memory){
        .offsets = offsets, .sizes = sizes, .n_buffers = n_buffers, .limit = limit};
    memory->next = dsi_malloc((n_buffers + 1) * sizeof(*memory->next));
    memory->previous = dsi_malloc((n_buffers + 1) * sizeof(*memory->previous));
    if (!memory->next || !memory->previous) {
        dsi_memory_finish(memory);
        return false;
    }
    memory->next[n_buffers] = (uint32_t)n_buffers;
    memory->previous[n_buffers] = (uint32_t)n_buffers;
    return true;
}

void dsi_memory_finish(struct dsi_memory *memory) {
    dsi_free(memory->next);
    dsi_free(memory->previous);
    memory->next = NULL;
    memory->previous = NULL;
}

/* Bytes that a buffer takes up, so that the next one is aligned. */
static size_t get_rounded_size(const struct dsi_memory *memory, uint32_t buffer) {
    return (memory->sizes[buffer] + DSI_ALIGNMENT - 1) / DSI_ALIGNMENT * DSI_ALIGNMENT;
}

static size_t get_end(const struct dsi_memory *memory, uint32_t buffer) {
    return buffer == memory->n_buffers ? 0
                                       : memory->offsets[buffer] + get_rounded_size(memory, buffer);
}

bool dsi_memory_place(struct dsi_memory *memory, uint32_t buffer) {
    const uint32_t ends = (uint32_t)memory->n_buffers;
    uint32_t after = ends; /* the buffer will follow this one */
    size_t size, n_gaps;

    if (memory->sizes[buffer] > memory->limit) {
        return false;
    }
    size = get_rounded_size(memory, buffer);
    for (n_gaps = 0; memory->next[after] != ends; n_gaps++) {
        const uint32_t next = memory->next[after];

        if (memory->offsets[next] - get_end(memory, after) >= size) {
            break;
        }
        after = n_gaps < MAX_GAPS ? next : memory->previous[ends];
    }
    memory->offsets[buffer] = get_end(memory, after);
    if (size > memory->limit - memory->offsets[buffer]) {
        return false;
    }

    memory->next[buffer] = memory->next[after];
    memory->previous[buffer] = after;
    memory->previous[memory->next[after]] = buffer;
    memory->next[after] = buffer;
    if (get_end(memory, buffer) > memory->size) {
        memory->size = get_end(memory, buffer);
    }
    return true;
}

void dsi_memory_release(struct dsi_memory *memory, uint32_t buffer) {
    memory->next[memory->previous[buffer]] = memory->next[buffer];
    memory->previous[memory->next[buffer]] = memory->previous[buffer];
}
