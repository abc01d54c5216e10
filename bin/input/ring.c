/* One writer, one reader, no locks.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/input/ring.h"
#include "bin/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void cli_ring_init(struct cli_ring *ring, size_t capacity) {
    assert(capacity > 0 && (capacity & (capacity - 1)) == 0);
    ring->samples = cli_calloc(capacity, sizeof(*ring->samples));
    ring->capacity = capacity;
    atomic_init(&ring->n_written, 0);
    atomic_init(&ring->n_read, 0);
}

/* How many of `n` samples from `position` on come before the end of the array. */
static size_t before_end(const struct cli_ring *ring, size_t position, size_t n) {
    const size_t left = ring->capacity - position % ring->capacity;

    return n < left ? n : left;
}

size_t cli_ring_write(struct cli_ring *ring, const float *samples, size_t n) {
    const size_t written = atomic_load_explicit(&ring->n_written, memory_order_relaxed);
    const size_t read = atomic_load_explicit(&ring->n_read, memory_order_acquire);
    const size_t room = ring->capacity - (written - read);
    size_t first;

    n = n < room ? n : room;
    first = before_end(ring, written, n);
    memcpy(ring->samples + written % ring->capacity, samples, first * sizeof(*samples));
    memcpy(ring->samples, samples + first, (n - first) * sizeof(*samples));
    atomic_store_explicit(&ring->n_written, written + n, memory_order_release);
    return n;
}

size_t cli_ring_read(struct cli_ring *ring, float *samples, size_t n) {
    const size_t read = atomic_load_explicit(&ring->n_read, memory_order_relaxed);
    const size_t written = atomic_load_explicit(&ring->n_written, memory_order_acquire);
    const size_t there = written - read;
    size_t first;

    n = n < there ? n : there;
    first = before_end(ring, read, n);
    memcpy(samples, ring->samples + read % ring->capacity, first * sizeof(*samples));
    memcpy(samples + first, ring->samples, (n - first) * sizeof(*samples));
    atomic_store_explicit(&ring->n_read, read + n, memory_order_release);
    return n;
}

void cli_ring_finish(struct cli_ring *ring) {
    free(ring->samples);
    ring->samples = NULL;
}
