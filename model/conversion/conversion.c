/* Converting a model: reading it, resolving the flags, building what is written, describing it.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/conversion/conversion.h"

#include "model/bidirectional.h"
#include "model/convert/convert.h"
#include "model/format.h"
#include "model/match.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <inttypes.h>
#include <string.h>

static const char *const ENDINGS[] = {".xml", ".bin"};

#define N_FILES (sizeof(ENDINGS) / sizeof(ENDINGS[0]))

void dsinfer_convert_options_init(struct dsinfer_convert_options *options) {
    *options = (struct dsinfer_convert_options){
        .size = sizeof(*options), .model_name = "model", .ir_version = 10};
}

static enum dsinfer_status take_options(const struct dsinfer_convert_options *from,
                                        struct dsinfer_convert_options *options,
                                        struct dsinfer_error *err) {
    enum dsinfer_status status;

    dsinfer_convert_options_init(options);
    if (!from) {
        return DSINFER_OK;
    }
    status = dsi_check_options_size(from->size, sizeof(*options), "the conversion", err);
    if (status != DSINFER_OK) {
        return status;
    }
    *options = *from;
    if (options->ir_version != 10 && options->ir_version != 11) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                        "there is no IR version %d; 10 and 11 can be written", options->ir_version);
    }
    if ((unsigned)options->type > DSINFER_CONVERT_FP16) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "there is no data type %d", (int)options->type);
    }
    return DSINFER_OK;
}

void dsi_conversion_add_note(struct dsinfer_conversion *conversion, const char *text) {
    if (conversion->n_notes < DSI_CONVERSION_MAX_NOTES) {
        conversion->notes[conversion->n_notes++] = text;
    }
}

const char *dsi_conversion_get_name(const struct dsinfer_conversion *conversion,
                                    struct dsi_port port) {
    const struct dsi_port source = dsi_match_source(&conversion->graph, port);

    return conversion->graph.nodes[source.node].name;
}

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

static void add_port(struct dsinfer_conversion *conversion, int role, const char *name,
                     bool is_output, const struct dsi_shape *shape) {
    struct dsinfer_convert_port *port = &conversion->ports[conversion->n_ports++];
    size_t i;

    *port = (struct dsinfer_convert_port){.role = role < 0 ? "" : dsi_role_names[role],
                                          .name = name,
                                          .is_output = is_output,
                                          .rank = shape->rank};
    for (i = 0; i < shape->rank && i < DSINFER_CONVERT_MAX_RANK; i++) {
        port->dims[i] = shape->dims[i];
    }
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
    struct dsi_kernels kernels;
    enum dsinfer_status status;
    bool is_fused;

    dsi_kernels_init(&kernels, DSI_KERNELS_REFERENCE, 0);
    status = dsi_convert_network(&conversion->graph, &conversion->signature, &kernels,
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
    struct dsi_irw_request request = {.network = &conversion->network,
                                      .n_streams = conversion->n_streams,
                                      .n_steps = conversion->n_steps,
                                      .results = conversion->results,
                                      .n_results = conversion->n_results};
    enum dsinfer_status status;
    size_t i;

    for (i = 0; i < DSI_ROLE_LENGTHS; i++) {
        const struct dsi_port port = conversion->signature.ports[i];

        request.inputs[i].layer = conversion->graph.nodes[port.node].name;
        request.inputs[i].names = list_names(conversion, port);
    }
    status = dsi_irw_build(&conversion->document, &request, err);
    return status == DSINFER_OK ? dsi_irw_lay_out(&conversion->document, &conversion->bin_size, err)
                                : status;
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

/* Ports, from what was built; flags that say the same. */
static enum dsinfer_status describe(struct dsinfer_conversion *conversion,
                                    const struct dsinfer_convert_options *options,
                                    struct dsinfer_error *err) {
    struct dsi_irw_document *document = &conversion->document;
    const struct dsi_signature *signature = &conversion->signature;
    const char *inputs = "", *shapes = "", *outputs = "", *freeze = "";
    size_t i, k;

    for (i = 0; i < DSI_ROLE_LENGTHS; i++) {
        const char *name = conversion->graph.nodes[signature->ports[i].node].name;

        for (k = 0; k < document->top.n; k++) {
            const struct dsi_irw_layer *layer = &document->top.items[k];

            if (strcmp(layer->type, "Parameter") == 0 && strcmp(layer->name, name) == 0) {
                add_port(conversion, (int)i, name, false, &layer->outputs[0].shape);
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

            add_port(conversion, conversion->result_roles[i++], name, true,
                     &document->top.items[ref.layer].outputs[ref.output].shape);
            outputs = dsi_irw_print(document, "%s%s%s", outputs, *outputs ? "," : "", name);
        }
    }
    if (signature->has_lengths) {
        freeze =
            dsi_irw_print(document, " --freeze_placeholder_with_value '%s->[%" PRId64 "]'",
                          dsi_conversion_get_name(conversion, signature->ports[DSI_ROLE_LENGTHS]),
                          conversion->n_steps);
    }
    conversion->flags = dsi_irw_print(
        document,
        "%s --input %s --input_shape '%s' --output %s --disable_nhwc_to_nchw --data_type %s "
        "--ir_version %d",
        *freeze ? freeze + 1 : "", inputs, shapes, outputs,
        options->type == DSINFER_CONVERT_FP16 ? "FP16" : "FP32", options->ir_version);
    return document->has_failed ? dsi_fail_memory(err, 0) : DSINFER_OK;
}

static enum dsinfer_status create(struct dsinfer_conversion *conversion, const char *path,
                                  const struct dsinfer_convert_options *options,
                                  struct dsinfer_error *err) {
    struct dsi_irw_document *document = &conversion->document;
    struct dsi_model_source source = {
        .file = &conversion->file, .path = path, .weights = &conversion->weights};
    const struct dsi_model_format *format;
    enum dsinfer_status status;

    document->version = options->ir_version;
    document->floats = options->type == DSINFER_CONVERT_FP16 ? DSI_IRW_F16 : DSI_IRW_F32;
    document->name = dsi_irw_print(document, "%s", options->model_name);
    status = dsi_mapped_file_open(&conversion->file, path, err);
    if (status == DSINFER_OK) {
        source.bytes = conversion->file.bytes;
        status = dsi_model_format_read(&conversion->graph, &format, &source, err);
    }
    if (status == DSINFER_OK && dsi_bidirectional_probe(&conversion->graph)) {
        status = dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                          "a network of release 0.1, which runs over whole recordings in both "
                          "directions, cannot be written as an IR");
    }
    if (status == DSINFER_OK) {
        status = dsi_signature_find(&conversion->graph, &conversion->signature, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_conversion_resolve(conversion, options, err);
    }
    if (status == DSINFER_OK) {
        status = take_results(conversion, err);
    }
    if (status == DSINFER_OK) {
        status = build(conversion, err);
    }
    return status == DSINFER_OK ? describe(conversion, options, err) : status;
}

enum dsinfer_status dsinfer_conversion_create(const char *path,
                                              const struct dsinfer_convert_options *options,
                                              struct dsinfer_conversion **out,
                                              struct dsinfer_error *err) {
    struct dsinfer_convert_options own;
    struct dsinfer_conversion *conversion;
    enum dsinfer_status status;

    if (!out) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "no place for the conversion is given");
    }
    *out = NULL;
    if (!path) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "no path is given");
    }
    status = take_options(options, &own, err);
    if (status != DSINFER_OK) {
        return status;
    }
    conversion = dsi_calloc(1, sizeof(*conversion));
    if (!conversion) {
        return dsi_fail_memory(err, sizeof(*conversion));
    }
    dsi_graph_init(&conversion->graph);
    dsi_graph_init(&conversion->network);
    dsi_irw_document_init(&conversion->document);
    status = create(conversion, path, &own, err);
    if (status == DSINFER_OK) {
        *out = conversion;
    } else {
        dsinfer_conversion_destroy(conversion);
    }
    return status;
}

void dsinfer_conversion_destroy(struct dsinfer_conversion *conversion) {
    if (!conversion) {
        return;
    }
    dsi_irw_document_finish(&conversion->document);
    dsi_graph_finish(&conversion->network);
    dsi_graph_finish(&conversion->graph);
    dsi_mapped_file_close(&conversion->weights);
    dsi_mapped_file_close(&conversion->file);
    dsi_free(conversion);
}

const struct dsinfer_convert_port *
dsinfer_conversion_get_port(const struct dsinfer_conversion *conversion, size_t i) {
    return i < conversion->n_ports ? &conversion->ports[i] : NULL;
}

const char *dsinfer_conversion_get_note(const struct dsinfer_conversion *conversion, size_t i) {
    return i < conversion->n_notes ? conversion->notes[i] : NULL;
}

const char *dsinfer_conversion_get_flags(const struct dsinfer_conversion *conversion) {
    return conversion->flags;
}

int dsinfer_conversion_is_redirected(const struct dsinfer_conversion *conversion) {
    return conversion->is_redirected;
}

const char *dsinfer_conversion_get_ending(const struct dsinfer_conversion *conversion, size_t i) {
    (void)conversion;
    return i < N_FILES ? ENDINGS[i] : NULL;
}

enum dsinfer_status dsinfer_conversion_write(const struct dsinfer_conversion *conversion, size_t i,
                                             int (*write)(void *user, const void *bytes,
                                                          size_t size),
                                             void *user, struct dsinfer_error *err) {
    const struct dsi_sink sink = {write, user};

    if (i >= N_FILES || !write) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "there is no file %zu to write", i);
    }
    return i == 0 ? dsi_irw_write_xml(&conversion->document, &sink, err)
                  : dsi_irw_write_bin(&conversion->document, &sink, err);
}
