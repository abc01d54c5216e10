/* Compiling a graph: which nodes are needed, what can be computed now, and what remains as steps.
 * Nodes come in order, so that every node finds its inputs among the values before it.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/exec/plan_internal.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <stdalign.h>
#include <string.h>

/* What is needed only while compiling. */
struct compiler {
    struct dsi_plan *plan;
    const struct dsi_graph *graph;
    uint32_t *order; /* [n_order] nodes */
    size_t n_order;
    uint8_t *is_input;              /* [n_nodes]: some output of it is a graph input */
    uint8_t *is_needed;             /* [n_nodes]: to be computed, not only a graph input */
    uint32_t *first_value;          /* [n_nodes]: of the node's outputs */
    uint8_t *n_outputs;             /* [n_nodes] */
    struct dsi_value_info *infos;   /* [plan->max_inputs] */
    struct dsi_tensor *call_inputs; /* [plan->max_inputs] */
    size_t folding_size;            /* bytes read and written to compute constants so far */
};

static void compiler_finish(struct compiler *compiler) {
    dsi_free(compiler->order);
    dsi_free(compiler->is_input);
    dsi_free(compiler->is_needed);
    dsi_free(compiler->first_value);
    dsi_free(compiler->n_outputs);
    dsi_free(compiler->infos);
    dsi_free(compiler->call_inputs);
}

static bool find_graph_input(const struct compiler *compiler, struct dsi_port port,
                             uint32_t *value) {
    size_t i;

    for (i = 0; compiler->is_input[port.node] && i < compiler->graph->n_inputs; i++) {
        if (dsi_port_is_equal(compiler->graph->inputs[i].port, port)) {
            *value = (uint32_t)i;
            return true;
        }
    }
    return false;
}

static void mark_needed(struct compiler *compiler, struct dsi_port port) {
    uint32_t value;

    if (!find_graph_input(compiler, port, &value)) {
        compiler->is_needed[port.node] = 1;
    }
}

/* Orders the nodes and finds out which of them are needed, and how many inputs they have. */
static enum dsinfer_status compiler_init(struct compiler *compiler, struct dsi_plan *plan,
                                         struct dsinfer_error *err) {
    const struct dsi_graph *graph = plan->graph;
    const size_t n = graph->n_nodes;
    enum dsinfer_status status;
    size_t i, k;

    *compiler = (struct compiler){.plan = plan, .graph = graph};
    compiler->order = dsi_calloc(n, sizeof(*compiler->order));
    compiler->is_input = dsi_calloc(n, 1);
    compiler->is_needed = dsi_calloc(n, 1);
    compiler->first_value = dsi_calloc(n, sizeof(*compiler->first_value));
    compiler->n_outputs = dsi_calloc(n, 1);
    if (!compiler->order || !compiler->is_input || !compiler->is_needed || !compiler->first_value ||
        !compiler->n_outputs) {
        return dsi_fail_memory(err, n * sizeof(*compiler->order));
    }
    status = dsi_graph_order(graph, compiler->order, &compiler->n_order, err);
    if (status != DSINFER_OK) {
        return status;
    }

    for (i = 0; i < graph->n_inputs; i++) {
        compiler->is_input[graph->inputs[i].port.node] = 1;
    }
    for (i = 0; i < graph->n_outputs; i++) {
        mark_needed(compiler, graph->outputs[i].port);
    }
    for (i = compiler->n_order; i-- > 0;) {
        const struct dsi_node *node = &graph->nodes[compiler->order[i]];

        if (compiler->is_needed[compiler->order[i]]) {
            for (k = 0; k < node->n_inputs; k++) {
                mark_needed(compiler, node->inputs[k]);
            }
            plan->max_inputs =
                node->n_inputs > plan->max_inputs ? node->n_inputs : plan->max_inputs;
        }
    }

    compiler->infos = dsi_calloc(plan->max_inputs, sizeof(*compiler->infos));
    compiler->call_inputs = dsi_calloc(plan->max_inputs, sizeof(*compiler->call_inputs));
    if (!compiler->infos || !compiler->call_inputs) {
        return dsi_fail_memory(err, plan->max_inputs * sizeof(*compiler->call_inputs));
    }
    return DSINFER_OK;
}

/* Appends a value of a type and shape that have been checked. */
static enum dsinfer_status add_value(struct dsi_plan *plan, enum dsi_value_kind kind,
                                     enum dsi_dtype dtype, const struct dsi_shape *shape,
                                     uint32_t *out, struct dsinfer_error *err) {
    const uint32_t index = (uint32_t)plan->n_values;

    if (plan->n_values == plan->values_capacity) {
        const size_t capacity = plan->values_capacity ? plan->values_capacity * 2 : 64;
        struct dsi_plan_value *values = dsi_realloc(plan->values, capacity * sizeof(*values));
        struct dsi_tensor *tensors;

        plan->values = values ? values : plan->values;
        tensors = values ? dsi_realloc(plan->tensors, capacity * sizeof(*tensors)) : NULL;
        if (!tensors) {
            return dsi_fail_memory(err, capacity * sizeof(*tensors));
        }
        plan->tensors = tensors;
        plan->values_capacity = capacity;
    }
    plan->values[index] = (struct dsi_plan_value){
        .kind = kind,
        .root = index,
        .first_weight = DSI_PLAN_NONE,
    };
    plan->tensors[index] = (struct dsi_tensor){.dtype = dtype, .shape = *shape};
    plan->n_values++;
    *out = index;
    return DSINFER_OK;
}

/* What the node of a graph input says about its type. */
static enum dsi_dtype get_port_type(const struct dsi_graph *graph, struct dsi_port port) {
    const struct dsi_node *node = &graph->nodes[port.node];

    if (dsi_node_is_op(node, "Const")) {
        return node->value.dtype;
    }
    return dsi_node_get_type(
        node, "DstT",
        dsi_node_get_type(node, "dtype", dsi_node_get_type(node, "T", DSI_DTYPE_NONE)));
}

static enum dsinfer_status add_inputs(struct compiler *compiler, const struct dsi_shape *shapes,
                                      struct dsinfer_error *err) {
    const struct dsi_graph *graph = compiler->graph;
    enum dsinfer_status status = DSINFER_OK;
    uint32_t value;
    size_t i;

    for (i = 0; status == DSINFER_OK && i < graph->n_inputs; i++) {
        const enum dsi_dtype dtype = get_port_type(graph, graph->inputs[i].port);

        status = dsi_plan_check_shape(graph->inputs[i].name, dtype, &shapes[i], err);
        if (status == DSINFER_OK) {
            status = add_value(compiler->plan, DSI_VALUE_INPUT, dtype, &shapes[i], &value, err);
        }
    }
    return status;
}

/* The value at a port, which `reader` reads. */
static enum dsinfer_status find_value(const struct compiler *compiler, const char *reader,
                                      struct dsi_port port, uint32_t *out,
                                      struct dsinfer_error *err) {
    const size_t n_outputs = compiler->n_outputs[port.node];

    if (find_graph_input(compiler, port, out)) {
        return DSINFER_OK;
    }
    if (port.output >= n_outputs) {
        return dsi_fail(
            err, DSINFER_ERR_MALFORMED, "'%s' needs output %lu of node '%s', which has %zu", reader,
            (unsigned long)port.output, compiler->graph->nodes[port.node].name, n_outputs);
    }
    *out = compiler->first_value[port.node] + port.output;
    return DSINFER_OK;
}

static enum dsinfer_status add_constant(struct compiler *compiler, uint32_t index,
                                        struct dsinfer_error *err) {
    const struct dsi_node *node = &compiler->graph->nodes[index];
    const struct dsi_tensor *tensor = &node->value;
    enum dsinfer_status status = DSINFER_OK;
    uint32_t value;

    if (tensor->dtype != DSI_DTYPE_STRING) {
        status = dsi_plan_check_shape(node->name, tensor->dtype, &tensor->shape, err);
    }
    if (status == DSINFER_OK) {
        status = add_value(compiler->plan, DSI_VALUE_CONSTANT, tensor->dtype, &tensor->shape,
                           &value, err);
    }
    if (status == DSINFER_OK) {
        compiler->plan->tensors[value] = *tensor;
        compiler->first_value[index] = value;
        compiler->n_outputs[index] = 1;
    }
    return status;
}

/* Finds the op of a node and the values it reads. */
static enum dsinfer_status begin_step(struct compiler *compiler, const struct dsi_node *node,
                                      struct dsi_plan_step *step, struct dsinfer_error *err) {
    struct dsi_plan *plan = compiler->plan;
    enum dsinfer_status status = DSINFER_OK;
    size_t i;

    *step = (struct dsi_plan_step){.node = node, .op = dsi_op_find(node->op)};
    step->inputs = dsi_arena_alloc(&plan->arena, node->n_inputs, sizeof(*step->inputs));
    if (!step->inputs) {
        return dsi_fail_memory(err, node->n_inputs * sizeof(*step->inputs));
    }
    for (i = 0; status == DSINFER_OK && i < node->n_inputs; i++) {
        status = find_value(compiler, node->name, node->inputs[i], &step->inputs[i], err);
    }
    return status;
}

static enum dsinfer_status add_outputs(struct compiler *compiler, uint32_t index,
                                       struct dsi_plan_step *step,
                                       const struct dsi_op_shapes *shapes,
                                       struct dsinfer_error *err) {
    enum dsinfer_status status = DSINFER_OK;
    uint32_t value;
    size_t i;

    step->first_output = (uint32_t)compiler->plan->n_values;
    step->n_outputs = shapes->n_outputs;
    for (i = 0; status == DSINFER_OK && i < shapes->n_outputs; i++) {
        status = add_value(compiler->plan, DSI_VALUE_COMPUTED, shapes->outputs[i].dtype,
                           &shapes->outputs[i].shape, &value, err);
    }
    compiler->first_value[index] = step->first_output;
    compiler->n_outputs[index] = (uint8_t)shapes->n_outputs;
    return status;
}

/* Gives the output of an alias op the root of its input, and its bytes if they are known. */
static void join_alias(struct dsi_plan *plan, const struct dsi_plan_step *step, int alias) {
    const uint32_t from = step->inputs[alias], to = step->first_output;

    plan->values[to].root = plan->values[from].root;
    if (plan->values[from].kind == DSI_VALUE_CONSTANT) {
        plan->values[to].kind = DSI_VALUE_CONSTANT;
        plan->tensors[to].bytes = plan->tensors[from].bytes;
        plan->tensors[to].file = plan->tensors[from].file;
        plan->tensors[to].stored = plan->tensors[from].stored;
    }
}

/* Whether the step can be computed now: its inputs are known (or only their shapes matter), and the
 * work is small. */
static bool can_fold(struct compiler *compiler, const struct dsi_plan_step *step,
                     const struct dsi_op_shapes *shapes) {
    const struct dsi_plan *plan = compiler->plan;
    size_t work = 0, out_size = 0, size, i;

    if (step->op->is_costly || shapes->n_outputs != 1 || shapes->n_weights ||
        shapes->scratch_size) {
        return false;
    }
    (void)dsi_shape_get_size(&shapes->outputs[0].shape, shapes->outputs[0].dtype, &out_size);
    work = out_size;
    for (i = 0; !step->op->reads_shapes_only && i < step->node->n_inputs; i++) {
        const struct dsi_tensor *tensor = &plan->tensors[step->inputs[i]];

        if (plan->values[step->inputs[i]].kind != DSI_VALUE_CONSTANT ||
            !dsi_shape_get_size(&tensor->shape, tensor->dtype, &size)) {
            return false;
        }
        work += size; /* of at most DSI_GRAPH_MAX_INPUTS values of at most 2 GiB */
    }
    if (work > DSI_PLAN_MAX_FOLDING - compiler->folding_size ||
        out_size > DSI_PLAN_MAX_CONSTANTS - plan->constants_size) {
        return false;
    }
    compiler->folding_size += work;
    return true;
}

static enum dsinfer_status fold(struct compiler *compiler, const struct dsi_plan_step *step,
                                const struct dsi_op_shapes *shapes, struct dsinfer_error *err) {
    struct dsi_plan *plan = compiler->plan;
    struct dsi_plan_value *value = &plan->values[step->first_output];
    struct dsi_tensor *tensor = &plan->tensors[step->first_output];
    enum dsinfer_status status = DSINFER_OK;
    struct dsi_op_call call = {
        .node = step->node,
        .kernels = &plan->kernels,
        .inputs = compiler->call_inputs,
        .shapes = shapes,
        .outputs = &value->owned,
    };
    size_t size = 0, i;

    (void)dsi_shape_get_size(&tensor->shape, tensor->dtype, &size);
    value->owned = dsi_malloc_aligned(size);
    if (!value->owned) {
        return dsi_fail_memory(err, size);
    }
    plan->constants_size += size;
    for (i = 0; status == DSINFER_OK && i < step->node->n_inputs; i++) {
        const uint32_t input = step->inputs[i];

        if (!step->op->reads_shapes_only) {
            status = dsi_plan_align(plan, input, err);
        }
        compiler->call_inputs[i] = plan->tensors[input];
        value->follows_shapes |=
            plan->values[input].follows_shapes || plan->values[input].kind != DSI_VALUE_CONSTANT;
    }
    if (status == DSINFER_OK) {
        status = step->op->run(&call, err);
    }
    if (status == DSINFER_ERR_ARGUMENT) { /* nobody's argument, but values in the file */
        status = DSINFER_ERR_MALFORMED;
        if (err) {
            err->status = status;
        }
    }
    if (status == DSINFER_OK) {
        value->kind = DSI_VALUE_CONSTANT;
        tensor->bytes = (struct dsi_bytes){value->owned, size};
    }
    return status;
}

static enum dsinfer_status add_step(struct compiler *compiler, uint32_t index,
                                    struct dsinfer_error *err) {
    struct dsi_plan *plan = compiler->plan;
    struct dsi_op_shapes shapes;
    struct dsi_plan_step step;
    enum dsinfer_status status;

    status = begin_step(compiler, &compiler->graph->nodes[index], &step, err);
    if (status == DSINFER_OK) {
        status = dsi_plan_infer_step(plan, &step, plan->tensors, compiler->infos, &shapes, err);
    }
    if (status == DSINFER_OK) {
        status = add_outputs(compiler, index, &step, &shapes, err);
    }
    if (status != DSINFER_OK) {
        return status;
    }

    if (shapes.alias >= 0) {
        const uint32_t from = step.inputs[shapes.alias];

        join_alias(plan, &step, shapes.alias);
        if (plan->values[from].kind == DSI_VALUE_CONSTANT) {
            size_t i;

            for (i = 0; i < step.node->n_inputs; i++) {
                plan->values[step.first_output].follows_shapes |=
                    plan->values[step.inputs[i]].follows_shapes;
            }
            return DSINFER_OK;
        }
    } else if (can_fold(compiler, &step, &shapes)) {
        return fold(compiler, &step, &shapes, err);
    }
    plan->steps[plan->n_steps++] = step;
    return DSINFER_OK;
}

/* Before any work is done: the op is there and has inputs enough. */
static enum dsinfer_status check_node(const struct dsi_node *node, struct dsinfer_error *err) {
    const struct dsi_op *op = dsi_op_find(node->op);

    if (dsi_node_is_op(node, "Const")) {
        return DSINFER_OK;
    }
    if (dsi_node_is_op(node, "Placeholder")) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the outputs need node '%s', a Placeholder that is no input of the graph",
                        node->name);
    }
    if (!op) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "node '%s' has the op '%s', which is not supported", node->name, node->op);
    }
    if (node->n_inputs < op->min_inputs || node->n_inputs > op->max_inputs) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "node '%s' has %zu inputs, but %s takes %zu to %zu", node->name,
                        node->n_inputs, op->name, op->min_inputs, op->max_inputs);
    }
    return DSINFER_OK;
}

static enum dsinfer_status add_nodes(struct compiler *compiler, struct dsinfer_error *err) {
    struct dsi_plan *plan = compiler->plan;
    enum dsinfer_status status = DSINFER_OK;
    size_t i;

    for (i = 0; status == DSINFER_OK && i < compiler->n_order; i++) {
        if (compiler->is_needed[compiler->order[i]]) {
            status = check_node(&compiler->graph->nodes[compiler->order[i]], err);
        }
    }
    if (status != DSINFER_OK) {
        return status;
    }

    plan->steps = dsi_calloc(compiler->n_order, sizeof(*plan->steps));
    if (!plan->steps) {
        return dsi_fail_memory(err, compiler->n_order * sizeof(*plan->steps));
    }
    for (i = 0; status == DSINFER_OK && i < compiler->n_order; i++) {
        const uint32_t index = compiler->order[i];

        if (!compiler->is_needed[index]) {
            continue;
        }
        if (dsi_node_is_op(&compiler->graph->nodes[index], "Const")) {
            status = add_constant(compiler, index, err);
        } else {
            status = add_step(compiler, index, err);
        }
    }
    return status;
}

static enum dsinfer_status add_graph_outputs(struct compiler *compiler, struct dsinfer_error *err) {
    const struct dsi_graph *graph = compiler->graph;
    struct dsi_plan *plan = compiler->plan;
    enum dsinfer_status status = DSINFER_OK;
    size_t i;

    plan->outputs = dsi_arena_alloc(&plan->arena, graph->n_outputs, sizeof(*plan->outputs));
    if (!plan->outputs) {
        return dsi_fail_memory(err, graph->n_outputs * sizeof(*plan->outputs));
    }
    for (i = 0; status == DSINFER_OK && i < graph->n_outputs; i++) {
        status = find_value(compiler, graph->outputs[i].name, graph->outputs[i].port,
                            &plan->outputs[i], err);
        if (status == DSINFER_OK) {
            const uint32_t value = plan->outputs[i];

            plan->values[value].is_wanted = true;
            plan->is_fixed |= plan->values[value].follows_shapes;
        }
    }
    return status;
}

/* Removes the steps that nothing needs any more because constants took their place. */
static void prune_steps(struct dsi_plan *plan) {
    size_t n_kept = 0;
    size_t i, k;

    for (i = plan->n_steps; i-- > 0;) {
        struct dsi_plan_step *step = &plan->steps[i];
        bool is_wanted = false;

        for (k = 0; k < step->n_outputs; k++) {
            is_wanted |= plan->values[step->first_output + k].is_wanted;
        }
        for (k = 0; is_wanted && k < step->node->n_inputs; k++) {
            plan->values[step->inputs[k]].is_wanted = true;
        }
        step->op = is_wanted ? step->op : NULL;
    }
    for (i = 0; i < plan->n_steps; i++) {
        if (plan->steps[i].op) {
            plan->steps[n_kept++] = plan->steps[i];
        }
    }
    plan->n_steps = n_kept;
}

/* Aligns and packs what a step reads. */
static enum dsinfer_status prepare_step(struct compiler *compiler, struct dsi_plan_step *step,
                                        struct dsinfer_error *err) {
    struct dsi_plan *plan = compiler->plan;
    struct dsi_op_shapes shapes;
    enum dsinfer_status status;
    size_t i;

    status = dsi_plan_infer_step(plan, step, plan->tensors, compiler->infos, &shapes, err);
    for (i = 0; status == DSINFER_OK && i < step->node->n_inputs; i++) {
        const struct dsi_plan_value *value = &plan->values[step->inputs[i]];

        plan->is_fixed |= value->follows_shapes;
        if (value->kind == DSI_VALUE_CONSTANT && shapes.alias < 0 &&
            !dsi_plan_is_packed(&shapes, i)) {
            status = dsi_plan_align(plan, step->inputs[i], err);
        }
    }
    return status == DSINFER_OK ? dsi_plan_pack_step(plan, step, &shapes, err) : status;
}

enum dsinfer_status dsi_plan_create(const struct dsi_graph *graph,
                                    const struct dsi_kernels *kernels,
                                    const struct dsi_shape *input_shapes, struct dsi_plan **out,
                                    struct dsinfer_error *err) {
    struct dsi_plan *plan = dsi_calloc(1, sizeof(*plan));
    struct compiler compiler = {0};
    enum dsinfer_status status;
    size_t i;

    *out = NULL;
    if (!plan) {
        return dsi_fail_memory(err, sizeof(*plan));
    }
    plan->graph = graph;
    plan->kernels = *kernels;
    dsi_arena_init(&plan->arena, DSI_GRAPH_MAX_MEMORY);

    status = compiler_init(&compiler, plan, err);
    if (status == DSINFER_OK) {
        status = add_inputs(&compiler, input_shapes, err);
    }
    if (status == DSINFER_OK) {
        status = add_nodes(&compiler, err);
    }
    if (status == DSINFER_OK) {
        status = add_graph_outputs(&compiler, err);
    }
    if (status == DSINFER_OK) {
        prune_steps(plan);
    }
    for (i = 0; status == DSINFER_OK && i < plan->n_steps; i++) {
        status = prepare_step(&compiler, &plan->steps[i], err);
    }
    if (status == DSINFER_OK) {
        *out = plan;
        plan = NULL;
    }
    compiler_finish(&compiler);
    dsi_plan_destroy(plan);
    return status;
}

void dsi_plan_destroy(struct dsi_plan *plan) {
    size_t i;

    if (!plan) {
        return;
    }
    for (i = 0; i < plan->n_values; i++) {
        dsi_free(plan->values[i].owned);
    }
    for (i = 0; i < plan->n_weights; i++) {
        dsi_free(plan->weights[i].owned);
    }
    dsi_free(plan->values);
    dsi_free(plan->tensors);
    dsi_free(plan->steps);
    dsi_free(plan->weights);
    dsi_arena_finish(&plan->arena);
    dsi_free(plan);
}

void dsi_plan_get_sizes(const struct dsi_plan *plan, struct dsi_plan_sizes *sizes) {
    size_t i;

    *sizes = (struct dsi_plan_sizes){.packed = plan->packed_size};
    for (i = 0; i < plan->n_weights; i++) {
        sizes->weights += plan->weights[i].size;
        sizes->recurrent += plan->weights[i].part.is_recurrent ? plan->weights[i].size : 0;
    }
}

size_t dsi_plan_get_n_steps(const struct dsi_plan *plan) {
    return plan->n_steps;
}

bool dsi_plan_get_weight(const struct dsi_plan *plan, size_t step, size_t i,
                         struct dsi_plan_weight *out) {
    const void *data = i < DSI_OP_MAX_WEIGHTS ? plan->steps[step].weights[i] : NULL;
    size_t k;

    for (k = 0; data && k < plan->n_weights; k++) {
        const struct dsi_packed_weight *weight = &plan->weights[k];

        if (weight->data == data) {
            *out = (struct dsi_plan_weight){.input = weight->part.input,
                                            .first_row = weight->part.first_row,
                                            .k = weight->part.k,
                                            .n = weight->part.n,
                                            .precision = weight->part.precision,
                                            .bytes = {data, weight->size}};
            return true;
        }
    }
    return false;
}

const struct dsi_node *dsi_plan_get_step(const struct dsi_plan *plan, size_t i) {
    return plan->steps[i].node;
}
