/* Layers of an IR that change nothing but the shape of a value.
 *
 * Where one dimension is 1, Model Optimizer writes some transpositions as reshapes, which would
 * hold for one stream only. They are read as what they were.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/ir/ir_build.h"

#include "model/ir/ir_text.h"
#include "runtime/base/error.h"

#include <string.h>

bool dsi_ir_is_exchange(const struct dsi_ir_layer *layer) {
    const struct dsi_shape *from = &layer->inputs[0].shape, *to = &layer->outputs[0].shape;
    size_t i;

    if (from->rank != to->rank || from->rank < 2 || from->dims[0] != to->dims[1] ||
        from->dims[1] != to->dims[0] || from->dims[0] == from->dims[1] ||
        (from->dims[0] != 1 && from->dims[1] != 1)) {
        return false;
    }
    for (i = 2; i < from->rank && from->dims[i] == to->dims[i]; i++) {
    }
    return i == from->rank;
}

/* Looks past a view of an Lstm that moves nothing but dimensions of 1: for a reshape it is the
 * Lstm. True if that has the shape already that the reshape makes. */
static bool skip_view(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                      struct dsi_port *in) {
    const struct dsi_shape *shape = &layer->inputs[0].shape;
    const struct dsi_ir_view view = dsi_ir_get_view(builder, *in, shape->rank);
    struct dsi_shape base = {.rank = 0};
    int last = -1;
    size_t i;

    if (!dsi_node_is_op(&builder->graph->nodes[view.base.node], "Lstm")) {
        return false;
    }
    for (i = 0; i < view.rank; i++) {
        if (view.axes[i] >= 0) {
            base.rank++;
            base.dims[view.axes[i]] = shape->dims[i];
        }
        if (shape->dims[i] != 1) {
            if (view.axes[i] <= last) {
                return false;
            }
            last = view.axes[i];
        }
    }
    *in = view.base;
    return dsi_shape_is_equal(&base, &layer->outputs[0].shape);
}

enum dsinfer_status dsi_ir_take_sequence(struct dsi_ir_builder *builder,
                                         const struct dsi_ir_layer *layer, struct dsi_port in,
                                         struct dsi_port *out) {
    static const int64_t perm[] = {1, 0, 2};
    const struct dsi_shape *shape = &layer->inputs[0].shape;

    if (shape->dims[0] == 1 && shape->dims[1] == 1 &&
        dsi_node_is_op(&builder->graph->nodes[in.node], "Reshape")) {
        *out = in;
        return DSINFER_OK;
    }
    return dsi_ir_transpose(builder, layer->name, in, 3, perm, out);
}

/* Rows [T,C] as [1,T,C], a sequence for one stream. */
static bool is_sequence(const struct dsi_ir_layer *layer) {
    const struct dsi_shape *from = &layer->inputs[0].shape, *to = &layer->outputs[0].shape;

    return from->rank == 2 && to->rank == 3 && to->dims[0] == 1 && from->dims[0] > 1 &&
           from->dims[0] == to->dims[1] && from->dims[1] == to->dims[2];
}

static enum dsinfer_status add_plain_reshape(struct dsi_ir_builder *builder,
                                             const struct dsi_ir_layer *layer,
                                             const struct dsi_port *inputs, bool has_zero,
                                             struct dsi_port *out) {
    const struct dsi_attr attr = {.name = "special_zero", .kind = DSI_ATTR_BOOL, .u.i = has_zero};
    enum dsinfer_status status;

    status = dsi_ir_add_node(builder, layer->name, "Reshape", inputs, 2, out);
    return status == DSINFER_OK ? dsi_ir_set_attrs(builder, *out, &attr, 1) : status;
}

/* By way of [T,1,C]. */
static enum dsinfer_status add_sequence(struct dsi_ir_builder *builder,
                                        const struct dsi_ir_layer *layer, struct dsi_port in,
                                        struct dsi_port *out) {
    static const int64_t perm[] = {1, 0, 2};
    const int64_t dims[] = {layer->outputs[0].shape.dims[1], 1, layer->outputs[0].shape.dims[2]};
    struct dsi_port inputs[2] = {in};
    enum dsinfer_status status = dsi_ir_add_ints(builder, layer->name, dims, 3, false, &inputs[1]);

    if (status == DSINFER_OK) {
        status = add_plain_reshape(builder, layer, inputs, false, &in);
    }
    return status == DSINFER_OK ? dsi_ir_transpose(builder, layer->name, in, 3, perm, out) : status;
}

enum dsinfer_status dsi_ir_add_reshape(struct dsi_ir_builder *builder,
                                       const struct dsi_ir_layer *layer, struct dsi_port *out) {
    static const int64_t perm[DSI_MAX_RANK] = {1, 0, 2, 3, 4, 5};
    struct dsi_port inputs[2] = {{DSI_IR_NONE, 0}, {DSI_IR_NONE, 0}};
    enum dsinfer_status status;
    bool has_zero;

    status = dsi_ir_get_bool(layer, "special_zero", false, &has_zero, builder->err);
    if (status == DSINFER_OK) {
        status = dsi_ir_get_input(builder, layer, 0, DSI_IR_PLAIN, &inputs[0]);
    }
    if (status == DSINFER_OK && layer->n_outputs == 1 && dsi_ir_is_exchange(layer)) {
        return dsi_ir_transpose(builder, layer->name, inputs[0], dsi_ir_get_rank(layer, 0), perm,
                                out);
    }
    if (status == DSINFER_OK && layer->n_outputs == 1 && is_sequence(layer)) {
        return add_sequence(builder, layer, inputs[0], out);
    }
    if (status == DSINFER_OK && layer->n_outputs == 1 && skip_view(builder, layer, &inputs[0])) {
        *out = inputs[0];
        return DSINFER_OK;
    }
    if (status == DSINFER_OK) {
        status = dsi_ir_get_input(builder, layer, 1, DSI_IR_PLAIN, &inputs[1]);
    }
    return status == DSINFER_OK ? add_plain_reshape(builder, layer, inputs, has_zero, out) : status;
}

/* Without a flag, Model Optimizer puts the features second: [N,F,T,W], and turns them back first.
 * The placeholder is made [N,T,W,F], as users know it, and the order changed by as much. */
static enum dsinfer_status undo_layout(struct dsi_ir_builder *builder, struct dsi_port in,
                                       int64_t *perm) {
    static const int64_t back[] = {0, 2, 3, 1}; /* [N,F,T,W] to [N,T,W,F] */
    static const int64_t forth[] = {0, 3, 1, 2};
    const struct dsi_node *node = &builder->graph->nodes[in.node];
    struct dsi_attr attrs[3] = {[2] = {.name = "is_turned", .kind = DSI_ATTR_BOOL, .u.i = 1}};
    int64_t rest[4];
    size_t i;

    if (!dsi_node_is_op(node, "Placeholder") || node->attrs[1].u.shape.rank != 4) {
        return DSINFER_OK;
    }
    for (i = 0; i < 4; i++) {
        if (perm[i] < 0 || perm[i] > 3) {
            return DSINFER_OK;
        }
        rest[i] = forth[perm[i]]; /* where the axis is after `back` */
    }
    /* What is left must be nothing, or the exchange of N and T. */
    if (rest[2] != 2 || rest[3] != 3 || rest[0] + rest[1] != 1) {
        return DSINFER_OK;
    }
    memcpy(perm, rest, sizeof(rest));
    if (node->n_attrs == 3) { /* another reader has done it */
        return DSINFER_OK;
    }
    memcpy(attrs, node->attrs, 2 * sizeof(attrs[0]));
    for (i = 0; i < 4; i++) {
        attrs[1].u.shape.dims[i] = node->attrs[1].u.shape.dims[back[i]];
    }
    return dsi_ir_set_attrs(builder, in, attrs, 3);
}

enum dsinfer_status dsi_ir_add_transpose(struct dsi_ir_builder *builder,
                                         const struct dsi_ir_layer *layer, struct dsi_port *out) {
    const size_t rank = dsi_ir_get_rank(layer, 0);
    int64_t perm[DSI_MAX_RANK];
    enum dsinfer_status status;
    struct dsi_port in;
    size_t n, i;

    if (!dsi_ir_get_input_ints(&builder->scope, layer, 1, DSI_MAX_RANK, perm, &n) ||
        (n != rank && n != 0)) {
        return dsi_ir_fail_unsupported(builder, layer, "has no constant order of its axes");
    }
    for (i = 0; i < rank && n == 0; i++) {
        perm[i] = (int64_t)(rank - 1 - i);
    }
    status = dsi_ir_get_input(builder, layer, 0, DSI_IR_PLAIN, &in);
    if (status == DSINFER_OK && rank == 4) {
        status = undo_layout(builder, in, perm);
    }
    return status == DSINFER_OK ? dsi_ir_transpose(builder, layer->name, in, rank, perm, out)
                                : status;
}

static int compare_axes(int64_t a, int64_t b) {
    return a < b ? -1 : a > b;
}

/* The axes of a Squeeze or Unsqueeze, rising; `rank` is that of the larger side. */
static enum dsinfer_status get_axes(struct dsi_ir_builder *builder,
                                    const struct dsi_ir_layer *layer, bool is_squeeze,
                                    int64_t *axes, size_t *n_axes) {
    size_t rank = dsi_ir_get_rank(layer, 0);
    size_t i, k;

    *n_axes = 0;
    if (is_squeeze && layer->n_inputs == 1) { /* all of 1 */
        for (i = 0; i < rank; i++) {
            if (layer->inputs[0].shape.dims[i] == 1) {
                axes[(*n_axes)++] = (int64_t)i;
            }
        }
        return DSINFER_OK;
    }
    if (!dsi_ir_get_input_ints(&builder->scope, layer, 1, DSI_MAX_RANK, axes, n_axes)) {
        return dsi_ir_fail_unsupported(builder, layer, "has no constant axes");
    }
    rank += is_squeeze ? 0 : *n_axes;
    for (i = 0; i < *n_axes; i++) {
        int64_t axis = axes[i] < 0 ? axes[i] + (int64_t)rank : axes[i];

        if (axis < 0 || axis >= (int64_t)rank) {
            return dsi_fail(builder->err, DSINFER_ERR_MALFORMED,
                            "layer '%s' (%s) speaks of axis %lld, but there are %zu", layer->name,
                            layer->type, (long long)axes[i], rank);
        }
        for (k = i; k > 0 && compare_axes(axes[k - 1], axis) > 0; k--) {
            axes[k] = axes[k - 1];
        }
        axes[k] = axis;
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_ir_add_squeeze(struct dsi_ir_builder *builder,
                                       const struct dsi_ir_layer *layer, bool is_squeeze,
                                       struct dsi_port *out) {
    const size_t rank = dsi_ir_get_rank(layer, 0);
    int64_t axes[DSI_MAX_RANK];
    enum dsinfer_status status;
    size_t n, i;

    status = get_axes(builder, layer, is_squeeze, axes, &n);
    if (status == DSINFER_OK) {
        status = dsi_ir_get_input(builder, layer, 0, DSI_IR_PLAIN, out);
    }
    for (i = 0; status == DSINFER_OK && i < n; i++) {
        const struct dsi_port in = *out;

        status =
            is_squeeze
                ? dsi_ir_squeeze(builder, layer->name, in, rank - i, (size_t)axes[n - 1 - i], out)
                : dsi_ir_expand(builder, layer->name, in, rank + i, (size_t)axes[i], out);
    }
    return status;
}
