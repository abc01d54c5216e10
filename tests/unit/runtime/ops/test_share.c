/* ops: layers and LSTMs whose columns and cells several workers share, against one worker, and
 * layers of many rows against each row alone: equal to the bit.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/ops/op_util.h"

#include "runtime/base/alloc.h"
#include "runtime/base/cpu.h"
#include "runtime/exec/plan.h"
#include "tests/support/graph_builder.h"
#include "tests/support/rng.h"

#include <string.h>

#define T 3
#define MAX_N 3
#define WIDTH 40
#define MAX_CELLS 144
#define MAX_VALUES (T * MAX_N * MAX_CELLS)
#define MAX_ROWS 520 /* some more than two products take */

/* Of what is 64 columns wide or less there is nothing to share; 80 and 144 make shares of 64, 128
 * and 16; cells that are no multiple of 16 are computed by one worker. */
static const size_t widths[] = {20, 80, 100, MAX_CELLS};

static const enum dsi_kernel_level levels[] = {DSI_KERNELS_REFERENCE, DSI_KERNELS_PORTABLE,
                                               DSI_KERNELS_NATIVE};

static float w[(WIDTH + MAX_CELLS) * 4 * MAX_CELLS], w_dense[MAX_CELLS * MAX_CELLS];
static float b[4 * MAX_CELLS], x[T * MAX_N * WIDTH], h[MAX_N * MAX_CELLS], c[MAX_N * MAX_CELLS];
static float many_x[MAX_ROWS * WIDTH];

static void fill(float *values, size_t n, uint64_t seed) {
    struct test_rng rng = {seed};
    size_t i;

    for (i = 0; i < n; i++) {
        values[i] = test_rng_float(&rng);
    }
}

static int setup(void **state) {
    (void)state;
    fill(w, sizeof(w) / sizeof(w[0]), 1);
    fill(w_dense, sizeof(w_dense) / sizeof(w_dense[0]), 2);
    fill(b, sizeof(b) / sizeof(b[0]), 3);
    fill(x, sizeof(x) / sizeof(x[0]), 4);
    fill(h, sizeof(h) / sizeof(h[0]), 5);
    fill(c, sizeof(c) / sizeof(c[0]), 6);
    fill(many_x, sizeof(many_x) / sizeof(many_x[0]), 7);
    return 0;
}

/* An Lstm and a layer behind it, which is as wide. */
static void add_network(struct dsi_graph *graph, size_t n_cell, enum dsi_precision precision) {
    const int64_t cells = (int64_t)n_cell;
    struct dsi_port in = test_add_placeholder(graph, "x", DSI_DTYPE_F32);
    struct dsi_port in_h = test_add_placeholder(graph, "h", DSI_DTYPE_F32);
    struct dsi_port in_c = test_add_placeholder(graph, "c", DSI_DTYPE_F32);
    struct dsi_port lengths = test_add_placeholder(graph, "lengths", DSI_DTYPE_I32);
    struct dsi_port lstm = NODE(
        graph, "lstm", "Lstm", in, in_h, in_c,
        test_add_constant(graph, "w", DSI_DTYPE_F32, SHAPE(WIDTH + cells, 4 * cells), w,
                          (WIDTH + n_cell) * 4 * n_cell * sizeof(float)),
        test_add_constant(graph, "b", DSI_DTYPE_F32, SHAPE(4 * cells), b, 16 * n_cell), lengths);
    struct dsi_port layer = NODE(graph, "y", "Dense", lstm,
                                 test_add_constant(graph, "w2", DSI_DTYPE_F32, SHAPE(cells, cells),
                                                   w_dense, n_cell * n_cell * sizeof(float)));

    ATTRS(graph, lstm, ATTR_INT("precision", precision));
    ATTRS(graph, layer, ATTR_INT("precision", precision));
    INPUTS(graph, in, in_h, in_c, lengths);
    OUTPUTS(graph, layer, test_output_of(lstm, 1), test_output_of(lstm, 2),
            test_output_of(lstm, 3));
}

struct results {
    float y[MAX_VALUES], new_h[MAX_N * MAX_CELLS], new_c[MAX_N * MAX_CELLS], all_c[MAX_VALUES];
};

static void compute(const struct dsi_plan *plan, const struct dsi_shape *shapes, size_t n_workers,
                    const int32_t *lengths, struct results *results) {
    const void *const inputs[] = {x, h, c, lengths};
    void *const outputs[] = {results->y, results->new_h, results->new_c, results->all_c};
    struct dsi_pool *pool = NULL;
    struct dsi_run *run;
    int i;

    memset(results, 0, sizeof(*results));
    assert_int_equal(dsi_pool_create(n_workers, &pool, NULL), DSINFER_OK);
    assert_int_equal(dsi_run_create(plan, shapes, pool, &run, NULL), DSINFER_OK);
    for (i = 0; i < 2; i++) { /* nothing is left of the first time */
        assert_int_equal(dsi_run_execute(run, inputs, outputs, NULL), DSINFER_OK);
    }
    dsi_run_destroy(run);
    dsi_pool_destroy(pool);
}

static void check(const struct dsi_kernels *kernels, size_t n_cell, enum dsi_precision precision,
                  size_t n_streams) {
    static const int32_t lengths[][MAX_N] = {{T, T, T}, {0, 2, T}, {2, 0, 1}, {0, 0, 0}};
    static struct results one, shared;
    const int64_t n = (int64_t)n_streams, cells = (int64_t)n_cell;
    const struct dsi_shape shapes[] = {SHAPE(T, n, WIDTH), SHAPE(n, cells), SHAPE(n, cells),
                                       SHAPE(n)};
    struct dsi_graph graph;
    struct dsi_plan *plan;
    size_t i, n_workers;

    dsi_graph_init(&graph);
    add_network(&graph, n_cell, precision);
    assert_int_equal(dsi_plan_create(&graph, kernels, shapes, &plan, NULL), DSINFER_OK);
    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        compute(plan, shapes, 1, lengths[i], &one);
        for (n_workers = 2; n_workers <= 5; n_workers += 1 + (n_workers == 3)) {
            compute(plan, shapes, n_workers, lengths[i], &shared);
            assert_memory_equal(&shared, &one, sizeof(one));
        }
    }
    dsi_plan_destroy(plan);
    dsi_graph_finish(&graph);
}

static void any_number_of_workers_gives_the_same_bits(void **state) {
    struct dsi_kernels kernels;
    size_t i, k, n_streams;
    int precision;

    (void)state;
    for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        dsi_kernels_init(&kernels, levels[i], dsi_cpu_get_flags());
        for (k = 0; k < sizeof(widths) / sizeof(widths[0]); k++) {
            for (precision = 0; precision < DSI_N_PRECISIONS; precision++) {
                for (n_streams = 1; n_streams <= MAX_N; n_streams += MAX_N - 1) {
                    check(&kernels, widths[k], (enum dsi_precision)precision, n_streams);
                }
            }
        }
    }
}

static void compute_rows(const struct dsi_plan *plan, size_t first_row, size_t n_rows,
                         size_t n_workers, float *y) {
    const struct dsi_shape shape = SHAPE((int64_t)n_rows, WIDTH);
    const void *const inputs[] = {many_x + first_row * WIDTH};
    void *const outputs[] = {y};
    struct dsi_pool *pool = NULL;
    struct dsi_run *run;

    assert_int_equal(dsi_pool_create(n_workers, &pool, NULL), DSINFER_OK);
    assert_int_equal(dsi_run_create(plan, &shape, pool, &run, NULL), DSINFER_OK);
    assert_int_equal(dsi_run_execute(run, inputs, outputs, NULL), DSINFER_OK);
    dsi_run_destroy(run);
    dsi_pool_destroy(pool);
}

static void check_rows(const struct dsi_plan *plan, size_t n_rows) {
    static float alone[MAX_ROWS * MAX_CELLS], together[MAX_ROWS * MAX_CELLS];
    size_t i, n_workers;

    for (i = 0; i < n_rows; i++) {
        compute_rows(plan, i, 1, 1, alone + i * MAX_CELLS);
    }
    for (n_workers = 1; n_workers <= 2; n_workers++) {
        memset(together, 0, sizeof(together));
        compute_rows(plan, 0, n_rows, n_workers, together);
        assert_memory_equal(together, alone, n_rows * MAX_CELLS * sizeof(alone[0]));
    }
}

static void check_layer(const struct dsi_kernels *kernels, enum dsi_precision precision) {
    const struct dsi_shape shape = SHAPE(MAX_ROWS, WIDTH);
    struct dsi_graph graph;
    struct dsi_plan *plan;
    struct dsi_port in, layer;

    dsi_graph_init(&graph);
    in = test_add_placeholder(&graph, "x", DSI_DTYPE_F32);
    layer = NODE(&graph, "y", "Dense", in,
                 test_add_constant(&graph, "w", DSI_DTYPE_F32, SHAPE(WIDTH, MAX_CELLS), w_dense,
                                   WIDTH * MAX_CELLS * sizeof(float)));
    ATTRS(&graph, layer, ATTR_INT("precision", precision));
    INPUTS(&graph, in);
    OUTPUTS(&graph, layer);
    assert_int_equal(dsi_plan_create(&graph, kernels, &shape, &plan, NULL), DSINFER_OK);
    check_rows(plan, 257);
    check_rows(plan, MAX_ROWS);
    dsi_plan_destroy(plan);
    dsi_graph_finish(&graph);
}

static void many_rows_give_what_each_gives_alone(void **state) {
    struct dsi_kernels kernels;
    size_t i;
    int precision;

    (void)state;
    for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        dsi_kernels_init(&kernels, levels[i], dsi_cpu_get_flags());
        for (precision = 0; precision < DSI_N_PRECISIONS; precision++) {
            if (kernels.products[precision].is_batch_exact) {
                check_layer(&kernels, (enum dsi_precision)precision);
            }
        }
    }
}

/* Every column is in one share; shares begin at multiples of 64, and differ by one of them. */
static void shares_cover_everything_once(void **state) {
    size_t n, worker, n_workers;

    (void)state;
    for (n = 0; n < 700; n += 1 + n / 50) {
        for (n_workers = 1; n_workers <= 9; n_workers++) {
            size_t next = 0;

            for (worker = 0; worker < n_workers; worker++) {
                size_t first, end;

                dsi_op_get_share(n, worker, n_workers, &first, &end);
                assert_int_equal(first, next);
                assert_true(first <= end && end <= n);
                assert_true(first % 64 == 0 || first == n);
                assert_true(end - first <= 64 * (n / 64 / n_workers + 1));
                next = end;
            }
            assert_int_equal(next, n);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_workers_gives_the_same_bits),
        cmocka_unit_test(many_rows_give_what_each_gives_alone),
        cmocka_unit_test(shares_cover_everything_once),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
