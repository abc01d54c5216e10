/* Runs the network of a model that fuzzing made.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_FUZZ_RUN_MODEL_H
#define TESTS_FUZZ_RUN_MODEL_H

#include "tests/fuzz/fuzz_target.h"

#include <dsinfer/runner.h>

#define FUZZ_N_STREAMS 2
#define FUZZ_N_STEPS 3

/* Larger networks are opened, but take too long to run here. */
#define FUZZ_MAX_SIZE 4096

static inline float *fuzz_make(size_t n) {
    float *values = calloc(n, sizeof(*values));

    FUZZ_CHECK(values);
    return values;
}

/* One call, two streams of three steps. */
static inline void fuzz_run_model(struct dsinfer_model *model) {
    const struct dsinfer_model_info *info = dsinfer_model_info(model);
    const size_t window = (size_t)(2 * info->n_context + 1) * info->n_features;
    struct dsinfer_runner_options options;
    struct dsinfer_runner *runner;
    struct dsinfer_error err = {0};
    const int32_t lengths[FUZZ_N_STREAMS] = {FUZZ_N_STEPS, 1};
    enum dsinfer_status status;

    if (info->n_cell > FUZZ_MAX_SIZE || info->n_labels > FUZZ_MAX_SIZE || window > FUZZ_MAX_SIZE) {
        return;
    }
    dsinfer_runner_options_init(&options);
    options.max_streams = FUZZ_N_STREAMS;
    options.max_steps = FUZZ_N_STEPS;
    status = dsinfer_runner_create(model, &options, &runner, &err);
    if (status == DSINFER_OK) {
        struct dsinfer_step step = {
            .n_streams = FUZZ_N_STREAMS,
            .n_steps = FUZZ_N_STEPS,
            .windows = fuzz_make(FUZZ_N_STREAMS * FUZZ_N_STEPS * window),
            .h = fuzz_make(FUZZ_N_STREAMS * info->n_cell),
            .c = fuzz_make(FUZZ_N_STREAMS * info->n_cell),
            .lengths = lengths,
            .logits = fuzz_make((size_t)FUZZ_N_STREAMS * FUZZ_N_STEPS * info->n_labels),
            .new_h = fuzz_make(FUZZ_N_STREAMS * info->n_cell),
            .new_c = fuzz_make(FUZZ_N_STREAMS * info->n_cell),
        };

        status = dsinfer_runner_run(runner, &step);
        FUZZ_CHECK(status == DSINFER_OK || status == DSINFER_ERR_ARGUMENT);
        free((void *)step.windows);
        free((void *)step.h);
        free((void *)step.c);
        free(step.logits);
        free(step.new_h);
        free(step.new_c);
    } else {
        FUZZ_CHECK(err.status == status && err.message[0]);
    }
    dsinfer_runner_destroy(runner);
}

#endif
