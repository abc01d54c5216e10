/* The network of a model as a drawing.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_INSPECT_GRAPH_H
#define BIN_INSPECT_GRAPH_H

#include <dsinfer/inspect.h>

/* Prints it in the language of Graphviz. */
void cli_inspect_graph_print(const struct dsinfer_inspection_info *info);

#endif
