/* The decoder alone: rows of logits in, transcript out. Also the transcript every stream returns.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSINFER_DECODER_H
#define DSINFER_DECODER_H

#include <dsinfer/model.h>
#include <dsinfer/scorer.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dsinfer_decoder;

enum dsinfer_decoder_kind {
    DSINFER_DECODER_DEFAULT = 0, /* the family's: tensorflow for ds01 and ds03, else prefix */
    DSINFER_DECODER_GREEDY,      /* best label of every frame, repeats merged, blanks dropped */
    DSINFER_DECODER_TENSORFLOW,  /* the beam search of TensorFlow, as 0.1 to 0.3 use it */
    DSINFER_DECODER_PREFIX       /* the prefix beam search, as 0.4 to 0.9 and Coqui use it */
};

/* A word that is made likelier, or with a negative boost less likely. */
struct dsinfer_hot_word {
    const char *text; /* as the language model spells it; in bytes output a code point */
    float boost;      /* natural logarithm, weighed by alpha like the language model; -1e6 to 1e6 */
};

/* "greedy", "tensorflow", "prefix"; "default" for DSINFER_DECODER_DEFAULT, "unknown" for anything
 * else. A static string. */
DSINFER_API const char *dsinfer_decoder_kind_name(enum dsinfer_decoder_kind kind);

struct dsinfer_decoder_options {
    size_t size;                    /* of this struct, set by _init */
    enum dsinfer_decoder_kind kind; /* default DSINFER_DECODER_DEFAULT */
    uint32_t beam_width;            /* default 500, 1 to 65536 */
    uint32_t n_candidates; /* default 1, 1 to 1024: transcripts returned, if so many exist */

    /* Language model and dictionary, for the letters of the decoder's alphabet. The decoder takes
     * its own reference. Default NULL: none. Not for the greedy decoder. */
    struct dsinfer_scorer *scorer;

    /* Weights of the language model and of each word (in the tensorflow decoder, of each word that
     * is known). Default NAN: in the prefix decoder the scorer's, in the tensorflow decoder 1.5 and
     * 2.1, for the family ds01 1.75 and 1. -1e6 to 1e6. */
    double alpha, beta;

    /* Of the prefix decoder alone. */
    double cutoff_prob;    /* default 1, 0 to 1: the likeliest labels of a frame are tried until
                              their probabilities sum to this … */
    uint32_t cutoff_top_n; /* … or so many were; default 40, at least 1. Upstream's rule: it counts
                              only where cutoff_prob is below 1 */
    const struct dsinfer_hot_word *hot_words; /* [n_hot_words], copied; different words */
    size_t n_hot_words;                       /* default 0; only with a scorer */
    int is_hot_word_compatible; /* default 0; 1: as 0.9 boosts, every word again for each later word
                                   of the n-gram it is in, but not the last word of all */
};

DSINFER_API void dsinfer_decoder_options_init(struct dsinfer_decoder_options *options);

/* The same, with what a model of these facts makes of the defaults: kind (where its family is
 * known), the beam_width it was exported with, and in the tensorflow decoder alpha and beta. */
DSINFER_API void dsinfer_decoder_options_init_for(struct dsinfer_decoder_options *options,
                                                  const struct dsinfer_model_info *info);

/* One reading of the audio. */
struct dsinfer_candidate {
    const char *text;          /* UTF-8, NUL-terminated; bytes that are no UTF-8 became U+FFFD */
    double score;              /* natural-log probability, with all language model terms (for the
                                  family ds01 and a scorer: no probability) */
    size_t n_labels;           /* characters */
    const uint32_t *labels;    /* [n_labels], label number of each */
    const uint32_t *timesteps; /* [n_labels], frame of the audio at which the search added each;
                                  ascending, but in the family ds05 */
};

struct dsinfer_word {
    const char *text;  /* UTF-8, NUL-terminated */
    double start_s;    /* beginning of its earliest letter's frame, from the start of the audio */
    double end_s;      /* end of its latest letter's frame */
    double confidence; /* 0 to 1: mean posterior of its letters at their frames */
};

/* A view: lent until the next non-const call on the object that gave it. */
struct dsinfer_transcript {
    const char *text;  /* the best candidate's, trimmed of spaces at its ends */
    double confidence; /* score of the best candidate */
    size_t n_words;
    const struct dsinfer_word *words;
    size_t n_candidates;                        /* at least 1 */
    const struct dsinfer_candidate *candidates; /* best first */
    double time_s;                              /* seconds of audio decoded so far */
};

/* What a decoder is fed with. */
struct dsinfer_decoder_input {
    size_t size;                 /* of this struct, set by _init */
    struct dsinfer_model *model; /* default NULL; else alphabet, family and kind of output are its,
                                    and what follows is ignored. The decoder takes a reference */
    const char *alphabet_path;   /* default NULL: English */
    int is_bytes;                /* default 0; 1: bytes output, label i being the byte i + 1 */
    enum dsinfer_family family;  /* default DSINFER_FAMILY_DS03; chooses the default decoder, and by
                                    which release's rules it works */
    int is_probability;          /* default 0: rows hold logits; else probabilities */
};

DSINFER_API void dsinfer_decoder_input_init(struct dsinfer_decoder_input *input);

/* Makes a decoder without frames. `options` may be NULL. Each kind serves every family; the rules
 * of prefix are those of ds07 where the family's releases had another decoder, those of tensorflow
 * are ds03's. Fails with ERR_ARGUMENT, ERR_NO_MEMORY, ERR_UNSUPPORTED where the family is unknown
 * and no kind is named, or a model has no alphabet, ERR_MISMATCH for a scorer of another alphabet,
 * ERR_LIMIT for a dictionary too large for tensorflow, and as the alphabet's file does. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_decoder_create(const struct dsinfer_decoder_input *input,
                       const struct dsinfer_decoder_options *options,
                       struct dsinfer_decoder **decoder, struct dsinfer_error *error);

/* Labels with the blank: the length of a row. */
DSINFER_API size_t dsinfer_decoder_get_n_labels(const struct dsinfer_decoder *decoder);

/* Takes `n_frames` rows [n_frames][n_labels]; any number, 0 included, and any floats: NaN stands
 * for an impossible label. Fails with ERR_ARGUMENT, and with ERR_NO_MEMORY or ERR_LIMIT (512 MiB
 * for a decoder); after these two the decoder can only be reset or destroyed, all else is
 * ERR_STATE. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_decoder_feed(struct dsinfer_decoder *decoder, const float *rows, size_t n_frames);

/* What would be said if the audio ended here; the search goes on undisturbed, also after
 * ERR_NO_MEMORY. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_decoder_get_transcript(struct dsinfer_decoder *decoder,
                               struct dsinfer_transcript *transcript);

/* As new. */
DSINFER_API void dsinfer_decoder_reset(struct dsinfer_decoder *decoder);
DSINFER_API void dsinfer_decoder_destroy(struct dsinfer_decoder *decoder);

#ifdef __cplusplus
}
#endif

#endif
