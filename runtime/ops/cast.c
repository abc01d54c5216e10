/* Cast: a number as another type. Floats are cut towards zero; those that the integer type does not
 * hold, NaN included, become its smallest number, which is what x86 (and so TensorFlow there)
 * gives. SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/ops/op_list.h"

#include "runtime/base/error.h"
#include "runtime/ops/op_util.h"

static enum dsinfer_status infer_cast(const struct dsi_node *node,
                                      const struct dsi_value_info *inputs,
                                      struct dsi_op_shapes *shapes, struct dsinfer_error *err) {
    const enum dsi_dtype dtype = dsi_node_get_type(node, "DstT", DSI_DTYPE_NONE);

    if (!dsi_dtype_get_size(dtype)) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED, "node '%s': Cast to %s is not supported",
                        node->name, dsi_dtype_get_name(dtype));
    }
    dsi_op_set_output(shapes, dtype, &inputs[0].shape);
    return dsi_op_check_type(node, inputs, 0, DSI_TYPES_ANY, err);
}

static void cast_from_float(const struct dsi_tensor *from, enum dsi_dtype dtype, size_t i,
                            void *out) {
    const float value = dsi_tensor_get_float(from, i);

    switch (dtype) {
    case DSI_DTYPE_I32:
        ((int32_t *)out)[i] =
            value >= -2147483648.0f && value < 2147483648.0f ? (int32_t)value : INT32_MIN;
        break;
    case DSI_DTYPE_I64:
        ((int64_t *)out)[i] = value >= -9223372036854775808.0f && value < 9223372036854775808.0f
                                  ? (int64_t)value
                                  : INT64_MIN;
        break;
    case DSI_DTYPE_BOOL:
        ((uint8_t *)out)[i] = value != 0.0f;
        break;
    default:
        ((float *)out)[i] = value;
        break;
    }
}

static void cast_from_int(const struct dsi_tensor *from, enum dsi_dtype dtype, size_t i,
                          void *out) {
    const int64_t value = from->dtype == DSI_DTYPE_BOOL ? dsi_tensor_get_int(from, i) != 0
                                                        : dsi_tensor_get_int(from, i);

    switch (dtype) {
    case DSI_DTYPE_I32:
        ((int32_t *)out)[i] = (int32_t)(uint32_t)value;
        break;
    case DSI_DTYPE_I64:
        ((int64_t *)out)[i] = value;
        break;
    case DSI_DTYPE_BOOL:
        ((uint8_t *)out)[i] = value != 0;
        break;
    default:
        ((float *)out)[i] = (float)value;
        break;
    }
}

static enum dsinfer_status run_cast(const struct dsi_op_call *call, struct dsinfer_error *err) {
    const struct dsi_tensor *from = &call->inputs[0];
    const enum dsi_dtype dtype = call->shapes->outputs[0].dtype;
    const size_t n = dsi_op_count(&from->shape);
    size_t i;

    (void)err;
    for (i = 0; i < n; i++) {
        if (from->dtype == DSI_DTYPE_F32) {
            cast_from_float(from, dtype, i, call->outputs[0]);
        } else {
            cast_from_int(from, dtype, i, call->outputs[0]);
        }
    }
    return DSINFER_OK;
}

const struct dsi_op dsi_op_cast = {
    .name = "Cast",
    .min_inputs = 1,
    .max_inputs = 1,
    .infer = infer_cast,
    .run = run_cast,
};
