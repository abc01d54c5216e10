/* Features of a whole recording, fed in pieces.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_SUPPORT_FRAMES_H
#define TESTS_SUPPORT_FRAMES_H

#include <dsinfer/features.h>

/* Sizes of the pieces in which samples are fed. */
#define TEST_WHOLE ((size_t)-1)
#define TEST_RANDOM 0 /* primes in random order, 0 and 1 among them */

struct test_frames {
    float *values; /* owned, [n_frames][26] */
    size_t n_frames;
};

/* Feeds all samples and finishes, checking that get_max_frames knows the number of frames before.
 */
void test_frames_extract(struct dsinfer_features *features, const int16_t *samples,
                         size_t n_samples, size_t piece, struct test_frames *frames);

/* Fails unless both are equal bit by bit. */
void test_frames_assert_equal(const struct test_frames *got, const struct test_frames *expected);
void test_frames_free(struct test_frames *frames);

/* Features of a family at a rate; fails the test if there are none. */
struct dsinfer_features *test_features_create(enum dsinfer_family family, uint32_t sample_rate);

#endif
