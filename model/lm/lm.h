/* N-gram language models: KenLM's binary files (format 5, all six types) and ARPA text.
 *
 * A model is immutable, reference-counted and safe from any thread. Binary files are mapped and
 * read where they lie: opening touches a few pages only, and nothing in them is believed; whatever
 * they hold, a score is a float and an index stays inside the file.
 *
 * Probabilities are log10, as in the files. A state is the context of the next word: at most
 * order - 1 words, most recent first, with their backoffs.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_LM_LM_H
#define DSI_LM_LM_H

#include "runtime/base/mapped_file.h"

#include <dsinfer/status.h>

#include <stdbool.h>

#define DSI_LM_MAX_ORDER 6

/* Index of words the model does not know, and of <unk>. */
#define DSI_LM_UNKNOWN 0

struct dsi_lm;

struct dsi_lm_state {
    uint32_t length; /* words in use, 0 to order - 1 */
    uint32_t words[DSI_LM_MAX_ORDER - 1];
    float backoffs[DSI_LM_MAX_ORDER - 1];
};

struct dsi_lm_info {
    unsigned order;   /* 2 to DSI_LM_MAX_ORDER */
    const char *type; /* "probing", "rest probing", "trie", "quantised trie", "array trie",
                         "quantised array trie", "arpa" */
    uint64_t counts[DSI_LM_MAX_ORDER]; /* n-grams of each order, as the file says */
    uint32_t n_words;                  /* word indices are below this; <unk> is one of them */
    bool has_strings;                  /* the file holds its words as text */
};

/* Whether the bytes begin like a language model. */
bool dsi_lm_probe(struct dsi_bytes bytes);

/* Opens a file of either kind, told by content. */
enum dsinfer_status dsi_lm_open(const char *path, struct dsi_lm **out, struct dsinfer_error *err);

/* The same from `bytes`, which must outlive it; *end gets the offset behind the n-grams of a binary
 * model (where a scorer package goes on), the end of ARPA text. */
enum dsinfer_status dsi_lm_open_bytes(struct dsi_bytes bytes, struct dsi_lm **out, size_t *end,
                                      struct dsinfer_error *err);

struct dsi_lm *dsi_lm_ref(struct dsi_lm *lm);
void dsi_lm_unref(struct dsi_lm *lm); /* takes NULL */

const struct dsi_lm_info *dsi_lm_get_info(const struct dsi_lm *lm);

/* Index of a word, DSI_LM_UNKNOWN for words that are not there. */
uint32_t dsi_lm_find_word(const struct dsi_lm *lm, const char *word, size_t size);

/* Bytes of the text of all words in index order, each with its NUL; empty without has_strings. */
struct dsi_bytes dsi_lm_get_strings(const struct dsi_lm *lm);

/* The context at the beginning of a sentence (behind <s>), and no context at all. */
void dsi_lm_get_begin(const struct dsi_lm *lm, struct dsi_lm_state *state);
void dsi_lm_get_null(struct dsi_lm_state *state);

/* log10 of the probability of `word` behind `context`; *next (which may not be `context`) becomes
 * the context behind it, *n_matched the length of the n-gram found. Both may be NULL. */
float dsi_lm_score(const struct dsi_lm *lm, const struct dsi_lm_state *context, uint32_t word,
                   struct dsi_lm_state *next, unsigned *n_matched);

#endif
