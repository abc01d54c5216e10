/* The plan that answers a question.
 *
 * Where only roles are asked for, this is the model's own, at any N and T. Otherwise a plan is made
 * for the question: of the file's graph, cut at the inputs and outputs that are named, which runs
 * at the file's N and T; or, at other sizes, of the network, as far as the values exist there.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/query.h"

#include "model/convert/convert.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

/* The binding of a role; false if it is not given. */
static bool find_binding(const struct dsinfer_query *query, enum dsi_role role, size_t *out) {
    size_t i;

    for (i = 0; i < query->n_bindings; i++) {
        if (query->bindings[i].has_role && query->bindings[i].role == role) {
            *out = i;
            return true;
        }
    }
    return false;
}

/* An input of the plan that nobody named: a state of zeros, or lengths of T. */
static enum dsinfer_status init_stand_in(const struct dsinfer_query *query, enum dsi_role role,
                                         struct dsi_query_input *input, struct dsinfer_error *err) {
    const size_t n_streams = (size_t)query->n_streams;
    const size_t n_cell = query->model->signature.n_cell;
    size_t i;

    input->stand_in = role == DSI_ROLE_LENGTHS ? dsi_calloc(n_streams, sizeof(int32_t))
                                               : dsi_calloc(n_streams * n_cell, sizeof(float));
    if (!input->stand_in) {
        return dsi_fail_memory(err, n_streams * n_cell * sizeof(float));
    }
    for (i = 0; role == DSI_ROLE_LENGTHS && i < n_streams; i++) {
        ((int32_t *)input->stand_in)[i] = (int32_t)query->n_steps;
    }
    return DSINFER_OK;
}

/* Appends the input of the plan that plays a role. */
static enum dsinfer_status add_role_input(struct dsinfer_query *query, enum dsi_role role,
                                          struct dsinfer_error *err) {
    struct dsi_query_input *input = &query->inputs[query->n_inputs++];
    struct dsi_shape shapes[DSI_ROLE_LENGTHS + 1];

    dsi_model_get_shapes(query->model, (size_t)query->n_streams, (size_t)query->n_steps, shapes);
    input->dtype = role == DSI_ROLE_LENGTHS ? DSI_DTYPE_I32 : DSI_DTYPE_F32;
    input->shape = shapes[role];
    input->is_bound = find_binding(query, role, &input->binding);
    if (input->is_bound) {
        return DSINFER_OK;
    }
    if (role == DSI_ROLE_WINDOWS) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "the input 'windows' is needed");
    }
    return init_stand_in(query, role, input, err);
}

static enum dsinfer_status add_network_inputs(struct dsinfer_query *query,
                                              struct dsinfer_error *err) {
    enum dsinfer_status status = DSINFER_OK;
    size_t i;

    for (i = 0; status == DSINFER_OK && i < query->model->network.n_inputs; i++) {
        status = add_role_input(query, (enum dsi_role)i, err);
    }
    return status;
}

static enum dsinfer_status make_plan(struct dsinfer_query *query, struct dsinfer_error *err) {
    struct dsi_shape shapes[DSI_QUERY_MAX_INPUTS];
    size_t i;

    for (i = 0; i < query->n_inputs; i++) {
        shapes[i] = query->inputs[i].shape;
    }
    return dsi_plan_create(&query->graph, &query->model->kernels, shapes, &query->own_plan, err);
}

/* Roles only: the model's plan, of whose outputs the wanted ones are taken. */
static enum dsinfer_status ask_model(struct dsinfer_query *query, struct dsinfer_error *err) {
    size_t i;

    query->n_slots = query->model->network.n_outputs;
    for (i = 0; i < query->n_outputs; i++) {
        query->slots[i] = (size_t)query->outputs[i].role - DSI_ROLE_LOGITS;
    }
    return add_network_inputs(query, err);
}

/* Where a value of the file is in the network; false if it vanished there. */
static bool find_in_network(const struct dsinfer_query *query, const struct dsi_name *name,
                            struct dsi_port *out) {
    const struct dsi_graph *network = &query->model->network;
    const char *node_name = query->model->graph.nodes[name->port.node].name;

    if (name->has_role) {
        *out = network->outputs[name->role - DSI_ROLE_LOGITS].port;
        return true;
    }
    out->output = 0;
    return name->port.output == 0 && dsi_graph_find_node(network, node_name, &out->node) &&
           !dsi_node_is_op(&network->nodes[out->node], "Lstm");
}

static enum dsinfer_status set_outputs(struct dsinfer_query *query, const char *const *names,
                                       const struct dsi_port *ports, struct dsinfer_error *err) {
    struct dsi_graph_port graph_ports[DSI_QUERY_MAX_NAMES];
    size_t i;

    for (i = 0; i < query->n_outputs; i++) {
        graph_ports[i] = (struct dsi_graph_port){names[i], ports[i]};
        query->slots[i] = i;
    }
    query->n_slots = query->n_outputs;
    return dsi_graph_set_outputs(&query->graph, graph_ports, query->n_outputs, err);
}

/* Other N or T than the file's: roles go in, and values come out that the network still has. */
static enum dsinfer_status ask_network(struct dsinfer_query *query,
                                       const struct dsinfer_binding *inputs,
                                       const char *const *output_names, struct dsinfer_error *err) {
    const struct dsi_signature *signature = &query->model->signature;
    const char *missing = NULL;
    struct dsi_port ports[DSI_QUERY_MAX_NAMES];
    enum dsinfer_status status;
    size_t i;

    for (i = 0; i < query->n_bindings && !missing; i++) {
        missing = query->bindings[i].has_role ? NULL : inputs[i].name;
    }
    for (i = 0; i < query->n_outputs && !missing; i++) {
        if (!query->model->is_fused || !find_in_network(query, &query->outputs[i], &ports[i])) {
            missing = output_names[i];
        }
    }
    if (missing) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                        "'%s' exists only at the file's own %lld streams and %lld steps, not at "
                        "%lld and %lld",
                        missing, (long long)signature->n_streams, (long long)signature->n_steps,
                        (long long)query->n_streams, (long long)query->n_steps);
    }

    status = add_network_inputs(query, err);
    if (status == DSINFER_OK) {
        status = dsi_graph_copy(&query->model->network, &query->graph, err);
    }
    if (status == DSINFER_OK) {
        status = set_outputs(query, output_names, ports, err);
    }
    return status == DSINFER_OK ? make_plan(query, err) : status;
}

/* After the cut and the prune, no placeholder may be left that nobody feeds. */
static enum dsinfer_status check_fed(const struct dsi_graph *graph, struct dsinfer_error *err) {
    size_t i;
    size_t k;

    for (i = 0; i < graph->n_nodes; i++) {
        bool is_fed = !dsi_node_is_op(&graph->nodes[i], "Placeholder");

        for (k = 0; k < graph->n_inputs && !is_fed; k++) {
            is_fed = graph->inputs[k].port.node == i;
        }
        if (!is_fed) {
            return dsi_fail(err, DSINFER_ERR_ARGUMENT, "the input '%s' is needed",
                            graph->nodes[i].name);
        }
    }
    return DSINFER_OK;
}

/* The inputs of the cut: those that are named, and the states and lengths that are not. */
static enum dsinfer_status collect_cut(struct dsinfer_query *query,
                                       const struct dsinfer_binding *inputs,
                                       struct dsi_cut_input *cuts, struct dsinfer_error *err) {
    const struct dsi_signature *signature = &query->model->signature;
    enum dsinfer_status status = DSINFER_OK;
    size_t binding;
    size_t role;
    size_t i;

    for (i = 0; status == DSINFER_OK && i < query->n_bindings; i++) {
        const struct dsi_name *name = &query->bindings[i];
        struct dsi_query_input *input = &query->inputs[i];

        if (name->has_role && name->role == DSI_ROLE_LENGTHS && !signature->has_lengths) {
            return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                            "the graph has no lengths; only its roles can be asked for with them");
        }
        cuts[i].name = inputs[i].name;
        cuts[i].port = name->has_role ? signature->ports[name->role] : name->port;
        input->is_bound = true;
        input->binding = i;
        status = dsi_query_read_array(&inputs[i], &input->dtype, &input->shape, err);
        query->n_inputs++;
    }
    for (role = DSI_ROLE_H; status == DSINFER_OK && role <= DSI_ROLE_LENGTHS; role++) {
        if (find_binding(query, (enum dsi_role)role, &binding) ||
            (role == DSI_ROLE_LENGTHS && !signature->has_lengths)) {
            continue;
        }
        cuts[query->n_inputs].name = dsi_role_names[role];
        cuts[query->n_inputs].port = signature->ports[role];
        status = add_role_input(query, (enum dsi_role)role, err);
    }
    for (i = 0; i < query->n_inputs; i++) {
        cuts[i].dtype = query->inputs[i].dtype;
        cuts[i].shape = query->inputs[i].shape;
    }
    return status;
}

/* Anything else: the file's graph, cut at the names. */
static enum dsinfer_status ask_file(struct dsinfer_query *query,
                                    const struct dsinfer_binding *inputs,
                                    const char *const *output_names, struct dsinfer_error *err) {
    struct dsi_cut_input cuts[DSI_QUERY_MAX_INPUTS];
    struct dsi_graph_port outputs[DSI_QUERY_MAX_NAMES];
    enum dsinfer_status status;
    size_t i;

    status = collect_cut(query, inputs, cuts, err);
    for (i = 0; i < query->n_outputs; i++) {
        outputs[i] = (struct dsi_graph_port){output_names[i], query->outputs[i].port};
        query->slots[i] = i;
    }
    query->n_slots = query->n_outputs;

    if (status == DSINFER_OK) {
        status = dsi_graph_copy(&query->model->graph, &query->graph, err);
    }
    if (status == DSINFER_OK) {
        status =
            dsi_convert_cut(&query->graph, cuts, query->n_inputs, outputs, query->n_outputs, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_convert_prune(&query->graph, err);
    }
    if (status == DSINFER_OK) {
        status = check_fed(&query->graph, err);
    }
    if (status == DSINFER_OK) {
        status = make_plan(query, err);
    }
    /* The file itself is fine, as far as anyone can know: what does not fit is what was asked. */
    return status == DSINFER_ERR_MALFORMED && err ? (err->status = DSINFER_ERR_ARGUMENT) : status;
}

static bool asks_roles_only(const struct dsinfer_query *query) {
    size_t i;

    for (i = 0; i < query->n_bindings; i++) {
        if (!query->bindings[i].has_role) {
            return false;
        }
    }
    for (i = 0; i < query->n_outputs; i++) {
        if (!query->outputs[i].has_role) {
            return false;
        }
    }
    return true;
}

enum dsinfer_status dsi_query_prepare(struct dsinfer_query *query,
                                      const struct dsinfer_binding *inputs,
                                      const char *const *output_names, struct dsinfer_error *err) {
    const struct dsi_signature *signature = &query->model->signature;
    const bool is_own_size =
        (signature->n_streams < 1 || query->n_streams == signature->n_streams) &&
        (signature->n_steps < 1 || query->n_steps == signature->n_steps);

    if (asks_roles_only(query) && (query->model->is_fused || is_own_size)) {
        return ask_model(query, err);
    }
    return is_own_size ? ask_file(query, inputs, output_names, err)
                       : ask_network(query, inputs, output_names, err);
}
