/* Growing arrays.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/grow.h"

#include "runtime/base/alloc.h"

#define FIRST_CAPACITY 64

void *dsi_grow(void *memory, size_t *capacity, size_t n, size_t size) {
    size_t wanted = *capacity + *capacity / 2;
    size_t bytes;
    void *grown;

    if (memory && n <= *capacity) {
        return memory;
    }
    if (wanted < FIRST_CAPACITY) {
        wanted = FIRST_CAPACITY;
    }
    if (wanted < n) {
        wanted = n;
    }
    if (!dsi_mul_size(wanted, size, &bytes)) {
        return NULL;
    }
    grown = dsi_realloc(memory, bytes);
    if (grown) {
        *capacity = wanted;
    }
    return grown;
}
