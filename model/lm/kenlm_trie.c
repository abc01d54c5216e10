/* KenLM's tries: n-grams by reversed words, records packed to the bit.
 *
 * Behind the header follow
 *   vocabulary    u64 n, then n u64 hashes ascending, in 8 + 8 * counts[0] bytes;
 *                 the index of a word is its position + 1
 *   quantisation  u8 2, u8 prob bits, u8 backoff bits, 5 bytes, tables of f32; quantised types only
 *   unigrams      counts[0] + 2 records {f32 prob, f32 backoff, u64 next}
 *   orders 2 …    [array of offsets] counts[k] + 1 records word | value | next, low bits first
 *   highest       records word | prob
 *
 * The children of record i are records next(i) … next(i + 1) - 1 of the next order, ascending by
 * word. Values are backoff | prob bins where quantised, else 31 bits of the (negative) prob and 32
 * of the backoff. Array tries keep only the low bits of `next` in the record: offset k tells the
 * first record whose next has reached k << next_bits.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/index.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <inttypes.h>
#include <string.h>

#define UNIGRAM_SIZE 16
#define MAX_QUANT_BITS 25

static uint64_t read_bits(const uint8_t *base, uint64_t bit, unsigned n_bits) {
    const uint64_t word = dsi_load_u64(base + bit / 8) >> (bit % 8);

    return n_bits ? word & (UINT64_MAX >> (64 - n_bits)) : 0;
}

static float make_float(uint32_t bits) {
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* Bits needed to store x; none for 0. */
static unsigned count_bits(uint64_t x) {
    unsigned n = 0;

    while (x) {
        n++;
        x >>= 1;
    }
    return n;
}

static uint32_t find_word(const struct dsi_lm *lm, uint64_t hash) {
    uint64_t low = 0;
    uint64_t high = lm->u.trie.n_hashes;

    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        const uint64_t found = dsi_load_u64(lm->u.trie.hashes + 8 * middle);

        if (found == hash) {
            return (uint32_t)(middle + 1);
        }
        if (found < hash) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return DSI_LM_UNKNOWN;
}

/* A range of records of the next order, emptied where the file lies. */
static void set_range(struct dsi_ngram *ngram, uint64_t begin, uint64_t end, uint64_t n_records) {
    const bool is_sane = begin <= end && end <= n_records;

    ngram->node[0] = is_sane ? begin : 0;
    ngram->node[1] = is_sane ? end : 0;
}

static void find_unigram(const struct dsi_lm *lm, uint32_t word, struct dsi_ngram *out) {
    const uint8_t *record = lm->unigrams + UNIGRAM_SIZE * (size_t)word;

    out->prob = dsi_load_f32(record);
    out->backoff = dsi_load_f32(record + 4);
    set_range(out, dsi_load_u64(record + 8), dsi_load_u64(record + UNIGRAM_SIZE + 8),
              lm->u.trie.orders[0].n_records);
}

/* Full `next` of record i, 0 to n_records. */
static uint64_t read_next(const struct dsi_lm_records *records, uint64_t i) {
    const uint64_t bit = (i + 1) * records->total_bits - records->next_bits;
    const uint64_t inline_bits = read_bits(records->base, bit, records->next_bits);
    uint64_t low = 0;
    uint64_t high = records->n_offsets;

    if (!records->offsets) {
        return inline_bits;
    }
    while (low < high) { /* the last offset that is <= i */
        const uint64_t middle = low + (high - low) / 2;

        if (dsi_load_u64(records->offsets + 8 * middle) <= i) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low ? (low - 1) << records->next_bits | inline_bits : inline_bits;
}

/* Record of `word` among node[0] … node[1] - 1. */
static bool find_record(const struct dsi_lm_records *records, const uint64_t node[2], uint32_t word,
                        uint64_t *out) {
    uint64_t low = node[0];
    uint64_t high = node[1];

    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        const uint64_t found =
            read_bits(records->base, middle * records->total_bits, records->word_bits);

        if (found == word) {
            *out = middle;
            return true;
        }
        if (found < word) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

static bool find_longer(const struct dsi_lm *lm, const struct dsi_ngram *shorter, unsigned order,
                        uint32_t word, struct dsi_ngram *out) {
    const struct dsi_lm_records *records = &lm->u.trie.orders[order - 2];
    const bool is_highest = order == lm->info.order;
    uint64_t i, bit;

    if (!find_record(records, shorter->node, word, &i)) {
        return false;
    }
    bit = i * records->total_bits + records->word_bits;
    out->backoff = 0.0f;
    if (records->probs) {
        const unsigned backoff_bits = is_highest ? 0 : lm->u.trie.backoff_bits;

        if (!is_highest) {
            out->backoff =
                dsi_load_f32(records->backoffs + 4 * read_bits(records->base, bit, backoff_bits));
        }
        out->prob = dsi_load_f32(records->probs + 4 * read_bits(records->base, bit + backoff_bits,
                                                                lm->u.trie.prob_bits));
    } else {
        out->prob = make_float((uint32_t)read_bits(records->base, bit, 31) | 0x80000000U);
        if (!is_highest) {
            out->backoff = make_float((uint32_t)read_bits(records->base, bit + 31, 32));
        }
    }
    if (!is_highest) {
        set_range(out, read_next(records, i), read_next(records, i + 1), records[1].n_records);
    }
    return true;
}

const struct dsi_lm_index dsi_lm_trie_index = {find_word, find_unigram, find_longer};

/* Takes `count` pieces of `size` bytes; NULL when the file is too short. */
static const uint8_t *take(struct dsi_cursor *cursor, uint64_t count, size_t size) {
    struct dsi_bytes bytes;
    size_t total;

    if (count > SIZE_MAX || !dsi_mul_size((size_t)count, size, &total) ||
        !dsi_cursor_read_bytes(cursor, total, &bytes)) {
        return NULL;
    }
    return bytes.data;
}

static enum dsinfer_status fail_short(const struct dsi_cursor *cursor, const char *what,
                                      unsigned order, struct dsinfer_error *err) {
    return dsi_fail(err, DSINFER_ERR_MALFORMED,
                    "the language model is cut: %s of order %u begin at byte %zu and go beyond the "
                    "end at byte %zu",
                    what, order, cursor->position, cursor->bytes.size);
}

/* Quantisation: bit widths, then for each middle order the tables of probs and backoffs, then the
 * probs of the highest order. */
static enum dsinfer_status open_quantisation(struct dsi_lm *lm, struct dsi_cursor *cursor,
                                             struct dsinfer_error *err) {
    const size_t position = cursor->position;
    const uint8_t *head = take(cursor, 8, 1);
    unsigned order;

    if (!head) {
        return fail_short(cursor, "quantisation tables", 2, err);
    }
    if (head[0] != 2 || head[1] == 0 || head[1] > MAX_QUANT_BITS || head[2] == 0 ||
        head[2] > MAX_QUANT_BITS) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the quantisation at byte %zu is version %u with %u and %u bits; version 2 "
                        "with 1 to %d bits is needed",
                        position, head[0], head[1], head[2], MAX_QUANT_BITS);
    }
    lm->u.trie.prob_bits = head[1];
    lm->u.trie.backoff_bits = head[2];
    for (order = 2; order <= lm->info.order; order++) {
        struct dsi_lm_records *records = &lm->u.trie.orders[order - 2];

        records->probs = take(cursor, UINT64_C(1) << head[1], 4);
        if (records->probs && order < lm->info.order) {
            records->backoffs = take(cursor, UINT64_C(1) << head[2], 4);
        }
        if (!records->probs || (order < lm->info.order && !records->backoffs)) {
            return fail_short(cursor, "quantisation tables", order, err);
        }
    }
    return DSINFER_OK;
}

/* How many high bits of `next` an array keeps: the number that saves most, the smallest of equals.
 */
static unsigned choose_chop(uint64_t n_entries, uint64_t max_next, unsigned configured) {
    const unsigned required = count_bits(max_next);
    const unsigned most = required < configured ? required : configured;
    int64_t lowest = 0;
    unsigned best = 0;
    unsigned chop;

    for (chop = 1; chop <= most; chop++) {
        const int64_t cost = (int64_t)(max_next >> (required - chop)) * 64 -
                             (int64_t)(n_entries + 1) * (int64_t)chop;

        if (cost < lowest) {
            lowest = cost;
            best = chop;
        }
    }
    return best;
}

/* The array of offsets in front of the records of a middle order of an array trie. */
static enum dsinfer_status open_offsets(struct dsi_lm_records *records, struct dsi_cursor *cursor,
                                        uint64_t max_next, unsigned order,
                                        struct dsinfer_error *err) {
    const uint8_t *head = cursor->bytes.data + cursor->position;
    const size_t padding = (8 - (cursor->position + 8) % 8) % 8;
    unsigned chop;

    if (dsi_cursor_get_rest(cursor) < 8) {
        return fail_short(cursor, "offsets", order, err);
    }
    if (head[0] != 0) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the offsets at byte %zu have version %u, but 0 is needed",
                        cursor->position, head[0]);
    }
    chop = choose_chop(records->n_records, max_next, head[1]);
    records->next_bits = count_bits(max_next) - chop;
    records->n_offsets = (max_next >> records->next_bits) + 1;
    records->offsets = head + 8 + padding;
    /* The region is the same size whatever the padding: 8 * (1 + n) + 7. */
    if (!take(cursor, records->n_offsets, 8) || !take(cursor, 15, 1)) {
        return fail_short(cursor, "offsets", order, err);
    }
    return DSINFER_OK;
}

static enum dsinfer_status open_records(struct dsi_lm *lm, struct dsi_cursor *cursor, bool is_array,
                                        unsigned order, struct dsinfer_error *err) {
    struct dsi_lm_records *records = &lm->u.trie.orders[order - 2];
    const bool is_highest = order == lm->info.order;
    enum dsinfer_status status;
    size_t bits;

    records->n_records = lm->info.counts[order - 1];
    records->word_bits = count_bits(lm->info.counts[0]);
    if (!is_highest) {
        const uint64_t max_next = lm->info.counts[order];

        records->next_bits = count_bits(max_next);
        if (is_array) {
            status = open_offsets(records, cursor, max_next, order, err);
            if (status != DSINFER_OK) {
                return status;
            }
        }
    }
    records->total_bits = records->word_bits + records->next_bits;
    records->total_bits += records->probs ? lm->u.trie.prob_bits : 31;
    if (!is_highest) {
        records->total_bits += records->probs ? lm->u.trie.backoff_bits : 32;
    }

    /* One record more for the last `next`, and eight bytes so that a u64 can be read anywhere. */
    records->base = cursor->bytes.data + cursor->position;
    if (!dsi_mul_size((size_t)records->n_records + 1, records->total_bits, &bits) ||
        !dsi_add_size(bits, 7, &bits) || !take(cursor, bits / 8 + 8, 1)) {
        return fail_short(cursor, "n-grams", order, err);
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_lm_trie_open(struct dsi_lm *lm, struct dsi_cursor *cursor,
                                     bool is_quantised, bool is_array, struct dsinfer_error *err) {
    const uint64_t n_unigrams = lm->info.counts[0]; /* checked against the file's size */
    enum dsinfer_status status;
    const uint8_t *vocabulary;
    unsigned order;

    lm->index = &dsi_lm_trie_index;
    if (n_unigrams == 0 || n_unigrams > UINT32_MAX) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the header counts %" PRIu64 " words, but 1 (<unk>) to %" PRIu32
                        " are needed",
                        n_unigrams, UINT32_MAX);
    }
    lm->info.n_words = (uint32_t)n_unigrams;
    vocabulary = take(cursor, n_unigrams + 1, 8);
    if (!vocabulary) {
        return fail_short(cursor, "words", 1, err);
    }
    lm->u.trie.hashes = vocabulary + 8;
    lm->u.trie.n_hashes = dsi_load_u64(vocabulary);
    if (lm->u.trie.n_hashes >= n_unigrams) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the vocabulary says it has %" PRIu64
                        " words besides <unk>, but the header counts %" PRIu64 " unigrams",
                        lm->u.trie.n_hashes, n_unigrams);
    }
    if (is_quantised) {
        status = open_quantisation(lm, cursor, err);
        if (status != DSINFER_OK) {
            return status;
        }
    }
    lm->unigrams = take(cursor, n_unigrams + 2, UNIGRAM_SIZE);
    if (!lm->unigrams) {
        return fail_short(cursor, "n-grams", 1, err);
    }
    for (order = 2; order <= lm->info.order; order++) {
        status = open_records(lm, cursor, is_array, order, err);
        if (status != DSINFER_OK) {
            return status;
        }
    }
    return DSINFER_OK;
}
