/* The beam searches with a language model, dictionary, hot words and cut-offs, on any numbers as
 * rows: cut in any way, and asked after each row or not, they find the same.
 *
 * Input: a byte each for flags (1 probabilities, 2 bytes output, 4 dictionary left out, 8
 * compatible hot words, 16 the tensorflow search), family, beam width, candidates, rows fed at
 * once, cut-off by probability and by number, alpha, beta, number and boost of the hot words; then
 * floats. SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/tiny_scorer.h"

#include <dsinfer/decoder.h>

#include <string.h>

#define HEAD_SIZE 11
#define MAX_ROWS 48
#define MAX_LABELS 256

enum flag {
    FLAG_PROBABILITIES = 1,
    FLAG_BYTES = 2,
    FLAG_NO_DICTIONARY = 4,
    FLAG_COMPATIBLE = 8,
    FLAG_TENSORFLOW = 16
};

/* -12.8 to 12.7. */
static double get_number(uint8_t byte) {
    return ((double)byte - 128.0) / 10.0;
}

static struct dsinfer_decoder *create(const uint8_t *data, struct dsinfer_scorer *scorer) {
    static const char *const letters[] = {"ab", "cd", "c d"};
    static const char *const bytes[] = {"a", "\xc3\xa9", "\xff"};
    const bool is_tensorflow = (data[0] & (FLAG_TENSORFLOW | FLAG_BYTES)) == FLAG_TENSORFLOW;
    struct dsinfer_hot_word words[3];
    struct dsinfer_decoder_options options;
    struct dsinfer_decoder_input input;
    struct dsinfer_decoder *decoder;
    size_t i;

    dsinfer_decoder_input_init(&input);
    dsinfer_decoder_options_init(&options);
    input.is_probability = data[0] & FLAG_PROBABILITIES;
    input.is_bytes = (data[0] & FLAG_BYTES) != 0;
    input.family = (enum dsinfer_family)(DSINFER_FAMILY_DS01 + data[1] % 6);
    options.kind = is_tensorflow ? DSINFER_DECODER_TENSORFLOW : DSINFER_DECODER_PREFIX;
    options.scorer = scorer;
    options.beam_width = 1 + data[2] % 64;
    options.n_candidates = 1 + data[3] % 8;
    options.cutoff_prob = (double)data[5] / 255.0;
    options.cutoff_top_n = 1 + data[6] % 32;
    options.alpha = get_number(data[7]);
    options.beta = get_number(data[8]);
    for (i = 0; i < 3; i++) {
        words[i] = (struct dsinfer_hot_word){input.is_bytes ? bytes[i] : letters[i],
                                             (float)get_number(data[10])};
    }
    options.hot_words = words;
    options.n_hot_words = is_tensorflow ? 0 : data[9] % 4;
    options.is_hot_word_compatible = data[0] & FLAG_COMPATIBLE;
    FUZZ_CHECK(dsinfer_decoder_create(&input, &options, &decoder, NULL) == DSINFER_OK);
    return decoder;
}

static void check(const struct dsinfer_transcript *transcript, size_t n_labels, size_t n_rows,
                  bool is_ascending) {
    size_t i, k;

    FUZZ_CHECK(transcript->n_candidates >= 1);
    for (k = 0; k < transcript->n_candidates; k++) {
        const struct dsinfer_candidate *candidate = &transcript->candidates[k];

        FUZZ_CHECK(candidate->score == candidate->score); /* a number */
        FUZZ_CHECK(k == 0 || candidate->score <= candidate[-1].score);
        for (i = 0; i < candidate->n_labels; i++) {
            FUZZ_CHECK(candidate->labels[i] + 1 < n_labels && candidate->timesteps[i] < n_rows);
            FUZZ_CHECK(!is_ascending || i == 0 ||
                       candidate->timesteps[i] >= candidate->timesteps[i - 1]);
        }
    }
    for (i = 0; i < transcript->n_words; i++) {
        const struct dsinfer_word *word = &transcript->words[i];

        FUZZ_CHECK(word->text[0] && word->start_s < word->end_s);
        FUZZ_CHECK(word->confidence >= 0.0 && word->confidence <= 1.0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static float rows[MAX_ROWS * MAX_LABELS];
    struct dsinfer_transcript at_once, one_by_one;
    struct dsinfer_decoder *decoder, *slow;
    struct dsinfer_scorer *scorer;
    size_t n_labels, n_rows, n_at_once, i;

    if (size < HEAD_SIZE) {
        return 0;
    }
    scorer = test_make_tiny_scorer((data[0] & FLAG_BYTES) != 0);
    FUZZ_CHECK(scorer != NULL);
    scorer->has_dictionary = !(data[0] & FLAG_NO_DICTIONARY);
    decoder = create(data, scorer);
    slow = create(data, scorer);
    n_labels = dsinfer_decoder_get_n_labels(decoder);
    n_at_once = 1 + data[4] % 16;
    n_rows = (size - HEAD_SIZE) / (n_labels * sizeof(rows[0]));
    n_rows = n_rows < MAX_ROWS ? n_rows : MAX_ROWS;
    memcpy(rows, data + HEAD_SIZE, n_rows * n_labels * sizeof(rows[0]));

    for (i = 0; i < n_rows; i += n_at_once) {
        const size_t n = n_rows - i < n_at_once ? n_rows - i : n_at_once;

        FUZZ_CHECK(dsinfer_decoder_feed(decoder, rows + i * n_labels, n) == DSINFER_OK);
    }
    for (i = 0; i < n_rows; i++) {
        FUZZ_CHECK(dsinfer_decoder_feed(slow, rows + i * n_labels, 1) == DSINFER_OK);
        FUZZ_CHECK(dsinfer_decoder_get_transcript(slow, &one_by_one) == DSINFER_OK);
    }
    FUZZ_CHECK(dsinfer_decoder_get_transcript(decoder, &at_once) == DSINFER_OK);
    FUZZ_CHECK(dsinfer_decoder_get_transcript(slow, &one_by_one) == DSINFER_OK);
    check(&at_once, n_labels, n_rows, DSINFER_FAMILY_DS01 + data[1] % 6 != DSINFER_FAMILY_DS05);
    FUZZ_CHECK(strcmp(at_once.text, one_by_one.text) == 0);
    FUZZ_CHECK(at_once.confidence == one_by_one.confidence);
    dsinfer_decoder_destroy(decoder);
    dsinfer_decoder_destroy(slow);
    dsinfer_scorer_unref(scorer);
    return 0;
}
