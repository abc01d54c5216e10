/* One frame: the labels that may be said, the new scores of the prefixes that stay, and the
 * extensions by a label.
 *
 * Upstream goes label by label and, for each, prefix by prefix. Here it is the other way round:
 * what a prefix gets does not depend on the order, save where it is said below.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/grow.h"
#include "state/decode/prefix.h"

#include <math.h>

/* Extensions there may be beside those that will be kept, where they are not listed in order. */
#define SPARE_EXTENSIONS 16384

/* Puts the labels in descending order of a number each. */
static void sort_labels(struct dsi_prefix *prefix, uint32_t *labels, size_t n) {
    size_t i;

    dsi_prefix_sort(prefix->ranks, n);
    for (i = 0; i < n; i++) {
        labels[i] = prefix->ranks[i].index;
    }
}

/* Lists the labels in upstream's order: as they are, the blank being the last one, or the likeliest
 * first. */
static size_t order_labels(struct dsi_prefix *prefix) {
    const size_t n_labels = prefix->config.n_labels;
    const bool is_cut = prefix->config.cutoff_prob < 1.0;
    double sum = 0.0;
    size_t i;

    for (i = 0; i < n_labels; i++) {
        prefix->order[i] = (uint32_t)i;
        prefix->ranks[i] =
            (struct dsi_prefix_rank){(float)prefix->probs[i], (uint32_t)i, (uint32_t)i};
    }
    if (is_cut || prefix->config.cutoff_top_n < n_labels) {
        sort_labels(prefix, prefix->order, n_labels);
    }
    for (i = 0; is_cut && i < n_labels; i++) {
        sum += prefix->probs[prefix->order[i]];
        if (sum >= prefix->config.cutoff_prob || i + 1 >= prefix->config.cutoff_top_n) {
            return i + 1;
        }
    }
    return n_labels;
}

/* Lists the labels, likeliest first, by which a prefix may reach the score `lowest`. */
static void list_likeliest(struct dsi_prefix *prefix, float lowest) {
    const uint32_t blank = (uint32_t)prefix->config.n_labels - 1;
    uint64_t reached = 0;
    size_t n = 0;
    size_t i;

    for (i = 0; i < prefix->n_chosen; i++) {
        const uint32_t label = prefix->order[i];

        if (label != blank && !(prefix->log_probs[label] + prefix->best_total < lowest)) {
            prefix->ranks[n++] = (struct dsi_prefix_rank){prefix->log_probs[label], label, label};
        }
    }
    dsi_prefix_sort(prefix->ranks, n);
    for (i = 0; i < n; i++) {
        reached |= dsi_prefix_get_bit(prefix->ranks[i].index);
        prefix->likeliest[i] =
            (struct dsi_prefix_likely){reached, prefix->ranks[i].score, prefix->ranks[i].index};
    }
    prefix->n_likeliest = n;
}

static void choose_labels(struct dsi_prefix *prefix) {
    size_t i;

    for (i = 0; i < prefix->config.n_labels; i++) {
        prefix->log_probs[i] = (float)log(prefix->probs[i] + FLT_MIN);
        prefix->places[i] = DSI_PREFIX_NO_PLACE;
    }
    prefix->n_chosen = order_labels(prefix);
    for (i = 0; i < prefix->n_chosen; i++) {
        prefix->places[prefix->order[i]] = (uint32_t)i;
    }
    for (i = 0; prefix->n_chosen < prefix->config.n_labels && i < prefix->config.n_labels; i++) {
        if (prefix->places[i] == DSI_PREFIX_NO_PLACE) {
            prefix->log_probs[i] = -INFINITY;
        }
    }
    if (prefix->rules.time == DSI_PREFIX_TIME_WHILE_LEAF) { /* is_leaf asks for them */
        list_likeliest(prefix, -INFINITY);
    }
}

/* Upstream does nothing where a prefix's score and a label's log probability are together below
 * this: with a language model, while the beam is full. Labels that are not chosen are below. */
static float get_cutoff(const struct dsi_prefix *prefix) {
    const struct dsi_scoring *scoring = prefix->config.scoring;
    double cutoff = -FLT_MAX;

    if (scoring && prefix->n_members == prefix->config.beam_width) {
        cutoff = (double)prefix->worst_total + log(prefix->probs[prefix->config.n_labels - 1]) -
                 fmax(0.0, scoring->beta);
    }
    return fmaxf((float)cutoff, -FLT_MAX);
}

/* Whether the prefix is tried with the label at all. */
static bool is_tried(const struct dsi_prefix *prefix, const struct dsi_prefix_member *member,
                     uint32_t label) {
    return prefix->log_probs[label] + member->total >= prefix->cutoff &&
           !(prefix->rules.skips_impossible && member->total <= DSI_PREFIX_IMPOSSIBLE);
}

/* Whether a unit ends with the label, behind a member. */
static bool is_boundary(const struct dsi_prefix *prefix, const struct dsi_prefix_member *member,
                        uint32_t label) {
    return label == prefix->space ||
           (prefix->config.scoring && prefix->config.scoring->unit != DSI_SCORING_WORDS &&
            dsi_prefix_is_boundary(prefix, member->node, label));
}

/* Score of a prefix extended by a label. `child` is its node or DSI_LABEL_NONE, for which the score
 * of a unit that ends with the label is put into *entry_score. */
static float score_extension(struct dsi_prefix *prefix, const struct dsi_prefix_member *member,
                             uint32_t label, uint32_t child, float *entry_score) {
    float score = DSI_PREFIX_IMPOSSIBLE;

    *entry_score = 0.0f;
    if (label != member->label) {
        score = prefix->log_probs[label] + member->total;
    } else if (member->blank > DSI_PREFIX_IMPOSSIBLE) {
        score = prefix->log_probs[label] + member->blank;
    }
    if (is_boundary(prefix, member, label)) {
        const struct dsi_scoring *scoring = prefix->config.scoring;

        if (scoring->unit == DSI_SCORING_WORDS) {
            score += dsi_prefix_get_end_score(prefix, member->node);
        } else {
            *entry_score = child != DSI_LABEL_NONE
                               ? prefix->nodes[child].entry_score
                               : dsi_prefix_score_unit(prefix, member->node, label, false, NULL);
            score += *entry_score;
        }
        score = (float)((double)score + scoring->beta);
    }
    return score > DSI_PREFIX_IMPOSSIBLE ? score : DSI_PREFIX_IMPOSSIBLE;
}

/* When, among the labels, upstream hangs the first child on a prefix in this frame. */
static uint32_t find_first_extension(const struct dsi_prefix *prefix,
                                     const struct dsi_prefix_member *member) {
    const size_t n = dsi_prefix_find_followers(prefix, member, prefix->cutoff, prefix->cutoff);
    uint32_t state;
    size_t i;

    for (i = 0; i < n; i++) {
        if (dsi_prefix_may_follow(prefix, member->node, prefix->followers[i], &state)) {
            return prefix->places[prefix->followers[i]];
        }
    }
    return DSI_PREFIX_NO_PLACE;
}

/* Whether upstream tries the prefix in slot `a` before that in slot `b` with the same label: in the
 * order of scores where there is a language model, else as they are listed. */
static bool is_before(const struct dsi_prefix *prefix, uint32_t a, uint32_t b) {
    const struct dsi_prefix_member *x = &prefix->members[a];
    const struct dsi_prefix_member *y = &prefix->members[b];

    if (prefix->config.scoring && x->total != y->total) {
        return x->total > y->total;
    }
    if (prefix->config.scoring && x->label != y->label) {
        return dsi_prefix_get_tie(prefix, x->label) < dsi_prefix_get_tie(prefix, y->label);
    }
    return a < b;
}

/* Whether nothing hangs on the child of the prefix in `slot` when this frame offers it its label. A
 * child that is not in the beam is there because something does. */
static bool is_leaf(const struct dsi_prefix *prefix, uint32_t slot, uint32_t child) {
    const uint32_t place = prefix->places[prefix->tree.nodes[child].label];
    const uint32_t own = prefix->nodes[child].slot;
    uint32_t first;

    if (prefix->tree.nodes[child].first_child != DSI_LABEL_NONE) {
        return false;
    }
    first = find_first_extension(prefix, &prefix->members[own]);
    return first > place || (first == place && is_before(prefix, slot, own));
}

/* The frame offers a child of the prefix in `slot` its label: has its time changed? */
static void offer_time(struct dsi_prefix *prefix, uint32_t slot, uint32_t child) {
    const uint32_t label = prefix->tree.nodes[child].label;
    struct dsi_prefix_node *own = &prefix->nodes[child];

    if (own->best < prefix->log_probs[label] &&
        (prefix->rules.time == DSI_PREFIX_TIME_WHEN_LIKELIER ||
         (prefix->rules.time == DSI_PREFIX_TIME_WHILE_LEAF && is_leaf(prefix, slot, child)))) {
        own->best = prefix->log_probs[label];
        own->time = (struct dsi_alignment_time){prefix->n_frames, prefix->posteriors[label]};
    }
}

static bool may_change_times(const struct dsi_prefix *prefix) {
    return prefix->rules.time == DSI_PREFIX_TIME_WHEN_LIKELIER ||
           prefix->rules.time == DSI_PREFIX_TIME_WHILE_LEAF;
}

/* The score of a member that stays what it is (by a blank or its last label again) or comes about
 * from its parent again. Upstream updates the likeliest way as the labels come; the blank only
 * counts if it comes behind. */
static void rescore(struct dsi_prefix *prefix, struct dsi_prefix_member *member) {
    const uint32_t blank = (uint32_t)prefix->config.n_labels - 1;
    const uint32_t label = member->label;
    float again = DSI_PREFIX_IMPOSSIBLE;
    float entry = DSI_PREFIX_IMPOSSIBLE;

    member->is_kept = true;
    member->next_blank = DSI_PREFIX_IMPOSSIBLE;
    if (label != DSI_LABEL_NONE) {
        const uint32_t parent = member->parent;

        if (is_tried(prefix, member, label)) {
            again = prefix->log_probs[label] + member->last;
        }
        if (parent != DSI_PREFIX_NO_PLACE && is_tried(prefix, &prefix->members[parent], label)) {
            float entry_score;

            entry = score_extension(prefix, &prefix->members[parent], label, member->node,
                                    &entry_score);
            if (may_change_times(prefix)) {
                offer_time(prefix, parent, member->node);
            }
        }
    }
    member->next_last = dsi_prefix_add_logs(again, entry);
    member->has_memo = entry > again;
    if (is_tried(prefix, member, blank)) {
        member->next_blank = prefix->log_probs[blank] + member->total;
        if (member->next_last < member->next_blank &&
            (label == DSI_LABEL_NONE || prefix->places[label] < prefix->places[blank])) {
            member->has_memo = false;
        }
    }
    member->next_total = dsi_prefix_add_logs(member->next_blank, member->next_last);
}

/* How much more than its probabilities an extension may score. */
static float get_bonus(const struct dsi_prefix *prefix) {
    const struct dsi_scoring *scoring = prefix->config.scoring;

    if (!scoring) {
        return 0.0f;
    }
    return scoring->alpha < 0.0 || scoring->n_hot_words > 0 ? INFINITY
                                                            : fmaxf((float)scoring->beta, 0.0f);
}

/* Sets what extensions have to reach. */
static void set_threshold(struct dsi_prefix *prefix, float threshold) {
    const struct dsi_scoring *scoring = prefix->config.scoring;

    prefix->threshold = threshold;
    prefix->unit_limit = fmaxf(prefix->cutoff, threshold - get_bonus(prefix));
    prefix->limit = scoring && scoring->unit != DSI_SCORING_WORDS
                        ? prefix->unit_limit
                        : fmaxf(prefix->cutoff, threshold);
}

/* Leaves the best of the extensions, so that a large alphabet needs no large memory. */
static enum dsinfer_status thin_out(struct dsi_prefix *prefix) {
    const size_t n_best = prefix->config.beam_width;
    const size_t n = prefix->n_extensions;
    float threshold = INFINITY;
    size_t i;

    if (!dsi_prefix_reserve_ranks(prefix, n)) {
        return DSINFER_ERR_NO_MEMORY;
    }
    for (i = 0; i < n; i++) {
        const struct dsi_prefix_extension *extension = &prefix->extensions[i];

        prefix->ranks[i] = (struct dsi_prefix_rank){
            extension->score, dsi_prefix_get_tie(prefix, extension->label), (uint32_t)i};
    }
    dsi_prefix_select(prefix->ranks, n, n_best);
    for (i = n_best; i < n; i++) {
        prefix->extensions[prefix->ranks[i].index].is_kept = false;
    }
    prefix->n_extensions = 0;
    for (i = 0; i < n; i++) {
        if (prefix->extensions[i].is_kept) {
            threshold = fminf(threshold, prefix->extensions[i].score);
            prefix->extensions[prefix->n_extensions++] = prefix->extensions[i];
        }
    }
    set_threshold(prefix, threshold);
    return DSINFER_OK;
}

static enum dsinfer_status add_extension(struct dsi_prefix *prefix,
                                         const struct dsi_prefix_extension *extension) {
    if (!prefix->rules.has_order &&
        prefix->n_extensions >= 2 * prefix->config.beam_width + SPARE_EXTENSIONS) {
        enum dsinfer_status status = thin_out(prefix);

        if (status != DSINFER_OK) {
            return status;
        }
    }
    if (prefix->n_extensions == prefix->extensions_capacity) {
        struct dsi_prefix_extension *extensions =
            dsi_grow(prefix->extensions, &prefix->extensions_capacity, prefix->n_extensions + 1,
                     sizeof(*extensions));

        if (!extensions) {
            return DSINFER_ERR_NO_MEMORY;
        }
        prefix->extensions = extensions;
    }
    if (extension->child != DSI_LABEL_NONE) {
        prefix->nodes[extension->child].extension = (uint32_t)prefix->n_extensions;
    }
    prefix->extensions[prefix->n_extensions++] = *extension;
    return DSINFER_OK;
}

/* Extends a prefix by a label, if the dictionary lets it, unless what comes about is in the beam.
 */
static enum dsinfer_status extend(struct dsi_prefix *prefix, uint32_t slot, uint32_t label) {
    const struct dsi_prefix_member *member = &prefix->members[slot];
    struct dsi_prefix_extension extension = {
        .parent = slot, .label = label, .child = prefix->children[label], .is_kept = true};
    uint32_t state;

    if (extension.child != DSI_LABEL_NONE
            ? dsi_prefix_is_active(prefix, extension.child)
            : !prefix->is_exact && !dsi_prefix_may_follow(prefix, member->node, label, &state)) {
        return DSINFER_OK;
    }
    extension.score =
        score_extension(prefix, member, label, extension.child, &extension.entry_score);
    if (extension.score < prefix->threshold) {
        return DSINFER_OK;
    }
    return add_extension(prefix, &extension);
}

/* The frame offers the children that are not in the beam their labels. */
static void offer_times(struct dsi_prefix *prefix, uint32_t slot) {
    const struct dsi_prefix_member *member = &prefix->members[slot];
    const struct dsi_label_node *nodes = prefix->tree.nodes;
    uint32_t child;

    for (child = nodes[member->node].first_child; child != DSI_LABEL_NONE;
         child = nodes[child].next) {
        if (!dsi_prefix_is_active(prefix, child) && is_tried(prefix, member, nodes[child].label)) {
            offer_time(prefix, slot, child);
        }
    }
}

/* Extends a prefix by the labels in prefix->followers. */
static enum dsinfer_status extend_all(struct dsi_prefix *prefix, uint32_t slot, size_t n) {
    const struct dsi_prefix_member *member = &prefix->members[slot];
    const struct dsi_label_node *nodes = prefix->tree.nodes;
    enum dsinfer_status status = DSINFER_OK;
    uint64_t set = 0;
    uint32_t first;
    uint32_t child;
    size_t i;

    for (i = 0; i < n; i++) {
        set |= dsi_prefix_get_bit(prefix->followers[i]);
    }
    first = set & member->children ? nodes[member->node].first_child : DSI_LABEL_NONE;
    for (child = first; child != DSI_LABEL_NONE; child = nodes[child].next) {
        prefix->children[nodes[child].label] = child;
    }
    for (i = 0; i < n && status == DSINFER_OK; i++) {
        status = extend(prefix, slot, prefix->followers[i]);
    }
    for (child = first; child != DSI_LABEL_NONE; child = nodes[child].next) {
        prefix->children[nodes[child].label] = DSI_LABEL_NONE;
    }
    return status;
}

/* Whether any label at all may lead to an extension that counts. */
static bool may_extend(const struct dsi_prefix *prefix, const struct dsi_prefix_member *member) {
    return prefix->n_likeliest > 0 &&
           (!(prefix->likeliest[0].log_prob + member->total < prefix->limit) ||
            (prefix->space != DSI_LABEL_NONE &&
             !(prefix->log_probs[prefix->space] + member->total < prefix->unit_limit)));
}

enum dsinfer_status dsi_prefix_extend_frame(struct dsi_prefix *prefix, float threshold) {
    enum dsinfer_status status = DSINFER_OK;
    uint32_t slot;

    set_threshold(prefix, threshold);
    list_likeliest(prefix, fminf(prefix->limit, prefix->unit_limit));
    prefix->n_extensions = 0;
    for (slot = 0; slot < prefix->n_members && status == DSINFER_OK; slot++) {
        const struct dsi_prefix_member *member = &prefix->members[slot];

        if (!prefix->rules.skips_impossible || member->total > DSI_PREFIX_IMPOSSIBLE) {
            size_t n;

            if (may_change_times(prefix)) {
                offer_times(prefix, slot);
            }
            n = may_extend(prefix, member)
                    ? dsi_prefix_find_followers(prefix, member, prefix->limit, prefix->unit_limit)
                    : 0;
            status = n > 0 ? extend_all(prefix, slot, n) : DSINFER_OK;
        }
        prefix->ends[slot] = prefix->n_extensions;
    }
    return status;
}

enum dsinfer_status dsi_prefix_score_frame(struct dsi_prefix *prefix) {
    float lowest = INFINITY;
    float highest = -INFINITY;
    size_t i;

    choose_labels(prefix);
    prefix->cutoff = get_cutoff(prefix);
    prefix->best_total = -INFINITY;
    for (i = 0; i < prefix->n_members; i++) {
        struct dsi_prefix_member *member = &prefix->members[i];

        rescore(prefix, member);
        lowest = member->next_total < lowest ? member->next_total : lowest;
        highest = member->next_total > highest ? member->next_total : highest;
        prefix->best_total =
            member->total > prefix->best_total ? member->total : prefix->best_total;
    }
    prefix->lowest_next = lowest;
    prefix->highest_next = highest;
    /* Extensions worse than so many prefixes as the beam holds will not be kept. */
    if ((prefix->rules.needs_order && dsi_prefix_follows_order(prefix)) ||
        prefix->n_members < prefix->config.beam_width) {
        lowest = -INFINITY;
    }
    return dsi_prefix_extend_frame(prefix, lowest);
}
