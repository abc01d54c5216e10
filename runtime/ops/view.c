/* Ops whose result is the input's bytes under another shape, and Shape, whose result is a shape.
 * Reshape has one addition to TensorFlow's: with the attribute "special_zero" a 0 in the target
 * stands for the input's dimension at that place, as in OpenVINO.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/ops/op_list.h"

#include "runtime/base/error.h"
#include "runtime/ops/op_util.h"

#include <inttypes.h>
#include <string.h>

static enum dsinfer_status infer_identity(const struct dsi_node *node,
                                          const struct dsi_value_info *inputs,
                                          struct dsi_op_shapes *shapes, struct dsinfer_error *err) {
    (void)node;
    (void)err;
    dsi_op_set_output(shapes, inputs[0].dtype, &inputs[0].shape);
    shapes->alias = 0;
    return DSINFER_OK;
}

const struct dsi_op dsi_op_identity = {
    .name = "Identity",
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = infer_identity,
};

/* A target of Reshape. */
struct target {
    struct dsi_shape shape; /* a dimension left open is 1 here */
    struct dsi_shape from;  /* the input's shape; dimensions that are copied are 1 here … */
    struct dsi_shape to;    /* … and so in this copy of the target */
    size_t open;            /* the dimension left open by -1, or the rank */
};

static enum dsinfer_status read_target(const struct dsi_node *node,
                                       const struct dsi_value_info *inputs, struct target *target,
                                       struct dsinfer_error *err) {
    const bool special_zero = dsi_node_get_bool(node, "special_zero", false);
    int64_t dims[DSI_MAX_RANK];
    size_t n = 0, i;
    enum dsinfer_status status = dsi_op_get_ints(node, inputs, 1, DSI_MAX_RANK, dims, &n, err);

    if (status == DSINFER_OK) {
        status = dsi_op_check_rank(node, inputs, 1, 1, err);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    target->shape = dsi_shape_make(n, dims);
    target->to = target->shape;
    target->from = inputs[0].shape;
    target->open = n;
    for (i = 0; i < n; i++) {
        if (dims[i] == 0 && special_zero && i < target->from.rank) {
            target->shape.dims[i] = target->from.dims[i];
            target->from.dims[i] = target->to.dims[i] = 1;
        } else if (dims[i] == -1 && target->open == n) {
            target->shape.dims[i] = target->to.dims[i] = 1;
            target->open = i;
        } else if (dims[i] < 0 || dims[i] > DSI_OP_MAX_DIM) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED,
                            "node '%s': dimension %zu of the new shape is %" PRId64, node->name, i,
                            dims[i]);
        }
    }
    return DSINFER_OK;
}

static enum dsinfer_status infer_reshape(const struct dsi_node *node,
                                         const struct dsi_value_info *inputs,
                                         struct dsi_op_shapes *shapes, struct dsinfer_error *err) {
    char from_text[DSI_SHAPE_TEXT_SIZE], to_text[DSI_SHAPE_TEXT_SIZE];
    struct target target;
    size_t wanted, count;
    enum dsinfer_status status = dsi_op_check_type(node, inputs, 0, DSI_TYPES_ANY, err);
    bool fits;

    if (status == DSINFER_OK) {
        status = read_target(node, inputs, &target, err);
    }
    if (status != DSINFER_OK) {
        return status;
    }

    /* Without the copied dimensions, so that those may be 0 while another is open. */
    wanted = dsi_op_count(&target.from);
    fits = dsi_shape_count(&target.to, &count);
    if (target.open < target.shape.rank) {
        fits = fits && count && wanted % count == 0;
        target.shape.dims[target.open] = fits ? (int64_t)(wanted / count) : -1;
    } else {
        fits = fits && count == wanted;
    }
    if (!fits) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED, "node '%s': shape %s cannot become %s",
                        node->name, dsi_shape_print(&inputs[0].shape, from_text),
                        dsi_shape_print(&target.shape, to_text));
    }
    dsi_op_set_output(shapes, inputs[0].dtype, &target.shape);
    shapes->alias = 0;
    return DSINFER_OK;
}

const struct dsi_op dsi_op_reshape = {
    .name = "Reshape",
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = infer_reshape,
};

static enum dsinfer_status infer_expand_dims(const struct dsi_node *node,
                                             const struct dsi_value_info *inputs,
                                             struct dsi_op_shapes *shapes,
                                             struct dsinfer_error *err) {
    struct dsi_shape shape = {0};
    enum dsinfer_status status;
    size_t axis = 0, n = 0;
    int64_t value = 0;
    size_t i;

    status = dsi_op_get_ints(node, inputs, 1, 1, &value, &n, err);
    if (status == DSINFER_OK && n != 1) {
        status = dsi_fail(err, DSINFER_ERR_MALFORMED, "node '%s': ExpandDims needs one axis",
                          node->name);
    }
    if (status == DSINFER_OK) {
        status = dsi_op_get_axis(node, value, inputs[0].shape.rank + 1, &axis, err);
    }
    for (i = 0; status == DSINFER_OK && i <= inputs[0].shape.rank; i++) {
        const int64_t dim = i == axis ? 1 : inputs[0].shape.dims[i < axis ? i : i - 1];

        status = dsi_op_add_dim(node, &shape, dim, err);
    }
    if (status == DSINFER_OK) {
        dsi_op_set_output(shapes, inputs[0].dtype, &shape);
        shapes->alias = 0;
    }
    return status;
}

const struct dsi_op dsi_op_expand_dims = {
    .name = "ExpandDims",
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = infer_expand_dims,
};

/* The axes in the attribute "squeeze_dims"; without any, all of size 1. */
static enum dsinfer_status infer_squeeze(const struct dsi_node *node,
                                         const struct dsi_value_info *inputs,
                                         struct dsi_op_shapes *shapes, struct dsinfer_error *err) {
    const struct dsi_attr *dims = dsi_node_find_attr(node, "squeeze_dims");
    const struct dsi_shape *from = &inputs[0].shape;
    const bool has_axes = dims && dims->kind == DSI_ATTR_INTS && dims->u.ints.n_values > 0;
    enum dsinfer_status status = DSINFER_OK;
    struct dsi_shape shape = {0};
    unsigned removed = 0;
    size_t axis = 0;
    size_t i;

    for (i = 0; has_axes && status == DSINFER_OK && i < dims->u.ints.n_values; i++) {
        status = dsi_op_get_axis(node, dims->u.ints.values[i], from->rank, &axis, err);
        if (status == DSINFER_OK && from->dims[axis] != 1) {
            status = dsi_fail(err, DSINFER_ERR_MALFORMED,
                              "node '%s': axis %zu of size %" PRId64 " cannot be removed",
                              node->name, axis, from->dims[axis]);
        }
        removed |= 1u << axis;
    }
    for (i = 0; status == DSINFER_OK && i < from->rank; i++) {
        if (has_axes ? !(removed >> i & 1) : from->dims[i] != 1) {
            shape.dims[shape.rank++] = from->dims[i];
        }
    }
    if (status == DSINFER_OK) {
        dsi_op_set_output(shapes, inputs[0].dtype, &shape);
        shapes->alias = 0;
    }
    return status;
}

const struct dsi_op dsi_op_squeeze = {
    .name = "Squeeze",
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = infer_squeeze,
};

static enum dsinfer_status infer_shape(const struct dsi_node *node,
                                       const struct dsi_value_info *inputs,
                                       struct dsi_op_shapes *shapes, struct dsinfer_error *err) {
    const struct dsi_shape shape = {.rank = 1, .dims = {(int64_t)inputs[0].shape.rank}};
    const enum dsi_dtype dtype = dsi_node_get_type(node, "out_type", DSI_DTYPE_I32);

    if (dtype != DSI_DTYPE_I32 && dtype != DSI_DTYPE_I64) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "node '%s': a shape of type %s is asked for, but int32 or int64 is needed",
                        node->name, dsi_dtype_get_name(dtype));
    }
    dsi_op_set_output(shapes, dtype, &shape);
    return DSINFER_OK;
}

static enum dsinfer_status run_shape(const struct dsi_op_call *call, struct dsinfer_error *err) {
    const struct dsi_shape *shape = &call->inputs[0].shape;
    size_t i;

    (void)err;
    if (call->shapes->outputs[0].dtype == DSI_DTYPE_I64) {
        memcpy(call->outputs[0], shape->dims, shape->rank * sizeof(shape->dims[0]));
    } else {
        int32_t *out = call->outputs[0];

        for (i = 0; i < shape->rank; i++) {
            out[i] = (int32_t)shape->dims[i];
        }
    }
    return DSINFER_OK;
}

const struct dsi_op dsi_op_shape = {
    .name = "Shape",
    .min_inputs = 1,
    .max_inputs = 1,
    .reads_shapes_only = true,
    .infer = infer_shape,
    .run = run_shape,
};
