/* Fourier transforms of real signals whose length is a power of two, in float and in double.
 *
 * A plan lies in memory of the caller, aligned as from dsi_malloc, get_size bytes of it; it is used
 * by one thread at a time and must not be moved or copied. X_k = Σ x_t · exp(-2πi·k·t/n) for
 * k = 0 … n/2, real and imaginary part in turn; nothing is scaled.
 *
 * The float transform rounds as the one of DeepSpeech 0.1 to 0.4 does. The double one is what
 * TensorFlow's AudioSpectrogram, DeepSpeech 0.5 and later, needs: in float the quiet bands of a
 * loud signal drown in rounding.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_KERNELS_FFT_H
#define DSI_KERNELS_FFT_H

#include <stdbool.h>
#include <stddef.h>

#define DSI_FFT_MIN_LENGTH 4
#define DSI_FFT_MAX_LENGTH 65536

/* A power of two from DSI_FFT_MIN_LENGTH to DSI_FFT_MAX_LENGTH; all functions below need one. */
bool dsi_fft_is_length(size_t n);

/* The smallest such length that is at least `n`; 0 if there is none. */
size_t dsi_fft_find_length(size_t n);

struct dsi_fft;

size_t dsi_fft_get_size(size_t n);
struct dsi_fft *dsi_fft_init(void *memory, size_t n);

/* in [n], out [n/2 + 1][2]; must not overlap. */
void dsi_fft_run(struct dsi_fft *fft, const float *in, float *out);

struct dsi_fft64;

size_t dsi_fft64_get_size(size_t n);
struct dsi_fft64 *dsi_fft64_init(void *memory, size_t n);

/* in [n], out [n/2 + 1][2]; must not overlap. */
void dsi_fft64_run(struct dsi_fft64 *fft, const double *in, double *out);

#endif
