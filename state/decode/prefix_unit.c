/* Units of a prefix (words, code points, labels): where they end, what the language model says of
 * them, and what the dictionary lets follow.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/prefix.h"

/* Length of the code point that begins with this byte; 0: none does. */
static size_t get_code_point_size(unsigned char byte) {
    return byte < 0x80         ? 1
           : byte >> 5 == 0x06 ? 2
           : byte >> 4 == 0x0e ? 3
           : byte >> 3 == 0x1e ? 4
                               : 0;
}

bool dsi_prefix_is_boundary(const struct dsi_prefix *prefix, uint32_t node, uint32_t label) {
    const struct dsi_scoring *scoring = prefix->config.scoring;
    char buffer[DSI_SCORING_MAX_UNIT];
    const char *text;
    size_t size = 0;

    switch (scoring->unit) {
    case DSI_SCORING_CODE_POINTS:
        text = dsi_scoring_spell(scoring, &prefix->tree, node, label, buffer, &size);
        return size > 0 && get_code_point_size((unsigned char)text[0]) == size;
    case DSI_SCORING_LABELS:
        return true;
    default:
        return scoring->alphabet->has_space && label == scoring->alphabet->space;
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

/* Adds a follower where upstream's order has it; `n` are there. */
static size_t add_follower(const struct dsi_prefix *prefix, size_t n, uint32_t label,
                           uint32_t state) {
    struct dsi_prefix_follower *followers = prefix->followers;
    size_t i = n;

    for (; i > 0 && prefix->places[followers[i - 1].label] > prefix->places[label]; i--) {
        followers[i] = followers[i - 1];
    }
    followers[i] = (struct dsi_prefix_follower){label, state};
    return n + 1;
}

/* The followers where any label may follow. */
static size_t find_any(const struct dsi_prefix *prefix, uint32_t node, float limit) {
    const uint32_t blank = (uint32_t)prefix->config.n_labels - 1;
    const float total = prefix->tree.nodes[node].now.total;
    size_t n = 0;
    size_t i;

    for (i = 0; i < prefix->n_chosen; i++) {
        const uint32_t label = prefix->order[i];

        if (prefix->log_probs[label] + total >= limit && label != blank) {
            prefix->followers[n++] = (struct dsi_prefix_follower){label, prefix->nodes[node].state};
        }
    }
    return n;
}

size_t dsi_prefix_find_followers(const struct dsi_prefix *prefix, uint32_t node, float limit) {
    const struct dsi_scoring *scoring = prefix->config.scoring;
    const struct dsi_dictionary *dictionary = scoring ? scoring->dictionary : NULL;
    const float total = prefix->tree.nodes[node].now.total;
    const uint32_t state = prefix->nodes[node].state;
    uint32_t space = DSI_LABEL_NONE;
    uint32_t lowest = 0; /* the next label is no lower, but where the file lies */
    uint32_t arc, end;
    size_t n = 0;

    if (prefix->best_log_prob + total < limit) {
        return 0;
    }
    if (!dictionary || dictionary->info.is_anything) {
        return find_any(prefix, node, limit);
    }
    if (scoring->unit == DSI_SCORING_WORDS && scoring->alphabet->has_space) {
        space = scoring->alphabet->space;
    }
    dsi_dictionary_get_arcs(dictionary, state, &arc, &end);
    for (; arc < end; arc++) {
        uint32_t label, next;

        dsi_dictionary_get_arc(dictionary, arc, &label, &next);
        label--; /* the end of a word, 0, is no label then */
        if (label < lowest || label + 1 >= prefix->config.n_labels || label == space) {
            continue;
        }
        lowest = label + 1;
        if (prefix->places[label] == DSI_PREFIX_NO_PLACE ||
            prefix->log_probs[label] + total < limit || next >= dictionary->info.n_states) {
            continue;
        }
        if (scoring->unit == DSI_SCORING_CODE_POINTS && dsi_dictionary_is_word(dictionary, next)) {
            next = dictionary->start;
        }
        n = add_follower(prefix, n, label, next);
    }
    if (space != DSI_LABEL_NONE && prefix->places[space] != DSI_PREFIX_NO_PLACE &&
        prefix->log_probs[space] + total >= limit && dsi_dictionary_is_word(dictionary, state)) {
        n = add_follower(prefix, n, space, dictionary->start);
    }
    return n;
}
