/* The one entry point of a fuzz target; fuzz_<target>.c defines it, and either libFuzzer or
 * replay_main.c calls it. It must cope with any bytes, keep nothing between calls, and state its
 * property with assertions that abort.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_FUZZ_FUZZ_TARGET_H
#define TESTS_FUZZ_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* A property: unlike assert, it holds in release builds too. */
#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: property broken: %s\n", __FILE__, __LINE__, #condition);       \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* Returns 0. `data` is exactly `size` bytes on the heap: a byte beyond is an address error. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
