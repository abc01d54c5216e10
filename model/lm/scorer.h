/* What a scorer is to the searches: its language model, its dictionary, its weights.
 *
 * A package (`.scorer`) is a KenLM binary without strings, cut behind its n-grams, and at once
 *   i32 0x54524945; i32 6; u8 bytes output; f64 alpha; f64 beta; a const FST (fst.c)
 * where the parts of the FST are aligned to 16 from the beginning of the file.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_LM_SCORER_H
#define DSI_LM_SCORER_H

#include "model/lm/dictionary.h"
#include "model/lm/lm.h"
#include "model/lm/spelling.h"

#include <dsinfer/scorer.h>

#include <stdatomic.h>

#define DSI_SCORER_VERSION 6

struct dsinfer_scorer {
    atomic_uint n_references;
    struct dsi_mapped_file file; /* owned; where the language model lies */
    struct dsi_lm *lm;           /* a reference; NULL: a dictionary alone */
    bool has_dictionary;
    struct dsi_dictionary dictionary;
    bool is_bytes;      /* words are code points, label i is byte i + 1 */
    bool has_weights;   /* alpha and beta are the package's */
    double alpha, beta; /* else those of 0.4 to 0.6 */
    struct dsi_alphabet alphabet;
    struct dsi_spelling spelling; /* of the alphabet, or of bytes */
    struct dsinfer_scorer_info info;
    _Atomic uint64_t fingerprint; /* 0: not asked for so far */
};

/* The facts about a language model, package or trie, whatever its alphabet. */
enum dsinfer_status dsi_scorer_describe(struct dsi_bytes bytes, struct dsinfer_scorer_info *info,
                                        struct dsinfer_error *err);

/* Reads a language model or package into a zeroed scorer; there is a dictionary only where the
 * bytes hold one. `bytes` outlive it. NULL: no alphabet is checked. On failure the scorer is to be
 * finished. */
enum dsinfer_status dsi_scorer_read(struct dsinfer_scorer *scorer, struct dsi_bytes bytes,
                                    const struct dsi_alphabet *alphabet, struct dsinfer_error *err);

/* Refuses (ERR_MISMATCH) a dictionary from a file whose words, as the scorer's alphabet spells
 * them, are not those of its language model. It looks at some hundred words. */
enum dsinfer_status dsi_scorer_check_alphabet(const struct dsinfer_scorer *scorer,
                                              struct dsinfer_error *err);

void dsi_scorer_finish(struct dsinfer_scorer *scorer);

/* Tells scorers apart by samples of their language models and dictionaries; the first call reads
 * them. Any thread. */
uint64_t dsi_scorer_get_fingerprint(struct dsinfer_scorer *scorer);

#endif
