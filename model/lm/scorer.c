/* Opening scorers: which files, which alphabet, and whether they belong together.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/scorer.h"

#include "model/model.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Weights of 0.4 to 0.6, whose files have none. */
#define DEFAULT_ALPHA 0.75
#define DEFAULT_BETA 1.85

void dsinfer_scorer_options_init(struct dsinfer_scorer_options *options) {
    if (options) {
        *options = (struct dsinfer_scorer_options){.size = sizeof(*options)};
    }
}

/* A weight: stored as f64, used as f32, as upstream does. */
static bool read_weight(struct dsi_cursor *cursor, double *out) {
    uint64_t bits;
    double value;

    if (!dsi_cursor_read_u64(cursor, &bits)) {
        return false;
    }
    memcpy(&value, &bits, sizeof(value));
    *out = fabs(value) < 1e30 ? (double)(float)value : (double)NAN;
    return true;
}

/* What follows the magic of a package. */
static enum dsinfer_status read_package(struct dsinfer_scorer *scorer, struct dsi_cursor *cursor,
                                        const struct dsi_alphabet *alphabet,
                                        struct dsinfer_error *err) {
    const size_t position = cursor->position - 4;
    enum dsinfer_status status;
    uint32_t version;
    uint8_t is_bytes;

    if (!dsi_cursor_read_u32(cursor, &version) || !dsi_cursor_read_u8(cursor, &is_bytes) ||
        !read_weight(cursor, &scorer->alpha) || !read_weight(cursor, &scorer->beta)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the package ends at byte %zu, in the header behind its language model",
                        cursor->bytes.size);
    }
    if (version != DSI_SCORER_VERSION) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "the package at byte %zu has version %" PRIu32 ", but %d is needed",
                        position, version, DSI_SCORER_VERSION);
    }
    if (is_bytes > 1 || !isfinite(scorer->alpha) || !isfinite(scorer->beta)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the package at byte %zu has the flag %u and weights %g, %g", position,
                        is_bytes, scorer->alpha, scorer->beta);
    }
    scorer->has_weights = true;
    scorer->dictionary.info.format = "scorer";
    status = dsi_dictionary_read_fst(&scorer->dictionary, cursor, is_bytes != 0, alphabet, err);
    scorer->has_dictionary = status == DSINFER_OK;
    return status;
}

static void fill_info(struct dsinfer_scorer *scorer) {
    struct dsinfer_scorer_info *info = &scorer->info;

    memset(info, 0, sizeof(*info));
    info->format = scorer->has_weights ? "scorer" : "trie";
    if (scorer->lm) {
        const struct dsi_lm_info *lm = dsi_lm_get_info(scorer->lm);

        info->order = lm->order;
        info->type = lm->type;
        info->has_words = lm->has_strings && !scorer->has_weights;
        memcpy(info->counts, lm->counts, sizeof(info->counts));
        if (!scorer->has_weights) {
            info->format = strcmp(lm->type, "arpa") == 0 ? "arpa" : "kenlm";
        }
    }
    if (scorer->has_dictionary) {
        info->dictionary = scorer->dictionary.info.format;
        info->n_states = scorer->dictionary.info.n_states;
        info->n_arcs = scorer->dictionary.info.n_arcs;
        info->is_bytes = scorer->dictionary.info.is_bytes;
    }
    info->has_weights = scorer->has_weights;
    info->alpha = scorer->alpha;
    info->beta = scorer->beta;
}

enum dsinfer_status dsi_scorer_read(struct dsinfer_scorer *scorer, struct dsi_bytes bytes,
                                    const struct dsi_alphabet *alphabet,
                                    struct dsinfer_error *err) {
    enum dsinfer_status status;
    struct dsi_cursor cursor;
    uint32_t magic;
    size_t end;

    scorer->alpha = DEFAULT_ALPHA;
    scorer->beta = DEFAULT_BETA;
    status = dsi_lm_open_bytes(bytes, &scorer->lm, &end, err);
    if (status != DSINFER_OK) {
        return status;
    }
    dsi_cursor_init(&cursor, bytes);
    (void)dsi_cursor_skip(&cursor, end);
    if (dsi_cursor_read_u32(&cursor, &magic) && magic == DSI_DICTIONARY_MAGIC) {
        status = read_package(scorer, &cursor, alphabet, err);
    }
    fill_info(scorer);
    return status;
}

void dsi_scorer_finish(struct dsinfer_scorer *scorer) {
    dsi_spelling_finish(&scorer->spelling);
    dsi_dictionary_finish(&scorer->dictionary);
    dsi_lm_unref(scorer->lm);
    dsi_alphabet_finish(&scorer->alphabet);
    dsi_mapped_file_close(&scorer->file);
}

enum dsinfer_status dsi_scorer_describe(struct dsi_bytes bytes, struct dsinfer_scorer_info *info,
                                        struct dsinfer_error *err) {
    struct dsinfer_scorer scorer = {.lm = NULL};
    enum dsinfer_status status;

    if (dsi_dictionary_probe(bytes)) {
        status = dsi_dictionary_read(&scorer.dictionary, bytes, NULL, err);
        scorer.has_dictionary = true;
        fill_info(&scorer);
    } else {
        status = dsi_scorer_read(&scorer, bytes, NULL, err);
    }
    if (status == DSINFER_OK) {
        *info = scorer.info;
    }
    dsi_scorer_finish(&scorer);
    return status;
}

/* What opening was asked for, and the file it is at. */
struct request {
    const char *path;
    struct dsinfer_scorer_options options;
    bool has_alphabet; /* somebody named one */
    const char *at;
};

/* The alphabet that was asked for, else the English one. */
static enum dsinfer_status open_alphabet(struct dsinfer_scorer *scorer, struct request *request,
                                         struct dsinfer_error *err) {
    const struct dsinfer_scorer_options *options = &request->options;
    enum dsinfer_status status;

    request->has_alphabet = true;
    if (options->alphabet_path) {
        request->at = options->alphabet_path;
        return dsi_alphabet_open(&scorer->alphabet, options->alphabet_path, err);
    }
    if (options->is_bytes) {
        status = dsi_alphabet_init_bytes(&scorer->alphabet);
    } else if (options->model && options->model->alphabet.n_labels) {
        status = dsi_alphabet_copy(&scorer->alphabet, &options->model->alphabet);
    } else {
        request->has_alphabet = false;
        status = dsi_alphabet_init_english(&scorer->alphabet);
    }
    return status == DSINFER_ERR_NO_MEMORY ? dsi_fail_memory(err, 255) : status;
}

/* Bytes output and letters do not go together; without a word about it the file decides. */
static enum dsinfer_status settle_bytes(struct dsinfer_scorer *scorer, struct request *request,
                                        struct dsinfer_error *err) {
    const bool is_bytes = scorer->has_dictionary && !scorer->dictionary.info.is_anything
                              ? scorer->dictionary.info.is_bytes
                              : request->options.is_bytes != 0;
    enum dsinfer_status status = DSINFER_OK;
    char space[64] = "it has no space";

    scorer->is_bytes = is_bytes;
    if (scorer->alphabet.has_space) {
        (void)snprintf(space, sizeof(space), "its space is label %" PRIu32, scorer->alphabet.space);
    }
    if (request->options.is_bytes && !is_bytes) {
        return dsi_fail(err, DSINFER_ERR_MISMATCH,
                        "the dictionary was made for an alphabet, not for the 255 labels of bytes "
                        "output");
    }
    if (is_bytes && request->has_alphabet && scorer->alphabet.n_labels != DSI_DICTIONARY_N_BYTES) {
        return dsi_fail(err, DSINFER_ERR_MISMATCH,
                        "the dictionary was made for bytes output, which has 255 labels and the "
                        "space as label 31, but this alphabet has %zu labels, and %s",
                        scorer->alphabet.n_labels, space);
    }
    if (is_bytes && !request->has_alphabet) {
        dsi_alphabet_finish(&scorer->alphabet);
        status = dsi_alphabet_init_bytes(&scorer->alphabet);
    }
    if (status == DSINFER_OK) {
        status = dsi_spelling_init(&scorer->spelling, is_bytes ? NULL : &scorer->alphabet, err);
    }
    return status == DSINFER_ERR_NO_MEMORY ? dsi_fail_memory(err, 255) : status;
}

static enum dsinfer_status open_files(struct dsinfer_scorer *scorer, struct request *request,
                                      struct dsinfer_error *err) {
    const char *trie_path = request->options.trie_path;
    const bool is_without = request->options.without_dictionary != 0;
    enum dsinfer_status status = DSINFER_OK;

    if (request->path) {
        request->at = request->path;
        status = dsi_mapped_file_open(&scorer->file, request->path, err);
        if (status == DSINFER_OK) {
            status = dsi_scorer_read(scorer, scorer->file.bytes,
                                     is_without || trie_path ? NULL : &scorer->alphabet, err);
        }
    }
    if (status == DSINFER_OK && (is_without || trie_path)) {
        dsi_dictionary_finish(&scorer->dictionary); /* the package's is not wanted */
        scorer->has_dictionary = false;
    }
    if (status != DSINFER_OK || is_without || scorer->has_dictionary) {
        return status;
    }
    if (trie_path) {
        request->at = trie_path;
        status = dsi_dictionary_open(&scorer->dictionary, trie_path, &scorer->alphabet, err);
    } else {
        status = dsi_dictionary_build(&scorer->dictionary, scorer->lm,
                                      request->options.is_bytes ? NULL : &scorer->alphabet, err);
    }
    scorer->has_dictionary = status == DSINFER_OK;
    return status;
}

enum dsinfer_status dsinfer_scorer_open(const char *path,
                                        const struct dsinfer_scorer_options *options,
                                        struct dsinfer_scorer **out, struct dsinfer_error *err) {
    struct request request = {.path = path};
    struct dsinfer_scorer *scorer;
    enum dsinfer_status status;

    if (!out) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "no place for the scorer is given");
    }
    *out = NULL;
    dsinfer_scorer_options_init(&request.options);
    if (options && options->size == sizeof(*options)) {
        request.options = *options;
    }
    if ((options && options->size != sizeof(*options)) || (!path && !request.options.trie_path) ||
        (request.options.trie_path && request.options.without_dictionary)) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                        "a path or the path of a trie is needed, in options that were initialised");
    }
    scorer = dsi_calloc(1, sizeof(*scorer));
    if (!scorer) {
        return dsi_fail_memory(err, sizeof(*scorer));
    }
    atomic_init(&scorer->n_references, 1);
    scorer->alpha = DEFAULT_ALPHA;
    scorer->beta = DEFAULT_BETA;
    status = open_alphabet(scorer, &request, err);
    if (status == DSINFER_OK) {
        status = open_files(scorer, &request, err);
    }
    if (status == DSINFER_OK) {
        status = settle_bytes(scorer, &request, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_scorer_check_alphabet(scorer, err);
    }
    if (status != DSINFER_OK) {
        if (request.options.failed_path) {
            *request.options.failed_path = request.at;
        }
        dsinfer_scorer_unref(scorer);
        return status;
    }
    fill_info(scorer);
    *out = scorer;
    return DSINFER_OK;
}

struct dsinfer_scorer *dsinfer_scorer_ref(struct dsinfer_scorer *scorer) {
    if (scorer) {
        atomic_fetch_add(&scorer->n_references, 1);
    }
    return scorer;
}

void dsinfer_scorer_unref(struct dsinfer_scorer *scorer) {
    if (scorer && atomic_fetch_sub(&scorer->n_references, 1) == 1) {
        dsi_scorer_finish(scorer);
        dsi_free(scorer);
    }
}

const struct dsinfer_scorer_info *dsinfer_scorer_get_info(const struct dsinfer_scorer *scorer) {
    return &scorer->info;
}
