/* A small random generator (xorshift64*), so that every run of a test sees the same numbers.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_SUPPORT_RNG_H
#define TESTS_SUPPORT_RNG_H

#include <stdint.h>

struct test_rng {
    uint64_t state; /* not 0 */
};

static inline uint32_t test_rng_next(struct test_rng *rng) {
    rng->state ^= rng->state >> 12;
    rng->state ^= rng->state << 25;
    rng->state ^= rng->state >> 27;
    return (uint32_t)((rng->state * UINT64_C(2685821657736338717)) >> 32);
}

/* -1.0 to 1.0 */
static inline float test_rng_float(struct test_rng *rng) {
    return (float)test_rng_next(rng) / 2147483648.0f - 1.0f;
}

#endif
