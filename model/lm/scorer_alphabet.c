/* Whether a dictionary was made for the alphabet: files have the numbers of letters only, but words
 * that another alphabet spells are not in the language model.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/scorer.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define N_WORDS 512      /* that are looked at */
#define N_LETTERS 48     /* of the longest of them */
#define ENOUGH_ARCS 64   /* fewer are too few words to judge by */
#define ENOUGH_BYTES 4   /* of a word: shorter ones are in many models by chance */
#define ENOUGH_WORDS 8   /* with a letter, to judge the letter by */
#define MAX_SUSPECTS 32U /* letters none of whose words is known */

struct sampler {
    const struct dsinfer_scorer *scorer;
    uint64_t seed;
    uint32_t labels[N_LETTERS]; /* of the last word */
    size_t n;
    size_t size; /* of its text */
    char example[65];
    char text[N_LETTERS * DSI_ALPHABET_MAX_LABEL_SIZE + 1];
};

struct tally {
    uint32_t n_words, n_known;
};

static uint32_t draw(struct sampler *sampler, uint32_t n) {
    sampler->seed = sampler->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((sampler->seed >> 33) % n);
}

/* Draws letters; false where chance led to no word. */
static bool draw_word(struct sampler *sampler) {
    const struct dsi_dictionary *dictionary = &sampler->scorer->dictionary;
    uint32_t state = dictionary->start;

    sampler->n = 0;
    for (;;) {
        const bool is_word = sampler->n > 0 && dsi_dictionary_is_word(dictionary, state);
        uint32_t first, end, label, next;

        dsi_dictionary_get_arcs(dictionary, state, &first, &end);
        if (first == end || sampler->n == N_LETTERS || (is_word && draw(sampler, 2) == 0)) {
            return is_word;
        }
        dsi_dictionary_get_arc(dictionary, first + draw(sampler, end - first), &label, &next);
        if (label == 0 || label > sampler->scorer->alphabet.n_labels ||
            next >= dictionary->info.n_states ||
            (dictionary->ends_with_space && label == dictionary->space + 1)) {
            return is_word; /* the end of a word, or damage */
        }
        sampler->labels[sampler->n++] = label - 1;
        state = next;
    }
}

/* Spells the last word, with `a` and `b` in each other's place; false for a short one. */
static bool spell(struct sampler *sampler, uint32_t a, uint32_t b) {
    const struct dsi_alphabet *alphabet = &sampler->scorer->alphabet;
    size_t i;

    sampler->size = 0;
    for (i = 0; i < sampler->n; i++) {
        const uint32_t label = sampler->labels[i];
        const char *letter = dsi_alphabet_get(alphabet, label == a ? b : label == b ? a : label);
        const size_t n = strlen(letter);

        memcpy(sampler->text + sampler->size, letter, n + 1);
        sampler->size += n;
    }
    return sampler->size >= ENOUGH_BYTES;
}

static bool is_known(const struct sampler *sampler) {
    return dsi_lm_find_word(sampler->scorer->lm, sampler->text, sampler->size) != DSI_LM_UNKNOWN;
}

/* Counts words and known words, for each letter as well. */
static struct tally count(struct sampler *sampler, struct tally *letters) {
    struct tally all = {0, 0};
    size_t i, k;

    for (i = 0; i < N_WORDS; i++) {
        bool knows;

        if (!draw_word(sampler) || !spell(sampler, 0, 0)) {
            continue;
        }
        knows = is_known(sampler);
        all.n_words++;
        all.n_known += knows;
        (void)snprintf(sampler->example, sizeof(sampler->example), "%.64s", sampler->text);
        for (k = 0; k < sampler->n; k++) {
            letters[sampler->labels[k]].n_words++;
            letters[sampler->labels[k]].n_known += knows;
        }
    }
    return all;
}

/* Whether most words with the letter `a` are known once `b` stands in its place. */
static bool are_swapped(const struct dsinfer_scorer *scorer, uint32_t a, uint32_t b) {
    struct sampler sampler = {.scorer = scorer};
    struct tally tally = {0, 0};
    size_t i, k;

    for (i = 0; i < N_WORDS; i++) {
        bool has_letter = false;

        if (!draw_word(&sampler) || !spell(&sampler, a, b)) {
            continue;
        }
        for (k = 0; k < sampler.n; k++) {
            has_letter = has_letter || sampler.labels[k] == a;
        }
        tally.n_words += has_letter;
        tally.n_known += has_letter && is_known(&sampler);
    }
    return tally.n_known * 2 > tally.n_words;
}

static enum dsinfer_status judge(const struct dsinfer_scorer *scorer, struct tally *letters,
                                 struct dsinfer_error *err) {
    const struct dsi_alphabet *alphabet = &scorer->alphabet;
    struct sampler sampler = {.scorer = scorer};
    const struct tally all = count(&sampler, letters);
    uint32_t suspects[MAX_SUSPECTS];
    size_t i, k, n = 0;

    if (all.n_words >= ENOUGH_WORDS && all.n_known * 100 < all.n_words) {
        return dsi_fail(err, DSINFER_ERR_MISMATCH,
                        "the dictionary was made for another alphabet: as this one of %zu labels "
                        "spells them, %" PRIu32 " of %" PRIu32
                        " of its words, such as '%s', are in its language model",
                        alphabet->n_labels, all.n_known, all.n_words, sampler.example);
    }
    for (i = 0; i < alphabet->n_labels && n < MAX_SUSPECTS; i++) {
        if (letters[i].n_words >= ENOUGH_WORDS && letters[i].n_known == 0) {
            suspects[n++] = (uint32_t)i;
        }
    }
    for (i = 0; i < n; i++) {
        for (k = 0; k < n; k++) {
            if (k != i && are_swapped(scorer, suspects[i], suspects[k])) {
                return dsi_fail(err, DSINFER_ERR_MISMATCH,
                                "the dictionary was made for another alphabet: its label %" PRIu32
                                " is '%.64s', as its language model shows, but in this one it is "
                                "'%.64s'",
                                suspects[i], dsi_alphabet_get(alphabet, suspects[k]),
                                dsi_alphabet_get(alphabet, suspects[i]));
            }
        }
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_scorer_check_alphabet(const struct dsinfer_scorer *scorer,
                                              struct dsinfer_error *err) {
    const struct dsi_dictionary *dictionary = &scorer->dictionary;
    const size_t size = scorer->alphabet.n_labels * sizeof(struct tally);
    enum dsinfer_status status;
    struct tally *letters;

    if (!scorer->lm || !scorer->has_dictionary || scorer->is_bytes ||
        dictionary->info.is_anything || dictionary->info.n_arcs < ENOUGH_ARCS ||
        strcmp(dictionary->info.format, "language model") == 0) {
        return DSINFER_OK;
    }
    letters = dsi_calloc(scorer->alphabet.n_labels, sizeof(*letters));
    if (!letters) {
        return dsi_fail_memory(err, size);
    }
    status = judge(scorer, letters, err);
    dsi_free(letters);
    return status;
}
