/* Ops of one or two operands, element by element; two operands of different shapes are broadcast
 * (a dimension of 1, or one that is not there, is repeated). Integers wrap around.
 *
 * NaN: Minimum gives its first operand if that is NaN, Relu gives NaN for NaN.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/ops/op_list.h"

#include "runtime/base/error.h"
#include "runtime/ops/op_util.h"

#include <string.h>

/* out[i] = f(a[i·a_step], b[i·b_step]); a step is 0 or 1. */
typedef void (*row_function)(void *out, const void *a, int64_t a_step, const void *b,
                             int64_t b_step, size_t n);

/* A row function of x and y; a template over types is what C lacks. */
#define DEFINE_ROW(name, type, result_type, expression)                                            \
    static void name(void *out, const void *a, int64_t a_step, const void *b, int64_t b_step,      \
                     size_t n) {                                                                   \
        const type *as = a;                                                                        \
        const type *bs = b;                                                                        \
        result_type *results = out;                                                                \
        size_t i;                                                                                  \
                                                                                                   \
        for (i = 0; i < n; i++) {                                                                  \
            const type x = as[(int64_t)i * a_step];                                                \
            const type y = bs[(int64_t)i * b_step];                                                \
                                                                                                   \
            results[i] = (result_type)(expression);                                                \
        }                                                                                          \
    }

DEFINE_ROW(add_f32, float, float, x + y)
DEFINE_ROW(add_i32, int32_t, int32_t, (uint32_t)x + (uint32_t)y)
DEFINE_ROW(add_i64, int64_t, int64_t, (uint64_t)x + (uint64_t)y)
DEFINE_ROW(mul_f32, float, float, x *y)
DEFINE_ROW(mul_i32, int32_t, int32_t, (uint32_t)x *(uint32_t)y)
DEFINE_ROW(mul_i64, int64_t, int64_t, (uint64_t)x *(uint64_t)y)
DEFINE_ROW(minimum_f32, float, float, y < x ? y : x)
DEFINE_ROW(minimum_i32, int32_t, int32_t, y < x ? y : x)
DEFINE_ROW(minimum_i64, int64_t, int64_t, y < x ? y : x)
DEFINE_ROW(less_f32, float, uint8_t, x < y)
DEFINE_ROW(less_i32, int32_t, uint8_t, x < y)
DEFINE_ROW(less_i64, int64_t, uint8_t, x < y)

struct row_functions {
    row_function f32, i32, i64;
};

/* Dimension `i` of `rank`, counted from the front, of a shape with fewer dimensions in front. */
static int64_t get_broadcast_dim(const struct dsi_shape *shape, size_t rank, size_t i) {
    const size_t missing = rank - shape->rank;

    return i < missing ? 1 : shape->dims[i - missing];
}

static enum dsinfer_status infer_binary(const struct dsi_node *node,
                                        const struct dsi_value_info *inputs,
                                        struct dsi_op_shapes *shapes, struct dsinfer_error *err) {
    const struct dsi_shape *a = &inputs[0].shape, *b = &inputs[1].shape;
    struct dsi_shape shape = {.rank = a->rank > b->rank ? a->rank : b->rank};
    char a_text[DSI_SHAPE_TEXT_SIZE], b_text[DSI_SHAPE_TEXT_SIZE];
    enum dsinfer_status status = dsi_op_check_type(node, inputs, 0, DSI_TYPES_NUMBER, err);
    size_t i;

    if (status == DSINFER_OK) {
        status = dsi_op_check_same_type(node, inputs, 1, err);
    }
    for (i = 0; status == DSINFER_OK && i < shape.rank; i++) {
        const int64_t a_dim = get_broadcast_dim(a, shape.rank, i);
        const int64_t b_dim = get_broadcast_dim(b, shape.rank, i);

        if (a_dim != b_dim && a_dim != 1 && b_dim != 1) {
            status = dsi_fail(err, DSINFER_ERR_MALFORMED,
                              "node '%s': shapes %s and %s do not go together", node->name,
                              dsi_shape_print(a, a_text), dsi_shape_print(b, b_text));
        }
        shape.dims[i] = a_dim == 1 ? b_dim : a_dim;
    }
    if (status == DSINFER_OK) {
        dsi_op_set_output(shapes, inputs[0].dtype, &shape);
    }
    return status;
}

static enum dsinfer_status infer_less(const struct dsi_node *node,
                                      const struct dsi_value_info *inputs,
                                      struct dsi_op_shapes *shapes, struct dsinfer_error *err) {
    enum dsinfer_status status = infer_binary(node, inputs, shapes, err);

    shapes->outputs[0].dtype = DSI_DTYPE_BOOL;
    return status;
}

static enum dsinfer_status infer_bias_add(const struct dsi_node *node,
                                          const struct dsi_value_info *inputs,
                                          struct dsi_op_shapes *shapes, struct dsinfer_error *err) {
    const struct dsi_attr *format = dsi_node_find_attr(node, "data_format");
    const struct dsi_shape *x = &inputs[0].shape;
    struct dsi_shape bias = {.rank = 1};
    enum dsinfer_status status;

    if (format && format->kind == DSI_ATTR_STRING && format->u.bytes.size == 4 &&
        memcmp(format->u.bytes.data, "NCHW", 4) == 0) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "node '%s': BiasAdd in the format NCHW is not supported", node->name);
    }
    if (x->rank == 0) {
        return dsi_op_check_rank(node, inputs, 0, 2, err);
    }
    bias.dims[0] = x->dims[x->rank - 1];
    status = dsi_op_check_shape(node, inputs, 1, &bias, err);
    return status == DSINFER_OK ? infer_binary(node, inputs, shapes, err) : status;
}

/* Strides, in elements, that repeat what is broadcast. */
static void set_broadcast_strides(struct dsi_rows *rows, size_t which,
                                  const struct dsi_shape *shape) {
    const size_t missing = rows->rank - shape->rank;
    int64_t strides[DSI_MAX_RANK];
    size_t i;

    dsi_op_get_strides(shape, strides);
    for (i = 0; i < shape->rank; i++) {
        rows->strides[which][missing + i] = shape->dims[i] == 1 ? 0 : strides[i];
    }
}

static void run_binary(const struct dsi_op_call *call, const struct row_functions *functions) {
    const struct dsi_tensor *a = &call->inputs[0], *b = &call->inputs[1];
    const struct dsi_shape *shape = &call->shapes->outputs[0].shape;
    const int64_t size = (int64_t)dsi_dtype_get_size(a->dtype);
    const size_t out_size = dsi_dtype_get_size(call->shapes->outputs[0].dtype);
    const row_function function = a->dtype == DSI_DTYPE_F32   ? functions->f32
                                  : a->dtype == DSI_DTYPE_I32 ? functions->i32
                                                              : functions->i64;
    struct dsi_rows rows = {.rank = shape->rank};
    char *out = call->outputs[0];
    bool has_row;

    memcpy(rows.dims, shape->dims, shape->rank * sizeof(shape->dims[0]));
    set_broadcast_strides(&rows, 0, &a->shape);
    set_broadcast_strides(&rows, 1, &b->shape);
    for (has_row = dsi_rows_begin(&rows); has_row; has_row = dsi_rows_next(&rows)) {
        function(out, a->bytes.data + rows.starts[0] * size, rows.steps[0],
                 b->bytes.data + rows.starts[1] * size, rows.steps[1], rows.n);
        out += rows.n * out_size;
    }
}

static enum dsinfer_status run_add(const struct dsi_op_call *call, struct dsinfer_error *err) {
    const struct row_functions functions = {add_f32, add_i32, add_i64};

    (void)err;
    run_binary(call, &functions);
    return DSINFER_OK;
}

static enum dsinfer_status run_mul(const struct dsi_op_call *call, struct dsinfer_error *err) {
    const struct row_functions functions = {mul_f32, mul_i32, mul_i64};

    (void)err;
    run_binary(call, &functions);
    return DSINFER_OK;
}

static enum dsinfer_status run_minimum(const struct dsi_op_call *call, struct dsinfer_error *err) {
    const struct row_functions functions = {minimum_f32, minimum_i32, minimum_i64};

    (void)err;
    run_binary(call, &functions);
    return DSINFER_OK;
}

static enum dsinfer_status run_less(const struct dsi_op_call *call, struct dsinfer_error *err) {
    const struct row_functions functions = {less_f32, less_i32, less_i64};

    (void)err;
    run_binary(call, &functions);
    return DSINFER_OK;
}

static enum dsinfer_status infer_relu(const struct dsi_node *node,
                                      const struct dsi_value_info *inputs,
                                      struct dsi_op_shapes *shapes, struct dsinfer_error *err) {
    dsi_op_set_output(shapes, inputs[0].dtype, &inputs[0].shape);
    return dsi_op_check_type(node, inputs, 0, DSI_TYPES_FLOAT, err);
}

static enum dsinfer_status run_relu(const struct dsi_op_call *call, struct dsinfer_error *err) {
    const float *x = (const void *)call->inputs[0].bytes.data;
    const size_t n = dsi_op_count(&call->inputs[0].shape);
    float *out = call->outputs[0];
    size_t i;

    (void)err;
    for (i = 0; i < n; i++) {
        out[i] = x[i] < 0.0f ? 0.0f : x[i];
    }
    return DSINFER_OK;
}

#define BINARY_OP(text, infer_function, run_function)                                              \
    { .name = text, .min_inputs = 2, .max_inputs = 2, .infer = infer_function, .run = run_function }

const struct dsi_op dsi_op_add = BINARY_OP("Add", infer_binary, run_add);
const struct dsi_op dsi_op_add_v2 = BINARY_OP("AddV2", infer_binary, run_add);
const struct dsi_op dsi_op_bias_add = BINARY_OP("BiasAdd", infer_bias_add, run_add);
const struct dsi_op dsi_op_mul = BINARY_OP("Mul", infer_binary, run_mul);
const struct dsi_op dsi_op_minimum = BINARY_OP("Minimum", infer_binary, run_minimum);
const struct dsi_op dsi_op_less = BINARY_OP("Less", infer_less, run_less);
const struct dsi_op dsi_op_relu = {
    .name = "Relu", .min_inputs = 1, .max_inputs = 1, .infer = infer_relu, .run = run_relu};
