/* Running a plan: one block of memory whose layout is fixed at creation for the largest shapes, so
 * that smaller shapes only have to be checked against it.
 *
 * A graph output is computed straight into the caller's memory, unless it is (a view of) an input
 * or constant, or that memory is also an input's: then it is copied at the end.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/exec/plan_internal.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"
#include "runtime/exec/memory.h"

#include <string.h>

struct dsi_run {
    const struct dsi_plan *plan;   /* borrowed */
    struct dsi_pool *pool;         /* borrowed; NULL: none */
    struct dsi_shape *shapes;      /* [n graph inputs], current */
    struct dsi_tensor *tensors;    /* [n_values], current; bytes of inputs and outputs per call */
    struct dsi_op_shapes *results; /* [n_steps], current */

    /* Buffer `v` is that of value v, buffer n_values + s the scratch memory of step s. */
    size_t *offsets, *sizes;
    uint8_t *memory;

    struct dsi_value_info *infos;   /* [plan->max_inputs] */
    struct dsi_tensor *call_inputs; /* [plan->max_inputs] */
};

/* Bytes of a value whose shape has been checked. */
static size_t get_size(const struct dsi_tensor *tensor) {
    size_t size = 0;

    (void)dsi_shape_get_size(&tensor->shape, tensor->dtype, &size);
    return size;
}

/* Bytes of scratch memory of step `i`: the op's, and behind it what its workers prepare. */
static size_t get_scratch_size(const struct dsi_run *run, size_t i) {
    return dsi_plan_round_up(run->results[i].scratch_size) +
           run->results[i].prepared_size * dsi_pool_get_n_workers(run->pool);
}

/* Shapes of everything for these shapes of the graph inputs. */
static enum dsinfer_status infer(struct dsi_run *run, const struct dsi_shape *shapes,
                                 struct dsinfer_error *err) {
    const struct dsi_plan *plan = run->plan;
    enum dsinfer_status status = DSINFER_OK;
    size_t i, k;

    for (i = 0; status == DSINFER_OK && i < plan->graph->n_inputs; i++) {
        const char *name = plan->graph->inputs[i].name;

        status = dsi_plan_check_shape(name, plan->tensors[i].dtype, &shapes[i], err);
        if (status == DSINFER_OK && plan->is_fixed &&
            !dsi_shape_is_equal(&shapes[i], &plan->tensors[i].shape)) {
            char text[DSI_SHAPE_TEXT_SIZE];

            status = dsi_fail(err, DSINFER_ERR_ARGUMENT,
                              "input '%s' must have shape %s: values in the graph follow from it",
                              name, dsi_shape_print(&plan->tensors[i].shape, text));
        }
        run->tensors[i].shape = shapes[i];
    }
    for (i = 0; status == DSINFER_OK && i < plan->n_steps; i++) {
        const struct dsi_plan_step *step = &plan->steps[i];

        status = dsi_plan_infer_step(plan, step, run->tensors, run->infos, &run->results[i], err);
        for (k = 0; status == DSINFER_OK && k < step->n_outputs; k++) {
            run->tensors[step->first_output + k].shape = run->results[i].outputs[k].shape;
        }
    }
    return status;
}

static bool is_in_memory(const struct dsi_plan *plan, uint32_t value) {
    return plan->values[value].kind == DSI_VALUE_COMPUTED && plan->values[value].root == value &&
           plan->values[value].is_wanted;
}

/* The last step that reads the bytes of each root; n_steps for those of graph outputs. */
static void find_last_uses(const struct dsi_plan *plan, size_t *last_uses) {
    size_t i, k;

    for (i = 0; i < plan->n_steps; i++) {
        for (k = 0; k < plan->steps[i].node->n_inputs; k++) {
            last_uses[plan->values[plan->steps[i].inputs[k]].root] = i;
        }
    }
    for (i = 0; i < plan->graph->n_outputs; i++) {
        last_uses[plan->values[plan->outputs[i]].root] = plan->n_steps;
    }
}

static bool place_step(struct dsi_run *run, struct dsi_memory *memory, size_t i) {
    const struct dsi_plan_step *step = &run->plan->steps[i];
    const uint32_t scratch = (uint32_t)(run->plan->n_values + i);
    size_t k;

    for (k = 0; k < step->n_outputs; k++) {
        const uint32_t value = (uint32_t)(step->first_output + k);

        if (is_in_memory(run->plan, value)) {
            run->sizes[value] = get_size(&run->tensors[value]);
            if (!dsi_memory_place(memory, value)) {
                return false;
            }
        }
    }
    run->sizes[scratch] = get_scratch_size(run, i);
    if (!dsi_memory_place(memory, scratch)) {
        return false;
    }
    dsi_memory_release(memory, scratch);
    return true;
}

/* Gives every value that is in memory its place for the current shapes. */
static enum dsinfer_status place_values(struct dsi_run *run, size_t *size,
                                        struct dsinfer_error *err) {
    const struct dsi_plan *plan = run->plan;
    enum dsinfer_status status = DSINFER_OK;
    struct dsi_memory memory;
    size_t *last_uses = dsi_calloc(plan->n_values, sizeof(*last_uses));
    size_t i, k;

    if (!last_uses || !dsi_memory_init(&memory, plan->n_values + plan->n_steps, run->offsets,
                                       run->sizes, DSI_RUN_MAX_MEMORY)) {
        dsi_free(last_uses);
        return dsi_fail_memory(err, plan->n_values * sizeof(*last_uses));
    }
    find_last_uses(plan, last_uses);
    for (i = 0; status == DSINFER_OK && i < plan->n_steps; i++) {
        const struct dsi_plan_step *step = &plan->steps[i];

        if (!place_step(run, &memory, i)) {
            status = dsi_fail(err, DSINFER_ERR_LIMIT,
                              "values of these shapes need more than %zu bytes (at node '%s')",
                              DSI_RUN_MAX_MEMORY, step->node->name);
        }
        for (k = 0; k < step->node->n_inputs; k++) {
            const uint32_t root = plan->values[step->inputs[k]].root;

            if (is_in_memory(plan, root) && last_uses[root] == i) {
                dsi_memory_release(&memory, root);
                last_uses[root] = SIZE_MAX; /* it may be read twice by the same step */
            }
        }
    }
    *size = memory.size;
    dsi_memory_finish(&memory);
    dsi_free(last_uses);
    return status;
}

enum dsinfer_status dsi_run_create(const struct dsi_plan *plan, const struct dsi_shape *max_shapes,
                                   struct dsi_pool *pool, struct dsi_run **out,
                                   struct dsinfer_error *err) {
    const size_t n_buffers = plan->n_values + plan->n_steps;
    struct dsi_run *run = dsi_calloc(1, sizeof(*run));
    enum dsinfer_status status;
    size_t size = 0;

    *out = NULL;
    if (!run) {
        return dsi_fail_memory(err, sizeof(*run));
    }
    run->plan = plan;
    run->pool = pool;
    run->shapes = dsi_calloc(plan->graph->n_inputs, sizeof(*run->shapes));
    run->tensors = dsi_calloc(plan->n_values, sizeof(*run->tensors));
    run->results = dsi_calloc(plan->n_steps, sizeof(*run->results));
    run->offsets = dsi_calloc(n_buffers, sizeof(*run->offsets));
    run->sizes = dsi_calloc(n_buffers, sizeof(*run->sizes));
    run->infos = dsi_calloc(plan->max_inputs, sizeof(*run->infos));
    run->call_inputs = dsi_calloc(plan->max_inputs, sizeof(*run->call_inputs));
    if (!run->shapes || !run->tensors || !run->results || !run->offsets || !run->sizes ||
        !run->infos || !run->call_inputs) {
        status = dsi_fail_memory(err, n_buffers * sizeof(*run->offsets));
        goto out;
    }
    if (plan->n_values) {
        memcpy(run->tensors, plan->tensors, plan->n_values * sizeof(*run->tensors));
    }

    status = infer(run, max_shapes, err);
    if (status == DSINFER_OK) {
        status = place_values(run, &size, err);
    }
    if (status != DSINFER_OK) {
        goto out;
    }
    run->memory = dsi_malloc_aligned(size);
    if (!run->memory) {
        status = dsi_fail_memory(err, size);
        goto out;
    }
    if (plan->graph->n_inputs) {
        memcpy(run->shapes, max_shapes, plan->graph->n_inputs * sizeof(*run->shapes));
    }
    *out = run;
    run = NULL;
out:
    dsi_run_destroy(run);
    return status;
}

void dsi_run_destroy(struct dsi_run *run) {
    if (!run) {
        return;
    }
    dsi_free(run->shapes);
    dsi_free(run->tensors);
    dsi_free(run->results);
    dsi_free(run->offsets);
    dsi_free(run->sizes);
    dsi_free(run->memory);
    dsi_free(run->infos);
    dsi_free(run->call_inputs);
    dsi_free(run);
}

/* Everything has room in the places it was given. */
static enum dsinfer_status check_sizes(const struct dsi_run *run, struct dsinfer_error *err) {
    const struct dsi_plan *plan = run->plan;
    size_t i, k;

    for (i = 0; i < plan->n_steps; i++) {
        const struct dsi_plan_step *step = &plan->steps[i];
        bool fits = get_scratch_size(run, i) <= run->sizes[plan->n_values + i];

        for (k = 0; k < step->n_outputs; k++) {
            const uint32_t value = (uint32_t)(step->first_output + k);

            fits = fits && (!is_in_memory(plan, value) ||
                            get_size(&run->tensors[value]) <= run->sizes[value]);
        }
        if (!fits) {
            return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                            "node '%s' needs more memory than the largest shapes gave it",
                            step->node->name);
        }
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_run_set_shapes(struct dsi_run *run, const struct dsi_shape *shapes,
                                       struct dsinfer_error *err) {
    const size_t n_inputs = run->plan->graph->n_inputs;
    enum dsinfer_status status = DSINFER_OK;
    bool is_same = true;
    size_t i;

    for (i = 0; i < n_inputs; i++) {
        is_same = is_same && dsi_shape_is_equal(&shapes[i], &run->shapes[i]);
    }
    if (is_same) {
        return DSINFER_OK;
    }

    status = infer(run, shapes, err);
    if (status == DSINFER_OK) {
        status = check_sizes(run, err);
    }
    if (status != DSINFER_OK) {
        (void)infer(run, run->shapes, NULL); /* back to the shapes that worked */
        if (err) {
            err->status = DSINFER_ERR_ARGUMENT;
        }
        return DSINFER_ERR_ARGUMENT;
    }
    for (i = 0; i < n_inputs; i++) {
        run->shapes[i] = shapes[i];
    }
    return DSINFER_OK;
}

void dsi_run_get_output(const struct dsi_run *run, size_t i, enum dsi_dtype *dtype,
                        struct dsi_shape *shape) {
    const struct dsi_tensor *tensor = &run->tensors[run->plan->outputs[i]];

    *dtype = tensor->dtype;
    *shape = tensor->shape;
}

/* Points the values at this call's inputs, at memory, and at constants. */
static enum dsinfer_status bind_values(struct dsi_run *run, const void *const *inputs,
                                       struct dsinfer_error *err) {
    const struct dsi_plan *plan = run->plan;
    size_t i;

    for (i = 0; i < plan->n_values; i++) {
        struct dsi_tensor *tensor = &run->tensors[i];

        if (plan->values[i].kind == DSI_VALUE_CONSTANT) {
            continue;
        }
        tensor->bytes.size = get_size(tensor);
        tensor->bytes.data = run->memory + run->offsets[i];
        if (plan->values[i].kind == DSI_VALUE_INPUT && inputs[i]) {
            tensor->bytes.data = inputs[i];
        } else if (plan->values[i].kind == DSI_VALUE_INPUT && tensor->bytes.size &&
                   plan->values[i].is_wanted) {
            return dsi_fail(err, DSINFER_ERR_ARGUMENT, "input '%s' was not given",
                            plan->graph->inputs[i].name);
        }
    }
    return DSINFER_OK;
}

static bool overlaps_input(const struct dsi_run *run, const void *const *inputs, const void *output,
                           size_t size) {
    const uintptr_t first = (uintptr_t)output;
    size_t i;

    for (i = 0; i < run->plan->graph->n_inputs; i++) {
        const uintptr_t input = (uintptr_t)inputs[i];

        if (input && first < input + run->tensors[i].bytes.size && input < first + size) {
            return true;
        }
    }
    return false;
}

/* Makes what can be computed in the caller's memory be computed there. */
static void bind_outputs(struct dsi_run *run, const void *const *inputs, void *const *outputs) {
    const struct dsi_plan *plan = run->plan;
    size_t i;

    for (i = 0; i < plan->graph->n_outputs; i++) {
        const uint32_t root = plan->values[plan->outputs[i]].root;
        struct dsi_tensor *tensor = &run->tensors[root];

        if (outputs[i] && plan->values[root].kind == DSI_VALUE_COMPUTED &&
            tensor->bytes.data == run->memory + run->offsets[root] &&
            !overlaps_input(run, inputs, outputs[i], tensor->bytes.size)) {
            tensor->bytes.data = outputs[i];
        }
    }
    for (i = 0; i < plan->n_values; i++) {
        if (plan->values[i].kind != DSI_VALUE_CONSTANT && plan->values[i].root != i) {
            run->tensors[i].bytes.data = run->tensors[plan->values[i].root].bytes.data;
        }
    }
}

static enum dsinfer_status run_step(struct dsi_run *run, size_t i, struct dsinfer_error *err) {
    const struct dsi_plan *plan = run->plan;
    const struct dsi_plan_step *step = &plan->steps[i];
    char *scratch = (char *)run->memory + run->offsets[plan->n_values + i];
    void *outputs[DSI_OP_MAX_OUTPUTS];
    const struct dsi_op_call call = {
        .node = step->node,
        .kernels = &plan->kernels,
        .inputs = run->call_inputs,
        .weights = step->weights,
        .shapes = &run->results[i],
        .outputs = outputs,
        .scratch = scratch,
        .pool = run->pool,
        .prepared = scratch + dsi_plan_round_up(run->results[i].scratch_size),
    };
    size_t k;

    for (k = 0; k < step->node->n_inputs; k++) {
        run->call_inputs[k] = run->tensors[step->inputs[k]];
    }
    for (k = 0; k < step->n_outputs; k++) {
        const uint32_t value = (uint32_t)(step->first_output + k);

        outputs[k] = plan->values[value].is_wanted ? (void *)run->tensors[value].bytes.data : NULL;
    }
    return step->op->run(&call, err);
}

enum dsinfer_status dsi_run_execute(struct dsi_run *run, const void *const *inputs,
                                    void *const *outputs, struct dsinfer_error *err) {
    const struct dsi_plan *plan = run->plan;
    enum dsinfer_status status = bind_values(run, inputs, err);
    size_t i;

    if (status != DSINFER_OK) {
        return status;
    }
    bind_outputs(run, inputs, outputs);
    for (i = 0; status == DSINFER_OK && i < plan->n_steps; i++) {
        if (run->results[i].alias < 0) {
            status = run_step(run, i, err);
        }
    }
    for (i = 0; status == DSINFER_OK && i < plan->graph->n_outputs; i++) {
        const struct dsi_tensor *tensor = &run->tensors[plan->outputs[i]];

        if (outputs[i] && tensor->bytes.size && tensor->bytes.data != outputs[i]) {
            memmove(outputs[i], tensor->bytes.data, tensor->bytes.size);
        }
    }
    return status;
}
