/* Building packages: the n-grams of a binary model, weights, and the smallest automaton of the
 * words of a vocabulary.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/scorer.h"
#include "model/lm/text.h"
#include "model/lm/word_list.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Where a KenLM file says whether strings follow its n-grams. */
#define HAS_STRINGS_AT 100

/* Weights of upstream's English package of 0.7 to 0.9. */
#define ENGLISH_ALPHA 0.931289039105002
#define ENGLISH_BETA 1.1834137581510284

struct builder {
    const struct dsinfer_scorer_build_options *options;
    struct dsi_mapped_file lm_file, vocab_file; /* owned */
    size_t lm_end;
    struct dsi_alphabet alphabet; /* owned */
    struct dsi_dictionary words;  /* owned; the automaton */
    struct dsinfer_scorer_build_result result;
    const char *at; /* the file being read */
    dsinfer_write_function write;
    void *user;
    uint64_t position; /* bytes written */
    struct dsinfer_error *err;
};

void dsinfer_scorer_build_options_init(struct dsinfer_scorer_build_options *options) {
    if (options) {
        *options = (struct dsinfer_scorer_build_options){
            .size = sizeof(*options), .alpha = ENGLISH_ALPHA, .beta = ENGLISH_BETA};
    }
}

static enum dsinfer_status open_lm(struct builder *builder) {
    enum dsinfer_status status;
    struct dsi_lm *lm = NULL;

    builder->at = builder->options->lm_path;
    status = dsi_mapped_file_open(&builder->lm_file, builder->at, builder->err);
    if (status == DSINFER_OK) {
        status = dsi_lm_open_bytes(builder->lm_file.bytes, &lm, &builder->lm_end, builder->err);
    }
    if (status == DSINFER_OK && strcmp(dsi_lm_get_info(lm)->type, "arpa") == 0) {
        status = dsi_fail(builder->err, DSINFER_ERR_UNSUPPORTED,
                          "is ARPA text, but packages hold a binary model; KenLM's build_binary "
                          "makes one of it");
    }
    dsi_lm_unref(lm);
    return status;
}

static enum dsinfer_status open_alphabet(struct builder *builder) {
    const struct dsinfer_scorer_build_options *options = builder->options;
    enum dsinfer_status status = DSINFER_OK;

    if (options->alphabet_path && !options->is_bytes) {
        builder->at = options->alphabet_path;
        status = dsi_alphabet_open(&builder->alphabet, builder->at, builder->err);
    } else if (!options->is_bytes) {
        status = dsi_alphabet_init_english(&builder->alphabet);
        status = status == DSINFER_OK ? status : dsi_fail_memory(builder->err, 64);
    }
    if (status == DSINFER_OK && !options->is_bytes && !builder->alphabet.has_space) {
        status = dsi_fail(builder->err, DSINFER_ERR_UNSUPPORTED,
                          "the alphabet has no space, with which the words of a package end");
    }
    return status;
}

/* Adds the words of the vocabulary to the list. */
static void add_words(struct builder *builder, struct dsi_word_list *list, struct dsi_text rest) {
    struct dsi_text word;

    for (word = dsi_text_take_word(&rest); word.size; word = dsi_text_take_word(&rest)) {
        builder->result.n_skipped += !dsi_word_list_add(list, word.text, word.size, 0.0f);
    }
}

static uint64_t count_words(const struct dsi_dictionary *tree) {
    uint64_t n = 0;
    uint32_t i;

    for (i = 0; i < tree->info.n_states; i++) {
        n += dsi_dictionary_is_final(tree, i);
    }
    return n;
}

static enum dsinfer_status open_vocabulary(struct builder *builder) {
    const struct dsi_alphabet *alphabet = builder->options->is_bytes ? NULL : &builder->alphabet;
    struct dsinfer_scorer_build_result *result = &builder->result;
    struct dsi_dictionary tree = {.start = 0};
    struct dsi_word_list list = {.n_words = 0};
    struct dsi_text text;
    enum dsinfer_status status;

    builder->at = builder->options->vocab_path;
    status = dsi_mapped_file_open(&builder->vocab_file, builder->at, builder->err);
    if (status != DSINFER_OK) {
        return status;
    }
    text.text = (const char *)builder->vocab_file.bytes.data;
    text.size = builder->vocab_file.bytes.size;
    if (text.size >= 3 && memcmp(text.text, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark */
        text.text += 3;
        text.size -= 3;
    }
    status = dsi_word_list_init(&list, alphabet, text.size, text.size / 2 + 1, builder->err);
    if (status == DSINFER_OK) {
        add_words(builder, &list, text);
        status = dsi_word_list_make(&list, &tree, builder->err);
    }
    if (status == DSINFER_OK) {
        result->n_words = count_words(&tree);
        if (result->n_words == 0 && result->n_skipped == 0) {
            status = dsi_fail(builder->err, DSINFER_ERR_MALFORMED, "there is no word in the file");
        } else if (result->n_words == 0) {
            status = dsi_fail(builder->err, DSINFER_ERR_MISMATCH,
                              "none of the %" PRIu64
                              " words of the vocabulary can be spelled with this alphabet",
                              result->n_skipped);
        }
    }
    dsi_word_list_finish(&list);
    if (status == DSINFER_OK) {
        status = dsi_dictionary_minimise(&tree, alphabet, &builder->words, builder->err);
        result->n_states = builder->words.info.n_states;
        result->n_arcs = builder->words.info.n_arcs;
    }
    dsi_dictionary_finish(&tree);
    return status;
}

static bool put(struct builder *builder, const void *bytes, size_t size) {
    builder->position += size;
    return size == 0 || builder->write(builder->user, bytes, size);
}

/* Zeros to a multiple of 16. */
static bool put_padding(struct builder *builder) {
    static const uint8_t zeros[16] = {0};

    return put(builder, zeros, (size_t)(-builder->position & 15));
}

static void store_weight(uint8_t *at, double weight) {
    const double rounded = (double)(float)weight;
    uint64_t bits;

    memcpy(&bits, &rounded, sizeof(bits));
    dsi_store_u32(at, (uint32_t)bits);
    dsi_store_u32(at + 4, (uint32_t)(bits >> 32));
}

static bool put_package(struct builder *builder) {
    const struct dsi_dictionary *words = &builder->words;
    const uint8_t *lm = builder->lm_file.bytes.data;
    static const uint8_t no_strings[1] = {0};
    uint8_t head[25 + DSI_FST_HEAD_SIZE];

    dsi_store_u32(head, DSI_DICTIONARY_MAGIC);
    dsi_store_u32(head + 4, DSI_SCORER_VERSION);
    head[8] = builder->options->is_bytes != 0;
    store_weight(head + 9, builder->options->alpha);
    store_weight(head + 17, builder->options->beta);
    dsi_fst_write_head(words, head + 25);
    return put(builder, lm, HAS_STRINGS_AT) && put(builder, no_strings, 1) &&
           put(builder, lm + HAS_STRINGS_AT + 1, builder->lm_end - HAS_STRINGS_AT - 1) &&
           put(builder, head, sizeof(head)) && put_padding(builder) &&
           put(builder, words->states, (size_t)words->info.n_states * DSI_DICTIONARY_STATE_SIZE) &&
           put_padding(builder) &&
           put(builder, words->arcs, (size_t)words->info.n_arcs * DSI_DICTIONARY_ARC_SIZE);
}

static enum dsinfer_status check_options(const struct dsinfer_scorer_build_options *options,
                                         dsinfer_write_function write, struct dsinfer_error *err) {
    if (!options || options->size != sizeof(*options) || !options->lm_path ||
        !options->vocab_path || !write) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                        "initialised options with a language model and a vocabulary are needed, "
                        "and a function that writes");
    }
    if (!(fabs(options->alpha) < 1e30) || !(fabs(options->beta) < 1e30)) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "the weights are %g and %g, which is too much",
                        options->alpha, options->beta);
    }
    return DSINFER_OK;
}

enum dsinfer_status dsinfer_scorer_build(const struct dsinfer_scorer_build_options *options,
                                         dsinfer_write_function write, void *user,
                                         struct dsinfer_scorer_build_result *result,
                                         struct dsinfer_error *err) {
    struct builder builder = {.options = options, .write = write, .user = user, .err = err};
    enum dsinfer_status status = check_options(options, write, err);

    if (status != DSINFER_OK) {
        return status;
    }
    status = open_lm(&builder);
    if (status == DSINFER_OK) {
        status = open_alphabet(&builder);
    }
    if (status == DSINFER_OK) {
        status = open_vocabulary(&builder);
    }
    if (status != DSINFER_OK && options->failed_path) {
        *options->failed_path = builder.at;
    }
    if (status == DSINFER_OK && !put_package(&builder)) {
        status = dsi_fail(err, DSINFER_ERR_IO, "the package cannot be written");
    }
    if (status == DSINFER_OK && result) {
        *result = builder.result;
    }
    dsi_dictionary_finish(&builder.words);
    dsi_alphabet_finish(&builder.alphabet);
    dsi_mapped_file_close(&builder.vocab_file);
    dsi_mapped_file_close(&builder.lm_file);
    return status;
}
