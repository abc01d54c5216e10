/* A stream that goes on for hours, as fast as it goes; a line for each minute of audio:
 *
 *     MINUTE KIND MS_A_FRAME MS_A_PARTIAL RESIDENT_KIB ALLOCATIONS UTTERANCES
 *
 * Processor time, memory at the end of the minute, allocations since the beginning. Samples come
 * 0.1 s at a time; the state is looked at for values that are no numbers. soak.py runs and judges
 * it.
 *
 *     soak [-d KIND] [-l LM] [-a ALPHA] [-w BETA] [-m MINUTES] [-u] [-x] MODEL SPEECH.wav...
 *
 * The speech is repeated. -u: partial text is asked for after each piece, and utterances end at
 * endpoints; else the whole is one, asked for its text once a minute. -x: minutes of
 * speech take turns with digital silence, values near the least a float holds, noise of one bit,
 * and loud noise.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/alloc.h"
#include "tests/support/rng.h"
#include "tests/support/speech.h"
#include "tests/support/wav.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RATE 16000
#define PIECE (RATE / 10)
#define PIECES_A_MINUTE 600
#define FRAMES_A_MINUTE 3000
#define MAX_SPEECH ((size_t)RATE * 600)

enum kind { SPEECH, SILENCE, DENORMAL, FAINT, LOUD, N_KINDS };

static const char *const kind_names[] = {"speech", "silence", "denormal", "faint", "loud"};

struct soak {
    struct dsinfer_model *model;
    struct dsinfer_stream *stream;
    struct dsinfer_stream_options options;
    const char *lm_path;
    unsigned long n_minutes;
    bool has_utterances, is_mixed;
    float *speech;
    size_t n_speech, position;
    struct test_rng rng;
    unsigned long n_utterances;
};

static void check(enum dsinfer_status status, const char *what) {
    if (status != DSINFER_OK) {
        fprintf(stderr, "soak: %s: %s\n", what, dsinfer_status_text(status));
        exit(1);
    }
}

static double get_processor_s(void) {
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* The second number of the file, in pages. */
static unsigned long get_resident_kib(void) {
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long n_pages = 0;
    char line[128];

    if (file) {
        const char *blank = fgets(line, sizeof(line), file) ? strchr(line, ' ') : NULL;

        n_pages = blank ? strtoul(blank, NULL, 10) : 0;
        fclose(file);
    }
    return n_pages * ((unsigned long)sysconf(_SC_PAGESIZE) / 1024);
}

static void read_options(int argc, char **argv, struct soak *soak) {
    struct dsinfer_decoder_options *decoder = &soak->options.decoder;
    int option;

    while ((option = getopt(argc, argv, "d:l:a:w:m:ux")) != -1) {
        switch (option) {
        case 'd':
            decoder->kind = strcmp(optarg, "greedy") == 0       ? DSINFER_DECODER_GREEDY
                            : strcmp(optarg, "tensorflow") == 0 ? DSINFER_DECODER_TENSORFLOW
                                                                : DSINFER_DECODER_PREFIX;
            break;
        case 'l':
            soak->lm_path = optarg;
            break;
        case 'a':
            decoder->alpha = strtod(optarg, NULL);
            break;
        case 'w':
            decoder->beta = strtod(optarg, NULL);
            break;
        case 'm':
            soak->n_minutes = strtoul(optarg, NULL, 10);
            break;
        case 'u':
            soak->has_utterances = true;
            break;
        case 'x':
            soak->is_mixed = true;
            break;
        default:
            exit(2);
        }
    }
    if (argc - optind < 2) {
        fprintf(stderr, "usage: soak [options] MODEL SPEECH.wav...\n");
        exit(2);
    }
}

static void read_speech(struct soak *soak, const char *path) {
    struct test_wav wav;
    size_t i;

    test_wav_read(path, &wav);
    for (i = 0; i < wav.n_samples && soak->n_speech < MAX_SPEECH; i++) {
        soak->speech[soak->n_speech++] = (float)wav.samples[i] / 32768.0f;
    }
    test_wav_free(&wav);
}

static void fill(struct soak *soak, enum kind kind, float *samples) {
    size_t i;

    for (i = 0; i < PIECE; i++) {
        const float noise = test_rng_float(&soak->rng);

        switch (kind) {
        case SPEECH:
            samples[i] = soak->speech[soak->position];
            soak->position = (soak->position + 1) % soak->n_speech;
            break;
        case DENORMAL:
            samples[i] = noise * 1e-39f;
            break;
        case FAINT:
            samples[i] = noise / 32768.0f;
            break;
        case LOUD:
            samples[i] = noise;
            break;
        default:
            samples[i] = 0.0f;
        }
    }
}

static void check_numbers(const struct soak *soak, const struct dsinfer_transcript *transcript) {
    const size_t n_cell = dsinfer_model_info(soak->model)->n_cell;
    const float *h, *c;
    size_t i;

    dsinfer_stream_get_state(soak->stream, &h, &c);
    for (i = 0; i < n_cell; i++) {
        if (!isfinite(h[i]) || !isfinite(c[i])) {
            fprintf(stderr, "soak: cell %zu is no number\n", i);
            exit(1);
        }
    }
    if (!isfinite(transcript->candidates[0].score)) {
        fprintf(stderr, "soak: the score is no number\n");
        exit(1);
    }
}

static void take_piece(struct soak *soak, const float *samples) {
    struct dsinfer_transcript transcript;

    check(dsinfer_stream_feed_f32(soak->stream, samples, PIECE), "feed");
    if (!soak->has_utterances) {
        return;
    }
    check(dsinfer_stream_partial(soak->stream, &transcript), "partial");
    check_numbers(soak, &transcript);
    if (dsinfer_stream_get_endpoint(soak->stream)) {
        check(dsinfer_stream_next_utterance(soak->stream, &transcript), "next utterance");
        soak->n_utterances++;
    }
}

/* What asking for partial text costs. */
static double ask(struct soak *soak) {
    const double started_s = get_processor_s();
    struct dsinfer_transcript transcript;

    check(dsinfer_stream_partial(soak->stream, &transcript), "partial");
    check_numbers(soak, &transcript);
    return get_processor_s() - started_s;
}

static void run_minute(struct soak *soak, unsigned long minute) {
    const enum kind kind = soak->is_mixed ? (enum kind)(minute % N_KINDS) : SPEECH;
    static float samples[PIECE];
    double spent_s = 0.0;
    size_t i;

    for (i = 0; i < PIECES_A_MINUTE; i++) {
        double started_s;

        fill(soak, kind, samples);
        started_s = get_processor_s();
        take_piece(soak, samples);
        spent_s += get_processor_s() - started_s;
    }
    printf("%lu %s %.5f %.3f %lu %lu %lu\n", minute + 1, kind_names[kind],
           1e3 * spent_s / FRAMES_A_MINUTE, 1e3 * ask(soak), get_resident_kib(),
           dsi_alloc_get_count(), soak->n_utterances);
    fflush(stdout);
}

static void open_scorer(struct soak *soak) {
    struct dsinfer_error error = {DSINFER_OK, ""};
    struct dsinfer_scorer_options options;

    dsinfer_scorer_options_init(&options);
    options.model = soak->model;
    if (soak->lm_path) {
        check(dsinfer_scorer_open(soak->lm_path, &options, &soak->options.decoder.scorer, &error),
              soak->lm_path);
    }
}

int main(int argc, char **argv) {
    struct soak soak = {.n_minutes = 60, .rng = {1}};
    struct dsinfer_error error = {DSINFER_OK, ""};
    struct dsinfer_transcript transcript;
    unsigned long minute;
    int i;

    dsinfer_stream_options_init(&soak.options);
    read_options(argc, argv, &soak);
    soak.model = test_model_open(argv[optind]);
    soak.speech = malloc(MAX_SPEECH * sizeof(*soak.speech));
    for (i = optind + 1; i < argc; i++) {
        read_speech(&soak, argv[i]);
    }
    open_scorer(&soak);
    check(dsinfer_stream_create(soak.model, &soak.options, &soak.stream, &error), error.message);
    for (minute = 0; minute < soak.n_minutes; minute++) {
        run_minute(&soak, minute);
    }
    check(dsinfer_stream_finish(soak.stream, &transcript), "finish");
    dsinfer_stream_destroy(soak.stream);
    dsinfer_scorer_unref(soak.options.decoder.scorer);
    dsinfer_model_unref(soak.model);
    free(soak.speech);
    return 0;
}
