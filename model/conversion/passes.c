/* What each pass did, as sentences: how many nodes of which op there were before and after it.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/conversion/conversion.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <string.h>

/* Ops beyond these are counted as nodes only. */
#define MAX_OPS 128

/* Ops that a sentence names. */
#define MAX_SHOWN 24

struct op_count {
    const char *op;
    size_t before, after;
};

struct dsi_op_counts {
    struct op_count ops[MAX_OPS];
    size_t n_ops;
    size_t before, after; /* nodes */
};

void dsi_conversion_add_pass(struct dsinfer_conversion *conversion, const char *text) {
    if (conversion->n_passes < DSI_CONVERSION_MAX_PASSES) {
        conversion->passes[conversion->n_passes++] = text;
    }
}

static void count_node(struct dsi_op_counts *counts, const struct dsi_node *node) {
    size_t i;

    counts->after++;
    for (i = 0; i < counts->n_ops && strcmp(counts->ops[i].op, node->op) != 0; i++) {
    }
    if (i == MAX_OPS) {
        return;
    }
    if (i == counts->n_ops) {
        counts->ops[counts->n_ops++] = (struct op_count){.op = node->op};
    }
    counts->ops[i].after++;
}

/* What was after the last pass is before the next. Counts all nodes, or those that the outputs
 * need: passes leave others behind. */
static bool count(struct dsi_op_counts *counts, const struct dsi_graph *graph, bool are_all) {
    uint32_t *order = dsi_malloc(graph->n_nodes * sizeof(*order));
    size_t n_order = graph->n_nodes;
    size_t i;

    if (!order) {
        return false;
    }
    for (i = 0; i < n_order; i++) {
        order[i] = (uint32_t)i;
    }
    counts->before = counts->after;
    counts->after = 0;
    for (i = 0; i < counts->n_ops; i++) {
        counts->ops[i].before = counts->ops[i].after;
        counts->ops[i].after = 0;
    }
    if (!are_all && dsi_graph_order(graph, order, &n_order, NULL) != DSINFER_OK) {
        n_order = 0;
    }
    for (i = 0; i < n_order; i++) {
        count_node(counts, &graph->nodes[order[i]]);
    }
    dsi_free(order);
    return true;
}

static const char *print_ops(struct dsi_irw_document *document,
                             const struct dsi_op_counts *counts) {
    const char *text = "";
    size_t n_shown = 0;
    size_t i;

    for (i = 0; i < counts->n_ops; i++) {
        const struct op_count *op = &counts->ops[i];

        if (op->before == op->after) {
            continue;
        }
        if (n_shown++ == MAX_SHOWN) {
            return dsi_irw_print(document, "%s, ...", text);
        }
        text = dsi_irw_print(document, "%s%s%s from %zu to %zu", text, *text ? ", " : "", op->op,
                             op->before, op->after);
    }
    return text;
}

void dsi_conversion_see_pass(void *user, const char *pass, const struct dsi_graph *graph) {
    struct dsinfer_conversion *conversion = user;
    struct dsi_irw_document *document = &conversion->document;
    struct dsi_op_counts *counts = conversion->counts;
    const bool is_first = !counts;
    const char *ops;

    if (is_first) {
        counts = conversion->counts = dsi_arena_alloc(&document->arena, 1, sizeof(*counts));
    }
    if (!counts || (is_first && !count(counts, &conversion->graph, true)) ||
        !count(counts, graph, is_first)) {
        document->has_failed = true;
        return;
    }
    ops = print_ops(document, counts);
    dsi_conversion_add_pass(conversion,
                            *ops ? dsi_irw_print(document, "%s: %zu nodes become %zu: %s", pass,
                                                 counts->before, counts->after, ops)
                                 : dsi_irw_print(document, "%s: changes no node", pass));
}
