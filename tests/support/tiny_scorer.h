/* Scorers small enough to reckon with by hand: two words of letters, two characters in bytes
 * output.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_SUPPORT_TINY_SCORER_H
#define TESTS_SUPPORT_TINY_SCORER_H

#include "model/lm/scorer.h"
#include "runtime/base/alloc.h"

#include <string.h>

/* log10 of what may follow: <s> ab -0.4, ab cd -0.5, cd ab -0.6, cd </s> -0.3. */
static const char TEST_TINY_WORDS[] = "\\data\\\n"
                                      "ngram 1=5\nngram 2=4\n\n"
                                      "\\1-grams:\n-2\t<unk>\n0\t<s>\t-0.3\n-1\t</s>\n"
                                      "-0.7\tab\t-0.2\n-0.8\tcd\t-0.1\n\n"
                                      "\\2-grams:\n-0.4\t<s> ab\n-0.5\tab cd\n-0.6\tcd ab\n"
                                      "-0.3\tcd </s>\n\n"
                                      "\\end\\\n";

static const char TEST_TINY_BYTES[] =
    "\\data\\\n"
    "ngram 1=5\nngram 2=3\n\n"
    "\\1-grams:\n-2\t<unk>\n0\t<s>\t-0.3\n-1\t</s>\n"
    "-0.7\ta\t-0.2\n-0.8\t\xc3\xa9\t-0.1\n\n"
    "\\2-grams:\n-0.4\t<s> a\n-0.5\ta \xc3\xa9\n-0.3\t\xc3\xa9 a\n\n"
    "\\end\\\n";

/* One reference, the caller's; NULL without memory. */
static inline struct dsinfer_scorer *test_make_tiny_scorer(bool is_bytes) {
    const char *const text = is_bytes ? TEST_TINY_BYTES : TEST_TINY_WORDS;
    const struct dsi_bytes bytes = {(const uint8_t *)text, strlen(text)};
    struct dsinfer_scorer *scorer = dsi_calloc(1, sizeof(*scorer));

    if (!scorer) {
        return NULL;
    }
    atomic_init(&scorer->n_references, 1);
    scorer->is_bytes = is_bytes;
    if ((is_bytes ? dsi_alphabet_init_bytes(&scorer->alphabet)
                  : dsi_alphabet_init_english(&scorer->alphabet)) != DSINFER_OK ||
        dsi_scorer_read(scorer, bytes, NULL, NULL) != DSINFER_OK ||
        dsi_dictionary_build(&scorer->dictionary, scorer->lm, is_bytes ? NULL : &scorer->alphabet,
                             NULL) != DSINFER_OK) {
        dsinfer_scorer_unref(scorer);
        return NULL;
    }
    scorer->has_dictionary = true;
    return scorer;
}

#endif
