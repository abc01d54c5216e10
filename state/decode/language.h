/* The language of a decoder: scorer, weights and hot words, checked and ready for a search.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_DECODE_LANGUAGE_H
#define DSI_STATE_DECODE_LANGUAGE_H

#include "model/lm/scorer.h"
#include "state/decode/scoring.h"

#include <dsinfer/decoder.h>

struct dsi_language {
    struct dsinfer_scorer *scorer; /* a reference; NULL: none, and nothing below */
    struct dsi_dictionary tree; /* owned; the scorer's dictionary as a tree, where it is needed */
    struct dsi_hot_word *hot_words; /* owned */
    char *text;                     /* owned; theirs */
    struct dsi_scoring scoring;
};

/* Makes the language that the options ask for, for labels of `alphabet`, which must outlive it. The
 * tensorflow search (`is_tensorflow`) has weights of its own for `family`, and needs a tree. On
 * failure *language is as after finish. */
enum dsinfer_status dsi_language_init(struct dsi_language *language,
                                      const struct dsinfer_decoder_options *options,
                                      const struct dsi_alphabet *alphabet,
                                      enum dsinfer_family family, bool is_tensorflow,
                                      struct dsinfer_error *err);

void dsi_language_finish(struct dsi_language *language); /* takes a zeroed struct as well */

#endif
