/* dsinfer bench: how fast and how large a model runs here.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/bench/bench.h"
#include "bin/bench/roof.h"
#include "bin/commands.h"
#include "bin/decoder_settings.h"
#include "bin/errors.h"
#include "bin/input/audio.h"
#include "bin/memory.h"
#include "bin/output/json.h"
#include "bin/output/status.h"
#include "bin/output/writer.h"
#include "bin/settings.h"

#include <dsinfer/runner.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define MAX_AUDIO_S 3600
#define N_BARS 24 /* of the histogram */

struct settings {
    struct {
        bool is_json, is_paced;
        uint32_t n_steps, n_streams;
    } own;
    struct cli_model_settings model;
    struct cli_decoder_settings decoder;
};

#define OWN(member) (offsetof(struct settings, own.member) - offsetof(struct settings, own))

static const struct cli_option own_options[] = {
    {"json", 0, CLI_FLAG, NULL, OWN(is_json), "one JSON object", 0, 0, NULL},
    {"steps", 0, CLI_NUMBER, "T", OWN(n_steps), "frames in a call of the network (default 16)", 1,
     64, NULL},
    {"streams", 0, CLI_NUMBER, "N", OWN(n_streams),
     "so many at once, in batches, paced in real time", 1, 1024, NULL},
    {"paced", 0, CLI_FLAG, NULL, OWN(is_paced), "in real time with one stream, too", 0, 0, NULL},
};

/* What is printed. */
struct report {
    const struct cli_bench *bench;
    const struct settings *settings;
    const char *model_name, *audio_name;
    double load_s, audio_s;
    struct {
        double p50_ms, p99_ms, mean_ms;
    } chunk, latency, finish;
    double peak_rss_mb;
    struct cli_roof roof;
    double bytes_gb_s, gflop_s; /* what the network reaches in its median call */
};

static bool read_audio(const char *name, uint32_t rate, float **samples, size_t *n_samples,
                       struct cli_error *error) {
    if (!cli_audio_read_whole(name, rate, MAX_AUDIO_S, samples, n_samples, error)) {
        return false;
    }
    return *n_samples ||
           cli_fail(error, CLI_AUDIO, "the recording is empty: there is nothing to measure");
}

/* Multiplications of a frame: three dense layers, the two halves of the LSTM, two dense layers. */
static double count_products(const struct dsinfer_model_info *info) {
    const double n = info->n_cell;
    const double n_input = (2.0 * info->n_context + 1.0) * info->n_features;

    return n_input * n + 2.0 * n * n + 8.0 * n * n + n * n + n * info->n_labels;
}

/* All weights are read once in a call, those of the LSTM's recurrent half once for each step. */
static double count_bytes(const struct dsinfer_model_info *info, uint32_t n_steps) {
    return (double)info->weights_size + (n_steps - 1.0) * (double)info->recurrent_size;
}

static void fill_report(struct report *report, struct cli_bench *bench) {
    const struct dsinfer_model_info *info = dsinfer_model_info(bench->model);
    const double chunk_s = cli_series_percentile(&bench->chunk, 50.0);
    struct rusage usage;

    report->audio_s = (double)bench->n_samples / info->sample_rate * bench->n_streams;
    report->load_s += bench->ready_s;
    report->chunk.p50_ms = 1e3 * chunk_s;
    report->chunk.p99_ms = 1e3 * cli_series_percentile(&bench->chunk, 99.0);
    report->chunk.mean_ms = 1e3 * cli_series_mean(&bench->chunk);
    report->latency.p50_ms = 1e3 * cli_series_percentile(&bench->latency, 50.0);
    report->latency.p99_ms = 1e3 * cli_series_percentile(&bench->latency, 99.0);
    report->finish.p50_ms = 1e3 * cli_series_percentile(&bench->finish, 50.0);
    report->finish.p99_ms = 1e3 * cli_series_percentile(&bench->finish, 99.0);
    report->bytes_gb_s = count_bytes(info, bench->n_steps) / chunk_s * 1e-9;
    report->gflop_s = 2.0 * count_products(info) * bench->n_steps / chunk_s * 1e-9;
    /* Before the roofs, which need memory of their own. */
    getrusage(RUSAGE_SELF, &usage);
    report->peak_rss_mb = (double)usage.ru_maxrss * 1024.0 * 1e-6;
    cli_roof_measure(info->weights_size, info->kernels, &report->roof);
}

static json_t *make_times(double p50_ms, double p99_ms) {
    json_t *object = cli_json_object();

    cli_json_set(object, "p50", cli_json_real(p50_ms));
    cli_json_set(object, "p99", cli_json_real(p99_ms));
    return object;
}

/* How many values are in each of equal parts between the smallest and the largest. */
static json_t *make_histogram(const struct cli_series *sorted) {
    size_t counts[N_BARS] = {0};
    json_t *object = cli_json_object();
    json_t *array = json_array();
    const double from_s = sorted->n ? sorted->values_s[0] : 0.0;
    const double to_s = sorted->n ? sorted->values_s[sorted->n - 1] : 0.0;
    size_t i;

    for (i = 0; i < sorted->n; i++) {
        const double part = to_s > from_s ? (sorted->values_s[i] - from_s) / (to_s - from_s) : 0.0;
        const size_t bar = (size_t)(part * N_BARS);

        counts[bar < N_BARS ? bar : N_BARS - 1]++;
    }
    for (i = 0; i < N_BARS; i++) {
        json_array_append_new(array, json_integer((json_int_t)counts[i]));
    }
    cli_json_set(object, "from", cli_json_real(1e3 * from_s));
    cli_json_set(object, "to", cli_json_real(1e3 * to_s));
    cli_json_set(object, "counts", array);
    return object;
}

static void print_json(const struct report *report) {
    const struct dsinfer_model_info *info = dsinfer_model_info(report->bench->model);
    const struct cli_bench *bench = report->bench;
    const char *lm = cli_decoder_get_lm(&report->settings->decoder);
    json_t *object = cli_json_object();
    json_t *chunk = make_times(report->chunk.p50_ms, report->chunk.p99_ms);
    json_t *decoder = cli_json_object();
    json_t *roof = cli_json_object();
    json_t *latency;

    cli_json_set(object, "model", cli_json_string(report->model_name));
    cli_json_set(object, "audio", cli_json_string(report->audio_name));
    cli_json_set(object, "family", cli_json_string(dsinfer_family_name(info->family)));
    cli_json_set(object, "n_cell", json_integer(info->n_cell));
    cli_json_set(object, "kernels", cli_json_string(info->kernels));
    cli_json_set(object, "precision", cli_json_string(dsinfer_precision_name(info->precision)));
    cli_json_set(object, "threads", json_integer(bench->n_threads));
    cli_json_set(object, "streams", json_integer(bench->n_streams));
    cli_json_set(object, "steps", json_integer(bench->n_steps));
    cli_json_set(object, "beam_width", json_integer(bench->decoder.beam_width));
    cli_json_set(object, "paced", json_boolean(bench->is_paced));
    cli_json_set(object, "language_model", lm ? cli_json_string(lm) : json_null());
    cli_json_set(object, "load_s", cli_json_real(report->load_s));
    cli_json_set(object, "audio_s", cli_json_real(report->audio_s));
    cli_json_set(object, "wall_s", cli_json_real(bench->wall_s));
    cli_json_set(object, "rtf", cli_json_real(bench->wall_s / report->audio_s));
    cli_json_set(chunk, "mean", cli_json_real(report->chunk.mean_ms));
    cli_json_set(object, "chunk_ms", chunk);
    latency = make_times(report->latency.p50_ms, report->latency.p99_ms);
    cli_json_set(latency, "histogram", make_histogram(&bench->latency));
    cli_json_set(object, "latency_ms", latency);
    cli_json_set(object, "finish_ms", make_times(report->finish.p50_ms, report->finish.p99_ms));
    if (bench->is_paced) {
        cli_json_set(object, "busy", cli_json_real(bench->busy));
    }
    if (bench->n_streams > 1) {
        cli_json_set(object, "one_by_one_s", cli_json_real(bench->one_by_one_s));
        cli_json_set(object, "batch_gain", cli_json_real(bench->one_by_one_s / bench->wall_s));
    }
    cli_json_set(decoder, "mean", cli_json_real(1e3 * bench->decoder_s));
    cli_json_set(object, "decoder_ms", decoder);
    cli_json_set(object, "peak_rss_mb", cli_json_real(report->peak_rss_mb));
    cli_json_set(roof, "read_gb_s", cli_json_real(report->roof.read_gb_s));
    cli_json_set(roof, "fma_gflop_s", cli_json_real(report->roof.fma_gflop_s));
    cli_json_set(roof, "bytes_gb_s", cli_json_real(report->bytes_gb_s));
    cli_json_set(roof, "gflop_s", cli_json_real(report->gflop_s));
    cli_json_set(roof, "bytes_part", cli_json_real(report->bytes_gb_s / report->roof.read_gb_s));
    cli_json_set(roof, "flops_part", cli_json_real(report->gflop_s / report->roof.fma_gflop_s));
    cli_json_set(object, "roof", roof);
    cli_json_write(stdout, object, 1);
    putchar('\n');
}

static void print_name(const char *title, const char *name) {
    fputs(title, stdout);
    cli_print(stdout, name);
}

static void print_text(const struct report *report) {
    const struct dsinfer_model_info *info = dsinfer_model_info(report->bench->model);
    const char *lm = cli_decoder_get_lm(&report->settings->decoder);
    const struct cli_bench *bench = report->bench;

    print_name("model      ", report->model_name);
    putchar('\n');
    printf("           %s, %" PRIu32 " cells, %s kernels, %s, %" PRIu32 " thread%s, %" PRIu32
           " stream%s\n",
           dsinfer_family_name(info->family), info->n_cell, info->kernels,
           dsinfer_precision_name(info->precision), bench->n_threads,
           bench->n_threads > 1 ? "s" : "", bench->n_streams, bench->n_streams > 1 ? "s" : "");
    print_name("language   ", lm ? lm : "no language model");
    printf("; a beam of %" PRIu32 "\n", bench->decoder.beam_width);
    print_name("audio      ", report->audio_name);
    printf(", %.2f s\n", report->audio_s);
    printf("load       %.3f s\n", report->load_s);
    printf("work       %.3f s, real-time factor %.4f\n", bench->wall_s,
           bench->wall_s / report->audio_s);
    if (bench->n_streams > 1) {
        printf("batches    %.2f times as fast as one by one, which takes %.3f s\n",
               bench->one_by_one_s / bench->wall_s, bench->one_by_one_s);
    }
    printf("chunk      %.3f ms (p50), %.3f ms (p99), %.3f ms (mean) for %" PRIu32 " frames\n",
           report->chunk.p50_ms, report->chunk.p99_ms, report->chunk.mean_ms, bench->n_steps);
    printf("latency    %.3f ms (p50), %.3f ms (p99) from a chunk's samples to its text\n",
           report->latency.p50_ms, report->latency.p99_ms);
    printf("finish     %.3f ms (p50), %.3f ms (p99)\n", report->finish.p50_ms,
           report->finish.p99_ms);
    if (bench->is_paced) {
        printf("           paced in real time, busy for %.1f %% of it\n", 100.0 * bench->busy);
    }
    printf("decoder    %.4f ms a frame\n", 1e3 * bench->decoder_s);
    printf("memory     %.1f MB at most\n", report->peak_rss_mb);
    printf("network    %.1f GB/s of weights, %.0f %% of the %.1f that can be read\n",
           report->bytes_gb_s, 100.0 * report->bytes_gb_s / report->roof.read_gb_s,
           report->roof.read_gb_s);
    printf("           %.1f GFLOP/s, %.0f %% of the %.1f of multiply-adds\n", report->gflop_s,
           100.0 * report->gflop_s / report->roof.fma_gflop_s, report->roof.fma_gflop_s);
}

static int measure(struct settings *settings, struct cli_bench *bench, struct report *report) {
    struct dsinfer_error library_error = {DSINFER_OK, ""};
    enum dsinfer_status status;
    struct cli_error error;

    bench->n_steps = settings->own.n_steps;
    bench->n_streams = settings->own.n_streams;
    bench->n_threads = settings->model.n_threads;
    bench->is_paced = settings->own.is_paced || bench->n_streams > 1;
    status = cli_bench_measure(bench, &library_error);
    if (status != DSINFER_OK) {
        return cli_decoder_report(&settings->decoder, report->model_name, status, &library_error);
    }
    fill_report(report, bench);
    if (settings->own.is_json) {
        print_json(report);
    } else {
        print_text(report);
    }
    if (!cli_writer_flush(stdout, &error)) {
        return cli_report_exit(CLI_STDOUT_NAME, &error, CLI_EXIT_RUNTIME);
    }
    return CLI_EXIT_OK;
}

static int bench_audio(struct settings *settings, const char *audio_name) {
    struct report report = {.settings = settings, .audio_name = audio_name};
    const double started_s = cli_clock_s();
    struct cli_bench bench = {0};
    float *samples = NULL;
    struct cli_error error;
    int exit_code = cli_model_open(&settings->model, &bench.model);

    if (exit_code != CLI_EXIT_OK) {
        return exit_code;
    }
    if (!dsinfer_model_info(bench.model)->has_state) {
        dsinfer_model_unref(bench.model);
        return cli_usage(cli_model_get_name(&settings->model),
                         "the model takes recordings whole: there is no stream to be measured");
    }
    exit_code = cli_decoder_open(&settings->decoder, &settings->model, bench.model, &bench.decoder);
    if (exit_code != CLI_EXIT_OK) {
        dsinfer_model_unref(bench.model);
        return exit_code;
    }
    report.load_s = cli_clock_s() - started_s;
    report.model_name = cli_model_get_name(&settings->model);
    report.bench = &bench;
    cli_model_note_alphabet(&settings->model, bench.model);
    if (read_audio(audio_name, dsinfer_model_info(bench.model)->sample_rate, &samples,
                   &bench.n_samples, &error)) {
        bench.samples = samples;
        exit_code = measure(settings, &bench, &report);
    } else {
        exit_code = cli_report_exit(audio_name, &error, CLI_EXIT_AUDIO);
    }
    free(samples);
    cli_bench_finish(&bench);
    dsinfer_model_unref(bench.model);
    return exit_code;
}

static int check(struct settings *settings, const struct cli_words *words) {
    if (words->n > 1) {
        return cli_usage("bench", "one recording is enough");
    }
    return cli_decoder_check(&settings->decoder);
}

static int run(int argc, char **argv) {
    struct settings settings;
    struct cli_group groups[] = {
        {"Measuring", own_options, CLI_N(own_options), &settings.own},
        cli_model_options(&settings.model),
        cli_decoder_options(&settings.decoder),
        cli_decoder_scorer_options(&settings.decoder),
    };
    struct cli_words words = {0};
    char *sample = NULL;
    int exit_code;

    memset(&settings.own, 0, sizeof(settings.own));
    settings.own.n_steps = 16;
    settings.own.n_streams = 1;
    exit_code = cli_parse(&cli_bench, groups, CLI_N(groups), argc, argv, &words);
    if (exit_code == CLI_PARSED) {
        exit_code = check(&settings, &words);
    }
    if (exit_code == CLI_PARSED) {
        sample = words.n ? NULL : cli_bundled_path("sample.wav");
        exit_code = bench_audio(&settings, words.n ? words.items[0] : sample);
    }
    free(sample);
    cli_decoder_settings_finish(&settings.decoder);
    cli_model_settings_finish(&settings.model);
    cli_words_finish(&words);
    return exit_code;
}

const struct cli_command cli_bench = {
    "bench",
    "[AUDIO]",
    "real-time factor, latency, load time and memory",
    "Measures a model on a recording (default: the bundled sample), one thread, beside what the "
    "machine could do at most: bytes read and multiply-adds a second. With several streams, each "
    "plays the recording from another place, as fast as it goes for the real-time factor, in real "
    "time for latencies.",
    "  dsinfer bench\n"
    "  dsinfer bench --streams 16\n"
    "  dsinfer bench --json -m output_graph.pb talk.wav\n",
    run,
};
