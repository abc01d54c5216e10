/* A protobuf message to be, as a row of pieces: bytes that lie elsewhere, most of them in a mapped
 * file, and small ones made for it. Nothing large is copied before it is written.
 *
 * Adding never fails visibly: the pieces remember that memory ran out, and their owner asks once
 * at the end.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_GRAPHDEF_PIECES_H
#define DSI_GRAPHDEF_PIECES_H

#include "runtime/base/arena.h"
#include "runtime/base/cursor.h"
#include "runtime/base/sink.h"

#include <dsinfer/status.h>

struct dsi_pieces {
    struct dsi_arena *arena; /* borrowed; of the small pieces */
    struct dsi_bytes *items; /* owned */
    size_t n, capacity;
    size_t size; /* of all */
    bool has_failed;
};

void dsi_pieces_init(struct dsi_pieces *pieces, struct dsi_arena *arena);
void dsi_pieces_finish(struct dsi_pieces *pieces); /* takes a zeroed struct as well */

/* Bytes that outlive the pieces, bytes to be copied, and all of other pieces of the same arena. */
void dsi_pieces_add(struct dsi_pieces *pieces, struct dsi_bytes bytes);
void dsi_pieces_add_copy(struct dsi_pieces *pieces, const void *bytes, size_t size);
void dsi_pieces_add_all(struct dsi_pieces *pieces, const struct dsi_pieces *from);

/* Fields. `bytes` of the second outlive the pieces; `message` is finished. */
void dsi_pieces_add_int(struct dsi_pieces *pieces, uint32_t number, uint64_t value);
void dsi_pieces_add_bytes(struct dsi_pieces *pieces, uint32_t number, struct dsi_bytes bytes);
void dsi_pieces_add_text(struct dsi_pieces *pieces, uint32_t number, const char *text);
void dsi_pieces_add_message(struct dsi_pieces *pieces, uint32_t number, struct dsi_pieces *message);

/* Fails with ERR_IO where the sink does. */
enum dsinfer_status dsi_pieces_write(const struct dsi_pieces *pieces, const struct dsi_sink *sink,
                                     struct dsinfer_error *err);

#endif
