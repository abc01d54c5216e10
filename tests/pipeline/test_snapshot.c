/* Snapshots: saved and loaded at any moment, a stream goes on as if it had never been, with every
 * decoder, with and without language model; and what is no snapshot of it is refused.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/alloc.h"
#include "runtime/base/cursor.h"
#include "runtime/base/hash.h"
#include "tests/support/rng.h"
#include "tests/support/speech.h"
#include "tests/support/test.h"
#include "tests/support/wav.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BEAM 40
#define N_SAMPLES 32000 /* of the bundled recording: two seconds */
#define N_REAL 34000    /* of the others */

struct setup {
    enum dsinfer_decoder_kind kind;
    bool has_lm, has_gate;
};

static const struct setup setups[] = {
    {DSINFER_DECODER_GREEDY, false, true},    {DSINFER_DECODER_TENSORFLOW, false, false},
    {DSINFER_DECODER_TENSORFLOW, true, true}, {DSINFER_DECODER_PREFIX, false, true},
    {DSINFER_DECODER_PREFIX, true, false},
};
#define N_SETUPS (sizeof(setups) / sizeof(setups[0]))

static const char *const recordings[] = {
    "1673-143397-0007", "1673-143397-0009", "174-168635-0017",
    "174-50561-0002",   "2902-9006-0006",   "2902-9008-0015",
};

static struct dsinfer_model *model;
static struct dsinfer_scorer *scorer;
static struct test_wav wav;

static int open_all(void **state) {
    char path[TEST_PATH_SIZE];

    (void)state;
    model = test_model_open(test_source_path(path, "model/english/output_graph.pb"));
    assert_int_equal(
        dsinfer_scorer_open(test_source_path(path, "model/english/lm.binary"), NULL, &scorer, NULL),
        DSINFER_OK);
    test_wav_read(test_source_path(path, "model/english/sample.wav"), &wav);
    wav.n_samples = N_SAMPLES;
    return 0;
}

static int close_all(void **state) {
    (void)state;
    test_wav_free(&wav);
    dsinfer_scorer_unref(scorer);
    dsinfer_model_unref(model);
    return 0;
}

static struct dsinfer_stream_options get_options(const struct setup *setup) {
    struct dsinfer_stream_options options;

    dsinfer_stream_options_init(&options);
    options.decoder.kind = setup->kind;
    options.decoder.beam_width = BEAM;
    options.decoder.n_candidates = 3;
    options.has_speech_gate = setup->has_gate;
    options.decoder.scorer = setup->has_lm ? scorer : NULL;
    return options;
}

static struct dsinfer_stream *create(const struct setup *setup) {
    const struct dsinfer_stream_options options = get_options(setup);
    struct dsinfer_stream *stream;
    struct dsinfer_error error;

    if (dsinfer_stream_create(model, &options, &stream, &error) != DSINFER_OK) {
        fail_msg("%s", error.message);
    }
    return stream;
}

/* A snapshot, freed by the caller. */
static uint8_t *save(const struct dsinfer_stream *stream, size_t *size) {
    uint8_t *bytes;

    *size = dsinfer_stream_snapshot_size(stream);
    assert_true(*size > 0);
    bytes = malloc(*size);
    assert_non_null(bytes);
    assert_int_equal(dsinfer_stream_save_snapshot(stream, bytes, *size), DSINFER_OK);
    return bytes;
}

static struct dsinfer_stream *load(struct dsinfer_model *into, const struct setup *setup,
                                   const uint8_t *bytes, size_t size) {
    const struct dsinfer_stream_options options = get_options(setup);
    struct dsinfer_stream *stream;
    struct dsinfer_error error;

    if (dsinfer_stream_load_snapshot(into, &options, bytes, size, &stream, &error) != DSINFER_OK) {
        fail_msg("%s", error.message);
    }
    return stream;
}

/* A stream made from the snapshot of another, which is gone; a snapshot of it is the same. */
static struct dsinfer_stream *reload(const struct setup *setup, struct dsinfer_stream *stream) {
    size_t size, other_size;
    uint8_t *bytes = save(stream, &size);
    uint8_t *other;

    dsinfer_stream_destroy(stream);
    stream = load(model, setup, bytes, size);
    other = save(stream, &other_size);
    assert_int_equal(size, other_size);
    assert_memory_equal(bytes, other, size);
    free(bytes);
    free(other);
    return stream;
}

static void assert_and_free(char *got, char *wanted) {
    assert_string_equal(got, wanted);
    free(got);
    free(wanted);
}

/* Feeds `piece` samples at a time; saves and loads before and after each. */
static void check_boundaries(const struct setup *setup, const struct test_wav *recording,
                             size_t piece) {
    struct dsinfer_stream *plain = create(setup);
    struct dsinfer_stream *stream = create(setup);
    size_t done, n;

    for (done = 0; done < recording->n_samples; done += n) {
        n = recording->n_samples - done < piece ? recording->n_samples - done : piece;
        stream = reload(setup, stream);
        assert_int_equal(dsinfer_stream_get_n_samples(stream), done);
        test_stream_feed(plain, recording->samples + done, n, 0);
        test_stream_feed(stream, recording->samples + done, n, 0);
        assert_and_free(test_stream_partial(stream), test_stream_partial(plain));
    }
    stream = reload(setup, stream);
    assert_and_free(test_stream_peek(stream), test_stream_peek(plain));
    assert_and_free(test_stream_finish(stream), test_stream_finish(plain));
    stream = reload(setup, stream);
    assert_and_free(test_stream_finish(stream), test_stream_finish(plain));
    dsinfer_stream_destroy(plain);
    dsinfer_stream_destroy(stream);
}

static void saving_at_every_feed_changes_nothing(void **state) {
    const size_t pieces[] = {160, 1021, 5120, 16000};
    size_t i, k;

    (void)state;
    for (i = 0; i < N_SETUPS; i++) {
        for (k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
            check_boundaries(&setups[i], &wav, pieces[k]);
        }
    }
}

static void saving_at_every_feed_of_real_speech_changes_nothing(void **state) {
    struct test_wav recording;
    char path[TEST_PATH_SIZE];
    size_t i, k;

    (void)state;
    if (!test_has_shared()) {
        skip();
    }
    for (k = 0; k < sizeof(recordings) / sizeof(recordings[0]); k++) {
        test_wav_read(test_shared_path(path, "audio/%s.wav", recordings[k]), &recording);
        recording.n_samples = N_REAL;
        for (i = 0; i < N_SETUPS; i++) {
            check_boundaries(&setups[i], &recording, 2000 + 1111 * k);
        }
        test_wav_free(&recording);
    }
}

/* A snapshot in the middle of words. */
static uint8_t *save_middle(const struct setup *setup, size_t *size) {
    struct dsinfer_stream *stream = create(setup);
    uint8_t *bytes;

    test_stream_feed(stream, wav.samples, 22222, 0);
    bytes = save(stream, size);
    dsinfer_stream_destroy(stream);
    return bytes;
}

static void sign(uint8_t *bytes, size_t size) {
    const uint64_t sum = dsi_hash_compute(0, bytes, size - 8);

    dsi_store_u32(bytes + size - 8, (uint32_t)sum);
    dsi_store_u32(bytes + size - 4, (uint32_t)(sum >> 32));
}

static void assert_refused(const uint8_t *bytes, size_t size, struct dsinfer_model *into,
                           const struct dsinfer_stream_options *options, enum dsinfer_status wanted,
                           const char *words) {
    struct dsinfer_stream *stream = (struct dsinfer_stream *)&wav;
    struct dsinfer_error error = {DSINFER_OK, ""};

    assert_int_equal(dsinfer_stream_load_snapshot(into, options, bytes, size, &stream, &error),
                     wanted);
    assert_null(stream);
    assert_int_equal(error.status, wanted);
    if (!strstr(error.message, words)) {
        fail_msg("'%s' does not say '%s'", error.message, words);
    }
}

static void any_damage_is_noticed(void **state) {
    const struct dsinfer_stream_options options = get_options(&setups[2]);
    struct dsinfer_snapshot_info info;
    size_t size, i;
    uint8_t *bytes = save_middle(&setups[2], &size);

    (void)state;
    for (i = 0; i < size; i += i < 100 || i > size - 100 ? 1 : 37) {
        assert_refused(bytes, i, model, &options, DSINFER_ERR_MALFORMED,
                       i < 8 ? "no saved state" : "bytes");
        bytes[i] ^= 1u << i % 8;
        assert_refused(bytes, size, model, &options,
                       i >= 8 && i < 12 ? DSINFER_ERR_UNSUPPORTED : DSINFER_ERR_MALFORMED, "");
        bytes[i] ^= 1u << i % 8;
    }
    assert_int_equal(dsinfer_snapshot_describe(bytes, size - 1, &info, NULL),
                     DSINFER_ERR_MALFORMED);
    free(bytes);
}

/* Damage under a checksum that fits: refused with a sentence, or a stream as good as any. */
static void snapshots_made_up_are_refused_or_harmless(void **state) {
    struct test_rng rng = {7};
    size_t n_loaded = 0;
    size_t i, k;

    (void)state;
    for (i = 0; i < N_SETUPS; i++) {
        const struct dsinfer_stream_options options = get_options(&setups[i]);
        size_t size;
        uint8_t *bytes = save_middle(&setups[i], &size);
        uint8_t *copy = malloc(size);

        assert_non_null(copy);
        for (k = 0; k < 80; k++) {
            struct dsinfer_error error = {DSINFER_OK, ""};
            const size_t at = 72 + test_rng_next(&rng) % (size - 80);
            struct dsinfer_stream *stream;
            enum dsinfer_status status;

            memcpy(copy, bytes, size);
            copy[at] = k % 2 ? (uint8_t)test_rng_next(&rng) : copy[at] ^ (1u << k / 2 % 8);
            sign(copy, size);
            status = dsinfer_stream_load_snapshot(model, &options, copy, size, &stream, &error);
            if (status == DSINFER_OK) {
                test_stream_feed(stream, wav.samples, 8000, 0);
                free(test_stream_finish(stream));
                dsinfer_stream_destroy(stream);
                n_loaded++;
            } else {
                assert_true(status == DSINFER_ERR_MALFORMED || status == DSINFER_ERR_LIMIT);
                assert_true(strncmp(error.message, "byte ", 5) == 0);
            }
        }
        free(copy);
        free(bytes);
    }
    assert_true(n_loaded > 0);
}

static void a_snapshot_of_other_options_is_refused(void **state) {
    struct dsinfer_stream_options options = get_options(&setups[2]);
    size_t size;
    uint8_t *bytes = save_middle(&setups[2], &size);

    (void)state;
    options.n_steps = 4;
    assert_refused(bytes, size, model, &options, DSINFER_ERR_MISMATCH, "16 steps");
    options = get_options(&setups[2]);
    options.decoder.beam_width++;
    assert_refused(bytes, size, model, &options, DSINFER_ERR_MISMATCH,
                   "(tensorflow, beam 41, speech gate)");
    options = get_options(&setups[2]);
    options.decoder.alpha = 1.25;
    assert_refused(bytes, size, model, &options, DSINFER_ERR_MISMATCH, "scorer");
    options = get_options(&setups[1]);
    assert_refused(bytes, size, model, &options, DSINFER_ERR_MISMATCH, "scorer");
    options = get_options(&setups[2]);
    options.has_speech_gate = 0;
    assert_refused(bytes, size, model, &options, DSINFER_ERR_MISMATCH, "no speech gate");
    options = get_options(&setups[2]);
    options.endpoint_silence_s = 1.0;
    assert_refused(bytes, size, model, &options, DSINFER_ERR_MISMATCH, "options");
    options = get_options(&setups[0]);
    assert_refused(bytes, size, model, &options, DSINFER_ERR_MISMATCH, "(greedy");
    assert_refused(NULL, size, model, &options, DSINFER_ERR_ARGUMENT, "");
    assert_refused(bytes, size, NULL, &options, DSINFER_ERR_ARGUMENT, "");
    options.size--;
    assert_refused(bytes, size, model, &options, DSINFER_ERR_ARGUMENT, "options");
    free(bytes);
}

/* One weight differs. */
static void a_snapshot_of_another_model_is_refused(void **state) {
    const struct dsinfer_stream_options options = get_options(&setups[1]);
    char path[TEST_PATH_SIZE];
    struct dsinfer_model *other;
    size_t model_size, size;
    uint8_t *file =
        test_read_file(test_source_path(path, "model/english/output_graph.pb"), &model_size);
    uint8_t *bytes = save_middle(&setups[1], &size);

    (void)state;
    file[model_size / 2] ^= 1;
    assert_int_equal(dsinfer_model_open_memory(file, model_size, NULL, &other, NULL), DSINFER_OK);
    assert_refused(bytes, size, other, &options, DSINFER_ERR_MISMATCH, "is of the model");
    dsinfer_model_unref(other);
    free(file);
    free(bytes);
}

/* Rounded weights are others. */
static void a_snapshot_of_another_precision_is_refused(void **state) {
    const struct dsinfer_stream_options options = get_options(&setups[1]);
    struct dsinfer_model_options model_options;
    char path[TEST_PATH_SIZE];
    struct dsinfer_model *rounded;
    size_t size;
    uint8_t *bytes = save_middle(&setups[1], &size);

    (void)state;
    dsinfer_model_options_init(&model_options);
    model_options.precision = DSINFER_PRECISION_INT8;
    assert_int_equal(dsinfer_model_open(test_source_path(path, "model/english/output_graph.pb"),
                                        &model_options, &rounded, NULL),
                     DSINFER_OK);
    assert_refused(bytes, size, rounded, &options, DSINFER_ERR_MISMATCH, "precision");
    dsinfer_model_unref(rounded);
    free(bytes);
}

static void a_snapshot_loads_on_other_kernels(void **state) {
    struct dsinfer_model_options model_options;
    struct dsinfer_model *other;
    char path[TEST_PATH_SIZE];
    size_t i;

    (void)state;
    dsinfer_model_options_init(&model_options);
    model_options.kernels = DSINFER_KERNELS_REFERENCE;
    assert_int_equal(dsinfer_model_open(test_source_path(path, "model/english/output_graph.pb"),
                                        &model_options, &other, NULL),
                     DSINFER_OK);
    for (i = 0; i < N_SETUPS; i++) {
        struct dsinfer_stream *plain = create(&setups[i]);
        struct dsinfer_transcript got, wanted;
        struct dsinfer_stream *stream;
        size_t size;
        uint8_t *bytes = save_middle(&setups[i], &size);

        stream = load(other, &setups[i], bytes, size);
        test_stream_feed(stream, wav.samples + 22222, wav.n_samples - 22222, 0);
        test_stream_feed(plain, wav.samples, wav.n_samples, 0);
        assert_int_equal(dsinfer_stream_finish(plain, &wanted), DSINFER_OK);
        assert_int_equal(dsinfer_stream_finish(stream, &got), DSINFER_OK);
        assert_string_equal(got.text, wanted.text);
        free(bytes);
        dsinfer_stream_destroy(stream);
        dsinfer_stream_destroy(plain);
    }
    dsinfer_model_unref(other);
}

static void a_snapshot_describes_itself(void **state) {
    struct dsinfer_snapshot_info info;
    size_t size;
    uint8_t *bytes = save_middle(&setups[2], &size);

    (void)state;
    assert_true(dsinfer_snapshot_probe(bytes, size));
    assert_false(dsinfer_snapshot_probe(bytes, 7));
    assert_false(dsinfer_snapshot_probe(bytes + 1, size - 1));
    assert_int_equal(dsinfer_snapshot_describe(bytes, size, &info, NULL), DSINFER_OK);
    assert_int_equal(info.version, 1);
    assert_int_equal(info.family, DSINFER_FAMILY_DS03);
    assert_int_equal(info.sample_rate, 16000);
    assert_int_equal(info.n_cell, dsinfer_model_info(model)->n_cell);
    assert_int_equal(info.n_labels, 29);
    assert_int_equal(info.n_steps, 16);
    assert_string_equal(dsinfer_decoder_kind_name(info.decoder), "tensorflow");
    assert_int_equal(info.beam_width, BEAM);
    assert_int_equal(info.n_samples, 22222);
    assert_int_equal(info.has_speech_gate, 1);
    assert_int_equal(info.is_finished, 0);
    assert_int_equal(dsinfer_snapshot_describe(NULL, size, &info, NULL), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_snapshot_describe(bytes, size, NULL, NULL), DSINFER_ERR_ARGUMENT);
    free(bytes);
}

static void saving_needs_room_and_a_stream(void **state) {
    struct dsinfer_stream *stream = create(&setups[0]);
    size_t size;
    uint8_t *bytes = save(stream, &size);

    (void)state;
    assert_int_equal(dsinfer_stream_snapshot_size(NULL), 0);
    assert_int_equal(dsinfer_stream_save_snapshot(NULL, bytes, size), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_stream_save_snapshot(stream, NULL, size), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_stream_save_snapshot(stream, bytes, size - 1), DSINFER_ERR_ARGUMENT);
    assert_int_equal(dsinfer_stream_save_snapshot(stream, bytes, 0), DSINFER_ERR_ARGUMENT);
    free(bytes);
    dsinfer_stream_destroy(stream);
}

static void every_failed_allocation_is_reported(void **state) {
    const struct dsinfer_stream_options options = get_options(&setups[2]);
    struct dsinfer_stream *stream = NULL;
    enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
    size_t size;
    uint8_t *bytes = save_middle(&setups[2], &size);
    long n;

    (void)state;
    for (n = 0; status != DSINFER_OK; n++) {
        assert_true(n < 2000);
        dsi_alloc_fail_after(n);
        status = dsinfer_stream_load_snapshot(model, &options, bytes, size, &stream, NULL);
        dsi_alloc_fail_after(-1);
        assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
        assert_true((status == DSINFER_OK) == (stream != NULL));
    }
    assert_true(n > 10);
    for (n = 0, status = DSINFER_ERR_NO_MEMORY; status != DSINFER_OK; n++) {
        dsi_alloc_fail_after(n);
        assert_int_equal(dsinfer_stream_snapshot_size(stream), n < 2 ? 0 : size);
        dsi_alloc_fail_after(n);
        status = dsinfer_stream_save_snapshot(stream, bytes, size);
        dsi_alloc_fail_after(-1);
        assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
    }
    dsinfer_stream_destroy(stream);
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saving_at_every_feed_changes_nothing),
        cmocka_unit_test(saving_at_every_feed_of_real_speech_changes_nothing),
        cmocka_unit_test(any_damage_is_noticed),
        cmocka_unit_test(snapshots_made_up_are_refused_or_harmless),
        cmocka_unit_test(a_snapshot_of_other_options_is_refused),
        cmocka_unit_test(a_snapshot_of_another_model_is_refused),
        cmocka_unit_test(a_snapshot_of_another_precision_is_refused),
        cmocka_unit_test(a_snapshot_loads_on_other_kernels),
        cmocka_unit_test(a_snapshot_describes_itself),
        cmocka_unit_test(saving_needs_room_and_a_stream),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
