/* exec: runs, their shapes, their memory, and where outputs go.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/exec/plan.h"

#include "runtime/base/alloc.h"
#include "runtime/base/cpu.h"
#include "tests/support/graph_builder.h"
#include "tests/support/rng.h"

#include <stdio.h>
#include <stdlib.h>
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

static void open_run(const struct dsi_shape *shapes, struct dsi_plan **plan, struct dsi_run **run) {
    struct dsinfer_error err = {0};
    struct dsi_kernels kernels;

    dsi_kernels_init(&kernels, DSI_KERNELS_REFERENCE, 0);
    if (dsi_plan_create(&graph, &kernels, shapes, plan, &err) != DSINFER_OK ||
        dsi_run_create(*plan, shapes, NULL, run, &err) != DSINFER_OK) {
        fail_msg("%s", err.message);
    }
}

static void close_run(struct dsi_plan *plan, struct dsi_run *run) {
    dsi_run_destroy(run);
    dsi_plan_destroy(plan);
}

/* The fused network in small: windows [N,T,3,2], h and c [N,4] -> logits [T,N,5], new h, new c. */
enum { MAX_N = 3, MAX_T = 7, WINDOW = 6, CELL = 4, LABELS = 5 };

static struct dsi_port add_random(const char *name, struct dsi_shape shape, uint64_t seed) {
    float values[256];
    struct test_rng rng = {seed};
    size_t n, i;

    assert_true(dsi_shape_count(&shape, &n) && n <= 256);
    for (i = 0; i < n; i++) {
        values[i] = test_rng_float(&rng);
    }
    return test_add_constant(&graph, name, DSI_DTYPE_F32, shape, values, n * sizeof(float));
}

static void add_network(void) {
    struct dsi_port x = test_add_placeholder(&graph, "x", DSI_DTYPE_F32);
    struct dsi_port h = test_add_placeholder(&graph, "h", DSI_DTYPE_F32);
    struct dsi_port c = test_add_placeholder(&graph, "c", DSI_DTYPE_F32);
    struct dsi_port turned =
        NODE(&graph, "turned", "Transpose", x, I32(&graph, "perm", SHAPE(4), 1, 0, 2, 3));
    struct dsi_port flat =
        NODE(&graph, "flat", "Reshape", turned, I32(&graph, "to", SHAPE(3), 0, 0, -1));
    struct dsi_port dense =
        NODE(&graph, "dense", "Dense", flat, add_random("w1", SHAPE(WINDOW, CELL), 1),
             add_random("b1", SHAPE(CELL), 2));
    struct dsi_port lstm =
        NODE(&graph, "lstm", "Lstm", dense, h, c, add_random("w2", SHAPE(2 * CELL, 4 * CELL), 3),
             add_random("b2", SHAPE(4 * CELL), 4));
    struct dsi_port last =
        NODE(&graph, "last", "Dense", lstm, add_random("w3", SHAPE(CELL, LABELS), 5),
             add_random("b3", SHAPE(LABELS), 6));
    struct dsi_port logits = NODE(&graph, "logits", "Identity", last);

    ATTRS(&graph, flat, ATTR_BOOL("special_zero", true));
    ATTRS(&graph, dense, ATTR_FLOAT("limit", 1.0f));
    INPUTS(&graph, x, h, c);
    OUTPUTS(&graph, logits, test_output_of(lstm, 1), test_output_of(lstm, 2));
}

struct values {
    float x[MAX_N * MAX_T * WINDOW], h[MAX_N * CELL], c[MAX_N * CELL];
    float logits[MAX_T * MAX_N * LABELS], new_h[MAX_N * CELL], new_c[MAX_N * CELL];
};

static void set_network_shapes(struct dsi_shape shapes[3], int64_t n, int64_t t) {
    shapes[0] = SHAPE(n, t, 3, 2);
    shapes[1] = SHAPE(n, CELL);
    shapes[2] = SHAPE(n, CELL);
}

static void execute(struct dsi_run *run, struct values *values) {
    const void *const in[] = {values->x, values->h, values->c};
    void *const out[] = {values->logits, values->new_h, values->new_c};

    assert_int_equal(dsi_run_execute(run, in, out, NULL), DSINFER_OK);
}

static void fill(struct values *values) {
    struct test_rng rng = {7};
    size_t i;

    memset(values, 0, sizeof(*values));
    for (i = 0; i < sizeof(values->x) / sizeof(float); i++) {
        values->x[i] = test_rng_float(&rng);
    }
    for (i = 0; i < MAX_N * CELL; i++) {
        values->h[i] = test_rng_float(&rng);
        values->c[i] = test_rng_float(&rng);
    }
}

static void smaller_shapes_give_what_a_run_of_that_size_gives(void **state) {
    struct dsi_shape shapes[3];
    struct dsi_plan *plan, *own_plan;
    struct dsi_run *run, *own_run;
    struct values got, expected;
    int64_t n, t;

    (void)state;
    add_network();
    fill(&got);
    set_network_shapes(shapes, MAX_N, MAX_T);
    open_run(shapes, &plan, &run);
    for (n = 0; n <= MAX_N; n++) {
        for (t = MAX_T; t >= 0; t--) {
            unsigned long n_allocations = dsi_alloc_get_count();
            enum dsi_dtype dtype;
            struct dsi_shape shape;
            const struct dsi_shape logits_shape = SHAPE(t, n, LABELS);

            set_network_shapes(shapes, n, t);
            assert_int_equal(dsi_run_set_shapes(run, shapes, NULL), DSINFER_OK);
            execute(run, &got);
            assert_int_equal(dsi_alloc_get_count(), n_allocations);
            dsi_run_get_output(run, 0, &dtype, &shape);
            assert_true(dsi_shape_is_equal(&shape, &logits_shape));
            fill(&expected);
            open_run(shapes, &own_plan, &own_run);
            execute(own_run, &expected);
            close_run(own_plan, own_run);
            assert_memory_equal(got.logits, expected.logits,
                                (size_t)(t * n) * LABELS * sizeof(float));
            assert_memory_equal(got.new_h, expected.new_h, (size_t)n * CELL * sizeof(float));
            assert_memory_equal(got.new_c, expected.new_c, (size_t)n * CELL * sizeof(float));
        }
    }
    close_run(plan, run);
}

static void a_plan_for_one_shape_runs_others(void **state) {
    struct dsi_shape shapes[3];
    struct dsi_kernels kernels;
    struct dsi_plan *plan;
    struct dsi_run *run;

    (void)state;
    add_network();
    dsi_kernels_init(&kernels, DSI_KERNELS_NATIVE, dsi_cpu_get_flags());
    set_network_shapes(shapes, 1, 1);
    assert_int_equal(dsi_plan_create(&graph, &kernels, shapes, &plan, NULL), DSINFER_OK);
    set_network_shapes(shapes, MAX_N, MAX_T);
    assert_int_equal(dsi_run_create(plan, shapes, NULL, &run, NULL), DSINFER_OK);
    close_run(plan, run);
}

static void shapes_that_do_not_fit_leave_the_run_as_it_was(void **state) {
    struct dsi_shape shapes[3];
    struct dsinfer_error err = {0};
    struct values before, after;
    struct dsi_plan *plan;
    struct dsi_run *run;

    (void)state;
    add_network();
    set_network_shapes(shapes, 2, 3);
    open_run(shapes, &plan, &run);
    fill(&before);
    execute(run, &before);
    set_network_shapes(shapes, 2, 4);
    assert_int_equal(dsi_run_set_shapes(run, shapes, &err), DSINFER_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "more memory"));
    set_network_shapes(shapes, 2, 3);
    shapes[1] = SHAPE(1, CELL);
    assert_int_equal(dsi_run_set_shapes(run, shapes, &err), DSINFER_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "node 'lstm'"));
    assert_int_equal(err.status, DSINFER_ERR_ARGUMENT);
    shapes[1] = SHAPE(-1, CELL);
    assert_int_equal(dsi_run_set_shapes(run, shapes, &err), DSINFER_ERR_ARGUMENT);
    fill(&after);
    execute(run, &after);
    assert_memory_equal(&before, &after, sizeof(before));
    close_run(plan, run);
}

/* y = x + range(length of x): the range was computed for one length. */
static void values_that_follow_from_a_shape_fix_it(void **state) {
    struct dsi_shape shape = SHAPE(4), shorter = SHAPE(3);
    struct dsi_port x = test_add_placeholder(&graph, "x", DSI_DTYPE_I32);
    struct dsi_port one = I32(&graph, "one", SHAPE(1), 1);
    struct dsi_port zero = I32(&graph, "zero", SHAPE(1), 0);
    struct dsi_port length =
        NODE(&graph, "length", "StridedSlice", NODE(&graph, "shape", "Shape", x), zero, one, one);
    struct dsi_port range = NODE(&graph, "range", "Range", I32(&graph, "start", SCALAR, 0), length,
                                 I32(&graph, "step", SCALAR, 1));
    const int32_t in[] = {10, 20, 30, 40};
    const void *ins[] = {in};
    int32_t out[4];
    void *outs[] = {out};
    struct dsinfer_error err = {0};
    struct dsi_plan *plan;
    struct dsi_run *run;

    (void)state;
    ATTRS(&graph, length, ATTR_INT("shrink_axis_mask", 1));
    INPUTS(&graph, x);
    OUTPUTS(&graph, NODE(&graph, "y", "Add", x, range));
    open_run(&shape, &plan, &run);
    assert_int_equal(dsi_plan_get_n_steps(plan), 1);
    assert_int_equal(dsi_run_execute(run, ins, outs, NULL), DSINFER_OK);
    assert_int_equal(out[3], 43);
    assert_int_equal(dsi_run_set_shapes(run, &shorter, &err), DSINFER_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "input 'x' must have shape [4]"));
    assert_int_equal(dsi_run_set_shapes(run, &shape, &err), DSINFER_OK);
    dsi_run_destroy(run);
    assert_int_equal(dsi_run_create(plan, &shorter, NULL, &run, &err), DSINFER_ERR_ARGUMENT);
    assert_null(run);
    dsi_plan_destroy(plan);
}

static void outputs_may_be_inputs_constants_and_twice_the_same(void **state) {
    const struct dsi_shape shapes[] = {SHAPE(2), SHAPE(1)};
    struct dsi_port x = test_add_placeholder(&graph, "x", DSI_DTYPE_F32);
    struct dsi_port unread = test_add_placeholder(&graph, "unread", DSI_DTYPE_F32);
    struct dsi_port relu = NODE(&graph, "relu", "Relu", x);
    struct dsi_port to = I32(&graph, "to", SHAPE(2), 2, 1);
    struct dsi_port view = NODE(&graph, "view", "Reshape", relu, to);
    struct dsi_port same = NODE(&graph, "same", "Identity", x);
    const float in[] = {-1.0f, 2.0f};
    const void *ins[] = {in, NULL};
    float a[2], b[2], c[2], d[2], e[2];
    int32_t f[2];
    void *outs[] = {a, b, c, d, e, f};
    void *fewer[] = {NULL, NULL, a, NULL, NULL, NULL};
    struct dsi_plan *plan;
    struct dsi_run *run;

    (void)state;
    INPUTS(&graph, x, unread);
    OUTPUTS(&graph, x, relu, view, relu, same, to);
    open_run(shapes, &plan, &run);
    assert_int_equal(dsi_run_execute(run, ins, outs, NULL), DSINFER_OK);
    assert_memory_equal(a, in, sizeof(in));
    assert_memory_equal(e, in, sizeof(in));
    assert_true(b[0] == 0.0f && b[1] == 2.0f);
    assert_memory_equal(c, b, sizeof(b));
    assert_memory_equal(d, b, sizeof(b));
    assert_true(f[0] == 2 && f[1] == 1);
    assert_int_equal(dsi_run_execute(run, ins, fewer, NULL), DSINFER_OK);
    assert_memory_equal(a, b, sizeof(b));
    close_run(plan, run);
}

static void an_input_that_is_read_must_be_given(void **state) {
    const struct dsi_shape shape = SHAPE(2);
    struct dsi_port x = test_add_placeholder(&graph, "x", DSI_DTYPE_F32);
    const void *ins[] = {NULL};
    float out[2];
    void *outs[] = {out};
    struct dsinfer_error err = {0};
    struct dsi_plan *plan;
    struct dsi_run *run;

    (void)state;
    INPUTS(&graph, x);
    OUTPUTS(&graph, NODE(&graph, "y", "Relu", x));
    open_run(&shape, &plan, &run);
    assert_int_equal(dsi_run_execute(run, ins, outs, &err), DSINFER_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "'x'"));
    close_run(plan, run);
}

/* first = x + 1 is written before second = x + x is computed. */
static void an_output_may_take_the_place_of_an_input(void **state) {
    const struct dsi_shape shape = SHAPE(2);
    struct dsi_port x = test_add_placeholder(&graph, "x", DSI_DTYPE_F32);
    struct dsi_port first = NODE(&graph, "first", "Add", x, F32(&graph, "one", SCALAR, 1.0f));
    struct dsi_port second = NODE(&graph, "second", "Add", x, x);
    float memory[] = {1.0f, 2.0f}, out[2];
    const void *ins[] = {memory};
    void *outs[] = {memory, out};
    struct dsi_plan *plan;
    struct dsi_run *run;

    (void)state;
    INPUTS(&graph, x);
    OUTPUTS(&graph, first, second);
    open_run(&shape, &plan, &run);
    assert_int_equal(dsi_run_execute(run, ins, outs, NULL), DSINFER_OK);
    assert_true(memory[0] == 2.0f && memory[1] == 3.0f);
    assert_true(out[0] == 2.0f && out[1] == 4.0f);
    close_run(plan, run);
}

/* A chain of 100 values of 100 MiB would be 10 GB, more than a run may have. */
static void memory_of_dead_values_is_used_again(void **state) {
    const struct dsi_shape shape = SHAPE(100 << 18);
    struct dsi_port y = test_add_placeholder(&graph, "x", DSI_DTYPE_F32);
    struct dsi_plan *plan;
    struct dsi_run *run;
    char name[16];
    int i;

    (void)state;
    INPUTS(&graph, y);
    for (i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "y%d", i);
        y = NODE(&graph, name, "Relu", y);
    }
    OUTPUTS(&graph, y);
    open_run(&shape, &plan, &run);
    close_run(plan, run);
}

static void memory_of_a_run_is_limited(void **state) {
    const struct dsi_shape shape = SHAPE(400 << 18);
    struct dsi_port x = test_add_placeholder(&graph, "x", DSI_DTYPE_F32);
    struct dsi_port sum = NODE(&graph, "y", "Relu", x);
    struct dsinfer_error err = {0};
    struct dsi_kernels kernels;
    struct dsi_plan *plan;
    struct dsi_run *run;
    struct dsi_port values[6];
    char name[16];
    int i;

    (void)state;
    INPUTS(&graph, x);
    for (i = 0; i < 6; i++) {
        snprintf(name, sizeof(name), "y%d", i);
        values[i] = NODE(&graph, name, "Relu", x);
    }
    for (i = 0; i < 6; i++) {
        snprintf(name, sizeof(name), "sum%d", i);
        sum = NODE(&graph, name, "Add", sum, values[i]);
    }
    OUTPUTS(&graph, sum);
    dsi_kernels_init(&kernels, DSI_KERNELS_REFERENCE, 0);
    assert_int_equal(dsi_plan_create(&graph, &kernels, &shape, &plan, &err), DSINFER_OK);
    assert_int_equal(dsi_run_create(plan, &shape, NULL, &run, &err), DSINFER_ERR_LIMIT);
    assert_non_null(strstr(err.message, "2147483648 bytes"));
    dsi_plan_destroy(plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(smaller_shapes_give_what_a_run_of_that_size_gives, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_plan_for_one_shape_runs_others, setup, teardown),
        cmocka_unit_test_setup_teardown(shapes_that_do_not_fit_leave_the_run_as_it_was, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(values_that_follow_from_a_shape_fix_it, setup, teardown),
        cmocka_unit_test_setup_teardown(outputs_may_be_inputs_constants_and_twice_the_same, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_input_that_is_read_must_be_given, setup, teardown),
        cmocka_unit_test_setup_teardown(an_output_may_take_the_place_of_an_input, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_of_dead_values_is_used_again, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_of_a_run_is_limited, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
