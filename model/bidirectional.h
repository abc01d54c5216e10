/* The networks of 0.1: an LSTM in each direction over a whole recording, in while loops.
 *
 * The loops are not interpreted. Two Lstm nodes take their place, with the kernels that are known
 * by their names; what is around them stays as it is in the file.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_MODEL_BIDIRECTIONAL_H
#define DSI_MODEL_BIDIRECTIONAL_H

#include "model/signature.h"

/* True if the graph has the kernel of such a network. */
bool dsi_bidirectional_probe(const struct dsi_graph *graph);

/* Changes the graph and finds its roles. The LSTMs begin at zero: ports h and c are placeholders
 * that are always fed with zeros. Fails with ERR_MALFORMED and ERR_UNSUPPORTED, naming the node,
 * ERR_LIMIT and ERR_NO_MEMORY; *signature is then untouched, and the graph can only be finished. */
enum dsinfer_status dsi_bidirectional_read(struct dsi_graph *graph, struct dsi_signature *signature,
                                           struct dsinfer_error *err);

#endif
