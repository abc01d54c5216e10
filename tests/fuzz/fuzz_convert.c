/* Any bytes as a model to convert: refused with a sentence, or two files that are read back as a
 * graph with the same roles.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz_file.h"

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

static void read_back(const struct output *outputs) {
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct output outputs[2] = {{NULL, 0}, {NULL, 0}};
    struct dsinfer_conversion *conversion;
    struct dsinfer_error err = {0};
    enum dsinfer_status status;
    struct fuzz_file file;
    size_t i;

    fuzz_file_create(&file, data, size);
    status = dsinfer_conversion_create(file.path, NULL, &conversion, &err);
    if (status == DSINFER_OK) {
        for (i = 0; i < 2 && status == DSINFER_OK; i++) {
            status = dsinfer_conversion_write(conversion, i, take, &outputs[i], &err);
            FUZZ_CHECK(status == DSINFER_OK || status == DSINFER_ERR_IO);
        }
        if (status == DSINFER_OK) {
            read_back(outputs);
        }
    } else {
        FUZZ_CHECK(!conversion && err.status == status && err.message[0]);
    }
    dsinfer_conversion_destroy(conversion);
    free(outputs[0].bytes);
    free(outputs[1].bytes);
    fuzz_file_remove(&file);
    return 0;
}
