/* Matrices that a file stores otherwise than as float32 in C order: turned over, in other types, in
 * pieces.
 *
 * A constant of a graph may be one of these; then it counts as the float32 matrix that it stands
 * for, and only who reads its values (runtime/exec, while it packs them) sees how they are stored.
 * So a large weight is never in memory twice.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_TENSOR_STORED_H
#define DSI_TENSOR_STORED_H

#include "runtime/base/cursor.h"

enum dsi_stored_type {
    DSI_STORED_F32,
    DSI_STORED_F16,
    DSI_STORED_BF16,
    DSI_STORED_F64,
    DSI_STORED_I8,
    DSI_STORED_U8
};

/* Bytes of an element. */
size_t dsi_stored_type_get_size(enum dsi_stored_type type);

/* Rows row … row + n_rows - 1 and columns column … column + n_columns - 1. */
struct dsi_rectangle {
    size_t row, column, n_rows, n_columns;
};

/* A part of the matrix. Its element (r, c) is the stored element r * row_stride +
 * c * column_stride, one of the two strides being 1, and stands for
 * (stored - zeros[c]) * scales[c]. */
struct dsi_stored_block {
    struct dsi_rectangle place; /* in the matrix */
    enum dsi_stored_type type;
    struct dsi_bytes bytes; /* borrowed; at any alignment */
    size_t row_stride, column_stride;
    const float *zeros, *scales; /* borrowed; one for each column, or NULL: 0 and 1 */
};

/* Rows of the matrix as the kernels want them. */
struct dsi_stored_packed {
    size_t first_row, n_rows;
    int precision;          /* enum dsi_precision */
    struct dsi_bytes bytes; /* borrowed; at any alignment */
};

/* The blocks cover the matrix without overlap; or there are none, and only packed forms of it are
 * known. */
struct dsi_stored_matrix {
    size_t n_rows, n_columns;
    const struct dsi_stored_block *blocks; /* borrowed */
    size_t n_blocks;
    const struct dsi_stored_packed *packed; /* borrowed */
    size_t n_packed;
};

/* Writes a part of a matrix that has blocks as float32, rows `stride` floats apart. */
void dsi_stored_read(const struct dsi_stored_matrix *matrix, const struct dsi_rectangle *part,
                     float *out, size_t stride);

/* `n` elements in a row as float32. */
void dsi_stored_convert(enum dsi_stored_type type, const uint8_t *from, size_t n, float *out);

#endif
