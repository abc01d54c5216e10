/* Decoders written and read back at every frame: those of every release, with words, bytes and
 * without a language model, where scores are equal, too. What goes on is the same, to the bit.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/alloc.h"
#include "state/decode/decoder.h"

#include "tests/support/rng.h"
#include "tests/support/speech.h"
#include "tests/support/test.h"
#include "tests/support/tiny_scorer.h"

#include <math.h>
#include <stdlib.h>

#define N_FRAMES 120
#define MAX_LABELS 256

struct setup {
    enum dsinfer_decoder_kind kind;
    enum dsinfer_family family;
    bool has_lm, is_bytes;
    int beam_width;
};

static const struct setup setups[] = {
    {DSINFER_DECODER_GREEDY, DSINFER_FAMILY_DS07, false, false, 1},
    {DSINFER_DECODER_TENSORFLOW, DSINFER_FAMILY_DS01, true, false, 12},
    {DSINFER_DECODER_TENSORFLOW, DSINFER_FAMILY_DS03, true, false, 5},
    {DSINFER_DECODER_TENSORFLOW, DSINFER_FAMILY_DS03, false, false, 12},
    {DSINFER_DECODER_PREFIX, DSINFER_FAMILY_DS04, true, false, 12},
    {DSINFER_DECODER_PREFIX, DSINFER_FAMILY_DS04, false, false, 3},
    {DSINFER_DECODER_PREFIX, DSINFER_FAMILY_DS05, true, false, 12},
    {DSINFER_DECODER_PREFIX, DSINFER_FAMILY_DS05, false, false, 12},
    {DSINFER_DECODER_PREFIX, DSINFER_FAMILY_DS06, true, false, 5},
    {DSINFER_DECODER_PREFIX, DSINFER_FAMILY_DS06, false, false, 12},
    {DSINFER_DECODER_PREFIX, DSINFER_FAMILY_DS06, true, true, 12},
    {DSINFER_DECODER_PREFIX, DSINFER_FAMILY_DS07, true, false, 12},
    {DSINFER_DECODER_PREFIX, DSINFER_FAMILY_DS07, false, false, 1},
    {DSINFER_DECODER_PREFIX, DSINFER_FAMILY_DS07, false, true, 12},
    {DSINFER_DECODER_PREFIX, DSINFER_FAMILY_DS07, true, true, 12},
};
#define N_SETUPS (sizeof(setups) / sizeof(setups[0]))

static struct dsinfer_decoder *create(const struct setup *setup) {
    const struct dsinfer_hot_word hot_words[] = {{"ab", 1.5f}};
    struct dsinfer_scorer *scorer = setup->has_lm ? test_make_tiny_scorer(setup->is_bytes) : NULL;
    struct dsinfer_decoder_options options;
    struct dsinfer_decoder_input input;
    struct dsinfer_decoder *decoder;
    struct dsinfer_error error;

    dsinfer_decoder_input_init(&input);
    dsinfer_decoder_options_init(&options);
    input.family = setup->family;
    input.is_bytes = setup->is_bytes;
    options.kind = setup->kind;
    options.beam_width = (uint32_t)setup->beam_width;
    options.n_candidates = 3;
    options.scorer = scorer;
    if (setup->has_lm && setup->kind == DSINFER_DECODER_PREFIX && !setup->is_bytes) {
        options.hot_words = hot_words;
        options.n_hot_words = 1;
    }
    if (dsinfer_decoder_create(&input, &options, &decoder, &error) != DSINFER_OK) {
        fail_msg("%s", error.message);
    }
    dsinfer_scorer_unref(scorer);
    return decoder;
}

/* Rows of whole numbers, in which a text is heard now and then. */
static void fill_row(float *row, size_t n_labels, const char *text, bool is_bytes, size_t frame,
                     struct test_rng *rng) {
    const unsigned char *letters = (const unsigned char *)text;
    size_t i;

    for (i = 0; i < n_labels; i++) {
        row[i] = -(float)(test_rng_next(rng) % 6);
    }
    row[n_labels - 1] += 3.0f;
    if (frame % 2 == 0) {
        const unsigned char letter = letters[frame / 2 % strlen(text)];

        row[is_bytes ? letter - 1 : letter == ' ' ? 0 : letter - 'a' + 1] += 7.0f;
    }
}

static uint8_t *save(const struct dsinfer_decoder *decoder, size_t *size) {
    struct dsi_writer writer;
    uint8_t *bytes;

    dsi_writer_init(&writer, NULL, 0);
    assert_int_equal(dsi_decoder_write(decoder, &writer), DSINFER_OK);
    *size = writer.size;
    bytes = malloc(*size);
    assert_non_null(bytes);
    dsi_writer_init(&writer, bytes, *size);
    assert_int_equal(dsi_decoder_write(decoder, &writer), DSINFER_OK);
    assert_true(dsi_writer_has_all(&writer));
    return bytes;
}

static struct dsinfer_decoder *reload(const struct setup *setup, struct dsinfer_decoder *decoder,
                                      uint64_t n_frames) {
    struct dsinfer_error error = {DSINFER_OK, ""};
    struct dsi_reader reader;
    size_t size, other_size;
    uint8_t *bytes = save(decoder, &size);
    uint8_t *other;

    dsinfer_decoder_destroy(decoder);
    decoder = create(setup);
    dsi_reader_init(&reader, (struct dsi_bytes){bytes, size}, &error);
    dsi_decoder_read(decoder, n_frames, &reader);
    if (reader.status != DSINFER_OK) {
        fail_msg("%s", error.message);
    }
    assert_true(dsi_cursor_is_at_end(&reader.cursor));
    other = save(decoder, &other_size);
    assert_int_equal(other_size, size);
    assert_memory_equal(other, bytes, size);
    free(other);
    free(bytes);
    return decoder;
}

static char *print(struct dsinfer_decoder *decoder) {
    struct dsinfer_transcript transcript;

    assert_int_equal(dsinfer_decoder_get_transcript(decoder, &transcript), DSINFER_OK);
    return test_transcript_print(&transcript);
}

static void check(const struct setup *setup, uint32_t seed) {
    const char *text = setup->is_bytes ? "a\xc3\xa9"
                                         "aa\xc3\xa9"
                                       : "ab cd ab ab cd  xy ";
    struct dsinfer_decoder *plain = create(setup);
    struct dsinfer_decoder *decoder = create(setup);
    const size_t n_labels = dsinfer_decoder_get_n_labels(plain);
    struct test_rng rng = {seed};
    float row[MAX_LABELS];
    size_t frame;

    assert_true(n_labels <= MAX_LABELS);
    for (frame = 0; frame < N_FRAMES; frame++) {
        char *got, *wanted;

        fill_row(row, n_labels, text, setup->is_bytes, frame, &rng);
        decoder = reload(setup, decoder, frame);
        assert_int_equal(dsinfer_decoder_feed(decoder, row, 1), DSINFER_OK);
        assert_int_equal(dsinfer_decoder_feed(plain, row, 1), DSINFER_OK);
        got = print(decoder);
        wanted = print(plain);
        assert_string_equal(got, wanted);
        free(got);
        free(wanted);
        if (frame == N_FRAMES / 2) {
            dsi_decoder_reset_at(decoder, frame + 1);
            dsi_decoder_reset_at(plain, frame + 1);
        }
    }
    dsinfer_decoder_destroy(plain);
    dsinfer_decoder_destroy(decoder);
}

static void every_search_goes_on_as_it_was(void **state) {
    size_t i;
    uint32_t seed;

    (void)state;
    for (i = 0; i < N_SETUPS; i++) {
        for (seed = 1; seed <= 4; seed++) {
            check(&setups[i], seed);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_search_goes_on_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
