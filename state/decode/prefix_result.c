/* The results of the prefix beam search: what would be said if the audio ended here.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/prefix.h"

static struct dsi_prefix *get_prefix(struct dsi_search *search) {
    return (struct dsi_prefix *)(void *)search;
}

static const struct dsi_prefix *get_const_prefix(const struct dsi_search *search) {
    return (const struct dsi_prefix *)(const void *)search;
}

/* What is added to a prefix's score because the audio ends: that of a unit under way. */
static float get_last_score(struct dsi_prefix *prefix, uint32_t index) {
    const struct dsi_scoring *scoring = prefix->config.scoring;
    float score;

    if (!scoring || scoring->unit == DSI_SCORING_LABELS) {
        return 0.0f;
    }
    if (prefix->tree.nodes[index].label == DSI_LABEL_NONE) {
        return prefix->rules.adds_beta_to_nothing || scoring->unit == DSI_SCORING_CODE_POINTS
                   ? (float)scoring->beta
                   : 0.0f;
    }
    if (prefix->tree.nodes[index].ends_unit) {
        return 0.0f;
    }
    score = scoring->is_hot_compatible && scoring->n_hot_words > 0
                ? dsi_prefix_score_unit(prefix, index, DSI_LABEL_NONE, true, NULL)
                : dsi_prefix_get_end_score(prefix, index);
    return (float)((double)score + scoring->beta);
}

size_t dsi_prefix_rank_results(struct dsi_search *search) {
    struct dsi_prefix *prefix = get_prefix(search);
    size_t i;

    for (i = 0; i < prefix->n_members; i++) {
        const struct dsi_prefix_member *member = &prefix->members[i];

        prefix->ranks[i] =
            (struct dsi_prefix_rank){member->total + get_last_score(prefix, member->node),
                                     dsi_prefix_get_tie(prefix, member->label), member->node};
    }
    dsi_prefix_sort(prefix->ranks, prefix->n_members);
    return prefix->n_members;
}

double dsi_prefix_get_score(const struct dsi_search *search, size_t i) {
    return (double)get_const_prefix(search)->ranks[i].score;
}

size_t dsi_prefix_get_length(const struct dsi_search *search, size_t i) {
    const struct dsi_prefix *prefix = get_const_prefix(search);

    return prefix->tree.nodes[prefix->ranks[i].index].depth;
}

void dsi_prefix_get_labels(const struct dsi_search *search, size_t i,
                           struct dsi_search_label *labels) {
    const struct dsi_prefix *prefix = get_const_prefix(search);
    const struct dsi_label_node *nodes = prefix->tree.nodes;
    uint32_t index = prefix->ranks[i].index;

    dsi_label_tree_get(&prefix->tree, index, labels);
    if (prefix->rules.time == DSI_PREFIX_TIME_BY_ALIGNMENT) {
        dsi_alignment_get(&prefix->alignments, prefix->members[prefix->nodes[index].slot].alignment,
                          labels, nodes[index].depth);
        return;
    }
    for (; index != prefix->tree.root; index = nodes[index].parent) {
        labels[nodes[index].depth - 1].timestep = prefix->nodes[index].time.timestep;
        labels[nodes[index].depth - 1].log_posterior = prefix->nodes[index].time.log_posterior;
    }
    dsi_alignment_get(&prefix->alignments, DSI_ALIGNMENT_NONE, labels, nodes[index].depth);
}
