/* Checks of ops through a plan. Each takes the graph, the port whose value is wanted, and the
 * constants that are also tried as graph inputs: once everything is computed when the plan is made,
 * once when it runs.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_SUPPORT_OP_CHECK_H
#define TESTS_SUPPORT_OP_CHECK_H

#include "tests/support/graph_builder.h"

struct test_op {
    struct dsi_graph *graph;
    struct dsi_port port;
    struct dsi_port inputs[8]; /* constants of the graph */
    size_t n_inputs;
};

#define OP(graph, port, ...)                                                                       \
    &(const struct test_op) {                                                                      \
        graph, port, {__VA_ARGS__}, TEST_COUNT_OF(struct dsi_port, __VA_ARGS__)                    \
    }

/* Values of the port, compared to the bit. */
#define EXPECT_F32(op, shape, ...)                                                                 \
    test_expect(op, DSI_DTYPE_F32, shape, (const float[]){__VA_ARGS__},                            \
                sizeof((const float[]){__VA_ARGS__}), 0.0)
#define EXPECT_I32(op, shape, ...)                                                                 \
    test_expect(op, DSI_DTYPE_I32, shape, (const int32_t[]){__VA_ARGS__},                          \
                sizeof((const int32_t[]){__VA_ARGS__}), 0.0)
#define EXPECT_I64(op, shape, ...)                                                                 \
    test_expect(op, DSI_DTYPE_I64, shape, (const int64_t[]){__VA_ARGS__},                          \
                sizeof((const int64_t[]){__VA_ARGS__}), 0.0)
#define EXPECT_BOOL(op, shape, ...)                                                                \
    test_expect(op, DSI_DTYPE_BOOL, shape, (const uint8_t[]){__VA_ARGS__},                         \
                sizeof((const uint8_t[]){__VA_ARGS__}), 0.0)
#define EXPECT_EMPTY(op, dtype, shape) test_expect(op, dtype, shape, "", 0, 0.0)

/* Floats within `tolerance`, absolute and relative. */
#define EXPECT_NEAR(op, tolerance, shape, ...)                                                     \
    test_expect(op, DSI_DTYPE_F32, shape, (const float[]){__VA_ARGS__},                            \
                sizeof((const float[]){__VA_ARGS__}), tolerance)

void test_expect(const struct test_op *op, enum dsi_dtype dtype, struct dsi_shape shape,
                 const void *values, size_t size, double tolerance);

/* The plan is refused with that status and a sentence that contains `what`. */
void test_expect_refused(struct dsi_graph *graph, struct dsi_port port,
                         enum dsinfer_status expected, const char *what);

/* The plan is made, but the run fails with ERR_ARGUMENT and a sentence that contains `what`. */
void test_expect_run_fails(const struct test_op *op, const char *what);

#endif
