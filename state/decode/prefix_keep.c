/* The end of a frame: the best prefixes and extensions are found, get nodes, times and contexts,
 * and the others go. What all prefixes have in common is put aside.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/grow.h"
#include "state/decode/prefix.h"

#include <math.h>

/* Frames between two attempts to put aside what all prefixes have in common. */
#define COMMIT_INTERVAL 16

/* The beam is cut in a bucket of scores: a few of some hundred prefixes fall into it. */
#define N_BUCKETS 256

bool dsi_prefix_reserve_ranks(struct dsi_prefix *prefix, size_t n) {
    struct dsi_prefix_rank *ranks =
        dsi_grow(prefix->ranks, &prefix->ranks_capacity, n, sizeof(*ranks));

    if (ranks) {
        prefix->ranks = ranks;
    }
    return ranks != NULL;
}

/* --- the best --------------------------------------------------------------------------------- */

/* Rank of the member in a slot. */
static struct dsi_prefix_rank rank_member(const struct dsi_prefix *prefix, size_t slot) {
    const struct dsi_prefix_member *member = &prefix->members[slot];

    return (struct dsi_prefix_rank){member->next_total, dsi_prefix_get_tie(prefix, member->label),
                                    (uint32_t)slot};
}

/* Rank of the i-th extension, whose index is counted behind the slots. */
static struct dsi_prefix_rank rank_extension(const struct dsi_prefix *prefix, size_t i) {
    const struct dsi_prefix_extension *extension = &prefix->extensions[i];

    return (struct dsi_prefix_rank){extension->score, dsi_prefix_get_tie(prefix, extension->label),
                                    (uint32_t)(prefix->n_members + i)};
}

/* Writes the rank of a node if it lives after this frame; returns how many. */
static size_t list_node(const struct dsi_prefix *prefix, uint32_t index,
                        struct dsi_prefix_rank *ranks) {
    const struct dsi_prefix_node *own = &prefix->nodes[index];

    if (dsi_prefix_is_active(prefix, index)) {
        ranks[0] = rank_member(prefix, own->slot);
        return 1;
    }
    if (own->extension < prefix->n_extensions &&
        prefix->extensions[own->extension].child == index) {
        ranks[0] = rank_extension(prefix, own->extension);
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

/* Which of N_BUCKETS a score falls into: a better one into none below. */
static size_t get_bucket(const struct dsi_prefix *prefix, float scale, float score) {
    const float place = (score - prefix->lowest_next) * scale;

    return place < (float)(N_BUCKETS - 1) ? (size_t)(place > 0.0f ? place : 0.0f) : N_BUCKETS - 1;
}

/* Finds the bucket of the worst that is kept; *n_above are in better ones. */
static size_t find_edge(const struct dsi_prefix *prefix, float scale, size_t *n_above) {
    uint32_t counts[N_BUCKETS] = {0};
    size_t edge = N_BUCKETS - 1;
    size_t n = 0;
    size_t i;

    for (i = 0; i < prefix->n_members; i++) {
        counts[get_bucket(prefix, scale, prefix->members[i].next_total)]++;
    }
    for (i = 0; i < prefix->n_extensions; i++) {
        counts[get_bucket(prefix, scale, prefix->extensions[i].score)]++;
    }
    while (n + counts[edge] < prefix->config.beam_width) {
        n += counts[edge--];
    }
    *n_above = n;
    return edge;
}

/* Tells, of more than the beam holds, what is kept and what is not, but for what is close to the
 * worst that is: that is listed, in any order. Returns its number; *n_kept of it are kept. */
static size_t list_quickly(struct dsi_prefix *prefix, struct dsi_prefix_rank *ranks,
                           size_t *n_kept) {
    const float range = prefix->highest_next - prefix->lowest_next;
    const float scale = range > 0.0f ? (float)(N_BUCKETS - 1) / range : 0.0f;
    size_t n = 0;
    size_t n_above, i;
    const size_t edge = find_edge(prefix, scale, &n_above);

    for (i = 0; i < prefix->n_members; i++) {
        struct dsi_prefix_member *member = &prefix->members[i];
        const size_t bucket = get_bucket(prefix, scale, member->next_total);

        member->is_kept = bucket >= edge;
        if (bucket == edge) {
            ranks[n++] = rank_member(prefix, i);
        }
    }
    for (i = 0; i < prefix->n_extensions; i++) {
        struct dsi_prefix_extension *extension = &prefix->extensions[i];
        const size_t bucket = get_bucket(prefix, scale, extension->score);

        extension->is_kept = bucket >= edge;
        if (bucket == edge) {
            ranks[n++] = rank_extension(prefix, i);
        }
    }
    *n_kept = prefix->config.beam_width - n_above;
    return n;
}

/* Whether one of the `n_best` first ranks is as good as one of the others. */
static bool is_tied(const struct dsi_prefix_rank *ranks, size_t n, size_t n_best) {
    float worst = INFINITY;
    uint32_t tie = 0; /* of the worst of the best */
    size_t i;

    for (i = 0; i < n_best; i++) {
        worst = ranks[i].score < worst ? ranks[i].score : worst;
    }
    for (i = n_best; i < n && ranks[i].score < worst; i++) {
    }
    if (i == n) {
        return false;
    }
    for (i = 0; i < n_best; i++) {
        tie = ranks[i].score == worst && ranks[i].tie > tie ? ranks[i].tie : tie;
    }
    for (i = n_best; i < n; i++) {
        if (ranks[i].score == worst && ranks[i].tie == tie) {
            return true;
        }
    }
    return false;
}

/* Tells what is not kept, of `n` that are listed with the `n_kept` best in front. */
static void mark_others(struct dsi_prefix *prefix, size_t n_kept, size_t n) {
    size_t i;

    for (i = n_kept; i < n; i++) {
        const uint32_t index = prefix->ranks[i].index;

        if (index < prefix->n_members) {
            prefix->members[index].is_kept = false;
        } else {
            prefix->extensions[index - prefix->n_members].is_kept = false;
        }
    }
}

/* Where ties decide, all there is has to be listed in upstream's order. */
static enum dsinfer_status choose_in_order(struct dsi_prefix *prefix) {
    const size_t n = prefix->n_members + prefix->n_extensions;
    const size_t n_kept = n < prefix->config.beam_width ? n : prefix->config.beam_width;

    if (!dsi_prefix_reserve_ranks(prefix, n)) {
        return DSINFER_ERR_NO_MEMORY;
    }
    list_in_order(prefix, prefix->ranks);
    dsi_prefix_select(prefix->ranks, n, n_kept);
    mark_others(prefix, n_kept, n);
    return DSINFER_OK;
}

/* Tells what is kept: at first, everything is. */
static enum dsinfer_status choose_best(struct dsi_prefix *prefix) {
    const bool follows_order = dsi_prefix_follows_order(prefix);
    enum dsinfer_status status;
    size_t n, n_kept, i;

    if (follows_order && prefix->rules.needs_order) {
        return choose_in_order(prefix);
    }
    if (prefix->n_members + prefix->n_extensions <= prefix->config.beam_width) {
        return DSINFER_OK;
    }
    if (!dsi_prefix_reserve_ranks(prefix, prefix->n_members + prefix->n_extensions)) {
        return DSINFER_ERR_NO_MEMORY;
    }
    n = list_quickly(prefix, prefix->ranks, &n_kept);
    dsi_prefix_select(prefix->ranks, n, n_kept);
    if (!follows_order || !is_tied(prefix->ranks, n, n_kept)) {
        mark_others(prefix, n_kept, n);
        return DSINFER_OK;
    }
    for (i = 0; i < prefix->n_members; i++) {
        prefix->members[i].is_kept = true;
    }
    status = dsi_prefix_extend_frame(prefix, -INFINITY);
    return status == DSINFER_OK ? choose_in_order(prefix) : status;
}

/* --- new nodes -------------------------------------------------------------------------------- */

/* The likeliest way to a prefix: that of its parent, and the time of its last label. */
static enum dsinfer_status align(struct dsi_prefix *prefix, uint32_t parent, uint32_t label,
                                 uint32_t *alignment) {
    return dsi_alignment_add(
        &prefix->alignments, prefix->members[parent].alignment,
        (struct dsi_alignment_time){prefix->n_frames, prefix->posteriors[label]}, alignment);
}

enum dsinfer_status dsi_prefix_fill_node(struct dsi_prefix *prefix, uint32_t index, uint32_t state,
                                         float entry_score) {
    const struct dsi_scoring *scoring = prefix->config.scoring;
    const uint32_t parent = prefix->tree.nodes[index].parent;
    const uint32_t label = prefix->tree.nodes[index].label;
    struct dsi_prefix_node *nodes =
        dsi_grow(prefix->nodes, &prefix->nodes_capacity, prefix->tree.n_nodes, sizeof(*nodes));
    struct dsi_scoring_context context;
    enum dsinfer_status status;

    if (!nodes) {
        return DSINFER_ERR_NO_MEMORY;
    }
    prefix->nodes = nodes;
    nodes[index] = (struct dsi_prefix_node){
        .slot = DSI_PREFIX_NO_PLACE,
        .state = state,
        .context = nodes[parent].context,
        .entry_score = entry_score,
    };
    if (prefix->is_exact && dsi_prefix_is_active(prefix, parent)) {
        prefix->members[nodes[parent].slot].children |= dsi_prefix_get_bit(label);
    }
    if (!scoring || !dsi_prefix_is_boundary(prefix, parent, label)) {
        return DSINFER_OK;
    }
    (void)dsi_prefix_score_unit(prefix, parent,
                                scoring->unit == DSI_SCORING_WORDS ? DSI_LABEL_NONE : label, false,
                                &context);
    status = dsi_scoring_pool_add(&prefix->contexts, &context, &nodes[index].context);
    prefix->tree.nodes[index].ends_unit = status == DSINFER_OK;
    return status;
}

/* Makes the node of an extension, behind the other children of its parent. */
static enum dsinfer_status add_node(struct dsi_prefix *prefix,
                                    struct dsi_prefix_extension *extension) {
    const uint32_t parent = prefix->members[extension->parent].node;
    const uint32_t label = extension->label;
    const struct dsi_label_node *tree = prefix->tree.nodes;
    uint32_t last = tree[parent].first_child;
    enum dsinfer_status status;
    uint32_t state;

    while (last != DSI_LABEL_NONE && tree[last].next != DSI_LABEL_NONE) {
        last = tree[last].next;
    }
    if (!dsi_prefix_may_follow(prefix, parent, label, &state)) {
        state = dsi_prefix_get_dictionary(prefix)->start; /* the arcs are not in order */
    }
    status = dsi_label_tree_add(&prefix->tree, parent, last, label, &extension->child);
    if (status == DSINFER_OK) {
        status = dsi_prefix_fill_node(prefix, extension->child, state, extension->entry_score);
    }
    if (status == DSINFER_OK) {
        prefix->nodes[extension->child].best = prefix->log_probs[label];
        prefix->nodes[extension->child].time =
            (struct dsi_alignment_time){prefix->n_frames, prefix->posteriors[label]};
    }
    return status;
}

/* Gives what is kept its nodes (siblings in upstream's order) and its new alignments, from the old
 * ones of the parents. */
static enum dsinfer_status make_nodes(struct dsi_prefix *prefix) {
    const bool has_alignments = prefix->rules.time == DSI_PREFIX_TIME_BY_ALIGNMENT;
    enum dsinfer_status status = DSINFER_OK;
    size_t i;

    for (i = 0; has_alignments && i < prefix->n_members && status == DSINFER_OK; i++) {
        struct dsi_prefix_member *member = &prefix->members[i];

        if (member->has_memo && member->is_kept) {
            status = align(prefix, member->parent, member->label, &member->next_alignment);
        }
    }
    for (i = 0; i < prefix->n_extensions && status == DSINFER_OK; i++) {
        struct dsi_prefix_extension *extension = &prefix->extensions[i];

        extension->alignment = DSI_ALIGNMENT_NONE;
        if (!extension->is_kept) {
            continue;
        }
        if (has_alignments) {
            status = align(prefix, extension->parent, extension->label, &extension->alignment);
        }
        if (status == DSINFER_OK && extension->child == DSI_LABEL_NONE) {
            status = add_node(prefix, extension);
        }
    }
    return status;
}

/* --- the next frame --------------------------------------------------------------------------- */

/* Makes the scores and alignments of this frame those of the next one's past. */
static void move_on(struct dsi_prefix *prefix) {
    uint32_t slot;

    prefix->worst_total = INFINITY;
    for (slot = 0; slot < prefix->n_members; slot++) {
        struct dsi_prefix_member *member = &prefix->members[slot];

        if (!member->is_kept) {
            dsi_prefix_leave(prefix, slot);
            continue;
        }
        member->total = member->next_total;
        member->blank = member->next_blank;
        member->last = member->next_last;
        if (member->next_alignment != DSI_ALIGNMENT_NONE) {
            dsi_alignment_unref(&prefix->alignments, member->alignment);
            member->alignment = member->next_alignment;
            member->next_alignment = DSI_ALIGNMENT_NONE;
        }
        prefix->worst_total =
            member->total < prefix->worst_total ? member->total : prefix->worst_total;
    }
}

/* Lets the extensions that are kept join the beam, in the slots of those who left: there are no
 * fewer, as the beam never shrinks. */
static void let_in(struct dsi_prefix *prefix) {
    size_t n = 0;
    size_t i;

    for (i = 0; i < prefix->n_extensions; i++) {
        const struct dsi_prefix_extension *extension = &prefix->extensions[i];
        const float score = extension->score;

        if (!extension->is_kept) {
            continue;
        }
        dsi_prefix_join(
            prefix, n < prefix->n_leavers ? prefix->leavers[n].slot : (uint32_t)prefix->n_members++,
            extension->child, DSI_PREFIX_IMPOSSIBLE, score, score, extension->alignment);
        n++;
        prefix->worst_total = score < prefix->worst_total ? score : prefix->worst_total;
    }
}

/* Puts the members in the order of the ranks. */
static void put_in_order(struct dsi_prefix *prefix, size_t n_before) {
    uint32_t *slots = prefix->slots;
    size_t i;

    for (i = 0; i < prefix->n_members; i++) {
        const uint32_t index = prefix->ranks[i].index;

        slots[i] = index < n_before
                       ? index
                       : prefix->nodes[prefix->extensions[index - n_before].child].slot;
    }
    dsi_prefix_arrange(prefix, prefix->spare, slots, prefix->n_members);
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
    const struct dsi_prefix_member *best = prefix->members;
    size_t n_kept = 0;
    uint32_t middle;
    uint32_t slot;

    for (slot = 1; slot < prefix->n_members; slot++) {
        best = prefix->members[slot].total > best->total ? &prefix->members[slot] : best;
    }
    middle = dsi_label_tree_find_middle(&prefix->tree, best->node, prefix->config.scoring != NULL);
    for (slot = 0; slot < prefix->n_members; slot++) {
        if (dsi_label_tree_is_below(&prefix->tree, prefix->members[slot].node, middle)) {
            prefix->slots[n_kept++] = slot;
        } else {
            dsi_prefix_leave(prefix, slot);
        }
    }
    dsi_prefix_arrange(prefix, prefix->members, prefix->slots, n_kept);
    dsi_prefix_remove_leavers(prefix);
}

static enum dsinfer_status commit(struct dsi_prefix *prefix) {
    const struct dsi_label_node *root = &prefix->tree.nodes[prefix->tree.root];

    if (dsi_label_tree_is_overgrown(&prefix->tree, prefix->config.beam_width)) {
        drop_old(prefix);
    }
    if (root->label == DSI_LABEL_NONE && dsi_prefix_is_active(prefix, prefix->tree.root)) {
        return DSINFER_OK; /* nothing has been said for sure */
    }
    if (prefix->rules.time == DSI_PREFIX_TIME_BY_ALIGNMENT) {
        const uint32_t alignment = prefix->members[0].alignment;
        enum dsinfer_status status = dsi_alignment_commit(&prefix->alignments, alignment);

        if (status != DSINFER_OK) {
            return status;
        }
    }
    return commit_labels(prefix);
}

enum dsinfer_status dsi_prefix_keep_best(struct dsi_prefix *prefix) {
    const size_t n_before = prefix->n_members;
    enum dsinfer_status status = choose_best(prefix);

    if (status == DSINFER_OK) {
        status = make_nodes(prefix);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    move_on(prefix);
    let_in(prefix);
    if (prefix->rules.needs_order && dsi_prefix_follows_order(prefix)) {
        put_in_order(prefix, n_before);
    }
    dsi_prefix_remove_leavers(prefix);
    return prefix->n_frames % COMMIT_INTERVAL == 0 ? commit(prefix) : DSINFER_OK;
}
