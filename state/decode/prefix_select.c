/* Introselect, and heapsort.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/prefix_select.h"

#include <stdbool.h>

static bool is_better(const struct dsi_prefix_rank *a, const struct dsi_prefix_rank *b) {
    return a->score != b->score ? a->score > b->score : a->tie < b->tie;
}

static void swap(struct dsi_prefix_rank *a, struct dsi_prefix_rank *b) {
    const struct dsi_prefix_rank keep = *a;

    *a = *b;
    *b = keep;
}

/* Swaps the middle one of the second, the middle and the last to the front. */
static void place_pivot(struct dsi_prefix_rank *ranks, size_t n) {
    struct dsi_prefix_rank *a = ranks + 1;
    struct dsi_prefix_rank *b = ranks + n / 2;
    struct dsi_prefix_rank *c = ranks + n - 1;

    if (!is_better(a, b)) {
        struct dsi_prefix_rank *keep = a;

        a = b;
        b = keep;
    }
    /* a is before b; c is before both, behind both, or the middle one. */
    swap(ranks, is_better(b, c) ? b : is_better(a, c) ? c : a);
}

/* Moves what is better than the pivot, which is in front, before what is worse; returns where that
 * begins. What is equal may lie on either side, so that many equals cost no more. */
static size_t partition(struct dsi_prefix_rank *ranks, size_t n) {
    size_t low = 1;
    size_t high = n;

    for (;;) {
        while (is_better(&ranks[low], &ranks[0])) {
            low++;
        }
        high--;
        while (is_better(&ranks[0], &ranks[high])) {
            high--;
        }
        if (low >= high) {
            return low;
        }
        swap(&ranks[low], &ranks[high]);
        low++;
    }
}

static void sort_few(struct dsi_prefix_rank *ranks, size_t n) {
    size_t i, k;

    for (i = 1; i < n; i++) {
        for (k = i; k > 0 && is_better(&ranks[k], &ranks[k - 1]); k--) {
            swap(&ranks[k], &ranks[k - 1]);
        }
    }
}

void dsi_prefix_select(struct dsi_prefix_rank *ranks, size_t n, size_t n_best) {
    size_t low = 0;
    size_t high = n; /* ranks[n_best] belongs into ranks[low … high) */
    size_t patience = 0;
    size_t i;

    if (n_best >= n) {
        return;
    }
    for (i = n; i > 1; i /= 2) {
        patience += 2;
    }
    while (high - low > 3) {
        size_t middle;

        if (patience-- == 0) { /* the pivots are as bad as they can be */
            dsi_prefix_sort(ranks + low, high - low);
            return;
        }
        place_pivot(ranks + low, high - low);
        middle = low + partition(ranks + low, high - low);
        if (middle <= n_best) {
            low = middle;
        } else {
            high = middle;
        }
    }
    sort_few(ranks + low, high - low);
}

/* Lets ranks[i] sink below better ones: the worst is on top. */
static void sink(struct dsi_prefix_rank *ranks, size_t n, size_t i) {
    size_t child;

    while ((child = 2 * i + 1) < n) {
        if (child + 1 < n && is_better(&ranks[child], &ranks[child + 1])) {
            child++;
        }
        if (!is_better(&ranks[i], &ranks[child])) {
            return;
        }
        swap(&ranks[i], &ranks[child]);
        i = child;
    }
}

void dsi_prefix_sort(struct dsi_prefix_rank *ranks, size_t n) {
    size_t i;

    for (i = n / 2; i > 0; i--) {
        sink(ranks, n, i - 1);
    }
    for (i = n; i > 1; i--) {
        swap(&ranks[0], &ranks[i - 1]);
        sink(ranks, i - 1, 0);
    }
}
