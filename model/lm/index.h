/* How n-grams are found: one table of functions per kind of file. Internal to model/lm.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_LM_INDEX_H
#define DSI_LM_INDEX_H

#include "model/lm/lm.h"

#include <stdatomic.h>

/* An n-gram that was found, and where the longer ones that end in it are looked for. */
struct dsi_ngram {
    float prob, backoff; /* backoff -0.0: nothing longer begins with it */
    uint64_t node[2];    /* probing: key, –; trie: range of its children in the next order */
};

struct dsi_lm_index {
    /* Index of the word of that hash, or DSI_LM_UNKNOWN. */
    uint32_t (*find_word)(const struct dsi_lm *lm, uint64_t hash);

    void (*find_unigram)(const struct dsi_lm *lm, uint32_t word, struct dsi_ngram *out);

    /* The n-gram of `order` words (2 to the model's) that is `shorter` with `word` before it. */
    bool (*find_longer)(const struct dsi_lm *lm, const struct dsi_ngram *shorter, unsigned order,
                        uint32_t word, struct dsi_ngram *out);
};

/* A bit-packed array of fixed-width records; see kenlm_trie.c. */
struct dsi_lm_records {
    const uint8_t *base;
    uint64_t n_records;
    unsigned word_bits, next_bits, total_bits;
    const uint8_t *offsets; /* array tries: u64 where the high part of `next` changes; or NULL */
    uint64_t n_offsets;
    const uint8_t *probs, *backoffs; /* quantisation tables of f32; NULL: floats in the record */
};

/* An open-addressing table of {u64 key, values}. */
struct dsi_lm_table {
    const uint8_t *base;
    uint64_t n_buckets;
    size_t entry_size;
};

struct dsi_lm {
    atomic_uint n_references;
    const struct dsi_lm_index *index;
    struct dsi_lm_info info;
    struct dsi_mapped_file file; /* owned; empty for ARPA and open_bytes */
    uint8_t *memory;             /* owned: tables and strings of ARPA; NULL otherwise */
    struct dsi_bytes strings;
    uint32_t begin; /* index of <s> */
    const uint8_t *unigrams;
    size_t unigram_size; /* bytes a record */
    union {
        struct {
            const uint8_t *hashes; /* sorted u64 */
            uint64_t n_hashes;
            unsigned prob_bits, backoff_bits;
            struct dsi_lm_records orders[DSI_LM_MAX_ORDER - 1]; /* of order 2, 3, … */
        } trie;
        struct {
            struct dsi_lm_table words;
            struct dsi_lm_table orders[DSI_LM_MAX_ORDER - 1];
        } probing;
    } u;
};

extern const struct dsi_lm_index dsi_lm_trie_index;
extern const struct dsi_lm_index dsi_lm_probing_index;

/* Lay out the parts of a file behind its header; *end gets the offset behind the last. */
enum dsinfer_status dsi_lm_trie_open(struct dsi_lm *lm, struct dsi_cursor *cursor,
                                     bool is_quantised, bool is_array, struct dsinfer_error *err);
enum dsinfer_status dsi_lm_probing_open(struct dsi_lm *lm, struct dsi_cursor *cursor,
                                        float multiplier, bool has_rest, struct dsinfer_error *err);

/* Reads ARPA text into tables like those of a probing file. */
enum dsinfer_status dsi_lm_arpa_read(struct dsi_lm *lm, struct dsi_bytes bytes,
                                     struct dsinfer_error *err);

/* Key of an n-gram from the key of its end and the word before it, as probing files use it. */
uint64_t dsi_lm_combine_key(uint64_t key, uint32_t word);

/* Buckets of a probing table for `n` entries, in float32 as the builder computes it; 0: overflow.
 */
uint64_t dsi_lm_count_buckets(uint64_t n, float multiplier);

float dsi_load_f32(const void *bytes);

/* A decimal number such as -1.25e-3, whatever the locale; false if `text` is anything else. */
bool dsi_lm_parse_number(const char *text, size_t size, double *out);

#endif
