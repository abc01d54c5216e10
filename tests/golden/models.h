/* The genuine graphs with their golden numbers (../shared/oracle/graphs), and how to run them.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_GOLDEN_MODELS_H
#define TESTS_GOLDEN_MODELS_H

#include "tests/support/npy.h"
#include "tests/support/test.h"

#include <dsinfer/model.h>

#include <stdbool.h>

/* Largest absolute differences, as oracle/graphs/manifest.json gives them. */
#define GOLDEN_LOGITS 2e-5
#define GOLDEN_PROBABILITIES 2e-6
#define GOLDEN_C 1e-4
#define GOLDEN_H 2e-5

/* Of all of them. */
#define GOLDEN_N_STEPS 16
#define GOLDEN_N_LABELS 29
#define GOLDEN_WINDOW ((size_t)19 * 26)

struct golden_model {
    const char *file;
    const char *golden;     /* folder */
    const char *real;       /* windows of the sequence `real` */
    bool is_probabilities;  /* logits are */
    bool has_all_sequences; /* random and extreme too */
    const char *cell;       /* scope of the LSTM */
};

extern const struct golden_model golden_models[];
extern const size_t golden_n_models;

/* OpenVINO IRs, with the numbers of OpenVINO itself: sequences only, no other lengths. */
extern const struct golden_model golden_irs[];
extern const size_t golden_n_irs;

/* Opens a file below oracle/graphs, or fails the test. */
struct dsinfer_model *golden_open(const char *file, enum dsinfer_kernel_level level);

/* Reads an array below oracle/graphs. */
void golden_read(struct test_npy *npy, const char *format, ...);

/* Windows of a sequence: `real`, `random` or `extreme`. */
void golden_read_windows(struct test_npy *npy, const struct golden_model *model,
                         const char *sequence);

/* Fails unless logits are within the model's tolerance. */
void golden_assert_logits(const struct golden_model *model, const float *got, const float *expected,
                          size_t n, const char *what);

#endif
