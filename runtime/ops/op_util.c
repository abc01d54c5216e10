/* Checks with their sentences; the walk over rows.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/ops/op_util.h"

#include "runtime/base/error.h"

#include <inttypes.h>
#include <string.h>

/* Fewest columns that are worth a worker: two lines of a panel of weights in one byte each. */
#define SHARE ((size_t)64)

/* Most rows of one product, all of which pass by every few columns of weights: of 2048 inputs each,
 * the second cache holds them. */
#define MAX_ROWS ((size_t)256)

enum dsinfer_status dsi_op_check_type(const struct dsi_node *node,
                                      const struct dsi_value_info *inputs, size_t input,
                                      unsigned types, struct dsinfer_error *err) {
    if (!(types & DSI_TYPE_BIT(inputs[input].dtype))) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "node '%s': %s does not take an input %zu of type %s", node->name, node->op,
                        input, dsi_dtype_get_name(inputs[input].dtype));
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_op_check_same_type(const struct dsi_node *node,
                                           const struct dsi_value_info *inputs, size_t input,
                                           struct dsinfer_error *err) {
    if (inputs[input].dtype != inputs[0].dtype) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "node '%s': input %zu is %s, but input 0 is %s and they must be equal",
                        node->name, input, dsi_dtype_get_name(inputs[input].dtype),
                        dsi_dtype_get_name(inputs[0].dtype));
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_op_check_rank(const struct dsi_node *node,
                                      const struct dsi_value_info *inputs, size_t input,
                                      size_t rank, struct dsinfer_error *err) {
    char text[DSI_SHAPE_TEXT_SIZE];

    if (inputs[input].shape.rank != rank) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "node '%s': input %zu has shape %s, but %s needs %zu dimensions",
                        node->name, input, dsi_shape_print(&inputs[input].shape, text), node->op,
                        rank);
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_op_check_shape(const struct dsi_node *node,
                                       const struct dsi_value_info *inputs, size_t input,
                                       const struct dsi_shape *needed, struct dsinfer_error *err) {
    char found_text[DSI_SHAPE_TEXT_SIZE], needed_text[DSI_SHAPE_TEXT_SIZE];

    if (!dsi_shape_is_equal(&inputs[input].shape, needed)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "node '%s': input %zu has shape %s, but %s needs %s", node->name, input,
                        dsi_shape_print(&inputs[input].shape, found_text), node->op,
                        dsi_shape_print(needed, needed_text));
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_op_check_floats(const struct dsi_node *node,
                                        const struct dsi_value_info *inputs, size_t input,
                                        const struct dsi_shape *needed, struct dsinfer_error *err) {
    enum dsinfer_status status = dsi_op_check_type(node, inputs, input, DSI_TYPES_FLOAT, err);

    return status == DSINFER_OK ? dsi_op_check_shape(node, inputs, input, needed, err) : status;
}

enum dsinfer_status dsi_op_check_constant(const struct dsi_node *node,
                                          const struct dsi_value_info *inputs, size_t input,
                                          struct dsinfer_error *err) {
    if (!inputs[input].constant) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "node '%s': input %zu of %s must follow from constants, but is computed",
                        node->name, input, node->op);
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_op_get_ints(const struct dsi_node *node,
                                    const struct dsi_value_info *inputs, size_t input,
                                    size_t capacity, int64_t *values, size_t *n_values,
                                    struct dsinfer_error *err) {
    enum dsinfer_status status = dsi_op_check_constant(node, inputs, input, err);
    char text[DSI_SHAPE_TEXT_SIZE];
    size_t n, i;

    if (status == DSINFER_OK) {
        status = dsi_op_check_type(node, inputs, input, DSI_TYPES_INDEX, err);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    n = dsi_op_count(&inputs[input].shape);
    if (inputs[input].shape.rank > 1 || n > capacity) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "node '%s': input %zu has shape %s, but %s takes at most %zu numbers",
                        node->name, input, dsi_shape_print(&inputs[input].shape, text), node->op,
                        capacity);
    }
    for (i = 0; i < n; i++) {
        values[i] = dsi_tensor_get_int(inputs[input].constant, i);
    }
    *n_values = n;
    return DSINFER_OK;
}

enum dsinfer_status dsi_op_get_axis(const struct dsi_node *node, int64_t axis, size_t rank,
                                    size_t *out, struct dsinfer_error *err) {
    const int64_t limit = (int64_t)rank;

    if (axis < -limit || axis >= limit) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "node '%s': axis %" PRId64 " is not among %zu dimensions", node->name, axis,
                        rank);
    }
    *out = (size_t)(axis < 0 ? axis + limit : axis);
    return DSINFER_OK;
}

enum dsinfer_status dsi_op_add_dim(const struct dsi_node *node, struct dsi_shape *shape,
                                   int64_t dim, struct dsinfer_error *err) {
    if (shape->rank >= DSI_MAX_RANK) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "node '%s': the result of %s has more than %d dimensions", node->name,
                        node->op, DSI_MAX_RANK);
    }
    shape->dims[shape->rank++] = dim;
    return DSINFER_OK;
}

void dsi_op_set_output(struct dsi_op_shapes *shapes, enum dsi_dtype dtype,
                       const struct dsi_shape *shape) {
    shapes->n_outputs = 1;
    shapes->outputs[0].dtype = dtype;
    shapes->outputs[0].shape = *shape;
}

size_t dsi_op_count_from(const struct dsi_shape *shape, size_t first) {
    size_t count = 1;
    size_t i;

    for (i = first; i < shape->rank; i++) {
        count *= (size_t)shape->dims[i];
    }
    return count;
}

size_t dsi_op_count(const struct dsi_shape *shape) {
    return dsi_op_count_from(shape, 0);
}

enum dsi_precision dsi_op_get_precision(const struct dsi_node *node, size_t k) {
    const int64_t precision = dsi_node_get_int(node, "precision", DSI_PRECISION_F32);

    if (precision < 0 || precision >= DSI_N_PRECISIONS ||
        (precision == DSI_PRECISION_INT8 && k > DSI_INT8_MAX_K)) {
        return DSI_PRECISION_F32;
    }
    return (enum dsi_precision)precision;
}

const struct dsi_product *dsi_op_get_product(const struct dsi_op_call *call, size_t weight) {
    return &call->kernels->products[call->shapes->weights[weight].precision];
}

bool dsi_op_can_share(const struct dsi_op_call *call, size_t weight, size_t n) {
    return call->pool && n > SHARE && dsi_op_get_product(call, weight)->is_batch_exact;
}

void dsi_op_get_share(size_t n, size_t worker, size_t n_workers, size_t *first, size_t *end) {
    const size_t n_pieces = (n + SHARE - 1) / SHARE;

    *first = n_pieces * worker / n_workers * SHARE;
    *end = n_pieces * (worker + 1) / n_workers * SHARE;
    *end = *end < n ? *end : n;
    *first = *first < *end ? *first : *end;
}

/* A product whose columns are shared. */
struct shared_product {
    const struct dsi_product *product;
    const struct dsi_gemm *gemm;
};

static void multiply_share(void *argument, size_t worker, size_t n_workers) {
    const struct shared_product *shared = argument;
    struct dsi_gemm gemm = *shared->gemm;
    size_t end;

    dsi_op_get_share(gemm.n, worker, n_workers, &gemm.first_column, &end);
    gemm.n_columns = end - gemm.first_column;
    if (gemm.n_columns) {
        shared->product->gemm(&gemm);
    }
}

void dsi_op_multiply(const struct dsi_op_call *call, size_t weight, const struct dsi_gemm *gemm) {
    const struct dsi_product *product = dsi_op_get_product(call, weight);
    struct dsi_pool *pool = dsi_op_can_share(call, weight, gemm->n) ? call->pool : NULL;
    struct dsi_gemm part = *gemm;
    struct shared_product shared = {product, &part};
    size_t n_parts = (gemm->m + MAX_ROWS - 1) / MAX_ROWS;
    size_t row = 0;

    part.b = call->weights[weight];
    part.prepared = call->prepared;
    for (; n_parts > 0; n_parts--) {
        part.m = (gemm->m - row + n_parts - 1) / n_parts;
        part.a = gemm->a + row * gemm->a_stride;
        part.c = gemm->c + row * gemm->c_stride;
        if (product->prepare) {
            product->prepare(&part);
        }
        dsi_pool_run(pool, multiply_share, &shared);
        row += part.m;
    }
}

void dsi_op_clear(const struct dsi_gemm *gemm) {
    size_t i;

    for (i = 0; i < gemm->m; i++) {
        memset(gemm->c + i * gemm->c_stride, 0, gemm->n * sizeof(*gemm->c));
    }
}

void dsi_op_get_strides(const struct dsi_shape *shape, int64_t strides[DSI_MAX_RANK]) {
    size_t i;

    for (i = 0; i < shape->rank; i++) {
        strides[i] = (int64_t)dsi_op_count_from(shape, i + 1);
    }
}

bool dsi_rows_begin(struct dsi_rows *rows) {
    size_t i;

    rows->n = 1;
    for (i = 0; i < rows->rank; i++) {
        if (rows->dims[i] == 0) {
            return false;
        }
        rows->index[i] = 0;
    }
    if (rows->rank) {
        rows->n = (size_t)rows->dims[rows->rank - 1];
        rows->steps[0] = rows->strides[0][rows->rank - 1];
        rows->steps[1] = rows->strides[1][rows->rank - 1];
    }
    return true;
}

bool dsi_rows_next(struct dsi_rows *rows) {
    size_t i = rows->rank ? rows->rank - 1 : 0;

    while (i-- > 0) {
        rows->starts[0] += rows->strides[0][i];
        rows->starts[1] += rows->strides[1][i];
        if (++rows->index[i] < rows->dims[i]) {
            return true;
        }
        rows->starts[0] -= rows->strides[0][i] * rows->dims[i];
        rows->starts[1] -= rows->strides[1][i] * rows->dims[i];
        rows->index[i] = 0;
    }
    return false;
}

void dsi_rows_copy(struct dsi_rows *rows, enum dsi_dtype dtype, const void *from, void *to) {
    const size_t size = dsi_dtype_get_size(dtype);
    const char *source = from;
    char *target = to;
    bool has_row;
    size_t i;

    for (has_row = dsi_rows_begin(rows); has_row; has_row = dsi_rows_next(rows)) {
        const int64_t stride = rows->steps[0] * (int64_t)size;
        const char *row = source + rows->starts[0] * (int64_t)size;

        if (rows->steps[0] == 1) {
            memcpy(target, row, rows->n * size);
        } else if (size == 4) {
            for (i = 0; i < rows->n; i++) {
                memcpy(target + i * 4, row + (int64_t)i * stride, 4);
            }
        } else {
            for (i = 0; i < rows->n; i++) {
                memcpy(target + i * size, row + (int64_t)i * stride, size);
            }
        }
        target += rows->n * size;
    }
}
