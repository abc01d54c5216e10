/* Any bytes as a model: refused with a sentence, or a model that runs, for any N and T it takes,
 * and describes itself. SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz_target.h"

#include <dsinfer/runner.h>

#include <stdlib.h>

#define N_STREAMS 2
#define N_STEPS 3

/* Larger networks are opened, but take too long to run here. */
#define MAX_SIZE 4096

static float *make(size_t n) {
    float *values = calloc(n, sizeof(*values));

    FUZZ_CHECK(values);
    return values;
}

static void run(struct dsinfer_model *model) {
    const struct dsinfer_model_info *info = dsinfer_model_info(model);
    const size_t window = (size_t)(2 * info->n_context + 1) * info->n_features;
    struct dsinfer_runner_options options;
    struct dsinfer_runner *runner;
    struct dsinfer_error err = {0};
    const int32_t lengths[N_STREAMS] = {N_STEPS, 1};
    enum dsinfer_status status;

    if (info->n_cell > MAX_SIZE || info->n_labels > MAX_SIZE || window > MAX_SIZE) {
        return;
    }
    dsinfer_runner_options_init(&options);
    options.max_streams = N_STREAMS;
    options.max_steps = N_STEPS;
    status = dsinfer_runner_create(model, &options, &runner, &err);
    if (status == DSINFER_OK) {
        struct dsinfer_step step = {
            .n_streams = N_STREAMS,
            .n_steps = N_STEPS,
            .windows = make(N_STREAMS * N_STEPS * window),
            .h = make(N_STREAMS * info->n_cell),
            .c = make(N_STREAMS * info->n_cell),
            .lengths = lengths,
            .logits = make((size_t)N_STREAMS * N_STEPS * info->n_labels),
            .new_h = make(N_STREAMS * info->n_cell),
            .new_c = make(N_STREAMS * info->n_cell),
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dsinfer_error err = {0};
    struct dsinfer_model *model;
    enum dsinfer_status status = dsinfer_model_open_memory(data, size, NULL, &model, &err);

    if (status == DSINFER_OK) {
        run(model);
    } else {
        FUZZ_CHECK(!model && err.status == status && err.message[0]);
    }
    dsinfer_model_unref(model);
    return 0;
}
