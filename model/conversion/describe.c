/* What is said of an IR that is to be written: ports, passes, and flags for all of it.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/conversion/conversion.h"

#include "runtime/base/error.h"

#include <inttypes.h>
#include <string.h>

/* Values of flags as they grow. */
struct lists {
    const char *inputs, *shapes, *outputs;
};

static const char *print_dims(struct dsi_irw_document *document,
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

/* The input whose layer has that name, if there is one; `ending` makes a flag of the name. */
static void describe_input(struct dsinfer_conversion *conversion, int role, const char *name,
                           const char *ending, struct lists *lists) {
    struct dsi_irw_document *document = &conversion->document;
    const char *comma = *lists->inputs ? "," : "";
    size_t i;

    for (i = 0; i < document->top.n; i++) {
        const struct dsi_irw_layer *layer = &document->top.items[i];

        if (strcmp(layer->type, "Parameter") == 0 && strcmp(layer->name, name) == 0) {
            dsi_conversion_add_port(conversion, role, name, false, &layer->outputs[0].shape);
            lists->inputs = dsi_irw_print(document, "%s%s%s%s", lists->inputs, comma, name, ending);
            lists->shapes =
                dsi_irw_print(document, "%s%s[%s]", lists->shapes, comma,
                              print_dims(document, &conversion->ports[conversion->n_ports - 1]));
            return;
        }
    }
}

static void describe_outputs(struct dsinfer_conversion *conversion, struct lists *lists) {
    struct dsi_irw_document *document = &conversion->document;
    size_t i, k;

    for (i = 0, k = 0; k < document->top.n && i < conversion->n_results; k++) {
        const struct dsi_irw_layer *layer = &document->top.items[k];
        const char *name = conversion->results[i].names.layer;

        if (strcmp(layer->type, "Result") == 0) {
            const struct dsi_irw_ref ref = layer->inputs[0];

            dsi_conversion_add_port(conversion, conversion->result_roles[i], name, true,
                                    &document->top.items[ref.layer].outputs[ref.output].shape);
            lists->outputs = dsi_irw_print(document, "%s%s%s", lists->outputs, i ? "," : "", name);
            i++;
        }
    }
}

enum dsinfer_status dsi_conversion_describe(struct dsinfer_conversion *conversion,
                                            const struct dsinfer_convert_options *options,
                                            struct dsinfer_error *err) {
    struct dsi_irw_document *document = &conversion->document;
    const struct dsi_signature *signature = &conversion->signature;
    const char *freeze = print_freeze(conversion);
    struct lists lists = {"", "", ""};
    size_t i;

    for (i = 0; i < (size_t)DSI_ROLE_LENGTHS + conversion->has_lengths_input; i++) {
        describe_input(conversion, (int)i, conversion->graph.nodes[signature->ports[i].node].name,
                       "", &lists);
    }
    for (i = 0; i < conversion->n_cuts; i++) { /* their outputs, not their inputs */
        describe_input(conversion, -1, conversion->written_cuts[i].names.layer, ":0", &lists);
    }
    describe_outputs(conversion, &lists);
    conversion->flags = dsi_irw_print(
        document,
        "%s%s%s--input %s --input_shape %s --output %s --disable_nhwc_to_nchw --data_type %s "
        "--ir_version %d%s%s",
        *freeze ? "--freeze_placeholder_with_value " : "", quote(document, freeze),
        *freeze ? " " : "", quote(document, lists.inputs), quote(document, lists.shapes),
        quote(document, lists.outputs), options->type == DSINFER_CONVERT_FP16 ? "FP16" : "FP32",
        options->ir_version, options->is_int8 ? " --quantize int8" : "",
        options->is_stateful ? " --stateful" : "");
    if (*freeze) {
        dsi_conversion_add_pass(conversion, dsi_irw_print(document, "freeze: %s", freeze));
    }
    dsi_conversion_add_pass(
        conversion,
        dsi_irw_print(document, "write: %zu layers and %zu in the loop, %zu bytes of constants",
                      document->top.n, document->body.n, conversion->bin_size));
    return document->has_failed ? dsi_fail_memory(err, 0) : DSINFER_OK;
}
