/* Features fed in pieces. Every piece and every result lies in memory of exactly its size, so that
 * a sanitizer sees one element too many.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/support/frames.h"

#include "tests/support/rng.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH 26

static size_t get_piece(struct test_rng *rng, size_t piece, size_t rest) {
    static const size_t primes[] = {0, 1, 2, 13, 127, 401, 1021, 3001};

    if (piece == TEST_RANDOM) {
        piece = primes[test_rng_next(rng) % (sizeof(primes) / sizeof(primes[0]))];
    }
    return piece < rest ? piece : rest;
}

static void append(struct test_frames *frames, const float *values, size_t n) {
    if (n > 0) {
        frames->values =
            realloc(frames->values, (frames->n_frames + n) * WIDTH * sizeof(frames->values[0]));
        assert_non_null(frames->values);
        memcpy(frames->values + frames->n_frames * WIDTH, values, n * WIDTH * sizeof(values[0]));
        frames->n_frames += n;
    }
}

static void feed(struct dsinfer_features *features, const int16_t *samples, size_t n_samples,
                 struct test_frames *frames) {
    const size_t max = dsinfer_features_get_max_frames(features, n_samples);
    int16_t *copy = malloc(n_samples ? n_samples * sizeof(*copy) : 1);
    float *values = malloc(max ? max * WIDTH * sizeof(*values) : 1);
    size_t n;

    assert_non_null(copy);
    assert_non_null(values);
    if (n_samples > 0) {
        memcpy(copy, samples, n_samples * sizeof(*copy));
    }
    n = dsinfer_features_feed_s16(features, copy, n_samples, values);
    assert_int_equal(n + dsinfer_features_get_max_frames(features, 0), max);
    append(frames, values, n);
    free(values);
    free(copy);
}

void test_frames_extract(struct dsinfer_features *features, const int16_t *samples,
                         size_t n_samples, size_t piece, struct test_frames *frames) {
    struct test_rng rng = {n_samples + 1};
    const size_t max = dsinfer_features_get_max_frames(features, n_samples);
    const size_t n_before = frames->n_frames;
    float last[WIDTH];

    while (n_samples > 0) {
        const size_t n = get_piece(&rng, piece, n_samples);

        feed(features, samples, n, frames);
        samples += n;
        n_samples -= n;
    }
    append(frames, last, dsinfer_features_finish(features, last));
    assert_int_equal(frames->n_frames - n_before, max);
}

void test_frames_assert_equal(const struct test_frames *got, const struct test_frames *expected) {
    assert_int_equal(got->n_frames, expected->n_frames);
    assert_memory_equal(got->values, expected->values,
                        got->n_frames * WIDTH * sizeof(got->values[0]));
}

void test_frames_free(struct test_frames *frames) {
    free(frames->values);
    frames->values = NULL;
    frames->n_frames = 0;
}

struct dsinfer_features *test_features_create(enum dsinfer_family family, uint32_t sample_rate) {
    struct dsinfer_features_options options;
    struct dsinfer_features *features;

    dsinfer_features_options_init(&options);
    options.family = family;
    options.sample_rate = sample_rate;
    assert_int_equal(dsinfer_features_create(&options, &features, NULL), DSINFER_OK);
    return features;
}
