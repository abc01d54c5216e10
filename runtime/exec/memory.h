/* Places for buffers that live for a while, in one block of memory.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_EXEC_MEMORY_H
#define DSI_EXEC_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Buffers are numbers below n_buffers. The live ones form a list by offset; a new one goes into the
 * first gap that holds it. */
struct dsi_memory {
    size_t *offsets;           /* [n_buffers], lent by the caller: multiples of DSI_ALIGNMENT */
    size_t *sizes;             /* [n_buffers], as above */
    uint32_t *next, *previous; /* owned; n_buffers stands for both ends */
    size_t n_buffers;
    size_t size; /* of the block: the highest end so far */
    size_t limit;
};

/* False when there is no memory. */
bool dsi_memory_init(struct dsi_memory *memory, size_t n_buffers, size_t *offsets, size_t *sizes,
                     size_t limit);
void dsi_memory_finish(struct dsi_memory *memory);

/* Gives a buffer its place, sizes[buffer] bytes; false if the limit would be exceeded. */
bool dsi_memory_place(struct dsi_memory *memory, uint32_t buffer);

/* The buffer is dead; its place may be taken by others. */
void dsi_memory_release(struct dsi_memory *memory, uint32_t buffer);

#endif
