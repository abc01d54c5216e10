/* A node of a GraphDef without the bytes of its tensors.
 *
 * protobuf-c copies every field, and 99 % of a model are the values of a dozen constants
 * (NodeDef.attr[].value.tensor.tensor_content). So each node is copied without them before it is
 * unpacked; the values stay where they are in the file and are used there.
 *
 * On the way everything is checked that protobuf-c lets pass or would resolve silently: text that
 * is no UTF-8 or has a NUL in it, and fields that are there twice but must not be.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_GRAPHDEF_TRIM_H
#define DSI_GRAPHDEF_TRIM_H

#include "model/graphdef/wire.h"

/* Most bytes of a node without tensor_content. */
#define DSI_GRAPHDEF_MAX_NODE_SIZE ((size_t)16 << 20)

/* A node, and the buffer it is copied to; zero it before the first use. */
struct dsi_trimmed_node {
    uint8_t *bytes; /* owned; the copy */
    size_t size;
    size_t capacity;
    struct dsi_bytes content; /* in the file: tensor_content of the attribute "value" */
    struct dsi_bytes name;    /* in the file */
};

/* Fails with ERR_MALFORMED (naming the byte), ERR_LIMIT and ERR_NO_MEMORY. */
enum dsinfer_status dsi_node_trim(const struct dsi_wire_field *node, struct dsi_trimmed_node *out,
                                  struct dsinfer_error *err);

void dsi_trimmed_node_finish(struct dsi_trimmed_node *node);

#endif
