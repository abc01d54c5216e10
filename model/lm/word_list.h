/* Words spelled in labels, to make dictionaries of. Internal to model/lm.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_LM_WORD_LIST_H
#define DSI_LM_WORD_LIST_H

#include "model/lm/dictionary.h"
#include "model/lm/spelling.h"

/* Most bytes of text. */
#define DSI_WORD_LIST_MAX_SIZE ((size_t)1 << 28)

struct dsi_word {
    uint64_t key;           /* the first four labels, so that sorting need rarely look at them */
    const uint32_t *labels; /* each one more than the alphabet's, a 0 behind the last */
    float score;
};

struct dsi_word_list {
    struct dsi_spelling spelling;
    const struct dsi_alphabet *alphabet; /* borrowed; NULL: bytes */
    uint32_t *labels;                    /* owned */
    struct dsi_word *words;              /* owned */
    size_t n_labels, n_words;            /* in use */
};

/* Room for `n_words` words of together `text_size` bytes; no alphabet: bytes mode. */
enum dsinfer_status dsi_word_list_init(struct dsi_word_list *list,
                                       const struct dsi_alphabet *alphabet, size_t text_size,
                                       size_t n_words, struct dsinfer_error *err);

/* Adds a word; false for an empty one, one that the alphabet cannot spell, and
 * <s>, </s>, <unk>. */
bool dsi_word_list_add(struct dsi_word_list *list, const char *text, size_t size, float score);

/* The tree of all words, each prefix with the lowest of its scores. Sorts the list. */
enum dsinfer_status dsi_word_list_make(struct dsi_word_list *list,
                                       struct dsi_dictionary *dictionary,
                                       struct dsinfer_error *err);

void dsi_word_list_finish(struct dsi_word_list *list); /* takes a zeroed struct as well */

#endif
