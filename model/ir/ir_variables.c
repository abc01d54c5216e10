/* Variables of an IR: h and c kept by the engine, from an Assign to the ReadValue of the next call.
 *
 * The network here has no memory: who runs it hands h and c in and gets the new ones, so a
 * ReadValue becomes an input and an Assign nothing. What is lost by that is checked: a variable
 * begins with zeros or an input, and what it is assigned is the LSTM's new value of what it is read
 * as. SPDX-License-Identifier: BSD-2-Clause */
#include "model/ir/ir_build.h"
#include "model/ir/ir_text.h"
#include "runtime/base/error.h"

#include <string.h>

/* h and c. */
#define MAX_VARIABLES 2

static bool are_zeros(const struct dsi_ir_constant *constant) {
    const size_t n = dsi_ir_constant_count(constant);
    size_t i;

    for (i = 0; i < n && dsi_ir_constant_get_float(constant, i) == 0.0f; i++) {
    }
    return i == n;
}

/* Whether a variable begins with an input of the network: that is then what is handed in here. */
static bool is_input(const struct dsi_ir_builder *builder, const struct dsi_ir_layer *layer,
                     struct dsi_port *out) {
    const struct dsi_ir_port *port = &layer->inputs[0];
    struct dsi_port base;

    if (layer->n_inputs == 0) {
        return false;
    }
    *out = builder->ports[port->source][port->source_port];
    if (out->node == DSI_IR_NONE) {
        return false;
    }
    base = dsi_ir_get_view(builder, *out, port->shape.rank).base;
    return dsi_node_is_op(&builder->graph->nodes[base.node], "Placeholder");
}

/* Those of an LSTMSequence are [N,1,C]. */
static enum dsinfer_status add_state(struct dsi_ir_builder *builder,
                                     const struct dsi_ir_layer *layer, struct dsi_port *out) {
    const struct dsi_attr type = {.name = "dtype", .kind = DSI_ATTR_TYPE, .u.i = DSI_DTYPE_F32};
    struct dsi_attr attrs[2] = {type, {.name = "shape", .kind = DSI_ATTR_SHAPE}};
    struct dsi_shape *shape = &attrs[1].u.shape;
    enum dsinfer_status status;
    bool is_sequence;

    *shape = layer->outputs[0].shape;
    is_sequence = shape->rank == 3 && shape->dims[1] == 1;
    if (is_sequence) {
        shape->dims[1] = shape->dims[2];
        shape->rank = 2;
    }
    status = dsi_ir_add_node(builder, layer->name, "Placeholder", NULL, 0, out);
    if (status == DSINFER_OK) {
        status = dsi_ir_set_attrs(builder, *out, attrs, 2);
    }
    return status == DSINFER_OK && is_sequence
               ? dsi_ir_expand(builder, layer->name, *out, 2, 1, out)
               : status;
}

enum dsinfer_status dsi_ir_add_variable(struct dsi_ir_builder *builder,
                                        const struct dsi_ir_layer *layer, struct dsi_port *out) {
    struct dsi_ir_constant first;

    if (layer->n_outputs != 1) {
        return dsi_ir_fail_unsupported(builder, layer, "does not have one output");
    }
    if (is_input(builder, layer, out)) {
        return DSINFER_OK;
    }
    if (layer->n_inputs > 0 &&
        (!dsi_ir_find_input(&builder->scope, layer, 0, &first) || !are_zeros(&first))) {
        return dsi_ir_fail_unsupported(builder, layer, "begins with something else than zeros");
    }
    return add_state(builder, layer, out);
}

static const char *get_id(const struct dsi_ir_layer *layer) {
    const char *id = dsi_ir_find_data(layer, "variable_id");

    return id ? id : "";
}

/* Whether `next`, an output of the LSTM, is the new value of its input `read`, both of them with
 * the same dimensions of 1. */
static bool is_next(const struct dsi_ir_builder *builder, struct dsi_port next,
                    struct dsi_port read, size_t rank) {
    const struct dsi_ir_view to = dsi_ir_get_view(builder, next, rank);
    const struct dsi_ir_view from = dsi_ir_get_view(builder, read, rank);
    const struct dsi_node *lstm = &builder->graph->nodes[to.base.node];

    /* Its outputs y, h, c belong to its inputs x, h, c. */
    return dsi_node_is_op(lstm, "Lstm") && to.base.output > 0 && to.base.output <= MAX_VARIABLES &&
           memcmp(to.axes, from.axes, rank) == 0 &&
           dsi_port_is_equal(lstm->inputs[to.base.output], from.base);
}

static enum dsinfer_status check_variable(struct dsi_ir_builder *builder, size_t at) {
    const struct dsi_ir_net *net = builder->scope.net;
    const struct dsi_ir_layer *read = &net->layers[at];
    const struct dsi_ir_layer *assign = NULL;
    struct dsi_port next;
    enum dsinfer_status status;
    size_t i;

    for (i = 0; i < net->n_layers; i++) {
        const struct dsi_ir_layer *layer = &net->layers[i];
        const bool is_assign = dsi_ir_is_equal(layer->type, "Assign");

        if (i == at || (!is_assign && !dsi_ir_is_equal(layer->type, "ReadValue")) ||
            strcmp(get_id(layer), get_id(read)) != 0) {
            continue;
        }
        if (!is_assign || assign) {
            return dsi_ir_fail_unsupported(builder, layer, "has the variable of another layer");
        }
        assign = layer;
    }
    if (!assign) {
        return dsi_ir_fail_unsupported(builder, read, "has a variable that is never assigned");
    }
    status = dsi_ir_get_input(builder, assign, 0, DSI_IR_PLAIN, &next);
    if (status == DSINFER_OK &&
        !is_next(builder, next, builder->ports[at][0], read->outputs[0].shape.rank)) {
        status = dsi_ir_fail_unsupported(
            builder, assign, "keeps something else than the LSTM's next value of the state");
    }
    return status;
}

enum dsinfer_status dsi_ir_check_variables(struct dsi_ir_builder *builder) {
    const struct dsi_ir_net *net = builder->scope.net;
    enum dsinfer_status status = DSINFER_OK;
    size_t n = 0;
    size_t i;

    for (i = 0; i < net->n_layers && status == DSINFER_OK; i++) {
        if (!dsi_ir_is_equal(net->layers[i].type, "ReadValue")) {
            continue;
        }
        if (++n > MAX_VARIABLES) {
            return dsi_ir_fail_unsupported(builder, &net->layers[i], "is one variable too many");
        }
        status = check_variable(builder, i);
    }
    return status;
}
