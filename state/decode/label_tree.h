/* The tree of label sequences a beam search works on: one node a prefix, kept in a pool. What else
 * a search has to know of a node it keeps in an array beside it.
 *
 * Nodes are named by their number in the pool, so that a tree is copied as plain memory. The
 * children of a node are a list in an order that is the search's.
 *
 * The root is what all prefixes have in common. At first it is the empty prefix; later it moves
 * down the tree and leaves plain labels behind, so that the tree does not grow with the text. Where
 * the prefixes do not come to agree by themselves (they differ in a letter of long ago, and cost
 * the same), a search drops those that differ from the best one in what is oldest: nothing that
 * follows could tell them from better ones that end as they do.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_DECODE_LABEL_TREE_H
#define DSI_STATE_DECODE_LABEL_TREE_H

#include "state/decode/search.h"

#define DSI_LABEL_NONE UINT32_MAX

struct dsi_label_node {
    uint32_t parent;                      /* DSI_LABEL_NONE: the root, or a free place */
    uint32_t first_child, previous, next; /* DSI_LABEL_NONE: none; `next` also chains free places */
    uint32_t depth;                       /* labels of the prefix */
    uint32_t label;                       /* the empty prefix's is DSI_LABEL_NONE */
    bool is_active;                       /* of the search: in its beam */
    bool ends_unit;                       /* of the search: a word, say, ends here */
};

struct dsi_label_tree {
    struct dsi_label_node *nodes; /* owned; moves when a child is added */
    size_t n_nodes, capacity;     /* places used or free again, places there are */
    size_t n_used;                /* places used now */
    size_t max_nodes;
    uint32_t first_free;
    uint32_t root;
    uint32_t *labels; /* owned; [depth of the root] labels of the root */
    size_t labels_capacity;
};

/* The empty prefix alone. On failure *tree is as after finish. */
enum dsinfer_status dsi_label_tree_init(struct dsi_label_tree *tree, size_t max_nodes);
void dsi_label_tree_reset(struct dsi_label_tree *tree);
void dsi_label_tree_finish(struct dsi_label_tree *tree); /* takes a zeroed struct as well */

/* Makes `to` equal to `from`. */
enum dsinfer_status dsi_label_tree_copy(const struct dsi_label_tree *from,
                                        struct dsi_label_tree *to);

/* Adds a child of `parent` behind its child `previous` (DSI_LABEL_NONE: as the first), not active.
 * ERR_NO_MEMORY, ERR_LIMIT. */
enum dsinfer_status dsi_label_tree_add(struct dsi_label_tree *tree, uint32_t parent,
                                       uint32_t previous, uint32_t label, uint32_t *out);

/* Gives a node without children back to the pool. */
void dsi_label_tree_remove(struct dsi_label_tree *tree, uint32_t index);

/* The last node that all active prefixes go through (or, with `ends_unit`, the last such node in
 * which a unit ends); at least the root. */
uint32_t dsi_label_tree_find_common(const struct dsi_label_tree *tree, bool ends_unit);

/* Whether a search that keeps `n_prefixes` has more nodes than it should: its prefixes have not
 * agreed on anything for so long that the tree grows with the text. */
bool dsi_label_tree_is_overgrown(const struct dsi_label_tree *tree, size_t n_prefixes);

/* The node (with `ends_unit`, one in which a unit ends) in the middle between the root and the
 * prefix `index`, or the root. */
uint32_t dsi_label_tree_find_middle(const struct dsi_label_tree *tree, uint32_t index,
                                    bool ends_unit);

/* Whether the prefix `index` begins with the prefix `node`. */
bool dsi_label_tree_is_below(const struct dsi_label_tree *tree, uint32_t index, uint32_t node);

/* Makes the only child of the root, which is not active, the root. ERR_NO_MEMORY, ERR_LIMIT. */
enum dsinfer_status dsi_label_tree_advance(struct dsi_label_tree *tree);

/* Saving: the labels of the root, then the other nodes, each behind its parent, in the order of
 * `next`. A node is how many of the nodes on the way from the one before it are left behind, and
 * its label; what else a search keeps of it follows. So no file can hold anything but a tree. */
uint32_t dsi_label_tree_get_next(const struct dsi_label_tree *tree, uint32_t index);
void dsi_label_tree_write_root(const struct dsi_label_tree *tree, struct dsi_writer *writer);
void dsi_label_tree_write_node(const struct dsi_label_tree *tree, uint32_t before, uint32_t index,
                               struct dsi_writer *writer);

/* Reading into a new tree, labels being below n_labels. */
void dsi_label_tree_read_root(struct dsi_label_tree *tree, uint32_t n_labels,
                              struct dsi_reader *reader);
uint32_t dsi_label_tree_read_node(struct dsi_label_tree *tree, uint32_t before, uint32_t n_labels,
                                  struct dsi_reader *reader);

/* Makes the first `depth` labels of the root, which has no children, those of the root: the others
 * are to be added as nodes and advanced to again. */
void dsi_label_tree_rewind(struct dsi_label_tree *tree, uint32_t depth);

/* Writes the labels of a prefix, [depth]; the rest of each element is left alone. */
void dsi_label_tree_get(const struct dsi_label_tree *tree, uint32_t index,
                        struct dsi_search_label *labels);

#endif
