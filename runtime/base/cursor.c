/* Bounds-checked reading of little-endian bytes.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/cursor.h"

void dsi_cursor_init(struct dsi_cursor *cursor, struct dsi_bytes bytes) {
    cursor->bytes = bytes;
    cursor->position = 0;
}

bool dsi_cursor_is_at_end(const struct dsi_cursor *cursor) {
    return cursor->position == cursor->bytes.size;
}

size_t dsi_cursor_get_rest(const struct dsi_cursor *cursor) {
    return cursor->bytes.size - cursor->position;
}

bool dsi_cursor_read_bytes(struct dsi_cursor *cursor, uint64_t size, struct dsi_bytes *out) {
    if (size > dsi_cursor_get_rest(cursor)) {
        return false;
    }
    out->data = cursor->bytes.data ? cursor->bytes.data + cursor->position : NULL;
    out->size = (size_t)size;
    cursor->position += (size_t)size;
    return true;
}

bool dsi_cursor_skip(struct dsi_cursor *cursor, uint64_t size) {
    struct dsi_bytes ignored;

    return dsi_cursor_read_bytes(cursor, size, &ignored);
}

bool dsi_cursor_read_u8(struct dsi_cursor *cursor, uint8_t *out) {
    struct dsi_bytes bytes;

    if (!dsi_cursor_read_bytes(cursor, 1, &bytes)) {
        return false;
    }
    *out = bytes.data[0];
    return true;
}

bool dsi_cursor_read_u32(struct dsi_cursor *cursor, uint32_t *out) {
    struct dsi_bytes bytes;

    if (!dsi_cursor_read_bytes(cursor, 4, &bytes)) {
        return false;
    }
    *out = dsi_load_u32(bytes.data);
    return true;
}

bool dsi_cursor_read_u64(struct dsi_cursor *cursor, uint64_t *out) {
    struct dsi_bytes bytes;

    if (!dsi_cursor_read_bytes(cursor, 8, &bytes)) {
        return false;
    }
    *out = dsi_load_u64(bytes.data);
    return true;
}

bool dsi_cursor_read_varint(struct dsi_cursor *cursor, uint64_t *out) {
    const size_t start = cursor->position;
    uint64_t value = 0;
    unsigned shift;

    for (shift = 0; shift < 70; shift += 7) {
        uint8_t byte;

        if (!dsi_cursor_read_u8(cursor, &byte) || (shift == 63 && byte > 1)) {
            break;
        }
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *out = value;
            return true;
        }
    }
    cursor->position = start;
    return false;
}

void dsi_store_u32(void *bytes, uint32_t value) {
    uint8_t *b = bytes;

    b[0] = (uint8_t)value;
    b[1] = (uint8_t)(value >> 8);
    b[2] = (uint8_t)(value >> 16);
    b[3] = (uint8_t)(value >> 24);
}
