/* A conversion to an IR: the network, its results, the document, and what is said of them.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/conversion/conversion.h"

#include "model/bidirectional.h"
#include "model/convert/convert.h"
#include "model/match.h"
#include "runtime/base/error.h"

#include <inttypes.h>
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

/* Where a result is in the network. */
static enum dsinfer_status find_in_network(struct dsinfer_conversion *conversion, size_t i,
                                           struct dsinfer_error *err) {
    const struct dsi_graph *network = &conversion->network;
    struct dsi_irw_result *result = &conversion->results[i];
    const char *name = conversion->graph.nodes[result->port.node].name;
    struct dsi_port port = {0};

    result->names.layer = dsi_conversion_get_name(conversion, result->port);
    result->names.names = list_names(conversion, result->port);
    if (conversion->result_roles[i] >= 0) {
        result->port = network->outputs[conversion->result_roles[i] - DSI_ROLE_LOGITS].port;
        return DSINFER_OK;
    }
    if (result->port.output != 0 || !dsi_graph_find_node(network, name, &port.node) ||
        dsi_node_is_op(&network->nodes[port.node], "Lstm") ||
        dsi_node_is_op(&network->nodes[port.node], "Const") ||
        dsi_node_is_op(&network->nodes[port.node], "Placeholder")) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "--output: '%s' does not exist any more when the LSTM and the layers are "
                        "made of one piece, and cannot be an output",
                        name);
    }
    result->port = port;
    result->is_flat = dsi_node_get_bool(&network->nodes[port.node], "is_flat", false);
    return DSINFER_OK;
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

/* Makes the network, and the results its outputs. */
static enum dsinfer_status take_results(struct dsinfer_conversion *conversion,
                                        struct dsinfer_error *err) {
    struct dsi_graph_port outputs[DSI_FLAGS_MAX_ITEMS];
    enum dsinfer_status status = make_network(conversion, err);
    size_t i;

    for (i = 0; i < conversion->n_results && status == DSINFER_OK; i++) {
        status = find_in_network(conversion, i, err);
        outputs[i].name = conversion->results[i].names.layer;
        outputs[i].port = conversion->results[i].port;
    }
    return status == DSINFER_OK
               ? dsi_graph_set_outputs(&conversion->network, outputs, conversion->n_results, err)
               : status;
}

static enum dsinfer_status build(struct dsinfer_conversion *conversion, struct dsinfer_error *err) {
    struct dsi_irw_document *document = &conversion->document;
    struct dsi_irw_request request = {.network = &conversion->network,
                                      .n_streams = conversion->n_streams,
                                      .n_steps = conversion->n_steps,
                                      .results = conversion->results,
                                      .n_results = conversion->n_results,
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
    if (status == DSINFER_OK) {
        dsi_conversion_add_pass(
            conversion,
            dsi_irw_print(document, "write: %zu layers and %zu in the loop, %zu bytes of constants",
                          document->top.n, document->body.n, conversion->bin_size));
    }
    return status;
}

static const char *print_shape(struct dsi_irw_document *document,
                               const struct dsinfer_convert_port *port) {
    const char *text = "";
    size_t i;

    for (i = 0; i < port->rank; i++) {
        text = dsi_irw_print(document, "%s%s%" PRId64, text, i ? "," : "", port->dims[i]);
    }
    return text;
}

/* One word of a shell. */
static const char *quote(struct dsi_irw_document *document, const char *text) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "_./:,+-";
    const char *made = "'";
    const char *mark;

    if (text[strspn(text, plain)] == '\0') {
        return text;
    }
    while ((mark = strchr(text, '\'')) != NULL) {
        made = dsi_irw_print(document, "%s%.*s'\\''", made, (int)(mark - text), text);
        text = mark + 1;
    }
    return dsi_irw_print(document, "%s%s'", made, text);
}

/* What the lengths are, as a flag says it: "input_lengths->[16]"; "" where they are an input. */
static const char *print_freeze(struct dsinfer_conversion *conversion) {
    struct dsi_irw_document *document = &conversion->document;
    const struct dsi_port port = conversion->signature.ports[DSI_ROLE_LENGTHS];
    const int64_t *lengths = conversion->lengths;
    const size_t n_streams = (size_t)conversion->n_streams;
    bool are_equal = true;
    const char *text;
    size_t i;

    if (!conversion->signature.has_lengths || conversion->has_lengths_input) {
        return "";
    }
    for (i = 1; i < n_streams && lengths; i++) {
        are_equal = are_equal && lengths[i] == lengths[0];
    }
    text = dsi_irw_print(document, "%s->[%" PRId64, dsi_conversion_get_name(conversion, port),
                         lengths ? lengths[0] : conversion->n_steps);
    for (i = 1; i < n_streams && !are_equal; i++) { /* as many as a flag can have */
        text = dsi_irw_print(document, "%s %" PRId64, text, lengths[i]);
    }
    return dsi_irw_print(document, "%s]", text);
}

/* Ports, from what was built; flags that say the same. */
static enum dsinfer_status describe(struct dsinfer_conversion *conversion,
                                    const struct dsinfer_convert_options *options,
                                    struct dsinfer_error *err) {
    struct dsi_irw_document *document = &conversion->document;
    const struct dsi_signature *signature = &conversion->signature;
    const char *freeze = print_freeze(conversion);
    const char *inputs = "", *shapes = "", *outputs = "";
    size_t i, k;

    for (i = 0; i < (size_t)DSI_ROLE_LENGTHS + conversion->has_lengths_input; i++) {
        const char *name = conversion->graph.nodes[signature->ports[i].node].name;

        for (k = 0; k < document->top.n; k++) {
            const struct dsi_irw_layer *layer = &document->top.items[k];

            if (strcmp(layer->type, "Parameter") == 0 && strcmp(layer->name, name) == 0) {
                dsi_conversion_add_port(conversion, (int)i, name, false, &layer->outputs[0].shape);
                inputs = dsi_irw_print(document, "%s%s%s", inputs, *inputs ? "," : "", name);
                shapes = dsi_irw_print(
                    document, "%s%s[%s]", shapes, *shapes ? "," : "",
                    print_shape(document, &conversion->ports[conversion->n_ports - 1]));
            }
        }
    }
    for (i = 0, k = 0; k < document->top.n && i < conversion->n_results; k++) {
        const struct dsi_irw_layer *layer = &document->top.items[k];
        const char *name = conversion->results[i].names.layer;

        if (strcmp(layer->type, "Result") == 0) {
            const struct dsi_irw_ref ref = layer->inputs[0];

            dsi_conversion_add_port(conversion, conversion->result_roles[i++], name, true,
                                    &document->top.items[ref.layer].outputs[ref.output].shape);
            outputs = dsi_irw_print(document, "%s%s%s", outputs, *outputs ? "," : "", name);
        }
    }
    conversion->flags = dsi_irw_print(
        document,
        "%s%s%s--input %s --input_shape %s --output %s --disable_nhwc_to_nchw --data_type %s "
        "--ir_version %d%s",
        *freeze ? "--freeze_placeholder_with_value " : "", quote(document, freeze),
        *freeze ? " " : "", quote(document, inputs), quote(document, shapes),
        quote(document, outputs), options->type == DSINFER_CONVERT_FP16 ? "FP16" : "FP32",
        options->ir_version, options->is_stateful ? " --stateful" : "");
    return document->has_failed ? dsi_fail_memory(err, 0) : DSINFER_OK;
}

enum dsinfer_status dsi_conversion_make_ir(struct dsinfer_conversion *conversion,
                                           const struct dsinfer_convert_options *options,
                                           struct dsinfer_error *err) {
    struct dsi_irw_document *document = &conversion->document;
    enum dsinfer_status status;

    document->version = options->ir_version;
    document->floats = options->type == DSINFER_CONVERT_FP16 ? DSI_IRW_F16 : DSI_IRW_F32;
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
    if (status == DSINFER_OK && *print_freeze(conversion)) {
        dsi_conversion_add_pass(conversion,
                                dsi_irw_print(document, "freeze: %s", print_freeze(conversion)));
    }
    if (status == DSINFER_OK) {
        status = take_results(conversion, err);
    }
    if (status == DSINFER_OK) {
        status = build(conversion, err);
    }
    return status == DSINFER_OK ? describe(conversion, options, err) : status;
}
