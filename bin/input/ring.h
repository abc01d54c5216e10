/* Samples from the thread of a sound device to the main thread: one writer, one reader, no locks,
 * no waiting. What finds no room is left to the writer, who counts it.
 *
 * Two counters run on for ever, one on each side; each side publishes its own with release order
 * when the samples are in, or taken out. The capacity is a power of two, so that the counters may
 * wrap around.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_INPUT_RING_H
#define BIN_INPUT_RING_H

#include <stdatomic.h>
#include <stddef.h>

struct cli_ring {
    float *samples; /* owned [capacity] */
    size_t capacity;
    atomic_size_t n_written, n_read;
};

/* `capacity` is a power of two. */
void cli_ring_init(struct cli_ring *ring, size_t capacity);

/* The writer's: copies what there is room for, returns how many. */
size_t cli_ring_write(struct cli_ring *ring, const float *samples, size_t n);

/* The reader's: copies at most `n`, returns how many. */
size_t cli_ring_read(struct cli_ring *ring, float *samples, size_t n);

void cli_ring_finish(struct cli_ring *ring);

#endif
