/* Units and their scores as ds_ctcdecoder 0.4 to 0.9 computes them: the conditional probability of
 * the newest unit alone, in double until it is weighed.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/scoring.h"

#include "runtime/base/alloc.h"
#include "state/decode/grow.h"

#include <math.h>
#include <string.h>

/* Upstream's constants: log10(e), and what it says of n-grams with unknown units instead of a
 * logarithm. */
#define LOG10_E 0.4342944819
#define UNKNOWN_SCORE (-1000.0)

/* No score of a language model that makes sense is beyond. */
#define MAX_SCORE 1e9f

float dsi_scoring_limit(float score) {
    return score > -MAX_SCORE ? fminf(score, MAX_SCORE) : -MAX_SCORE;
}

float dsi_scoring_ask(const struct dsi_scoring *scoring, const struct dsi_lm_state *context,
                      uint32_t word, struct dsi_lm_state *next) {
    return dsi_scoring_limit(dsi_lm_score(scoring->lm, context, word, next, NULL));
}

void dsi_scoring_begin(const struct dsi_scoring *scoring, struct dsi_scoring_context *context) {
    memset(context, 0, sizeof(*context));
    dsi_lm_get_begin(scoring->lm, &context->lm);
    context->n_known = DSI_LM_MAX_ORDER;
}

void dsi_scoring_pool_reset(struct dsi_scoring_pool *pool) {
    pool->n_contexts = 0;
    pool->first_free = DSI_SCORING_NO_CONTEXT;
}

void dsi_scoring_pool_finish(struct dsi_scoring_pool *pool) {
    dsi_free(pool->contexts);
    memset(pool, 0, sizeof(*pool));
}

static enum dsinfer_status reserve(struct dsi_scoring_pool *pool, size_t n) {
    struct dsi_scoring_context *contexts =
        dsi_grow(pool->contexts, &pool->capacity, n, sizeof(*contexts));

    if (!contexts) {
        return DSINFER_ERR_NO_MEMORY;
    }
    pool->contexts = contexts;
    return DSINFER_OK;
}

enum dsinfer_status dsi_scoring_pool_copy(const struct dsi_scoring_pool *from,
                                          struct dsi_scoring_pool *to) {
    enum dsinfer_status status = from->n_contexts > 0 ? reserve(to, from->n_contexts) : DSINFER_OK;

    if (status != DSINFER_OK) {
        return status;
    }
    if (from->n_contexts > 0) {
        memcpy(to->contexts, from->contexts, from->n_contexts * sizeof(*to->contexts));
    }
    to->n_contexts = from->n_contexts;
    to->first_free = from->first_free;
    return DSINFER_OK;
}

enum dsinfer_status dsi_scoring_pool_add(struct dsi_scoring_pool *pool,
                                         const struct dsi_scoring_context *context, uint32_t *out) {
    uint32_t index = pool->first_free;

    if (index != DSI_SCORING_NO_CONTEXT) {
        pool->first_free = pool->contexts[index].n_known;
    } else {
        enum dsinfer_status status = reserve(pool, pool->n_contexts + 1);

        if (status != DSINFER_OK) {
            return status;
        }
        index = (uint32_t)pool->n_contexts++;
    }
    pool->contexts[index] = *context;
    *out = index;
    return DSINFER_OK;
}

void dsi_scoring_pool_remove(struct dsi_scoring_pool *pool, uint32_t context) {
    pool->contexts[context].n_known = pool->first_free;
    pool->first_free = context;
}

size_t dsi_scoring_get_code_point_size(char first) {
    const unsigned char byte = (unsigned char)first;

    return byte < 0x80         ? 1
           : byte >> 5 == 0x06 ? 2
           : byte >> 4 == 0x0e ? 3
           : byte >> 3 == 0x1e ? 4
                               : 0;
}

/* Whether the bytes at labels[i], before labels[n], make up a code point. */
static bool has_code_point(const struct dsi_scoring *scoring, const uint32_t *labels, uint32_t i,
                           uint32_t n) {
    const size_t size =
        dsi_scoring_get_code_point_size(*dsi_alphabet_get(scoring->alphabet, labels[i]));
    size_t k;

    if (size == 0 || size > n - i) {
        return false;
    }
    for (k = 1; k < size; k++) {
        if ((*dsi_alphabet_get(scoring->alphabet, labels[i + k]) & 0xc0) != 0x80) {
            return false;
        }
    }
    return true;
}

/* Whether a unit begins with labels[i], i above 0, and ends before labels[n]. */
static bool has_unit(const struct dsi_scoring *scoring, const uint32_t *labels, uint32_t i,
                     uint32_t n) {
    switch (scoring->unit) {
    case DSI_SCORING_CODE_POINTS:
        return has_code_point(scoring, labels, i, n);
    case DSI_SCORING_LABELS:
        return true;
    default:
        return scoring->alphabet->has_space && labels[i - 1] == scoring->alphabet->space;
    }
}

uint32_t dsi_scoring_find_start(const struct dsi_scoring *scoring, const uint32_t *labels,
                                uint32_t n) {
    uint32_t n_wanted = dsi_lm_get_info(scoring->lm)->order - 1;
    uint32_t i;

    for (i = n; i > 0 && n_wanted > 0;) {
        i--;
        n_wanted -= i > 0 && has_unit(scoring, labels, i, n);
    }
    return i;
}

const char *dsi_scoring_spell(const struct dsi_scoring *scoring, const struct dsi_label_tree *tree,
                              uint32_t node, uint32_t label, char buffer[DSI_SCORING_MAX_UNIT],
                              size_t *size) {
    char *const end = buffer + DSI_SCORING_MAX_UNIT;
    char *text = end;
    bool is_whole = false;

    while (!is_whole && (label != DSI_LABEL_NONE || !tree->nodes[node].ends_unit)) {
        const char *piece = dsi_alphabet_get(
            scoring->alphabet, label != DSI_LABEL_NONE ? label : tree->nodes[node].label);
        const size_t n = strlen(piece);

        if (n > (size_t)(text - buffer)) {
            text = end;
            break;
        }
        text -= n;
        memcpy(text, piece, n);
        is_whole = scoring->unit == DSI_SCORING_LABELS ||
                   (scoring->unit == DSI_SCORING_CODE_POINTS && (*piece & 0xc0) != 0x80);
        if (label != DSI_LABEL_NONE) {
            label = DSI_LABEL_NONE;
        } else {
            node = tree->nodes[node].parent;
        }
    }
    *size = (size_t)(end - text);
    return text;
}

int dsi_hot_word_compare(const struct dsi_hot_word *a, const struct dsi_hot_word *b) {
    if (a->size != b->size) {
        return a->size < b->size ? -1 : 1;
    }
    return memcmp(a->text, b->text, a->size);
}

static float find_boost(const struct dsi_scoring *scoring, const char *unit, size_t size) {
    const struct dsi_hot_word wanted = {.text = unit, .size = size};
    size_t low = 0;
    size_t high = scoring->n_hot_words;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = dsi_hot_word_compare(&scoring->hot_words[middle], &wanted);

        if (order == 0) {
            return scoring->hot_words[middle].boost;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return 0.0f;
}

/* What hot words add to a unit with this boost. */
static float sum_boosts(const struct dsi_scoring *scoring,
                        const struct dsi_scoring_context *context, float boost, bool is_last) {
    const unsigned order = dsi_lm_get_info(scoring->lm)->order;
    float sum = boost;
    unsigned i;

    if (!scoring->is_hot_compatible) {
        return boost;
    }
    if (is_last) {
        return 0.0f;
    }
    for (i = 0; i + 1 < order; i++) {
        sum += context->boosts[i];
    }
    return sum;
}

float dsi_scoring_score(const struct dsi_scoring *scoring,
                        const struct dsi_scoring_context *context, const char *unit, size_t size,
                        bool is_last, struct dsi_scoring_context *next) {
    const unsigned order = dsi_lm_get_info(scoring->lm)->order;
    const uint32_t word = dsi_lm_find_word(scoring->lm, unit, size);
    const bool is_known = word != DSI_LM_UNKNOWN && context->n_known + 1 >= order;
    const float boost = find_boost(scoring, unit, size);
    struct dsi_lm_state state;
    const double log10_prob = (double)dsi_scoring_ask(scoring, &context->lm, word, &state);
    const double score = is_known ? log10_prob / LOG10_E : UNKNOWN_SCORE;
    const float weighed =
        (float)((score + (double)sum_boosts(scoring, context, boost, is_last)) * scoring->alpha);

    if (next) {
        const unsigned n_known = word == DSI_LM_UNKNOWN ? 0 : context->n_known + 1;

        memcpy(next->boosts + 1, context->boosts, sizeof(next->boosts) - sizeof(next->boosts[0]));
        next->boosts[0] = boost;
        next->n_known = n_known < DSI_LM_MAX_ORDER ? n_known : DSI_LM_MAX_ORDER;
        next->lm = state;
    }
    return weighed;
}
