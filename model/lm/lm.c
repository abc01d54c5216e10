/* Opening language models, and the score.
 *
 * A KenLM binary file of format version 5 begins, all numbers little-endian:
 *     0  magic, zero-padded to 56 bytes
 *    56  float 0.0, 1.0, -0.5; u32 1, 2^32-1, 0; u64 1: the builder's machine was like this one
 *    88  u8 order, padded to 4; float multiplier
 *    96  i32 type; u8 has strings, padded to 4; u32 search version
 *   108  u64 counts[order], padded to a multiple of 8
 * Vocabulary and n-grams follow (kenlm_trie.c, kenlm_probing.c), then the words, NUL-terminated.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/index.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"

#include <inttypes.h>
#include <string.h>

#define MAGIC "mmap lm http://kheafield.com/code format version 5\n"
#define MAGIC_ANY "mmap lm http://kheafield.com/code" /* of any version */
#define MAGIC_SIZE 56
#define FIXED_SIZE 108

enum kenlm_type {
    KENLM_PROBING,
    KENLM_REST_PROBING,
    KENLM_TRIE,
    KENLM_QUANT_TRIE,
    KENLM_ARRAY_TRIE,
    KENLM_QUANT_ARRAY_TRIE,
    KENLM_N_TYPES
};

static const char *const type_names[KENLM_N_TYPES] = {
    "probing", "rest probing", "trie", "quantised trie", "array trie", "quantised array trie",
};

/* Bytes 56 … 87 of a file from a little-endian machine with IEEE floats. */
static const uint8_t sanity[32] = {
    0,    0,    0,    0,    0, 0, 0x80, 0x3f, 0, 0, 0, 0xbf, 1, 0, 0, 0,
    0xff, 0xff, 0xff, 0xff, 0, 0, 0,    0,    1, 0, 0, 0,    0, 0, 0, 0,
};

float dsi_load_f32(const void *bytes) {
    const uint32_t bits = dsi_load_u32(bytes);
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static enum dsinfer_status fail_short(struct dsinfer_error *err, const char *what, size_t size) {
    return dsi_fail(err, DSINFER_ERR_MALFORMED, "the language model ends at byte %zu, inside %s",
                    size, what);
}

static enum dsinfer_status check_magic(struct dsi_bytes bytes, struct dsinfer_error *err) {
    if (bytes.size < MAGIC_SIZE) {
        return fail_short(err, "its first line", bytes.size);
    }
    if (memcmp(bytes.data, MAGIC, sizeof(MAGIC)) != 0) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the first line is not that of a finished KenLM file of format version 5");
    }
    if (bytes.size < FIXED_SIZE) {
        return fail_short(err, "its header", bytes.size);
    }
    if (memcmp(bytes.data + MAGIC_SIZE, sanity, sizeof(sanity)) != 0) {
        return dsi_fail(
            err, DSINFER_ERR_MALFORMED,
            "the sanity numbers at byte 56 are those of another kind of machine; a file "
            "built on a little-endian 64-bit machine is needed");
    }
    return DSINFER_OK;
}

/* Fields of the header that only opening needs. */
struct header {
    float multiplier;
    uint32_t type;
};

static enum dsinfer_status read_header(struct dsi_lm *lm, struct dsi_cursor *cursor,
                                       struct header *header, struct dsinfer_error *err) {
    const uint8_t *fixed = cursor->bytes.data + 88;
    const unsigned order = fixed[0];
    const uint32_t version = dsi_load_u32(fixed + 16);
    size_t size = FIXED_SIZE + 8 * (size_t)order;
    unsigned i;

    header->multiplier = dsi_load_f32(fixed + 4);
    header->type = dsi_load_u32(fixed + 8);
    lm->info.has_strings = fixed[12] != 0;
    lm->info.order = order;
    if (order < 2 || order > DSI_LM_MAX_ORDER) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED, "the order at byte 88 is %u, not 2 to %d",
                        order, DSI_LM_MAX_ORDER);
    }
    if (header->type >= KENLM_N_TYPES) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the model type at byte 96 is %" PRId32 ", not 0 to 5",
                        (int32_t)header->type);
    }
    if (version != (header->type >= KENLM_TRIE ? 1U : 0U)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the search version at byte 104 is %" PRIu32 ", which a %s does not have",
                        version, type_names[header->type]);
    }
    lm->info.type = type_names[header->type];

    size = (size + 7) / 8 * 8;
    if (!dsi_cursor_skip(cursor, size)) {
        return fail_short(err, "its n-gram counts", cursor->bytes.size);
    }
    for (i = 0; i < order; i++) {
        lm->info.counts[i] = dsi_load_u64(cursor->bytes.data + FIXED_SIZE + 8 * i);
        if (lm->info.counts[i] / 8 > cursor->bytes.size) { /* a record has a bit at least */
            return dsi_fail(err, DSINFER_ERR_MALFORMED,
                            "the header counts %" PRIu64
                            " n-grams of order %u, more than the file of %zu bytes can hold",
                            lm->info.counts[i], i + 1, cursor->bytes.size);
        }
    }
    return DSINFER_OK;
}

static enum dsinfer_status read_binary(struct dsi_lm *lm, struct dsi_bytes bytes, size_t *end,
                                       struct dsinfer_error *err) {
    enum dsinfer_status status = check_magic(bytes, err);
    struct dsi_cursor cursor;
    struct header header;

    if (status != DSINFER_OK) {
        return status;
    }
    dsi_cursor_init(&cursor, bytes);
    status = read_header(lm, &cursor, &header, err);
    if (status != DSINFER_OK) {
        return status;
    }
    if (header.type >= KENLM_TRIE) {
        status = dsi_lm_trie_open(
            lm, &cursor, header.type == KENLM_QUANT_TRIE || header.type == KENLM_QUANT_ARRAY_TRIE,
            header.type >= KENLM_ARRAY_TRIE, err);
    } else {
        status = dsi_lm_probing_open(lm, &cursor, header.multiplier,
                                     header.type == KENLM_REST_PROBING, err);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    *end = cursor.position;
    if (lm->info.has_strings) {
        lm->strings.data = bytes.data + cursor.position;
        lm->strings.size = bytes.size - cursor.position;
    }
    lm->begin = dsi_lm_find_word(lm, "<s>", 3);
    return DSINFER_OK;
}

static struct dsi_lm *create(void) {
    struct dsi_lm *lm = dsi_calloc(1, sizeof(*lm));

    if (lm) {
        atomic_init(&lm->n_references, 1);
    }
    return lm;
}

/* ARPA text has nothing but blank lines before "\data\". */
static bool is_arpa(struct dsi_bytes bytes) {
    static const char mark[] = "\\data\\";
    size_t i = 0;

    while (i < bytes.size && (bytes.data[i] == '\n' || bytes.data[i] == '\r' ||
                              bytes.data[i] == ' ' || bytes.data[i] == '\t')) {
        i++;
    }
    return bytes.size - i >= sizeof(mark) - 1 &&
           memcmp(bytes.data + i, mark, sizeof(mark) - 1) == 0;
}

bool dsi_lm_probe(struct dsi_bytes bytes) {
    const size_t size = sizeof(MAGIC_ANY) - 1;

    return is_arpa(bytes) || (bytes.size >= size && memcmp(bytes.data, MAGIC_ANY, size) == 0);
}

static enum dsinfer_status read_any(struct dsi_lm *lm, struct dsi_bytes bytes, size_t *end,
                                    struct dsinfer_error *err) {
    if (bytes.size == 0) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the file is empty, but a language model is needed");
    }
    if (is_arpa(bytes)) {
        *end = bytes.size;
        return dsi_lm_arpa_read(lm, bytes, err);
    }
    return read_binary(lm, bytes, end, err);
}

enum dsinfer_status dsi_lm_open_bytes(struct dsi_bytes bytes, struct dsi_lm **out, size_t *end,
                                      struct dsinfer_error *err) {
    struct dsi_lm *lm = create();
    enum dsinfer_status status;
    size_t position = 0;

    *out = NULL;
    if (!lm) {
        return dsi_fail_memory(err, sizeof(*lm));
    }
    status = read_any(lm, bytes, &position, err);
    if (status != DSINFER_OK) {
        dsi_lm_unref(lm);
        return status;
    }
    *end = position;
    *out = lm;
    return DSINFER_OK;
}

enum dsinfer_status dsi_lm_open(const char *path, struct dsi_lm **out, struct dsinfer_error *err) {
    struct dsi_lm *lm = create();
    enum dsinfer_status status;
    size_t end;

    *out = NULL;
    if (!lm) {
        return dsi_fail_memory(err, sizeof(*lm));
    }
    status = dsi_mapped_file_open(&lm->file, path, err);
    if (status == DSINFER_OK) {
        status = read_any(lm, lm->file.bytes, &end, err);
    }
    if (status != DSINFER_OK) {
        dsi_lm_unref(lm);
        return status;
    }
    *out = lm;
    return DSINFER_OK;
}

struct dsi_lm *dsi_lm_ref(struct dsi_lm *lm) {
    atomic_fetch_add(&lm->n_references, 1);
    return lm;
}

void dsi_lm_unref(struct dsi_lm *lm) {
    if (!lm || atomic_fetch_sub(&lm->n_references, 1) != 1) {
        return;
    }
    dsi_mapped_file_close(&lm->file);
    dsi_free(lm->memory);
    dsi_free(lm);
}

const struct dsi_lm_info *dsi_lm_get_info(const struct dsi_lm *lm) {
    return &lm->info;
}

struct dsi_bytes dsi_lm_get_strings(const struct dsi_lm *lm) {
    return lm->strings;
}

uint32_t dsi_lm_find_word(const struct dsi_lm *lm, const char *word, size_t size) {
    const uint32_t index = lm->index->find_word(lm, dsi_hash_compute(0, word, size));

    return index < lm->info.n_words ? index : DSI_LM_UNKNOWN;
}

void dsi_lm_get_null(struct dsi_lm_state *state) {
    memset(state, 0, sizeof(*state));
}

void dsi_lm_get_begin(const struct dsi_lm *lm, struct dsi_lm_state *state) {
    struct dsi_ngram unigram;

    dsi_lm_get_null(state);
    lm->index->find_unigram(lm, lm->begin, &unigram);
    state->length = 1;
    state->words[0] = lm->begin;
    state->backoffs[0] = unigram.backoff;
}

/* Whether longer n-grams begin with this one: the files mark by -0.0 that none does. */
static bool has_extension(float backoff) {
    uint32_t bits;

    memcpy(&bits, &backoff, sizeof(bits));
    return bits != 0x80000000U;
}

float dsi_lm_score(const struct dsi_lm *lm, const struct dsi_lm_state *context, uint32_t word,
                   struct dsi_lm_state *next, unsigned *n_matched) {
    const unsigned order = lm->info.order;
    struct dsi_lm_state state;
    struct dsi_ngram ngram;
    unsigned matched = 1;
    float prob;
    uint32_t i;

    dsi_lm_get_null(&state);
    word = word < lm->info.n_words ? word : DSI_LM_UNKNOWN;
    lm->index->find_unigram(lm, word, &ngram);
    state.words[0] = word;
    state.backoffs[0] = ngram.backoff;
    state.length = has_extension(ngram.backoff) ? 1 : 0;
    prob = ngram.prob;

    for (i = 0; i < context->length && i + 2 <= order; i++) {
        struct dsi_ngram longer;

        if (!lm->index->find_longer(lm, &ngram, i + 2, context->words[i], &longer)) {
            break;
        }
        matched = i + 2;
        prob = longer.prob;
        ngram = longer;
        if (matched < order) {
            state.backoffs[i + 1] = longer.backoff;
            state.length = has_extension(longer.backoff) ? matched : state.length;
        }
    }
    for (i = matched - 1; i < context->length; i++) {
        prob += context->backoffs[i];
    }
    for (i = 1; i < state.length; i++) {
        state.words[i] = context->words[i - 1];
    }

    if (next) {
        *next = state;
    }
    if (n_matched) {
        *n_matched = matched;
    }
    return prob;
}
