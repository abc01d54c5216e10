/* Who made a model file, where it says so.
 *
 * An IR names the releases of Model Optimizer and OpenVINO, and most of the flags (model/ir). A
 * GraphDef has room for the version of the graph format of the TensorFlow that wrote it, which
 * DeepSpeech's exporters leave empty.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/origin.h"

#include "model/graphdef/graphdef.h"
#include "model/ir/ir_origin.h"
#include "model/ir/ir.h"
#include "model/memmapped/memmapped.h"
#include "runtime/base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void dsi_origin_init(struct dsi_origin *origin) {
    memset(origin, 0, sizeof(*origin));
    dsi_arena_init(&origin->arena, (size_t)3 * DSI_ORIGIN_MAX_FACTS * DSI_ORIGIN_MAX_TEXT);
}

void dsi_origin_finish(struct dsi_origin *origin) {
    dsi_arena_finish(&origin->arena);
}

void dsi_origin_add(struct dsi_origin *origin, const char *dashes, const char *name,
                    const char *value) {
    struct dsinfer_origin_fact *fact = &origin->facts[origin->n_facts];
    const size_t size = strlen(dashes) + strlen(name) + 1;
    char *full_name;

    if (origin->n_facts == DSI_ORIGIN_MAX_FACTS || size > DSI_ORIGIN_MAX_TEXT ||
        strlen(value) > DSI_ORIGIN_MAX_TEXT) {
        return;
    }
    full_name = dsi_arena_alloc(&origin->arena, size, 1);
    fact->value = dsi_arena_strndup(&origin->arena, value, strlen(value));
    if (!full_name || !fact->value) {
        origin->has_failed = true;
        return;
    }
    snprintf(full_name, size, "%s%s", dashes, name);
    fact->name = full_name;
    fact->is_flag = dashes[0] != '\0';
    origin->n_facts++;
}

static void read_graphdef(struct dsi_origin *origin, struct dsi_bytes bytes) {
    uint32_t version;
    char text[40];

    if (dsi_graphdef_find_producer(bytes, &version)) {
        snprintf(text, sizeof(text), "graph version %" PRIu32, version);
        dsi_origin_add(origin, "", "TensorFlow", text);
    }
}

enum dsinfer_status dsi_origin_read(struct dsi_origin *origin, struct dsi_bytes bytes,
                                    struct dsinfer_error *err) {
    enum dsinfer_status status = DSINFER_OK;
    struct dsi_bytes graph;

    if (dsi_ir_probe(bytes)) {
        status = dsi_ir_read_origin(origin, bytes, err);
    } else if (dsi_memmapped_probe(bytes)) {
        status = dsi_memmapped_get_graph(bytes, &graph, err);
        if (status == DSINFER_OK) {
            read_graphdef(origin, graph);
        }
    } else {
        read_graphdef(origin, bytes);
    }
    return status == DSINFER_OK && origin->has_failed ? dsi_fail_memory(err, DSI_ORIGIN_MAX_TEXT)
                                                      : status;
}
