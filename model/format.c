/* The table of model formats, in the order in which they are tried: those with a mark of their own
 * before those that are only likely.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/format.h"

#include "model/graphdef/graphdef.h"
#include "model/ir/ir.h"
#include "model/memmapped/memmapped.h"
#include "model/packed/packed.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <inttypes.h>
#include <string.h>

static bool has_text(struct dsi_bytes bytes, size_t offset, const char *text) {
    const size_t size = strlen(text);

    return bytes.size >= offset && bytes.size - offset >= size &&
           memcmp(bytes.data + offset, text, size) == 0;
}

static bool probe_tflite(struct dsi_bytes bytes) {
    return has_text(bytes, 4, "TFL3");
}

static enum dsinfer_status refuse_tflite(struct dsi_graph *graph,
                                         const struct dsi_model_source *source,
                                         struct dsinfer_error *err) {
    (void)graph, (void)source;
    return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                    "this is a TensorFlow Lite model (.tflite); supported are frozen graphs "
                    "(.pb), memory-mapped packages (.pbmm) and OpenVINO IRs (.xml)");
}

/* Opens the .bin beside the .xml. */
static enum dsinfer_status open_weights(const struct dsi_model_source *source,
                                        struct dsinfer_error *err) {
    struct dsinfer_error detail;
    enum dsinfer_status status;
    char *path;

    if (!source->path || !source->weights) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "this is an OpenVINO IR: its weights are in a second file, which can only "
                        "be found where the model is opened by its path");
    }
    status = dsi_ir_get_weights_path(source->path, &path, err);
    if (status != DSINFER_OK) {
        return status;
    }
    status = dsi_mapped_file_open(source->weights, path, &detail);
    if (status != DSINFER_OK) {
        status = dsi_fail(err, status, "its weights '%s': %s", path, detail.message);
    }
    dsi_free(path);
    return status;
}

static enum dsinfer_status read_ir(struct dsi_graph *graph, const struct dsi_model_source *source,
                                   struct dsinfer_error *err) {
    enum dsinfer_status status = open_weights(source, err);

    return status == DSINFER_OK
               ? dsi_ir_read(graph, source->bytes, source->weights->bytes, source->weights, err)
               : status;
}

static enum dsinfer_status read_memmapped(struct dsi_graph *graph,
                                          const struct dsi_model_source *source,
                                          struct dsinfer_error *err) {
    return dsi_memmapped_read(graph, source->bytes, source->file, err);
}

static enum dsinfer_status read_graphdef(struct dsi_graph *graph,
                                         const struct dsi_model_source *source,
                                         struct dsinfer_error *err) {
    return dsi_graphdef_read(graph, source->bytes, source->file, NULL, err);
}

static enum dsinfer_status read_packed(struct dsi_graph *graph,
                                       const struct dsi_model_source *source,
                                       struct dsinfer_error *err) {
    if (!source->packed) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "this is a packed model, which only runs: what it was made of can be "
                        "converted");
    }
    return dsi_packed_read(graph, source->packed, source->bytes, source->file, err);
}

static const struct dsi_model_format FORMATS[] = {
    {"packed", dsi_packed_probe, read_packed},
    {"tflite", probe_tflite, refuse_tflite},
    {"ir", dsi_ir_probe, read_ir},
    {"memmapped", dsi_memmapped_probe, read_memmapped},
    {"graphdef", dsi_graphdef_probe, read_graphdef},
};

const struct dsi_model_format *dsi_model_format_probe(struct dsi_bytes bytes) {
    size_t i;

    for (i = 0; i < sizeof(FORMATS) / sizeof(FORMATS[0]); i++) {
        if (FORMATS[i].probe(bytes)) {
            return &FORMATS[i];
        }
    }
    return NULL;
}

/* Says why no format fits. */
static enum dsinfer_status refuse_unknown(struct dsi_bytes bytes, struct dsinfer_error *err) {
    if (bytes.size == 0) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED, "the file is empty");
    }
    if (bytes.size < 8) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED, "this is no model file: it has only %zu bytes",
                        bytes.size);
    }
    return dsi_fail(err, DSINFER_ERR_MALFORMED,
                    "this is no model file: it begins with byte 0x%02x where a frozen graph (.pb) "
                    "has 0x0a, and a package (.pbmm) ends with the offset of its directory, but "
                    "here %zu bytes end with %" PRIu64,
                    (unsigned)bytes.data[0], bytes.size, dsi_load_u64(bytes.data + bytes.size - 8));
}

enum dsinfer_status dsi_model_format_read(struct dsi_graph *graph,
                                          const struct dsi_model_format **format,
                                          const struct dsi_model_source *source,
                                          struct dsinfer_error *err) {
    const struct dsi_model_format *found = dsi_model_format_probe(source->bytes);
    enum dsinfer_status status;

    if (!found) {
        return refuse_unknown(source->bytes, err);
    }
    status = found->read(graph, source, err);
    if (status == DSINFER_OK) {
        *format = found;
    }
    return status;
}
