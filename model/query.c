/* Values of the graph by name: finds the names, holds the memory, runs the plan.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/query.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <string.h>

static enum dsi_dtype to_dtype(enum dsinfer_element element) {
    switch (element) {
    case DSINFER_ELEMENT_F32:
        return DSI_DTYPE_F32;
    case DSINFER_ELEMENT_I32:
        return DSI_DTYPE_I32;
    case DSINFER_ELEMENT_I64:
        return DSI_DTYPE_I64;
    case DSINFER_ELEMENT_BOOL:
        return DSI_DTYPE_BOOL;
    }
    return DSI_DTYPE_NONE;
}

static enum dsinfer_element to_element(enum dsi_dtype dtype) {
    switch (dtype) {
    case DSI_DTYPE_I32:
        return DSINFER_ELEMENT_I32;
    case DSI_DTYPE_I64:
        return DSINFER_ELEMENT_I64;
    case DSI_DTYPE_BOOL:
        return DSINFER_ELEMENT_BOOL;
    default:
        return DSINFER_ELEMENT_F32;
    }
}

enum dsinfer_status dsi_query_read_array(const struct dsinfer_binding *binding,
                                         enum dsi_dtype *dtype, struct dsi_shape *shape,
                                         struct dsinfer_error *err) {
    const struct dsinfer_array *array = &binding->array;
    const enum dsi_dtype found_dtype = to_dtype(array->element);
    struct dsi_shape found = {.rank = array->rank};
    size_t size;
    size_t i;

    if (found.rank > DSI_MAX_RANK || found_dtype == DSI_DTYPE_NONE) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                        "the array for '%s' has %zu dimensions and element type %d; at most %d and "
                        "a known type are possible",
                        binding->name, found.rank, (int)array->element, DSI_MAX_RANK);
    }
    for (i = 0; i < found.rank; i++) {
        if (array->dims[i] > INT32_MAX) {
            return dsi_fail(err, DSINFER_ERR_ARGUMENT, "dimension %zu of the array for '%s' is %zu",
                            i, binding->name, array->dims[i]);
        }
        found.dims[i] = (int64_t)array->dims[i];
    }
    if (!dsi_shape_get_size(&found, found_dtype, &size)) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "the array for '%s' is too large",
                        binding->name);
    }
    *dtype = found_dtype;
    *shape = found;
    return DSINFER_OK;
}

/* Finds the names of the question, and takes N and T from the windows, if they are given. */
static enum dsinfer_status find_names(struct dsinfer_query *query,
                                      const struct dsinfer_binding *inputs,
                                      const char *const *output_names, struct dsinfer_error *err) {
    const struct dsi_signature *signature = &query->model->signature;
    enum dsinfer_status status = DSINFER_OK;
    size_t i;
    size_t k;

    query->n_streams = signature->n_streams;
    query->n_steps = signature->n_steps;
    for (i = 0; status == DSINFER_OK && i < query->n_bindings; i++) {
        struct dsi_name *name = &query->bindings[i];

        status = dsi_name_find(query->model, inputs[i].name, false, name, err);
        if (status != DSINFER_OK) {
            return status;
        }
        for (k = 0; k < i; k++) {
            if (name->has_role
                    ? query->bindings[k].has_role && query->bindings[k].role == name->role
                    : dsi_port_is_equal(query->bindings[k].port, name->port)) {
                return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                                "the inputs '%s' and '%s' are the same value", inputs[k].name,
                                inputs[i].name);
            }
        }
        if (name->has_role && name->role == DSI_ROLE_WINDOWS && inputs[i].array.rank == 4) {
            query->n_streams = (int64_t)inputs[i].array.dims[0];
            query->n_steps = (int64_t)inputs[i].array.dims[1];
        }
    }
    for (i = 0; status == DSINFER_OK && i < query->n_outputs; i++) {
        status = dsi_name_find(query->model, output_names[i], true, &query->outputs[i], err);
    }
    query->n_streams = query->n_streams < 1 ? 1 : query->n_streams;
    query->n_steps = query->n_steps < 1 ? 16 : query->n_steps;
    return status;
}

/* Inputs that are roles have one shape and type. */
static enum dsinfer_status check_roles(const struct dsinfer_query *query,
                                       const struct dsinfer_binding *inputs,
                                       struct dsinfer_error *err) {
    struct dsi_shape needed[DSI_ROLE_LENGTHS + 1];
    char found_text[DSI_SHAPE_TEXT_SIZE];
    char needed_text[DSI_SHAPE_TEXT_SIZE];
    size_t i;

    dsi_model_get_shapes(query->model, (size_t)query->n_streams, (size_t)query->n_steps, needed);
    for (i = 0; i < query->n_bindings; i++) {
        const enum dsi_role role = query->bindings[i].role;
        const enum dsi_dtype needed_type = role == DSI_ROLE_LENGTHS ? DSI_DTYPE_I32 : DSI_DTYPE_F32;
        enum dsinfer_status status;
        enum dsi_dtype type;
        struct dsi_shape shape;

        status = dsi_query_read_array(&inputs[i], &type, &shape, err);
        if (status != DSINFER_OK) {
            return status;
        }
        if (query->bindings[i].has_role &&
            (type != needed_type || !dsi_shape_is_equal(&shape, &needed[role]))) {
            if (role == DSI_ROLE_WINDOWS) { /* any N and T would do */
                needed[role].dims[0] = -1;
                needed[role].dims[1] = -1;
            }
            return dsi_fail(err, DSINFER_ERR_ARGUMENT, "input '%s' is %s %s instead of %s %s",
                            inputs[i].name, dsi_dtype_get_name(type),
                            dsi_shape_print(&shape, found_text), dsi_dtype_get_name(needed_type),
                            dsi_shape_print(&needed[role], needed_text));
        }
    }
    return DSINFER_OK;
}

/* Describes one result; a value that is [T*N,D] in the file and [T,N,D] in the network is given as
 * in the file. */
static void describe(const struct dsinfer_query *query, size_t i, enum dsi_dtype dtype,
                     const struct dsi_shape *shape) {
    struct dsinfer_array *result = &query->results[i];
    const struct dsi_graph *graph = &query->graph;
    size_t k;

    result->element = to_element(dtype);
    result->rank = shape->rank;
    for (k = 0; k < shape->rank; k++) {
        result->dims[k] = (size_t)shape->dims[k];
    }
    if (query->own_plan && shape->rank == 3 &&
        dsi_node_get_bool(&graph->nodes[graph->outputs[query->slots[i]].port.node], "is_flat",
                          false)) {
        result->rank = 2;
        result->dims[0] *= result->dims[1];
        result->dims[1] = result->dims[2];
    }
    result->data = query->buffers[query->slots[i]];
}

static enum dsinfer_status make_run(struct dsinfer_query *query, struct dsinfer_error *err) {
    const struct dsi_plan *plan = query->own_plan ? query->own_plan : query->model->plan;
    struct dsi_shape shapes[DSI_QUERY_MAX_INPUTS];
    enum dsinfer_status status;
    size_t i;

    for (i = 0; i < query->n_inputs; i++) {
        shapes[i] = query->inputs[i].shape;
    }
    status = dsi_run_create(plan, shapes, NULL, &query->run, err);
    if (status == DSINFER_OK) {
        status = dsi_run_set_shapes(query->run, shapes, err);
    }
    if (status != DSINFER_OK) {
        return status;
    }

    query->buffers = dsi_calloc(query->n_slots, sizeof(*query->buffers));
    if (!query->buffers) {
        return dsi_fail_memory(err, query->n_slots * sizeof(*query->buffers));
    }
    for (i = 0; i < query->n_outputs; i++) {
        void **buffer = &query->buffers[query->slots[i]];
        enum dsi_dtype dtype;
        struct dsi_shape shape;
        size_t size;

        dsi_run_get_output(query->run, query->slots[i], &dtype, &shape);
        if (!dsi_shape_get_size(&shape, dtype, &size)) {
            return dsi_fail(err, DSINFER_ERR_UNSUPPORTED, "values of type %s cannot be given out",
                            dsi_dtype_get_name(dtype));
        }
        *buffer = *buffer ? *buffer : dsi_malloc_aligned(size);
        if (!*buffer) {
            return dsi_fail_memory(err, size);
        }
        describe(query, i, dtype, &shape);
    }
    return DSINFER_OK;
}

static enum dsinfer_status check_arguments(const struct dsinfer_model *model,
                                           const struct dsinfer_binding *inputs, size_t n_inputs,
                                           const char *const *output_names, size_t n_outputs,
                                           struct dsinfer_error *err) {
    size_t i;

    if (!model || (!inputs && n_inputs) || !output_names || n_outputs < 1) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "a model and at least one output are needed");
    }
    if (n_inputs > DSI_QUERY_MAX_NAMES || n_outputs > DSI_QUERY_MAX_NAMES) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                        "%zu inputs and %zu outputs are named; at most %d each are possible",
                        n_inputs, n_outputs, DSI_QUERY_MAX_NAMES);
    }
    for (i = 0; i < n_inputs; i++) {
        if (!inputs[i].name) {
            return dsi_fail(err, DSINFER_ERR_ARGUMENT, "input %zu has no name", i);
        }
    }
    for (i = 0; i < n_outputs; i++) {
        if (!output_names[i]) {
            return dsi_fail(err, DSINFER_ERR_ARGUMENT, "output %zu has no name", i);
        }
    }
    return DSINFER_OK;
}

static struct dsinfer_query *allocate(struct dsinfer_model *model,
                                      const struct dsinfer_binding *inputs, size_t n_inputs,
                                      size_t n_outputs) {
    struct dsinfer_query *query = dsi_calloc(1, sizeof(*query));
    size_t i;

    if (!query) {
        return NULL;
    }
    query->model = dsinfer_model_ref(model);
    query->n_bindings = n_inputs;
    query->n_outputs = n_outputs;
    query->bindings = dsi_calloc(n_inputs, sizeof(*query->bindings));
    query->expected = dsi_calloc(n_inputs, sizeof(*query->expected));
    query->outputs = dsi_calloc(n_outputs, sizeof(*query->outputs));
    query->results = dsi_calloc(n_outputs, sizeof(*query->results));
    query->slots = dsi_calloc(n_outputs, sizeof(*query->slots));
    if (!query->bindings || !query->expected || !query->outputs || !query->results ||
        !query->slots) {
        dsinfer_query_destroy(query);
        return NULL;
    }
    for (i = 0; i < n_inputs; i++) {
        query->expected[i] = inputs[i].array;
    }
    return query;
}

enum dsinfer_status dsinfer_query_create(struct dsinfer_model *model,
                                         const struct dsinfer_binding *inputs, size_t n_inputs,
                                         const char *const *output_names, size_t n_outputs,
                                         struct dsinfer_query **out, struct dsinfer_error *err) {
    struct dsinfer_error own;
    struct dsinfer_query *query;
    enum dsinfer_status status;

    err = err ? err : &own;
    if (!out) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "no place for the query is given");
    }
    *out = NULL;
    status = check_arguments(model, inputs, n_inputs, output_names, n_outputs, err);
    if (status != DSINFER_OK) {
        return status;
    }
    query = allocate(model, inputs, n_inputs, n_outputs);
    if (!query) {
        return dsi_fail_memory(err, sizeof(*query));
    }

    status = find_names(query, inputs, output_names, err);
    if (status == DSINFER_OK) {
        status = check_roles(query, inputs, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_query_prepare(query, inputs, output_names, err);
    }
    if (status == DSINFER_OK) {
        status = make_run(query, err);
    }
    if (status == DSINFER_OK) {
        *out = query;
    } else {
        dsinfer_query_destroy(query);
    }
    return status;
}

/* Arrays must be as they were when the query was made. */
static bool is_as_expected(const struct dsinfer_array *array,
                           const struct dsinfer_array *expected) {
    return array->data && array->element == expected->element && array->rank == expected->rank &&
           memcmp(array->dims, expected->dims, array->rank * sizeof(array->dims[0])) == 0;
}

enum dsinfer_status dsinfer_query_run(struct dsinfer_query *query,
                                      const struct dsinfer_binding *inputs,
                                      struct dsinfer_array *outputs, struct dsinfer_error *err) {
    enum dsinfer_status status;
    size_t i;

    if (!query || (!inputs && query->n_bindings) || !outputs) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "query, inputs and outputs are needed");
    }
    for (i = 0; i < query->n_bindings; i++) {
        if (!is_as_expected(&inputs[i].array, &query->expected[i])) {
            return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                            "input %zu has no data or not the shape it had when the query was made",
                            i);
        }
    }
    for (i = 0; i < query->n_inputs; i++) {
        const struct dsi_query_input *input = &query->inputs[i];

        query->input_data[i] =
            input->is_bound ? inputs[input->binding].array.data : input->stand_in;
    }

    status = dsi_run_execute(query->run, query->input_data, query->buffers, err);
    if (status == DSINFER_OK) {
        memcpy(outputs, query->results, query->n_outputs * sizeof(*outputs));
    }
    return status;
}

void dsinfer_query_destroy(struct dsinfer_query *query) {
    size_t i;

    if (!query) {
        return;
    }
    for (i = 0; query->buffers && i < query->n_slots; i++) {
        dsi_free(query->buffers[i]);
    }
    for (i = 0; i < query->n_inputs; i++) {
        dsi_free(query->inputs[i].stand_in);
    }
    dsi_free(query->buffers);
    dsi_run_destroy(query->run);
    dsi_plan_destroy(query->own_plan);
    dsi_graph_finish(&query->graph);
    dsi_free(query->bindings);
    dsi_free(query->expected);
    dsi_free(query->outputs);
    dsi_free(query->results);
    dsi_free(query->slots);
    dsinfer_model_unref(query->model);
    dsi_free(query);
}
