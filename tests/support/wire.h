/* Writing protobuf messages by hand, right or wrong ones.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_SUPPORT_WIRE_H
#define TESTS_SUPPORT_WIRE_H

#include "runtime/base/cursor.h"

#include <stddef.h>
#include <stdint.h>

/* A message that grows; zero it before the first use. */
struct test_wire {
    uint8_t *bytes; /* owned */
    size_t size;
};

/* Bytes as they are. */
void test_wire_raw(struct test_wire *wire, const void *bytes, size_t size);

/* Fields of the three types that matter. */
void test_wire_int(struct test_wire *wire, uint32_t number, uint64_t value);
void test_wire_float(struct test_wire *wire, uint32_t number, float value);
void test_wire_bytes(struct test_wire *wire, uint32_t number, const void *bytes, size_t size);
void test_wire_text(struct test_wire *wire, uint32_t number, const char *text);

/* A field that is another message, which is finished. */
void test_wire_message(struct test_wire *wire, uint32_t number, struct test_wire *message);

struct dsi_bytes test_wire_get(const struct test_wire *wire);
void test_wire_finish(struct test_wire *wire);

#endif
