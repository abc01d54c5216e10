/* The tree of label sequences a beam search works on: one node a prefix, kept in a pool.
 *
 * Nodes are named by their number in the pool, so that a tree is copied as plain memory. The
 * children of a node are a list in ascending order of their labels: a search that tries all labels
 * in that order meets them without looking any of them up, however large the alphabet.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_DECODE_LABEL_TREE_H
#define DSI_STATE_DECODE_LABEL_TREE_H

#include "state/decode/search.h"

#define DSI_LABEL_ROOT 0u
#define DSI_LABEL_NONE UINT32_MAX

/* Log probabilities of the alignments of a prefix, natural logarithm, -inf being impossible: those
 * that end with a blank, those that end with its last label, and both. */
struct dsi_label_score {
    float total, blank, label;
};

struct dsi_label_node {
    uint32_t parent;                      /* DSI_LABEL_NONE: the root, or a free place */
    uint32_t first_child, previous, next; /* DSI_LABEL_NONE: none; `next` also chains free places */
    uint32_t depth;                       /* labels from the root to here */
    uint32_t label;                       /* the root's is DSI_LABEL_NONE */
    uint32_t alignment, next_alignment;   /* of the search; DSI_LABEL_NONE in a new node */
    struct dsi_label_score now, before;   /* after this frame, after the one before */
};

struct dsi_label_tree {
    struct dsi_label_node *nodes; /* owned; moves when a child is added */
    size_t n_nodes, capacity;     /* places used or free again, places there are */
    size_t max_nodes;
    uint32_t first_free;
};

/* A root alone. On failure *tree is as after finish. */
enum dsinfer_status dsi_label_tree_init(struct dsi_label_tree *tree, size_t max_nodes);
void dsi_label_tree_reset(struct dsi_label_tree *tree);
void dsi_label_tree_finish(struct dsi_label_tree *tree); /* takes a zeroed struct as well */

/* Makes `to` equal to `from`. */
enum dsinfer_status dsi_label_tree_copy(const struct dsi_label_tree *from,
                                        struct dsi_label_tree *to);

/* Adds a child of `parent` behind its child `previous` (DSI_LABEL_NONE: as the first). Scores are
 * impossible. ERR_NO_MEMORY, ERR_LIMIT. */
enum dsinfer_status dsi_label_tree_add(struct dsi_label_tree *tree, uint32_t parent,
                                       uint32_t previous, uint32_t label, uint32_t *out);

/* Gives a node without children back to the pool. */
void dsi_label_tree_remove(struct dsi_label_tree *tree, uint32_t index);

/* Removes `index`, then its parent and so on up, as far as they have neither children nor a score
 * (`now`). Does nothing for the root and free places. */
void dsi_label_tree_prune(struct dsi_label_tree *tree, uint32_t index);

#endif
