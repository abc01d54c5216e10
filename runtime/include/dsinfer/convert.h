/* Converting models: to OpenVINO IR (`.xml` and `.bin`); frozen graphs (`.pb`) to memory-mapped
 * packages (`.pbmm`) and back, where all but the place of large constants stays; and any of them to
 * packed models (`.dsinfer`), whose weights lie as the kernels of one kind of processor read them,
 * in one precision: opened in a moment, and shared by all processes that use it.
 *
 * A conversion is made from a model file and options in the syntax of Model Optimizer; what is not
 * given is found in the model. It can then be looked at and written, in any order, any number of
 * times. The same file and options give the same bytes.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSINFER_CONVERT_H
#define DSINFER_CONVERT_H

#include <dsinfer/model.h>
#include <dsinfer/status.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dsinfer_conversion;

/* Type of weights that are not quantized, and in version 10 of all values. */
enum dsinfer_convert_type { DSINFER_CONVERT_FP32 = 0, DSINFER_CONVERT_FP16 };

enum dsinfer_convert_format {
    DSINFER_CONVERT_IR = 0,
    DSINFER_CONVERT_PB,
    DSINFER_CONVERT_PBMM,
    DSINFER_CONVERT_PACKED /* .dsinfer: ready to run on one kind of processor */
};

/* Texts are those of Model Optimizer's flags of the same names; NULL: found in the model. */
struct dsinfer_convert_options {
    size_t size;             /* of this struct, set by _init */
    const char *input;       /* "[IN:]name[:OUT][shape]{type}->value,…" */
    const char *input_shape; /* "[1,16,19,26],[1,2048],…", one for each input */
    const char *output;      /* "name,[IN:]name[:OUT],…" */
    const char *freeze;      /* freeze_placeholder_with_value: "name->value,…" */
    const char *model_name;  /* default "model"; stands in the .xml */
    int ir_version;          /* 10 or 11; default 10 */
    enum dsinfer_convert_type type;
    enum dsinfer_convert_format format; /* only model_name belongs to others than IR, too */
    int is_int8;     /* weights, but the first layer's, as int8 with a scale for each output */
    int is_stateful; /* the engine keeps h and c; they are no inputs and outputs */

    /* Of DSINFER_CONVERT_PACKED: what the model is to run with. */
    enum dsinfer_precision precision;  /* default DSINFER_PRECISION_F32 */
    enum dsinfer_kernel_level kernels; /* default DSINFER_KERNELS_NATIVE */
};

/* Fills in the defaults. */
DSINFER_API void dsinfer_convert_options_init(struct dsinfer_convert_options *options);

/* Reads the model at `path` and finds out what is to be written. Strings and options are copied;
 * the file must not be changed while the conversion lives. `options` may be NULL. On failure
 * *conversion is NULL. Fails with ERR_ARGUMENT for options that do not fit the model, and as
 * dsinfer_model_open does. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_conversion_create(const char *path, const struct dsinfer_convert_options *options,
                          struct dsinfer_conversion **conversion, struct dsinfer_error *error);

/* Takes NULL. */
DSINFER_API void dsinfer_conversion_destroy(struct dsinfer_conversion *conversion);

#define DSINFER_CONVERT_MAX_RANK 4

/* An input or output of what is written. */
struct dsinfer_convert_port {
    const char *role; /* "windows", "h", "c", "lengths"; "logits", "new_h", "new_c"; "" */
    const char *name; /* of the tensor; "NAME:0" names it, too */
    int is_output;
    size_t rank;
    int64_t dims[DSINFER_CONVERT_MAX_RANK]; /* -1: left open */
};

/* Port `i`, inputs first; NULL after the last. Lent until destroy, as all that follows. A package
 * or frozen graph of which no roles are known has none. */
DSINFER_API const struct dsinfer_convert_port *
dsinfer_conversion_get_port(const struct dsinfer_conversion *conversion, size_t i);

/* Remark `i`: something was not as the options say, or will surprise; NULL after the last. */
DSINFER_API const char *dsinfer_conversion_get_note(const struct dsinfer_conversion *conversion,
                                                    size_t i);

/* What pass `i` over the graph did: "cut: 163 nodes become 167: …"; NULL after the last. */
DSINFER_API const char *dsinfer_conversion_get_pass(const struct dsinfer_conversion *conversion,
                                                    size_t i);

/* The flags, quoted for a shell, that say all of this explicitly. */
DSINFER_API const char *dsinfer_conversion_get_flags(const struct dsinfer_conversion *conversion);

/* True if a `->` seems to have been taken by the shell, which then sends standard output to a file
 * the user did not mean. */
DSINFER_API int dsinfer_conversion_is_redirected(const struct dsinfer_conversion *conversion);

/* Ending of file `i`, ".xml", ".bin", ".pb", ".pbmm", ".dsinfer"; NULL after the last. */
DSINFER_API const char *dsinfer_conversion_get_ending(const struct dsinfer_conversion *conversion,
                                                      size_t i);

/* Writes file `i`: hands its bytes in order to `write`, which returns 0 when it took all `size` of
 * them. Fails with ERR_IO when it does not, ERR_ARGUMENT for a file that is none, and
 * ERR_NO_MEMORY. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_conversion_write(const struct dsinfer_conversion *conversion, size_t i,
                         int (*write)(void *user, const void *bytes, size_t size), void *user,
                         struct dsinfer_error *error);

#ifdef __cplusplus
}
#endif

#endif
