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

struct test_wire test_wire_node(const char *name, const char *op) {
    struct test_wire node = {0};

    test_wire_text(&node, 1, name);
    test_wire_text(&node, 2, op);
    return node;
}

struct test_wire test_wire_shape(size_t rank, const int64_t *dims) {
    struct test_wire shape = {0};
    size_t i;

    for (i = 0; i < rank; i++) {
        struct test_wire dim = {0};

        test_wire_int(&dim, 1, (uint64_t)dims[i]);
        test_wire_message(&shape, 2, &dim);
    }
    return shape;
}

/* Adds attr[key] = value to a node; finishes the value. */
static void put_attr(struct test_wire *node, const char *key, struct test_wire *value) {
    struct test_wire entry = {0};

    test_wire_text(&entry, 1, key);
    test_wire_message(&entry, 2, value);
    test_wire_message(node, 5, &entry);
}

void test_wire_attr_int(struct test_wire *node, const char *key, uint32_t kind, uint64_t number) {
    struct test_wire value = {0};

    test_wire_int(&value, kind, number);
    put_attr(node, key, &value);
}

void test_wire_attr_bytes(struct test_wire *node, const char *key, uint32_t kind, const void *bytes,
                          size_t size) {
    struct test_wire value = {0};

    test_wire_bytes(&value, kind, bytes, size);
    put_attr(node, key, &value);
}

void test_wire_attr_message(struct test_wire *node, const char *key, uint32_t kind,
                            struct test_wire *message) {
    struct test_wire value = {0};

    test_wire_message(&value, kind, message);
    put_attr(node, key, &value);
}
