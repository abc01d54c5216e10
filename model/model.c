/* Opening a model: read the graph, find the roles, make the network and its plan, find an alphabet.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/model.h"

#include "model/bidirectional.h"
#include "model/convert/convert.h"
#include "model/format.h"
#include "model/packed/packed.h"
#include "runtime/base/alloc.h"
#include "runtime/base/cpu.h"
#include "runtime/base/error.h"

#include <string.h>

/* The plan of a network that takes any size is checked at this one. */
#define USUAL_N_STREAMS 1
#define USUAL_N_STEPS 16

#define N_ENGLISH_LABELS 29

const char *dsinfer_precision_name(enum dsinfer_precision precision) {
    static const char *const names[] = {"fp32", "bf16", "int8"};

    return (unsigned)precision <= DSINFER_PRECISION_INT8 ? names[precision] : "unknown";
}

void dsinfer_model_options_init(struct dsinfer_model_options *options) {
    if (options) {
        *options = (struct dsinfer_model_options){.size = sizeof(*options)};
    }
}

static enum dsinfer_status take_options(const struct dsinfer_model_options *from,
                                        struct dsinfer_model_options *options,
                                        struct dsinfer_error *err) {
    enum dsinfer_status status;

    dsinfer_model_options_init(options);
    if (!from) {
        return DSINFER_OK;
    }
    status = dsi_check_options_size(from->size, sizeof(*options), "the model", err);
    if (status != DSINFER_OK) {
        return status;
    }
    *options = *from;
    if ((unsigned)options->kernels > DSINFER_KERNELS_NEON) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "there is no kernel level %d",
                        (int)options->kernels);
    }
    if ((unsigned)options->precision > DSINFER_PRECISION_INT8) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "there is no precision %d",
                        (int)options->precision);
    }
    return DSINFER_OK;
}

static enum dsinfer_status init_kernels(struct dsi_kernels *kernels,
                                        enum dsinfer_kernel_level level,
                                        struct dsinfer_error *err) {
    static const enum dsi_kernel_level levels[] = {
        [DSINFER_KERNELS_NATIVE] = DSI_KERNELS_NATIVE,
        [DSINFER_KERNELS_PORTABLE] = DSI_KERNELS_PORTABLE,
        [DSINFER_KERNELS_REFERENCE] = DSI_KERNELS_REFERENCE,
        [DSINFER_KERNELS_AVX2] = DSI_KERNELS_AVX2,
        [DSINFER_KERNELS_AVX512] = DSI_KERNELS_AVX512,
        [DSINFER_KERNELS_VNNI] = DSI_KERNELS_VNNI,
        [DSINFER_KERNELS_AMX] = DSI_KERNELS_AMX,
        [DSINFER_KERNELS_NEON] = DSI_KERNELS_NEON,
    };
    const unsigned flags = dsi_cpu_get_flags();

    if (!dsi_kernels_is_available(levels[level], flags)) {
        struct dsi_kernels native;

        dsi_kernels_init(&native, DSI_KERNELS_NATIVE, flags);
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "there are no %s kernels in this build for this processor, whose best are "
                        "%s",
                        dsi_kernels_get_level_name(levels[level]), native.name);
    }
    dsi_kernels_init(kernels, levels[level], flags);
    return DSINFER_OK;
}

void dsi_model_get_shapes(const struct dsinfer_model *model, size_t n_streams, size_t n_steps,
                          struct dsi_shape shapes[DSI_ROLE_LENGTHS + 1]) {
    const struct dsi_signature *signature = &model->signature;
    const int64_t windows[] = {(int64_t)n_streams, (int64_t)n_steps,
                               (int64_t)(2 * signature->n_context + 1),
                               (int64_t)signature->n_features};
    const int64_t state[] = {(int64_t)n_streams, (int64_t)signature->n_cell};

    shapes[DSI_ROLE_WINDOWS] = dsi_shape_make(4, windows);
    shapes[DSI_ROLE_H] = dsi_shape_make(2, state);
    shapes[DSI_ROLE_C] = dsi_shape_make(2, state);
    shapes[DSI_ROLE_LENGTHS] = dsi_shape_make(1, state);
}

static enum dsinfer_status set_precision(struct dsinfer_model *model,
                                         enum dsinfer_precision precision,
                                         struct dsinfer_error *err) {
    static const enum dsi_precision precisions[] = {[DSINFER_PRECISION_F32] = DSI_PRECISION_F32,
                                                    [DSINFER_PRECISION_BF16] = DSI_PRECISION_BF16,
                                                    [DSINFER_PRECISION_INT8] = DSI_PRECISION_INT8};

    model->info.precision = precision;
    if (precision == DSINFER_PRECISION_F32) {
        return DSINFER_OK;
    }
    if (!model->is_fused) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "the network of this model is not of the usual structure and runs only in "
                        "fp32, not in %s",
                        dsinfer_precision_name(precision));
    }
    return dsi_convert_round(&model->network, precisions[precision], err);
}

/* Facts, roles and network of a file that has them ready. */
static enum dsinfer_status take_packed(struct dsinfer_model *model, const struct dsi_packed *packed,
                                       struct dsi_metadata *metadata,
                                       const struct dsinfer_model_options *options,
                                       struct dsinfer_error *err) {
    const enum dsinfer_status status = dsi_packed_check_kernels(packed, &model->kernels, err);

    if (status != DSINFER_OK) {
        return status;
    }
    if (options->precision != DSINFER_PRECISION_F32 && options->precision != packed->precision) {
        return dsi_fail(err, DSINFER_ERR_MISMATCH, "this model is packed in %s, not in %s",
                        dsinfer_precision_name(packed->precision),
                        dsinfer_precision_name(options->precision));
    }
    *metadata = packed->metadata;
    model->signature = packed->signature;
    model->info.precision = packed->precision;
    model->is_fused = model->is_packed = true;
    model->data_hash = packed->data_hash;
    atomic_store_explicit(&model->fingerprint, packed->fingerprint, memory_order_relaxed);
    return dsi_graph_copy(&model->graph, &model->network, err);
}

/* The same from the graph of any other file. */
static enum dsinfer_status read_graph(struct dsinfer_model *model, struct dsi_metadata *metadata,
                                      const struct dsinfer_model_options *options,
                                      struct dsinfer_error *err) {
    enum dsinfer_status status = dsi_bidirectional_probe(&model->graph)
                                     ? dsi_bidirectional_read(&model->graph, &model->signature, err)
                                     : dsi_signature_find(&model->graph, &model->signature, err);

    if (status == DSINFER_OK) {
        status = dsi_metadata_read(&model->graph, &model->signature, metadata, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_convert_network(&model->graph, &model->signature, &model->kernels, NULL,
                                     &model->network, &model->is_fused, err);
    }
    return status == DSINFER_OK ? set_precision(model, options->precision, err) : status;
}

static enum dsinfer_status make_plan(struct dsinfer_model *model, struct dsinfer_error *err) {
    struct dsi_shape shapes[DSI_ROLE_LENGTHS + 1];
    int64_t n_streams = model->signature.n_streams;
    int64_t n_steps = model->signature.n_steps;

    n_streams = model->is_fused || n_streams < 1 ? USUAL_N_STREAMS : n_streams;
    n_steps = model->is_fused || n_steps < 1 ? USUAL_N_STEPS : n_steps;
    dsi_model_get_shapes(model, (size_t)n_streams, (size_t)n_steps, shapes);
    return dsi_plan_create(&model->network, &model->kernels, shapes, &model->plan, err);
}

static void fill_info(struct dsinfer_model *model, const struct dsi_metadata *metadata,
                      const char *format) {
    const struct dsi_signature *signature = &model->signature;
    struct dsinfer_model_info *info = &model->info;
    struct dsi_plan_sizes sizes;

    if (metadata->language.size) {
        memcpy(model->language, metadata->language.data, metadata->language.size);
        info->language = model->language;
    }
    info->family = metadata->family;
    info->format = format;
    info->version = metadata->version;
    info->sample_rate = metadata->sample_rate;
    info->window = metadata->window;
    info->step = metadata->step;
    info->beam_width = metadata->beam_width;
    info->n_features = (uint32_t)signature->n_features;
    info->n_context = (uint32_t)signature->n_context;
    info->n_cell = (uint32_t)signature->n_cell;
    info->n_labels = (uint32_t)signature->n_labels;
    info->n_steps = signature->n_steps < 1 ? 0 : (uint32_t)signature->n_steps;
    info->has_lengths = signature->has_lengths;
    info->has_softmax = signature->has_softmax;
    info->has_state = !signature->is_bidirectional;
    info->kernels = model->kernels.name;
    dsi_plan_get_sizes(model->plan, &sizes);
    info->weights_size = sizes.weights;
    info->recurrent_size = sizes.recurrent;
}

static enum dsinfer_status check_alphabet(const struct dsinfer_model *model, const char *path,
                                          struct dsinfer_error *err) {
    if (model->alphabet.n_labels + 1 == model->signature.n_labels) {
        return DSINFER_OK;
    }
    return dsi_fail(err, DSINFER_ERR_MISMATCH,
                    "the alphabet '%s' has %zu labels, but the model has %zu outputs, one of them "
                    "the blank",
                    path, model->alphabet.n_labels, model->signature.n_labels);
}

/* Opens alphabet.txt in the folder of the model, if it is there. */
static enum dsinfer_status open_alphabet_beside(struct dsinfer_model *model, const char *model_path,
                                                struct dsinfer_error *err) {
    static const char name[] = "alphabet.txt";
    const char *slash = strrchr(model_path, '/');
    const size_t folder_size = slash ? (size_t)(slash - model_path) + 1 : 0;
    char *path = dsi_malloc(folder_size + sizeof(name));
    struct dsinfer_error detail;
    enum dsinfer_status status;

    if (!path) {
        return dsi_fail_memory(err, folder_size + sizeof(name));
    }
    memcpy(path, model_path, folder_size);
    memcpy(path + folder_size, name, sizeof(name));

    status = dsi_alphabet_open(&model->alphabet, path, &detail);
    if (status == DSINFER_OK) {
        model->info.alphabet_source = DSINFER_ALPHABET_BESIDE;
        status = check_alphabet(model, path, err);
    } else if (status == DSINFER_ERR_IO && dsi_file_is_missing(path)) {
        status = DSINFER_OK;
    } else {
        status = dsi_fail(err, status, "the alphabet '%s': %s", path, detail.message);
    }
    dsi_free(path);
    return status;
}

static enum dsinfer_status read_embedded_alphabet(struct dsinfer_model *model,
                                                  struct dsi_bytes bytes,
                                                  struct dsinfer_error *err) {
    enum dsinfer_status status = dsi_alphabet_read_embedded(&model->alphabet, bytes, err);

    if (status != DSINFER_OK) {
        return status;
    }
    if (model->alphabet.n_labels + 1 != model->signature.n_labels) {
        return dsi_fail(err, DSINFER_ERR_MISMATCH,
                        "the alphabet in the model has %zu labels, but the model has %zu outputs, "
                        "one of them the blank",
                        model->alphabet.n_labels, model->signature.n_labels);
    }
    model->info.alphabet_source = DSINFER_ALPHABET_EMBEDDED;
    return DSINFER_OK;
}

static enum dsinfer_status find_alphabet(struct dsinfer_model *model, const char *option,
                                         struct dsi_bytes embedded, const char *model_path,
                                         struct dsinfer_error *err) {
    enum dsinfer_status status = DSINFER_OK;

    if (option) {
        status = dsi_alphabet_open(&model->alphabet, option, err);
        if (status == DSINFER_OK) {
            model->info.alphabet_source = DSINFER_ALPHABET_OPTION;
            status = check_alphabet(model, option, err);
        }
        return status;
    }
    if (embedded.data) {
        return read_embedded_alphabet(model, embedded, err);
    }
    if (model_path) {
        status = open_alphabet_beside(model, model_path, err);
    }
    if (status == DSINFER_OK && model->info.alphabet_source == DSINFER_ALPHABET_NONE &&
        model->signature.n_labels == N_ENGLISH_LABELS) {
        status = dsi_alphabet_init_english(&model->alphabet);
        if (status != DSINFER_OK) {
            return dsi_fail_memory(err, N_ENGLISH_LABELS);
        }
        model->info.alphabet_source = DSINFER_ALPHABET_ENGLISH;
    }
    return status;
}

static void destroy(struct dsinfer_model *model) {
    if (!model) {
        return;
    }
    dsi_plan_destroy(model->plan);
    dsi_graph_finish(&model->network);
    dsi_graph_finish(&model->graph);
    dsi_alphabet_finish(&model->alphabet);
    dsi_mapped_file_close(&model->weights);
    dsi_mapped_file_close(&model->file);
    dsi_free(model);
}

/* Everything behind the bytes. Takes the model over and destroys it on failure. */
static enum dsinfer_status open_bytes(struct dsinfer_model *model, struct dsi_bytes bytes,
                                      const struct dsinfer_model_options *options, const char *path,
                                      struct dsinfer_model **out, struct dsinfer_error *err) {
    struct dsi_packed packed = {0};
    const struct dsi_model_source source = {
        .bytes = bytes,
        .file = path ? &model->file : NULL,
        .path = path,
        .packed = &packed,
        .weights = &model->weights,
    };
    const struct dsi_model_format *format;
    struct dsi_metadata metadata;
    enum dsinfer_status status;

    status = init_kernels(&model->kernels, options->kernels, err);
    if (status == DSINFER_OK) {
        status = dsi_model_format_read(&model->graph, &format, &source, err);
    }
    if (status == DSINFER_OK) {
        status = packed.is_packed ? take_packed(model, &packed, &metadata, options, err)
                                  : read_graph(model, &metadata, options, err);
    }
    if (status == DSINFER_OK) {
        status = make_plan(model, err);
    }
    if (status == DSINFER_OK) {
        fill_info(model, &metadata, format->name);
        status = find_alphabet(model, options->alphabet_path, metadata.alphabet, path, err);
    }

    if (status == DSINFER_OK) {
        *out = model;
    } else {
        destroy(model);
    }
    return status;
}

static struct dsinfer_model *create(void) {
    struct dsinfer_model *model = dsi_calloc(1, sizeof(*model));

    if (model) {
        atomic_init(&model->n_references, 1);
        dsi_graph_init(&model->graph);
        dsi_graph_init(&model->network);
    }
    return model;
}

enum dsinfer_status dsinfer_model_open(const char *path,
                                       const struct dsinfer_model_options *options,
                                       struct dsinfer_model **out, struct dsinfer_error *err) {
    struct dsinfer_model_options own;
    struct dsinfer_model *model;
    enum dsinfer_status status;

    if (!out) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "no place for the model is given");
    }
    *out = NULL;
    if (!path) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "no path is given");
    }
    status = take_options(options, &own, err);
    if (status != DSINFER_OK) {
        return status;
    }

    model = create();
    if (!model) {
        return dsi_fail_memory(err, sizeof(*model));
    }
    status = dsi_mapped_file_open(&model->file, path, err);
    if (status != DSINFER_OK) {
        destroy(model);
        return status;
    }
    return open_bytes(model, model->file.bytes, &own, path, out, err);
}

enum dsinfer_status dsinfer_model_open_memory(const void *bytes, size_t size,
                                              const struct dsinfer_model_options *options,
                                              struct dsinfer_model **out,
                                              struct dsinfer_error *err) {
    struct dsinfer_model_options own;
    struct dsinfer_model *model;
    enum dsinfer_status status;

    if (!out) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "no place for the model is given");
    }
    *out = NULL;
    if (!bytes && size) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "no bytes are given");
    }
    status = take_options(options, &own, err);
    if (status != DSINFER_OK) {
        return status;
    }

    model = create();
    if (!model) {
        return dsi_fail_memory(err, sizeof(*model));
    }
    return open_bytes(model, (struct dsi_bytes){bytes, size}, &own, NULL, out, err);
}

struct dsinfer_model *dsinfer_model_ref(struct dsinfer_model *model) {
    if (model) {
        atomic_fetch_add_explicit(&model->n_references, 1, memory_order_relaxed);
    }
    return model;
}

void dsinfer_model_unref(struct dsinfer_model *model) {
    if (model && atomic_fetch_sub_explicit(&model->n_references, 1, memory_order_acq_rel) == 1) {
        destroy(model);
    }
}

const struct dsinfer_model_info *dsinfer_model_info(const struct dsinfer_model *model) {
    return &model->info;
}

const char *dsinfer_model_get_label(const struct dsinfer_model *model, uint32_t label) {
    return label < model->alphabet.n_labels ? dsi_alphabet_get(&model->alphabet, label) : NULL;
}
