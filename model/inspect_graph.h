/* For inspect.c: the network that runs, as a list of nodes.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_MODEL_INSPECT_GRAPH_H
#define DSI_MODEL_INSPECT_GRAPH_H

#include "model/model.h"

#include <dsinfer/inspect.h>

struct dsi_inspect_graph {
    struct dsinfer_network_node *nodes; /* owned */
    size_t n_nodes;
    size_t *edges; /* owned; the nodes' sources */
    size_t n_edges;
    size_t *places; /* owned; of each node of the network, 1 + that in `nodes`, or 0 */
};

/* Texts are the model's, which must live as long. Fails with ERR_NO_MEMORY; finish it also then. */
enum dsinfer_status dsi_inspect_graph_init(struct dsi_inspect_graph *graph,
                                           const struct dsinfer_model *model,
                                           struct dsinfer_error *err);
void dsi_inspect_graph_finish(struct dsi_inspect_graph *graph); /* takes a zeroed one as well */

#endif
