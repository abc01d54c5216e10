/* From the options of a decoder to what its search asks.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/language.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WEIGHT 1e6

/* Most bytes of a label that an error quotes. */
#define MAX_QUOTE 16

static bool is_weight(double value) {
    return value >= -MAX_WEIGHT && value <= MAX_WEIGHT;
}

/* Fails where the letters of the scorer are not those of the decoder. */
static enum dsinfer_status check_alphabet(const struct dsi_alphabet *scorer,
                                          const struct dsi_alphabet *own,
                                          struct dsinfer_error *err) {
    uint32_t i;

    if (scorer->n_labels != own->n_labels) {
        return dsi_fail(err, DSINFER_ERR_MISMATCH,
                        "the scorer was made for another alphabet: that one has %zu labels, but "
                        "here are %zu",
                        scorer->n_labels, own->n_labels);
    }
    for (i = 0; i < own->n_labels; i++) {
        const char *theirs = dsi_alphabet_get(scorer, i);
        const char *ours = dsi_alphabet_get(own, i);

        if (strcmp(theirs, ours) != 0) {
            return dsi_fail(err, DSINFER_ERR_MISMATCH,
                            "the scorer was made for another alphabet: its label %" PRIu32
                            " is '%.*s', but here it is '%.*s'",
                            i, MAX_QUOTE, theirs, MAX_QUOTE, ours);
        }
    }
    return DSINFER_OK;
}

static int compare_hot_words(const void *a, const void *b) {
    return dsi_hot_word_compare(a, b);
}

/* Copies the hot words, in the order in which they are looked up. */
static enum dsinfer_status copy_hot_words(struct dsi_language *language,
                                          const struct dsinfer_hot_word *words, size_t n,
                                          struct dsinfer_error *err) {
    size_t text_size = 0;
    char *text;
    size_t i;

    if (n == 0) {
        return DSINFER_OK;
    }
    for (i = 0; i < n; i++) {
        if (!words || !words[i].text || !words[i].text[0] || !is_weight((double)words[i].boost)) {
            return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                            "hot word %zu has no text, or a boost that is not -1e6 to 1e6", i + 1);
        }
        if (!dsi_add_size(text_size, strlen(words[i].text), &text_size)) {
            return dsi_fail_memory(err, SIZE_MAX);
        }
    }
    language->text = dsi_malloc(text_size);
    language->hot_words = dsi_calloc(n, sizeof(*language->hot_words));
    if (!language->text || !language->hot_words) {
        return dsi_fail_memory(err, text_size + n * sizeof(*language->hot_words));
    }
    text = language->text;
    for (i = 0; i < n; i++) {
        const size_t size = strlen(words[i].text);

        memcpy(text, words[i].text, size);
        language->hot_words[i] = (struct dsi_hot_word){text, size, words[i].boost};
        text += size;
    }
    qsort(language->hot_words, n, sizeof(*language->hot_words), compare_hot_words);
    for (i = 1; i < n; i++) {
        const struct dsi_hot_word *word = &language->hot_words[i];

        if (dsi_hot_word_compare(word - 1, word) == 0) {
            return dsi_fail(err, DSINFER_ERR_ARGUMENT, "the hot word '%.*s' is there twice",
                            (int)(word->size < MAX_QUOTE ? word->size : MAX_QUOTE), word->text);
        }
    }
    return DSINFER_OK;
}

void dsi_language_get_weights(enum dsinfer_family family, double *alpha, double *beta) {
    *alpha = family == DSINFER_FAMILY_DS01 ? 1.75 : 1.5;
    *beta = family == DSINFER_FAMILY_DS01 ? 1.0 : 2.1;
}

static enum dsinfer_status set_weights(struct dsi_language *language,
                                       const struct dsinfer_decoder_options *options,
                                       enum dsinfer_family family, bool is_tensorflow,
                                       struct dsinfer_error *err) {
    struct dsi_scoring *scoring = &language->scoring;
    double alpha = language->scorer->alpha;
    double beta = language->scorer->beta;

    if (is_tensorflow) {
        dsi_language_get_weights(family, &alpha, &beta);
    }
    /* Upstream keeps weights as float32. */
    scoring->alpha = (double)(float)(isnan(options->alpha) ? alpha : options->alpha);
    scoring->beta = (double)(float)(isnan(options->beta) ? beta : options->beta);
    if (!is_weight(scoring->alpha) || !is_weight(scoring->beta)) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                        "the weights of the language model are %g and %g, not -1e6 to 1e6",
                        scoring->alpha, scoring->beta);
    }
    return DSINFER_OK;
}

static enum dsinfer_status set_dictionary(struct dsi_language *language, bool is_tensorflow,
                                          struct dsinfer_error *err) {
    const struct dsinfer_scorer *scorer = language->scorer;
    struct dsi_scoring *scoring = &language->scoring;
    enum dsinfer_status status;

    scoring->unit = scorer->is_bytes ? DSI_SCORING_CODE_POINTS : DSI_SCORING_WORDS;
    if (!scorer->has_dictionary) {
        return DSINFER_OK;
    }
    scoring->dictionary = &scorer->dictionary;
    if (scorer->dictionary.info.is_anything) {
        scoring->unit = DSI_SCORING_LABELS;
    } else if (is_tensorflow && !scorer->dictionary.info.has_scores) {
        status = dsi_dictionary_expand(&scorer->dictionary, scorer->lm, &scorer->alphabet,
                                       &language->tree, err);
        if (status != DSINFER_OK) {
            return status;
        }
        scoring->dictionary = &language->tree;
    }
    return DSINFER_OK;
}

static enum dsinfer_status check_options(const struct dsinfer_decoder_options *options,
                                         const struct dsi_alphabet *alphabet, bool is_tensorflow,
                                         struct dsinfer_error *err) {
    const struct dsinfer_scorer *scorer = options->scorer;
    enum dsinfer_status status;

    if (!scorer->lm) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                        "the scorer is a dictionary alone; a language model is needed, too");
    }
    status = check_alphabet(&scorer->alphabet, alphabet, err);
    if (status == DSINFER_OK && is_tensorflow && (options->n_hot_words > 0 || scorer->is_bytes)) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                        "the decoder tensorflow knows neither hot words nor bytes output");
    }
    return status;
}

enum dsinfer_status dsi_language_create(const struct dsinfer_decoder_options *options,
                                        const struct dsi_alphabet *alphabet,
                                        enum dsinfer_family family, bool is_tensorflow,
                                        struct dsi_language **out, struct dsinfer_error *err) {
    struct dsi_language *language;
    enum dsinfer_status status;

    *out = NULL;
    if (!options->scorer) {
        return options->n_hot_words > 0 ? dsi_fail(err, DSINFER_ERR_ARGUMENT,
                                                   "hot words need a scorer, and there is none")
                                        : DSINFER_OK;
    }
    status = check_options(options, alphabet, is_tensorflow, err);
    if (status != DSINFER_OK) {
        return status;
    }
    language = dsi_calloc(1, sizeof(*language));
    if (!language) {
        return dsi_fail_memory(err, sizeof(*language));
    }

    atomic_init(&language->n_references, 1);
    language->scorer = dsinfer_scorer_ref(options->scorer);
    language->scoring.lm = language->scorer->lm;
    language->scoring.alphabet = alphabet;
    status = set_weights(language, options, family, is_tensorflow, err);
    if (status == DSINFER_OK) {
        status = copy_hot_words(language, options->hot_words, options->n_hot_words, err);
    }
    if (status == DSINFER_OK) {
        status = set_dictionary(language, is_tensorflow, err);
    }
    if (status != DSINFER_OK) {
        dsi_language_unref(language);
        return status;
    }
    language->scoring.hot_words = language->hot_words;
    language->scoring.n_hot_words = options->n_hot_words;
    language->scoring.is_hot_compatible = options->is_hot_word_compatible != 0;
    *out = language;
    return DSINFER_OK;
}

uint64_t dsi_language_hash(const struct dsi_language *language, uint64_t seed) {
    const struct dsi_scoring *scoring = &language->scoring;
    uint64_t hash = dsi_hash_number(seed, dsi_scorer_get_fingerprint(language->scorer));
    size_t i;

    hash = dsi_hash_double(hash, scoring->alpha);
    hash = dsi_hash_double(hash, scoring->beta);
    hash = dsi_hash_number(hash, scoring->is_hot_compatible);
    for (i = 0; i < scoring->n_hot_words; i++) {
        hash = dsi_hash_compute(hash, scoring->hot_words[i].text, scoring->hot_words[i].size);
        hash = dsi_hash_double(hash, (double)scoring->hot_words[i].boost);
    }
    return hash;
}

struct dsi_language *dsi_language_ref(struct dsi_language *language) {
    if (language) {
        atomic_fetch_add_explicit(&language->n_references, 1, memory_order_relaxed);
    }
    return language;
}

void dsi_language_unref(struct dsi_language *language) {
    if (language &&
        atomic_fetch_sub_explicit(&language->n_references, 1, memory_order_acq_rel) == 1) {
        dsi_dictionary_finish(&language->tree);
        dsi_free(language->hot_words);
        dsi_free(language->text);
        dsinfer_scorer_unref(language->scorer);
        dsi_free(language);
    }
}
