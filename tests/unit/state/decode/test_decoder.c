/* decode/decoder: what becomes of labels: text, words, times, candidates.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/decoder.h"

#include "runtime/base/alloc.h"
#include "state/decode/transcript.h"
#include "tests/support/rng.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N_LABELS 29
#define MAX_FRAMES 200

static const char LABELS[] = " abcdefghijklmnopqrstuvwxyz'-";

/* Rows of logits in which the label of each character leads by 8; '-' is the blank. */
static size_t write_rows(const char *text, float rows[MAX_FRAMES * N_LABELS]) {
    size_t n = strlen(text);
    size_t i;

    assert_true(n <= MAX_FRAMES);
    memset(rows, 0, n * N_LABELS * sizeof(*rows));
    for (i = 0; i < n; i++) {
        rows[i * N_LABELS + (size_t)(strchr(LABELS, text[i]) - LABELS)] = 8.0f;
    }
    return n;
}

static struct dsinfer_decoder *create(enum dsinfer_decoder_kind kind, uint32_t n_candidates) {
    struct dsinfer_decoder_options options;
    struct dsinfer_decoder_input input;
    struct dsinfer_decoder *decoder;

    dsinfer_decoder_input_init(&input);
    dsinfer_decoder_options_init(&options);
    options.kind = kind;
    options.n_candidates = n_candidates;
    assert_int_equal(dsinfer_decoder_create(&input, &options, &decoder, NULL), DSINFER_OK);
    return decoder;
}

static struct dsinfer_transcript decode(struct dsinfer_decoder *decoder, const char *text) {
    static float rows[MAX_FRAMES * N_LABELS];
    const size_t n = write_rows(text, rows);
    struct dsinfer_transcript transcript;

    assert_int_equal(dsinfer_decoder_feed(decoder, rows, n), DSINFER_OK);
    assert_int_equal(dsinfer_decoder_get_transcript(decoder, &transcript), DSINFER_OK);
    return transcript;
}

static void assert_word(const struct dsinfer_word *word, const char *text, double start_s,
                        double end_s) {
    const double posterior = exp(8.0) / (exp(8.0) + N_LABELS - 1);

    assert_string_equal(word->text, text);
    assert_true(fabs(word->start_s - start_s) < 1e-9);
    assert_true(fabs(word->end_s - end_s) < 1e-9);
    assert_true(fabs(word->confidence - posterior) < 1e-6);
}

static void words_are_what_spaces_separate(void **state) {
    const enum dsinfer_decoder_kind kinds[] = {DSINFER_DECODER_GREEDY, DSINFER_DECODER_TENSORFLOW,
                                               DSINFER_DECODER_PREFIX};
    size_t k;

    (void)state;
    for (k = 0; k < 3; k++) {
        struct dsinfer_decoder *decoder = create(kinds[k], 1);
        struct dsinfer_transcript got = decode(decoder, "- - hhe-l-llo - ---i't--- - a -");

        assert_string_equal(got.text, "hello  i't  a");
        assert_string_equal(got.candidates[0].text, "  hello  i't  a ");
        assert_int_equal(got.n_words, 3);
        assert_word(&got.words[0], "hello", 0.08, 0.26);
        assert_word(&got.words[1], "i't", 0.38, 0.44);
        assert_word(&got.words[2], "a", 0.56, 0.58);
        assert_true(fabs(got.time_s - 0.62) < 1e-9);
        assert_true(got.confidence == got.candidates[0].score);
        dsinfer_decoder_destroy(decoder);
    }
}

static void labels_and_timesteps_belong_to_the_characters(void **state) {
    const uint32_t labels[] = {2, 1, 0, 1};
    const uint32_t timesteps[] = {1, 3, 4, 7};
    struct dsinfer_decoder *decoder = create(DSINFER_DECODER_DEFAULT, 1);
    struct dsinfer_transcript got = decode(decoder, "-bba --a");

    (void)state;
    assert_int_equal(got.n_candidates, 1);
    assert_int_equal(got.candidates[0].n_labels, 4);
    assert_memory_equal(got.candidates[0].labels, labels, sizeof(labels));
    assert_memory_equal(got.candidates[0].timesteps, timesteps, sizeof(timesteps));
    dsinfer_decoder_destroy(decoder);
}

static void no_frames_and_only_spaces_are_the_empty_text(void **state) {
    const char *const texts[] = {"", "---", "  - "};
    size_t i;

    (void)state;
    for (i = 0; i < 3; i++) {
        struct dsinfer_decoder *decoder = create(DSINFER_DECODER_DEFAULT, 1);
        struct dsinfer_transcript got = decode(decoder, texts[i]);

        assert_string_equal(got.text, "");
        assert_int_equal(got.n_words, 0);
        assert_int_equal(got.n_candidates, 1);
        assert_string_equal(got.candidates[0].text, i == 2 ? "  " : "");
        assert_true(got.time_s == 0.02 * (double)strlen(texts[i]));
        dsinfer_decoder_destroy(decoder);
    }
}

static void candidates_come_best_first_as_many_as_there_are(void **state) {
    struct dsinfer_decoder *decoder = create(DSINFER_DECODER_DEFAULT, 1024);
    struct dsinfer_transcript got = decode(decoder, "");
    size_t i, k;

    (void)state;
    assert_int_equal(got.n_candidates, 1);
    got = decode(decoder, "w");
    assert_int_equal(got.n_candidates, N_LABELS);
    got = decode(decoder, "-o-r-d");
    assert_int_equal(got.n_candidates, 500);
    assert_string_equal(got.text, "word");
    for (i = 1; i < got.n_candidates; i++) {
        assert_true(got.candidates[i - 1].score >= got.candidates[i].score);
        for (k = 0; k < i; k++) {
            assert_string_not_equal(got.candidates[i].text, got.candidates[k].text);
        }
    }
    dsinfer_decoder_destroy(decoder);

    decoder = create(DSINFER_DECODER_DEFAULT, 3);
    assert_int_equal(decode(decoder, "word").n_candidates, 3);
    dsinfer_decoder_destroy(decoder);
    decoder = create(DSINFER_DECODER_GREEDY, 3);
    assert_int_equal(decode(decoder, "word").n_candidates, 1);
    dsinfer_decoder_destroy(decoder);
}

/* An alphabet of bytes, as of a model that writes UTF-8 byte by byte. */
static void bytes_become_characters_or_replacements(void **state) {
    char text[] = " \0\xc3\0\xa9\0a b";
    size_t offsets[] = {0, 2, 4, 6};
    const struct dsi_alphabet alphabet = {text, offsets, 4, true, 0};
    const struct dsi_search_config config = {5, 1, false};
    const uint32_t best[] = {1, 2, 2, 0, 1, 0, 3, 2};
    struct dsi_transcript_buffer buffer = {0};
    struct dsinfer_transcript got;
    struct dsi_search *search;
    size_t i;

    (void)state;
    assert_int_equal(dsi_search_greedy.create(&config, &search), DSINFER_OK);
    for (i = 0; i < 8; i++) {
        float row[5] = {0};

        row[best[i]] = 4.0f;
        assert_int_equal(dsi_search_greedy.feed(search, row, 1), DSINFER_OK);
    }
    assert_int_equal(dsi_transcript_fill(&buffer, search, &alphabet, 1, 0, &got), DSINFER_OK);
    assert_string_equal(got.text, "\xc3\xa9 \xef\xbf\xbd a b\xef\xbf\xbd");
    assert_int_equal(got.n_words, 4);
    assert_string_equal(got.words[0].text, "\xc3\xa9");
    assert_true(fabs(got.words[0].end_s - 0.04) < 1e-9);
    assert_string_equal(got.words[1].text, "\xef\xbf\xbd");
    assert_string_equal(got.words[2].text, "a"); /* both of one label */
    assert_true(fabs(got.words[2].start_s - 0.12) < 1e-9);
    assert_string_equal(got.words[3].text, "b\xef\xbf\xbd");
    assert_true(fabs(got.words[3].start_s - 0.12) < 1e-9);
    dsi_search_greedy.destroy(search);
    dsi_transcript_finish(&buffer);
}

static void the_family_chooses_the_default(void **state) {
    struct dsinfer_decoder_input input;
    struct dsinfer_decoder_options options;
    struct dsinfer_decoder *decoder;
    struct dsinfer_error error;

    (void)state;
    dsinfer_decoder_input_init(&input);
    dsinfer_decoder_options_init(&options);
    input.family = DSINFER_FAMILY_DS01;
    assert_int_equal(dsinfer_decoder_create(&input, NULL, &decoder, &error), DSINFER_OK);
    assert_int_equal(dsinfer_decoder_get_n_labels(decoder), N_LABELS);
    dsinfer_decoder_destroy(decoder);

    input.family = DSINFER_FAMILY_UNKNOWN;
    assert_int_equal(dsinfer_decoder_create(&input, NULL, &decoder, &error),
                     DSINFER_ERR_UNSUPPORTED);
    assert_null(decoder);
    options.kind = DSINFER_DECODER_TENSORFLOW;
    input.is_probability = 1;
    assert_int_equal(dsinfer_decoder_create(&input, &options, &decoder, &error), DSINFER_OK);
    dsinfer_decoder_destroy(decoder);
}

static void wrong_arguments_are_refused(void **state) {
    struct dsinfer_decoder_input input;
    struct dsinfer_decoder_options options;
    struct dsinfer_transcript transcript;
    struct dsinfer_decoder *decoder = create(DSINFER_DECODER_DEFAULT, 1);
    struct dsinfer_decoder *none = decoder;
    struct dsinfer_error error;
    size_t i;

    (void)state;
    dsinfer_decoder_input_init(&input);
    for (i = 0; i < 7; i++) {
        dsinfer_decoder_options_init(&options);
        options.size += i == 0;
        options.beam_width = i == 1 ? 0 : i == 2 ? 65537 : 500;
        options.n_candidates = i == 3 ? 0 : i == 4 ? 1025 : 1;
        options.kind = i == 5 ? (enum dsinfer_decoder_kind)9 : DSINFER_DECODER_DEFAULT;
        input.size = sizeof(input) - (i == 6);
        error.message[0] = '\0';
        assert_int_equal(dsinfer_decoder_create(&input, &options, &none, &error),
                         DSINFER_ERR_ARGUMENT);
        assert_null(none);
        assert_true(error.message[0]);
    }
    assert_int_equal(dsinfer_decoder_create(NULL, NULL, &none, NULL), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_decoder_create(&input, NULL, NULL, NULL), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_decoder_feed(NULL, NULL, 0), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_decoder_feed(decoder, NULL, 1), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_decoder_feed(decoder, NULL, 0), DSINFER_OK);
    assert_int_equal(dsinfer_decoder_get_transcript(NULL, &transcript), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_decoder_get_transcript(decoder, NULL), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_decoder_get_n_labels(NULL), 0);
    dsinfer_decoder_reset(NULL);
    dsinfer_decoder_destroy(NULL);
    dsinfer_decoder_destroy(decoder);
}

static void a_missing_alphabet_is_an_io_error(void **state) {
    struct dsinfer_decoder_input input;
    struct dsinfer_decoder *decoder;
    struct dsinfer_error error;

    (void)state;
    dsinfer_decoder_input_init(&input);
    input.alphabet_path = "/nonexistent/alphabet.txt";
    assert_int_equal(dsinfer_decoder_create(&input, NULL, &decoder, &error), DSINFER_ERR_IO);
    assert_null(decoder);
}

static void every_failed_allocation_is_reported(void **state) {
    static float rows[100 * N_LABELS];
    struct dsinfer_decoder_input input;
    enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
    struct test_rng rng = {1};
    long n;
    size_t i;

    (void)state;
    for (i = 0; i < 100 * N_LABELS; i++) {
        rows[i] = 3.0f * test_rng_float(&rng);
    }
    dsinfer_decoder_input_init(&input);
    for (n = 0; status != DSINFER_OK; n++) {
        struct dsinfer_decoder *decoder;
        struct dsinfer_transcript transcript;
        struct dsinfer_error error = {DSINFER_OK, ""};

        assert_true(n < 200);
        dsi_alloc_fail_after(n);
        status = dsinfer_decoder_create(&input, NULL, &decoder, &error);
        if (status != DSINFER_OK) {
            assert_null(decoder);
            assert_int_equal(error.status, status);
        } else {
            status = dsinfer_decoder_feed(decoder, rows, 100);
            if (status != DSINFER_OK) {
                assert_int_equal(dsinfer_decoder_feed(decoder, rows, 1), DSINFER_ERR_STATE);
                assert_int_equal(dsinfer_decoder_get_transcript(decoder, &transcript),
                                 DSINFER_ERR_STATE);
                dsi_alloc_fail_after(-1);
                dsinfer_decoder_reset(decoder);
                assert_string_equal(decode(decoder, "word").text, "word");
            } else {
                status = dsinfer_decoder_get_transcript(decoder, &transcript);
            }
        }
        dsi_alloc_fail_after(-1);
        assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
        dsinfer_decoder_destroy(decoder);
    }
    assert_true(n > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_what_spaces_separate),
        cmocka_unit_test(labels_and_timesteps_belong_to_the_characters),
        cmocka_unit_test(no_frames_and_only_spaces_are_the_empty_text),
        cmocka_unit_test(candidates_come_best_first_as_many_as_there_are),
        cmocka_unit_test(bytes_become_characters_or_replacements),
        cmocka_unit_test(the_family_chooses_the_default),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(a_missing_alphabet_is_an_io_error),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
