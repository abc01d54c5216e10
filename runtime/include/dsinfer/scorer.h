/* A scorer: a language model and the dictionary of the words that may be said.
 *
 * It comes as a package (`.scorer`, 0.7 to 0.9 and Coqui), as a language model (KenLM binary of any
 * type, or ARPA text) with a `trie` (versions 1 to 5, 0.1 to 0.6), or as a language model alone,
 * whose own words then make the dictionary. Kinds are told by content, never by name.
 *
 * A scorer is immutable once opened, reference-counted, and safe to use from any number of threads
 * at once. Its files are mapped, not read: they must not be changed while it lives.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSINFER_SCORER_H
#define DSINFER_SCORER_H

#include <dsinfer/model.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dsinfer_scorer;

/* The longest n-grams there are. */
#define DSINFER_SCORER_MAX_ORDER 6

/* The alphabet is the file's, else the model's, else the bytes or English letters, whichever the
 * package is made for. */
struct dsinfer_scorer_options {
    size_t size;                       /* of this struct, set by _init */
    const char *trie_path;             /* default NULL: the package's, or the model's own words */
    const char *alphabet_path;         /* default NULL */
    const struct dsinfer_model *model; /* default NULL */
    int is_bytes;                      /* default 0; 1: bytes output, there is no alphabet */
    int without_dictionary;            /* default 0; 1: language model alone, for scoring text */
    const char **failed_path;          /* default NULL; gets the path, one of the above or that of
                                          the scorer, of the file that was refused */
};

DSINFER_API void dsinfer_scorer_options_init(struct dsinfer_scorer_options *options);

/* Facts about a scorer; lent until it is gone. */
struct dsinfer_scorer_info {
    const char *format; /* "scorer", "kenlm", "arpa", or "trie" for a dictionary alone */

    /* The language model. */
    uint32_t order;   /* 2 to DSINFER_SCORER_MAX_ORDER; 0: there is none */
    const char *type; /* "probing", "rest probing", "trie", "quantised trie", "array trie",
                         "quantised array trie" or "arpa"; NULL where there is none */
    uint64_t counts[DSINFER_SCORER_MAX_ORDER]; /* n-grams of each order, as the file says */
    int has_words;                             /* the file holds its words as text */

    /* The dictionary. */
    const char *dictionary; /* "scorer", "trie version 1" to "trie version 5" or "language model":
                               where it came from; NULL where there is none */
    uint32_t n_states, n_arcs; /* both 0 where any labels may follow each other */

    int is_bytes;       /* labels are bytes, words are code points */
    int has_weights;    /* the package has weights of its own */
    double alpha, beta; /* those, or 0.75 and 1.85, the ones of 0.4 to 0.6 */
};

/* Opens a scorer. `path` may be NULL where there is a trie_path: a dictionary alone. `options` may
 * be NULL. On success *scorer holds one reference, the caller's; on failure it is NULL. What the
 * options name is not needed afterwards.
 * Fails with ERR_IO, ERR_MALFORMED, ERR_UNSUPPORTED, ERR_LIMIT, ERR_NO_MEMORY, and ERR_MISMATCH for
 * a dictionary of another alphabet, as far as the file tells. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_scorer_open(const char *path, const struct dsinfer_scorer_options *options,
                    struct dsinfer_scorer **scorer, struct dsinfer_error *error);

/* One more reference, one less. ref returns its argument; unref of the last frees; both take NULL.
 */
DSINFER_API struct dsinfer_scorer *dsinfer_scorer_ref(struct dsinfer_scorer *scorer);
DSINFER_API void dsinfer_scorer_unref(struct dsinfer_scorer *scorer);

DSINFER_API const struct dsinfer_scorer_info *
dsinfer_scorer_get_info(const struct dsinfer_scorer *scorer);

/* What the language model says of one word of a sentence. */
struct dsinfer_word_score {
    const char *text; /* into the sentence, not NUL-terminated; "</s>" for its end */
    size_t size;      /* bytes */
    float log10;      /* of the probability behind the words before it */
    uint32_t n_gram;  /* length of the n-gram that matched, 1 to the order */
    int is_unknown;   /* never set for the end of the sentence */
};

/* Scores the words of sentence[0 … size), which blanks separate. `has_begin`: it begins behind <s>;
 * `has_end`: </s> is scored as its last word. Writes as many as there is room for, and the number
 * of all of them to *n_words (size / 2 + 2 at most); *total (may be NULL) is the sum of all.
 * ERR_STATE where there is no language model. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_scorer_score(const struct dsinfer_scorer *scorer, const char *sentence, size_t size,
                     int has_begin, int has_end, struct dsinfer_word_score *words, size_t capacity,
                     size_t *n_words, float *total);

/* Looks text[0 … size) up in the dictionary: is it a word, is it the beginning of one (every word
 * is)? ERR_STATE where there is no dictionary. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_scorer_look_up(const struct dsinfer_scorer *scorer, const char *text, size_t size,
                       int *is_word, int *is_prefix);

/* Writing a package. */
struct dsinfer_scorer_build_options {
    size_t size;               /* of this struct, set by _init */
    const char *lm_path;       /* a KenLM binary, or a package whose dictionary is left out */
    const char *vocab_path;    /* the words, separated by blanks and line ends */
    const char *alphabet_path; /* default NULL: English */
    int is_bytes;              /* default 0; 1: for bytes output, no alphabet */
    double alpha, beta;        /* defaults 0.931289039105002, 1.1834137581510284: upstream's for its
                                  English model; stored as float32 */
    const char **failed_path;  /* as for opening */
};

struct dsinfer_scorer_build_result {
    uint64_t n_words;          /* different ones in the dictionary */
    uint64_t n_skipped;        /* that the alphabet cannot spell */
    uint32_t n_states, n_arcs; /* of the dictionary */
};

DSINFER_API void dsinfer_scorer_build_options_init(struct dsinfer_scorer_build_options *options);

/* Takes the next bytes of the package; returns 0 where they could not be written, which ends the
 * building. */
typedef int (*dsinfer_write_function)(void *user, const void *bytes, size_t size);

/* Builds a package as DeepSpeech 0.7 to 0.9 read it and hands it to `write` piece by piece.
 * `result` may be NULL. ERR_IO where `write` failed. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_scorer_build(const struct dsinfer_scorer_build_options *options,
                     dsinfer_write_function write, void *user,
                     struct dsinfer_scorer_build_result *result, struct dsinfer_error *error);

#ifdef __cplusplus
}
#endif

#endif
