/* Fourier transforms: the float one is kissfft's (nobody else includes it), the double one a plain
 * radix-2 transform of half the length.
 *
 * Even samples become real parts and odd ones imaginary parts of z, whose transform Z holds both
 * spectra: E_k = (Z_k + Z*_{m-k}) / 2, O_k = (Z_k - Z*_{m-k}) / 2i, X_k = E_k + w^k·O_k, where
 * m = n/2 and w = exp(-2πi/n). SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/fft.h"

#include <assert.h>
#include <kiss_fftr.h>
#include <math.h>

static_assert(sizeof(kiss_fft_cpx) == 2 * sizeof(float), "kissfft must be built for float");

struct complex64 {
    double re, im;
};

struct dsi_fft64 {
    size_t n;
    struct complex64 numbers[]; /* w^0 … w^(m-1), then z [m] */
};

bool dsi_fft_is_length(size_t n) {
    return n >= DSI_FFT_MIN_LENGTH && n <= DSI_FFT_MAX_LENGTH && (n & (n - 1)) == 0;
}

size_t dsi_fft_find_length(size_t n) {
    size_t length = DSI_FFT_MIN_LENGTH;

    while (length < n && length <= DSI_FFT_MAX_LENGTH) {
        length *= 2;
    }
    return length <= DSI_FFT_MAX_LENGTH ? length : 0;
}

size_t dsi_fft_get_size(size_t n) {
    size_t size = 0;

    assert(dsi_fft_is_length(n));
    kiss_fftr_alloc((int)n, 0, NULL, &size);
    return size;
}

struct dsi_fft *dsi_fft_init(void *memory, size_t n) {
    size_t size = dsi_fft_get_size(n);

    return (struct dsi_fft *)kiss_fftr_alloc((int)n, 0, memory, &size);
}

void dsi_fft_run(struct dsi_fft *fft, const float *in, float *out) {
    kiss_fftr((kiss_fftr_cfg)fft, in, (kiss_fft_cpx *)out);
}

size_t dsi_fft64_get_size(size_t n) {
    assert(dsi_fft_is_length(n));
    return sizeof(struct dsi_fft64) + n * sizeof(struct complex64);
}

struct dsi_fft64 *dsi_fft64_init(void *memory, size_t n) {
    struct dsi_fft64 *fft = memory;
    size_t k;

    assert(dsi_fft_is_length(n));
    fft->n = n;
    for (k = 0; k < n / 2; k++) {
        const double angle = -2.0 * M_PI * (double)k / (double)n;

        fft->numbers[k] = (struct complex64){cos(angle), sin(angle)};
    }
    return fft;
}

static struct complex64 multiply(struct complex64 a, struct complex64 b) {
    return (struct complex64){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

/* z in the order of reversed bits, in which the butterflies take it. */
static void load(struct complex64 *z, size_t m, const double *in) {
    size_t reversed = 0;
    size_t k;

    for (k = 0; k < m; k++) {
        size_t bit = m / 2;

        z[k] = (struct complex64){in[2 * reversed], in[2 * reversed + 1]};
        while (reversed & bit) {
            reversed ^= bit;
            bit /= 2;
        }
        reversed |= bit;
    }
}

static void transform(struct complex64 *z, size_t m, const struct complex64 *w) {
    size_t half, first, k;

    for (half = 1; half < m; half *= 2) {
        for (first = 0; first < m; first += 2 * half) {
            for (k = 0; k < half; k++) {
                struct complex64 *a = &z[first + k];
                struct complex64 *b = &z[first + k + half];
                const struct complex64 turned = multiply(*b, w[k * (m / half)]);

                *b = (struct complex64){a->re - turned.re, a->im - turned.im};
                *a = (struct complex64){a->re + turned.re, a->im + turned.im};
            }
        }
    }
}

void dsi_fft64_run(struct dsi_fft64 *fft, const double *in, double *out) {
    const size_t m = fft->n / 2;
    const struct complex64 *w = fft->numbers;
    struct complex64 *z = fft->numbers + m;
    size_t k;

    load(z, m, in);
    transform(z, m, w);

    out[0] = z[0].re + z[0].im;
    out[1] = 0.0;
    for (k = 1; k < m; k++) {
        const struct complex64 a = z[k];
        const struct complex64 b = z[m - k];
        const struct complex64 odd = {0.5 * (a.im + b.im), -0.5 * (a.re - b.re)};
        const struct complex64 turned = multiply(odd, w[k]);

        out[2 * k] = 0.5 * (a.re + b.re) + turned.re;
        out[2 * k + 1] = 0.5 * (a.im - b.im) + turned.im;
    }
    out[2 * m] = z[0].re - z[0].im;
    out[2 * m + 1] = 0.0;
}
