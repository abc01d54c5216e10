/* What holds for a graph that a reader made of any bytes.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_FUZZ_CHECK_GRAPH_H
#define TESTS_FUZZ_CHECK_GRAPH_H

#include "runtime/graph/graph.h"
#include "tests/fuzz/fuzz_target.h"

/* Reads a stored matrix row by row, as far as a row is of a usual size. */
static inline void check_stored(const struct dsi_stored_matrix *stored) {
    static float row[16384];
    struct dsi_rectangle part = {.n_rows = 1};

    part.n_columns = stored->n_columns < 16384 ? stored->n_columns : 16384;
    for (; part.row < stored->n_rows; part.row++) {
        dsi_stored_read(stored, &part, row, part.n_columns);
    }
}

/* It verifies, and every byte of names, attributes and constants can be read. */
static inline void check_graph(const struct dsi_graph *graph) {
    volatile uint8_t sum = 0;
    size_t i, j, k;

    FUZZ_CHECK(dsi_graph_verify(graph, NULL) == DSINFER_OK);
    for (i = 0; i < graph->n_nodes; i++) {
        const struct dsi_node *node = &graph->nodes[i];

        FUZZ_CHECK(node->name[0] && node->op[0]);
        FUZZ_CHECK(dsi_node_is_op(node, "Const") == (node->value.dtype != DSI_DTYPE_NONE));
        for (j = 0; j < node->value.bytes.size; j++) {
            sum ^= node->value.bytes.data[j];
        }
        if (node->value.stored) {
            check_stored(node->value.stored);
        }
        for (j = 0; j < node->n_attrs; j++) {
            const struct dsi_attr *attr = &node->attrs[j];

            FUZZ_CHECK(dsi_node_find_attr(node, attr->name) == attr);
            for (k = 0; attr->kind == DSI_ATTR_STRING && k < attr->u.bytes.size; k++) {
                sum ^= attr->u.bytes.data[k];
            }
            for (k = 0; attr->kind == DSI_ATTR_INTS && k < attr->u.ints.n_values; k++) {
                sum ^= (uint8_t)attr->u.ints.values[k];
            }
            if (attr->kind == DSI_ATTR_SHAPE) {
                FUZZ_CHECK(attr->u.shape.rank <= DSI_MAX_RANK);
            }
        }
    }
    (void)sum;
}

#endif
