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

bool dsi_prefix_may_follow(const struct dsi_prefix *prefix, uint32_t node, uint32_t label,
                           uint32_t *next) {
    const struct dsi_scoring *scoring = prefix->config.scoring;
    const struct dsi_dictionary *dictionary = scoring ? scoring->dictionary : NULL;
    const uint32_t state = prefix->nodes[node].state;

    *next = state;
    if (!dictionary || dictionary->info.is_anything) {
        return true;
    }
    if (scoring->unit == DSI_SCORING_WORDS && scoring->alphabet->has_space &&
        label == scoring->alphabet->space) {
        *next = dictionary->start;
        return dsi_dictionary_is_word(dictionary, state);
    }
    if (!dsi_dictionary_find(dictionary, state, label, next)) {
        return false;
    }
    if (scoring->unit == DSI_SCORING_CODE_POINTS && dsi_dictionary_is_word(dictionary, *next)) {
        *next = dictionary->start;
    }
    return true;
}
