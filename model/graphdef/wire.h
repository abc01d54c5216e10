/* Protobuf's wire format field by field, from bytes that nobody vouches for.
 *
 * A message is a row of fields: a tag (varint of number * 8 + type) and a varint, 4 or 8 bytes, or
 * a length and that many bytes, which may be a message again. For example 0a 05 "h1/re" is field 1
 * with five bytes.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_GRAPHDEF_WIRE_H
#define DSI_GRAPHDEF_WIRE_H

#include "runtime/base/cursor.h"

#include <dsinfer/status.h>

/* The types that exist; groups (3, 4) do not occur in these files. */
enum dsi_wire_type {
    DSI_WIRE_VARINT = 0,
    DSI_WIRE_FIXED64 = 1,
    DSI_WIRE_BYTES = 2,
    DSI_WIRE_FIXED32 = 5
};

struct dsi_wire_reader {
    struct dsi_cursor cursor;
    size_t offset;         /* of its first byte in the file, for sentences */
    const char *container; /* what ends with the bytes, for sentences: "the file" */
};

struct dsi_wire_field {
    uint32_t number;
    enum dsi_wire_type type;
    uint64_t value;         /* of a VARINT */
    struct dsi_bytes bytes; /* of BYTES: the content */
    struct dsi_bytes whole; /* tag, length and content */
    size_t offset;          /* of the tag in the file */
};

void dsi_wire_reader_init(struct dsi_wire_reader *reader, struct dsi_bytes bytes, size_t offset,
                          const char *container);

/* Reads the message in a field of type BYTES. */
void dsi_wire_reader_enter(struct dsi_wire_reader *reader, const struct dsi_wire_field *field);

bool dsi_wire_is_at_end(const struct dsi_wire_reader *reader);

/* The next field; not to be called at the end. Fails with ERR_MALFORMED and the byte. */
enum dsinfer_status dsi_wire_read(struct dsi_wire_reader *reader, struct dsi_wire_field *field,
                                  struct dsinfer_error *err);

/* How many bytes of a name a sentence shows, for "%.*s": all of them unless it is very long. */
int dsi_wire_get_shown(struct dsi_bytes name);

#endif
