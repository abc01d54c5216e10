/* ops: BlockLSTM against numbers of a float64 twin in numpy, Lstm against BlockLSTM.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/cpu.h"
#include "runtime/exec/plan.h"
#include "tests/support/op_check.h"
#include "tests/support/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* T = 3, N = 2, I = 2, C = 2 */
static const float x_values[] = {1.75f,   0.375f,  0.125f, -1.875f, -0.25f,  -0.375f,
                                 -0.125f, -0.625f, -0.0f,  -0.5f,   -1.375f, 0.875f};
static const float cs_values[] = {0.875f, 1.75f, 0.0f, -0.375f};
static const float h_values[] = {-0.5f, -1.5f, 1.0f, -1.125f};
static const float w_values[] = {
    -1.125f, -0.25f, 1.5f,    0.25f,   -1.0f,   -0.75f,  0.625f, -0.125f, -0.75f,  -0.25f,  0.75f,
    2.0f,    -1.25f, -0.625f, -0.75f,  -2.375f, -0.875f, -1.0f,  1.125f,  -0.125f, -1.625f, 0.625f,
    -0.375f, -1.75f, -0.625f, -0.625f, -0.875f, 0.0f,    -2.25f, -0.25f,  1.0f,    0.875f};
static const float b_values[] = {-0.625f, -1.875f, 1.0f, 1.375f, -0.25f, 1.75f, -0.625f, 0.125f};

struct block {
    struct dsi_graph graph;
    struct dsi_port length, x, cs, h, w, b, wci, wcf, wco, block;
};

static void init_block(struct block *block, int64_t length) {
    struct dsi_graph *graph = &block->graph;

    dsi_graph_init(graph);
    block->length = I64(graph, "length", SCALAR, length);
    block->x =
        test_add_constant(graph, "x", DSI_DTYPE_F32, SHAPE(3, 2, 2), x_values, sizeof(x_values));
    block->cs =
        test_add_constant(graph, "cs", DSI_DTYPE_F32, SHAPE(2, 2), cs_values, sizeof(cs_values));
    block->h =
        test_add_constant(graph, "h", DSI_DTYPE_F32, SHAPE(2, 2), h_values, sizeof(h_values));
    block->w =
        test_add_constant(graph, "w", DSI_DTYPE_F32, SHAPE(4, 8), w_values, sizeof(w_values));
    block->b = test_add_constant(graph, "b", DSI_DTYPE_F32, SHAPE(8), b_values, sizeof(b_values));
    block->wci = F32(graph, "wci", SHAPE(2), 1.125f, 1.125f);
    block->wcf = F32(graph, "wcf", SHAPE(2), 1.5f, -1.125f);
    block->wco = F32(graph, "wco", SHAPE(2), 0.875f, -1.875f);
    block->block = NODE(graph, "block", "BlockLSTM", block->length, block->x, block->cs, block->h,
                        block->w, block->wci, block->wcf, block->wco, block->b);
}

#define EXPECT_BLOCK(b, output, ...)                                                               \
    EXPECT_NEAR(OP(&(b).graph, test_output_of((b).block, output), (b).length, (b).x, (b).cs,       \
                   (b).h, (b).wci, (b).wcf, (b).wco, (b).b),                                       \
                1e-6, SHAPE(3, 2, 2), __VA_ARGS__)

static void all_outputs_with_peepholes_and_a_clip(void **state) {
    struct block b;

    (void)state;
    init_block(&b, 2);
    ATTRS(&b.graph, b.block, ATTR_FLOAT("forget_bias", 0.5f), ATTR_FLOAT("cell_clip", 0.75f),
          ATTR_BOOL("use_peephole", true));
    EXPECT_BLOCK(b, 0, 0.373875823f, 0.731058579f, 0.615087856f, 0.103748627f, 0.633014971f,
                 0.242020015f, 0.665445563f, 0.0989240306f, 0.0f, 0.0f, 0.0f, 0.0f);
    EXPECT_BLOCK(b, 1, 0.75f, 0.75f, 0.587671931f, -0.473741229f, 0.75f, 0.75f, 0.75f,
                 -0.453987482f, 0.0f, 0.0f, 0.0f, 0.0f);
    EXPECT_BLOCK(b, 2, 0.971563967f, 0.230919763f, 0.966914022f, 0.99058741f, 0.83433946f,
                 0.877832081f, 0.928697141f, 0.971403203f, 0.0f, 0.0f, 0.0f, 0.0f);
    EXPECT_BLOCK(b, 3, 0.384912144f, 0.0558231411f, 0.468439003f, 0.937986869f, 0.524985997f,
                 0.319475128f, 0.478820092f, 0.843048186f, 0.0f, 0.0f, 0.0f, 0.0f);
    EXPECT_BLOCK(b, 4, 0.999819439f, 0.989559749f, 0.955427629f, -0.985757143f, 0.528284181f,
                 0.486862969f, 0.754896465f, 0.0627376852f, 0.0f, 0.0f, 0.0f, 0.0f);
    EXPECT_BLOCK(b, 5, 0.635148952f, 0.635148952f, 0.528219171f, -0.441217196f, 0.635148952f,
                 0.635148952f, 0.635148952f, -0.425171198f, 0.0f, 0.0f, 0.0f, 0.0f);
    EXPECT_BLOCK(b, 6, 0.244476545f, 0.0354560096f, 0.247438461f, -0.413855937f, 0.333444306f,
                 0.202914293f, 0.30412208f, -0.358439808f, 0.0f, 0.0f, 0.0f, 0.0f);
    dsi_graph_finish(&b.graph);
}

/* forget_bias 1, cell_clip 3, no peepholes */
static void attributes_have_the_defaults_of_tensorflow(void **state) {
    struct block b;

    (void)state;
    init_block(&b, 3);
    EXPECT_BLOCK(b, 1, 1.0032511f, 1.63724488f, 0.587671931f, -0.519625216f, 0.840283729f,
                 1.63350379f, 0.908420242f, -0.491879348f, 0.408629129f, 1.58755676f, 0.809295543f,
                 -0.334022211f);
    EXPECT_BLOCK(b, 6, 0.18698912f, 0.18019576f, 0.18229122f, -0.411307561f, 0.276946001f,
                 0.65439669f, 0.236791247f, -0.328258998f, 0.222537531f, 0.737892232f,
                 0.0481237358f, -0.0248260754f);
    dsi_graph_finish(&b.graph);
}

static void a_longest_length_out_of_range_is_refused(void **state) {
    struct block b;

    (void)state;
    init_block(&b, 4);
    test_expect_run_fails(OP(&b.graph, b.block, b.length),
                          "node 'block': the longest length is 4, but must be in 0 to 3");
    dsi_graph_finish(&b.graph);
    init_block(&b, -1);
    test_expect_run_fails(OP(&b.graph, b.block, b.length), "length is -1");
    dsi_graph_finish(&b.graph);
}

static void operands_are_checked(void **state) {
    struct block b;

    (void)state;
    init_block(&b, 3);
    test_expect_refused(&b.graph, NODE(&b.graph, "lstm", "Lstm", b.x, b.h, b.x, b.w, b.b),
                        DSINFER_ERR_MALFORMED, "node 'lstm': input 2 has shape [3,2,2]");
    test_expect_refused(&b.graph, NODE(&b.graph, "lstm2", "Lstm", b.x, b.h, b.cs, b.h, b.b),
                        DSINFER_ERR_MALFORMED,
                        "node 'lstm2': input 3 has shape [2,2], but Lstm needs [4,8]");
    test_expect_refused(&b.graph, NODE(&b.graph, "lstm3", "Lstm", b.x, b.h, b.cs, b.w, b.wci),
                        DSINFER_ERR_MALFORMED, "node 'lstm3': input 4 has shape [2]");
    test_expect_refused(&b.graph,
                        NODE(&b.graph, "lstm4", "Lstm", b.x, b.h, b.cs, b.w, b.b, b.length),
                        DSINFER_ERR_UNSUPPORTED, "'lstm4'");
    b.graph.nodes[b.block.node].inputs[6] = b.b;
    test_expect_refused(&b.graph, b.block, DSINFER_ERR_MALFORMED,
                        "node 'block': input 6 has shape [8], but BlockLSTM needs [2]");
    dsi_graph_finish(&b.graph);
}

/* A network of one Lstm or one BlockLSTM, with random weights, for up to T steps of N streams. */
enum { T = 5, I = 7, C = 19, MAX_N = 3 };

struct network {
    struct dsi_graph graph;
    struct dsi_plan *plan;
    struct dsi_run *run;
};

static void fill(float *values, size_t n, uint64_t seed) {
    struct test_rng rng = {seed};
    size_t i;

    for (i = 0; i < n; i++) {
        values[i] = test_rng_float(&rng);
    }
}

static void open_network(struct network *network, const char *op, int64_t n_streams,
                         enum dsi_kernel_level level) {
    static float w[(I + C) * 4 * C], b[4 * C], peephole[C];
    struct dsi_graph *graph = &network->graph;
    const struct dsi_shape shapes[] = {SHAPE(T, n_streams, I), SHAPE(n_streams, C),
                                       SHAPE(n_streams, C), SHAPE(n_streams)};
    const bool is_block = strcmp(op, "BlockLSTM") == 0;
    struct dsi_port x, h, c, lengths, weights, bias, zeros, longest, lstm;
    struct dsi_kernels kernels;

    fill(w, (I + C) * 4 * C, 1);
    fill(b, 4 * C, 2);
    dsi_graph_init(graph);
    x = test_add_placeholder(graph, "x", DSI_DTYPE_F32);
    h = test_add_placeholder(graph, "h", DSI_DTYPE_F32);
    c = test_add_placeholder(graph, "c", DSI_DTYPE_F32);
    lengths = test_add_placeholder(graph, "lengths", DSI_DTYPE_I32);
    weights = test_add_constant(graph, "w", DSI_DTYPE_F32, SHAPE(I + C, 4 * C), w, sizeof(w));
    bias = test_add_constant(graph, "b", DSI_DTYPE_F32, SHAPE(4 * C), b, sizeof(b));
    zeros = test_add_constant(graph, "zeros", DSI_DTYPE_F32, SHAPE(C), peephole, sizeof(peephole));
    longest = I64(graph, "longest", SCALAR, T);
    lstm = is_block ? NODE(graph, "lstm", op, longest, x, c, h, weights, zeros, zeros, zeros, bias)
                    : NODE(graph, "lstm", op, x, h, c, weights, bias, lengths);
    ATTRS(graph, lstm, ATTR_FLOAT("forget_bias", 1.0f), ATTR_FLOAT("cell_clip", 1.25f));
    INPUTS(graph, x, h, c, lengths);
    if (is_block) {
        OUTPUTS(graph, test_output_of(lstm, 6), test_output_of(lstm, 1));
    } else {
        OUTPUTS(graph, lstm, test_output_of(lstm, 1), test_output_of(lstm, 2));
    }
    dsi_kernels_init(&kernels, level, dsi_cpu_get_flags());
    assert_int_equal(dsi_plan_create(graph, &kernels, shapes, &network->plan, NULL), DSINFER_OK);
    assert_int_equal(dsi_run_create(network->plan, shapes, NULL, &network->run, NULL), DSINFER_OK);
}

static void close_network(struct network *network) {
    dsi_run_destroy(network->run);
    dsi_plan_destroy(network->plan);
    dsi_graph_finish(&network->graph);
}

struct values {
    float x[T * MAX_N * I], h[MAX_N * C], c[MAX_N * C];
    float y[T * MAX_N * C], new_h[MAX_N * C], new_c[MAX_N * C];
};

static void run_lstm(struct network *network, struct values *values, const int32_t *lengths) {
    const void *const in[] = {values->x, values->h, values->c, lengths};
    void *const out[] = {values->y, values->new_h, values->new_c};
    struct dsinfer_error err = {0};

    if (dsi_run_execute(network->run, in, out, &err) != DSINFER_OK) {
        fail_msg("%s", err.message);
    }
}

/* What the masking around a BlockLSTM makes of its outputs h and cs, [T,N,C]. */
static void check_stream(const struct values *got, const float *hs, const float *cs, size_t n,
                         size_t n_streams, int32_t length) {
    static const float zeros[C];
    const size_t last = ((size_t)length - 1) * n_streams + n;
    int32_t t;

    for (t = 0; t < T; t++) {
        const size_t row = (size_t)t * n_streams + n;

        test_assert_near(got->y + row * C, t < length ? hs + row * C : zeros, C,
                         t < length ? 2e-6 : 0.0, 0.0, "y");
    }
    if (length) {
        test_assert_near(got->new_h + n * C, hs + last * C, C, 2e-6, 0.0, "new_h");
        test_assert_near(got->new_c + n * C, cs + last * C, C, 2e-6, 2e-6, "new_c");
    } else {
        assert_memory_equal(got->new_h + n * C, got->h + n * C, C * sizeof(float));
        assert_memory_equal(got->new_c + n * C, got->c + n * C, C * sizeof(float));
    }
}

static void check_all_lengths(enum dsi_kernel_level level) {
    size_t n_streams, n;

    for (n_streams = 1; n_streams <= MAX_N; n_streams++) {
        static float hs[T * MAX_N * C], cs[T * MAX_N * C];
        struct network block, lstm;
        struct values values;
        int32_t lengths[MAX_N] = {0};
        const void *const in[] = {values.x, values.h, values.c, lengths};
        void *const out[] = {hs, cs};

        fill(values.x, T * n_streams * I, 3);
        fill(values.h, n_streams * C, 4);
        fill(values.c, n_streams * C, 5);
        open_network(&block, "BlockLSTM", (int64_t)n_streams, DSI_KERNELS_REFERENCE);
        open_network(&lstm, "Lstm", (int64_t)n_streams, level);
        assert_int_equal(dsi_run_execute(block.run, in, out, NULL), DSINFER_OK);
        while (lengths[n_streams - 1] <= T) {
            run_lstm(&lstm, &values, lengths);
            for (n = 0; n < n_streams; n++) {
                check_stream(&values, hs, cs, n, n_streams, lengths[n]);
            }
            lengths[0]++;
            for (n = 0; n + 1 < n_streams && lengths[n] > T; n++) {
                lengths[n] = 0;
                lengths[n + 1]++;
            }
        }
        close_network(&block);
        close_network(&lstm);
    }
}

static void lstm_is_block_lstm_with_its_masking_for_all_lengths(void **state) {
    (void)state;
    check_all_lengths(DSI_KERNELS_REFERENCE);
    check_all_lengths(DSI_KERNELS_PORTABLE);
    check_all_lengths(DSI_KERNELS_NATIVE);
}

static void check_that_nan_stays(enum dsi_kernel_level level) {
    const int32_t lengths[] = {T, 2, T};
    struct network lstm;
    struct values clean, dirty;
    size_t t, i;

    fill(clean.x, T * 3 * I, 3);
    fill(clean.h, 3 * C, 4);
    fill(clean.c, 3 * C, 5);
    dirty = clean;
    for (t = 0; t < T; t++) {
        for (i = 0; i < I; i++) {
            dirty.x[(t * 3 + 1) * I + i] = NAN;
        }
    }
    for (i = 0; i < C; i++) {
        dirty.h[C + i] = INFINITY;
    }
    open_network(&lstm, "Lstm", 3, level);
    run_lstm(&lstm, &clean, lengths);
    run_lstm(&lstm, &dirty, lengths);
    for (t = 0; t < T; t++) {
        assert_memory_equal(clean.y + t * 3 * C, dirty.y + t * 3 * C, C * sizeof(float));
        assert_memory_equal(clean.y + (t * 3 + 2) * C, dirty.y + (t * 3 + 2) * C,
                            C * sizeof(float));
    }
    assert_memory_equal(clean.new_c, dirty.new_c, C * sizeof(float));
    assert_memory_equal(clean.new_h + 2 * C, dirty.new_h + 2 * C, C * sizeof(float));
    assert_true(isnan(dirty.new_h[C]));
    close_network(&lstm);
}

static void nan_in_one_stream_stays_there(void **state) {
    (void)state;
    check_that_nan_stays(DSI_KERNELS_REFERENCE);
    check_that_nan_stays(DSI_KERNELS_PORTABLE);
    check_that_nan_stays(DSI_KERNELS_NATIVE);
}

static void the_new_state_may_take_the_place_of_the_old(void **state) {
    const int32_t lengths[] = {T, 0, 2};
    struct network lstm;
    struct values apart, same;
    const void *const in[] = {same.x, same.h, same.c, lengths};
    void *const out[] = {same.y, same.h, same.c};

    (void)state;
    fill(apart.x, T * 3 * I, 3);
    fill(apart.h, 3 * C, 4);
    fill(apart.c, 3 * C, 5);
    same = apart;
    open_network(&lstm, "Lstm", 3, DSI_KERNELS_NATIVE);
    run_lstm(&lstm, &apart, lengths);
    assert_int_equal(dsi_run_execute(lstm.run, in, out, NULL), DSINFER_OK);
    assert_memory_equal(apart.y, same.y, sizeof(same.y));
    assert_memory_equal(apart.new_h, same.h, sizeof(same.h));
    assert_memory_equal(apart.new_c, same.c, sizeof(same.c));
    close_network(&lstm);
}

static void lengths_out_of_range_are_refused(void **state) {
    int32_t lengths[] = {T, T + 1, 0};
    struct dsinfer_error err = {0};
    struct network lstm;
    struct values values;
    const void *const in[] = {values.x, values.h, values.c, lengths};
    void *const out[] = {NULL, NULL, NULL};

    (void)state;
    memset(&values, 0, sizeof(values));
    open_network(&lstm, "Lstm", 3, DSI_KERNELS_REFERENCE);
    assert_int_equal(dsi_run_execute(lstm.run, in, out, &err), DSINFER_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "node 'lstm': the length of stream 1 is 6"));
    lengths[1] = -2;
    assert_int_equal(dsi_run_execute(lstm.run, in, out, &err), DSINFER_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "is -2, but must be in 0 to 5"));
    lengths[1] = 3;
    assert_int_equal(dsi_run_execute(lstm.run, in, out, &err), DSINFER_OK);
    close_network(&lstm);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_outputs_with_peepholes_and_a_clip),
        cmocka_unit_test(attributes_have_the_defaults_of_tensorflow),
        cmocka_unit_test(a_longest_length_out_of_range_is_refused),
        cmocka_unit_test(operands_are_checked),
        cmocka_unit_test(lstm_is_block_lstm_with_its_masking_for_all_lengths),
        cmocka_unit_test(nan_in_one_stream_stays_there),
        cmocka_unit_test(the_new_state_may_take_the_place_of_the_old),
        cmocka_unit_test(lengths_out_of_range_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
