/* Times of the kernels at the sizes of the 2048-wide network, one core, best of several rounds;
 * beside them the machine's roofs, measured in the same run.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/bench/bench_kernels.h"

#include "runtime/base/alloc.h"
#include "runtime/kernels/kernels.h"
#include "tests/support/rng.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define N_ROUNDS 12
#define MAX_M 64
#define MAX_K 2048
#define MAX_N 8192

struct buffers {
    float *a;       /* [MAX_M,MAX_K] */
    float *rows;    /* [MAX_K,MAX_N] */
    float *packed;  /* the same and room for padding */
    float *c;       /* [MAX_M,MAX_N] */
    float *bias;    /* [MAX_N] */
    void *prepared; /* A in another form, 8 * MAX_M * (MAX_K + 64) bytes */
    double peak;    /* floating-point operations a second, 0: unknown */
    double stream;  /* bytes a second, 0: unknown */
};

static double now_s(void) {
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void measure_roofs(struct buffers *buffers, unsigned cpu_flags) {
    const size_t n = (size_t)MAX_K * MAX_N;
    int round;

    for (round = 0; round < N_ROUNDS; round++) {
        const double start = now_s();
        const double flops = bench_run_peak(cpu_flags);

        buffers->peak = fmax(buffers->peak, flops / (now_s() - start));
    }
    for (round = 0; round < N_ROUNDS; round++) {
        const double start = now_s();

        buffers->bias[0] = bench_run_stream(cpu_flags, buffers->rows, n);
        buffers->stream = fmax(buffers->stream, (double)(n * sizeof(float)) / (now_s() - start));
    }
    if (buffers->peak <= 0.0) {
        buffers->stream = 0.0;
    }
    printf("roofs: %.1f GFLOP/s, reading %zu MiB %.1f GB/s\n", buffers->peak * 1e-9,
           n * sizeof(float) >> 20, buffers->stream * 1e-9);
}

static void print_line(const struct buffers *buffers, const char *level, const char *what,
                       double time_s, double flops, double bytes) {
    printf("%-10s %-28s %9.3f ms %8.1f GFLOP/s %6.1f GB/s", level, what, time_s * 1e3,
           flops / time_s * 1e-9, bytes / time_s * 1e-9);
    if (buffers->peak > 0.0) {
        printf("  %5.1f %% of peak %5.1f %% of stream", 100.0 * flops / time_s / buffers->peak,
               100.0 * bytes / time_s / buffers->stream);
    }
    printf("\n");
}

static const char *const precision_names[] = {"f32", "bf16", "int8"};

static void pack(const struct buffers *buffers, const struct dsi_product *product, size_t k,
                 size_t n) {
    const struct dsi_pack all = {.k = k,
                                 .n = n,
                                 .n_rows = k,
                                 .n_columns = n,
                                 .rows = buffers->rows,
                                 .row_stride = n * sizeof(float),
                                 .packed = buffers->packed};

    if (product->measure) {
        memset(buffers->packed, 0, product->get_packed_size(k, n));
        product->measure(&all);
    }
    product->pack(&all);
}

static void multiply(const struct dsi_product *product, const struct dsi_gemm *gemm) {
    if (product->prepare) {
        product->prepare(gemm);
    }
    product->gemm(gemm);
}

static void bench_gemm(const struct buffers *buffers, const struct dsi_kernels *kernels,
                       enum dsi_precision precision, const size_t sizes[3]) {
    const size_t m = sizes[0], n = sizes[1], k = sizes[2];
    const struct dsi_product *product = &kernels->products[precision];
    const struct dsi_gemm gemm = {
        m,          n, k,     buffers->a, k, buffers->packed, buffers->bias,
        buffers->c, n, 20.0f, 0,          n, false,           buffers->prepared};
    /* About as long as one pass over the largest B. */
    const int n_calls = (int)((size_t)MAX_K * MAX_N / (k * n) / m) + 1;
    double best = INFINITY;
    char what[64];
    int round, call;

    pack(buffers, product, k, n);
    for (round = 0; round < N_ROUNDS; round++) {
        const double start = now_s();

        for (call = 0; call < n_calls; call++) {
            multiply(product, &gemm);
        }
        best = fmin(best, (now_s() - start) / n_calls);
    }
    snprintf(what, sizeof(what), "%s m %zu k %zu n %zu", precision_names[precision], m, k, n);
    print_line(buffers, kernels->name, what, best, 2.0 * (double)(m * n * k),
               (double)product->get_packed_size(k, n));
}

static void bench_pack(const struct buffers *buffers, const struct dsi_kernels *kernels,
                       enum dsi_precision precision) {
    double best = INFINITY;
    char what[64];
    int round;

    for (round = 0; round < N_ROUNDS; round++) {
        const double start = now_s();

        pack(buffers, &kernels->products[precision], MAX_K, MAX_N);
        best = fmin(best, now_s() - start);
    }
    snprintf(what, sizeof(what), "%s pack k 2048 n 8192", precision_names[precision]);
    print_line(buffers, kernels->name, what, best, 0.0, (double)MAX_K * MAX_N * sizeof(float));
}

static void bench_lstm_step(const struct buffers *buffers, const struct dsi_kernels *kernels) {
    const size_t n = 2048;
    const int n_calls = 200;
    const struct dsi_lstm_step step = {n,    n,    buffers->rows, buffers->a,
                                       1.0f, 0.0f, buffers->c,    buffers->c + n};
    double best = INFINITY;
    int round, call;

    for (round = 0; round < N_ROUNDS; round++) {
        const double start = now_s();

        for (call = 0; call < n_calls; call++) {
            kernels->lstm_step(&step);
        }
        best = fmin(best, (now_s() - start) / n_calls);
    }
    print_line(buffers, kernels->name, "lstm_step n 2048", best, 0.0,
               7.0 * (double)(n * sizeof(float)));
}

static void bench_level(const struct buffers *buffers, const struct dsi_kernels *kernels) {
    static const size_t sizes[][3] = {
        {1, 8192, 2048},  {2, 8192, 2048},  {4, 8192, 2048},  {8, 8192, 2048},
        {16, 8192, 2048}, {64, 8192, 2048}, {16, 2048, 2048}, {16, 2048, 494},
        {16, 29, 2048},   {1, 1536, 384},   {16, 1536, 384},  {16, 384, 494},
    };
    size_t i, precision;

    for (precision = 0; precision < DSI_N_PRECISIONS; precision++) {
        for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            bench_gemm(buffers, kernels, (enum dsi_precision)precision, sizes[i]);
        }
        bench_pack(buffers, kernels, (enum dsi_precision)precision);
    }
    bench_lstm_step(buffers, kernels);
}

/* Zeroed would be one page shared by all: every float is written. */
static float *allocate(size_t n) {
    struct test_rng rng = {1};
    float *data = dsi_malloc_aligned(n * sizeof(float));
    size_t i;

    for (i = 0; data && i < n; i++) {
        data[i] = test_rng_float(&rng);
    }
    return data;
}

void bench_kernels(unsigned cpu_flags) {
    struct buffers buffers = {
        .a = allocate((size_t)MAX_M * MAX_K),
        .rows = allocate((size_t)MAX_K * MAX_N),
        .packed = allocate((size_t)MAX_K * (MAX_N + 64)),
        .c = allocate((size_t)MAX_M * MAX_N),
        .bias = allocate(MAX_N),
        .prepared = allocate((size_t)2 * MAX_M * (MAX_K + 64)),
    };
    int level;

    if (buffers.a && buffers.rows && buffers.packed && buffers.c && buffers.bias &&
        buffers.prepared) {
        measure_roofs(&buffers, cpu_flags);
        for (level = DSI_KERNELS_PORTABLE; level < DSI_KERNELS_NATIVE; level++) {
            struct dsi_kernels kernels;

            dsi_kernels_init(&kernels, (enum dsi_kernel_level)level, cpu_flags);
            if (dsi_kernels_is_available((enum dsi_kernel_level)level, cpu_flags)) {
                bench_level(&buffers, &kernels);
            }
        }
    }
    dsi_free(buffers.prepared);
    dsi_free(buffers.a);
    dsi_free(buffers.rows);
    dsi_free(buffers.packed);
    dsi_free(buffers.c);
    dsi_free(buffers.bias);
}
