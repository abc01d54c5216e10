/* Converting a model: reading it, resolving the flags, building what is written, describing it.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/conversion/conversion.h"

#include "model/match.h"
#include "model/packed/packed.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <string.h>

/* Of the files of each format. */
static const char *const ENDINGS[][2] = {[DSINFER_CONVERT_IR] = {".xml", ".bin"},
                                         [DSINFER_CONVERT_PB] = {".pb", NULL},
                                         [DSINFER_CONVERT_PBMM] = {".pbmm", NULL},
                                         [DSINFER_CONVERT_PACKED] = {".dsinfer", NULL}};

#define MAX_FILES (sizeof(ENDINGS[0]) / sizeof(ENDINGS[0][0]))

void dsinfer_convert_options_init(struct dsinfer_convert_options *options) {
    if (options) {
        *options = (struct dsinfer_convert_options){
            .size = sizeof(*options), .model_name = "model", .ir_version = 10};
    }
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
    if ((unsigned)options->format > DSINFER_CONVERT_PACKED) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "there is no format %d", (int)options->format);
    }
    if (options->format != DSINFER_CONVERT_PACKED && (options->precision != DSINFER_PRECISION_F32 ||
                                                      options->kernels != DSINFER_KERNELS_NATIVE)) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                        "%s says what a packed model is to run with; this is none",
                        options->kernels != DSINFER_KERNELS_NATIVE ? "--kernels" : "--precision");
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

void dsi_conversion_add_port(struct dsinfer_conversion *conversion, int role, const char *name,
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

static enum dsinfer_status create(struct dsinfer_conversion *conversion, const char *path,
                                  const struct dsinfer_convert_options *options,
                                  struct dsinfer_error *err) {
    struct dsi_model_source source = {
        .file = &conversion->file, .path = path, .weights = &conversion->weights};
    enum dsinfer_status status = dsi_mapped_file_open(&conversion->file, path, err);

    if (status == DSINFER_OK) {
        source.bytes = conversion->file.bytes;
        status = dsi_model_format_read(&conversion->graph, &conversion->from, &source, err);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    if (options->format == DSINFER_CONVERT_PACKED) {
        return dsi_conversion_make_packed(conversion, path, options, err);
    }
    return options->format == DSINFER_CONVERT_IR
               ? dsi_conversion_make_ir(conversion, options, err)
               : dsi_conversion_make_frozen(conversion, options, err);
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
    dsi_pieces_init(&conversion->pieces, &conversion->document.arena);
    conversion->format = own.format;
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
    dsinfer_model_unref(conversion->model);
    dsi_pieces_finish(&conversion->pieces);
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

const char *dsinfer_conversion_get_pass(const struct dsinfer_conversion *conversion, size_t i) {
    return i < conversion->n_passes ? conversion->passes[i] : NULL;
}

const char *dsinfer_conversion_get_flags(const struct dsinfer_conversion *conversion) {
    return conversion->flags;
}

int dsinfer_conversion_is_redirected(const struct dsinfer_conversion *conversion) {
    return conversion->is_redirected;
}

const char *dsinfer_conversion_get_ending(const struct dsinfer_conversion *conversion, size_t i) {
    return i < MAX_FILES ? ENDINGS[conversion->format][i] : NULL;
}

enum dsinfer_status dsinfer_conversion_write(const struct dsinfer_conversion *conversion, size_t i,
                                             int (*write)(void *user, const void *bytes,
                                                          size_t size),
                                             void *user, struct dsinfer_error *err) {
    const struct dsi_sink sink = {write, user};

    if (!dsinfer_conversion_get_ending(conversion, i) || !write) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "there is no file %zu to write", i);
    }
    if (conversion->format == DSINFER_CONVERT_PACKED) {
        return dsi_packed_write(conversion->model, &sink, err);
    }
    if (conversion->format != DSINFER_CONVERT_IR) {
        return dsi_pieces_write(&conversion->pieces, &sink, err);
    }
    return i == 0 ? dsi_irw_write_xml(&conversion->document, &sink, err)
                  : dsi_irw_write_bin(&conversion->document, &sink, err);
}
