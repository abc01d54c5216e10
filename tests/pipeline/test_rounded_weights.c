/* What fewer bits of the weights do to the text: real speech, the bundled model with its language
 * model, the usual beam.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/support/json.h"
#include "tests/support/speech.h"
#include "tests/support/test.h"
#include "tests/support/wav.h"

#include <stdlib.h>
#include <string.h>

#define BEAM 500
#define MAX_RECORDINGS 16
#define MAX_LENGTH 1024

static struct dsinfer_scorer *scorer;
static struct recording {
    struct test_wav wav;
    char *said;
} recordings[MAX_RECORDINGS];
static size_t n_recordings;

static int open_recordings(void **state) {
    char path[TEST_PATH_SIZE];
    json_t *transcripts = test_json_read(test_shared_path(path, "audio/transcripts.json"));
    const char *name;
    json_t *facts;

    (void)state;
    json_object_foreach(transcripts, name, facts) {
        struct recording *recording = &recordings[n_recordings++];

        assert_true(n_recordings <= MAX_RECORDINGS);
        test_wav_read(test_shared_path(path, "audio/%s", name), &recording->wav);
        recording->said = strdup(json_string_value(json_object_get(facts, "transcript")));
        assert_non_null(recording->said);
    }
    json_decref(transcripts);
    assert_true(n_recordings > 0);
    assert_int_equal(
        dsinfer_scorer_open(test_source_path(path, "model/english/lm.binary"), NULL, &scorer, NULL),
        DSINFER_OK);
    return 0;
}

static int close_recordings(void **state) {
    size_t i;

    (void)state;
    for (i = 0; i < n_recordings; i++) {
        test_wav_free(&recordings[i].wav);
        free(recordings[i].said);
    }
    dsinfer_scorer_unref(scorer);
    return 0;
}

/* What the prefix decoder hears with the weights of model/english/decoder.json; freed by the
 * caller.
 */
static char *transcribe(struct dsinfer_model *model, const struct test_wav *wav) {
    struct dsinfer_stream_options options;
    struct dsinfer_transcript transcript;
    struct dsinfer_stream *stream;
    char *text;

    dsinfer_stream_options_init(&options);
    options.decoder.kind = DSINFER_DECODER_PREFIX;
    options.decoder.beam_width = BEAM;
    options.decoder.scorer = scorer;
    options.decoder.alpha = 0.75;
    options.decoder.beta = 1.85;
    assert_int_equal(dsinfer_stream_create(model, &options, &stream, NULL), DSINFER_OK);
    test_stream_feed(stream, wav->samples, wav->n_samples, 0);
    assert_int_equal(dsinfer_stream_finish(stream, &transcript), DSINFER_OK);
    text = strdup(transcript.text);
    assert_non_null(text);
    dsinfer_stream_destroy(stream);
    return text;
}

/* Texts of all recordings. */
static void transcribe_all(enum dsinfer_precision precision, char *texts[MAX_RECORDINGS]) {
    struct dsinfer_model_options options;
    struct dsinfer_model *model;
    char path[TEST_PATH_SIZE];
    size_t i;

    dsinfer_model_options_init(&options);
    options.precision = precision;
    test_source_path(path, "model/english/output_graph.pb");
    assert_int_equal(dsinfer_model_open(path, &options, &model, NULL), DSINFER_OK);
    for (i = 0; i < n_recordings; i++) {
        texts[i] = transcribe(model, &recordings[i].wav);
    }
    dsinfer_model_unref(model);
}

static void free_all(char *texts[MAX_RECORDINGS]) {
    size_t i;

    for (i = 0; i < n_recordings; i++) {
        free(texts[i]);
    }
}

/* Fewest insertions, deletions and replacements that make one text of the other. */
static size_t count_edits(const char *from, const char *to) {
    size_t row[MAX_LENGTH + 1], i, j;
    const size_t n = strlen(to);

    assert_true(n <= MAX_LENGTH);
    for (j = 0; j <= n; j++) {
        row[j] = j;
    }
    for (i = 0; from[i]; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (j = 1; j <= n; j++) {
            const size_t replaced = diagonal + (from[i] != to[j - 1]);

            diagonal = row[j];
            row[j] = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = replaced < row[j] ? replaced : row[j];
        }
    }
    return row[n];
}

static size_t count_words(const char *text) {
    size_t n = 0;

    for (; *text; text++) {
        n += *text != ' ' && (text[1] == ' ' || text[1] == '\0');
    }
    return n;
}

/* Words at the same place that are equal. */
static size_t count_equal_words(const char *a, const char *b) {
    size_t n = 0;

    while (*a && *b) {
        const size_t a_length = strcspn(a, " "), b_length = strcspn(b, " ");

        n += a_length == b_length && memcmp(a, b, a_length) == 0;
        a += a_length + (a[a_length] == ' ');
        b += b_length + (b[b_length] == ' ');
    }
    return n;
}

static void rounded_weights_hear_the_words_of_float_ones(void **state) {
    size_t n_words = 0, n_equal = 0, n_said = 0, n_wrong[2] = {0, 0};
    char *fp32[MAX_RECORDINGS], *bf16[MAX_RECORDINGS], *int8[MAX_RECORDINGS];
    size_t i;

    (void)state;
    transcribe_all(DSINFER_PRECISION_F32, fp32);
    transcribe_all(DSINFER_PRECISION_BF16, bf16);
    transcribe_all(DSINFER_PRECISION_INT8, int8);
    for (i = 0; i < n_recordings; i++) {
        assert_string_equal(bf16[i], fp32[i]);
        n_words += count_words(fp32[i]);
        n_equal += count_equal_words(fp32[i], int8[i]);
        n_said += strlen(recordings[i].said);
        n_wrong[0] += count_edits(recordings[i].said, fp32[i]);
        n_wrong[1] += count_edits(recordings[i].said, int8[i]);
    }
    free_all(fp32);
    free_all(bf16);
    free_all(int8);
    assert_true(n_words > 30);
    assert_true((double)n_equal >= 0.99 * (double)n_words);
    assert_true(abs((int)n_wrong[1] - (int)n_wrong[0]) <= 0.002 * (double)n_said);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounded_weights_hear_the_words_of_float_ones),
    };

    return test_has_shared() ? cmocka_run_group_tests(tests, open_recordings, close_recordings)
                             : TEST_SKIPPED;
}
