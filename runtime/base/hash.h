/* Hashes of bytes: MurmurHash64A, the same on every machine. KenLM's files name words by it, with
 * seed 0; ours are told apart and checked by it. It finds accidents, not ill will.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_BASE_HASH_H
#define DSI_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Hash of `bytes`; the hash of what came before as `seed` makes one of both. */
uint64_t dsi_hash_compute(uint64_t seed, const void *bytes, size_t size);
uint64_t dsi_hash_number(uint64_t seed, uint64_t number);
uint64_t dsi_hash_double(uint64_t seed, double number);

/* The same of bytes that may be too many to be read (gigabytes): all up to 8 MiB; beyond, the
 * number of them, both ends, and 256 pieces of 4 KiB in between. */
uint64_t dsi_hash_sample(uint64_t seed, const void *bytes, size_t size);

#endif
