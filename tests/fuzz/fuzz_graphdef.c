/* Any bytes as a frozen graph: refused with a sentence, or a graph that verifies.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz_target.h"

#include "model/graphdef/graphdef.h"
#include "tests/fuzz/check_graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dsinfer_error err = {0};
    struct dsi_graph graph = {0};
    uint32_t version = 0;

    FUZZ_CHECK(!dsi_graphdef_find_producer((struct dsi_bytes){data, size}, &version) || version);
    if (dsi_graphdef_read(&graph, (struct dsi_bytes){data, size}, NULL, NULL, &err) == DSINFER_OK) {
        check_graph(&graph);
    } else {
        FUZZ_CHECK(err.status != DSINFER_OK && err.message[0]);
        FUZZ_CHECK(!graph.nodes);
    }
    dsi_graph_finish(&graph);
    return 0;
}
