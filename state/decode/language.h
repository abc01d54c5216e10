/* The language of a decoder: scorer, weights and hot words, checked and ready for a search.
 *
 * Immutable once made, reference-counted: copies of a decoder share it, in whatever thread.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_DECODE_LANGUAGE_H
#define DSI_STATE_DECODE_LANGUAGE_H

#include "model/lm/scorer.h"
#include "state/decode/scoring.h"

#include <dsinfer/decoder.h>

#include <stdatomic.h>

struct dsi_language {
    atomic_size_t n_references;
    struct dsinfer_scorer *scorer; /* a reference */
    struct dsi_dictionary tree; /* owned; the scorer's dictionary as a tree, where it is needed */
    struct dsi_hot_word *hot_words; /* owned */
    char *text;                     /* owned; theirs */
    struct dsi_scoring scoring;
};

/* Makes the language that the options ask for, for labels of `alphabet`, which must outlive it;
 * NULL where they ask for no scorer. The tensorflow search (`is_tensorflow`) has weights of its own
 * for `family`, and needs a tree. */
enum dsinfer_status dsi_language_create(const struct dsinfer_decoder_options *options,
                                        const struct dsi_alphabet *alphabet,
                                        enum dsinfer_family family, bool is_tensorflow,
                                        struct dsi_language **out, struct dsinfer_error *err);

/* Weights of the tensorflow search where none are given. */
void dsi_language_get_weights(enum dsinfer_family family, double *alpha, double *beta);

/* Goes on with `seed`: tells languages apart, by their weights, hot words, and samples of the files
 * of their scorers, which the first call reads. */
uint64_t dsi_language_hash(const struct dsi_language *language, uint64_t seed);

/* Both take NULL. */
struct dsi_language *dsi_language_ref(struct dsi_language *language);
void dsi_language_unref(struct dsi_language *language);

#endif
