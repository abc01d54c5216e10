/* A scorer asked directly: the words of a sentence, a word of the dictionary.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/scorer.h"
#include "model/lm/text.h"

/* The sum of a sentence is that of KenLM: float32, in the order of the words. */
struct tally {
    const struct dsi_lm *lm;
    struct dsi_lm_state state;
    struct dsinfer_word_score *words;
    size_t capacity, n_words;
    float total;
};

static void score_word(struct tally *tally, struct dsi_text word, bool is_end) {
    const uint32_t index = dsi_lm_find_word(tally->lm, word.text, word.size);
    struct dsi_lm_state next;
    unsigned n_matched;
    const float log10 = dsi_lm_score(tally->lm, &tally->state, index, &next, &n_matched);

    if (tally->n_words < tally->capacity) {
        tally->words[tally->n_words] = (struct dsinfer_word_score){
            .text = word.text,
            .size = word.size,
            .log10 = log10,
            .n_gram = n_matched,
            .is_unknown = index == DSI_LM_UNKNOWN && !is_end,
        };
    }
    tally->n_words++;
    tally->total += log10;
    tally->state = next;
}

enum dsinfer_status dsinfer_scorer_score(const struct dsinfer_scorer *scorer, const char *sentence,
                                         size_t size, int has_begin, int has_end,
                                         struct dsinfer_word_score *words, size_t capacity,
                                         size_t *n_words, float *total) {
    struct tally tally = {.lm = scorer->lm, .words = words, .capacity = capacity};
    struct dsi_text rest = {sentence, size};
    struct dsi_text word;

    if (!scorer->lm) {
        return DSINFER_ERR_STATE;
    }
    dsi_lm_get_null(&tally.state);
    if (has_begin) {
        dsi_lm_get_begin(scorer->lm, &tally.state);
    }
    for (word = dsi_text_take_word(&rest); word.size; word = dsi_text_take_word(&rest)) {
        score_word(&tally, word, false);
    }
    if (has_end) {
        score_word(&tally, (struct dsi_text){"</s>", 4}, true);
    }
    *n_words = tally.n_words;
    if (total) {
        *total = tally.total;
    }
    return DSINFER_OK;
}

enum dsinfer_status dsinfer_scorer_look_up(const struct dsinfer_scorer *scorer, const char *text,
                                           size_t size, int *is_word, int *is_prefix) {
    const struct dsi_dictionary *dictionary = &scorer->dictionary;
    uint32_t labels[DSI_DICTIONARY_MAX_LENGTH];
    uint32_t state = dictionary->start;
    bool is_there;
    size_t n = 0;
    size_t i;

    if (!scorer->has_dictionary) {
        return DSINFER_ERR_STATE;
    }
    is_there =
        dsi_spelling_write(&scorer->spelling, text, size, labels, DSI_DICTIONARY_MAX_LENGTH, &n);
    for (i = 0; i < n && is_there; i++) {
        /* The space ends words and is none of their letters. */
        const bool is_space =
            !scorer->is_bytes && scorer->alphabet.has_space && labels[i] == scorer->alphabet.space;

        is_there = !is_space && dsi_dictionary_find(dictionary, state, labels[i], &state);
    }
    *is_prefix = is_there;
    *is_word = is_there && dsi_dictionary_is_word(dictionary, state);
    return DSINFER_OK;
}
