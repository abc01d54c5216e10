/* An acoustic model: the network of a DeepSpeech release, its alphabet and its facts.
 *
 * A model is immutable once opened, reference-counted, and safe to use from any number of threads
 * at once. Runners, features and streams made from it hold their own reference, so the order in
 * which things are released is free. The file is mapped, not read: it must not be changed while
 * the model lives.
 *
 * Formats are told by content, never by name: frozen TensorFlow graphs (`.pb`, also the `rounded`
 * ones), memory-mapped packages (`.pbmm`), OpenVINO IRs (`.xml`; the `.bin` of the same name
 * beside it is mapped as well), and packed models (`.dsinfer`, see convert.h), whose weights are
 * used where they lie in the file.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSINFER_MODEL_H
#define DSINFER_MODEL_H

#include <dsinfer/status.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dsinfer_model;

/* A generation of upstream releases with equal front end and decoder. */
enum dsinfer_family {
    DSINFER_FAMILY_UNKNOWN = 0,
    DSINFER_FAMILY_DS01, /* 0.1 */
    DSINFER_FAMILY_DS03, /* 0.2, 0.3 */
    DSINFER_FAMILY_DS04, /* 0.4 */
    DSINFER_FAMILY_DS05, /* 0.5 */
    DSINFER_FAMILY_DS06, /* 0.6 */
    DSINFER_FAMILY_DS07  /* 0.7, 0.8, 0.9, Coqui 1.x */
};

/* "ds03" and so on; "unknown" for anything else. A static string. */
DSINFER_API const char *dsinfer_family_name(enum dsinfer_family family);

/* The reverse; DSINFER_FAMILY_UNKNOWN if `name` is none of them or NULL. */
DSINFER_API enum dsinfer_family dsinfer_family_find(const char *name);

/* Which arithmetic runs the network. All give the same numbers within 2e-5 of each other in the
 * logits of a float32 model. */
enum dsinfer_kernel_level {
    DSINFER_KERNELS_NATIVE = 0, /* the fastest this processor has */
    DSINFER_KERNELS_PORTABLE,   /* plain C for any processor; BLAS for float32 if built with it */
    DSINFER_KERNELS_REFERENCE,  /* the definitions in plain C, slow */
    /* One instruction set and those it builds on; a model is refused with ERR_UNSUPPORTED where
     * this processor, or this build, has not got it. */
    DSINFER_KERNELS_AVX2,   /* AVX2 and FMA */
    DSINFER_KERNELS_AVX512, /* AVX-512 F */
    DSINFER_KERNELS_VNNI,   /* and the VNNI of AVX-512, or of AVX where that is all there is */
    DSINFER_KERNELS_AMX,    /* and AMX, for int8 and bf16 */
    DSINFER_KERNELS_NEON    /* of 64-bit ARM, with its products of bytes where there are any */
};

/* How the weights are kept in memory. The speed of a network is that of reading its weights, so
 * that fewer bits are faster; what they cost is in the README. The first and the last layer, 2 % of
 * the weights, stay as they are in any case, and so do biases. */
enum dsinfer_precision {
    DSINFER_PRECISION_F32 = 0, /* as in the file */
    DSINFER_PRECISION_BF16,    /* rounded to 8 significant bits: half the size */
    DSINFER_PRECISION_INT8     /* integers of -127 to 127 with a scale for each output, and layers'
                                  inputs rounded likewise: a quarter of the size */
};

/* "fp32", "bf16", "int8"; "unknown" for anything else. A static string. */
DSINFER_API const char *dsinfer_precision_name(enum dsinfer_precision precision);

struct dsinfer_model_options {
    size_t size;                       /* of this struct, set by _init */
    enum dsinfer_kernel_level kernels; /* default DSINFER_KERNELS_NATIVE */
    const char *alphabet_path;         /* default NULL: embedded, beside the model, or English */
    enum dsinfer_precision precision;  /* default DSINFER_PRECISION_F32; others need a network of
                                          the usual structure. A packed model has its own, whatever
                                          the default */
};

/* Fills in the defaults. */
DSINFER_API void dsinfer_model_options_init(struct dsinfer_model_options *options);

/* Where the alphabet came from. */
enum dsinfer_alphabet_source {
    DSINFER_ALPHABET_NONE = 0, /* none fits: the network runs, but nothing can be transcribed */
    DSINFER_ALPHABET_OPTION,   /* alphabet_path */
    DSINFER_ALPHABET_BESIDE,   /* alphabet.txt in the model's folder */
    DSINFER_ALPHABET_ENGLISH,  /* built in: blank, a to z, apostrophe, where n_labels is 29 */
    DSINFER_ALPHABET_EMBEDDED  /* in the model (0.6 on) */
};

/* Facts about a model; lent until the model is gone. */
struct dsinfer_model_info {
    enum dsinfer_family family;
    const char *format;   /* "graphdef", "memmapped", "ir" or "packed" */
    uint32_t version;     /* of the graph, as upstream counts; 0 where it does not say (to 0.4) */
    uint32_t sample_rate; /* Hz the front end works at */
    uint32_t window;      /* samples of an analysis window */
    uint32_t step;        /* samples from one to the next */
    uint32_t n_features;  /* values a frame: 26 */
    uint32_t n_context;   /* frames on either side of a window's middle: 9 */
    uint32_t n_cell;      /* width of the LSTM state, h and c each */
    uint32_t n_labels;    /* outputs a frame, blank included (the last one) */
    uint32_t n_steps;     /* windows a call in the file; 0 where the file leaves it open */
    int has_lengths;      /* the graph has an input for sequence lengths */
    int has_softmax;      /* logits are probabilities (0.4 on) */
    int has_state; /* h and c go from call to call; not in 0.1, which takes recordings whole */
    const char *kernels; /* name of the kernels in use, for example "avx2" */
    enum dsinfer_precision precision;
    size_t weights_size;   /* bytes of weights, shared by all runners. A call reads them once, */
    size_t recurrent_size; /* and these of them once for every step */
    enum dsinfer_alphabet_source alphabet_source;
    uint32_t beam_width;  /* that the model was exported with; 0 where it does not say (to 0.6) */
    const char *language; /* as the model says, for example "en-US"; NULL where it does not */
};

/* Opens a model file. On success *model holds one reference, the caller's. On failure *model is
 * NULL. `options` may be NULL. Strings and options are copied.
 * Fails with ERR_IO, ERR_MALFORMED, ERR_UNSUPPORTED, ERR_LIMIT, ERR_NO_MEMORY, ERR_ARGUMENT for
 * options that cannot be, and ERR_MISMATCH for an alphabet with another number of labels and for a
 * packed model that was made for other kernels or another precision. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_model_open(const char *path, const struct dsinfer_model_options *options,
                   struct dsinfer_model **model, struct dsinfer_error *error);

/* The same from `size` bytes in memory, which the caller keeps alive and unchanged as long as the
 * model lives. There is no folder to look for an alphabet in, nor for the `.bin` of an IR, which is
 * therefore refused with ERR_UNSUPPORTED. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_model_open_memory(const void *bytes, size_t size,
                          const struct dsinfer_model_options *options, struct dsinfer_model **model,
                          struct dsinfer_error *error);

/* One more reference, one less. ref returns its argument; unref of the last frees; both take NULL.
 */
DSINFER_API struct dsinfer_model *dsinfer_model_ref(struct dsinfer_model *model);
DSINFER_API void dsinfer_model_unref(struct dsinfer_model *model);

/* The facts about a model. As with stat, struct and function have one name. */
DSINFER_API const struct dsinfer_model_info *dsinfer_model_info(const struct dsinfer_model *model);

/* Text of label `label` (0 to n_labels - 2) as UTF-8, NUL-terminated, lent until the model is gone;
 * NULL for the blank, for other numbers, and where there is no alphabet. */
DSINFER_API const char *dsinfer_model_get_label(const struct dsinfer_model *model, uint32_t label);

#ifdef __cplusplus
}
#endif

#endif
