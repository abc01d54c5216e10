/* Building an IR in memory.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/ir/ir_document.h"

#include "runtime/base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Most bytes of names and attributes. */
#define MAX_MEMORY ((size_t)8 << 20)

void dsi_irw_document_init(struct dsi_irw_document *document) {
    *document = (struct dsi_irw_document){.version = 10};
    dsi_arena_init(&document->arena, MAX_MEMORY);
}

void dsi_irw_document_finish(struct dsi_irw_document *document) {
    dsi_free(document->top.items);
    dsi_free(document->body.items);
    dsi_arena_finish(&document->arena);
    memset(document, 0, sizeof(*document));
}

const char *dsi_irw_print(struct dsi_irw_document *document, const char *format, ...) {
    va_list arguments;
    char *text = NULL;
    int length;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length >= 0) {
        text = dsi_arena_alloc(&document->arena, (size_t)length + 1, 1);
    }
    if (!text) {
        document->has_failed = true;
        return "";
    }
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

static bool has_name(const struct dsi_irw_layers *layers, const char *name) {
    size_t i;

    for (i = 0; i < layers->n; i++) {
        if (strcmp(layers->items[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static const char *make_unique(struct dsi_irw_document *document,
                               const struct dsi_irw_layers *layers, const char *name) {
    const char *made = dsi_irw_print(document, "%s", name);
    unsigned long number;

    for (number = 1; has_name(layers, made) && !document->has_failed; number++) {
        made = dsi_irw_print(document, "%s_%lu", name, number);
    }
    return made;
}

static bool reserve(struct dsi_irw_document *document, struct dsi_irw_layers *layers) {
    const size_t wanted = layers->capacity ? 2 * layers->capacity : 32;
    struct dsi_irw_layer *grown;

    if (layers->n < layers->capacity) {
        return true;
    }
    grown = dsi_realloc(layers->items, wanted * sizeof(*grown));
    if (!grown) {
        document->has_failed = true;
        return false;
    }
    layers->items = grown;
    layers->capacity = wanted;
    return true;
}

struct dsi_irw_layer *dsi_irw_add(struct dsi_irw_document *document, struct dsi_irw_layers *layers,
                                  const char *name, const char *type,
                                  const struct dsi_irw_ref *inputs, size_t n_inputs,
                                  const struct dsi_shape *shape) {
    struct dsi_irw_layer *layer;
    size_t i;

    name = make_unique(document, layers, name);
    if (document->has_failed || !reserve(document, layers)) {
        return NULL;
    }
    layer = &layers->items[layers->n++];
    *layer = (struct dsi_irw_layer){.name = name, .type = type, .opset = 1, .n_inputs = n_inputs};
    for (i = 0; i < n_inputs; i++) {
        layer->inputs[i] = inputs[i];
    }
    if (shape) {
        layer->n_outputs = 1;
        layer->outputs[0].type = document->version == 11 ? DSI_IRW_F32 : document->floats;
        layer->outputs[0].shape = *shape;
    }
    return layer;
}

struct dsi_irw_ref dsi_irw_last(const struct dsi_irw_layers *layers) {
    return (struct dsi_irw_ref){layers->n ? (uint32_t)layers->n - 1 : 0, 0};
}

struct dsi_irw_ref dsi_irw_add_ints(struct dsi_irw_document *document,
                                    struct dsi_irw_layers *layers, const char *name,
                                    const int64_t *values, size_t n_values) {
    const struct dsi_shape shape = dsi_shape_make(1, (const int64_t[]){(int64_t)n_values});
    const size_t size = n_values * sizeof(*values);
    struct dsi_irw_layer *layer = dsi_irw_add(document, layers, name, "Const", NULL, 0, &shape);
    uint8_t *bytes = dsi_arena_alloc(&document->arena, n_values, sizeof(*values));

    if (!bytes) {
        document->has_failed = true;
    }
    if (layer && bytes) {
        memcpy(bytes, values, size);
        layer->outputs[0].type = DSI_IRW_I64;
        layer->values.source = DSI_IRW_BYTES;
        layer->values.bytes = (struct dsi_bytes){bytes, size};
    }
    return dsi_irw_last(layers);
}

static struct dsi_irw_ref add_constant(struct dsi_irw_document *document,
                                       struct dsi_irw_layers *layers, const char *name,
                                       const struct dsi_irw_values *values,
                                       const struct dsi_shape *shape, enum dsi_irw_type type) {
    struct dsi_irw_layer *layer = dsi_irw_add(document, layers, name, "Const", NULL, 0, shape);

    if (layer) {
        layer->outputs[0].type = type;
        layer->values = *values;
    }
    return dsi_irw_last(layers);
}

static struct dsi_irw_ref add_convert(struct dsi_irw_document *document,
                                      struct dsi_irw_layers *layers, const char *name,
                                      struct dsi_irw_ref from, const struct dsi_shape *shape) {
    struct dsi_irw_layer *layer = dsi_irw_add(document, layers, name, "Convert", &from, 1, shape);

    if (layer) {
        layer->outputs[0].type = DSI_IRW_F32;
        layer->data = "destination_type=\"f32\"";
    }
    return dsi_irw_last(layers);
}

struct dsi_irw_ref dsi_irw_add_floats(struct dsi_irw_document *document,
                                      struct dsi_irw_layers *layers, const char *name,
                                      const struct dsi_irw_values *values,
                                      const struct dsi_shape *shape) {
    struct dsi_irw_ref ref = add_constant(document, layers, name, values, shape, document->floats);

    if (document->floats == DSI_IRW_F16 && document->version == 11) {
        ref = add_convert(document, layers, dsi_irw_print(document, "%s/f32", name), ref, shape);
        if (!document->has_failed) {
            layers->items[ref.layer].is_decompression = true;
        }
    }
    return ref;
}

/* Scales are float32 in any document: as halves small ones would be rounded a second time. */
struct dsi_irw_ref dsi_irw_add_matrix(struct dsi_irw_document *document,
                                      struct dsi_irw_layers *layers, const char *name,
                                      const struct dsi_irw_values *values,
                                      const struct dsi_shape *shape) {
    struct dsi_shape column = *shape;
    struct dsi_irw_values scales = *values;
    struct dsi_irw_ref inputs[2];
    struct dsi_irw_layer *layer;

    if (!document->is_quantized) {
        return dsi_irw_add_floats(document, layers, name, values, shape);
    }
    column.dims[column.rank - 1] = 1;
    scales.source = DSI_IRW_SCALES;
    inputs[0] = add_constant(document, layers, dsi_irw_print(document, "%s/i8", name), values,
                             shape, DSI_IRW_I8);
    inputs[0] =
        add_convert(document, layers, dsi_irw_print(document, "%s/f32", name), inputs[0], shape);
    inputs[1] = add_constant(document, layers, dsi_irw_print(document, "%s/scale", name), &scales,
                             &column, DSI_IRW_F32);
    layer = dsi_irw_add(document, layers, name, "Multiply", inputs, 2, shape);
    if (layer) {
        layer->outputs[0].type = DSI_IRW_F32;
        layer->data = "auto_broadcast=\"numpy\"";
    }
    return dsi_irw_last(layers);
}
