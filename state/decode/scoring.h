/* What a language model and a dictionary say of the words of a prefix.
 *
 * A unit is a word, in bytes output mode a code point, in "character based" dictionaries a label. A
 * context is what a prefix remembers of its finished units; it is plain memory.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_DECODE_SCORING_H
#define DSI_STATE_DECODE_SCORING_H

#include "model/alphabet.h"
#include "model/lm/dictionary.h"
#include "model/lm/lm.h"
#include "state/decode/label_tree.h"

/* Longest unit, in bytes, that is looked up; longer ones are unknown. */
#define DSI_SCORING_MAX_UNIT 1024

#define DSI_SCORING_NO_CONTEXT UINT32_MAX

struct dsi_hot_word {
    const char *text; /* borrowed; [size] */
    size_t size;
    float boost; /* natural logarithm, weighed by alpha */
};

enum dsi_scoring_unit {
    DSI_SCORING_WORDS,       /* what spaces separate; the score comes with the space */
    DSI_SCORING_CODE_POINTS, /* labels are bytes */
    DSI_SCORING_LABELS
};

struct dsi_scoring {
    const struct dsi_lm *lm;                 /* borrowed, like all below */
    const struct dsi_dictionary *dictionary; /* NULL: any labels may follow each other */
    const struct dsi_alphabet *alphabet;
    enum dsi_scoring_unit unit;
    double alpha, beta;
    const struct dsi_hot_word *hot_words; /* [n_hot_words], in the order of dsi_hot_word_compare */
    size_t n_hot_words;
    bool is_hot_compatible; /* boost every unit of the n-gram again, and never the last of all */
};

struct dsi_scoring_context {
    struct dsi_lm_state lm;
    unsigned n_known;                   /* units behind the last unknown one, or many */
    float boosts[DSI_LM_MAX_ORDER - 1]; /* of the last units, newest first */
};

/* Contexts by number. */
struct dsi_scoring_pool {
    struct dsi_scoring_context *contexts; /* owned */
    size_t n_contexts, capacity;          /* places used or free again, places there are */
    uint32_t first_free;                  /* chained through n_known */
};

/* Empty; takes a zeroed struct as well. */
void dsi_scoring_pool_reset(struct dsi_scoring_pool *pool);
void dsi_scoring_pool_finish(struct dsi_scoring_pool *pool);

/* Makes `to` equal to `from`. */
enum dsinfer_status dsi_scoring_pool_copy(const struct dsi_scoring_pool *from,
                                          struct dsi_scoring_pool *to);
enum dsinfer_status dsi_scoring_pool_add(struct dsi_scoring_pool *pool,
                                         const struct dsi_scoring_context *context, uint32_t *out);
void dsi_scoring_pool_remove(struct dsi_scoring_pool *pool, uint32_t context);

/* The text of the unit that ends with `node`, then `label` (unless DSI_LABEL_NONE), as far back as
 * the node with which the unit before it ends. Written at the end of `buffer`; returns where it
 * begins; empty if it is too long. */
const char *dsi_scoring_spell(const struct dsi_scoring *scoring, const struct dsi_label_tree *tree,
                              uint32_t node, uint32_t label, char buffer[DSI_SCORING_MAX_UNIT],
                              size_t *size);

/* Length of the code point that begins with this byte; 0: none does. */
size_t dsi_scoring_get_code_point_size(char first);

/* Below 0, 0, or above: the order of hot words. */
int dsi_hot_word_compare(const struct dsi_hot_word *a, const struct dsi_hot_word *b);

/* A log10 score from a file, which may hold anything, within -1e9 to 1e9. */
float dsi_scoring_limit(float score);

/* dsi_lm_score, so limited. */
float dsi_scoring_ask(const struct dsi_scoring *scoring, const struct dsi_lm_state *context,
                      uint32_t word, struct dsi_lm_state *next);

/* labels[0 … n) end with a unit: from which label on the last of its units, as many as make up the
 * context behind them, have to be walked, from no context (but from 0: from the beginning of a
 * sentence). A unit begins there. */
uint32_t dsi_scoring_find_start(const struct dsi_scoring *scoring, const uint32_t *labels,
                                uint32_t n);

/* Of no units: the beginning of a sentence. */
void dsi_scoring_begin(const struct dsi_scoring *scoring, struct dsi_scoring_context *context);

/* alpha * (ln P(unit | context) + boosts), where P is 10^-1000 … of an n-gram with an unknown unit;
 * beta is not in it. `is_last`: nothing follows. *next (NULL: not wanted) is the context behind it.
 */
float dsi_scoring_score(const struct dsi_scoring *scoring,
                        const struct dsi_scoring_context *context, const char *unit, size_t size,
                        bool is_last, struct dsi_scoring_context *next);

#endif
