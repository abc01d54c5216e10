/* The language model in TensorFlow's beam search, as DeepSpeech 0.1 to 0.3 scored with it.
 *
 * A label costs what the score of its prefix loses by it, log10 like all scores of the language
 * model, weighed by alpha, and added to natural logarithms; a prefix that is reached again pays
 * again. Within a word the score is that of the words before plus the lowest score, without
 * context, of a word that begins so; with a space the word gets its own score, and beta if it is
 * known. What a prefix scores depends on its labels alone.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_DECODE_TENSORFLOW_LM_H
#define DSI_STATE_DECODE_TENSORFLOW_LM_H

#include "state/decode/label_tree.h"
#include "state/decode/scoring.h"

#define DSI_TENSORFLOW_OUTSIDE UINT32_MAX

/* What a prefix has said, in an array beside the nodes of the tree. */
struct dsi_tensorflow_words {
    uint32_t state;   /* of the dictionary; DSI_TENSORFLOW_OUTSIDE: no word begins so */
    uint32_t context; /* of the words that ended up to here: goes with the node that ends one */
    uint32_t n_words;
    float words_score; /* of the words that ended, with their bonuses */
    float score;       /* of all */
    float spaced;      /* words_score if a space came; INFINITY: not known */
    float best_cost;   /* highest of all labels that may follow, weighed; INFINITY: not known */
};

struct dsi_tensorflow_lm {
    const struct dsi_scoring *scoring;  /* borrowed; NULL: no language model, and nothing below */
    bool is_first_release;              /* by the rules of 0.1 */
    float outside_score;                /* of the beginning of a word that there is not */
    struct dsi_tensorflow_words *words; /* owned */
    size_t capacity;
    struct dsi_scoring_pool contexts;
};

/* Without a language model (`scoring` NULL) only finish, begin, remove and copy may be called. */
void dsi_tensorflow_lm_init(struct dsi_tensorflow_lm *lm, const struct dsi_scoring *scoring,
                            bool is_first_release);
void dsi_tensorflow_lm_finish(struct dsi_tensorflow_lm *lm);

/* The tree is new. ERR_NO_MEMORY, only the first time. */
enum dsinfer_status dsi_tensorflow_lm_begin(struct dsi_tensorflow_lm *lm,
                                            struct dsi_label_tree *tree);

/* Saving what does not follow from the last words of the root; reading it back. */
void dsi_tensorflow_lm_write(const struct dsi_tensorflow_lm *lm, const struct dsi_label_tree *tree,
                             struct dsi_writer *writer);
void dsi_tensorflow_lm_read(struct dsi_tensorflow_lm *lm, struct dsi_label_tree *tree,
                            struct dsi_reader *reader);

/* What the label of a node that has a parent costs, weighed. */
float dsi_tensorflow_lm_get(const struct dsi_tensorflow_lm *lm, const struct dsi_label_tree *tree,
                            uint32_t node);

/* The highest that the next function may write for `node`; INFINITY before it was called. */
float dsi_tensorflow_lm_get_best(const struct dsi_tensorflow_lm *lm, uint32_t node);

/* Writes what each of the labels below n_labels costs behind `node`, weighed. */
void dsi_tensorflow_lm_list(struct dsi_tensorflow_lm *lm, const struct dsi_label_tree *tree,
                            uint32_t node, uint32_t n_labels, float *costs);

/* What it costs that the audio ends, weighed: the last word, the end of the sentence and, by the
 * rules of 0.2 and 0.3, what makes the whole score the mean of its words. */
float dsi_tensorflow_lm_compute_end(const struct dsi_tensorflow_lm *lm,
                                    const struct dsi_label_tree *tree, uint32_t node);

/* A node is new; is removed. */
enum dsinfer_status dsi_tensorflow_lm_add(struct dsi_tensorflow_lm *lm, struct dsi_label_tree *tree,
                                          uint32_t node);
void dsi_tensorflow_lm_remove(struct dsi_tensorflow_lm *lm, const struct dsi_label_tree *tree,
                              uint32_t node);

/* Makes `to` equal to `from`, whose tree has `n_nodes` places. */
enum dsinfer_status dsi_tensorflow_lm_copy(const struct dsi_tensorflow_lm *from,
                                           struct dsi_tensorflow_lm *to, size_t n_nodes);

#endif
