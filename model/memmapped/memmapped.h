/* Memory-mapped packages (`.pbmm`): the values of large constants at aligned places, then the
 * GraphDef, then a directory.
 *
 *     [region 0][zeros] … [region n-1][zeros][GraphDef][directory][u64: offset of the directory]
 *
 * There is no magic number at the start. The directory is a protobuf message of repeated elements
 * (1), each { uint64 offset = 1; string name = 2; uint64 length = 3; }, by rising offset.
 * TensorFlow before 1.14 writes no lengths: a region then ends where the next element, or the
 * directory, begins. All names start with "memmapped_package://"; that of the GraphDef goes on with
 * ".".
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_MEMMAPPED_MEMMAPPED_H
#define DSI_MEMMAPPED_MEMMAPPED_H

#include "runtime/graph/graph.h"

/* Most regions of a package. */
#define DSI_MEMMAPPED_MAX_REGIONS ((size_t)DSI_GRAPH_MAX_NODES + 1)

/* Name and bytes, both in the file. */
struct dsi_region {
    struct dsi_bytes name;
    struct dsi_bytes bytes;
};

struct dsi_memmapped {
    struct dsi_region *regions; /* owned; by name */
    size_t n_regions;
};

/* Whether the bytes end with the offset of something that begins as a directory does. */
bool dsi_memmapped_probe(struct dsi_bytes bytes);

/* Reads the directory of a package; all regions lie inside `bytes`, which must outlive it. Fails
 * with ERR_MALFORMED, ERR_LIMIT and ERR_NO_MEMORY; *package is then untouched. */
enum dsinfer_status dsi_memmapped_init(struct dsi_memmapped *package, struct dsi_bytes bytes,
                                       struct dsinfer_error *err);
void dsi_memmapped_finish(struct dsi_memmapped *package); /* takes a zeroed struct as well */

/* Looks up a region by its whole name; false, and *out untouched, where there is none. */
bool dsi_memmapped_find(const struct dsi_memmapped *package, struct dsi_bytes name,
                        struct dsi_bytes *out);

/* The GraphDef of a package, in its region; as dsi_memmapped_init. */
enum dsinfer_status dsi_memmapped_get_graph(struct dsi_bytes bytes, struct dsi_bytes *graph,
                                            struct dsinfer_error *err);

/* The graph of a package, as dsi_graphdef_read gives it: constants point into `bytes`. */
enum dsinfer_status dsi_memmapped_read(struct dsi_graph *graph, struct dsi_bytes bytes,
                                       const struct dsi_mapped_file *file,
                                       struct dsinfer_error *err);

#endif
