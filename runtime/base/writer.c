/* Little-endian numbers into memory.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/writer.h"

#include "runtime/base/cursor.h"

#include <string.h>

void dsi_writer_init(struct dsi_writer *writer, void *data, size_t capacity) {
    *writer = (struct dsi_writer){.data = data, .capacity = capacity};
}

bool dsi_writer_has_all(const struct dsi_writer *writer) {
    return writer->size <= writer->capacity;
}

void dsi_writer_put_bytes(struct dsi_writer *writer, const void *bytes, size_t size) {
    if (writer->size <= writer->capacity && size <= writer->capacity - writer->size && size > 0) {
        memcpy(writer->data + writer->size, bytes, size);
    }
    writer->size += size;
}

void dsi_writer_put_u8(struct dsi_writer *writer, uint8_t value) {
    dsi_writer_put_bytes(writer, &value, 1);
}

void dsi_writer_put_u32(struct dsi_writer *writer, uint32_t value) {
    uint8_t bytes[4];

    dsi_store_u32(bytes, value);
    dsi_writer_put_bytes(writer, bytes, sizeof(bytes));
}

void dsi_writer_put_u64(struct dsi_writer *writer, uint64_t value) {
    dsi_writer_put_u32(writer, (uint32_t)value);
    dsi_writer_put_u32(writer, (uint32_t)(value >> 32));
}

void dsi_writer_put_number(struct dsi_writer *writer, uint64_t value) {
    for (; value > 0x7f; value >>= 7) {
        dsi_writer_put_u8(writer, (uint8_t)(value | 0x80));
    }
    dsi_writer_put_u8(writer, (uint8_t)value);
}

void dsi_writer_put_float(struct dsi_writer *writer, float value) {
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    dsi_writer_put_u32(writer, bits);
}

void dsi_writer_put_floats(struct dsi_writer *writer, const float *values, size_t n) {
    size_t i;

    for (i = 0; i < n; i++) {
        dsi_writer_put_float(writer, values[i]);
    }
}

void dsi_writer_put_double(struct dsi_writer *writer, double value) {
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    dsi_writer_put_u64(writer, bits);
}
