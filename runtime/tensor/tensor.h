/* Tensors: a type, a shape, and bytes somewhere else.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_TENSOR_TENSOR_H
#define DSI_TENSOR_TENSOR_H

#include "runtime/base/cursor.h"
#include "runtime/base/mapped_file.h"
#include "runtime/tensor/shape.h"
#include "runtime/tensor/stored.h"

/* A read-only view, little-endian, C order, at any alignment: a constant of a graph may lie
 * anywhere in a mapped file. Elements are read with dsi_tensor_get_* or copied with memcpy; those
 * of a constant that is stored otherwise only with dsi_stored_read. */
struct dsi_tensor {
    enum dsi_dtype dtype;
    struct dsi_shape shape;
    struct dsi_bytes bytes;                 /* borrowed; size fits dtype and shape */
    const struct dsi_mapped_file *file;     /* borrowed; the mapping that `bytes` lie in, or NULL */
    const struct dsi_stored_matrix *stored; /* borrowed; where not NULL, `bytes` are empty and this
                                               float32 matrix, its last dimension the columns, is
                                               the value */
};

/* Element `i` of an integer or bool tensor; the caller has checked the type and i < count. */
int64_t dsi_tensor_get_int(const struct dsi_tensor *tensor, size_t i);

/* Element `i` of a float tensor; the caller has checked the type and i < count. */
float dsi_tensor_get_float(const struct dsi_tensor *tensor, size_t i);

#endif
