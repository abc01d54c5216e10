/* Growing arrays.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_DECODE_GROW_H
#define DSI_STATE_DECODE_GROW_H

#include <stddef.h>

/* Returns `memory` with room for at least `n` elements of `size` bytes and notes the new room in
 * *capacity (elements). It grows by half at a time, so that adding one by one is cheap. NULL, with
 * `memory` and *capacity as they were, when there is no memory. */
void *dsi_grow(void *memory, size_t *capacity, size_t n, size_t size);

#endif
