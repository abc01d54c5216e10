/* What a graph says of itself beside the network: release family, frames, alphabet, language.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_MODEL_METADATA_H
#define DSI_MODEL_METADATA_H

#include "model/signature.h"

#include <dsinfer/model.h>

struct dsi_metadata {
    enum dsinfer_family family;
    uint32_t version;          /* 0 where the graph does not say */
    uint32_t sample_rate;      /* Hz; 16000 where the graph does not say */
    uint32_t window, step;     /* samples; the family's where the graph does not say */
    uint32_t beam_width;       /* 0 where the graph does not say */
    struct dsi_bytes language; /* in the graph: UTF-8 without NUL; size 0 where there is none */
    struct dsi_bytes alphabet; /* in the graph, not checked; data NULL where there is none */
};

/* Most bytes of a language's name. */
#define DSI_METADATA_MAX_LANGUAGE_SIZE 63

/* Fails with ERR_MALFORMED for one that is too long or no UTF-8. */
enum dsinfer_status dsi_metadata_check_language(struct dsi_bytes language,
                                                struct dsinfer_error *err);

/* Fails with ERR_MALFORMED for what no model can mean, naming the node; *metadata is then
 * untouched. */
enum dsinfer_status dsi_metadata_read(const struct dsi_graph *graph,
                                      const struct dsi_signature *signature,
                                      struct dsi_metadata *metadata, struct dsinfer_error *err);

#endif
