/* The network as a drawing in the language of Graphviz.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/inspect_graph.h"

#include "bin/errors.h"

#include <stdio.h>

/* A name inside a string: quotes and backslashes are escaped. */
static void print_name(const char *name) {
    for (; *name; name++) {
        const char letter[2] = {*name, '\0'};

        if (*name == '"' || *name == '\\') {
            putchar('\\');
        }
        cli_print(stdout, letter);
    }
}

void cli_inspect_graph_print(const struct dsinfer_inspection_info *info) {
    size_t i, k;

    printf("digraph network {\n    node [shape=box, fontname=\"sans-serif\"];\n");
    for (i = 0; i < info->n_nodes; i++) {
        const struct dsinfer_network_node *node = &info->nodes[i];

        printf("    n%zu [label=\"", i);
        if (*node->op) {
            print_name(node->op);
            if (node->rank) {
                printf(" %zu x %zu", node->dims[0], node->dims[1]);
            }
            printf("\\n");
        }
        print_name(node->name);
        printf(*node->op ? "\"];\n" : "\", shape=ellipse];\n");
        for (k = 0; k < node->n_sources; k++) {
            printf("    n%zu -> n%zu;\n", node->sources[k], i);
        }
    }
    printf("}\n");
}
