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

static void choose_labels(struct dsi_prefix *prefix) {
    const uint32_t blank = (uint32_t)prefix->config.n_labels - 1;
    size_t i;

    for (i = 0; i < prefix->config.n_labels; i++) {
        prefix->log_probs[i] = (float)log(prefix->probs[i] + FLT_MIN);
        prefix->places[i] = DSI_PREFIX_NO_PLACE;
    }
    prefix->n_chosen = order_labels(prefix);
    prefix->n_likeliest = 0;
    for (i = 0; i < prefix->n_chosen; i++) {
        const uint32_t label = prefix->order[i];

        prefix->places[label] = (uint32_t)i;
        if (label != blank) {
            prefix->ranks[prefix->n_likeliest++] =
                (struct dsi_prefix_rank){prefix->log_probs[label], label, label};
        }
    }
    sort_labels(prefix, prefix->likeliest, prefix->n_likeliest);
}

/* Upstream does nothing where a prefix's score and a label's log probability are together below
 * this: with a language model, while the beam is full. */
static float get_cutoff(const struct dsi_prefix *prefix) {
    const struct dsi_scoring *scoring = prefix->config.scoring;

    if (!scoring || prefix->n_active < prefix->config.beam_width) {
        return -INFINITY;
    }
    return (float)((double)prefix->worst_total + log(prefix->probs[prefix->config.n_labels - 1]) -
                   fmax(0.0, scoring->beta));
}

/* Whether the prefix is tried with the label at all. */
static bool is_tried(const struct dsi_prefix *prefix, uint32_t index, uint32_t label) {
    const float total = prefix->tree.nodes[index].now.total;

    return prefix->places[label] != DSI_PREFIX_NO_PLACE &&
           prefix->log_probs[label] + total >= prefix->cutoff &&
           !(prefix->rules.skips_impossible && total <= DSI_PREFIX_IMPOSSIBLE);
}

/* Score of a prefix extended by a label. `child` is its node or DSI_LABEL_NONE, for which the score
 * of a unit that ends with the label is put into *entry_score. */
static float score_extension(struct dsi_prefix *prefix, uint32_t index, uint32_t label,
                             uint32_t child, float *entry_score) {
    const struct dsi_label_node *node = &prefix->tree.nodes[index];
    const struct dsi_scoring *scoring = prefix->config.scoring;
    float score = DSI_PREFIX_IMPOSSIBLE;

    *entry_score = 0.0f;
    if (label != node->label) {
        score = prefix->log_probs[label] + node->now.total;
    } else if (node->now.blank > DSI_PREFIX_IMPOSSIBLE) {
        score = prefix->log_probs[label] + node->now.blank;
    }
    if (scoring && dsi_prefix_is_boundary(prefix, index, label)) {
        if (scoring->unit == DSI_SCORING_WORDS) {
            score += dsi_prefix_get_end_score(prefix, index);
        } else {
            *entry_score = child != DSI_LABEL_NONE
                               ? prefix->nodes[child].entry_score
                               : dsi_prefix_score_unit(prefix, index, label, false, NULL);
            score += *entry_score;
        }
        score = (float)((double)score + scoring->beta);
    }
    return fmaxf(score, DSI_PREFIX_IMPOSSIBLE);
}

/* When, among the labels, upstream hangs the first child on a prefix in this frame. */
static uint32_t find_first_extension(const struct dsi_prefix *prefix, uint32_t index) {
    const size_t n = dsi_prefix_find_followers(prefix, index, prefix->cutoff);
    uint32_t state;
    size_t i;

    for (i = 0; i < n; i++) {
        if (dsi_prefix_may_follow(prefix, index, prefix->followers[i], &state)) {
            return prefix->places[prefix->followers[i]];
        }
    }
    return DSI_PREFIX_NO_PLACE;
}

/* Whether upstream tries the prefix `a` before `b` with the same label: in the order of scores
 * where there is a language model, else as they are listed. */
static bool is_before(const struct dsi_prefix *prefix, uint32_t a, uint32_t b) {
    const struct dsi_label_node *x = &prefix->tree.nodes[a];
    const struct dsi_label_node *y = &prefix->tree.nodes[b];

    if (prefix->config.scoring && x->now.total != y->now.total) {
        return x->now.total > y->now.total;
    }
    if (prefix->config.scoring && x->label != y->label) {
        return dsi_prefix_get_tie(prefix, x->label) < dsi_prefix_get_tie(prefix, y->label);
    }
    return prefix->nodes[a].slot < prefix->nodes[b].slot;
}

/* Whether nothing hangs on the child of `index` when this frame offers it its label. */
static bool is_leaf(const struct dsi_prefix *prefix, uint32_t index, uint32_t child) {
    const uint32_t place = prefix->places[prefix->tree.nodes[child].label];
    uint32_t first;

    if (prefix->tree.nodes[child].first_child != DSI_LABEL_NONE) {
        return false;
    }
    first = find_first_extension(prefix, child);
    return first > place || (first == place && is_before(prefix, index, child));
}

/* The frame offers the child of `index` its label: has its time changed? */
static void offer_time(struct dsi_prefix *prefix, uint32_t index, uint32_t child) {
    const uint32_t label = prefix->tree.nodes[child].label;
    struct dsi_prefix_node *own = &prefix->nodes[child];

    if (own->best < prefix->log_probs[label] &&
        (prefix->rules.time == DSI_PREFIX_TIME_WHEN_LIKELIER ||
         (prefix->rules.time == DSI_PREFIX_TIME_WHILE_LEAF && is_leaf(prefix, index, child)))) {
        own->best = prefix->log_probs[label];
        own->time = (struct dsi_alignment_time){prefix->n_frames, prefix->posteriors[label]};
    }
}

/* The score of an active prefix that stays what it is (by a blank or its last label again) or comes
 * about from its parent again. Upstream updates the likeliest way as the labels come; the blank
 * only counts if it comes behind. */
static void rescore(struct dsi_prefix *prefix, uint32_t index) {
    const uint32_t blank = (uint32_t)prefix->config.n_labels - 1;
    const struct dsi_label_node *node = &prefix->tree.nodes[index];
    struct dsi_prefix_node *own = &prefix->nodes[index];
    float again = DSI_PREFIX_IMPOSSIBLE;
    float entry = DSI_PREFIX_IMPOSSIBLE;

    own->blank = DSI_PREFIX_IMPOSSIBLE;
    if (node->label != DSI_LABEL_NONE) {
        if (is_tried(prefix, index, node->label)) {
            again = prefix->log_probs[node->label] + node->now.label;
        }
        if (node->parent != DSI_LABEL_NONE && dsi_prefix_is_active(prefix, node->parent) &&
            is_tried(prefix, node->parent, node->label)) {
            float entry_score;

            entry = score_extension(prefix, node->parent, node->label, index, &entry_score);
            offer_time(prefix, node->parent, index);
        }
    }
    own->label = dsi_prefix_add_logs(again, entry);
    own->has_memo = entry > again;
    if (is_tried(prefix, index, blank)) {
        own->blank = prefix->log_probs[blank] + node->now.total;
        if (own->label < own->blank && (node->label == DSI_LABEL_NONE ||
                                        prefix->places[node->label] < prefix->places[blank])) {
            own->has_memo = false;
        }
    }
    own->total = dsi_prefix_add_logs(own->blank, own->label);
}

/* Leaves the best of the extensions, so that a large alphabet needs no large memory. */
static enum dsinfer_status thin_out(struct dsi_prefix *prefix) {
    const size_t n_best = prefix->config.beam_width;
    const size_t n = prefix->n_extensions;
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
    for (i = 0; i < n_best; i++) {
        prefix->extensions[prefix->ranks[i].index].is_kept = true;
    }
    prefix->n_extensions = 0;
    prefix->threshold = INFINITY;
    for (i = 0; i < n; i++) {
        if (prefix->extensions[i].is_kept) {
            prefix->threshold = fminf(prefix->threshold, prefix->extensions[i].score);
            prefix->extensions[prefix->n_extensions] = prefix->extensions[i];
            prefix->extensions[prefix->n_extensions++].is_kept = false;
        }
    }
    return DSINFER_OK;
}

static enum dsinfer_status add_extension(struct dsi_prefix *prefix,
                                         const struct dsi_prefix_extension *extension) {
    struct dsi_prefix_extension *extensions;

    if (!prefix->rules.has_order &&
        prefix->n_extensions >= 2 * prefix->config.beam_width + SPARE_EXTENSIONS) {
        enum dsinfer_status status = thin_out(prefix);

        if (status != DSINFER_OK) {
            return status;
        }
    }
    extensions = dsi_grow(prefix->extensions, &prefix->extensions_capacity,
                          prefix->n_extensions + 1, sizeof(*extensions));
    if (!extensions) {
        return DSINFER_ERR_NO_MEMORY;
    }
    prefix->extensions = extensions;
    if (extension->child != DSI_LABEL_NONE) {
        prefix->nodes[extension->child].slot = (uint32_t)prefix->n_extensions;
    }
    extensions[prefix->n_extensions++] = *extension;
    return DSINFER_OK;
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

/* Extends a prefix by a label, if the dictionary lets it, unless what comes about is active. */
static enum dsinfer_status extend(struct dsi_prefix *prefix, uint32_t index, uint32_t label) {
    struct dsi_prefix_extension extension = {
        .parent = index, .label = label, .child = prefix->children[label]};

    if (extension.child != DSI_LABEL_NONE
            ? dsi_prefix_is_active(prefix, extension.child)
            : !dsi_prefix_may_follow(prefix, index, label, &extension.state)) {
        return DSINFER_OK;
    }
    extension.score =
        score_extension(prefix, index, label, extension.child, &extension.entry_score);
    if (extension.score < prefix->threshold) {
        return DSINFER_OK;
    }
    return add_extension(prefix, &extension);
}

/* The frame offers the children that are not active their labels. */
static void offer_times(struct dsi_prefix *prefix, uint32_t index) {
    const struct dsi_label_node *nodes = prefix->tree.nodes;
    uint32_t child;

    for (child = nodes[index].first_child; child != DSI_LABEL_NONE; child = nodes[child].next) {
        if (!dsi_prefix_is_active(prefix, child) && is_tried(prefix, index, nodes[child].label)) {
            offer_time(prefix, index, child);
        }
    }
}

/* Extends a prefix by every label. */
static enum dsinfer_status extend_all(struct dsi_prefix *prefix, uint32_t index) {
    const float threshold = prefix->threshold - get_bonus(prefix);
    const size_t n = dsi_prefix_find_followers(prefix, index, fmaxf(prefix->cutoff, threshold));
    const struct dsi_label_node *nodes = prefix->tree.nodes;
    enum dsinfer_status status = DSINFER_OK;
    uint32_t child;
    size_t i;

    if (n == 0) {
        return DSINFER_OK;
    }
    for (child = nodes[index].first_child; child != DSI_LABEL_NONE; child = nodes[child].next) {
        prefix->children[nodes[child].label] = child;
    }
    for (i = 0; i < n && status == DSINFER_OK; i++) {
        status = extend(prefix, index, prefix->followers[i]);
    }
    for (child = nodes[index].first_child; child != DSI_LABEL_NONE; child = nodes[child].next) {
        prefix->children[nodes[child].label] = DSI_LABEL_NONE;
    }
    return status;
}

enum dsinfer_status dsi_prefix_extend_frame(struct dsi_prefix *prefix, float threshold) {
    const bool may_change_times = prefix->rules.time == DSI_PREFIX_TIME_WHEN_LIKELIER ||
                                  prefix->rules.time == DSI_PREFIX_TIME_WHILE_LEAF;
    size_t i;

    prefix->threshold = threshold;
    prefix->n_extensions = 0;
    for (i = 0; i < prefix->n_active; i++) {
        const uint32_t index = prefix->active[i];

        if (!prefix->rules.skips_impossible ||
            prefix->tree.nodes[index].now.total > DSI_PREFIX_IMPOSSIBLE) {
            enum dsinfer_status status;

            if (may_change_times) {
                offer_times(prefix, index);
            }
            status = extend_all(prefix, index);
            if (status != DSINFER_OK) {
                return status;
            }
        }
        prefix->ends[i] = prefix->n_extensions;
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_prefix_score_frame(struct dsi_prefix *prefix) {
    float worst = INFINITY;
    size_t i;

    choose_labels(prefix);
    prefix->cutoff = get_cutoff(prefix);
    for (i = 0; i < prefix->n_active; i++) {
        const uint32_t index = prefix->active[i];

        rescore(prefix, index);
        worst = prefix->nodes[index].total < worst ? prefix->nodes[index].total : worst;
    }
    /* Extensions worse than so many prefixes as the beam holds will not be kept. */
    if ((prefix->rules.needs_order && dsi_prefix_follows_order(prefix)) ||
        prefix->n_active < prefix->config.beam_width) {
        worst = -INFINITY;
    }
    return dsi_prefix_extend_frame(prefix, worst);
}
