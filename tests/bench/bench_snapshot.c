/* Snapshots of a stream in the middle of speech: bytes, and the time to save and to load one, the
 * least and the median of many, for each decoder with and without a language model:
 *
 *     DECODER LM BYTES SAVE_MS_MIN SAVE_MS_MEDIAN LOAD_MS_MIN LOAD_MS_MEDIAN
 *
 *     bench_snapshot [-b BEAM] [-t SECONDS] [-r ROUNDS] MODEL LM SPEECH.wav
 *
 * Processor time. The bytes are the most of SECONDS (default 4) of speech, saved every 0.2 s; times
 * are those of the largest one. A first save, which reads the model's weights, is not among them.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/support/speech.h"
#include "tests/support/wav.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_ROUNDS 10000
#define MAX_SIZE ((size_t)1 << 24)

struct bench {
    struct dsinfer_model *model;
    struct dsinfer_scorer *scorer;
    struct test_wav wav;
    size_t n_rounds;
    size_t n_samples; /* seconds, until the recording is open */
    uint32_t beam_width;
    char *bytes; /* [MAX_SIZE] of the largest snapshot, of `size` bytes */
    size_t size;
    char *buffer; /* [MAX_SIZE] */
};

static void check(enum dsinfer_status status, const char *what) {
    if (status != DSINFER_OK) {
        fprintf(stderr, "bench_snapshot: %s: %s\n", what, dsinfer_status_text(status));
        exit(1);
    }
}

static double get_processor_ms(void) {
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return 1e3 * (double)time.tv_sec + 1e-6 * (double)time.tv_nsec;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    return (x > y) - (x < y);
}

static void find_largest(struct bench *bench, const struct dsinfer_stream_options *options) {
    const size_t piece = bench->wav.sample_rate / 5;
    struct dsinfer_stream *stream;
    size_t done;

    bench->size = 0;
    check(dsinfer_stream_create(bench->model, options, &stream, NULL), "create");
    for (done = 0; done + piece <= bench->n_samples; done += piece) {
        size_t size;

        check(dsinfer_stream_feed_s16(stream, bench->wav.samples + done, piece), "feed");
        size = dsinfer_stream_snapshot_size(stream);
        if (size > bench->size && size <= MAX_SIZE) {
            bench->size = size;
            check(dsinfer_stream_save_snapshot(stream, bench->bytes, size), "save");
        }
    }
    dsinfer_stream_destroy(stream);
}

/* What the largest snapshot takes: saving as an application does, which asks for the size, too. */
static void measure(struct bench *bench, const struct dsinfer_stream_options *options) {
    static double save_ms[MAX_ROUNDS], load_ms[MAX_ROUNDS];
    const size_t n = bench->n_rounds;
    size_t i;

    for (i = 0; i < n; i++) {
        struct dsinfer_stream *stream;
        double started_ms = get_processor_ms();
        size_t size;

        check(dsinfer_stream_load_snapshot(bench->model, options, bench->bytes, bench->size,
                                           &stream, NULL),
              "load");
        load_ms[i] = get_processor_ms() - started_ms;
        started_ms = get_processor_ms();
        size = dsinfer_stream_snapshot_size(stream);
        check(dsinfer_stream_save_snapshot(stream, bench->buffer, size), "save");
        save_ms[i] = get_processor_ms() - started_ms;
        if (size != bench->size || memcmp(bench->buffer, bench->bytes, size) != 0) {
            fprintf(stderr, "bench_snapshot: what was loaded is not what was saved\n");
            exit(1);
        }
        dsinfer_stream_destroy(stream);
    }
    qsort(save_ms, n, sizeof(*save_ms), compare);
    qsort(load_ms, n, sizeof(*load_ms), compare);
    printf("%-10s %-3s %7zu %7.3f %7.3f %7.3f %7.3f\n",
           dsinfer_decoder_kind_name(options->decoder.kind), options->decoder.scorer ? "yes" : "no",
           bench->size, save_ms[0], save_ms[n / 2], load_ms[0], load_ms[n / 2]);
}

static void open_all(struct bench *bench, char **paths) {
    struct dsinfer_error error = {DSINFER_OK, ""};
    struct dsinfer_scorer_options options;

    bench->model = test_model_open(paths[0]);
    dsinfer_scorer_options_init(&options);
    options.model = bench->model;
    check(dsinfer_scorer_open(paths[1], &options, &bench->scorer, &error), error.message);
    test_wav_read(paths[2], &bench->wav);
    bench->n_samples = bench->n_samples < bench->wav.n_samples / bench->wav.sample_rate
                           ? bench->n_samples * bench->wav.sample_rate
                           : bench->wav.n_samples;
    bench->bytes = malloc(MAX_SIZE);
    bench->buffer = malloc(MAX_SIZE);
    if (!bench->bytes || !bench->buffer) {
        exit(1);
    }
}

int main(int argc, char **argv) {
    const enum dsinfer_decoder_kind kinds[] = {DSINFER_DECODER_GREEDY, DSINFER_DECODER_TENSORFLOW,
                                               DSINFER_DECODER_PREFIX};
    struct bench bench = {.n_rounds = 200, .n_samples = 4, .beam_width = 500};
    int option;
    size_t i;

    while ((option = getopt(argc, argv, "b:t:r:")) != -1) {
        const unsigned long number = optarg ? strtoul(optarg, NULL, 10) : 0;

        if (number == 0 || number > MAX_ROUNDS) {
            return 2;
        }
        switch (option) {
        case 'b':
            bench.beam_width = (uint32_t)number;
            break;
        case 't':
            bench.n_samples = number;
            break;
        case 'r':
            bench.n_rounds = number;
            break;
        default:
            return 2;
        }
    }
    if (argc - optind != 3) {
        fprintf(stderr, "usage: bench_snapshot [options] MODEL LM SPEECH.wav\n");
        return 2;
    }
    open_all(&bench, argv + optind);
    for (i = 0; i < 2 * sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct dsinfer_stream_options options;

        dsinfer_stream_options_init(&options);
        options.has_speech_gate = 1;
        options.decoder.kind = kinds[i / 2];
        options.decoder.beam_width = bench.beam_width;
        options.decoder.scorer = i % 2 ? bench.scorer : NULL;
        if (i == 1) {
            continue; /* the greedy decoder takes none */
        }
        find_largest(&bench, &options);
        measure(&bench, &options);
    }
    free(bench.bytes);
    free(bench.buffer);
    test_wav_free(&bench.wav);
    dsinfer_scorer_unref(bench.scorer);
    dsinfer_model_unref(bench.model);
    return 0;
}
