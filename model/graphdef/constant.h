/* Types, shapes and constants of a GraphDef. For graphdef.c.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_GRAPHDEF_CONSTANT_H
#define DSI_GRAPHDEF_CONSTANT_H

#include "model/graphdef/graphdef.h"
#include "model/graphdef/graphdef.pb-c.h"

/* What is being read. */
struct dsi_graphdef_source {
    struct dsi_bytes bytes;
    const struct dsi_mapped_file *file;         /* that bytes and regions lie in, or NULL */
    const struct dsi_graphdef_regions *regions; /* or NULL */
};

/* The type that TensorFlow numbers so, reference types as what they refer to; NONE for types that
 * are not supported. */
enum dsi_dtype dsi_graphdef_get_dtype(int32_t type);

/* A shape whose rank is known; an absent message is a scalar. Fails with ERR_MALFORMED and
 * ERR_UNSUPPORTED, naming the node. */
enum dsinfer_status dsi_graphdef_read_shape(const Dsi__TensorShape *message, const char *node,
                                            struct dsi_shape *out, struct dsinfer_error *err);

/* The attribute of that name and kind, or NULL. */
const Dsi__AttrValue *dsi_graphdef_find_attr(const Dsi__NodeDef *node, const char *name,
                                             Dsi__AttrValue__ValueCase kind);

/* The value of a Const. `content` is the tensor_content that was left out of the message; it is
 * used in place. Listed values are unrolled into the arena. */
enum dsinfer_status dsi_graphdef_read_const(const Dsi__NodeDef *node, struct dsi_bytes content,
                                            const struct dsi_graphdef_source *source,
                                            struct dsi_arena *arena, struct dsi_tensor *out,
                                            struct dsinfer_error *err);

/* The value of an ImmutableConst, in place. */
enum dsinfer_status dsi_graphdef_read_immutable(const Dsi__NodeDef *node,
                                                const struct dsi_graphdef_source *source,
                                                struct dsi_tensor *out, struct dsinfer_error *err);

#endif
