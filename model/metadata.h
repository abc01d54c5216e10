/* What a graph says of itself beside the network: release family and sample rate.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_MODEL_METADATA_H
#define DSI_MODEL_METADATA_H

#include "model/signature.h"

#include <dsinfer/model.h>

struct dsi_metadata {
    enum dsinfer_family family;
    uint32_t sample_rate; /* Hz; 16000 where the graph does not say */
};

void dsi_metadata_read(const struct dsi_graph *graph, const struct dsi_signature *signature,
                       struct dsi_metadata *metadata);

#endif
