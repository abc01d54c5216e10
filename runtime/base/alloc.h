/* All heap memory of the library. Only alloc.c calls malloc.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_BASE_ALLOC_H
#define DSI_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* Alignment of dsi_malloc_aligned, and of every buffer the executor plans: a cache line, and the
 * widest vector. */
#define DSI_ALIGNMENT 64

/* Uninitialised, zeroed, and resized memory; NULL when there is none. A size of 0 gives a valid
 * pointer of no bytes. Free all of them with dsi_free, which takes NULL. */
void *dsi_malloc(size_t size);
void *dsi_calloc(size_t count, size_t size);
void *dsi_realloc(void *memory, size_t size);
void *dsi_malloc_aligned(size_t size);
void dsi_free(void *memory);

/* A copy of a string, NULL when there is no memory. */
char *dsi_strdup(const char *text);

/* Sums and products of sizes from files: false, and *out untouched, on overflow. */
bool dsi_add_size(size_t a, size_t b, size_t *out);
bool dsi_mul_size(size_t a, size_t b, size_t *out);

/* For tests. The allocation after `n` more successful ones fails, and all that follow it; a
 * negative number switches that off. Process-wide, the one piece of mutable global state in the
 * library. */
void dsi_alloc_fail_after(long n);

/* For tests: calls that asked for memory since the program began. */
unsigned long dsi_alloc_get_count(void);

#endif
