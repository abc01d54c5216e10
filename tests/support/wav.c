/* 16-bit WAV files: RIFF chunks, of which `fmt ` and `data` matter.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/support/wav.h"

#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static uint32_t get_number(const unsigned char *bytes, size_t size) {
    uint32_t value = 0;

    while (size-- > 0) {
        value = value << 8 | bytes[size];
    }
    return value;
}

void test_wav_read(const char *path, struct test_wav *wav) {
    size_t size, position = 12, i;
    unsigned char *file = test_read_file(path, &size);

    memset(wav, 0, sizeof(*wav));
    assert_true(size >= 12 && memcmp(file, "RIFF", 4) == 0 && memcmp(file + 8, "WAVE", 4) == 0);
    while (position + 8 <= size && !wav->samples) {
        const unsigned char *chunk = file + position;
        const size_t length = get_number(chunk + 4, 4);

        assert_true(length <= size - position - 8);
        if (memcmp(chunk, "fmt ", 4) == 0) {
            assert_int_equal(get_number(chunk + 8, 2), 1);  /* PCM */
            assert_int_equal(get_number(chunk + 10, 2), 1); /* channels */
            assert_int_equal(get_number(chunk + 22, 2), 16);
            wav->sample_rate = get_number(chunk + 12, 4);
        } else if (memcmp(chunk, "data", 4) == 0) {
            wav->n_samples = length / 2;
            wav->samples = malloc(length ? length : 1);
            assert_non_null(wav->samples);
            for (i = 0; i < wav->n_samples; i++) {
                wav->samples[i] = (int16_t)get_number(chunk + 8 + 2 * i, 2);
            }
        }
        position += 8 + length + length % 2;
    }
    assert_non_null(wav->samples);
    free(file);
}

void test_wav_free(struct test_wav *wav) {
    free(wav->samples);
    wav->samples = NULL;
}
