/* What shape rules and runs have in common: checks with their sentences, and walking over strided
 * tensors. `input` is always the number of an input of the node.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_OPS_OP_UTIL_H
#define DSI_OPS_OP_UTIL_H

#include "runtime/ops/op.h"

/* Sets of types. */
#define DSI_TYPE_BIT(dtype) (1u << (dtype))
#define DSI_TYPES_FLOAT DSI_TYPE_BIT(DSI_DTYPE_F32)
#define DSI_TYPES_INDEX (DSI_TYPE_BIT(DSI_DTYPE_I32) | DSI_TYPE_BIT(DSI_DTYPE_I64))
#define DSI_TYPES_NUMBER (DSI_TYPES_FLOAT | DSI_TYPES_INDEX)
#define DSI_TYPES_ANY (DSI_TYPES_NUMBER | DSI_TYPE_BIT(DSI_DTYPE_BOOL))

/* The type of an input is in the set; fails with ERR_UNSUPPORTED. */
enum dsinfer_status dsi_op_check_type(const struct dsi_node *node,
                                      const struct dsi_value_info *inputs, size_t input,
                                      unsigned types, struct dsinfer_error *err);

/* An input has the type of input 0; fails with ERR_MALFORMED. */
enum dsinfer_status dsi_op_check_same_type(const struct dsi_node *node,
                                           const struct dsi_value_info *inputs, size_t input,
                                           struct dsinfer_error *err);

enum dsinfer_status dsi_op_check_rank(const struct dsi_node *node,
                                      const struct dsi_value_info *inputs, size_t input,
                                      size_t rank, struct dsinfer_error *err);
enum dsinfer_status dsi_op_check_shape(const struct dsi_node *node,
                                       const struct dsi_value_info *inputs, size_t input,
                                       const struct dsi_shape *needed, struct dsinfer_error *err);

/* float32 of exactly this shape. */
enum dsinfer_status dsi_op_check_floats(const struct dsi_node *node,
                                        const struct dsi_value_info *inputs, size_t input,
                                        const struct dsi_shape *needed, struct dsinfer_error *err);

/* The input follows from constants. */
enum dsinfer_status dsi_op_check_constant(const struct dsi_node *node,
                                          const struct dsi_value_info *inputs, size_t input,
                                          struct dsinfer_error *err);

/* The values of a constant integer input, scalar or vector of at most `capacity` elements. */
enum dsinfer_status dsi_op_get_ints(const struct dsi_node *node,
                                    const struct dsi_value_info *inputs, size_t input,
                                    size_t capacity, int64_t *values, size_t *n_values,
                                    struct dsinfer_error *err);

/* An axis of `rank` dimensions; negative ones count from the end. */
enum dsinfer_status dsi_op_get_axis(const struct dsi_node *node, int64_t axis, size_t rank,
                                    size_t *out, struct dsinfer_error *err);

/* Appends a dimension; fails with ERR_UNSUPPORTED when there are too many. */
enum dsinfer_status dsi_op_add_dim(const struct dsi_node *node, struct dsi_shape *shape,
                                   int64_t dim, struct dsinfer_error *err);

/* Makes this the one output. */
void dsi_op_set_output(struct dsi_op_shapes *shapes, enum dsi_dtype dtype,
                       const struct dsi_shape *shape);

/* Elements of a shape whose size has been checked, in total and from `first` to the last axis. */
size_t dsi_op_count(const struct dsi_shape *shape);
size_t dsi_op_count_from(const struct dsi_shape *shape, size_t first);

/* The precision of a weight of a fused node with k rows: what its attribute `precision` (enum
 * dsi_precision) asks for, float32 without one and where k is too large. */
enum dsi_precision dsi_op_get_precision(const struct dsi_node *node, size_t k);

/* The kernels for products with that weight of the call. */
const struct dsi_product *dsi_op_get_product(const struct dsi_op_call *call, size_t weight);

/* Whether columns of products with that weight of the call may be shared among its workers: with
 * the same results, and worth it. */
bool dsi_op_can_share(const struct dsi_op_call *call, size_t weight, size_t n);

/* The share of a worker in `n` columns or cells: from *first to *end, in multiples of 64 (but for
 * the end); empty where there are more workers than that. */
void dsi_op_get_share(size_t n, size_t worker, size_t n_workers, size_t *first, size_t *end);

/* C = A · B for all columns, B being that weight of the call, by all its workers and, where there
 * are many rows, some after the others: fills in b, prepared and columns. */
void dsi_op_multiply(const struct dsi_op_call *call, size_t weight, const struct dsi_gemm *gemm);

/* Makes C zero, so that a product without a bias starts from there. */
void dsi_op_clear(const struct dsi_gemm *gemm);

/* Strides, in elements, of a tensor in C order. */
void dsi_op_get_strides(const struct dsi_shape *shape, int64_t strides[DSI_MAX_RANK]);

/* A walk in C order over `rank` dimensions, row by row (a row is the last dimension), that keeps
 * the element offsets of two strided tensors. */
#define DSI_ROWS_MAX_RANK (2 * DSI_MAX_RANK)
struct dsi_rows {
    /* The caller's. */
    size_t rank;
    int64_t dims[DSI_ROWS_MAX_RANK];
    int64_t strides[2][DSI_ROWS_MAX_RANK];

    /* The walk's. */
    size_t n;          /* elements of a row; 1 for a scalar */
    int64_t steps[2];  /* from element to element in a row */
    int64_t starts[2]; /* offsets of the row's first element; the caller may preset them */
    int64_t index[DSI_ROWS_MAX_RANK];
};

/* Goes to the first row; false if there is none. */
bool dsi_rows_begin(struct dsi_rows *rows);
/* Goes to the next row; false after the last. */
bool dsi_rows_next(struct dsi_rows *rows);

/* Copies elements found with strides[0], of the size of `dtype`, to a tensor in C order. */
void dsi_rows_copy(struct dsi_rows *rows, enum dsi_dtype dtype, const void *from, void *to);

#endif
