/* exec: the graphs of the genuine exporters, node by node as they are, give TensorFlow's numbers.
 * Tolerances: oracle/graphs/README.md.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/exec/plan.h"

#include "model/format.h"
#include "model/signature.h"
#include "runtime/base/cpu.h"
#include "tests/support/graph_builder.h"
#include "tests/support/npy.h"

#include <stdlib.h>
#include <string.h>

#define MAX_CELL 100
#define N_LABELS 29
#define N_STEPS 16

struct model {
    const char *folder, *file, *golden, *real;
    double logits_tolerance; /* 2e-5 of raw logits, 2e-6 of probabilities */
};

static const struct model models[] = {
    {"ds030-h64-s7", "output_graph.pb", "golden", "ds03.real", 2e-5},
    {"ds030-h64-s7", "output_graph.pbmm", "golden", "ds03.real", 2e-5},
    {"ds030-h64-s7", "output_graph.rounded.pb", "golden-rounded", "ds03.real", 2e-5},
    {"ds030-h64-s7", "output_graph.rounded.pbmm", "golden-rounded", "ds03.real", 2e-5},
    {"ds030-h100-s11", "output_graph.pb", "golden", "ds03.real", 2e-5},
    {"ds030-tf16-h64-s7", "output_graph.pb", "golden", "ds03.real", 2e-5},
    {"ds041-h40-s2", "output_graph.pb", "golden", "ds04.real", 2e-6},
    {"ds061-h40-s4", "output_graph.pb", "golden", "ds06.real", 2e-6},
    {"ds093-h64-s7", "output_graph.pb", "golden", "ds07.real", 2e-6},
    {"ds093-h64-s7", "output_graph.rounded.pbmm", "golden-rounded", "ds07.real", 2e-6},
};

struct network {
    const struct model *model;
    struct dsi_mapped_file file;
    struct dsi_graph graph;
    struct dsi_signature signature;
    struct dsi_plan *plan;
    struct dsi_run *run;
};

static void open_network(struct network *network, const struct model *model,
                         enum dsi_kernel_level level) {
    const struct dsi_model_format *format;
    const struct dsi_port *ports = network->signature.ports;
    struct dsi_model_source source = {.file = &network->file};
    struct dsinfer_error err = {0};
    struct dsi_kernels kernels;
    char path[TEST_PATH_SIZE];

    memset(network, 0, sizeof(*network));
    network->model = model;
    test_shared_path(path, "oracle/graphs/%s/%s", model->folder, model->file);
    if (dsi_mapped_file_open(&network->file, path, &err) != DSINFER_OK) {
        fail_msg("%s: %s", path, err.message);
    }
    source.bytes = network->file.bytes;
    if (dsi_model_format_read(&network->graph, &format, &source, &err) != DSINFER_OK ||
        dsi_signature_find(&network->graph, &network->signature, &err) != DSINFER_OK) {
        fail_msg("%s: %s", path, err.message);
    }
    test_set_inputs(&network->graph, ports + DSI_ROLE_WINDOWS, 4);
    test_set_outputs(&network->graph, ports + DSI_ROLE_LOGITS, 3);
    {
        const int64_t n_cell = (int64_t)network->signature.n_cell;
        const struct dsi_shape shapes[] = {SHAPE(1, N_STEPS, 19, 26), SHAPE(1, n_cell),
                                           SHAPE(1, n_cell), SHAPE(1)};

        dsi_kernels_init(&kernels, level, dsi_cpu_get_flags());
        if (dsi_plan_create(&network->graph, &kernels, shapes, &network->plan, &err) !=
                DSINFER_OK ||
            dsi_run_create(network->plan, shapes, NULL, &network->run, &err) != DSINFER_OK) {
            fail_msg("%s: %s", path, err.message);
        }
    }
}

static void close_network(struct network *network) {
    dsi_run_destroy(network->run);
    dsi_plan_destroy(network->plan);
    dsi_graph_finish(&network->graph);
    dsi_mapped_file_close(&network->file);
}

static void read_golden(const struct network *network, const char *sequence, const char *value,
                        struct test_npy *npy) {
    char path[TEST_PATH_SIZE];

    test_shared_path(path, "oracle/graphs/%s/%s/%s.%s.npy", network->model->folder,
                     network->model->golden, sequence, value);
    test_npy_read(path, npy);
}

struct outputs {
    float logits[N_STEPS * N_LABELS], h[MAX_CELL], c[MAX_CELL];
};

static void execute(struct network *network, const float *windows, const float *h, const float *c,
                    int32_t length, struct outputs *outputs) {
    const void *const in[] = {windows, h, c, &length};
    void *const out[] = {outputs->logits, outputs->h, outputs->c};
    struct dsinfer_error err = {0};

    if (dsi_run_execute(network->run, in, out, &err) != DSINFER_OK) {
        fail_msg("%s: %s", network->model->folder, err.message);
    }
}

static void check_call(const struct network *network, const char *what, size_t call,
                       const struct outputs *got, const struct test_npy golden[3]) {
    const size_t n_cell = network->signature.n_cell, n_logits = N_STEPS * N_LABELS;

    test_assert_near(got->logits, golden[0].f32 + call * n_logits, n_logits,
                     network->model->logits_tolerance, 0.0, what);
    test_assert_near(got->h, golden[1].f32 + call * n_cell, n_cell, 2e-5, 0.0, what);
    test_assert_near(got->c, golden[2].f32 + call * n_cell, n_cell, 1e-4, 0.0, what);
}

static void read_goldens(const struct network *network, const char *sequence,
                         struct test_npy golden[3]) {
    read_golden(network, sequence, "logits", &golden[0]);
    read_golden(network, sequence, "new_h", &golden[1]);
    read_golden(network, sequence, "new_c", &golden[2]);
}

/* Calls that hand their state on, from zero. */
static void check_sequence(struct network *network, const char *sequence, const char *input) {
    struct test_npy windows, golden[3];
    struct outputs outputs = {0};
    char path[TEST_PATH_SIZE];
    size_t call, i;

    test_shared_path(path, "oracle/graphs/inputs/%s.npy", input);
    test_npy_read(path, &windows);
    read_goldens(network, sequence, golden);
    for (call = 0; call < windows.dims[0]; call++) {
        /* New state into the memory of the old one. */
        execute(network, windows.f32 + call * N_STEPS * 19 * 26, outputs.h, outputs.c, N_STEPS,
                &outputs);
        check_call(network, sequence, call, &outputs, golden);
    }
    for (i = 0; i < 3; i++) {
        test_npy_free(&golden[i]);
    }
    test_npy_free(&windows);
}

static void check_lengths(struct network *network) {
    static const int32_t lengths[] = {0, 1, 7, 15, 16};
    struct test_npy windows, h, c, golden[3];
    struct outputs outputs = {0};
    size_t i;

    read_golden(network, "lengths", "windows", &windows);
    read_golden(network, "lengths", "h", &h);
    read_golden(network, "lengths", "c", &c);
    read_goldens(network, "lengths", golden);
    for (i = 0; i < 5; i++) {
        execute(network, windows.f32, h.f32, c.f32, lengths[i], &outputs);
        check_call(network, "lengths", i, &outputs, golden);
    }
    for (i = 0; i < 3; i++) {
        test_npy_free(&golden[i]);
    }
    test_npy_free(&windows);
    test_npy_free(&h);
    test_npy_free(&c);
}

static void check_all(enum dsi_kernel_level level) {
    size_t i;

    for (i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        struct network network;

        open_network(&network, &models[i], level);
        check_sequence(&network, "real", models[i].real);
        if (strcmp(models[i].golden, "golden") == 0) { /* the rounded twin has not these */
            check_sequence(&network, "random", "random");
            check_sequence(&network, "extreme", "extreme");
        }
        check_lengths(&network);
        close_network(&network);
    }
}

static void reference_kernels_give_the_numbers_of_tensorflow(void **state) {
    (void)state;
    check_all(DSI_KERNELS_REFERENCE);
}

static void blas_gives_the_numbers_of_tensorflow(void **state) {
    (void)state;
    check_all(DSI_KERNELS_PORTABLE);
}

static void native_kernels_give_the_numbers_of_tensorflow(void **state) {
    (void)state;
    check_all(DSI_KERNELS_NATIVE);
}

static void lengths_out_of_range_are_refused(void **state) {
    static float windows[N_STEPS * 19 * 26];
    struct outputs outputs = {0};
    struct network network;
    int32_t length = 17;
    const void *const in[] = {windows, outputs.h, outputs.c, &length};
    void *const out[] = {NULL, NULL, outputs.c};
    struct dsinfer_error err = {0};

    (void)state;
    open_network(&network, &models[0], DSI_KERNELS_REFERENCE);
    assert_int_equal(dsi_run_execute(network.run, in, out, &err), DSINFER_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "lstm_fused_cell/BlockLSTM"));
    length = -1;
    assert_int_equal(dsi_run_execute(network.run, in, out, &err), DSINFER_ERR_ARGUMENT);
    length = 0;
    assert_int_equal(dsi_run_execute(network.run, in, out, &err), DSINFER_OK);
    close_network(&network);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_kernels_give_the_numbers_of_tensorflow),
        cmocka_unit_test(blas_gives_the_numbers_of_tensorflow),
        cmocka_unit_test(native_kernels_give_the_numbers_of_tensorflow),
        cmocka_unit_test(lengths_out_of_range_are_refused),
    };

    return test_has_shared() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
