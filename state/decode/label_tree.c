/* The pool of nodes, and their links.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/label_tree.h"

#include "state/decode/grow.h"

#include "runtime/base/alloc.h"

#include <string.h>

/* Nodes that a tree may have: so many labels of each prefix may differ, half a minute of speech,
 * and so many in all, that a narrow beam too loses nothing in some minutes of very sure frames. */
#define MAX_NODES_A_PREFIX 256
#define FREE_NODES (1U << 16)

static enum dsinfer_status reserve(struct dsi_label_tree *tree, size_t n) {
    struct dsi_label_node *nodes;

    if (n > tree->max_nodes) {
        return DSINFER_ERR_LIMIT;
    }
    nodes = dsi_grow(tree->nodes, &tree->capacity, n, sizeof(*nodes));
    if (!nodes) {
        return DSINFER_ERR_NO_MEMORY;
    }
    tree->nodes = nodes;
    return DSINFER_OK;
}

static enum dsinfer_status reserve_labels(struct dsi_label_tree *tree, size_t n) {
    uint32_t *labels;

    if (n > DSI_SEARCH_MAX_LABELS) {
        return DSINFER_ERR_LIMIT;
    }
    labels = dsi_grow(tree->labels, &tree->labels_capacity, n, sizeof(*labels));
    if (!labels) {
        return DSINFER_ERR_NO_MEMORY;
    }
    tree->labels = labels;
    return DSINFER_OK;
}

enum dsinfer_status dsi_label_tree_init(struct dsi_label_tree *tree, size_t max_nodes) {
    enum dsinfer_status status;

    memset(tree, 0, sizeof(*tree));
    tree->max_nodes = max_nodes;
    status = reserve(tree, 1);
    if (status == DSINFER_OK) {
        dsi_label_tree_reset(tree);
    }
    return status;
}

void dsi_label_tree_reset(struct dsi_label_tree *tree) {
    tree->n_nodes = 1;
    tree->n_used = 1;
    tree->first_free = DSI_LABEL_NONE;
    tree->root = 0;
    tree->nodes[0] = (struct dsi_label_node){
        .parent = DSI_LABEL_NONE,
        .first_child = DSI_LABEL_NONE,
        .previous = DSI_LABEL_NONE,
        .next = DSI_LABEL_NONE,
        .label = DSI_LABEL_NONE,
    };
}

void dsi_label_tree_finish(struct dsi_label_tree *tree) {
    dsi_free(tree->nodes);
    dsi_free(tree->labels);
    memset(tree, 0, sizeof(*tree));
}

enum dsinfer_status dsi_label_tree_copy(const struct dsi_label_tree *from,
                                        struct dsi_label_tree *to) {
    const size_t n_labels = from->nodes[from->root].depth;
    enum dsinfer_status status = reserve(to, from->n_nodes);

    if (status == DSINFER_OK && n_labels > 0) {
        status = reserve_labels(to, n_labels);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    memcpy(to->nodes, from->nodes, from->n_nodes * sizeof(*to->nodes));
    if (n_labels > 0) {
        memcpy(to->labels, from->labels, n_labels * sizeof(*to->labels));
    }
    to->n_nodes = from->n_nodes;
    to->n_used = from->n_used;
    to->first_free = from->first_free;
    to->root = from->root;
    return DSINFER_OK;
}

static enum dsinfer_status take_place(struct dsi_label_tree *tree, uint32_t *out) {
    enum dsinfer_status status;

    if (tree->first_free != DSI_LABEL_NONE) {
        *out = tree->first_free;
        tree->first_free = tree->nodes[*out].next;
        return DSINFER_OK;
    }
    status = reserve(tree, tree->n_nodes + 1);
    if (status == DSINFER_OK) {
        *out = (uint32_t)tree->n_nodes++;
    }
    return status;
}

enum dsinfer_status dsi_label_tree_add(struct dsi_label_tree *tree, uint32_t parent,
                                       uint32_t previous, uint32_t label, uint32_t *out) {
    struct dsi_label_node *nodes;
    uint32_t *link;
    uint32_t index;
    enum dsinfer_status status = take_place(tree, &index);

    if (status != DSINFER_OK) {
        return status;
    }
    nodes = tree->nodes;
    tree->n_used++;
    link = previous == DSI_LABEL_NONE ? &nodes[parent].first_child : &nodes[previous].next;
    nodes[index] = (struct dsi_label_node){
        .parent = parent,
        .first_child = DSI_LABEL_NONE,
        .previous = previous,
        .next = *link,
        .depth = nodes[parent].depth + 1,
        .label = label,
    };
    if (*link != DSI_LABEL_NONE) {
        nodes[*link].previous = index;
    }
    *link = index;
    *out = index;
    return DSINFER_OK;
}

static void give_back(struct dsi_label_tree *tree, uint32_t index) {
    tree->nodes[index].parent = DSI_LABEL_NONE;
    tree->nodes[index].next = tree->first_free;
    tree->first_free = index;
    tree->n_used--;
}

void dsi_label_tree_remove(struct dsi_label_tree *tree, uint32_t index) {
    struct dsi_label_node *nodes = tree->nodes;
    struct dsi_label_node *node = &nodes[index];

    if (node->previous == DSI_LABEL_NONE) {
        nodes[node->parent].first_child = node->next;
    } else {
        nodes[node->previous].next = node->next;
    }
    if (node->next != DSI_LABEL_NONE) {
        nodes[node->next].previous = node->previous;
    }
    give_back(tree, index);
}

uint32_t dsi_label_tree_find_common(const struct dsi_label_tree *tree, bool ends_unit) {
    const struct dsi_label_node *nodes = tree->nodes;
    uint32_t common = tree->root;
    uint32_t index = tree->root;

    while (!nodes[index].is_active && nodes[index].first_child != DSI_LABEL_NONE &&
           nodes[nodes[index].first_child].next == DSI_LABEL_NONE) {
        index = nodes[index].first_child;
        if (nodes[index].ends_unit || !ends_unit) {
            common = index;
        }
    }
    return common;
}

bool dsi_label_tree_is_overgrown(const struct dsi_label_tree *tree, size_t n_prefixes) {
    return tree->n_used > MAX_NODES_A_PREFIX * n_prefixes + FREE_NODES ||
           tree->n_used > tree->max_nodes / 2;
}

uint32_t dsi_label_tree_find_middle(const struct dsi_label_tree *tree, uint32_t index,
                                    bool ends_unit) {
    const struct dsi_label_node *nodes = tree->nodes;
    const uint32_t begin = nodes[tree->root].depth;
    const uint32_t middle = begin + (nodes[index].depth - begin) / 2;

    while (index != tree->root &&
           (nodes[index].depth > middle || (ends_unit && !nodes[index].ends_unit))) {
        index = nodes[index].parent;
    }
    return index;
}

bool dsi_label_tree_is_below(const struct dsi_label_tree *tree, uint32_t index, uint32_t node) {
    while (tree->nodes[index].depth > tree->nodes[node].depth) {
        index = tree->nodes[index].parent;
    }
    return index == node;
}

enum dsinfer_status dsi_label_tree_advance(struct dsi_label_tree *tree) {
    const uint32_t old = tree->root;
    const uint32_t child = tree->nodes[old].first_child;
    enum dsinfer_status status = reserve_labels(tree, tree->nodes[child].depth);

    if (status != DSINFER_OK) {
        return status;
    }
    tree->labels[tree->nodes[old].depth] = tree->nodes[child].label;
    tree->nodes[child].parent = DSI_LABEL_NONE;
    tree->root = child;
    give_back(tree, old);
    return DSINFER_OK;
}

void dsi_label_tree_get(const struct dsi_label_tree *tree, uint32_t index,
                        struct dsi_search_label *labels) {
    uint32_t i;

    for (; index != tree->root; index = tree->nodes[index].parent) {
        labels[tree->nodes[index].depth - 1].label = tree->nodes[index].label;
    }
    for (i = 0; i < tree->nodes[index].depth; i++) {
        labels[i].label = tree->labels[i];
    }
}

uint32_t dsi_label_tree_get_next(const struct dsi_label_tree *tree, uint32_t index) {
    const struct dsi_label_node *nodes = tree->nodes;

    if (nodes[index].first_child != DSI_LABEL_NONE) {
        return nodes[index].first_child;
    }
    while (index != tree->root && nodes[index].next == DSI_LABEL_NONE) {
        index = nodes[index].parent;
    }
    return index == tree->root ? DSI_LABEL_NONE : nodes[index].next;
}

void dsi_label_tree_write_root(const struct dsi_label_tree *tree, struct dsi_writer *writer) {
    const uint32_t n = tree->nodes[tree->root].depth;
    uint32_t i;

    dsi_writer_put_number(writer, n);
    for (i = 0; i < n; i++) {
        dsi_writer_put_number(writer, tree->labels[i]);
    }
}

void dsi_label_tree_write_node(const struct dsi_label_tree *tree, uint32_t before, uint32_t index,
                               struct dsi_writer *writer) {
    dsi_writer_put_number(writer, tree->nodes[before].depth + 1 - tree->nodes[index].depth);
    dsi_writer_put_number(writer, tree->nodes[index].label);
}

void dsi_label_tree_read_root(struct dsi_label_tree *tree, uint32_t n_labels,
                              struct dsi_reader *reader) {
    const uint32_t n = (uint32_t)dsi_reader_take_number(reader, DSI_SEARCH_MAX_LABELS,
                                                        "the number of labels of all prefixes");
    uint32_t i;

    for (i = 0; i < n && reader->status == DSINFER_OK; i++) {
        if (dsi_reader_check(reader, reserve_labels(tree, i + 1))) {
            tree->labels[i] = (uint32_t)dsi_reader_take_number(reader, n_labels - 1, "a label");
        }
    }
    if (reader->status == DSINFER_OK) {
        dsi_label_tree_rewind(tree, n);
    }
}

uint32_t dsi_label_tree_read_node(struct dsi_label_tree *tree, uint32_t before, uint32_t n_labels,
                                  struct dsi_reader *reader) {
    const uint32_t depth = tree->nodes[before].depth - tree->nodes[tree->root].depth;
    uint64_t n_up = dsi_reader_take_number(reader, depth, "the number of nodes left behind");
    const uint32_t label = (uint32_t)dsi_reader_take_number(reader, n_labels - 1, "a label");
    uint32_t previous = DSI_LABEL_NONE;
    uint32_t index = before;

    for (; n_up > 0; n_up--) {
        previous = before;
        before = tree->nodes[before].parent;
    }
    if (reader->status == DSINFER_OK) {
        dsi_reader_check(reader, dsi_label_tree_add(tree, before, previous, label, &index));
    }
    return index;
}

void dsi_label_tree_rewind(struct dsi_label_tree *tree, uint32_t depth) {
    struct dsi_label_node *root = &tree->nodes[tree->root];

    root->depth = depth;
    root->label = depth > 0 ? tree->labels[depth - 1] : DSI_LABEL_NONE;
}
