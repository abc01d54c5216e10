/* Heap memory, with a switch for tests that makes allocations fail.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/alloc.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static atomic_long fail_after = -1;
static atomic_ulong n_allocations;

/* Counts an allocation; true if a test wants it to fail. */
static bool count_allocation(void) {
    atomic_fetch_add_explicit(&n_allocations, 1, memory_order_relaxed);
    if (atomic_load_explicit(&fail_after, memory_order_relaxed) < 0) {
        return false;
    }
    if (atomic_load_explicit(&fail_after, memory_order_relaxed) == 0) {
        return true;
    }
    atomic_fetch_sub_explicit(&fail_after, 1, memory_order_relaxed);
    return false;
}

void *dsi_malloc(size_t size) {
    if (count_allocation()) {
        return NULL;
    }
    return malloc(size ? size : 1);
}

void *dsi_calloc(size_t count, size_t size) {
    if (count_allocation()) {
        return NULL;
    }
    return calloc(count ? count : 1, size ? size : 1);
}

void *dsi_realloc(void *memory, size_t size) {
    if (count_allocation()) {
        return NULL;
    }
    return realloc(memory, size ? size : 1);
}

void *dsi_malloc_aligned(size_t size) {
    size_t rounded;

    if (count_allocation() || !dsi_add_size(size, DSI_ALIGNMENT, &rounded)) {
        return NULL;
    }
    return aligned_alloc(DSI_ALIGNMENT, rounded / DSI_ALIGNMENT * DSI_ALIGNMENT);
}

void dsi_free(void *memory) {
    free(memory);
}

char *dsi_strdup(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = dsi_malloc(size);

    if (copy) {
        memcpy(copy, text, size);
    }
    return copy;
}

bool dsi_add_size(size_t a, size_t b, size_t *out) {
    if (a > SIZE_MAX - b) {
        return false;
    }
    *out = a + b;
    return true;
}

bool dsi_mul_size(size_t a, size_t b, size_t *out) {
    if (b && a > SIZE_MAX / b) {
        return false;
    }
    *out = a * b;
    return true;
}

void dsi_alloc_fail_after(long n) {
    atomic_store(&fail_after, n);
}

unsigned long dsi_alloc_get_count(void) {
    return atomic_load(&n_allocations);
}
