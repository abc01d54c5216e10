/* ARPA text: the slow path, for small models. Read into tables like those of a probing file.
 *
 *     \data\
 *     ngram 1=3
 *     ngram 2=1
 *
 *     \1-grams:
 *     -1.2 <tab> word <tab> -0.3      (log10 probability, words, log10 backoff unless 0)
 *     …
 *     \end\
 *
 * As KenLM does: an n-gram whose end (without its oldest word) is not listed gets that end made,
 * with the backed-off probability and backoff 0; without <unk> in the list its probability is -100.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/index.h"
#include "model/lm/text.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"

#include <math.h>
#include <string.h>

#define MAX_FILE_SIZE ((size_t)1 << 30)
#define MULTIPLIER 1.5f
#define UNKNOWN_PROB (-100.0f)

struct arpa {
    struct dsi_lm *lm;
    struct dsi_cursor text;
    size_t line_number;
    uint8_t *tables[DSI_LM_MAX_ORDER];    /* inside lm->memory: words, then orders 2 … */
    uint64_t n_entries[DSI_LM_MAX_ORDER]; /* room of each: listed n-grams and made ones */
    uint8_t *unigrams;
    char *strings;
    size_t strings_size;
    struct dsinfer_error *err;
};

static enum dsinfer_status fail_line(const struct arpa *arpa, const char *what) {
    return dsi_fail(arpa->err, DSINFER_ERR_MALFORMED, "line %zu of the ARPA file: %s",
                    arpa->line_number, what);
}

/* The next line that is not empty, without its end and the blanks around it; false at the end of
 * the file. */
static bool read_line(struct arpa *arpa, struct dsi_text *line) {
    while (!dsi_cursor_is_at_end(&arpa->text)) {
        const char *text = (const char *)arpa->text.bytes.data + arpa->text.position;
        const size_t rest = dsi_cursor_get_rest(&arpa->text);
        const char *end = memchr(text, '\n', rest);
        size_t size = end ? (size_t)(end - text) : rest;

        (void)dsi_cursor_skip(&arpa->text, end ? size + 1 : size);
        arpa->line_number++;
        while (size && dsi_text_is_blank(text[size - 1])) {
            size--;
        }
        while (size && dsi_text_is_blank(*text)) {
            text++;
            size--;
        }
        if (size) {
            line->text = text;
            line->size = size;
            return true;
        }
    }
    return false;
}

static bool is_unknown(const struct dsi_text *word) {
    return dsi_text_is(word, "<unk>") || dsi_text_is(word, "<UNK>");
}

/* Takes decimal digits; *n_digits says how many, *value is their value (exact up to 2^53). */
static double take_digits(const char **text, const char *end, unsigned *n_digits) {
    double value = 0.0;

    *n_digits = 0;
    while (*text < end && **text >= '0' && **text <= '9') {
        value = value * 10.0 + (**text - '0');
        (*text)++;
        (*n_digits)++;
    }
    return value;
}

bool dsi_lm_parse_number(const char *text, size_t size, double *out) {
    const char *end = text + size;
    const bool is_negative = size && *text == '-';
    unsigned n_whole, n_fraction = 0, n_exponent;
    double value, fraction = 0.0;

    text += text < end && (*text == '-' || *text == '+');
    value = take_digits(&text, end, &n_whole);
    if (text < end && *text == '.') {
        text++;
        fraction = take_digits(&text, end, &n_fraction);
    }
    if (n_whole + n_fraction == 0 || n_whole + n_fraction > 300) {
        return false;
    }
    value += fraction / pow(10.0, n_fraction);
    if (text < end && (*text == 'e' || *text == 'E')) {
        double exponent;
        bool is_small;

        text++;
        is_small = text < end && *text == '-';
        text += text < end && (*text == '-' || *text == '+');
        exponent = take_digits(&text, end, &n_exponent);
        if (n_exponent == 0 || n_exponent > 4) {
            return false;
        }
        value *= pow(10.0, is_small ? -exponent : exponent);
    }
    *out = is_negative ? -value : value;
    return text == end && isfinite(*out);
}

/* A field as float32. */
static bool parse_float(struct dsi_text field, float *out) {
    double value;

    if (!dsi_lm_parse_number(field.text, field.size, &value)) {
        return false;
    }
    *out = (float)value;
    return isfinite(*out);
}

static void store_f32(uint8_t *bytes, float value) {
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    dsi_store_u32(bytes, bits);
}

/* The bucket of `key`: its entry, or the empty one where it belongs. Tables are never full. */
static uint8_t *find_bucket(uint8_t *base, const struct dsi_lm_table *table, uint64_t key) {
    uint64_t bucket = key % table->n_buckets;

    for (;;) {
        uint8_t *entry = base + bucket * table->entry_size;
        const uint64_t found = dsi_load_u64(entry);

        if (found == key || found == 0) {
            return entry;
        }
        bucket = bucket + 1 == table->n_buckets ? 0 : bucket + 1;
    }
}

/* Puts a key into its bucket; false if it was there already. */
static bool insert(uint8_t *base, const struct dsi_lm_table *table, uint64_t key, uint8_t **out) {
    uint8_t *entry = find_bucket(base, table, key);

    if (dsi_load_u64(entry) == key) {
        return false;
    }
    dsi_store_u32(entry, (uint32_t)key);
    dsi_store_u32(entry + 4, (uint32_t)(key >> 32));
    *out = entry;
    return true;
}

/* "ngram 2=17" lines. */
static enum dsinfer_status read_counts(struct arpa *arpa, struct dsi_text *line) {
    struct dsi_lm_info *info = &arpa->lm->info;
    double least = 0.0; /* bytes of lines "0 a b", with their ends */

    while (read_line(arpa, line) && line->size > 6 && memcmp(line->text, "ngram ", 6) == 0) {
        const char *text = line->text + 6;
        const char *end = line->text + line->size;
        unsigned n_digits;
        const double order = take_digits(&text, end, &n_digits);
        double count = 0.0;

        if (text < end && *text == '=') {
            text++;
            count = take_digits(&text, end, &n_digits);
        }
        if (text != end || n_digits == 0 || order != info->order + 1) {
            return fail_line(arpa, "\"ngram ORDER=COUNT\" is needed, orders ascending from 1");
        }
        if (order > DSI_LM_MAX_ORDER) {
            return dsi_fail(arpa->err, DSINFER_ERR_UNSUPPORTED,
                            "line %zu of the ARPA file: order %.0f, but at most %d is supported",
                            arpa->line_number, order, DSI_LM_MAX_ORDER);
        }
        least += count * (2.0 * order + 2.0);
        if (least > (double)arpa->text.bytes.size + 1.0) {
            return fail_line(arpa, "more n-grams are counted than the file can hold");
        }
        info->counts[info->order++] = (uint64_t)count;
    }
    if (info->order < 2) {
        return fail_line(arpa, "counts of at least two orders are needed");
    }
    return DSINFER_OK;
}

/* One block for the tables, the unigrams and the strings: some ten times the file, by the check of
 * the counts. */
static enum dsinfer_status allocate(struct arpa *arpa) {
    struct dsi_lm *lm = arpa->lm;
    uint64_t total = 0;
    size_t unigrams_at, strings_at;
    unsigned i, j;

    for (i = 0; i < lm->info.order; i++) {
        struct dsi_lm_table *table = i ? &lm->u.probing.orders[i - 1] : &lm->u.probing.words;

        /* Every longer n-gram may need one made here; <unk> may have to be added. */
        for (j = i; j < (i ? lm->info.order : 1); j++) {
            arpa->n_entries[i] += lm->info.counts[j];
        }
        table->entry_size = i == 0 || i + 1 == lm->info.order ? 12 : 16;
        table->n_buckets = dsi_lm_count_buckets(arpa->n_entries[i] + 1, MULTIPLIER);
        total += table->n_buckets * table->entry_size;
    }
    unigrams_at = (size_t)total;
    total += (lm->info.counts[0] + 1) * 8;
    strings_at = (size_t)total;
    total += arpa->text.bytes.size + 8; /* every word of the file, and <unk> */

    lm->memory = dsi_calloc(1, (size_t)total);
    if (!lm->memory) {
        return dsi_fail_memory(arpa->err, (size_t)total);
    }
    total = 0;
    for (i = 0; i < lm->info.order; i++) {
        struct dsi_lm_table *table = i ? &lm->u.probing.orders[i - 1] : &lm->u.probing.words;

        arpa->tables[i] = lm->memory + total;
        table->base = arpa->tables[i];
        total += table->n_buckets * table->entry_size;
    }
    arpa->unigrams = lm->memory + unigrams_at;
    arpa->strings = (char *)lm->memory + strings_at;
    lm->unigrams = arpa->unigrams;
    lm->unigram_size = 8;
    return DSINFER_OK;
}

/* Gives a word its index: 0 for <unk>, the next number otherwise. */
static enum dsinfer_status add_word(struct arpa *arpa, struct dsi_text word, float prob,
                                    float backoff) {
    struct dsi_lm *lm = arpa->lm;
    uint32_t index = DSI_LM_UNKNOWN;
    uint8_t *entry;

    if (memchr(word.text, '\0', word.size)) {
        return fail_line(arpa, "the word has a NUL in it");
    }
    if (!is_unknown(&word)) {
        index = lm->info.n_words++;
        if (!insert(arpa->tables[0], &lm->u.probing.words,
                    dsi_hash_compute(0, word.text, word.size), &entry)) {
            return fail_line(arpa, "the word is there twice");
        }
        dsi_store_u32(entry + 8, index);
        memcpy(arpa->strings + arpa->strings_size, word.text, word.size);
        arpa->strings_size += word.size + 1;
    }
    store_f32(arpa->unigrams + 8 * (size_t)index, prob);
    store_f32(arpa->unigrams + 8 * (size_t)index + 4, backoff);
    return DSINFER_OK;
}

/* Key of words[0 … n), newest last. */
static uint64_t make_key(const uint32_t *words, unsigned n) {
    uint64_t key = words[n - 1];
    unsigned i;

    for (i = n - 1; i > 0; i--) {
        key = dsi_lm_combine_key(key, words[i - 1]);
    }
    return key;
}

/* Finds words[0 … n), which must not be of the highest order. */
static bool find(const struct arpa *arpa, const uint32_t *words, unsigned n, float *prob,
                 float *backoff) {
    const uint8_t *entry;

    if (n == 1) {
        entry = arpa->unigrams + 8 * (size_t)words[0];
    } else {
        const uint64_t key = make_key(words, n);

        entry = find_bucket(arpa->tables[n - 1], &arpa->lm->u.probing.orders[n - 2], key);
        if (dsi_load_u64(entry) != key) {
            return false;
        }
        entry += 8;
    }
    *prob = dsi_load_f32(entry);
    *backoff = dsi_load_f32(entry + 4);
    return true;
}

/* Makes words[0 … n) and its ends where they are not listed. The recursion ends at n = 1. */
static float ensure(struct arpa *arpa, const uint32_t *words, unsigned n) {
    float prob, backoff, context_prob;
    float context_backoff = 0.0f;
    uint8_t *entry;

    if (find(arpa, words, n, &prob, &backoff)) {
        return prob;
    }
    prob = ensure(arpa, words + 1, n - 1);
    if (find(arpa, words, n - 1, &context_prob, &context_backoff)) {
        prob += context_backoff;
    }
    if (insert(arpa->tables[n - 1], &arpa->lm->u.probing.orders[n - 2], make_key(words, n),
               &entry)) {
        store_f32(entry + 8, prob);
        store_f32(entry + 12, 0.0f);
    }
    return prob;
}

static enum dsinfer_status add_ngram(struct arpa *arpa, const uint32_t *words, unsigned n,
                                     float prob, float backoff) {
    uint8_t *entry;

    (void)ensure(arpa, words + 1, n - 1);
    if (!insert(arpa->tables[n - 1], &arpa->lm->u.probing.orders[n - 2], make_key(words, n),
                &entry)) {
        return fail_line(arpa, "the n-gram is there twice");
    }
    store_f32(entry + 8, prob);
    if (n < arpa->lm->info.order) {
        store_f32(entry + 12, backoff);
    }
    return DSINFER_OK;
}

/* One line of section `order`. */
static enum dsinfer_status read_ngram(struct arpa *arpa, struct dsi_text line, unsigned order) {
    uint32_t words[DSI_LM_MAX_ORDER];
    struct dsi_text word = {NULL, 0};
    float prob, backoff = 0.0f;
    struct dsi_text field;
    unsigned i;

    if (!parse_float(dsi_text_take_word(&line), &prob) || prob > 0.0f) {
        return fail_line(arpa, "a log10 probability, not above 0, is needed first");
    }
    for (i = 0; i < order; i++) {
        word = dsi_text_take_word(&line);
        if (word.size == 0) {
            return fail_line(arpa, "there are fewer words than the order of the section");
        }
        words[i] = order > 1 ? dsi_lm_find_word(arpa->lm, word.text, word.size) : 0;
        if (order > 1 && words[i] == DSI_LM_UNKNOWN && !is_unknown(&word)) {
            return fail_line(arpa, "a word is not among the 1-grams");
        }
    }
    field = dsi_text_take_word(&line);
    if (field.size && (!parse_float(field, &backoff) || order == arpa->lm->info.order)) {
        return fail_line(arpa, "what stands behind the words is no backoff");
    }
    if (dsi_text_take_word(&line).size) {
        return fail_line(arpa, "something stands behind the backoff");
    }
    if (backoff == 0.0f) {
        backoff = 0.0f; /* a minus sign would say that nothing longer begins with these words */
    }
    return order == 1 ? add_word(arpa, word, prob, backoff)
                      : add_ngram(arpa, words, order, prob, backoff);
}

/* The section "\ORDER-grams:" whose head is *line; leaves the line behind it there. */
static enum dsinfer_status read_section(struct arpa *arpa, unsigned order, struct dsi_text *line) {
    const char head[] = {'\\', (char)('0' + order), '-', 'g', 'r', 'a', 'm', 's', ':', '\0'};
    uint64_t n = 0;

    if (!dsi_text_is(line, head)) {
        return fail_line(arpa, "the head of the next order's n-grams is needed here");
    }
    for (;;) {
        enum dsinfer_status status;

        if (!read_line(arpa, line)) {
            return fail_line(arpa, "the file ends before \"\\end\\\"");
        }
        if (line->text[0] == '\\' &&
            (dsi_text_is(line, "\\end\\") || line->text[line->size - 1] == ':')) {
            break;
        }
        if (n++ == arpa->lm->info.counts[order - 1]) {
            return fail_line(arpa, "there are more n-grams of this order than counted above");
        }
        status = read_ngram(arpa, *line, order);
        if (status != DSINFER_OK) {
            return status;
        }
    }
    if (n != arpa->lm->info.counts[order - 1]) {
        return fail_line(arpa, "there are fewer n-grams of this order than counted above");
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_lm_arpa_read(struct dsi_lm *lm, struct dsi_bytes bytes,
                                     struct dsinfer_error *err) {
    struct arpa arpa = {.lm = lm, .err = err};
    enum dsinfer_status status;
    struct dsi_text line;
    unsigned order;

    if (bytes.size > MAX_FILE_SIZE) {
        return dsi_fail(err, DSINFER_ERR_LIMIT,
                        "the ARPA file has %zu bytes, more than %zu; a binary model can be larger",
                        bytes.size, MAX_FILE_SIZE);
    }
    dsi_cursor_init(&arpa.text, bytes);
    lm->index = &dsi_lm_probing_index;
    lm->info.type = "arpa";
    if (!read_line(&arpa, &line) || !dsi_text_is(&line, "\\data\\")) {
        return fail_line(&arpa, "\"\\data\\\" is needed");
    }
    status = read_counts(&arpa, &line);
    if (status == DSINFER_OK) {
        status = allocate(&arpa);
    }
    if (status != DSINFER_OK) {
        return status;
    }

    lm->info.n_words = 1;
    memcpy(arpa.strings, "<unk>", 6);
    arpa.strings_size = 6;
    store_f32(arpa.unigrams, UNKNOWN_PROB);
    for (order = 1; order <= lm->info.order && status == DSINFER_OK; order++) {
        status = read_section(&arpa, order, &line);
    }
    if (status == DSINFER_OK && !dsi_text_is(&line, "\\end\\")) {
        status = fail_line(&arpa, "\"\\end\\\" is needed");
    }
    lm->info.has_strings = true;
    lm->strings = (struct dsi_bytes){(const uint8_t *)arpa.strings, arpa.strings_size};
    lm->begin = status == DSINFER_OK ? dsi_lm_find_word(lm, "<s>", 3) : DSI_LM_UNKNOWN;
    return status;
}
