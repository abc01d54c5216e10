/* A growing byte string with protobuf fields in it.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/support/wire.h"

#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

void test_wire_raw(struct test_wire *wire, const void *bytes, size_t size) {
    if (size) {
        wire->bytes = realloc(wire->bytes, wire->size + size);
        assert_non_null(wire->bytes);
        memcpy(wire->bytes + wire->size, bytes, size);
        wire->size += size;
    }
}

static void put_varint(struct test_wire *wire, uint64_t value) {
    do {
        const uint8_t byte = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));

        test_wire_raw(wire, &byte, 1);
        value >>= 7;
    } while (value);
}

void test_wire_int(struct test_wire *wire, uint32_t number, uint64_t value) {
    put_varint(wire, number << 3);
    put_varint(wire, value);
}

void test_wire_float(struct test_wire *wire, uint32_t number, float value) {
    put_varint(wire, number << 3 | 5);
    test_wire_raw(wire, &value, sizeof(value));
}

void test_wire_bytes(struct test_wire *wire, uint32_t number, const void *bytes, size_t size) {
    put_varint(wire, number << 3 | 2);
    put_varint(wire, size);
    test_wire_raw(wire, bytes, size);
}

void test_wire_text(struct test_wire *wire, uint32_t number, const char *text) {
    test_wire_bytes(wire, number, text, strlen(text));
}

void test_wire_message(struct test_wire *wire, uint32_t number, struct test_wire *message) {
    test_wire_bytes(wire, number, message->bytes, message->size);
    test_wire_finish(message);
}

struct dsi_bytes test_wire_get(const struct test_wire *wire) {
    return (struct dsi_bytes){wire->bytes, wire->size};
}

void test_wire_finish(struct test_wire *wire) {
    free(wire->bytes);
    memset(wire, 0, sizeof(*wire));
}
