/* Variables of an IR: h and c kept by the engine, from an Assign to the ReadValue of the next call.
 *
 * The network here has no memory: who runs it hands h and c in and gets the new ones, so a
 * ReadValue becomes an input and an Assign nothing. What is lost by that is checked: a variable
 * begins with zeros, and what it is assigned is the LSTM's new value of what it is read as.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/ir/ir_build.h"
#include "model/ir/ir_text.h"
#include "runtime/base/error.h"

#include <string.h>

/* h and c. */
#define MAX_VARIABLES 2

static enum dsinfer_status fail_unsupported(struct dsi_ir_builder *builder,
                                            const struct dsi_ir_layer *layer, const char *what) {
    return dsi_fail(builder->err, DSINFER_ERR_UNSUPPORTED, "layer '%s' (%s) %s", layer->name,
                    layer->type, what);
}

static bool are_zeros(const struct dsi_ir_constant *constant) {
    const size_t n = dsi_ir_constant_count(constant);
    size_t i;

    for (i = 0; i < n && dsi_ir_constant_get_float(constant, i) == 0.0f; i++) {
    }
    return i == n;
}

enum dsinfer_status dsi_ir_add_variable(struct dsi_ir_builder *builder,
                                        const struct dsi_ir_layer *layer, struct dsi_port *out) {
    struct dsi_attr attrs[2] = {{.name = "dtype", .kind = DSI_ATTR_TYPE},
                                {.name = "shape", .kind = DSI_ATTR_SHAPE}};
    struct dsi_ir_constant first;
    enum dsinfer_status status;

    if (layer->n_outputs != 1) {
        return fail_unsupported(builder, layer, "does not have one output");
    }
    if (layer->n_inputs > 0 &&
        (!dsi_ir_find_input(&builder->scope, layer, 0, &first) || !are_zeros(&first))) {
        return fail_unsupported(builder, layer, "begins with something else than zeros");
    }
    attrs[0].u.i = DSI_DTYPE_F32;
    attrs[1].u.shape = layer->outputs[0].shape;
    status = dsi_ir_add_node(builder, layer->name, "Placeholder", NULL, 0, out);
    return status == DSINFER_OK ? dsi_ir_set_attrs(builder, *out, attrs, 2) : status;
}

static const char *get_id(const struct dsi_ir_layer *layer) {
    const char *id = dsi_ir_find_data(layer, "variable_id");

    return id ? id : "";
}

/* Whether `next`, an output of the LSTM, is the new value of its input `read`. */
static bool is_next(const struct dsi_graph *graph, struct dsi_port next, struct dsi_port read) {
    const struct dsi_node *lstm = &graph->nodes[next.node];

    /* Its outputs y, h, c belong to its inputs x, h, c. */
    return dsi_node_is_op(lstm, "Lstm") && next.output > 0 && next.output < lstm->n_inputs &&
           dsi_port_is_equal(lstm->inputs[next.output], read);
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
            return fail_unsupported(builder, layer, "has the variable of another layer");
        }
        assign = layer;
    }
    if (!assign) {
        return fail_unsupported(builder, read, "has a variable that is never assigned");
    }
    status = dsi_ir_get_input(builder, assign, 0, DSI_IR_PLAIN, &next);
    if (status == DSINFER_OK && !is_next(builder->graph, next, builder->ports[at][0])) {
        status = fail_unsupported(builder, assign,
                                  "keeps something else than the LSTM's next value of the state");
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
            return fail_unsupported(builder, &net->layers[i], "is one variable too many");
        }
        status = check_variable(builder, i);
    }
    return status;
}
