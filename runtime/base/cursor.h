/* Reading bytes that nobody vouches for: a position that never leaves its bounds.
 *
 * Every read says whether it succeeded; after a failure the position is unchanged, so the caller
 * can name it. Numbers are little-endian. SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_BASE_CURSOR_H
#define DSI_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dsi_bytes {
    const uint8_t *data; /* borrowed; may be NULL when size is 0 */
    size_t size;
};

struct dsi_cursor {
    struct dsi_bytes bytes;
    size_t position; /* 0 to bytes.size */
};

void dsi_cursor_init(struct dsi_cursor *cursor, struct dsi_bytes bytes);
bool dsi_cursor_is_at_end(const struct dsi_cursor *cursor);
size_t dsi_cursor_get_rest(const struct dsi_cursor *cursor); /* bytes left */

bool dsi_cursor_read_u8(struct dsi_cursor *cursor, uint8_t *out);
bool dsi_cursor_read_u32(struct dsi_cursor *cursor, uint32_t *out);
bool dsi_cursor_read_u64(struct dsi_cursor *cursor, uint64_t *out);
bool dsi_cursor_read_varint(struct dsi_cursor *cursor,
                            uint64_t *out); /* protobuf, at most 10 bytes */

/* `size` bytes as a view into the same memory. */
bool dsi_cursor_read_bytes(struct dsi_cursor *cursor, uint64_t size, struct dsi_bytes *out);
bool dsi_cursor_skip(struct dsi_cursor *cursor, uint64_t size);

/* Single numbers at an address that need not be aligned. */
static inline uint32_t dsi_load_u32(const void *bytes) {
    const uint8_t *b = bytes;

    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint64_t dsi_load_u64(const void *bytes) {
    const uint8_t *b = bytes;

    return (uint64_t)dsi_load_u32(b) | (uint64_t)dsi_load_u32(b + 4) << 32;
}

void dsi_store_u32(void *bytes, uint32_t value);

#endif
