/* Any bytes as a model to convert: refused with a sentence, or files that are read back: an IR as a
 * graph with the same roles, a frozen graph and a package as graphs of the same constants.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz_file.h"

#include "model/format.h"
#include "model/ir/ir.h"
#include "model/signature.h"

#include <dsinfer/convert.h>

#include <string.h>

/* Larger files are not made. */
#define MAX_SIZE ((size_t)1 << 22)

struct output {
    uint8_t *bytes; /* owned */
    size_t size;
};

static int take(void *user, const void *bytes, size_t size) {
    struct output *output = user;
    uint8_t *grown;

    if (size > MAX_SIZE - output->size) {
        return -1;
    }
    grown = realloc(output->bytes, output->size + size);
    FUZZ_CHECK(grown);
    memcpy(grown + output->size, bytes, size);
    output->bytes = grown;
    output->size += size;
    return 0;
}

static void check_ir(const struct output *outputs) {
    const struct dsi_bytes xml = {outputs[0].bytes, outputs[0].size};
    const struct dsi_bytes bin = {outputs[1].bytes, outputs[1].size};
    struct dsi_signature signature;
    struct dsinfer_error err = {0};
    struct dsi_graph graph = {0};

    if (dsi_ir_read(&graph, xml, bin, NULL, &err) != DSINFER_OK ||
        dsi_signature_find(&graph, &signature, &err) != DSINFER_OK) {
        fprintf(stderr, "%s\n", err.message);
        FUZZ_CHECK(false);
    }
    dsi_graph_finish(&graph);
}

static void read_graph(struct dsi_graph *graph, struct dsi_bytes bytes) {
    const struct dsi_model_source source = {.bytes = bytes};
    const struct dsi_model_format *format;
    struct dsinfer_error err = {0};

    if (dsi_model_format_read(graph, &format, &source, &err) != DSINFER_OK) {
        fprintf(stderr, "%s\n", err.message);
        FUZZ_CHECK(false);
    }
}

/* The same nodes with the same constants. */
static void check_frozen(struct dsi_bytes from, const struct output *output) {
    struct dsi_graph graphs[2] = {{.n_nodes = 0}, {.n_nodes = 0}};
    size_t i;

    read_graph(&graphs[0], from);
    read_graph(&graphs[1], (struct dsi_bytes){output->bytes, output->size});
    FUZZ_CHECK(graphs[0].n_nodes == graphs[1].n_nodes);
    for (i = 0; i < graphs[0].n_nodes; i++) {
        const struct dsi_node *a = &graphs[0].nodes[i];
        const struct dsi_node *b = &graphs[1].nodes[i];

        FUZZ_CHECK(strcmp(a->name, b->name) == 0 && strcmp(a->op, b->op) == 0);
        FUZZ_CHECK(a->n_inputs == b->n_inputs && a->value.dtype == b->value.dtype);
        FUZZ_CHECK(a->value.bytes.size == b->value.bytes.size);
        FUZZ_CHECK(!a->value.bytes.size ||
                   memcmp(a->value.bytes.data, b->value.bytes.data, a->value.bytes.size) == 0);
    }
    dsi_graph_finish(&graphs[0]);
    dsi_graph_finish(&graphs[1]);
}

static void convert(const char *path, struct dsi_bytes from, enum dsinfer_convert_format format) {
    struct output outputs[2] = {{NULL, 0}, {NULL, 0}};
    struct dsinfer_convert_options options;
    struct dsinfer_conversion *conversion;
    struct dsinfer_error err = {0};
    enum dsinfer_status status;
    size_t i;

    dsinfer_convert_options_init(&options);
    options.format = format;
    status = dsinfer_conversion_create(path, &options, &conversion, &err);
    if (status != DSINFER_OK) {
        FUZZ_CHECK(!conversion && err.status == status && err.message[0]);
        return;
    }
    for (i = 0; dsinfer_conversion_get_ending(conversion, i) && status == DSINFER_OK; i++) {
        status = dsinfer_conversion_write(conversion, i, take, &outputs[i], &err);
        FUZZ_CHECK(status == DSINFER_OK || status == DSINFER_ERR_IO);
    }
    if (status == DSINFER_OK && format == DSINFER_CONVERT_IR) {
        check_ir(outputs);
    } else if (status == DSINFER_OK) {
        check_frozen(from, outputs);
    }
    dsinfer_conversion_destroy(conversion);
    free(outputs[0].bytes);
    free(outputs[1].bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_file file;
    int format;

    fuzz_file_create(&file, data, size);
    for (format = DSINFER_CONVERT_IR; format <= DSINFER_CONVERT_PBMM; format++) {
        convert(file.path, (struct dsi_bytes){data, size}, (enum dsinfer_convert_format)format);
    }
    fuzz_file_remove(&file);
    return 0;
}
