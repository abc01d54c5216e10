/* Frozen TensorFlow graphs (`.pb`): a GraphDef message becomes a graph.
 *
 * GraphDef is a row of NodeDefs (field 1), and maybe a version (field 3); what else it has is
 * skipped. Nodes are unpacked one by one and without the values of their tensors, which stay in the
 * file and are used there: reading takes little memory however large the file is.
 *
 * Read are names, ops, data inputs ("name", "name:k") and the attributes that hold one number,
 * text, type, shape or a list of integers. Control inputs ("^name") are dropped: nothing that runs
 * here depends on their order. ImmutableConst, a Const whose values lie in a region of a package,
 * becomes a Const.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_GRAPHDEF_GRAPHDEF_H
#define DSI_GRAPHDEF_GRAPHDEF_H

#include "runtime/graph/graph.h"

/* Most attributes of a node, bytes of a constant that is not stored as plain values, and memory
 * taken while one node is unpacked. */
#define DSI_GRAPHDEF_MAX_ATTRS 256
#define DSI_GRAPHDEF_MAX_CONSTANT_SIZE ((size_t)16 << 20)
#define DSI_GRAPHDEF_MAX_UNPACKED_SIZE ((size_t)32 << 20)

/* Where the memory regions are that ImmutableConst nodes name, for a GraphDef inside a package. */
struct dsi_graphdef_regions {
    const void *package; /* borrowed; given to find */
    bool (*find)(const void *package, struct dsi_bytes name, struct dsi_bytes *out);
    size_t graph_offset; /* of the GraphDef in its file, for sentences */
};

/* Whether bytes begin as a GraphDef with a node does. */
bool dsi_graphdef_probe(struct dsi_bytes bytes);

/* Makes a verified graph of a GraphDef. Constants point into `bytes` and the regions, which must
 * outlive it; `file` is the mapping they lie in, or NULL. `regions` is NULL for a plain .pb.
 * Fails with ERR_MALFORMED, ERR_UNSUPPORTED (a type, rank or loop this library has not), ERR_LIMIT
 * and ERR_NO_MEMORY; *graph is then untouched. */
enum dsinfer_status dsi_graphdef_read(struct dsi_graph *graph, struct dsi_bytes bytes,
                                      const struct dsi_mapped_file *file,
                                      const struct dsi_graphdef_regions *regions,
                                      struct dsinfer_error *err);

/* The version of the graph format of the TensorFlow that wrote a GraphDef (versions.producer);
 * false where it does not say. */
bool dsi_graphdef_find_producer(struct dsi_bytes bytes, uint32_t *out);

#endif
