/* A conversion to an IR: the network, cut where the flags say, its results, the document.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/conversion/conversion.h"

#include "model/bidirectional.h"
#include "model/convert/convert.h"
#include "model/match.h"
#include "runtime/base/error.h"

#include <string.h>

/* One name in a list of them: a comma inside is escaped. */
static const char *append_name(struct dsi_irw_document *document, const char *list,
                               const char *name, const char *ending) {
    const char *made = dsi_irw_print(document, "%s%s", list, *list ? "," : "");
    const char *comma;

    while ((comma = strchr(name, ',')) != NULL) {
        made = dsi_irw_print(document, "%s%.*s\\,", made, (int)(comma - name), name);
        name = comma + 1;
    }
    return dsi_irw_print(document, "%s%s%s", made, name, ending);
}

/* All that the file calls a value, with and without ":0". */
static const char *list_names(struct dsinfer_conversion *conversion, struct dsi_port port) {
    struct dsi_irw_document *document = &conversion->document;
    const struct dsi_port source = dsi_match_source(&conversion->graph, port);
    const char *list = "";
    size_t i;

    for (i = 0; i < conversion->graph.n_nodes; i++) {
        const char *name = conversion->graph.nodes[i].name;
        const struct dsi_port other =
            dsi_match_source(&conversion->graph, (struct dsi_port){(uint32_t)i, 0});

        if (!dsi_port_is_equal(source, other) || document->has_failed) {
            continue;
        }
        list = append_name(document, list, name, "");
        list = append_name(document, list, name, ":0");
    }
    return list;
}

/* Where the network has a value of the file that plays no role. */
static enum dsinfer_status find_in_network(const struct dsinfer_conversion *conversion,
                                           const char *flag, struct dsi_port from,
                                           struct dsi_port *out, bool *is_flat,
                                           struct dsinfer_error *err) {
    const struct dsi_graph *network = &conversion->network;
    const char *name = conversion->graph.nodes[from.node].name;
    struct dsi_port port = {0};

    if (from.output != 0 || !dsi_graph_find_node(network, name, &port.node) ||
        dsi_node_is_op(&network->nodes[port.node], "Lstm") ||
        dsi_node_is_op(&network->nodes[port.node], "Const") ||
        dsi_node_is_op(&network->nodes[port.node], "Placeholder")) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "%s: '%s' does not exist any more when the LSTM and the layers are made of "
                        "one piece, and cannot be an input or output",
                        flag, name);
    }
    *out = port;
    *is_flat = dsi_node_get_bool(&network->nodes[port.node], "is_flat", false);
    return DSINFER_OK;
}

static enum dsinfer_status take_result(struct dsinfer_conversion *conversion, size_t i,
                                       struct dsinfer_error *err) {
    struct dsi_irw_result *result = &conversion->results[i];
    const int role = conversion->result_roles[i];

    result->names.layer = dsi_conversion_get_name(conversion, result->port);
    result->names.names = list_names(conversion, result->port);
    if (role >= 0) {
        result->port = conversion->network.outputs[role - DSI_ROLE_LOGITS].port;
        return DSINFER_OK;
    }
    return find_in_network(conversion, "--output", result->port, &result->port, &result->is_flat,
                           err);
}

/* The last dimension of a value of rows; 0 if it is none. */
static int64_t get_width(const struct dsinfer_conversion *conversion, struct dsi_port port) {
    const struct dsi_graph *network = &conversion->network;

    for (;;) {
        const struct dsi_node *node = &network->nodes[dsi_match_source(network, port).node];

        if (dsi_node_is_op(node, "Dense")) {
            return dsi_match_constant(network, node->inputs[1])->shape.dims[1];
        }
        if (dsi_node_is_op(node, "Lstm")) {
            return (int64_t)conversion->signature.n_cell;
        }
        if (dsi_node_is_op(node, "Reshape")) {
            return (int64_t)((2 * conversion->signature.n_context + 1) *
                             conversion->signature.n_features);
        }
        if (!dsi_node_is_op(node, "Relu") && !dsi_node_is_op(node, "Softmax")) {
            return 0;
        }
        port = node->inputs[0];
    }
}

/* Makes a value of the network an input: who read it reads a Placeholder. */
static enum dsinfer_status cut_network(struct dsinfer_conversion *conversion, size_t i,
                                       struct dsinfer_error *err) {
    struct dsi_graph *network = &conversion->network;
    const struct dsi_port from = conversion->cuts[i].port;
    struct dsi_irw_cut *cut = &conversion->written_cuts[i];
    enum dsinfer_status status;
    struct dsi_shape shape;
    struct dsi_port port;

    cut->names.layer = dsi_conversion_get_name(conversion, from);
    cut->names.names = list_names(conversion, from);
    status = find_in_network(conversion, "--input", from, &port, &cut->is_flat, err);
    if (status != DSINFER_OK) {
        return status;
    }
    cut->width = get_width(conversion, port);
    if (!cut->width) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED, "--input: '%s' cannot be an input of an IR",
                        cut->names.layer);
    }
    shape = dsi_shape_make(2, (const int64_t[]){-1, cut->width});
    status = dsi_convert_add_placeholder(
        network, dsi_irw_print(&conversion->document, "%s:0", cut->names.layer), DSI_DTYPE_F32,
        &shape, &cut->node, err);
    if (status == DSINFER_OK) {
        dsi_convert_redirect(network, dsi_match_source(network, port),
                             (struct dsi_port){cut->node, 0});
    }
    return status;
}

/* What is given as the shape of a cut must be what it has. */
static enum dsinfer_status check_cut(const struct dsinfer_conversion *conversion, size_t i,
                                     struct dsinfer_error *err) {
    const struct dsi_conversion_cut *cut = &conversion->cuts[i];
    const struct dsi_irw_cut *written = &conversion->written_cuts[i];
    const int64_t t = conversion->n_steps, n = conversion->n_streams;
    const struct dsi_shape shape = written->is_flat
                                       ? dsi_shape_make(2, (const int64_t[]){t * n, written->width})
                                       : dsi_shape_make(3, (const int64_t[]){t, n, written->width});
    char found[DSI_SHAPE_TEXT_SIZE], needed[DSI_SHAPE_TEXT_SIZE];

    if (!cut->has_shape || dsi_shape_is_equal(&cut->shape, &shape)) {
        return DSINFER_OK;
    }
    return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                    "--input_shape: '%s' cannot have the shape %s; in this model it is %s",
                    written->names.layer, dsi_shape_print(&cut->shape, found),
                    dsi_shape_print(&shape, needed));
}

static enum dsinfer_status make_network(struct dsinfer_conversion *conversion,
                                        struct dsinfer_error *err) {
    const struct dsi_convert_watch watch = {dsi_conversion_see_pass, conversion};
    struct dsi_kernels kernels;
    enum dsinfer_status status;
    bool is_fused;

    dsi_kernels_init(&kernels, DSI_KERNELS_REFERENCE, 0);
    status = dsi_convert_network(&conversion->graph, &conversion->signature, &kernels, &watch,
                                 &conversion->network, &is_fused, err);
    if (status == DSINFER_OK && !is_fused) {
        status = dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                          "the network differs from the one that DeepSpeech exports and cannot be "
                          "written as an IR");
    }
    return status;
}

/* Makes the network, the results its outputs, and cuts it. */
static enum dsinfer_status take_results(struct dsinfer_conversion *conversion,
                                        struct dsinfer_error *err) {
    struct dsi_graph_port outputs[DSI_FLAGS_MAX_ITEMS];
    enum dsinfer_status status = make_network(conversion, err);
    size_t i;

    for (i = 0; i < conversion->n_results && status == DSINFER_OK; i++) {
        status = take_result(conversion, i, err);
        outputs[i].name = conversion->results[i].names.layer;
        outputs[i].port = conversion->results[i].port;
    }
    if (status == DSINFER_OK) {
        status = dsi_graph_set_outputs(&conversion->network, outputs, conversion->n_results, err);
    }
    for (i = 0; i < conversion->n_cuts && status == DSINFER_OK; i++) {
        status = cut_network(conversion, i, err);
        if (status == DSINFER_OK) {
            status = check_cut(conversion, i, err);
        }
    }
    if (status == DSINFER_OK && conversion->n_cuts) {
        status = dsi_graph_verify(&conversion->network, err);
        dsi_conversion_see_pass(conversion, "cut at --input", &conversion->network);
    }
    for (i = 0; i < conversion->n_results && status == DSINFER_OK; i++) {
        conversion->results[i].port = conversion->network.outputs[i].port;
    }
    return status;
}

static enum dsinfer_status build(struct dsinfer_conversion *conversion, struct dsinfer_error *err) {
    struct dsi_irw_document *document = &conversion->document;
    struct dsi_irw_request request = {.network = &conversion->network,
                                      .n_streams = conversion->n_streams,
                                      .n_steps = conversion->n_steps,
                                      .results = conversion->results,
                                      .n_results = conversion->n_results,
                                      .cuts = conversion->written_cuts,
                                      .n_cuts = conversion->n_cuts,
                                      .lengths = conversion->lengths,
                                      .has_lengths_input = conversion->has_lengths_input,
                                      .is_stateful = conversion->is_stateful};
    enum dsinfer_status status;
    size_t i;

    for (i = 0; i <= DSI_ROLE_LENGTHS; i++) {
        const struct dsi_port port = conversion->signature.ports[i];

        if (i == DSI_ROLE_LENGTHS && !conversion->signature.has_lengths) {
            break;
        }
        request.inputs[i].layer = conversion->graph.nodes[port.node].name;
        request.inputs[i].names = list_names(conversion, port);
    }
    status = dsi_irw_build(document, &request, err);
    if (status == DSINFER_OK) {
        status = dsi_irw_lay_out(document, &conversion->bin_size, err);
    }
    return status;
}

enum dsinfer_status dsi_conversion_make_ir(struct dsinfer_conversion *conversion,
                                           const struct dsinfer_convert_options *options,
                                           struct dsinfer_error *err) {
    struct dsi_irw_document *document = &conversion->document;
    enum dsinfer_status status;

    document->version = options->ir_version;
    document->is_quantized = options->is_int8;
    document->floats = options->type == DSINFER_CONVERT_FP16 ? DSI_IRW_F16 : DSI_IRW_F32;
    if (options->is_int8 && document->floats == DSI_IRW_F16 && document->version == 10) {
        /* All values would be halves there, the products of weights and scales, too. */
        document->floats = DSI_IRW_F32;
        dsi_conversion_add_note(conversion, "warning: what is not quantized stays FP32 in an IR of "
                                            "version 10; --ir_version 11 can make it FP16");
    }
    document->name = dsi_irw_print(document, "%s", options->model_name);
    if (dsi_bidirectional_probe(&conversion->graph)) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "a network of release 0.1, which runs over whole recordings in both "
                        "directions, cannot be written as an IR");
    }
    status = dsi_signature_find(&conversion->graph, &conversion->signature, err);
    if (status == DSINFER_OK) {
        status = dsi_conversion_resolve(conversion, options, err);
    }
    if (status == DSINFER_OK) {
        status = take_results(conversion, err);
    }
    if (status == DSINFER_OK) {
        status = build(conversion, err);
    }
    return status == DSINFER_OK ? dsi_conversion_describe(conversion, options, err) : status;
}
