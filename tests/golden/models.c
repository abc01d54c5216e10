/* The list of genuine graphs.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/golden/models.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FUSED "lstm_fused_cell"
#define CUDNN "cudnn_lstm/rnn/multi_rnn_cell/cell_0/cudnn_compatible_lstm_cell"

const struct golden_model golden_models[] = {
    {"ds030-h64-s7/output_graph.pb", "ds030-h64-s7/golden", "ds03", false, true, FUSED},
    {"ds030-h64-s7/output_graph.pbmm", "ds030-h64-s7/golden", "ds03", false, true, FUSED},
    {"ds030-h64-s7/output_graph.rounded.pb", "ds030-h64-s7/golden-rounded", "ds03", false, false,
     FUSED},
    {"ds030-h64-s7/output_graph.rounded.pbmm", "ds030-h64-s7/golden-rounded", "ds03", false, false,
     FUSED},
    {"ds030-h100-s11/output_graph.pb", "ds030-h100-s11/golden", "ds03", false, true, FUSED},
    {"ds030-tf16-h64-s7/output_graph.pb", "ds030-tf16-h64-s7/golden", "ds03", false, true, FUSED},
    {"ds041-h40-s2/output_graph.pb", "ds041-h40-s2/golden", "ds04", true, true, FUSED},
    {"ds051-h40-s3/output_graph.pb", "ds051-h40-s3/golden", "ds06", true, true, FUSED},
    {"ds061-h40-s4/output_graph.pb", "ds061-h40-s4/golden", "ds06", true, true, CUDNN},
    {"ds093-h64-s7/output_graph.pb", "ds093-h64-s7/golden", "ds07", true, true, CUDNN},
    {"ds093-h64-s7/output_graph.pbmm", "ds093-h64-s7/golden", "ds07", true, true, CUDNN},
    {"ds093-h64-s7/output_graph.rounded.pb", "ds093-h64-s7/golden-rounded", "ds07", true, false,
     CUDNN},
    {"ds093-h64-s7/output_graph.rounded.pbmm", "ds093-h64-s7/golden-rounded", "ds07", true, false,
     CUDNN},
};

const size_t golden_n_models = sizeof(golden_models) / sizeof(golden_models[0]);

const struct golden_model golden_irs[] = {
    {"ds030-h64-s7/ir/mo2021.4.2-fp32.xml", "ds030-h64-s7/golden-mo2021.4.2-fp32", "ds03", false,
     true, FUSED},
    {"ds030-h64-s7/ir/mo2021.4.2-fp16.xml", "ds030-h64-s7/golden-mo2021.4.2-fp16", "ds03", false,
     true, FUSED},
    {"ds030-h64-s7/ir/mo2023.3-fp16.xml", "ds030-h64-s7/golden-mo2023.3-fp16", "ds03", false, true,
     FUSED},
    {"ds030-tf16-h64-s7/ir/mo2021.4.2-fp32.xml", "ds030-tf16-h64-s7/golden-mo2021.4.2-fp32", "ds03",
     false, true, FUSED},
    {"ds061-h40-s4/ir/mo2021.4.2-fp32.xml", "ds061-h40-s4/golden-mo2021.4.2-fp32", "ds06", true,
     true, CUDNN},
    {"ds093-h64-s7/ir/mo2021.4.2-fp32.xml", "ds093-h64-s7/golden-mo2021.4.2-fp32", "ds07", true,
     true, CUDNN},
};

const size_t golden_n_irs = sizeof(golden_irs) / sizeof(golden_irs[0]);

struct dsinfer_model *golden_open(const char *file, enum dsinfer_kernel_level level) {
    struct dsinfer_model_options options;
    struct dsinfer_model *model;
    struct dsinfer_error err;
    char path[TEST_PATH_SIZE];

    dsinfer_model_options_init(&options);
    options.kernels = level;
    test_shared_path(path, "oracle/graphs/%s", file);
    if (dsinfer_model_open(path, &options, &model, &err) != DSINFER_OK) {
        fail_msg("%s: %s", file, err.message);
    }
    return model;
}

void golden_read(struct test_npy *npy, const char *format, ...) {
    char file[TEST_PATH_SIZE];
    char path[TEST_PATH_SIZE];
    va_list arguments;

    va_start(arguments, format);
    assert_true(vsnprintf(file, sizeof(file), format, arguments) < (int)sizeof(file));
    va_end(arguments);
    test_npy_read(test_shared_path(path, "oracle/graphs/%s", file), npy);
}

void golden_read_windows(struct test_npy *npy, const struct golden_model *model,
                         const char *sequence) {
    if (strcmp(sequence, "real") == 0) {
        golden_read(npy, "inputs/%s.real.npy", model->real);
    } else {
        golden_read(npy, "inputs/%s.npy", sequence);
    }
}

void golden_assert_logits(const struct golden_model *model, const float *got, const float *expected,
                          size_t n, const char *what) {
    test_assert_near(got, expected, n,
                     model->is_probabilities ? GOLDEN_PROBABILITIES : GOLDEN_LOGITS, 0.0, what);
}
