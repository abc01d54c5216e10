/* The network alone: checks a step, hands it to a run of the model's plan. h and c are copied
 * first, so that the caller's new_h and new_c may be the same memory.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/model.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <dsinfer/runner.h>

#include <string.h>

#define MAX_STREAMS 1024
#define MAX_STEPS 1024
#define MAX_WHOLE_STEPS 65536 /* of networks that take recordings whole: 21 minutes */

struct dsinfer_runner {
    struct dsinfer_model *model; /* a reference */
    struct dsi_pool *pool;       /* owned; NULL: no threads but the caller's */
    struct dsi_run *run;         /* owned */
    size_t max_streams, max_steps;
    size_t n_streams, n_steps; /* for which the run is set up */
    float *h, *c;              /* owned; [max_streams][n_cell] */
    int32_t *lengths;          /* owned; [max_streams] */
};

void dsinfer_runner_options_init(struct dsinfer_runner_options *options) {
    if (options) {
        *options = (struct dsinfer_runner_options){
            .size = sizeof(*options), .max_streams = 1, .max_steps = 16, .n_threads = 1};
    }
}

enum dsinfer_status dsi_runner_check_threads(size_t n_threads, struct dsinfer_error *err) {
    if (n_threads < 1 || n_threads > DSI_POOL_MAX_WORKERS) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "%zu threads are wanted; 1 to %d are possible",
                        n_threads, DSI_POOL_MAX_WORKERS);
    }
    return DSINFER_OK;
}

static enum dsinfer_status take_options(const struct dsinfer_model *model,
                                        const struct dsinfer_runner_options *from,
                                        struct dsinfer_runner_options *options,
                                        struct dsinfer_error *err) {
    enum dsinfer_status status;

    const size_t max_steps = model->signature.is_bidirectional ? MAX_WHOLE_STEPS : MAX_STEPS;

    dsinfer_runner_options_init(options);
    if (from) {
        status = dsi_check_options_size(from->size, sizeof(*options), "the runner", err);
        if (status != DSINFER_OK) {
            return status;
        }
        *options = *from;
    }
    if (options->max_streams < 1 || options->max_streams > MAX_STREAMS || options->max_steps < 1 ||
        options->max_steps > max_steps) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                        "%zu streams and %zu steps are wanted; 1 to %d and 1 to %zu are possible",
                        options->max_streams, options->max_steps, MAX_STREAMS, max_steps);
    }
    return dsi_runner_check_threads(options->n_threads, err);
}

/* A network that could not be fused has its N and T built in. */
static enum dsinfer_status check_sizes(const struct dsinfer_model *model,
                                       const struct dsinfer_runner_options *options,
                                       struct dsinfer_error *err) {
    const struct dsi_signature *signature = &model->signature;

    if (model->is_fused ||
        ((signature->n_streams < 1 || (uint64_t)signature->n_streams == options->max_streams) &&
         (signature->n_steps < 1 || (uint64_t)signature->n_steps == options->max_steps))) {
        return DSINFER_OK;
    }
    return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                    "the network of this model is not of the usual structure and runs only at its "
                    "own %lld streams and %lld steps, not at %zu and %zu",
                    (long long)signature->n_streams, (long long)signature->n_steps,
                    options->max_streams, options->max_steps);
}

/* The outputs go to the caller's memory: they must have the shapes that are promised there. A
 * network that is not fused could give anything. */
static enum dsinfer_status check_outputs(const struct dsinfer_runner *runner, size_t n_streams,
                                         size_t n_steps, struct dsinfer_error *err) {
    const struct dsi_signature *signature = &runner->model->signature;
    const int64_t logits[] = {(int64_t)n_steps, (int64_t)n_streams, (int64_t)signature->n_labels};
    const int64_t state[] = {(int64_t)n_streams, (int64_t)signature->n_cell};
    char found_text[DSI_SHAPE_TEXT_SIZE];
    char needed_text[DSI_SHAPE_TEXT_SIZE];
    size_t i;

    for (i = 0; i < runner->model->network.n_outputs; i++) {
        const struct dsi_shape needed = i ? dsi_shape_make(2, state) : dsi_shape_make(3, logits);
        struct dsi_shape found;
        enum dsi_dtype dtype;

        dsi_run_get_output(runner->run, i, &dtype, &found);
        if (dtype != DSI_DTYPE_F32 || !dsi_shape_is_equal(&found, &needed)) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED,
                            "the output %s of the network is %s %s instead of float32 %s",
                            dsi_role_names[DSI_ROLE_LOGITS + i], dsi_dtype_get_name(dtype),
                            dsi_shape_print(&found, found_text),
                            dsi_shape_print(&needed, needed_text));
        }
    }
    return DSINFER_OK;
}

static enum dsinfer_status set_sizes(struct dsinfer_runner *runner, size_t n_streams,
                                     size_t n_steps, struct dsinfer_error *err) {
    struct dsi_shape shapes[DSI_ROLE_LENGTHS + 1];
    enum dsinfer_status status;

    if (runner->n_streams == n_streams && runner->n_steps == n_steps) {
        return DSINFER_OK;
    }
    runner->n_streams = 0; /* none, should this fail */
    dsi_model_get_shapes(runner->model, n_streams, n_steps, shapes);
    status = dsi_run_set_shapes(runner->run, shapes, err);
    if (status == DSINFER_OK) {
        status = check_outputs(runner, n_streams, n_steps, err);
    }
    if (status == DSINFER_OK) {
        runner->n_streams = n_streams;
        runner->n_steps = n_steps;
    }
    return status;
}

enum dsinfer_status dsinfer_runner_create(struct dsinfer_model *model,
                                          const struct dsinfer_runner_options *options,
                                          struct dsinfer_runner **out, struct dsinfer_error *err) {
    struct dsi_shape shapes[DSI_ROLE_LENGTHS + 1];
    struct dsinfer_runner_options own;
    struct dsinfer_runner *runner;
    enum dsinfer_status status;
    size_t state_size;

    if (!out) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "no place for the runner is given");
    }
    *out = NULL;
    if (!model) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "no model is given");
    }
    status = take_options(model, options, &own, err);
    if (status == DSINFER_OK) {
        status = check_sizes(model, &own, err);
    }
    if (status != DSINFER_OK) {
        return status;
    }

    state_size = own.max_streams * model->signature.n_cell * sizeof(float);
    runner = dsi_calloc(1, sizeof(*runner));
    if (!runner) {
        return dsi_fail_memory(err, sizeof(*runner));
    }
    runner->model = dsinfer_model_ref(model);
    runner->max_streams = own.max_streams;
    runner->max_steps = own.max_steps;
    runner->h = dsi_malloc_aligned(state_size);
    runner->c = dsi_malloc_aligned(state_size);
    runner->lengths = dsi_malloc(own.max_streams * sizeof(*runner->lengths));
    if (!runner->h || !runner->c || !runner->lengths) {
        status = dsi_fail_memory(err, state_size);
        goto out;
    }
    memset(runner->h, 0, state_size); /* where the network has no state, it stays so */
    memset(runner->c, 0, state_size);
    if (own.n_threads > 1) {
        status = dsi_pool_create(own.n_threads, &runner->pool, err);
    }
    dsi_model_get_shapes(model, own.max_streams, own.max_steps, shapes);
    if (status == DSINFER_OK) {
        status = dsi_run_create(model->plan, shapes, runner->pool, &runner->run, err);
    }
    if (status == DSINFER_OK) {
        status = set_sizes(runner, own.max_streams, own.max_steps, err);
    }
    if (status == DSINFER_OK) {
        *out = runner;
        runner = NULL;
    }
out:
    dsinfer_runner_destroy(runner);
    return status;
}

/* Takes the lengths, T where there are none; false where one is out of range, or is not T although
 * the network has no input for it. */
static bool take_lengths(struct dsinfer_runner *runner, const struct dsinfer_step *step) {
    const bool is_free = runner->model->network.n_inputs > DSI_ROLE_LENGTHS;
    const int32_t n_steps = (int32_t)step->n_steps;
    size_t i;

    for (i = 0; i < step->n_streams; i++) {
        const int32_t length = step->lengths ? step->lengths[i] : n_steps;

        if (length < 0 || length > n_steps || (!is_free && length != n_steps)) {
            return false;
        }
        runner->lengths[i] = length;
    }
    return true;
}

/* The state is given where the network has one. */
static bool has_state(const struct dsinfer_runner *runner, const struct dsinfer_step *step) {
    return runner->model->signature.is_bidirectional ||
           (step->h && step->c && step->new_h && step->new_c);
}

enum dsinfer_status dsinfer_runner_run(struct dsinfer_runner *runner,
                                       const struct dsinfer_step *step) {
    const void *inputs[DSI_ROLE_LENGTHS + 1];
    void *outputs[DSI_N_ROLES - DSI_ROLE_LOGITS];
    enum dsinfer_status status;
    size_t state_size;

    if (!runner || !step || !step->windows || !step->logits || !has_state(runner, step) ||
        step->n_streams < 1 || step->n_streams > runner->max_streams || step->n_steps < 1 ||
        step->n_steps > runner->max_steps || !take_lengths(runner, step)) {
        return DSINFER_ERR_ARGUMENT;
    }
    status = set_sizes(runner, step->n_streams, step->n_steps, NULL);
    if (status != DSINFER_OK) {
        return status;
    }

    state_size = step->n_streams * runner->model->signature.n_cell * sizeof(float);
    if (!runner->model->signature.is_bidirectional) {
        memcpy(runner->h, step->h, state_size);
        memcpy(runner->c, step->c, state_size);
    }
    inputs[DSI_ROLE_WINDOWS] = step->windows;
    inputs[DSI_ROLE_H] = runner->h;
    inputs[DSI_ROLE_C] = runner->c;
    inputs[DSI_ROLE_LENGTHS] = runner->lengths;
    outputs[DSI_ROLE_LOGITS - DSI_ROLE_LOGITS] = step->logits;
    outputs[DSI_ROLE_NEW_H - DSI_ROLE_LOGITS] = step->new_h;
    outputs[DSI_ROLE_NEW_C - DSI_ROLE_LOGITS] = step->new_c;
    return dsi_run_execute(runner->run, inputs, outputs, NULL);
}

void dsinfer_runner_destroy(struct dsinfer_runner *runner) {
    if (!runner) {
        return;
    }
    dsi_run_destroy(runner->run);
    dsi_pool_destroy(runner->pool);
    dsi_free(runner->h);
    dsi_free(runner->c);
    dsi_free(runner->lengths);
    dsinfer_model_unref(runner->model);
    dsi_free(runner);
}
