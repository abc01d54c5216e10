/* KenLM's probing files: hash tables with open addressing.
 *
 * Behind the header follow
 *   vocabulary  u32 0, u32 number of words with <unk>, then a table of {u64 hash, u32 index}
 *   unigrams    counts[0] + 1 records {f32 prob, f32 backoff [, f32 rest cost]}
 *   orders 2 …  a table of {u64 key, f32 prob, f32 backoff [, f32 rest cost]}
 *   highest     a table of {u64 key, f32 prob}
 * A table of n entries has max(n + 1, multiplier * n) buckets, the product in float32; key 0 is an
 * empty bucket; search begins at key mod buckets. The sign of a prob is a flag: it is negative.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/index.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <inttypes.h>
#include <math.h>

uint64_t dsi_lm_combine_key(uint64_t key, uint32_t word) {
    return (key * UINT64_C(8978948897894561157)) ^
           ((UINT64_C(1) + word) * UINT64_C(17894857484156487943));
}

uint64_t dsi_lm_count_buckets(uint64_t n, float multiplier) {
    const float scaled = multiplier * (float)n;

    if (!(scaled < 9.2e18f)) {
        return 0;
    }
    return (uint64_t)scaled > n + 1 ? (uint64_t)scaled : n + 1;
}

/* The entry of that key, or NULL. A full table, which only a damaged file has, ends the search too.
 */
static const uint8_t *find_entry(const struct dsi_lm_table *table, uint64_t key) {
    uint64_t bucket = key % table->n_buckets;
    uint64_t i;

    for (i = 0; key != 0 && i < table->n_buckets; i++) {
        const uint8_t *entry = table->base + bucket * table->entry_size;
        const uint64_t found = dsi_load_u64(entry);

        if (found == key) {
            return entry;
        }
        if (found == 0) {
            return NULL;
        }
        bucket = bucket + 1 == table->n_buckets ? 0 : bucket + 1;
    }
    return NULL;
}

static uint32_t find_word(const struct dsi_lm *lm, uint64_t hash) {
    const uint8_t *entry = find_entry(&lm->u.probing.words, hash);

    return entry ? dsi_load_u32(entry + 8) : DSI_LM_UNKNOWN;
}

static void find_unigram(const struct dsi_lm *lm, uint32_t word, struct dsi_ngram *out) {
    const uint8_t *record = lm->unigrams + lm->unigram_size * word;

    out->prob = -fabsf(dsi_load_f32(record));
    out->backoff = dsi_load_f32(record + 4);
    out->node[0] = word;
}

static bool find_longer(const struct dsi_lm *lm, const struct dsi_ngram *shorter, unsigned order,
                        uint32_t word, struct dsi_ngram *out) {
    const uint64_t key = dsi_lm_combine_key(shorter->node[0], word);
    const uint8_t *entry = find_entry(&lm->u.probing.orders[order - 2], key);

    if (!entry) {
        return false;
    }
    out->prob = -fabsf(dsi_load_f32(entry + 8));
    out->backoff = order < lm->info.order ? dsi_load_f32(entry + 12) : 0.0f;
    out->node[0] = key;
    return true;
}

const struct dsi_lm_index dsi_lm_probing_index = {find_word, find_unigram, find_longer};

static enum dsinfer_status take_table(struct dsi_cursor *cursor, uint64_t n, float multiplier,
                                      size_t entry_size, struct dsi_lm_table *table,
                                      struct dsinfer_error *err) {
    const size_t position = cursor->position;
    struct dsi_bytes bytes;
    size_t size;

    table->n_buckets = dsi_lm_count_buckets(n, multiplier);
    table->entry_size = entry_size;
    if (table->n_buckets == 0 || table->n_buckets > SIZE_MAX ||
        !dsi_mul_size((size_t)table->n_buckets, entry_size, &size) ||
        !dsi_cursor_read_bytes(cursor, size, &bytes)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the language model is cut: the table of %" PRIu64
                        " entries at byte %zu goes beyond the end at byte %zu",
                        n, position, cursor->bytes.size);
    }
    table->base = bytes.data;
    return DSINFER_OK;
}

enum dsinfer_status dsi_lm_probing_open(struct dsi_lm *lm, struct dsi_cursor *cursor,
                                        float multiplier, bool has_rest,
                                        struct dsinfer_error *err) {
    const size_t rest_size = has_rest ? 4 : 0;
    enum dsinfer_status status;
    uint32_t version, n_words;
    struct dsi_bytes unigrams;
    unsigned order;

    lm->index = &dsi_lm_probing_index;
    if (!(multiplier > 1.0f) || !isfinite(multiplier)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the probing multiplier at byte 92 is %g, but more than 1 is needed",
                        (double)multiplier);
    }
    if (!dsi_cursor_read_u32(cursor, &version) || !dsi_cursor_read_u32(cursor, &n_words)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the language model ends before its vocabulary");
    }
    if (version != 0 || n_words == 0 || n_words > lm->info.counts[0] + 1) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the vocabulary has version %" PRIu32 " and %" PRIu32
                        " words, but the header counts %" PRIu64,
                        version, n_words, lm->info.counts[0]);
    }
    lm->info.n_words = n_words;
    status = take_table(cursor, lm->info.counts[0], multiplier, 12, &lm->u.probing.words, err);
    if (status != DSINFER_OK) {
        return status;
    }

    lm->unigram_size = 8 + rest_size;
    if (!dsi_cursor_read_bytes(cursor, (lm->info.counts[0] + 1) * lm->unigram_size, &unigrams)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED, "the language model ends inside its unigrams");
    }
    lm->unigrams = unigrams.data;
    for (order = 2; order <= lm->info.order; order++) {
        const size_t entry_size = order < lm->info.order ? 16 + rest_size : 12;

        status = take_table(cursor, lm->info.counts[order - 1], multiplier, entry_size,
                            &lm->u.probing.orders[order - 2], err);
        if (status != DSINFER_OK) {
            return status;
        }
    }
    return DSINFER_OK;
}
