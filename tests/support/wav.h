/* A small reader of 16-bit PCM WAV files with one channel, for golden recordings.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_SUPPORT_WAV_H
#define TESTS_SUPPORT_WAV_H

#include <stddef.h>
#include <stdint.h>

struct test_wav {
    int16_t *samples; /* owned */
    size_t n_samples;
    uint32_t sample_rate;
};

/* Fails the test if the file is anything else. Free with test_wav_free. */
void test_wav_read(const char *path, struct test_wav *wav);
void test_wav_free(struct test_wav *wav);

#endif
