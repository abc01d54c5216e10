/* Reading single elements at any alignment.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/tensor/tensor.h"

#include <assert.h>
#include <string.h>

int64_t dsi_tensor_get_int(const struct dsi_tensor *tensor, size_t i) {
    int32_t narrow;
    int64_t wide;

    assert((i + 1) * dsi_dtype_get_size(tensor->dtype) <= tensor->bytes.size);
    switch (tensor->dtype) {
    case DSI_DTYPE_I32:
        memcpy(&narrow, tensor->bytes.data + i * sizeof(narrow), sizeof(narrow));
        return narrow;
    case DSI_DTYPE_I64:
        memcpy(&wide, tensor->bytes.data + i * sizeof(wide), sizeof(wide));
        return wide;
    default:
        assert(tensor->dtype == DSI_DTYPE_BOOL);
        return tensor->bytes.data[i];
    }
}

float dsi_tensor_get_float(const struct dsi_tensor *tensor, size_t i) {
    float value;

    assert(tensor->dtype == DSI_DTYPE_F32 && (i + 1) * sizeof(value) <= tensor->bytes.size);
    memcpy(&value, tensor->bytes.data + i * sizeof(value), sizeof(value));
    return value;
}
