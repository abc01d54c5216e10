/* MurmurHash64A, read as little-endian words.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/hash.h"

#include "runtime/base/cursor.h"

#include <string.h>

#define MAX_WHOLE ((size_t)8 << 20)
#define END_SIZE ((size_t)1 << 20)
#define PIECE_SIZE ((size_t)4096)
#define N_PIECES 256

uint64_t dsi_hash_compute(uint64_t seed, const void *bytes, size_t size) {
    const uint64_t m = UINT64_C(0xc6a4a7935bd1e995);
    const uint8_t *data = bytes;
    uint64_t h = seed ^ ((uint64_t)size * m);
    size_t i;

    for (i = 0; i + 8 <= size; i += 8) {
        uint64_t k = dsi_load_u64(data + i) * m;

        k = (k ^ (k >> 47)) * m;
        h = (h ^ k) * m;
    }
    if (i < size) {
        uint64_t tail = 0;
        size_t j;

        for (j = size; j > i; j--) {
            tail = tail << 8 | data[j - 1];
        }
        h = (h ^ tail) * m;
    }
    h = (h ^ (h >> 47)) * m;
    return h ^ (h >> 47);
}

uint64_t dsi_hash_number(uint64_t seed, uint64_t number) {
    uint8_t bytes[8];

    dsi_store_u32(bytes, (uint32_t)number);
    dsi_store_u32(bytes + 4, (uint32_t)(number >> 32));
    return dsi_hash_compute(seed, bytes, sizeof(bytes));
}

uint64_t dsi_hash_double(uint64_t seed, double number) {
    uint64_t bits;

    memcpy(&bits, &number, sizeof(bits));
    return dsi_hash_number(seed, bits);
}

uint64_t dsi_hash_sample(uint64_t seed, const void *bytes, size_t size) {
    const uint8_t *data = bytes;
    uint64_t h;
    size_t i;

    if (size <= MAX_WHOLE) {
        return dsi_hash_compute(seed, bytes, size);
    }
    h = dsi_hash_number(seed, size);
    h = dsi_hash_compute(h, data, END_SIZE);
    for (i = 0; i < N_PIECES; i++) {
        h = dsi_hash_compute(h, data + END_SIZE + (size - 2 * END_SIZE) / N_PIECES * i, PIECE_SIZE);
    }
    return dsi_hash_compute(h, data + size - END_SIZE, END_SIZE);
}
