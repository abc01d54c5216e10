/* The XML of an IR, by expat: a table says which element may be where and what it does; elements
 * that are in no table are skipped with all they hold.
 *
 * A document type declaration is refused at its first character, so that no entity is ever
 * declared, let alone expanded.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/ir/ir_net.h"

#include "model/ir/ir_text.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <expat.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Longest text of a <dim>. */
#define MAX_DIM_TEXT 31

enum place {
    DOCUMENT,
    NET,
    LAYERS,
    LAYER,
    DATA,
    INPUTS,
    OUTPUTS,
    PORT,
    DIM,
    PORT_MAP,
    MAPPING,
    BACK_EDGES,
    BACK_EDGE,
    BODY,
    EDGES,
    EDGE,
    SKIPPED
};

/* Rows of a net that are still growing, in the arena. */
struct list {
    void *items;
    size_t n, capacity;
};

/* A net that is being read, and its layer. */
struct scope {
    struct dsi_ir_net *net;
    struct list layers, edges;
    struct dsi_ir_layer *layer; /* the one that is open */
    struct list ports, mappings, back_edges;
    bool is_output; /* the open port, or mapping */
};

struct reader {
    XML_Parser parser;
    struct dsi_arena *arena;
    struct dsi_ir_net *net;
    enum place places[DSI_IR_MAX_DEPTH + 1]; /* [depth] */
    size_t depth;
    struct scope scopes[DSI_IR_MAX_BODIES + 1];
    size_t n_scopes;
    char text[MAX_DIM_TEXT + 1]; /* of the open <dim> */
    size_t text_size;
    enum dsinfer_status status;
    struct dsinfer_error *err;
};

static unsigned long get_line(const struct reader *reader) {
    return (unsigned long)XML_GetCurrentLineNumber(reader->parser);
}

/* Stops after a failure. */
static bool check(struct reader *reader, enum dsinfer_status status) {
    if (status != DSINFER_OK && reader->status == DSINFER_OK) {
        reader->status = status;
        (void)XML_StopParser(reader->parser, XML_FALSE);
    }
    return status == DSINFER_OK;
}

static enum dsinfer_status fail_memory(const struct reader *reader) {
    if (reader->arena->limit - reader->arena->used < 4096) {
        return dsi_fail(reader->err, DSINFER_ERR_LIMIT,
                        "line %lu: the layers so far need more than %zu bytes", get_line(reader),
                        reader->arena->limit);
    }
    return dsi_fail_memory(reader->err, 4096);
}

static const char *keep(struct reader *reader, const char *text) {
    const char *copy = dsi_arena_strndup(reader->arena, text, strlen(text));

    if (!copy) {
        check(reader, fail_memory(reader));
    }
    return copy;
}

/* A new last item, zeroed, or NULL. Lists grow in the arena: what they grow out of is lost, less
 * than they need in the end. */
static void *add(struct reader *reader, struct list *list, size_t size, size_t limit,
                 const char *what) {
    if (list->n == limit) {
        check(reader, dsi_fail(reader->err, DSINFER_ERR_LIMIT, "line %lu: more than %zu %s",
                               get_line(reader), limit, what));
        return NULL;
    }
    if (list->n == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 4;
        void *items = dsi_arena_alloc(reader->arena, capacity, size);

        if (!items) {
            check(reader, fail_memory(reader));
            return NULL;
        }
        if (list->n) {
            memcpy(items, list->items, list->n * size);
        }
        list->items = items;
        list->capacity = capacity;
    }
    return (char *)list->items + list->n++ * size;
}

static struct scope *get_scope(struct reader *reader) {
    return &reader->scopes[reader->n_scopes - 1];
}

/* The value of an attribute of an element, or NULL. */
static const char *find(const char *const *attrs, const char *name) {
    for (; *attrs; attrs += 2) {
        if (strcmp(attrs[0], name) == 0) {
            return attrs[1];
        }
    }
    return NULL;
}

/* An attribute that must be there. */
static const char *need(struct reader *reader, const char *element, const char *const *attrs,
                        const char *name) {
    const char *value = find(attrs, name);

    if (!value) {
        check(reader,
              dsi_fail(reader->err, DSINFER_ERR_MALFORMED, "line %lu: <%s> has no attribute '%s'",
                       get_line(reader), element, name));
    }
    return value;
}

static bool need_uint(struct reader *reader, const char *element, const char *const *attrs,
                      const char *name, uint64_t *out) {
    const char *value = need(reader, element, attrs, name);

    if (value && !dsi_ir_parse_uint(value, out)) {
        check(reader, dsi_fail(reader->err, DSINFER_ERR_MALFORMED,
                               "line %lu: attribute '%s' of <%s> is '%.40s' instead of a number",
                               get_line(reader), name, element, value));
    }
    return reader->status == DSINFER_OK;
}

/* An integer, or `otherwise` where there is none. */
static bool take_int(struct reader *reader, const char *element, const char *const *attrs,
                     const char *name, int64_t otherwise, int64_t *out) {
    const char *value = find(attrs, name);

    *out = otherwise;
    if (value && !dsi_ir_parse_int(value, out)) {
        check(reader, dsi_fail(reader->err, DSINFER_ERR_MALFORMED,
                               "line %lu: attribute '%s' of <%s> is '%.40s' instead of a number",
                               get_line(reader), name, element, value));
    }
    return reader->status == DSINFER_OK;
}

static void begin_scope(struct reader *reader, struct dsi_ir_net *net) {
    struct scope *scope = &reader->scopes[reader->n_scopes++];

    memset(scope, 0, sizeof(*scope));
    scope->net = net;
}

static void begin_net(struct reader *reader, const char *const *attrs) {
    const char *version = need(reader, "net", attrs, "version");
    const char *name = find(attrs, "name");

    if (!version) {
        return;
    }
    if (strcmp(version, "10") != 0 && strcmp(version, "11") != 0) {
        check(reader,
              dsi_fail(reader->err, DSINFER_ERR_UNSUPPORTED,
                       "this is an OpenVINO IR of version '%.20s'; versions 10 and 11 (from "
                       "OpenVINO 2020.1 on) are supported",
                       version));
        return;
    }
    reader->net->name = keep(reader, name ? name : "");
    begin_scope(reader, reader->net);
}

static void begin_layer(struct reader *reader, const char *const *attrs) {
    struct scope *scope = get_scope(reader);
    const char *name = need(reader, "layer", attrs, "name");
    const char *type = name ? need(reader, "layer", attrs, "type") : NULL;
    uint64_t id;

    if (!type || !need_uint(reader, "layer", attrs, "id", &id)) {
        return;
    }
    if (id >= DSI_IR_NONE || !*type) {
        check(reader, dsi_fail(reader->err, DSINFER_ERR_MALFORMED,
                               "line %lu: a layer has the id %" PRIu64 " and the type '%.40s'",
                               get_line(reader), id, type));
        return;
    }
    scope->layer = add(reader, &scope->layers, sizeof(*scope->layer), DSI_IR_MAX_LAYERS, "layers");
    if (!scope->layer) {
        return;
    }
    scope->layer->id = (uint32_t)id;
    scope->layer->name = keep(reader, name);
    scope->layer->type = keep(reader, type);
    memset(&scope->ports, 0, sizeof(scope->ports));
    memset(&scope->mappings, 0, sizeof(scope->mappings));
    memset(&scope->back_edges, 0, sizeof(scope->back_edges));
}

static void begin_data(struct reader *reader, const char *const *attrs) {
    struct dsi_ir_layer *layer = get_scope(reader)->layer;
    struct dsi_ir_attr *data;
    size_t n = 0;
    size_t i;

    while (attrs[2 * n]) {
        n++;
    }
    data = dsi_arena_alloc(reader->arena, n, sizeof(*data));
    if (!data) {
        check(reader, fail_memory(reader));
        return;
    }
    for (i = 0; i < n; i++) {
        data[i].name = keep(reader, attrs[2 * i]);
        data[i].value = keep(reader, attrs[2 * i + 1]);
    }
    layer->data = data;
    layer->n_data = n;
}

static void begin_ports(struct reader *reader, bool is_output) {
    struct scope *scope = get_scope(reader);

    memset(&scope->ports, 0, sizeof(scope->ports));
    scope->is_output = is_output;
}

static int compare_ports(const void *a, const void *b) {
    const struct dsi_ir_port *left = a, *right = b;

    return left->id < right->id ? -1 : left->id > right->id;
}

/* Ids of one side rise with the meaning of the ports, wherever they are written. */
static void end_ports(struct scope *scope) {
    if (scope->ports.n) {
        qsort(scope->ports.items, scope->ports.n, sizeof(struct dsi_ir_port), compare_ports);
    }
    if (scope->is_output) {
        scope->layer->outputs = scope->ports.items;
        scope->layer->n_outputs = scope->ports.n;
    } else {
        scope->layer->inputs = scope->ports.items;
        scope->layer->n_inputs = scope->ports.n;
    }
}

static void begin_port(struct reader *reader, const char *const *attrs) {
    struct scope *scope = get_scope(reader);
    const char *names = find(attrs, "names");
    struct dsi_ir_port *port;
    uint64_t id;

    if (!need_uint(reader, "port", attrs, "id", &id)) {
        return;
    }
    port = add(reader, &scope->ports, sizeof(*port), DSI_IR_MAX_PORTS, "ports of a layer");
    if (port) {
        port->id = id < DSI_IR_NONE ? (uint32_t)id : DSI_IR_NONE;
        port->names = names ? keep(reader, names) : "";
        port->source = DSI_IR_NONE;
    }
}

/* A dimension of the port that is open. */
static void end_dim(struct reader *reader) {
    struct scope *scope = get_scope(reader);
    struct dsi_ir_port *ports = scope->ports.items;
    struct dsi_shape *shape = &ports[scope->ports.n - 1].shape;
    int64_t dim;

    reader->text[reader->text_size] = '\0';
    if (reader->text_size == MAX_DIM_TEXT || !dsi_ir_parse_int(reader->text, &dim) || dim < -1) {
        check(reader, dsi_fail(reader->err, DSINFER_ERR_MALFORMED,
                               "line %lu: dimension '%s' of a port of layer '%s' is none",
                               get_line(reader), reader->text, scope->layer->name));
    } else if (shape->rank == DSI_MAX_RANK) {
        check(reader, dsi_fail(reader->err, DSINFER_ERR_UNSUPPORTED,
                               "line %lu: a port of layer '%s' has more than %d dimensions",
                               get_line(reader), scope->layer->name, DSI_MAX_RANK));
    } else {
        shape->dims[shape->rank++] = dim;
    }
}

static void begin_mapping(struct reader *reader, const char *name, const char *const *attrs) {
    struct scope *scope = get_scope(reader);
    const char *purpose = find(attrs, "purpose");
    struct dsi_ir_mapping *mapping;

    mapping = add(reader, &scope->mappings, sizeof(*mapping), DSI_IR_MAX_PORTS, "mapped ports");
    if (!mapping || !need(reader, name, attrs, "external_port_id") ||
        !need_uint(reader, name, attrs, "internal_layer_id", &mapping->layer)) {
        return;
    }
    mapping->is_output = strcmp(name, "output") == 0;
    mapping->is_sliced = find(attrs, "axis") != NULL;
    mapping->purpose = purpose ? keep(reader, purpose) : "";
    (void)(take_int(reader, name, attrs, "external_port_id", -1, &mapping->port) &&
           take_int(reader, name, attrs, "axis", 0, &mapping->axis) &&
           take_int(reader, name, attrs, "start", 0, &mapping->start) &&
           take_int(reader, name, attrs, "end", -1, &mapping->end) &&
           take_int(reader, name, attrs, "stride", 1, &mapping->stride) &&
           take_int(reader, name, attrs, "part_size", 1, &mapping->part_size));
    scope->layer->mappings = scope->mappings.items;
    scope->layer->n_mappings = scope->mappings.n;
}

static void begin_back_edge(struct reader *reader, const char *const *attrs) {
    struct scope *scope = get_scope(reader);
    struct dsi_ir_back_edge *edge =
        add(reader, &scope->back_edges, sizeof(*edge), DSI_IR_MAX_PORTS, "back edges");

    if (edge && need_uint(reader, "edge", attrs, "from-layer", &edge->from) &&
        need_uint(reader, "edge", attrs, "to-layer", &edge->to)) {
        scope->layer->back_edges = scope->back_edges.items;
        scope->layer->n_back_edges = scope->back_edges.n;
    }
}

static void begin_body(struct reader *reader) {
    struct dsi_ir_layer *layer = get_scope(reader)->layer;

    if (reader->n_scopes > DSI_IR_MAX_BODIES) {
        check(reader,
              dsi_fail(reader->err, DSINFER_ERR_LIMIT, "line %lu: bodies are nested deeper than %d",
                       get_line(reader), DSI_IR_MAX_BODIES));
        return;
    }
    layer->body = dsi_arena_alloc(reader->arena, 1, sizeof(*layer->body));
    if (!layer->body) {
        check(reader, fail_memory(reader));
        return;
    }
    layer->body->name = layer->name;
    begin_scope(reader, layer->body);
}

/* A net ends with its <net> or <body>. */
static void end_scope(struct reader *reader) {
    struct scope *scope = get_scope(reader);

    scope->net->layers = scope->layers.items;
    scope->net->n_layers = scope->layers.n;
    scope->net->edges = scope->edges.items;
    scope->net->n_edges = scope->edges.n;
    reader->n_scopes--;
}

static void begin_edge(struct reader *reader, const char *const *attrs) {
    struct scope *scope = get_scope(reader);
    struct dsi_ir_edge *edge =
        add(reader, &scope->edges, sizeof(*edge), (size_t)DSI_IR_MAX_LAYERS * 8, "edges");

    if (edge) {
        edge->line = get_line(reader);
        (void)(need_uint(reader, "edge", attrs, "from-layer", &edge->from_layer) &&
               need_uint(reader, "edge", attrs, "from-port", &edge->from_port) &&
               need_uint(reader, "edge", attrs, "to-layer", &edge->to_layer) &&
               need_uint(reader, "edge", attrs, "to-port", &edge->to_port));
    }
}

/* Where an element leads to; what stands nowhere here is skipped. */
static enum place find_place(enum place parent, const char *name) {
    static const struct {
        enum place parent;
        const char *name;
        enum place place;
    } places[] = {
        {DOCUMENT, "net", NET},
        {NET, "layers", LAYERS},
        {NET, "edges", EDGES},
        {BODY, "layers", LAYERS},
        {BODY, "edges", EDGES},
        {LAYERS, "layer", LAYER},
        {LAYER, "data", DATA},
        {LAYER, "input", INPUTS},
        {LAYER, "output", OUTPUTS},
        {LAYER, "port_map", PORT_MAP},
        {LAYER, "body", BODY},
        {LAYER, "back_edges", BACK_EDGES},
        {INPUTS, "port", PORT},
        {OUTPUTS, "port", PORT},
        {PORT, "dim", DIM},
        {PORT_MAP, "input", MAPPING},
        {PORT_MAP, "output", MAPPING},
        {BACK_EDGES, "edge", BACK_EDGE},
        {EDGES, "edge", EDGE},
    };
    size_t i;

    for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (places[i].parent == parent && strcmp(places[i].name, name) == 0) {
            return places[i].place;
        }
    }
    return SKIPPED;
}

static void begin_element(struct reader *reader, enum place place, const char *name,
                          const char *const *attrs) {
    switch (place) {
    case NET:
        begin_net(reader, attrs);
        break;
    case LAYER:
        begin_layer(reader, attrs);
        break;
    case DATA:
        begin_data(reader, attrs);
        break;
    case INPUTS:
    case OUTPUTS:
        begin_ports(reader, place == OUTPUTS);
        break;
    case PORT:
        begin_port(reader, attrs);
        break;
    case DIM:
        reader->text_size = 0;
        break;
    case MAPPING:
        begin_mapping(reader, name, attrs);
        break;
    case BACK_EDGE:
        begin_back_edge(reader, attrs);
        break;
    case BODY:
        begin_body(reader);
        break;
    case EDGE:
        begin_edge(reader, attrs);
        break;
    default:
        break;
    }
}

static void XMLCALL on_start(void *data, const XML_Char *name, const XML_Char **attrs) {
    struct reader *reader = data;
    enum place place;

    if (reader->status != DSINFER_OK) {
        return;
    }
    place = find_place(reader->places[reader->depth], name);
    if (reader->depth == 0 && place != NET) {
        check(reader, dsi_fail(reader->err, DSINFER_ERR_MALFORMED,
                               "this XML document is no OpenVINO IR: it is a <%.40s> instead of a "
                               "<net>",
                               name));
        return;
    }
    if (reader->depth == DSI_IR_MAX_DEPTH) {
        check(reader, dsi_fail(reader->err, DSINFER_ERR_LIMIT,
                               "line %lu: elements are nested deeper than %d", get_line(reader),
                               DSI_IR_MAX_DEPTH));
        return;
    }
    reader->places[++reader->depth] = place;
    begin_element(reader, place, name, (const char *const *)attrs);
}

static void XMLCALL on_end(void *data, const XML_Char *name) {
    struct reader *reader = data;

    (void)name;
    if (reader->status != DSINFER_OK) {
        return;
    }
    switch (reader->places[reader->depth--]) {
    case INPUTS:
    case OUTPUTS:
        end_ports(get_scope(reader));
        break;
    case DIM:
        end_dim(reader);
        break;
    case NET:
    case BODY:
        end_scope(reader);
        break;
    default:
        break;
    }
}

static void XMLCALL on_text(void *data, const XML_Char *text, int length) {
    struct reader *reader = data;
    const size_t size = (size_t)length;

    if (reader->status == DSINFER_OK && reader->places[reader->depth] == DIM) {
        const size_t rest = MAX_DIM_TEXT - reader->text_size;
        const size_t n = size < rest ? size : rest;

        memcpy(reader->text + reader->text_size, text, n);
        reader->text_size += n;
    }
}

static void XMLCALL on_doctype(void *data, const XML_Char *name, const XML_Char *system_id,
                               const XML_Char *public_id, int has_subset) {
    struct reader *reader = data;

    (void)name, (void)system_id, (void)public_id, (void)has_subset;
    check(reader, dsi_fail(reader->err, DSINFER_ERR_MALFORMED,
                           "line %lu: a document type declaration (<!DOCTYPE>, with its entities) "
                           "is not allowed in an IR",
                           get_line(reader)));
}

/* Words expat's own errors. */
static enum dsinfer_status fail_xml(const struct reader *reader) {
    const enum XML_Error code = XML_GetErrorCode(reader->parser);

    switch (code) {
    case XML_ERROR_NO_MEMORY:
        return dsi_fail_memory(reader->err, DSI_IR_MAX_XML_SIZE);
    case XML_ERROR_NO_ELEMENTS:
    case XML_ERROR_UNCLOSED_TOKEN:
    case XML_ERROR_PARTIAL_CHAR:
    case XML_ERROR_UNCLOSED_CDATA_SECTION:
        return dsi_fail(reader->err, DSINFER_ERR_MALFORMED, "line %lu: the document ends too early",
                        get_line(reader));
    default:
        return dsi_fail(
            reader->err, DSINFER_ERR_MALFORMED, "line %lu, column %lu: %s", get_line(reader),
            (unsigned long)XML_GetCurrentColumnNumber(reader->parser) + 1, XML_ErrorString(code));
    }
}

enum dsinfer_status dsi_ir_net_read(struct dsi_bytes xml, struct dsi_arena *arena,
                                    struct dsi_ir_net *net, struct dsinfer_error *err) {
    static const XML_Memory_Handling_Suite memory = {dsi_malloc, dsi_realloc, dsi_free};
    struct reader reader = {.arena = arena, .net = net, .err = err};

    if (xml.size > DSI_IR_MAX_XML_SIZE) {
        return dsi_fail(err, DSINFER_ERR_LIMIT, "the document has %zu bytes, more than %zu",
                        xml.size, DSI_IR_MAX_XML_SIZE);
    }
    memset(net, 0, sizeof(*net));
    reader.parser = XML_ParserCreate_MM(NULL, &memory, NULL);
    if (!reader.parser) {
        return dsi_fail_memory(err, sizeof(reader));
    }
    XML_SetUserData(reader.parser, &reader);
    XML_SetElementHandler(reader.parser, on_start, on_end);
    XML_SetCharacterDataHandler(reader.parser, on_text);
    XML_SetStartDoctypeDeclHandler(reader.parser, on_doctype);
    if (XML_Parse(reader.parser, (const char *)xml.data, (int)xml.size, XML_TRUE) !=
            XML_STATUS_OK &&
        reader.status == DSINFER_OK) {
        reader.status = fail_xml(&reader);
    }
    XML_ParserFree(reader.parser);
    return reader.status == DSINFER_OK ? dsi_ir_net_link(net, err) : reader.status;
}
