/* The decoder: a search, an alphabet, a language, and the transcript they make.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/decoder.h"

#include "model/model.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "state/decode/language.h"
#include "state/decode/search.h"
#include "state/decode/transcript.h"

#include <math.h>
#include <string.h>

#define MAX_BEAM_WIDTH 65536
#define MAX_CANDIDATES 1024

struct dsinfer_decoder {
    struct dsinfer_model *model;         /* a reference; NULL where it is not needed */
    struct dsi_alphabet own_alphabet;    /* empty where it is a model's */
    const struct dsi_alphabet *alphabet; /* borrowed: own_alphabet, or the model's */
    struct dsi_language *language;       /* a reference; NULL: none */
    struct dsi_search *search;           /* owned */
    struct dsi_search_config config;     /* of the search */
    size_t n_candidates;
    uint64_t first_frame; /* frames of the audio that came before */
    uint64_t n_frames;
    bool has_failed;                     /* the search is unusable until reset */
    struct dsi_transcript_buffer buffer; /* what transcripts lend */
};

void dsinfer_decoder_options_init(struct dsinfer_decoder_options *options) {
    if (options) {
        *options = (struct dsinfer_decoder_options){
            .size = sizeof(*options),
            .kind = DSINFER_DECODER_DEFAULT,
            .beam_width = 500,
            .n_candidates = 1,
            .alpha = (double)NAN,
            .beta = (double)NAN,
            .cutoff_prob = 1.0,
            .cutoff_top_n = 40,
        };
    }
}

void dsinfer_decoder_options_init_for(struct dsinfer_decoder_options *options,
                                      const struct dsinfer_model_info *info) {
    dsinfer_decoder_options_init(options);
    if (!options || !info) {
        return;
    }
    if (info->beam_width) {
        options->beam_width = info->beam_width;
    }
    if (info->family == DSINFER_FAMILY_UNKNOWN) {
        return;
    }
    options->kind = DSINFER_DECODER_PREFIX;
    if (info->family <= DSINFER_FAMILY_DS03) {
        options->kind = DSINFER_DECODER_TENSORFLOW;
        dsi_language_get_weights(info->family, &options->alpha, &options->beta);
    }
}

void dsinfer_decoder_input_init(struct dsinfer_decoder_input *input) {
    if (input) {
        *input = (struct dsinfer_decoder_input){
            .size = sizeof(*input),
            .family = DSINFER_FAMILY_DS03,
        };
    }
}

const char *dsinfer_decoder_kind_name(enum dsinfer_decoder_kind kind) {
    switch ((int)kind) {
    case DSINFER_DECODER_DEFAULT:
        return "default";
    case DSINFER_DECODER_GREEDY:
        return dsi_search_greedy.name;
    case DSINFER_DECODER_TENSORFLOW:
        return dsi_search_tensorflow.name;
    case DSINFER_DECODER_PREFIX:
        return dsi_search_prefix.name;
    default:
        return "unknown";
    }
}

static enum dsinfer_status check_options(const struct dsinfer_decoder_options *options,
                                         struct dsinfer_error *err) {
    const enum dsinfer_status status =
        dsi_check_options_size(options->size, sizeof(*options), "the decoder", err);

    if (status != DSINFER_OK) {
        return status;
    }
    if (options->beam_width < 1 || options->beam_width > MAX_BEAM_WIDTH) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "the beam width is %u, not 1 to %d",
                        (unsigned)options->beam_width, MAX_BEAM_WIDTH);
    }
    if (options->n_candidates < 1 || options->n_candidates > MAX_CANDIDATES) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                        "the number of candidates wanted is %u, not 1 to %d",
                        (unsigned)options->n_candidates, MAX_CANDIDATES);
    }
    if (!(options->cutoff_prob >= 0.0 && options->cutoff_prob <= 1.0) ||
        options->cutoff_top_n < 1) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                        "the cut-offs are %g and %u, not 0 to 1 and at least 1",
                        options->cutoff_prob, (unsigned)options->cutoff_top_n);
    }
    return DSINFER_OK;
}

static enum dsinfer_status find_search(enum dsinfer_decoder_kind kind, enum dsinfer_family family,
                                       const struct dsi_search_type **out,
                                       struct dsinfer_error *err) {
    switch ((int)kind) {
    case DSINFER_DECODER_DEFAULT:
        if (family == DSINFER_FAMILY_UNKNOWN) {
            return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                            "the family is unknown, so the decoder has to be named");
        }
        *out = family <= DSINFER_FAMILY_DS03 ? &dsi_search_tensorflow : &dsi_search_prefix;
        return DSINFER_OK;
    case DSINFER_DECODER_GREEDY:
        *out = &dsi_search_greedy;
        return DSINFER_OK;
    case DSINFER_DECODER_TENSORFLOW:
        *out = &dsi_search_tensorflow;
        return DSINFER_OK;
    case DSINFER_DECODER_PREFIX:
        *out = &dsi_search_prefix;
        return DSINFER_OK;
    default:
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "the kind of decoder is %d, which is none",
                        (int)kind);
    }
}

/* Gives the decoder its language and its search; its alphabet is there. */
static enum dsinfer_status set_up(struct dsinfer_decoder *decoder,
                                  const struct dsinfer_decoder_options *wanted,
                                  enum dsinfer_family family, bool is_probability,
                                  struct dsinfer_error *err) {
    struct dsinfer_decoder_options options;
    const struct dsi_search_type *type = NULL;
    enum dsinfer_status status;

    dsinfer_decoder_options_init(&options);
    if (wanted) {
        options = *wanted;
    }
    status = check_options(&options, err);
    if (status != DSINFER_OK) {
        return status;
    }
    status = find_search(options.kind, family, &type, err);
    if (status != DSINFER_OK) {
        return status;
    }
    if (type == &dsi_search_greedy && (options.scorer || options.n_hot_words > 0)) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "the decoder greedy takes no scorer");
    }
    status = dsi_language_create(&options, decoder->alphabet, family,
                                 type == &dsi_search_tensorflow, &decoder->language, err);
    if (status != DSINFER_OK) {
        return status;
    }

    decoder->config = (struct dsi_search_config){
        .family = family,
        .is_probability = is_probability,
        .n_labels = decoder->alphabet->n_labels + 1,
        .beam_width = options.beam_width,
        .cutoff_prob = options.cutoff_prob,
        .cutoff_top_n = options.cutoff_top_n,
        .scoring = decoder->language ? &decoder->language->scoring : NULL,
    };
    decoder->n_candidates = options.n_candidates;
    if (type->create(&decoder->config, &decoder->search) != DSINFER_OK) {
        return dsi_fail(err, DSINFER_ERR_NO_MEMORY, "no memory for a decoder of beam width %u",
                        (unsigned)options.beam_width);
    }
    return DSINFER_OK;
}

static enum dsinfer_status open_alphabet(struct dsi_alphabet *alphabet,
                                         const struct dsinfer_decoder_input *input,
                                         struct dsinfer_error *err) {
    enum dsinfer_status status;

    if (input->alphabet_path && !input->is_bytes) {
        return dsi_alphabet_open(alphabet, input->alphabet_path, err);
    }
    status =
        input->is_bytes ? dsi_alphabet_init_bytes(alphabet) : dsi_alphabet_init_english(alphabet);
    return status == DSINFER_OK ? DSINFER_OK
                                : dsi_fail(err, status, "no memory for the decoder's alphabet");
}

enum dsinfer_status dsinfer_decoder_create(const struct dsinfer_decoder_input *input,
                                           const struct dsinfer_decoder_options *options,
                                           struct dsinfer_decoder **decoder,
                                           struct dsinfer_error *error) {
    enum dsinfer_status status;
    struct dsinfer_decoder *made = NULL;

    if (!decoder || !input) {
        return dsi_fail(error, DSINFER_ERR_ARGUMENT, "a pointer is NULL");
    }
    *decoder = NULL;
    status = dsi_check_options_size(input->size, sizeof(*input), "the decoder's input", error);
    if (status != DSINFER_OK) {
        return status;
    }
    if (input->model) {
        status = dsi_decoder_create_for_model(input->model, options, decoder, error);
        if (status == DSINFER_OK) {
            (*decoder)->model = dsinfer_model_ref(input->model);
        }
        return status;
    }
    made = dsi_calloc(1, sizeof(*made));
    if (!made) {
        return dsi_fail_memory(error, sizeof(*made));
    }

    status = open_alphabet(&made->own_alphabet, input, error);
    if (status != DSINFER_OK) {
        goto out;
    }
    made->alphabet = &made->own_alphabet;
    status = set_up(made, options, input->family, input->is_probability != 0, error);
    if (status != DSINFER_OK) {
        goto out;
    }

    *decoder = made;
    made = NULL;
out:
    dsinfer_decoder_destroy(made);
    return status;
}

enum dsinfer_status dsi_decoder_create_for_model(const struct dsinfer_model *model,
                                                 const struct dsinfer_decoder_options *options,
                                                 struct dsinfer_decoder **out,
                                                 struct dsinfer_error *err) {
    enum dsinfer_status status;
    struct dsinfer_decoder *made;

    if (model->alphabet.n_labels == 0) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "the model has %u outputs and no alphabet, so they cannot become text",
                        (unsigned)model->info.n_labels);
    }
    made = dsi_calloc(1, sizeof(*made));
    if (!made) {
        return dsi_fail_memory(err, sizeof(*made));
    }
    made->alphabet = &model->alphabet;
    status = set_up(made, options, model->info.family, model->info.has_softmax != 0, err);
    if (status != DSINFER_OK) {
        goto out;
    }

    *out = made;
    made = NULL;
out:
    dsinfer_decoder_destroy(made);
    return status;
}

enum dsinfer_status dsi_decoder_create_like(const struct dsinfer_decoder *from,
                                            struct dsinfer_decoder **out) {
    struct dsinfer_decoder *made = dsi_calloc(1, sizeof(*made));
    enum dsinfer_status status;

    *out = NULL;
    if (!made) {
        return DSINFER_ERR_NO_MEMORY;
    }
    made->alphabet = from->alphabet;
    made->language = dsi_language_ref(from->language);
    made->config = from->config;
    made->n_candidates = from->n_candidates;
    status = from->search->type->create(&made->config, &made->search);
    if (status != DSINFER_OK) {
        dsinfer_decoder_destroy(made);
        return status;
    }
    *out = made;
    return DSINFER_OK;
}

enum dsinfer_status dsi_decoder_copy(const struct dsinfer_decoder *from,
                                     struct dsinfer_decoder *to) {
    enum dsinfer_status status = from->search->type->copy(from->search, to->search);

    to->first_frame = from->first_frame;
    to->n_frames = from->n_frames;
    to->has_failed = from->has_failed || status != DSINFER_OK;
    return status;
}

enum dsinfer_decoder_kind dsi_decoder_get_kind(const struct dsinfer_decoder *decoder) {
    return decoder->search->type->kind;
}

uint32_t dsi_decoder_get_beam_width(const struct dsinfer_decoder *decoder) {
    return (uint32_t)decoder->config.beam_width;
}

uint64_t dsi_decoder_get_fingerprint(const struct dsinfer_decoder *decoder) {
    const struct dsi_search_config *config = &decoder->config;
    const struct dsi_alphabet *alphabet = decoder->alphabet;
    uint64_t hash = dsi_hash_number(0, (uint64_t)decoder->search->type->kind);
    uint32_t i;

    hash = dsi_hash_number(hash, (uint64_t)config->family);
    hash = dsi_hash_number(hash, config->is_probability);
    hash = dsi_hash_number(hash, config->beam_width);
    hash = dsi_hash_double(hash, config->cutoff_prob);
    hash = dsi_hash_number(hash, config->cutoff_top_n);
    for (i = 0; i < alphabet->n_labels; i++) {
        const char *label = dsi_alphabet_get(alphabet, i);

        hash = dsi_hash_compute(hash, label, strlen(label));
    }
    return decoder->language ? dsi_language_hash(decoder->language, hash) : hash;
}

enum dsinfer_status dsi_decoder_write(const struct dsinfer_decoder *decoder,
                                      struct dsi_writer *writer) {
    dsi_writer_put_number(writer, decoder->first_frame);
    return decoder->search->type->write(decoder->search, writer);
}

void dsi_decoder_read(struct dsinfer_decoder *decoder, uint64_t n_frames,
                      struct dsi_reader *reader) {
    decoder->first_frame =
        dsi_reader_take_number(reader, n_frames, "the first frame of the utterance");
    decoder->n_frames = n_frames - decoder->first_frame;
    decoder->search->type->read(decoder->search, (uint32_t)decoder->n_frames, reader);
    decoder->has_failed = reader->status != DSINFER_OK;
}

size_t dsinfer_decoder_get_n_labels(const struct dsinfer_decoder *decoder) {
    return decoder ? decoder->config.n_labels : 0;
}

enum dsinfer_status dsinfer_decoder_feed(struct dsinfer_decoder *decoder, const float *rows,
                                         size_t n_frames) {
    enum dsinfer_status status;

    if (!decoder || (!rows && n_frames > 0)) {
        return DSINFER_ERR_ARGUMENT;
    }
    if (decoder->has_failed) {
        return DSINFER_ERR_STATE;
    }
    status = decoder->search->type->feed(decoder->search, rows, n_frames);
    decoder->n_frames += n_frames;
    decoder->has_failed = status != DSINFER_OK;
    return status;
}

enum dsinfer_status dsinfer_decoder_get_transcript(struct dsinfer_decoder *decoder,
                                                   struct dsinfer_transcript *transcript) {
    enum dsinfer_status status;

    if (!decoder || !transcript) {
        return DSINFER_ERR_ARGUMENT;
    }
    if (decoder->has_failed) {
        return DSINFER_ERR_STATE;
    }
    status = dsi_transcript_fill(&decoder->buffer, decoder->search, decoder->alphabet,
                                 decoder->n_candidates, decoder->first_frame, transcript);
    if (status == DSINFER_OK) {
        transcript->time_s = (double)(decoder->first_frame + decoder->n_frames) * DSI_FRAME_S;
    }
    return status;
}

void dsi_decoder_reset_at(struct dsinfer_decoder *decoder, uint64_t first_frame) {
    decoder->search->type->reset(decoder->search);
    decoder->first_frame = first_frame;
    decoder->n_frames = 0;
    decoder->has_failed = false;
}

void dsinfer_decoder_reset(struct dsinfer_decoder *decoder) {
    if (decoder) {
        dsi_decoder_reset_at(decoder, 0);
    }
}

void dsinfer_decoder_destroy(struct dsinfer_decoder *decoder) {
    if (decoder) {
        if (decoder->search) {
            decoder->search->type->destroy(decoder->search);
        }
        dsi_language_unref(decoder->language);
        dsi_alphabet_finish(&decoder->own_alphabet);
        dsi_transcript_finish(&decoder->buffer);
        dsinfer_model_unref(decoder->model);
        dsi_free(decoder);
    }
}
