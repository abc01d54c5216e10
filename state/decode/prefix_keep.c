/* The end of a frame: the best prefixes and extensions are found, get nodes, times and contexts,
 * and the others go. What all prefixes have in common is put aside.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/grow.h"
#include "state/decode/prefix.h"

#include <math.h>

/* Frames between two attempts to put aside what all prefixes have in common. */
#define COMMIT_INTERVAL 16

bool dsi_prefix_reserve_ranks(struct dsi_prefix *prefix, size_t n) {
    struct dsi_prefix_rank *ranks =
        dsi_grow(prefix->ranks, &prefix->ranks_capacity, n, sizeof(*ranks));

    if (ranks) {
        prefix->ranks = ranks;
    }
    return ranks != NULL;
}

/* --- the best --------------------------------------------------------------------------------- */

/* Rank of the i-th active prefix. */
static struct dsi_prefix_rank rank_active(const struct dsi_prefix *prefix, size_t i) {
    const uint32_t index = prefix->active[i];

    return (struct dsi_prefix_rank){prefix->nodes[index].total,
                                    dsi_prefix_get_tie(prefix, prefix->tree.nodes[index].label),
                                    (uint32_t)i};
}

/* Rank of the i-th extension, whose index is counted behind the active prefixes. */
static struct dsi_prefix_rank rank_extension(const struct dsi_prefix *prefix, size_t i) {
    const struct dsi_prefix_extension *extension = &prefix->extensions[i];

    return (struct dsi_prefix_rank){extension->score, dsi_prefix_get_tie(prefix, extension->label),
                                    (uint32_t)(prefix->n_active + i)};
}

/* Writes the rank of a node if it lives after this frame; returns how many. */
static size_t list_node(const struct dsi_prefix *prefix, uint32_t index,
                        struct dsi_prefix_rank *ranks) {
    const uint32_t slot = prefix->nodes[index].slot;

    if (dsi_prefix_is_active(prefix, index)) {
        ranks[0] = rank_active(prefix, slot);
        return 1;
    }
    if (slot < prefix->n_extensions && prefix->extensions[slot].child == index) {
        ranks[0] = rank_extension(prefix, slot);
        return 1;
    }
    return 0;
}

/* Writes the ranks of the extensions of a node that have no node yet: to upstream they are its last
 * children. Returns how many. */
static size_t list_extensions(const struct dsi_prefix *prefix, uint32_t index,
                              struct dsi_prefix_rank *ranks) {
    const size_t slot = prefix->nodes[index].slot;
    size_t n = 0;
    size_t i;

    if (!dsi_prefix_is_active(prefix, index)) {
        return 0;
    }
    for (i = slot > 0 ? prefix->ends[slot - 1] : 0; i < prefix->ends[slot]; i++) {
        if (prefix->extensions[i].child == DSI_LABEL_NONE) {
            ranks[n++] = rank_extension(prefix, i);
        }
    }
    return n;
}

/* Lists what lives after this frame as upstream does: walking down its tree, parents first or, in
 * 0.9, last. */
static void list_in_order(const struct dsi_prefix *prefix, struct dsi_prefix_rank *ranks) {
    const bool is_last = prefix->rules.lists_children_first;
    const struct dsi_label_node *nodes = prefix->tree.nodes;
    uint32_t index = prefix->tree.root;
    size_t n = 0;

    for (;;) {
        bool is_done = false;

        n += is_last ? 0 : list_node(prefix, index, ranks + n);
        if (nodes[index].first_child != DSI_LABEL_NONE) {
            index = nodes[index].first_child;
            continue;
        }
        while (!is_done) {
            n += list_extensions(prefix, index, ranks + n);
            n += is_last ? list_node(prefix, index, ranks + n) : 0;
            if (index == prefix->tree.root) {
                return;
            }
            is_done = nodes[index].next != DSI_LABEL_NONE;
            index = is_done ? nodes[index].next : nodes[index].parent;
        }
    }
}

/* Lists it in any order. */
static void list_quickly(const struct dsi_prefix *prefix, struct dsi_prefix_rank *ranks) {
    size_t i;

    for (i = 0; i < prefix->n_active; i++) {
        *ranks++ = rank_active(prefix, i);
    }
    for (i = 0; i < prefix->n_extensions; i++) {
        *ranks++ = rank_extension(prefix, i);
    }
}

static bool is_equal(const struct dsi_prefix_rank *a, const struct dsi_prefix_rank *b) {
    return a->score == b->score && a->tie == b->tie;
}

/* Whether one of the `n_best` first ranks is as good as one of the others. */
static bool is_tied(const struct dsi_prefix_rank *ranks, size_t n, size_t n_best) {
    const struct dsi_prefix_rank *worst = ranks;
    size_t i;

    for (i = 1; i < n_best; i++) {
        if (ranks[i].score < worst->score ||
            (ranks[i].score == worst->score && ranks[i].tie > worst->tie)) {
            worst = &ranks[i];
        }
    }
    for (i = n_best; i < n; i++) {
        if (is_equal(&ranks[i], worst)) {
            return true;
        }
    }
    return false;
}

/* Puts the ranks of what is kept in front; returns their number. Where ties decide, all there is
 * has to be listed in upstream's order. */
static enum dsinfer_status choose_best(struct dsi_prefix *prefix, size_t *n_kept) {
    const size_t beam_width = prefix->config.beam_width;
    const bool follows_order = dsi_prefix_follows_order(prefix);
    bool is_ordered = follows_order && prefix->rules.needs_order;

    for (;;) {
        const size_t n = prefix->n_active + prefix->n_extensions;
        enum dsinfer_status status;

        if (!dsi_prefix_reserve_ranks(prefix, n)) {
            return DSINFER_ERR_NO_MEMORY;
        }
        if (is_ordered) {
            list_in_order(prefix, prefix->ranks);
        } else {
            list_quickly(prefix, prefix->ranks);
        }
        dsi_prefix_select(prefix->ranks, n, beam_width);
        *n_kept = n < beam_width ? n : beam_width;
        if (is_ordered || !follows_order || !is_tied(prefix->ranks, n, *n_kept)) {
            return DSINFER_OK;
        }
        is_ordered = true;
        status = dsi_prefix_extend_frame(prefix, -INFINITY);
        if (status != DSINFER_OK) {
            return status;
        }
    }
}

/* --- new nodes -------------------------------------------------------------------------------- */

/* Gives the likeliest way to a prefix its time. */
static enum dsinfer_status align(struct dsi_prefix *prefix, uint32_t index, uint32_t parent) {
    struct dsi_label_node *node = &prefix->tree.nodes[index];

    return dsi_alignment_add(
        &prefix->alignments, prefix->tree.nodes[parent].alignment,
        (struct dsi_alignment_time){prefix->n_frames, prefix->posteriors[node->label]},
        &node->next_alignment);
}

enum dsinfer_status dsi_prefix_fill_node(struct dsi_prefix *prefix, uint32_t index,
                                         const struct dsi_prefix_extension *extension) {
    const struct dsi_scoring *scoring = prefix->config.scoring;
    struct dsi_prefix_node *nodes =
        dsi_grow(prefix->nodes, &prefix->nodes_capacity, prefix->tree.n_nodes, sizeof(*nodes));
    struct dsi_scoring_context context;
    enum dsinfer_status status;

    if (!nodes) {
        return DSINFER_ERR_NO_MEMORY;
    }
    prefix->nodes = nodes;
    nodes[index] = (struct dsi_prefix_node){
        .may_follow = dsi_prefix_get_may_follow(prefix, extension->state),
        .state = extension->state,
        .context = nodes[extension->parent].context,
        .entry_score = extension->entry_score,
    };
    if (!scoring || !dsi_prefix_is_boundary(prefix, extension->parent, extension->label)) {
        return DSINFER_OK;
    }
    (void)dsi_prefix_score_unit(
        prefix, extension->parent,
        scoring->unit == DSI_SCORING_WORDS ? DSI_LABEL_NONE : extension->label, false, &context);
    status = dsi_scoring_pool_add(&prefix->contexts, &context, &nodes[index].context);
    prefix->tree.nodes[index].ends_unit = status == DSINFER_OK;
    return status;
}

/* Makes the node of an extension, behind the other children of its parent. */
static enum dsinfer_status add_node(struct dsi_prefix *prefix,
                                    const struct dsi_prefix_extension *extension, uint32_t *out) {
    const struct dsi_label_node *tree = prefix->tree.nodes;
    uint32_t last = tree[extension->parent].first_child;
    enum dsinfer_status status;

    while (last != DSI_LABEL_NONE && tree[last].next != DSI_LABEL_NONE) {
        last = tree[last].next;
    }
    status = dsi_label_tree_add(&prefix->tree, extension->parent, last, extension->label, out);
    if (status == DSINFER_OK) {
        status = dsi_prefix_fill_node(prefix, *out, extension);
    }
    if (status == DSINFER_OK) {
        prefix->nodes[*out].best = prefix->log_probs[extension->label];
        prefix->nodes[*out].time =
            (struct dsi_alignment_time){prefix->n_frames, prefix->posteriors[extension->label]};
    }
    return status;
}

/* Gives an extension that is kept its node, with the scores of what has just come about. */
static enum dsinfer_status keep_extension(struct dsi_prefix *prefix,
                                          struct dsi_prefix_extension *extension) {
    enum dsinfer_status status = DSINFER_OK;

    if (extension->child == DSI_LABEL_NONE) {
        status = add_node(prefix, extension, &extension->child);
        if (status != DSINFER_OK) {
            return status;
        }
    }
    prefix->nodes[extension->child].blank = DSI_PREFIX_IMPOSSIBLE;
    prefix->nodes[extension->child].label = extension->score;
    prefix->nodes[extension->child].total = extension->score;
    if (prefix->rules.time == DSI_PREFIX_TIME_BY_ALIGNMENT) {
        status = align(prefix, extension->child, extension->parent);
    }
    return status;
}

/* Makes the indices of the ranks that are kept those of nodes. */
static enum dsinfer_status make_nodes(struct dsi_prefix *prefix, size_t n_kept) {
    size_t i;

    for (i = 0; i < n_kept; i++) {
        const uint32_t index = prefix->ranks[i].index;

        if (index >= prefix->n_active) {
            prefix->extensions[index - prefix->n_active].is_kept = true;
        } else if (prefix->rules.time == DSI_PREFIX_TIME_BY_ALIGNMENT &&
                   prefix->nodes[prefix->active[index]].has_memo) {
            const uint32_t node = prefix->active[index];
            enum dsinfer_status status = align(prefix, node, prefix->tree.nodes[node].parent);

            if (status != DSINFER_OK) {
                return status;
            }
        }
    }
    for (i = 0; i < prefix->n_extensions; i++) { /* siblings in upstream's order */
        if (prefix->extensions[i].is_kept) {
            enum dsinfer_status status = keep_extension(prefix, &prefix->extensions[i]);

            if (status != DSINFER_OK) {
                return status;
            }
        }
    }
    for (i = 0; i < n_kept; i++) {
        struct dsi_prefix_rank *rank = &prefix->ranks[i];

        rank->index = rank->index < prefix->n_active
                          ? prefix->active[rank->index]
                          : prefix->extensions[rank->index - prefix->n_active].child;
    }
    return DSINFER_OK;
}

/* --- the next frame --------------------------------------------------------------------------- */

/* Makes the scores and alignments of this frame those of the next one's past. */
static void move_on(struct dsi_prefix *prefix, size_t n_kept) {
    size_t i;

    prefix->worst_total = INFINITY;
    for (i = 0; i < n_kept; i++) {
        const uint32_t index = prefix->ranks[i].index;
        struct dsi_label_node *node = &prefix->tree.nodes[index];
        struct dsi_prefix_node *own = &prefix->nodes[index];

        node->now = (struct dsi_label_score){own->total, own->blank, own->label};
        if (node->next_alignment != DSI_ALIGNMENT_NONE) {
            dsi_alignment_unref(&prefix->alignments, node->alignment);
            node->alignment = node->next_alignment;
            node->next_alignment = DSI_ALIGNMENT_NONE;
        }
        own->slot = (uint32_t)i;
        prefix->active[i] = index;
        prefix->worst_total = own->total < prefix->worst_total ? own->total : prefix->worst_total;
    }
    prefix->n_active = n_kept;
}

/* Takes what is not active and has no children out of the tree, from a node upwards. */
static void remove_nodes(struct dsi_prefix *prefix, uint32_t index) {
    struct dsi_label_node *nodes = prefix->tree.nodes;

    while (index != prefix->tree.root && nodes[index].first_child == DSI_LABEL_NONE &&
           !dsi_prefix_is_active(prefix, index)) {
        const uint32_t parent = nodes[index].parent;

        if (nodes[index].ends_unit) {
            dsi_scoring_pool_remove(&prefix->contexts, prefix->nodes[index].context);
        }
        dsi_label_tree_remove(&prefix->tree, index);
        index = parent;
    }
}

/* Makes the active prefixes among the ranks that are not kept inactive, and the indices of these
 * ranks those of their nodes, or DSI_LABEL_NONE. */
static void drop_others(struct dsi_prefix *prefix, size_t n_kept, size_t n) {
    size_t i;

    for (i = n_kept; i < n; i++) {
        struct dsi_prefix_rank *rank = &prefix->ranks[i];
        struct dsi_label_node *node;

        if (rank->index >= prefix->n_active) {
            rank->index = DSI_LABEL_NONE;
            continue;
        }
        rank->index = prefix->active[rank->index];
        node = &prefix->tree.nodes[rank->index];
        node->now.total = -INFINITY;
        dsi_alignment_unref(&prefix->alignments, node->alignment);
        node->alignment = DSI_ALIGNMENT_NONE;
    }
}

/* Takes them out of the tree as far as nothing hangs on them. */
static void remove_others(struct dsi_prefix *prefix, size_t n_kept, size_t n) {
    size_t i;

    for (i = n_kept; i < n; i++) {
        const uint32_t index = prefix->ranks[i].index;

        if (index != DSI_LABEL_NONE &&
            prefix->tree.nodes[index].parent != DSI_LABEL_NONE) { /* not gone with a child */
            remove_nodes(prefix, index);
        }
    }
}

/* Moves the root down as far as all prefixes go the same way; with a language model, to the end of
 * a unit. */
static enum dsinfer_status commit_labels(struct dsi_prefix *prefix) {
    struct dsi_label_tree *tree = &prefix->tree;
    const uint32_t target = dsi_label_tree_find_common(tree, prefix->config.scoring != NULL);

    while (tree->root != target) {
        const uint32_t child = tree->nodes[tree->root].first_child;
        enum dsinfer_status status = DSINFER_OK;

        if (tree->nodes[tree->root].ends_unit) {
            dsi_scoring_pool_remove(&prefix->contexts, prefix->nodes[tree->root].context);
        }
        if (prefix->rules.time != DSI_PREFIX_TIME_BY_ALIGNMENT) {
            status = dsi_alignment_put_aside(&prefix->alignments, prefix->nodes[child].time);
        }
        if (status == DSINFER_OK) {
            status = dsi_label_tree_advance(tree);
        }
        if (status != DSINFER_OK) {
            return status;
        }
    }
    return DSINFER_OK;
}

/* Drops the prefixes that differ from the best one in the older half of what is not put aside. */
static void drop_old(struct dsi_prefix *prefix) {
    struct dsi_label_node *nodes = prefix->tree.nodes;
    uint32_t best = prefix->active[0];
    size_t n_kept = 0;
    uint32_t middle;
    size_t i;

    for (i = 1; i < prefix->n_active; i++) {
        best =
            nodes[prefix->active[i]].now.total > nodes[best].now.total ? prefix->active[i] : best;
    }
    middle = dsi_label_tree_find_middle(&prefix->tree, best, prefix->config.scoring != NULL);
    for (i = 0; i < prefix->n_active; i++) {
        const bool is_kept = dsi_label_tree_is_below(&prefix->tree, prefix->active[i], middle);

        prefix->ranks[i].index = is_kept ? DSI_LABEL_NONE : (uint32_t)i;
    }
    drop_others(prefix, 0, prefix->n_active);
    for (i = 0; i < prefix->n_active; i++) {
        if (dsi_prefix_is_active(prefix, prefix->active[i])) {
            prefix->nodes[prefix->active[i]].slot = (uint32_t)n_kept;
            prefix->active[n_kept++] = prefix->active[i];
        }
    }
    remove_others(prefix, 0, prefix->n_active);
    prefix->n_active = n_kept;
}

static enum dsinfer_status commit(struct dsi_prefix *prefix) {
    const struct dsi_label_node *root = &prefix->tree.nodes[prefix->tree.root];

    if (dsi_label_tree_is_overgrown(&prefix->tree, prefix->config.beam_width)) {
        drop_old(prefix);
    }
    if (root->label == DSI_LABEL_NONE && root->now.total > -INFINITY) {
        return DSINFER_OK; /* nothing has been said for sure */
    }
    if (prefix->rules.time == DSI_PREFIX_TIME_BY_ALIGNMENT) {
        const uint32_t alignment = prefix->tree.nodes[prefix->active[0]].alignment;
        enum dsinfer_status status = dsi_alignment_commit(&prefix->alignments, alignment);

        if (status != DSINFER_OK) {
            return status;
        }
    }
    return commit_labels(prefix);
}

enum dsinfer_status dsi_prefix_keep_best(struct dsi_prefix *prefix) {
    size_t n_kept = 0;
    enum dsinfer_status status = choose_best(prefix, &n_kept);
    const size_t n = prefix->n_active + prefix->n_extensions;

    if (status == DSINFER_OK) {
        status = make_nodes(prefix, n_kept);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    drop_others(prefix, n_kept, n);
    move_on(prefix, n_kept);
    remove_others(prefix, n_kept, n);
    return prefix->n_frames % COMMIT_INTERVAL == 0 ? commit(prefix) : DSINFER_OK;
}
