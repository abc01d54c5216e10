/* The .xml of an IR. No number in it has a fraction: those are constants in the .bin.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/ir/ir_write.h"

#include "runtime/base/error.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BUFFER_SIZE 4096

struct writer {
    const struct dsi_irw_document *document;
    const struct dsi_sink *sink;
    bool has_failed;
    size_t n;
    char buffer[BUFFER_SIZE];
};

struct type_names {
    const char *element, *precision;
};

static const struct type_names TYPES[] = {
    [DSI_IRW_F32] = {"f32", "FP32"}, [DSI_IRW_F16] = {"f16", "FP16"},
    [DSI_IRW_I64] = {"i64", "I64"},  [DSI_IRW_I32] = {"i32", "I32"},
    [DSI_IRW_I8] = {"i8", "I8"},     [DSI_IRW_BOOL] = {"boolean", "BOOL"}};

static void flush(struct writer *w) {
    if (!w->has_failed && w->n && w->sink->write(w->sink->user, w->buffer, w->n) != 0) {
        w->has_failed = true;
    }
    w->n = 0;
}

static void put(struct writer *w, const char *text, size_t size) {
    while (size > 0) {
        const size_t room = sizeof(w->buffer) - w->n;
        const size_t n = size < room ? size : room;

        memcpy(w->buffer + w->n, text, n);
        w->n += n;
        text += n;
        size -= n;
        if (w->n == sizeof(w->buffer)) {
            flush(w);
        }
    }
}

/* Short pieces: never longer than the array. */
static void print(struct writer *w, const char *format, ...) DSI_PRINTF(2, 3);

static void print(struct writer *w, const char *format, ...) {
    char text[256];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    put(w, text, length > 0 ? (size_t)length : 0);
}

static void put_text(struct writer *w, const char *text) {
    put(w, text, strlen(text));
}

/* A name inside an attribute. */
static void put_escaped(struct writer *w, const char *text) {
    for (; *text; text++) {
        switch (*text) {
        case '&':
            put_text(w, "&amp;");
            break;
        case '<':
            put_text(w, "&lt;");
            break;
        case '>':
            put_text(w, "&gt;");
            break;
        case '"':
            put_text(w, "&quot;");
            break;
        default:
            /* XML has no way to write control characters. */
            put(w, (unsigned char)*text < 0x20 ? "?" : text, 1);
        }
    }
}

static void put_shape(struct writer *w, const struct dsi_shape *shape) {
    size_t i;

    for (i = 0; i < shape->rank; i++) {
        print(w, "%s%" PRId64, i ? "," : "", shape->dims[i]);
    }
}

static void put_port(struct writer *w, size_t id, const struct dsi_irw_output *output,
                     bool has_names) {
    size_t i;

    print(w, "<port id=\"%zu\" precision=\"%s\"", id, TYPES[output->type].precision);
    if (has_names && output->names) {
        put_text(w, " names=\"");
        put_escaped(w, output->names);
        put_text(w, "\"");
    }
    put_text(w, ">");
    for (i = 0; i < output->shape.rank; i++) {
        print(w, "<dim>%" PRId64 "</dim>", output->shape.dims[i]);
    }
    put_text(w, "</port>\n");
}

static void put_data(struct writer *w, const struct dsi_irw_layer *layer) {
    const struct dsi_irw_output *output = &layer->outputs[0];

    if (strcmp(layer->type, "Parameter") == 0 || strcmp(layer->type, "Const") == 0) {
        put_text(w, "<data shape=\"");
        put_shape(w, &output->shape);
        print(w, "\" element_type=\"%s\"", TYPES[output->type].element);
        if (layer->type[0] == 'C') {
            print(w, " offset=\"%zu\" size=\"%zu\"", layer->values.offset, layer->values.size);
        }
        put_text(w, "/>\n");
    } else if (layer->variable) {
        put_text(w, "<data variable_id=\"");
        put_escaped(w, layer->variable);
        put_text(w, "\"/>\n");
    } else if (layer->data) {
        put_text(w, "<data ");
        put_text(w, layer->data);
        put_text(w, "/>\n");
    }
    if (layer->is_decompression) {
        put_text(w, "<rt_info><attribute name=\"decompression\" version=\"0\"/></rt_info>\n");
    }
}

static void put_ports(struct writer *w, const struct dsi_irw_layers *layers,
                      const struct dsi_irw_layer *layer) {
    size_t i;

    if (layer->n_inputs) {
        put_text(w, "<input>\n");
        for (i = 0; i < layer->n_inputs; i++) {
            const struct dsi_irw_ref ref = layer->inputs[i];

            put_port(w, i, &layers->items[ref.layer].outputs[ref.output], false);
        }
        put_text(w, "</input>\n");
    }
    if (layer->n_outputs) {
        put_text(w, "<output>\n");
        for (i = 0; i < layer->n_outputs; i++) {
            put_port(w, layer->n_inputs + i, &layer->outputs[i], true);
        }
        put_text(w, "</output>\n");
    }
}

static void put_edges(struct writer *w, const struct dsi_irw_layers *layers) {
    size_t i;
    size_t k;

    put_text(w, "<edges>\n");
    for (i = 0; i < layers->n; i++) {
        for (k = 0; k < layers->items[i].n_inputs; k++) {
            const struct dsi_irw_ref from = layers->items[i].inputs[k];

            print(w,
                  "<edge from-layer=\"%" PRIu32 "\" from-port=\"%zu\" to-layer=\"%zu\" "
                  "to-port=\"%zu\"/>\n",
                  from.layer, layers->items[from.layer].n_inputs + from.output, i, k);
        }
    }
    put_text(w, "</edges>\n");
}

static void put_maps(struct writer *w) {
    const struct dsi_irw_document *document = w->document;
    size_t i;

    put_text(w, "<port_map>\n");
    for (i = 0; i < document->n_maps; i++) {
        const struct dsi_irw_map *map = &document->maps[i];

        print(w, "<%s %sexternal_port_id=\"%" PRIu32 "\" internal_layer_id=\"%" PRIu32 "\"%s/>\n",
              map->is_output ? "output" : "input", map->is_sliced ? "axis=\"0\" " : "", map->port,
              map->layer,
              map->is_sliced ? " start=\"0\" end=\"-1\" stride=\"1\" part_size=\"1\"" : "");
    }
    put_text(w, "</port_map>\n<back_edges>\n");
    for (i = 0; i < document->n_back_edges; i++) {
        print(w, "<edge from-layer=\"%" PRIu32 "\" to-layer=\"%" PRIu32 "\"/>\n",
              document->back_edges[i][0], document->back_edges[i][1]);
    }
    put_text(w, "</back_edges>\n");
}

static void put_layer_head(struct writer *w, const struct dsi_irw_layer *layer, size_t id) {
    print(w, "<layer id=\"%zu\" name=\"", id);
    put_escaped(w, layer->name);
    print(w, "\" type=\"%s\" version=\"opset%d\">\n", layer->type, layer->opset);
    put_data(w, layer);
}

static void put_body(struct writer *w) {
    const struct dsi_irw_layers *body = &w->document->body;
    size_t i;

    put_maps(w);
    put_text(w, "<body>\n<layers>\n");
    for (i = 0; i < body->n; i++) {
        put_layer_head(w, &body->items[i], i);
        put_ports(w, body, &body->items[i]);
        put_text(w, "</layer>\n");
    }
    put_text(w, "</layers>\n");
    put_edges(w, body);
    put_text(w, "</body>\n");
}

enum dsinfer_status dsi_irw_write_xml(const struct dsi_irw_document *document,
                                      const struct dsi_sink *sink, struct dsinfer_error *err) {
    struct writer w = {.document = document, .sink = sink};
    size_t i;

    /* Readers look for the version in the first 512 bytes: it goes before the name. */
    print(&w, "<?xml version=\"1.0\" ?>\n<net version=\"%d\" name=\"", document->version);
    put_escaped(&w, document->name);
    put_text(&w, "\">\n<layers>\n");
    for (i = 0; i < document->top.n; i++) {
        const struct dsi_irw_layer *layer = &document->top.items[i];

        put_layer_head(&w, layer, i);
        put_ports(&w, &document->top, layer);
        if (strcmp(layer->type, "TensorIterator") == 0) {
            put_body(&w);
        }
        put_text(&w, "</layer>\n");
    }
    put_text(&w, "</layers>\n");
    put_edges(&w, &document->top);
    put_text(&w, document->version == 10
                     ? "<meta_data><producer value=\"dsinfer " DSINFER_VERSION "\"/></meta_data>\n"
                     : "<rt_info><producer value=\"dsinfer " DSINFER_VERSION "\"/></rt_info>\n");
    put_text(&w, "</net>\n");
    flush(&w);
    return w.has_failed ? dsi_fail(err, DSINFER_ERR_IO, "the .xml could not be written")
                        : DSINFER_OK;
}
