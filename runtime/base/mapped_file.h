/* A file mapped read-only.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_BASE_MAPPED_FILE_H
#define DSI_BASE_MAPPED_FILE_H

#include "runtime/base/cursor.h"

#include <dsinfer/status.h>

#include <stdbool.h>

struct dsi_mapped_file {
    struct dsi_bytes bytes; /* lent until close; size 0 for an empty file */
};

/* Maps a regular file. Fails with ERR_IO and a sentence that names the file and the system's
 * reason; *file is then as after close. */
enum dsinfer_status dsi_mapped_file_open(struct dsi_mapped_file *file, const char *path,
                                         struct dsinfer_error *err);

/* Nothing has this name, not even a link that leads nowhere. */
bool dsi_file_is_missing(const char *path);

/* Gives the pages that lie wholly inside `bytes` back to the system: they will be read from the
 * file again when touched. Mapped pages count as resident memory, so a loader drops what it has
 * packed. Does nothing for bytes outside the mapping; `file` may be NULL. */
void dsi_mapped_file_drop(const struct dsi_mapped_file *file, struct dsi_bytes bytes);

/* Takes a zeroed struct as well. */
void dsi_mapped_file_close(struct dsi_mapped_file *file);

#endif
