/* From the layers of an IR to a graph: an order in which inputs come first, layer after layer, and
 * at last the other names.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/ir/ir.h"

#include "model/ir/ir_build.h"
#include "model/ir/ir_text.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <stdio.h>
#include <string.h>

bool dsi_ir_probe(struct dsi_bytes bytes) {
    static const char *const starts[] = {"<?xml", "\xef\xbb\xbf<?xml", "<net "};
    size_t i;

    for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        if (bytes.size >= strlen(starts[i]) &&
            memcmp(bytes.data, starts[i], strlen(starts[i])) == 0) {
            return true;
        }
    }
    return false;
}

enum dsinfer_status dsi_ir_get_weights_path(const char *path, char **out,
                                            struct dsinfer_error *err) {
    const size_t length = strlen(path);
    char *copy;

    if (length < 4 || !dsi_ir_is_equal(path + length - 4, ".xml")) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                        "this is an OpenVINO IR, but its name does not end in .xml: the name of "
                        "the .bin file with its weights is not known");
    }
    copy = dsi_strdup(path);
    if (!copy) {
        return dsi_fail_memory(err, length + 1);
    }
    memcpy(copy + length - 3, "bin", 3);
    *out = copy;
    return DSINFER_OK;
}

enum visit { UNSEEN, OPEN, DONE };

/* A depth-first walk with its own stack. */
struct walk {
    uint8_t *visits; /* owned; [n_layers] */
    uint32_t *stack; /* owned; [n_layers] */
    uint32_t *next;  /* owned; [n_layers], the input to follow next */
    uint32_t *order; /* owned; [n_layers] */
    size_t depth, n_order;
};

static void walk_finish(struct walk *walk) {
    dsi_free(walk->visits);
    dsi_free(walk->stack);
    dsi_free(walk->next);
    dsi_free(walk->order);
}

static enum dsinfer_status walk_from(const struct dsi_ir_net *net, struct walk *walk,
                                     uint32_t first, struct dsinfer_error *err) {
    if (walk->visits[first] != UNSEEN) {
        return DSINFER_OK;
    }
    walk->visits[first] = OPEN;
    walk->stack[walk->depth++] = first;
    while (walk->depth) {
        const uint32_t at = walk->stack[walk->depth - 1];
        const struct dsi_ir_layer *layer = &net->layers[at];

        if (walk->next[at] < layer->n_inputs) {
            const uint32_t source = layer->inputs[walk->next[at]++].source;

            if (walk->visits[source] == OPEN) {
                return dsi_fail(err, DSINFER_ERR_MALFORMED,
                                "layer '%s' depends on itself: a cycle leads through its input "
                                "'%s'",
                                layer->name, net->layers[source].name);
            }
            if (walk->visits[source] == UNSEEN) {
                walk->visits[source] = OPEN;
                walk->stack[walk->depth++] = source;
            }
        } else {
            walk->visits[at] = DONE;
            walk->order[walk->n_order++] = at;
            walk->depth--;
        }
    }
    return DSINFER_OK;
}

static enum dsinfer_status find_order(const struct dsi_ir_net *net, struct walk *walk,
                                      struct dsinfer_error *err) {
    enum dsinfer_status status = DSINFER_OK;
    const size_t n = net->n_layers;
    size_t i;

    walk->visits = dsi_calloc(n, sizeof(*walk->visits));
    walk->stack = dsi_malloc(n * sizeof(*walk->stack));
    walk->next = dsi_calloc(n, sizeof(*walk->next));
    walk->order = dsi_malloc(n * sizeof(*walk->order));
    if (!walk->visits || !walk->stack || !walk->next || !walk->order) {
        return dsi_fail_memory(err, n * sizeof(*walk->stack));
    }
    for (i = 0; status == DSINFER_OK && i < n; i++) {
        status = walk_from(net, walk, (uint32_t)i, err);
    }
    return status;
}

/* The two ends of an edge must be of one shape where both say it. */
static enum dsinfer_status check_shapes(const struct dsi_ir_net *net, struct dsinfer_error *err) {
    char from_text[DSI_SHAPE_TEXT_SIZE], to_text[DSI_SHAPE_TEXT_SIZE];
    size_t i, k, d;

    for (i = 0; i < net->n_layers; i++) {
        for (k = 0; k < net->layers[i].n_inputs; k++) {
            const struct dsi_ir_port *to = &net->layers[i].inputs[k];
            const struct dsi_ir_layer *source = &net->layers[to->source];
            const struct dsi_ir_port *from = &source->outputs[to->source_port];
            bool is_equal = from->shape.rank == to->shape.rank;

            for (d = 0; is_equal && d < to->shape.rank; d++) {
                const int64_t a = from->shape.dims[d], b = to->shape.dims[d];

                is_equal = a == b || a < 0 || b < 0;
            }
            if (!is_equal) {
                return dsi_fail(err, DSINFER_ERR_MALFORMED,
                                "layer '%s' gives %s, but layer '%s' takes %s from it",
                                source->name, dsi_shape_print(&from->shape, from_text),
                                net->layers[i].name, dsi_shape_print(&to->shape, to_text));
            }
        }
    }
    return DSINFER_OK;
}

static enum dsinfer_status builder_init(struct dsi_ir_builder *builder) {
    const struct dsi_ir_net *net = builder->scope.net;
    enum dsinfer_status status;
    void *memory;
    size_t i, k;

    status = dsi_ir_take(builder, net->n_layers, sizeof(*builder->ports), &memory);
    if (status != DSINFER_OK) {
        return status;
    }
    builder->ports = memory;
    status = dsi_ir_take(builder, net->n_layers, sizeof(*builder->constants), &memory);
    builder->constants = memory;
    if (status == DSINFER_OK) {
        status = dsi_ir_take(builder, net->n_layers, sizeof(*builder->meanings), &memory);
        builder->meanings = memory;
    }
    for (i = 0; status == DSINFER_OK && i < net->n_layers; i++) {
        const size_t n_outputs = net->layers[i].n_outputs;
        const size_t n_forms = n_outputs * DSI_IR_N_FORMS;

        status = dsi_ir_take(builder, n_outputs, sizeof(**builder->ports), &memory);
        if (status == DSINFER_OK) {
            builder->ports[i] = memory;
            status = dsi_ir_take(builder, n_forms, sizeof(**builder->constants), &memory);
        }
        if (status == DSINFER_OK) {
            builder->constants[i] = memory;
            status = dsi_ir_take(builder, n_outputs, sizeof(**builder->meanings), &memory);
            builder->meanings[i] = memory;
        }
        for (k = 0; status == DSINFER_OK && k < n_forms; k++) {
            builder->constants[i][k] = DSI_IR_NONE;
            builder->ports[i][k / DSI_IR_N_FORMS].node = DSI_IR_NONE;
        }
    }
    return status;
}

/* Tensor names of a port: "a,b:0", a comma in a name being "\,". */
static enum dsinfer_status add_tensor_names(struct dsi_ir_builder *builder, const char *names,
                                            struct dsi_port port) {
    enum dsinfer_status status = DSINFER_OK;

    while (status == DSINFER_OK && *names) {
        size_t length = 0;

        while (names[length] && names[length] != ',') {
            length += names[length] == '\\' && names[length + 1] ? 2 : 1;
        }
        status = dsi_ir_add_alias(builder, names, length, port);
        names += length + (names[length] == ',');
    }
    return status;
}

/* The names that a layer's outputs have beside the node's. */
static enum dsinfer_status add_names(struct dsi_ir_builder *builder,
                                     const struct dsi_ir_layer *layer,
                                     const struct dsi_port *ports) {
    enum dsinfer_status status = DSINFER_OK;
    const size_t size = strlen(layer->name) + 24;
    char *name = dsi_malloc(size);
    size_t i;

    if (!name) {
        return dsi_fail_memory(builder->err, size);
    }
    for (i = 0; status == DSINFER_OK && i < layer->n_outputs; i++) {
        if (ports[i].node == DSI_IR_NONE) {
            continue;
        }
        status = add_tensor_names(builder, layer->outputs[i].names, ports[i]);
        if (status == DSINFER_OK && i == 0) {
            status = dsi_ir_add_alias(builder, layer->name, strlen(layer->name), ports[i]);
        }
        if (status == DSINFER_OK && layer->n_outputs > 1) { /* as the old API has it */
            snprintf(name, size, "%s.%zu", layer->name, i);
            status = dsi_ir_add_alias(builder, name, strlen(name), ports[i]);
        }
    }
    if (status == DSINFER_OK && dsi_ir_is_equal(layer->type, "Result")) {
        struct dsi_port port;

        status = dsi_ir_get_input(builder, layer, 0, DSI_IR_PLAIN, &port);
        if (status == DSINFER_OK) {
            status = dsi_ir_add_alias(builder, layer->name, strlen(layer->name), port);
        }
    }
    dsi_free(name);
    return status;
}

static enum dsinfer_status build(struct dsi_ir_builder *builder) {
    const struct dsi_ir_net *net = builder->scope.net;
    struct walk walk = {0};
    enum dsinfer_status status;
    size_t i;

    status = find_order(net, &walk, builder->err);
    if (status == DSINFER_OK) {
        status = check_shapes(net, builder->err);
    }
    if (status == DSINFER_OK) {
        status = builder_init(builder);
    }
    for (i = 0; status == DSINFER_OK && i < walk.n_order; i++) {
        status = dsi_ir_add_layer(builder, walk.order[i]);
    }
    if (status == DSINFER_OK) {
        status = dsi_ir_check_variables(builder);
    }
    for (i = 0; status == DSINFER_OK && i < net->n_layers; i++) {
        status = add_names(builder, &net->layers[i], builder->ports[i]);
    }
    walk_finish(&walk);
    return status == DSINFER_OK ? dsi_graph_verify(builder->graph, builder->err) : status;
}

enum dsinfer_status dsi_ir_read(struct dsi_graph *graph, struct dsi_bytes xml,
                                struct dsi_bytes weights, const struct dsi_mapped_file *file,
                                struct dsinfer_error *err) {
    struct dsi_ir_builder builder = {.file = file, .err = err, .lengths = DSI_IR_NONE};
    bool has_no_memory = false;
    enum dsinfer_status status;
    struct dsi_arena arena;
    struct dsi_graph built;
    struct dsi_ir_net net;

    dsi_arena_init(&arena, DSI_IR_MAX_MEMORY);
    dsi_graph_init(&built);
    status = dsi_ir_net_read(xml, &arena, &net, err);
    if (status == DSINFER_OK) {
        status = dsi_ir_check_constants(&net, weights, err);
    }
    if (status == DSINFER_OK) {
        builder.graph = &built;
        builder.scope = (struct dsi_ir_scope){.net = &net,
                                              .weights = weights,
                                              .arena = &built.arena,
                                              .has_no_memory = &has_no_memory};
        status = build(&builder);
    }
    dsi_free(builder.views);
    dsi_free(builder.names);
    dsi_arena_finish(&arena);
    if (status == DSINFER_OK) {
        *graph = built;
    } else {
        dsi_graph_finish(&built);
    }
    return status;
}
