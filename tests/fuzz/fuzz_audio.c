/* Any bytes as a recording: refused with a sentence, or samples that a stream can take, within
 * full scale but for what a resampler adds. The first byte chooses how: a file by its content, or
 * raw samples of one of the encodings. SPDX-License-Identifier: BSD-2-Clause */
#include "bin/input/audio.h"
#include "bin/input/encoding.h"
#include "tests/fuzz/fuzz_file.h"

#include <math.h>

#define RATE 16000
#define N_ENCODINGS 8       /* of cli_encoding_names */
#define N_SAMPLES 1000      /* read at once */
#define MAX_SAMPLES 1000000 /* of a file that says it is longer than it is */

static void read_all(struct cli_audio *audio) {
    float samples[N_SAMPLES];
    struct cli_error error = {0};
    size_t n_all = 0;
    size_t n, i;

    do {
        if (!cli_audio_read(audio, samples, N_SAMPLES, &n, &error)) {
            FUZZ_CHECK(error.message[0]);
            return;
        }
        FUZZ_CHECK(n <= N_SAMPLES);
        for (i = 0; i < n; i++) {
            FUZZ_CHECK(isfinite(samples[i]) && fabsf(samples[i]) < 4.0f);
        }
        n_all += n;
    } while (n && n_all < MAX_SAMPLES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct cli_raw raw = {.encoding = -1};
    struct cli_audio *audio = NULL;
    struct cli_error error = {0};
    struct fuzz_file file;

    if (size < 1) {
        return 0;
    }
    if (data[0] != 'R') {
        raw.is_raw = true;
        raw.encoding = data[0] % N_ENCODINGS;
        raw.n_channels = 1 + data[0] / N_ENCODINGS % 3;
        raw.rate = data[0] & 0x80 ? 8000 : RATE;
        data++;
        size--;
    }
    fuzz_file_create(&file, data, size);
    if (cli_audio_open(file.path, &raw, RATE, &audio, &error)) {
        read_all(audio);
        cli_audio_close(audio);
    } else {
        FUZZ_CHECK(error.message[0]);
    }
    fuzz_file_remove(&file);
    return 0;
}
