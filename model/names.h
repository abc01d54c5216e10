/* What a user may call a value of a model: its role, or a node of the file with `:K` for output K.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_MODEL_NAMES_H
#define DSI_MODEL_NAMES_H

#include "model/model.h"

struct dsi_name {
    bool has_role;
    enum dsi_role role;   /* where has_role */
    struct dsi_port port; /* in the file's graph; not set for `lengths` where the file has none */
};

/* Finds an input or an output by name. Nodes that carry a role have it, under any of their names.
 * Fails with ERR_ARGUMENT and the nearest name. */
enum dsinfer_status dsi_name_find(const struct dsinfer_model *model, const char *name,
                                  bool is_output, struct dsi_name *out, struct dsinfer_error *err);

/* The role or node whose name is most like `name`; "" where the graph is empty. */
const char *dsi_name_find_nearest(const struct dsi_graph *graph, const char *name, bool is_output);

#endif
