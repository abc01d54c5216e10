/* The best of many: a partial order in linear time.
 *
 * The order in which things are left is that of std::nth_element in GNU's libstdc++ (introselect:
 * the middle one of three as pivot, at most 3 elements at the end), given the same order:
 * upstream's choice among equals, and what it does next, depend on it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_DECODE_PREFIX_SELECT_H
#define DSI_STATE_DECODE_PREFIX_SELECT_H

#include <stddef.h>
#include <stdint.h>

struct dsi_prefix_rank {
    float score;  /* no NaN; higher is better */
    uint32_t tie; /* lower is better where scores are equal */
    uint32_t index;
};

/* Moves the `n_best` best of ranks[0 … n) to the front, in no order; does nothing if there are no
 * more. */
void dsi_prefix_select(struct dsi_prefix_rank *ranks, size_t n, size_t n_best);

/* Sorts, best first. */
void dsi_prefix_sort(struct dsi_prefix_rank *ranks, size_t n);

#endif
