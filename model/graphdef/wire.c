/* Protobuf fields by the bounds-checked cursor.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/graphdef/wire.h"

#include "runtime/base/error.h"

#include <inttypes.h>

#define MAX_SHOWN 200

void dsi_wire_reader_init(struct dsi_wire_reader *reader, struct dsi_bytes bytes, size_t offset,
                          const char *container) {
    dsi_cursor_init(&reader->cursor, bytes);
    reader->offset = offset;
    reader->container = container;
}

void dsi_wire_reader_enter(struct dsi_wire_reader *reader, const struct dsi_wire_field *field) {
    const size_t header_size = field->whole.size - field->bytes.size;

    dsi_wire_reader_init(reader, field->bytes, field->offset + header_size,
                         "the message around it");
}

bool dsi_wire_is_at_end(const struct dsi_wire_reader *reader) {
    return dsi_cursor_is_at_end(&reader->cursor);
}

static enum dsinfer_status fail_short(const struct dsi_wire_reader *reader,
                                      const struct dsi_wire_field *field, const char *what,
                                      struct dsinfer_error *err) {
    return dsi_fail(err, DSINFER_ERR_MALFORMED,
                    "field %" PRIu32 " at byte %zu: its %s does not fit, %s ends too early, at "
                    "byte %zu",
                    field->number, field->offset, what, reader->container,
                    reader->offset + reader->cursor.bytes.size);
}

static enum dsinfer_status read_tag(struct dsi_wire_reader *reader, struct dsi_wire_field *field,
                                    struct dsinfer_error *err) {
    uint64_t tag;

    if (!dsi_cursor_read_varint(&reader->cursor, &tag) || tag > UINT32_MAX || tag >> 3 == 0) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "byte %zu: the tag of a protobuf field was expected here", field->offset);
    }
    field->number = (uint32_t)(tag >> 3);
    field->type = (enum dsi_wire_type)(tag & 7);
    return DSINFER_OK;
}

static enum dsinfer_status read_content(struct dsi_wire_reader *reader,
                                        struct dsi_wire_field *field, struct dsinfer_error *err) {
    uint64_t length;

    switch (field->type) {
    case DSI_WIRE_VARINT:
        if (!dsi_cursor_read_varint(&reader->cursor, &field->value)) {
            return fail_short(reader, field, "number", err);
        }
        return DSINFER_OK;
    case DSI_WIRE_FIXED64:
    case DSI_WIRE_FIXED32:
        if (!dsi_cursor_skip(&reader->cursor, field->type == DSI_WIRE_FIXED64 ? 8 : 4)) {
            return fail_short(reader, field, "number", err);
        }
        return DSINFER_OK;
    case DSI_WIRE_BYTES:
        if (!dsi_cursor_read_varint(&reader->cursor, &length)) {
            return fail_short(reader, field, "length", err);
        }
        if (!dsi_cursor_read_bytes(&reader->cursor, length, &field->bytes)) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED,
                            "field %" PRIu32 " at byte %zu should hold %" PRIu64
                            " bytes, but %s ends too early, at byte %zu",
                            field->number, field->offset, length, reader->container,
                            reader->offset + reader->cursor.bytes.size);
        }
        return DSINFER_OK;
    }
    return dsi_fail(err, DSINFER_ERR_MALFORMED,
                    "byte %zu: field %" PRIu32 " has wire type %d, which is not possible here",
                    field->offset, field->number, (int)field->type);
}

enum dsinfer_status dsi_wire_read(struct dsi_wire_reader *reader, struct dsi_wire_field *field,
                                  struct dsinfer_error *err) {
    const size_t start = reader->cursor.position;
    struct dsi_wire_field made = {.offset = reader->offset + start};
    enum dsinfer_status status;

    status = read_tag(reader, &made, err);
    if (status != DSINFER_OK) {
        return status;
    }
    status = read_content(reader, &made, err);
    if (status != DSINFER_OK) {
        return status;
    }
    made.whole.data = reader->cursor.bytes.data + start;
    made.whole.size = reader->cursor.position - start;
    *field = made;
    return DSINFER_OK;
}

int dsi_wire_get_shown(struct dsi_bytes name) {
    return (int)(name.size < MAX_SHOWN ? name.size : MAX_SHOWN);
}
