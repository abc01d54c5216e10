/* Time per frame of a decoder: rows of a .npy file are fed sixteen at a time, as a stream does, and
 * the processor time of each stretch of them is printed, the best of several rounds, in ms a frame.
 *
 *     bench_decoder [-p] [-d KIND] [-f FAMILY] [-b BEAM] [-s SCORER] [-t TRIE] [-r ROUNDS]
 *                   [-n REPEATS] [-l FRAMES] ROWS.npy
 *
 * -p: the rows are probabilities. -n: they are fed so many times over. -l: frames of a stretch
 * (default: all there are). compare_decoders.py runs it beside a peer.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <dsinfer/decoder.h>

#include "tests/support/npy.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 16

struct settings {
    struct dsinfer_decoder_input input;
    struct dsinfer_decoder_options options;
    struct dsinfer_scorer_options scorer_options;
    const char *scorer_path;
    unsigned long n_rounds, n_repeats, stretch;
    struct test_npy rows;
};

static double get_processor_s(void) {
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static enum dsinfer_decoder_kind find_kind(const char *name) {
    return strcmp(name, "greedy") == 0       ? DSINFER_DECODER_GREEDY
           : strcmp(name, "tensorflow") == 0 ? DSINFER_DECODER_TENSORFLOW
                                             : DSINFER_DECODER_PREFIX;
}

static void read_options(int argc, char **argv, struct settings *settings) {
    int option;

    while ((option = getopt(argc, argv, "pd:f:b:s:t:r:n:l:")) != -1) {
        const unsigned long number = optarg ? strtoul(optarg, NULL, 10) : 0;

        switch (option) {
        case 'p':
            settings->input.is_probability = 1;
            break;
        case 'd':
            settings->options.kind = find_kind(optarg);
            break;
        case 'f':
            settings->input.family = (enum dsinfer_family)number;
            break;
        case 'b':
            settings->options.beam_width = (uint32_t)number;
            break;
        case 's':
            settings->scorer_path = optarg;
            break;
        case 't':
            settings->scorer_options.trie_path = optarg;
            break;
        case 'r':
            settings->n_rounds = number;
            break;
        case 'n':
            settings->n_repeats = number;
            break;
        case 'l':
            settings->stretch = number;
            break;
        default:
            exit(2);
        }
    }
}

/* Feeds `n` frames from frame `first` of the repeated rows on. */
static void feed(struct dsinfer_decoder *decoder, const struct test_npy *rows, size_t first,
                 size_t n) {
    size_t done = 0;

    while (done < n) {
        const size_t at = (first + done) % rows->dims[0];
        const size_t wanted = n - done < CHUNK ? n - done : CHUNK;
        const size_t chunk = wanted < rows->dims[0] - at ? wanted : rows->dims[0] - at;

        if (dsinfer_decoder_feed(decoder, rows->f32 + at * rows->dims[1], chunk) != DSINFER_OK) {
            fprintf(stderr, "the decoder failed at frame %zu\n", first + done);
            exit(1);
        }
        done += chunk;
    }
}

/* One round over all frames; keeps the least time of each stretch. */
static void run_round(const struct settings *settings, struct dsinfer_decoder *decoder,
                      double *best_s, size_t n_stretches) {
    size_t i;

    dsinfer_decoder_reset(decoder);
    for (i = 0; i < n_stretches; i++) {
        const double start_s = get_processor_s();
        double time_s;

        feed(decoder, &settings->rows, i * settings->stretch, settings->stretch);
        time_s = get_processor_s() - start_s;
        best_s[i] = best_s[i] > 0.0 && best_s[i] < time_s ? best_s[i] : time_s;
    }
}

static void run(struct settings *settings) {
    const size_t n_frames = settings->rows.dims[0] * settings->n_repeats;
    struct dsinfer_error error = {DSINFER_OK, ""};
    struct dsinfer_transcript transcript;
    struct dsinfer_decoder *decoder = NULL;
    size_t n_stretches, i;
    double *best_s;

    settings->stretch = settings->stretch ? settings->stretch : n_frames;
    n_stretches = n_frames / settings->stretch;
    best_s = calloc(n_stretches, sizeof(*best_s));
    if (!best_s || dsinfer_decoder_create(&settings->input, &settings->options, &decoder, &error) !=
                       DSINFER_OK) {
        fprintf(stderr, "no decoder: %s\n", error.message);
        exit(1);
    }
    for (i = 0; i < settings->n_rounds; i++) {
        run_round(settings, decoder, best_s, n_stretches);
    }
    for (i = 0; i < n_stretches; i++) {
        printf("%.6f\n", best_s[i] / (double)settings->stretch * 1e3);
    }
    if (dsinfer_decoder_get_transcript(decoder, &transcript) == DSINFER_OK) {
        fprintf(stderr, "%.7g %s\n", transcript.confidence, transcript.text);
    }
    dsinfer_decoder_destroy(decoder);
    free(best_s);
}

int main(int argc, char **argv) {
    struct settings settings = {.n_rounds = 3, .n_repeats = 1};
    struct dsinfer_error error = {DSINFER_OK, ""};

    dsinfer_decoder_input_init(&settings.input);
    dsinfer_decoder_options_init(&settings.options);
    dsinfer_scorer_options_init(&settings.scorer_options);
    settings.input.family = DSINFER_FAMILY_DS07;
    settings.options.kind = DSINFER_DECODER_PREFIX;
    read_options(argc, argv, &settings);
    if (optind + 1 != argc) {
        fprintf(stderr, "one array of rows is needed\n");
        return 2;
    }
    if (settings.scorer_path &&
        dsinfer_scorer_open(settings.scorer_path, &settings.scorer_options,
                            &settings.options.scorer, &error) != DSINFER_OK) {
        fprintf(stderr, "%s: %s\n", settings.scorer_path, error.message);
        return 1;
    }
    test_npy_read(argv[optind], &settings.rows);
    run(&settings);
    test_npy_free(&settings.rows);
    dsinfer_scorer_unref(settings.options.scorer);
    return 0;
}
