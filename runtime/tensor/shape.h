/* Element types and shapes.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_TENSOR_SHAPE_H
#define DSI_TENSOR_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dsi_dtype {
    DSI_DTYPE_NONE = 0,
    DSI_DTYPE_F32,
    DSI_DTYPE_I32,
    DSI_DTYPE_I64,
    DSI_DTYPE_BOOL,  /* one byte, 0 or 1 */
    DSI_DTYPE_STRING /* constants only: the bytes of one string */
};

/* Bytes of an element; 0 for NONE and STRING. */
size_t dsi_dtype_get_size(enum dsi_dtype dtype);

/* "float32", "int32", …; never NULL. */
const char *dsi_dtype_get_name(enum dsi_dtype dtype);

#define DSI_MAX_RANK 6

/* A dimension of -1 is not known. */
struct dsi_shape {
    size_t rank; /* 0: a scalar */
    int64_t dims[DSI_MAX_RANK];
};

/* Convenience for tests and passes. */
struct dsi_shape dsi_shape_make(size_t rank, const int64_t *dims);
bool dsi_shape_is_equal(const struct dsi_shape *a, const struct dsi_shape *b);
bool dsi_shape_is_known(const struct dsi_shape *shape);

/* Number of elements (1 for a scalar); false on overflow, or where a dimension is not known. */
bool dsi_shape_count(const struct dsi_shape *shape, size_t *out);

/* Bytes of a tensor of this type and shape; false as above, and for STRING. */
bool dsi_shape_get_size(const struct dsi_shape *shape, enum dsi_dtype dtype, size_t *out);

/* Room for any shape as text. */
#define DSI_SHAPE_TEXT_SIZE 160

/* Writes "[16,?,26]" and returns `text`. */
const char *dsi_shape_print(const struct dsi_shape *shape, char text[DSI_SHAPE_TEXT_SIZE]);

#endif
