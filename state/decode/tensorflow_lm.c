/* Word by word, in float32 and in upstream's order of additions.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/tensorflow_lm.h"

#include "state/decode/grow.h"

#include "runtime/base/alloc.h"

#include <math.h>
#include <string.h>

/* Of the beginning of a word that is not in the dictionary, in 0.2 and 0.3. */
#define OUTSIDE_SCORE (-10.0f)

/* What 0.1 adds for every word. */
#define WORD_BONUS 1.0f

static const struct dsi_lm_state *get_context(const struct dsi_tensorflow_lm *lm, uint32_t node) {
    return &lm->contexts.contexts[lm->words[node].context].lm;
}

static bool is_space(const struct dsi_scoring *scoring, uint32_t label) {
    return scoring->alphabet->has_space && label == scoring->alphabet->space;
}

void dsi_tensorflow_lm_init(struct dsi_tensorflow_lm *lm, const struct dsi_scoring *scoring,
                            bool is_first_release) {
    struct dsi_lm_state none;

    memset(lm, 0, sizeof(*lm));
    lm->scoring = scoring;
    lm->is_first_release = is_first_release;
    lm->outside_score = OUTSIDE_SCORE;
    if (scoring && is_first_release) {
        dsi_lm_get_null(&none);
        lm->outside_score = dsi_scoring_ask(scoring, &none, DSI_LM_UNKNOWN, NULL);
    }
}

void dsi_tensorflow_lm_finish(struct dsi_tensorflow_lm *lm) {
    dsi_free(lm->words);
    dsi_scoring_pool_finish(&lm->contexts);
    memset(lm, 0, sizeof(*lm));
}

static enum dsinfer_status reserve(struct dsi_tensorflow_lm *lm, size_t n) {
    struct dsi_tensorflow_words *words = dsi_grow(lm->words, &lm->capacity, n, sizeof(*words));

    if (!words) {
        return DSINFER_ERR_NO_MEMORY;
    }
    lm->words = words;
    return DSINFER_OK;
}

/* What a prefix has said that ends with its n-th word. */
static struct dsi_tensorflow_words begin_word(const struct dsi_tensorflow_lm *lm, uint32_t n,
                                              float score) {
    const struct dsi_dictionary *dictionary = lm->scoring->dictionary;

    return (struct dsi_tensorflow_words){
        .state = dictionary ? dictionary->start : DSI_TENSORFLOW_OUTSIDE,
        .n_words = n,
        .words_score = score,
        .score = score,
        .spaced = INFINITY,
        .best_cost = INFINITY,
    };
}

enum dsinfer_status dsi_tensorflow_lm_begin(struct dsi_tensorflow_lm *lm,
                                            struct dsi_label_tree *tree) {
    const struct dsi_scoring *scoring = lm->scoring;
    struct dsi_scoring_context context;
    enum dsinfer_status status;

    if (!scoring) {
        return DSINFER_OK;
    }
    status = reserve(lm, 1);
    if (status != DSINFER_OK) {
        return status;
    }
    lm->words[tree->root] = begin_word(lm, 0, 0.0f);
    tree->nodes[tree->root].ends_unit = true;
    dsi_scoring_begin(scoring, &context);
    dsi_scoring_pool_reset(&lm->contexts);
    return dsi_scoring_pool_add(&lm->contexts, &context, &lm->words[tree->root].context);
}

/* log10 probability of the word that ends with `node`; *next as for dsi_lm_score. */
static float score_word(const struct dsi_tensorflow_lm *lm, const struct dsi_label_tree *tree,
                        uint32_t node, bool *is_known, struct dsi_lm_state *next) {
    const struct dsi_scoring *scoring = lm->scoring;
    char buffer[DSI_SCORING_MAX_UNIT];
    size_t size;
    const char *text = dsi_scoring_spell(scoring, tree, node, DSI_LABEL_NONE, buffer, &size);
    const uint32_t word = dsi_lm_find_word(scoring->lm, text, size);

    *is_known = word != DSI_LM_UNKNOWN;
    return dsi_scoring_ask(scoring, get_context(lm, node), word, next);
}

/* Score of the words if a space came behind `node`. */
static float get_spaced(struct dsi_tensorflow_lm *lm, const struct dsi_label_tree *tree,
                        uint32_t node) {
    struct dsi_tensorflow_words *own = &lm->words[node];
    bool is_known;
    float score;

    if (own->spaced == INFINITY) {
        score = score_word(lm, tree, node, &is_known, NULL);
        own->spaced = own->words_score;
        own->spaced += is_known ? (float)lm->scoring->beta : 0.0f;
        own->spaced += lm->is_first_release ? WORD_BONUS : 0.0f;
        own->spaced += score;
    }
    return own->spaced;
}

/* What the prefix `parent` has said after a label that is no space. */
static struct dsi_tensorflow_words say_letter(const struct dsi_tensorflow_lm *lm, uint32_t parent,
                                              uint32_t label) {
    const struct dsi_dictionary *dictionary = lm->scoring->dictionary;
    struct dsi_tensorflow_words words = lm->words[parent];
    float score = lm->outside_score;

    words.spaced = INFINITY;
    words.best_cost = INFINITY;
    if (words.state != DSI_TENSORFLOW_OUTSIDE &&
        dsi_dictionary_find(dictionary, words.state, label, &words.state)) {
        score = dsi_scoring_limit(dsi_dictionary_get_score(dictionary, words.state));
    } else {
        words.state = DSI_TENSORFLOW_OUTSIDE;
    }
    words.score = score + words.words_score;
    return words;
}

float dsi_tensorflow_lm_get(const struct dsi_tensorflow_lm *lm, const struct dsi_label_tree *tree,
                            uint32_t node) {
    const float before = lm->words[tree->nodes[node].parent].score;

    return (float)lm->scoring->alpha * (lm->words[node].score - before);
}

/* What a letter costs behind `own` that makes the beginning of a word with that score. */
static float weigh_letter(const struct dsi_tensorflow_lm *lm,
                          const struct dsi_tensorflow_words *own, float score) {
    return (float)lm->scoring->alpha * (score + own->words_score - own->score);
}

float dsi_tensorflow_lm_get_best(const struct dsi_tensorflow_lm *lm, uint32_t node) {
    return lm->words[node].best_cost;
}

void dsi_tensorflow_lm_list(struct dsi_tensorflow_lm *lm, const struct dsi_label_tree *tree,
                            uint32_t node, uint32_t n_labels, float *costs) {
    const struct dsi_scoring *scoring = lm->scoring;
    const struct dsi_dictionary *dictionary = scoring->dictionary;
    struct dsi_tensorflow_words *own = &lm->words[node];
    float score = lm->outside_score;
    uint32_t arc = 0;
    uint32_t end = 0;
    uint32_t label, state;

    if (own->state != DSI_TENSORFLOW_OUTSIDE && dictionary->info.is_anything) {
        score = dsi_dictionary_get_score(dictionary, own->state);
    } else if (own->state != DSI_TENSORFLOW_OUTSIDE) {
        dsi_dictionary_get_arcs(dictionary, own->state, &arc, &end);
    }
    own->best_cost = weigh_letter(lm, own, score);
    for (label = 0; label < n_labels; label++) {
        costs[label] = own->best_cost;
    }
    for (; arc < end; arc++) {
        dsi_dictionary_get_arc(dictionary, arc, &label, &state);
        if (--label < n_labels) {
            score = dsi_scoring_limit(dsi_dictionary_get_score(dictionary, state));
            costs[label] = weigh_letter(lm, own, score);
            own->best_cost = fmaxf(own->best_cost, costs[label]);
        }
    }
    if (scoring->alphabet->has_space) {
        label = scoring->alphabet->space;
        costs[label] = (float)scoring->alpha * (get_spaced(lm, tree, node) - own->score);
        own->best_cost = fmaxf(own->best_cost, costs[label]);
    }
}

float dsi_tensorflow_lm_compute_end(const struct dsi_tensorflow_lm *lm,
                                    const struct dsi_label_tree *tree, uint32_t node) {
    const struct dsi_tensorflow_words *own = &lm->words[node];
    const uint32_t end = dsi_lm_find_word(lm->scoring->lm, "</s>", 4);
    const float alpha = (float)lm->scoring->alpha;
    struct dsi_lm_state context = *get_context(lm, node);
    float added = 0.0f;
    float score, loss;
    bool is_known;

    if (!tree->nodes[node].ends_unit) {
        added = score_word(lm, tree, node, &is_known, &context);
    }
    added += dsi_scoring_ask(lm->scoring, &context, end, NULL);
    score = own->words_score + added;
    loss = score - own->score;
    if (lm->is_first_release) {
        return alpha * loss;
    }
    score += alpha * loss;
    return own->n_words > 0 ? score / (float)own->n_words - score : loss;
}

enum dsinfer_status dsi_tensorflow_lm_add(struct dsi_tensorflow_lm *lm, struct dsi_label_tree *tree,
                                          uint32_t node) {
    const uint32_t parent = tree->nodes[node].parent;
    const uint32_t label = tree->nodes[node].label;
    struct dsi_scoring_context context;
    enum dsinfer_status status = reserve(lm, tree->n_nodes);
    bool is_known;

    if (status != DSINFER_OK) {
        return status;
    }
    if (!is_space(lm->scoring, label)) {
        lm->words[node] = say_letter(lm, parent, label);
        return DSINFER_OK;
    }
    lm->words[node] = begin_word(lm, lm->words[parent].n_words + 1, get_spaced(lm, tree, parent));
    memset(&context, 0, sizeof(context));
    (void)score_word(lm, tree, parent, &is_known, &context.lm);
    status = dsi_scoring_pool_add(&lm->contexts, &context, &lm->words[node].context);
    tree->nodes[node].ends_unit = status == DSINFER_OK;
    return status;
}

void dsi_tensorflow_lm_remove(struct dsi_tensorflow_lm *lm, const struct dsi_label_tree *tree,
                              uint32_t node) {
    if (lm->scoring && tree->nodes[node].ends_unit) {
        dsi_scoring_pool_remove(&lm->contexts, lm->words[node].context);
    }
}

enum dsinfer_status dsi_tensorflow_lm_copy(const struct dsi_tensorflow_lm *from,
                                           struct dsi_tensorflow_lm *to, size_t n_nodes) {
    enum dsinfer_status status;

    if (!from->scoring) {
        return DSINFER_OK;
    }
    status = reserve(to, n_nodes);
    if (status != DSINFER_OK) {
        return status;
    }
    memcpy(to->words, from->words, n_nodes * sizeof(*to->words));
    return dsi_scoring_pool_copy(&from->contexts, &to->contexts);
}

void dsi_tensorflow_lm_write(const struct dsi_tensorflow_lm *lm, const struct dsi_label_tree *tree,
                             struct dsi_writer *writer) {
    if (lm->scoring) {
        dsi_writer_put_float(writer, lm->words[tree->root].words_score);
    }
}

/* Says the words of the root again, from the label `first` on. */
static void say_again(struct dsi_tensorflow_lm *lm, struct dsi_label_tree *tree, uint32_t first,
                      struct dsi_reader *reader) {
    const uint32_t n = tree->nodes[tree->root].depth;
    uint32_t node = tree->root;
    uint32_t i;

    dsi_label_tree_rewind(tree, first);
    if (first > 0) {
        dsi_lm_get_null(&lm->contexts.contexts[lm->words[node].context].lm);
    }
    for (i = first; i < n && reader->status == DSINFER_OK; i++) {
        if (dsi_reader_check(
                reader, dsi_label_tree_add(tree, node, DSI_LABEL_NONE, tree->labels[i], &node))) {
            dsi_reader_check(reader, dsi_tensorflow_lm_add(lm, tree, node));
        }
    }
    while (tree->root != node && reader->status == DSINFER_OK) {
        dsi_tensorflow_lm_remove(lm, tree, tree->root);
        dsi_reader_check(reader, dsi_label_tree_advance(tree));
    }
}

void dsi_tensorflow_lm_read(struct dsi_tensorflow_lm *lm, struct dsi_label_tree *tree,
                            struct dsi_reader *reader) {
    const struct dsi_scoring *scoring = lm->scoring;
    struct dsi_tensorflow_words *words;
    uint32_t i, n;
    float score;

    if (!scoring) {
        return;
    }
    score = dsi_reader_take_float(reader, -DSI_SEARCH_MAX_SCORE, DSI_SEARCH_MAX_SCORE,
                                  "the score of the words that are certain");
    n = tree->nodes[tree->root].depth;
    if (reader->status == DSINFER_OK && n > 0 && !is_space(scoring, tree->labels[n - 1])) {
        dsi_reader_fail(reader, "the labels that are certain do not end with a word");
    }
    if (reader->status == DSINFER_OK) {
        say_again(lm, tree, dsi_scoring_find_start(scoring, tree->labels, n), reader);
    }
    if (reader->status != DSINFER_OK) {
        return;
    }
    words = &lm->words[tree->root];
    words->words_score = score;
    words->score = score;
    words->n_words = 0;
    for (i = 0; i < n; i++) {
        words->n_words += is_space(scoring, tree->labels[i]);
    }
}
