/* exec: weights that are kept in fewer bits.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/exec/plan_internal.h"

#include "runtime/base/alloc.h"
#include "runtime/base/cpu.h"
#include "runtime/ops/op_util.h"
#include "tests/support/graph_builder.h"
#include "tests/support/rng.h"

#include <math.h>
#include <string.h>

static struct dsi_graph graph;

static int setup(void **state) {
    (void)state;
    dsi_graph_init(&graph);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    dsi_graph_finish(&graph);
    return 0;
}

static void fill(float *values, size_t n, uint64_t seed) {
    struct test_rng rng = {seed};
    size_t i;

    for (i = 0; i < n; i++) {
        values[i] = test_rng_float(&rng);
    }
}

static struct dsi_plan *make_plan(enum dsi_kernel_level level, const struct dsi_shape *shapes) {
    struct dsinfer_error err = {0};
    struct dsi_plan *plan = NULL;
    struct dsi_kernels kernels;

    dsi_kernels_init(&kernels, level, dsi_cpu_get_flags());
    if (dsi_plan_create(&graph, &kernels, shapes, &plan, &err) != DSINFER_OK) {
        fail_msg("%s", err.message);
    }
    return plan;
}

static void execute(const struct dsi_plan *plan, const struct dsi_shape *shapes,
                    const void *const *inputs, void *const *outputs) {
    struct dsi_run *run;

    assert_int_equal(dsi_run_create(plan, shapes, NULL, &run, NULL), DSINFER_OK);
    assert_int_equal(dsi_run_execute(run, inputs, outputs, NULL), DSINFER_OK);
    dsi_run_destroy(run);
}

/* y = x · w + b by the kernels alone, all of w packed at once. */
static void multiply(const struct dsi_product *product, struct dsi_gemm gemm, const float *w) {
    const struct dsi_pack pack = {.k = gemm.k,
                                  .n = gemm.n,
                                  .n_rows = gemm.k,
                                  .n_columns = gemm.n,
                                  .rows = w,
                                  .row_stride = gemm.n * sizeof(float),
                                  .packed =
                                      dsi_malloc_aligned(product->get_packed_size(gemm.k, gemm.n))};

    assert_non_null(pack.packed);
    memset(pack.packed, 0, product->get_packed_size(gemm.k, gemm.n));
    if (product->measure) {
        product->measure(&pack);
    }
    product->pack(&pack);
    gemm.b = pack.packed;
    gemm.n_columns = gemm.n;
    if (product->prepare) {
        gemm.prepared = dsi_malloc_aligned(product->get_prepared_size(gemm.m, gemm.k));
        assert_non_null(gemm.prepared);
        product->prepare(&gemm);
    }
    product->gemm(&gemm);
    if (product->prepare) {
        dsi_free(gemm.prepared);
    }
    dsi_free(pack.packed);
}

/* 5 MiB of weights: packed in two slices, and measured in two. The largest of a column may be in
 * either. */
static void a_layer_computes_in_the_precision_it_asks_for(void **state) {
    enum { M = 2, K = 1300, N = 1024 };
    static const enum dsi_kernel_level levels[] = {DSI_KERNELS_REFERENCE, DSI_KERNELS_NATIVE};
    const struct dsi_shape shape = SHAPE(M, K);
    static float x[M * K], w[K * N], b[N], y[M * N], expected[M * N], y_f32[M * N];
    const void *inputs[] = {x};
    void *outputs[] = {y};
    struct dsi_port in = test_add_placeholder(&graph, "x", DSI_DTYPE_F32);
    struct dsi_port layer;
    size_t i;
    int precision;

    (void)state;
    fill(x, M * K, 1);
    fill(w, K * N, 2);
    fill(b, N, 3);
    layer = NODE(&graph, "y", "Dense", in,
                 test_add_constant(&graph, "w", DSI_DTYPE_F32, SHAPE(K, N), w, sizeof(w)),
                 test_add_constant(&graph, "b", DSI_DTYPE_F32, SHAPE(N), b, sizeof(b)));
    INPUTS(&graph, in);
    OUTPUTS(&graph, layer);
    for (i = 0; i < 2; i++) {
        for (precision = 0; precision < DSI_N_PRECISIONS; precision++) {
            struct dsi_plan *plan;
            struct dsi_plan_sizes sizes;
            struct dsi_kernels kernels;

            ATTRS(&graph, layer, ATTR_INT("precision", precision));
            plan = make_plan(levels[i], &shape);
            execute(plan, &shape, inputs, outputs);
            dsi_kernels_init(&kernels, levels[i], dsi_cpu_get_flags());
            multiply(&kernels.products[precision],
                     (struct dsi_gemm){.m = M,
                                       .n = N,
                                       .k = K,
                                       .a = x,
                                       .a_stride = K,
                                       .bias = b,
                                       .c = expected,
                                       .c_stride = N,
                                       .limit = INFINITY},
                     w);
            assert_memory_equal(y, expected, sizeof(y));
            dsi_plan_get_sizes(plan, &sizes);
            assert_int_equal(sizes.weights, kernels.products[precision].get_packed_size(K, N));
            if (precision == DSI_PRECISION_F32) {
                memcpy(y_f32, y, sizeof(y));
            } else {
                assert_memory_not_equal(y, y_f32, sizeof(y));
            }
            dsi_plan_destroy(plan);
        }
    }
}

/* The same matrix as float32 twice: with and without the precision of the layer. */
static void a_constant_may_be_kept_in_two_precisions(void **state) {
    const struct dsi_shape shape = SHAPE(1, 2);
    const float x[] = {1.0f, 0.0f};
    float y[2][2];
    const void *inputs[] = {x};
    void *outputs[] = {y[0], y[1]};
    struct dsi_port in = test_add_placeholder(&graph, "x", DSI_DTYPE_F32);
    struct dsi_port w = F32(&graph, "w", SHAPE(2, 2), 1.00390625f, 1.0f, 0.0f, 0.0f);
    struct dsi_port fine = NODE(&graph, "fine", "Dense", in, w);
    struct dsi_port rounded = NODE(&graph, "rounded", "Dense", in, w);
    struct dsi_plan *plan;

    (void)state;
    ATTRS(&graph, rounded, ATTR_INT("precision", DSI_PRECISION_BF16));
    INPUTS(&graph, in);
    OUTPUTS(&graph, fine, rounded);
    plan = make_plan(DSI_KERNELS_NATIVE, &shape);
    execute(plan, &shape, inputs, outputs);
    assert_true(y[0][0] == 1.00390625f && y[0][1] == 1.0f);
    assert_true(y[1][0] == 1.0f && y[1][1] == 1.0f); /* a tie, to even */
    dsi_plan_destroy(plan);
}

enum { ROWS = 300, COLUMNS = 40 };

/* Integers with a scale for each column, as int8 files have them, `is_turned` or not. */
struct integers {
    int8_t q[ROWS * COLUMNS], turned[ROWS * COLUMNS];
    float scales[COLUMNS];
    struct dsi_stored_block block;
    struct dsi_stored_matrix matrix;
};

static void init_integers(struct integers *integers, int largest, bool is_turned) {
    struct test_rng rng = {7};
    size_t i, j;

    for (j = 0; j < COLUMNS; j++) {
        integers->scales[j] = 0.006f + 0.005f * test_rng_float(&rng);
        for (i = 0; i < ROWS; i++) {
            const int q = i == j ? largest : (int)nearbyintf(test_rng_float(&rng) * (float)largest);

            integers->q[i * COLUMNS + j] = (int8_t)q;
            integers->turned[j * ROWS + i] = (int8_t)q;
        }
    }
    integers->block = (struct dsi_stored_block){
        .place = {0, 0, ROWS, COLUMNS},
        .type = DSI_STORED_I8,
        .bytes = {(const uint8_t *)(is_turned ? integers->turned : integers->q),
                  sizeof(integers->q)},
        .row_stride = is_turned ? 1 : COLUMNS,
        .column_stride = is_turned ? ROWS : 1,
        .scales = integers->scales,
    };
    integers->matrix = (struct dsi_stored_matrix){ROWS, COLUMNS, &integers->block, 1};
}

static struct dsi_port add_integer_layer(struct integers *integers, struct dsi_port in) {
    struct dsi_port w = test_add_node(&graph, "w", "Const", NULL, 0);
    struct dsi_port layer = NODE(&graph, "y", "Dense", in, w);

    graph.nodes[w.node].value = (struct dsi_tensor){
        .dtype = DSI_DTYPE_F32, .shape = SHAPE(ROWS, COLUMNS), .stored = &integers->matrix};
    ATTRS(&graph, layer, ATTR_INT("precision", DSI_PRECISION_INT8));
    INPUTS(&graph, in);
    OUTPUTS(&graph, layer);
    return layer;
}

/* Where the largest integer of every column is 127 in magnitude, which is what `convert --quantize
 * int8` and symmetric quantizers write, the kernels get the file's integers, and its scales but for
 * the last bit. */
static void integers_of_a_file_come_back(void **state) {
    const struct dsi_shape shape = SHAPE(1, ROWS);
    struct integers integers;
    int is_turned;

    (void)state;
    for (is_turned = 0; is_turned < 2; is_turned++) {
        const struct dsi_packed_weight *weight;
        const float *max;
        struct dsi_plan *plan;
        size_t i;

        init_integers(&integers, 127, is_turned);
        dsi_graph_finish(&graph);
        dsi_graph_init(&graph);
        add_integer_layer(&integers, test_add_placeholder(&graph, "x", DSI_DTYPE_F32));
        plan = make_plan(DSI_KERNELS_REFERENCE, &shape); /* whose layout is public */
        assert_int_equal(plan->n_weights, 1);
        weight = &plan->weights[0];
        max = weight->data;
        for (i = 0; i < COLUMNS; i++) {
            const float scale = max[i] / 127.0f;

            assert_true(fabsf(scale - integers.scales[i]) <=
                        nextafterf(integers.scales[i], 1.0f) - integers.scales[i]);
        }
        assert_memory_equal(max + COLUMNS, integers.q, sizeof(integers.q));
        dsi_plan_destroy(plan);
    }
}

/* Where it is less, the column gets a scale of its own: values move by half a step of it at most.
 */
static void integers_that_leave_room_are_rounded_anew(void **state) {
    const struct dsi_shape shape = SHAPE(1, ROWS);
    struct integers integers;
    struct dsi_plan *plan;
    const float *max;
    const int8_t *q;
    size_t i, j;

    (void)state;
    init_integers(&integers, 100, false);
    add_integer_layer(&integers, test_add_placeholder(&graph, "x", DSI_DTYPE_F32));
    plan = make_plan(DSI_KERNELS_REFERENCE, &shape);
    max = plan->weights[0].data;
    q = (const int8_t *)(max + COLUMNS);
    for (i = 0; i < ROWS; i++) {
        for (j = 0; j < COLUMNS; j++) {
            const float value = (float)integers.q[i * COLUMNS + j] * integers.scales[j];
            const float scale = max[j] / 127.0f;

            assert_true(fabsf((float)q[i * COLUMNS + j] * scale - value) <= 0.501f * scale);
        }
    }
    dsi_plan_destroy(plan);
}

/* The sum of so many products of two int8 could leave 32 bits. */
static void a_matrix_with_too_many_rows_stays_float(void **state) {
    static float w[DSI_INT8_MAX_K + 1];
    const struct dsi_shape shapes[] = {SHAPE(1, DSI_INT8_MAX_K + 1), SHAPE(1, DSI_INT8_MAX_K)};
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        const size_t k = (size_t)shapes[i].dims[1];
        struct dsi_port x, layer;
        struct dsi_plan *plan;

        dsi_graph_finish(&graph);
        dsi_graph_init(&graph);
        x = test_add_placeholder(&graph, "x", DSI_DTYPE_F32);
        layer = NODE(&graph, "y", "Dense", x,
                     test_add_constant(&graph, "w", DSI_DTYPE_F32, SHAPE((int64_t)k, 1), w,
                                       k * sizeof(float)));
        ATTRS(&graph, layer, ATTR_INT("precision", DSI_PRECISION_INT8));
        INPUTS(&graph, x);
        OUTPUTS(&graph, layer);
        plan = make_plan(DSI_KERNELS_REFERENCE, &shapes[i]);
        assert_int_equal(plan->weights[0].part.precision,
                         i == 0 ? DSI_PRECISION_F32 : DSI_PRECISION_INT8);
        dsi_plan_destroy(plan);
    }
}

/* A file may hold such a node and say what it likes. */
static void a_precision_that_is_none_counts_as_float(void **state) {
    static const int64_t wrong[] = {-1, DSI_N_PRECISIONS, INT64_MAX, INT64_MIN};
    struct dsi_port x = test_add_placeholder(&graph, "x", DSI_DTYPE_F32);
    struct dsi_port layer = NODE(&graph, "y", "Dense", x, F32(&graph, "w", SHAPE(1, 1), 1.0f));
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        ATTRS(&graph, layer, ATTR_INT("precision", wrong[i]));
        assert_int_equal(dsi_op_get_precision(&graph.nodes[layer.node], 1), DSI_PRECISION_F32);
    }
}

enum { T = 5, STREAMS = 2, WIDTH = 24, CELLS = 20 };

static struct dsi_port add_lstm(float *w, float *b, const struct dsi_shape *shapes) {
    struct dsi_port x = test_add_placeholder(&graph, "x", DSI_DTYPE_F32);
    struct dsi_port h = test_add_placeholder(&graph, "h", DSI_DTYPE_F32);
    struct dsi_port c = test_add_placeholder(&graph, "c", DSI_DTYPE_F32);
    struct dsi_port lstm;

    (void)shapes;
    fill(w, (WIDTH + CELLS) * 4 * CELLS, 5);
    fill(b, 4 * CELLS, 6);
    lstm = NODE(&graph, "lstm", "Lstm", x, h, c,
                test_add_constant(&graph, "w", DSI_DTYPE_F32, SHAPE(WIDTH + CELLS, 4 * CELLS), w,
                                  (WIDTH + CELLS) * 4 * CELLS * sizeof(float)),
                test_add_constant(&graph, "b", DSI_DTYPE_F32, SHAPE(4 * CELLS), b,
                                  4 * CELLS * sizeof(float)));
    INPUTS(&graph, x, h, c);
    OUTPUTS(&graph, lstm, test_output_of(lstm, 1), test_output_of(lstm, 2));
    return lstm;
}

/* bf16 is the float LSTM with rounded weights, and both halves of it are told apart. */
static void an_lstm_keeps_both_halves_rounded(void **state) {
    static float w[(WIDTH + CELLS) * 4 * CELLS], b[4 * CELLS];
    const struct dsi_shape shapes[] = {SHAPE(T, STREAMS, WIDTH), SHAPE(STREAMS, CELLS),
                                       SHAPE(STREAMS, CELLS)};
    static float x[T * STREAMS * WIDTH], h[STREAMS * CELLS], c[STREAMS * CELLS];
    static float y[2][T * STREAMS * CELLS], states[2][2][STREAMS * CELLS];
    const void *inputs[] = {x, h, c};
    struct dsi_plan_sizes sizes;
    struct dsi_kernels kernels;
    struct dsi_port lstm;
    size_t i, k;

    (void)state;
    fill(x, T * STREAMS * WIDTH, 8);
    fill(h, STREAMS * CELLS, 9);
    fill(c, STREAMS * CELLS, 10);
    dsi_kernels_init(&kernels, DSI_KERNELS_NATIVE, dsi_cpu_get_flags());
    lstm = add_lstm(w, b, shapes);
    for (i = 0; i < 2; i++) {
        void *outputs[] = {y[i], states[i][0], states[i][1]};
        struct dsi_plan *plan;

        ATTRS(&graph, lstm, ATTR_INT("precision", i ? DSI_PRECISION_F32 : DSI_PRECISION_BF16));
        plan = make_plan(DSI_KERNELS_NATIVE, shapes);
        execute(plan, shapes, inputs, outputs);
        if (i == 0) {
            const struct dsi_product *product = &kernels.products[DSI_PRECISION_BF16];

            dsi_plan_get_sizes(plan, &sizes);
            assert_int_equal(sizes.recurrent, product->get_packed_size(CELLS, 4 * CELLS));
            assert_int_equal(sizes.weights - sizes.recurrent,
                             product->get_packed_size(WIDTH, 4 * CELLS));
        }
        dsi_plan_destroy(plan);
        /* the weights of the second round: the nearest numbers of 8 bits */
        for (k = 0; k < sizeof(w) / sizeof(w[0]); k++) {
            int exponent;
            const float fraction = frexpf(w[k], &exponent);

            w[k] = ldexpf(nearbyintf(fraction * 256.0f) / 256.0f, exponent);
        }
        memcpy(
            (void *)(uintptr_t)graph.nodes[graph.nodes[lstm.node].inputs[3].node].value.bytes.data,
            w, sizeof(w));
    }
    test_assert_near(y[0], y[1], T * STREAMS * CELLS, 2e-5, 0.0, "y");
    test_assert_near(states[0][1], states[1][1], STREAMS * CELLS, 2e-5, 2e-5, "c");
}

static void every_failed_allocation_is_reported(void **state) {
    enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
    const struct dsi_shape shape = SHAPE(1, ROWS);
    struct dsi_kernels kernels;
    struct integers integers;
    long k;

    (void)state;
    init_integers(&integers, 127, true);
    add_integer_layer(&integers, test_add_placeholder(&graph, "x", DSI_DTYPE_F32));
    dsi_kernels_init(&kernels, DSI_KERNELS_NATIVE, dsi_cpu_get_flags());
    for (k = 0; status != DSINFER_OK; k++) {
        struct dsi_plan *plan = NULL;
        struct dsi_run *run = NULL;

        dsi_alloc_fail_after(k);
        status = dsi_plan_create(&graph, &kernels, &shape, &plan, NULL);
        if (status == DSINFER_OK) {
            status = dsi_run_create(plan, &shape, NULL, &run, NULL);
        }
        dsi_alloc_fail_after(-1);
        assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
        dsi_run_destroy(run);
        dsi_plan_destroy(plan);
    }
    assert_true(k > 15);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_layer_computes_in_the_precision_it_asks_for, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_constant_may_be_kept_in_two_precisions, setup, teardown),
        cmocka_unit_test_setup_teardown(integers_of_a_file_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(integers_that_leave_room_are_rounded_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(a_matrix_with_too_many_rows_stays_float, setup, teardown),
        cmocka_unit_test_setup_teardown(a_precision_that_is_none_counts_as_float, setup, teardown),
        cmocka_unit_test_setup_teardown(an_lstm_keeps_both_halves_rounded, setup, teardown),
        cmocka_unit_test_setup_teardown(every_failed_allocation_is_reported, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
