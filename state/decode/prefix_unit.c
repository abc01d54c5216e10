/* Units of a prefix (words, code points, labels): where they end, what the language model says of
 * them, and what the dictionary lets follow.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/prefix.h"

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
        return label == prefix->space;
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

static uint64_t find_followers(const struct dsi_prefix *prefix,
                               const struct dsi_dictionary *dictionary, uint32_t state) {
    return dsi_dictionary_get_followers(dictionary, state, prefix->space,
                                        prefix->config.n_labels - 1);
}

uint64_t dsi_prefix_find_may_begin(const struct dsi_prefix *prefix) {
    const struct dsi_dictionary *dictionary = dsi_prefix_get_dictionary(prefix);

    return dictionary ? find_followers(prefix, dictionary, dictionary->start) : UINT64_MAX;
}

uint64_t dsi_prefix_get_may_follow(const struct dsi_prefix *prefix, uint32_t state) {
    const struct dsi_dictionary *dictionary = dsi_prefix_get_dictionary(prefix);

    return !dictionary || state == dictionary->start ? prefix->may_begin
                                                     : find_followers(prefix, dictionary, state);
}

bool dsi_prefix_may_follow(const struct dsi_prefix *prefix, uint32_t node, uint32_t label,
                           uint32_t *next) {
    const struct dsi_dictionary *dictionary = dsi_prefix_get_dictionary(prefix);
    const struct dsi_prefix_node *own = &prefix->nodes[node];

    *next = own->state;
    if (!dictionary) {
        return true;
    }
    if (label == prefix->space) {
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

/* Puts a label among `n` others in upstream's order. */
static void insert(const struct dsi_prefix *prefix, uint32_t *labels, size_t n, uint32_t label) {
    const uint32_t place = prefix->places[label];

    for (; n > 0 && prefix->places[labels[n - 1]] > place; n--) {
        labels[n] = labels[n - 1];
    }
    labels[n] = label;
}

/* The first label of a set that is not empty. */
static uint32_t get_first(uint64_t set) {
    uint32_t label = 0;
    uint32_t width;

    for (width = 32; width > 0; width /= 2) {
        if (!(set & ((UINT64_C(1) << width) - 1))) {
            set >>= width;
            label += width;
        }
    }
    return label;
}

size_t dsi_prefix_find_followers(const struct dsi_prefix *prefix,
                                 const struct dsi_prefix_member *member, float limit,
                                 float unit_limit) {
    const uint32_t space = prefix->space;
    const uint64_t space_bit = space != DSI_LABEL_NONE ? dsi_prefix_get_bit(space) : 0;
    const float total = member->total;
    uint64_t set = member->may_follow & ~member->living;
    const bool has_space = (set & space_bit) && prefix->places[space] != DSI_PREFIX_NO_PLACE &&
                           !(prefix->log_probs[space] + total < unit_limit);
    size_t n_reached = 0;
    size_t n = 0;
    size_t i;

    while (n_reached < prefix->n_likeliest &&
           !(prefix->likeliest[n_reached].log_prob + total < limit)) {
        n_reached++;
    }
    if (prefix->is_exact) {
        set &= n_reached > 0 ? prefix->likeliest[n_reached - 1].reached & ~space_bit : 0;
        for (; set; set &= set - 1) {
            insert(prefix, prefix->followers, n++, get_first(set));
        }
    } else {
        for (i = 0; i < n_reached; i++) {
            const uint32_t label = prefix->likeliest[i].label;

            if ((set & dsi_prefix_get_bit(label)) && label != space) {
                insert(prefix, prefix->followers, n++, label);
            }
        }
    }
    if (has_space) {
        insert(prefix, prefix->followers, n++, space);
    }
    return n;
}
