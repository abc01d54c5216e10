/* Words as labels: how an alphabet spells a text.
 *
 * A text is cut into the longest labels that fit, from its beginning. In bytes mode the labels are
 * the bytes themselves, less 1, and no alphabet is needed.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_LM_SPELLING_H
#define DSI_LM_SPELLING_H

#include "model/alphabet.h"

struct dsi_spelling_label;

struct dsi_spelling {
    struct dsi_spelling_label *labels; /* owned; by text; NULL in bytes mode */
    size_t n_labels;
    size_t longest;        /* bytes of the longest text */
    uint32_t letters[256]; /* label + 1 of each text of one byte, by that byte; 0: there is none */
};

/* `alphabet` is lent until finish; NULL for bytes mode. */
enum dsinfer_status dsi_spelling_init(struct dsi_spelling *spelling,
                                      const struct dsi_alphabet *alphabet,
                                      struct dsinfer_error *err);

/* Writes the labels of text[0 … size) and their number; false where no label fits or `capacity` is
 * too small. */
bool dsi_spelling_write(const struct dsi_spelling *spelling, const char *text, size_t size,
                        uint32_t *labels, size_t capacity, size_t *n);

void dsi_spelling_finish(struct dsi_spelling *spelling); /* takes a zeroed struct as well */

#endif
