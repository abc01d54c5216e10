/* Units of a prefix (words, code points, labels): where they end, what the language model says of
 * them, and what the dictionary lets follow.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/prefix.h"

static bool is_space(const struct dsi_scoring *scoring, uint32_t label) {
    return scoring->unit == DSI_SCORING_WORDS && scoring->alphabet->has_space &&
           label == scoring->alphabet->space;
}

bool dsi_prefix_is_boundary(const struct dsi_prefix *prefix, uint32_t node, uint32_t label) {
    const struct dsi_scoring *scoring = prefix->config.scoring;
    char buffer[DSI_SCORING_MAX_UNIT];
    const char *text;
    size_t size = 0;

    switch (scoring->unit) {
    case DSI_SCORING_CODE_POINTS:
        text = dsi_scoring_spell(scoring, &prefix->tree, node, label, buffer, &size);
        return size > 0 && dsi_scoring_get_code_point_size(text[0]) == size;
    case DSI_SCORING_LABELS:
        return true;
    default:
        return is_space(scoring, label);
    }
}

float dsi_prefix_score_unit(const struct dsi_prefix *prefix, uint32_t node, uint32_t label,
                            bool is_last, struct dsi_scoring_context *next) {
    const struct dsi_scoring *scoring = prefix->config.scoring;
    char buffer[DSI_SCORING_MAX_UNIT];
    size_t size = 0;
    const char *text = dsi_scoring_spell(scoring, &prefix->tree, node, label, buffer, &size);

    return dsi_scoring_score(scoring, &prefix->contexts.contexts[prefix->nodes[node].context], text,
                             size, is_last, next);
}

float dsi_prefix_get_end_score(struct dsi_prefix *prefix, uint32_t node) {
    struct dsi_prefix_node *own = &prefix->nodes[node];

    if (!own->has_end_score) {
        own->end_score = dsi_prefix_score_unit(prefix, node, DSI_LABEL_NONE, false, NULL);
        own->has_end_score = true;
    }
    return own->end_score;
}

const struct dsi_dictionary *dsi_prefix_get_dictionary(const struct dsi_prefix *prefix) {
    const struct dsi_scoring *scoring = prefix->config.scoring;

    return scoring && scoring->dictionary && !scoring->dictionary->info.is_anything
               ? scoring->dictionary
               : NULL;
}

uint64_t dsi_prefix_get_may_follow(const struct dsi_prefix *prefix, uint32_t state) {
    const struct dsi_dictionary *dictionary = dsi_prefix_get_dictionary(prefix);
    uint64_t may_follow = 0;
    uint32_t arc, end;

    if (!dictionary) {
        return UINT64_MAX;
    }
    dsi_dictionary_get_arcs(dictionary, state, &arc, &end);
    for (; arc < end; arc++) {
        uint32_t label, next;

        dsi_dictionary_get_arc(dictionary, arc, &label, &next);
        may_follow |= UINT64_C(1) << (label - 1) % 64;
    }
    if (prefix->config.scoring->alphabet->has_space && dsi_dictionary_is_word(dictionary, state)) {
        may_follow |= UINT64_C(1) << prefix->config.scoring->alphabet->space % 64;
    }
    return may_follow;
}

bool dsi_prefix_may_follow(const struct dsi_prefix *prefix, uint32_t node, uint32_t label,
                           uint32_t *next) {
    const struct dsi_dictionary *dictionary = dsi_prefix_get_dictionary(prefix);
    const struct dsi_prefix_node *own = &prefix->nodes[node];

    *next = own->state;
    if (!dictionary) {
        return true;
    }
    if (is_space(prefix->config.scoring, label)) {
        *next = dictionary->start;
        return dsi_dictionary_is_word(dictionary, own->state);
    }
    if (!dsi_dictionary_find(dictionary, own->state, label, next)) {
        return false;
    }
    if (prefix->config.scoring->unit == DSI_SCORING_CODE_POINTS &&
        dsi_dictionary_is_word(dictionary, *next)) {
        *next = dictionary->start;
    }
    return true;
}

size_t dsi_prefix_find_followers(const struct dsi_prefix *prefix, uint32_t node, float limit) {
    const uint64_t may_follow = prefix->nodes[node].may_follow;
    const float total = prefix->tree.nodes[node].now.total;
    uint32_t *followers = prefix->followers;
    size_t n = 0;
    size_t i, k;

    for (i = 0; i < prefix->n_likeliest; i++) {
        const uint32_t label = prefix->likeliest[i];

        if (prefix->log_probs[label] + total < limit) {
            break;
        }
        if (!(may_follow >> label % 64 & 1)) {
            continue;
        }
        for (k = n++; k > 0 && prefix->places[followers[k - 1]] > prefix->places[label]; k--) {
            followers[k] = followers[k - 1];
        }
        followers[k] = label;
    }
    return n;
}
