/* Frozen graphs as packages, packages as frozen graphs.
 *
 * What is not a large constant is kept byte for byte. A Const of 10000 bytes or more becomes an
 * ImmutableConst whose values are a region of the package, at a multiple of 64 bytes; regions are
 * named after the nodes, and the directory gives lengths. Back from a package every ImmutableConst
 * becomes a Const. Both ops know other attributes, so of a node that changes only those stay that
 * TensorFlow allows everywhere, whose names begin with '_'.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_MEMMAPPED_MEMMAPPED_WRITE_H
#define DSI_MEMMAPPED_MEMMAPPED_WRITE_H

#include "model/graphdef/pieces.h"
#include "runtime/graph/graph.h"

/* Most regions that are written. */
#define DSI_MEMMAPPED_MAX_WRITTEN 4096

/* The file as pieces: `graphdef`, which was read as `graph`, as a package or as a frozen graph.
 * Pieces point into both. Fails with ERR_LIMIT, ERR_NO_MEMORY and, for a GraphDef that is not the
 * graph's, ERR_MALFORMED. */
enum dsinfer_status dsi_memmapped_lay_out(struct dsi_pieces *file, struct dsi_bytes graphdef,
                                          const struct dsi_graph *graph, bool is_package,
                                          struct dsinfer_error *err);

#endif
