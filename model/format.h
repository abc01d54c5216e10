/* Model formats, told by content, never by name.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_MODEL_FORMAT_H
#define DSI_MODEL_FORMAT_H

#include "runtime/graph/graph.h"

struct dsi_packed;

/* What is read. */
struct dsi_model_source {
    struct dsi_bytes bytes;
    const struct dsi_mapped_file *file; /* that the bytes lie in, or NULL */
    const char *path;                   /* of the file; NULL: there is only memory */
    struct dsi_packed *packed;          /* where the facts of a packed model go; NULL: there is no
                                           use for one */
    struct dsi_mapped_file *weights;    /* given closed: where a reader opens the second file of a
                                           format that has one; to be closed with the graph */
};

struct dsi_model_format {
    const char *name;                      /* "graphdef", "packed", … */
    bool (*probe)(struct dsi_bytes bytes); /* cheap: looks at the ends of the file */

    /* Makes a verified graph; constants point into the source's bytes or weights. Formats that are
     * known but not supported fail with ERR_UNSUPPORTED. *graph is untouched on failure. */
    enum dsinfer_status (*read)(struct dsi_graph *graph, const struct dsi_model_source *source,
                                struct dsinfer_error *err);
};

/* The format of a file, or NULL if it is none that is known. A static object. */
const struct dsi_model_format *dsi_model_format_probe(struct dsi_bytes bytes);

/* Probes and reads. *format is set when the file was read. Fails with ERR_MALFORMED for an unknown
 * format and like dsi_model_format.read. */
enum dsinfer_status dsi_model_format_read(struct dsi_graph *graph,
                                          const struct dsi_model_format **format,
                                          const struct dsi_model_source *source,
                                          struct dsinfer_error *err);

#endif
