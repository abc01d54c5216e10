/* The frame of a snapshot: head, fingerprints, checksum.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_STREAM_SNAPSHOT_H
#define DSI_STATE_STREAM_SNAPSHOT_H

#include "state/stream/utterance.h"

#define DSI_SNAPSHOT_VERSION 1

/* Writes a snapshot whose head says `info`; n_samples is the utterance's. ERR_NO_MEMORY. */
enum dsinfer_status dsi_snapshot_write(const struct dsi_utterance *utterance,
                                       const struct dsinfer_snapshot_info *info,
                                       struct dsi_writer *writer);

/* Reads the head of a snapshot, all of whose bytes are there and have their checksum; *reader is
 * behind it, and what it reads fails with `err`. ERR_MALFORMED, ERR_UNSUPPORTED. */
enum dsinfer_status dsi_snapshot_open(struct dsi_reader *reader, struct dsi_bytes bytes,
                                      struct dsinfer_snapshot_info *info,
                                      struct dsinfer_error *err);

/* Whether what was saved can go on in a stream that would save itself as `own`: ERR_MISMATCH, and
 * ERR_UNSUPPORTED for a model without state. */
enum dsinfer_status dsi_snapshot_check(const struct dsinfer_snapshot_info *saved,
                                       const struct dsinfer_snapshot_info *own, bool is_whole,
                                       struct dsinfer_error *err);

/* Reads the rest into an empty utterance. On failure it can only be finished. */
enum dsinfer_status dsi_snapshot_read(struct dsi_reader *reader, struct dsi_utterance *utterance);

#endif
