/* Any bytes as a package: refused with a sentence, or regions inside the file and a graph that
 * verifies.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz_target.h"

#include "model/memmapped/memmapped.h"
#include "tests/fuzz/check_graph.h"

static void check_directory(const struct dsi_memmapped *package, const uint8_t *data, size_t size) {
    size_t i;

    for (i = 0; i < package->n_regions; i++) {
        const struct dsi_region *region = &package->regions[i];
        struct dsi_bytes found;

        FUZZ_CHECK(region->bytes.data >= data && region->bytes.size <= size);
        FUZZ_CHECK((size_t)(region->bytes.data - data) <= size - region->bytes.size);
        FUZZ_CHECK(dsi_memmapped_find(package, region->name, &found));
        FUZZ_CHECK(found.data == region->bytes.data && found.size == region->bytes.size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct dsi_bytes bytes = {data, size};
    struct dsi_memmapped package = {0};
    struct dsinfer_error err = {0};
    struct dsi_graph graph = {0};

    if (dsi_memmapped_init(&package, bytes, NULL) == DSINFER_OK) {
        check_directory(&package, data, size);
    }
    if (dsi_memmapped_read(&graph, bytes, NULL, &err) == DSINFER_OK) {
        FUZZ_CHECK(package.n_regions > 0);
        FUZZ_CHECK(dsi_memmapped_probe(bytes));
        check_graph(&graph);
    } else {
        FUZZ_CHECK(err.status != DSINFER_OK && err.message[0]);
        FUZZ_CHECK(!graph.nodes);
    }
    dsi_graph_finish(&graph);
    dsi_memmapped_finish(&package);
    return 0;
}
