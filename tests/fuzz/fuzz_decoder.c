/* Any numbers as rows of a network's output, cut in any way: the transcript is the same as when
 * they come one at a time, and every promise of <dsinfer/decoder.h> on it holds.
 *
 * Input: a byte each for the search, the beam width, the candidates, and how many rows are fed at
 * once; then floats. SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz_target.h"

#include <dsinfer/decoder.h>

#include <string.h>

#define N_LABELS 29
#define MAX_ROWS 64

static struct dsinfer_decoder *create(const uint8_t *data) {
    struct dsinfer_decoder_options options;
    struct dsinfer_decoder_input input;
    struct dsinfer_decoder *decoder;

    dsinfer_decoder_input_init(&input);
    dsinfer_decoder_options_init(&options);
    input.is_probability = data[0] & 1;
    options.kind = data[0] & 2 ? DSINFER_DECODER_GREEDY : DSINFER_DECODER_TENSORFLOW;
    options.beam_width = 1 + data[1] % 64;
    options.n_candidates = 1 + data[2] % 8;
    FUZZ_CHECK(dsinfer_decoder_create(&input, &options, &decoder, NULL) == DSINFER_OK);
    FUZZ_CHECK(dsinfer_decoder_get_n_labels(decoder) == N_LABELS);
    return decoder;
}

static void check_candidate(const struct dsinfer_candidate *candidate, size_t n_rows) {
    size_t i;

    FUZZ_CHECK(candidate->score <= 1e-3 && strlen(candidate->text) == candidate->n_labels);
    for (i = 0; i < candidate->n_labels; i++) {
        FUZZ_CHECK(candidate->labels[i] < N_LABELS - 1 && candidate->timesteps[i] < n_rows);
        FUZZ_CHECK(i == 0 || candidate->timesteps[i] >= candidate->timesteps[i - 1]);
    }
}

static void check(const struct dsinfer_transcript *transcript, size_t n_candidates, size_t n_rows) {
    double end_s = 0.0;
    size_t i;

    FUZZ_CHECK(transcript->n_candidates >= 1 && transcript->n_candidates <= n_candidates);
    for (i = 0; i < transcript->n_candidates; i++) {
        check_candidate(&transcript->candidates[i], n_rows);
        FUZZ_CHECK(i == 0 ||
                   transcript->candidates[i].score <= transcript->candidates[i - 1].score);
    }
    for (i = 0; i < transcript->n_words; i++) {
        const struct dsinfer_word *word = &transcript->words[i];

        FUZZ_CHECK(word->text[0] && word->start_s < word->end_s && word->end_s >= end_s);
        FUZZ_CHECK(word->end_s <= transcript->time_s + 1e-9);
        FUZZ_CHECK(word->confidence >= 0.0 && word->confidence <= 1.0);
        end_s = word->end_s;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dsinfer_transcript at_once, one_by_one;
    struct dsinfer_decoder *decoder, *slow;
    float rows[MAX_ROWS * N_LABELS];
    size_t n_rows, n_at_once, i;

    if (size < 4) {
        return 0;
    }
    decoder = create(data);
    slow = create(data);
    n_at_once = 1 + data[3] % 16;
    n_rows = (size - 4) / (N_LABELS * sizeof(rows[0]));
    n_rows = n_rows < MAX_ROWS ? n_rows : MAX_ROWS;
    memcpy(rows, data + 4, n_rows * N_LABELS * sizeof(rows[0]));

    for (i = 0; i < n_rows; i += n_at_once) {
        const size_t n = n_rows - i < n_at_once ? n_rows - i : n_at_once;

        FUZZ_CHECK(dsinfer_decoder_feed(decoder, rows + i * N_LABELS, n) == DSINFER_OK);
    }
    for (i = 0; i < n_rows; i++) {
        FUZZ_CHECK(dsinfer_decoder_feed(slow, rows + i * N_LABELS, 1) == DSINFER_OK);
        FUZZ_CHECK(dsinfer_decoder_get_transcript(slow, &one_by_one) == DSINFER_OK);
    }
    FUZZ_CHECK(dsinfer_decoder_get_transcript(decoder, &at_once) == DSINFER_OK);
    FUZZ_CHECK(dsinfer_decoder_get_transcript(slow, &one_by_one) == DSINFER_OK);
    check(&at_once, 1 + data[2] % 8, n_rows);
    FUZZ_CHECK(strcmp(at_once.text, one_by_one.text) == 0);
    FUZZ_CHECK(at_once.confidence == one_by_one.confidence);
    dsinfer_decoder_destroy(decoder);
    dsinfer_decoder_destroy(slow);
    return 0;
}
