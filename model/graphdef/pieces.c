/* Messages made of pieces.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/graphdef/pieces.h"

#include "model/graphdef/wire.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <string.h>

#define MAX_VARINT_SIZE 10

/* Most bytes handed to a sink at once, so that it can stop in between. */
#define MAX_WRITE ((size_t)1 << 20)

void dsi_pieces_init(struct dsi_pieces *pieces, struct dsi_arena *arena) {
    *pieces = (struct dsi_pieces){.arena = arena};
}

void dsi_pieces_finish(struct dsi_pieces *pieces) {
    dsi_free(pieces->items);
    *pieces = (struct dsi_pieces){0};
}

static bool reserve(struct dsi_pieces *pieces) {
    const size_t wanted = pieces->capacity ? 2 * pieces->capacity : 16;
    struct dsi_bytes *grown;

    if (pieces->n < pieces->capacity) {
        return true;
    }
    grown = dsi_realloc(pieces->items, wanted * sizeof(*grown));
    if (!grown) {
        return false;
    }
    pieces->items = grown;
    pieces->capacity = wanted;
    return true;
}

void dsi_pieces_add(struct dsi_pieces *pieces, struct dsi_bytes bytes) {
    struct dsi_bytes *last;
    size_t size;

    if (bytes.size == 0 || pieces->has_failed) {
        return;
    }
    if (!dsi_add_size(pieces->size, bytes.size, &size) || !reserve(pieces)) {
        pieces->has_failed = true;
        return;
    }
    pieces->size = size;
    last = pieces->n ? &pieces->items[pieces->n - 1] : NULL;
    if (last && last->data + last->size == bytes.data) { /* goes on where the last one ended */
        last->size += bytes.size;
    } else {
        pieces->items[pieces->n++] = bytes;
    }
}

void dsi_pieces_add_copy(struct dsi_pieces *pieces, const void *bytes, size_t size) {
    uint8_t *copy = pieces->has_failed ? NULL : dsi_arena_alloc(pieces->arena, size, 1);

    if (!copy) {
        pieces->has_failed = true;
        return;
    }
    if (size) {
        memcpy(copy, bytes, size);
    }
    dsi_pieces_add(pieces, (struct dsi_bytes){copy, size});
}

void dsi_pieces_add_all(struct dsi_pieces *pieces, const struct dsi_pieces *from) {
    size_t i;

    pieces->has_failed = pieces->has_failed || from->has_failed;
    for (i = 0; i < from->n; i++) {
        dsi_pieces_add(pieces, from->items[i]);
    }
}

static size_t put_varint(uint8_t *out, uint64_t value) {
    size_t size = 0;

    while (value > 0x7f) {
        out[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[size++] = (uint8_t)value;
    return size;
}

/* A tag and the number after it: a value, or the length of what follows. */
static void add_head(struct dsi_pieces *pieces, uint32_t number, enum dsi_wire_type type,
                     uint64_t value) {
    uint8_t head[2 * MAX_VARINT_SIZE];
    size_t size = put_varint(head, (uint64_t)number << 3 | type);

    size += put_varint(head + size, value);
    dsi_pieces_add_copy(pieces, head, size);
}

void dsi_pieces_add_int(struct dsi_pieces *pieces, uint32_t number, uint64_t value) {
    add_head(pieces, number, DSI_WIRE_VARINT, value);
}

void dsi_pieces_add_bytes(struct dsi_pieces *pieces, uint32_t number, struct dsi_bytes bytes) {
    add_head(pieces, number, DSI_WIRE_BYTES, bytes.size);
    dsi_pieces_add(pieces, bytes);
}

void dsi_pieces_add_text(struct dsi_pieces *pieces, uint32_t number, const char *text) {
    add_head(pieces, number, DSI_WIRE_BYTES, strlen(text));
    dsi_pieces_add_copy(pieces, text, strlen(text));
}

void dsi_pieces_add_message(struct dsi_pieces *pieces, uint32_t number,
                            struct dsi_pieces *message) {
    add_head(pieces, number, DSI_WIRE_BYTES, message->size);
    dsi_pieces_add_all(pieces, message);
    dsi_pieces_finish(message);
}

enum dsinfer_status dsi_pieces_write(const struct dsi_pieces *pieces, const struct dsi_sink *sink,
                                     struct dsinfer_error *err) {
    size_t i;

    for (i = 0; i < pieces->n; i++) {
        struct dsi_bytes rest = pieces->items[i];

        while (rest.size) {
            const size_t size = rest.size < MAX_WRITE ? rest.size : MAX_WRITE;

            if (sink->write(sink->user, rest.data, size) != 0) {
                return dsi_fail(err, DSINFER_ERR_IO, "the file could not be written");
            }
            rest.data += size;
            rest.size -= size;
        }
    }
    return DSINFER_OK;
}
