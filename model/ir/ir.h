/* OpenVINO IR, versions 10 and 11: a graph from an .xml and the .bin beside it.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_IR_IR_H
#define DSI_IR_IR_H

#include "runtime/graph/graph.h"

/* Whether the bytes begin as an XML document does. */
bool dsi_ir_probe(struct dsi_bytes bytes);

/* The name of the .bin that belongs to an .xml, whatever the case of its ending; fails with
 * ERR_ARGUMENT where the path has another. `out` is the caller's to free. */
enum dsinfer_status dsi_ir_get_weights_path(const char *path, char **out,
                                            struct dsinfer_error *err);

/* Makes a verified graph, as readers of TensorFlow's files do: the ops are TensorFlow's, an LSTM is
 * one "Lstm". Constants point into `weights`, which must outlive it and lie in `file` unless that
 * is NULL. Fails with ERR_MALFORMED, ERR_UNSUPPORTED, ERR_LIMIT and ERR_NO_MEMORY; *graph is then
 * untouched. */
enum dsinfer_status dsi_ir_read(struct dsi_graph *graph, struct dsi_bytes xml,
                                struct dsi_bytes weights, const struct dsi_mapped_file *file,
                                struct dsinfer_error *err);

#endif
