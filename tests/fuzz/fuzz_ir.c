/* Any bytes as an OpenVINO IR: the document, a NUL, and the bytes of the .bin. Refused with a
 * sentence, or a graph that verifies and whose weights can all be read.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz_target.h"

#include "model/ir/ir.h"
#include "model/ir/ir_origin.h"
#include "tests/fuzz/check_graph.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    const size_t xml_size = end ? (size_t)(end - data) : size;
    const struct dsi_bytes xml = {data, xml_size};
    const struct dsi_bytes weights = {end ? end + 1 : NULL, end ? size - xml_size - 1 : 0};
    struct dsinfer_error err = {0};
    struct dsi_graph graph = {0};
    struct dsi_origin origin;

    dsi_origin_init(&origin);
    FUZZ_CHECK(dsi_ir_read_origin(&origin, xml, NULL) == DSINFER_OK);
    dsi_origin_finish(&origin);
    if (dsi_ir_read(&graph, xml, weights, NULL, &err) == DSINFER_OK) {
        check_graph(&graph);
    } else {
        FUZZ_CHECK(err.status != DSINFER_OK && err.message[0]);
        FUZZ_CHECK(!graph.nodes);
    }
    dsi_graph_finish(&graph);
    return 0;
}
