/* The smallest useful program on libdsinfer: transcribes a WAV file with a model, while the audio
 * "arrives" in pieces, and shows the text as it grows.
 *
 *     cc transcribe_example.c $(pkg-config --cflags --libs dsinfer) -o transcribe_example
 *     ./transcribe_example output_graph.pb sample.wav
 *
 * The WAV must be mono, 16 bits, at the model's rate (16 kHz): the library takes samples, reading
 * and resampling files is the application's (libsndfile and libsoxr do it well).
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <dsinfer/dsinfer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 8000 /* samples: half a second */

static unsigned long load_number(const unsigned char *bytes, int n_bytes) {
    unsigned long number = 0;

    while (n_bytes-- > 0) {
        number = number << 8 | bytes[n_bytes];
    }
    return number;
}

/* Leaves `file` at the first sample of a WAV with the given rate; returns 0 if it is another. */
static int find_samples(FILE *file, unsigned long rate, unsigned long *n_bytes) {
    unsigned char chunk[8];
    unsigned char format[16];
    unsigned long size;
    int is_right = 0;

    if (fseek(file, 12, SEEK_SET) != 0) {
        return 0;
    }
    while (fread(chunk, 1, sizeof(chunk), file) == sizeof(chunk)) {
        size = load_number(chunk + 4, 4);
        if (memcmp(chunk, "data", 4) == 0) {
            *n_bytes = size;
            return is_right;
        }
        if (memcmp(chunk, "fmt ", 4) == 0 && size >= sizeof(format)) {
            if (fread(format, 1, sizeof(format), file) != sizeof(format)) {
                return 0;
            }
            size -= sizeof(format);
            is_right = load_number(format, 2) == 1 && load_number(format + 2, 2) == 1 &&
                       load_number(format + 4, 4) == rate && load_number(format + 14, 2) == 16;
        }
        if (fseek(file, (long)(size + size % 2), SEEK_CUR) != 0) {
            return 0;
        }
    }
    return 0;
}

/* Feeds the rest of `file` to the stream, piece by piece. */
static enum dsinfer_status feed_file(struct dsinfer_stream *stream, FILE *file,
                                     unsigned long n_bytes) {
    unsigned char bytes[2 * PIECE];
    int16_t samples[PIECE];
    struct dsinfer_transcript transcript;
    enum dsinfer_status status = DSINFER_OK;
    size_t n;
    size_t i;

    while (status == DSINFER_OK && n_bytes > 1) {
        n = fread(bytes, 1, n_bytes < sizeof(bytes) ? n_bytes : sizeof(bytes), file) / 2;
        if (n == 0) {
            break;
        }
        for (i = 0; i < n; i++) {
            samples[i] = (int16_t)load_number(bytes + 2 * i, 2);
        }
        n_bytes -= 2 * n;
        status = dsinfer_stream_feed_s16(stream, samples, n);
        if (status == DSINFER_OK) {
            status = dsinfer_stream_partial(stream, &transcript);
        }
        if (status == DSINFER_OK) {
            fprintf(stderr, "%6.2f s  %s\n", transcript.time_s, transcript.text);
        }
    }
    return status;
}

static enum dsinfer_status transcribe(struct dsinfer_model *model, FILE *file,
                                      unsigned long n_bytes, struct dsinfer_error *error) {
    struct dsinfer_stream *stream;
    struct dsinfer_transcript transcript;
    enum dsinfer_status status = dsinfer_stream_create(model, NULL, &stream, error);

    if (status == DSINFER_OK) {
        status = feed_file(stream, file, n_bytes);
        if (status == DSINFER_OK) {
            status = dsinfer_stream_finish(stream, &transcript);
        }
        if (status == DSINFER_OK) {
            puts(transcript.text);
        } else {
            snprintf(error->message, sizeof(error->message), "%s", dsinfer_status_text(status));
        }
    }
    dsinfer_stream_destroy(stream);
    return status;
}

int main(int argc, char **argv) {
    struct dsinfer_model *model = NULL;
    struct dsinfer_error error = {DSINFER_OK, ""};
    FILE *file = NULL;
    unsigned long n_bytes = 0;
    int result = EXIT_FAILURE;

    if (argc != 3) {
        fprintf(stderr, "usage: %s MODEL WAV\n", argv[0]);
        return EXIT_FAILURE;
    }
    if (dsinfer_model_open(argv[1], NULL, &model, &error) != DSINFER_OK) {
        fprintf(stderr, "%s: %s\n", argv[1], error.message);
        goto out;
    }
    file = fopen(argv[2], "rb");
    if (!file || !find_samples(file, dsinfer_model_info(model)->sample_rate, &n_bytes)) {
        fprintf(stderr, "%s: no 16-bit mono WAV at the rate of the model\n", argv[2]);
        goto out;
    }
    if (transcribe(model, file, n_bytes, &error) != DSINFER_OK) {
        fprintf(stderr, "%s: %s\n", argv[2], error.message);
        goto out;
    }
    result = EXIT_SUCCESS;
out:
    if (file) {
        fclose(file);
    }
    dsinfer_model_unref(model);
    return result;
}
