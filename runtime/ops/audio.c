/* The features inside the graphs of DeepSpeech 0.5 and later: AudioSpectrogram and Mfcc, in double
 * but for the power spectrum between them, as TensorFlow computes them. Front ends of that family
 * give the same bits (frontend/mfcc_tensorflow.c); there, tables are made only once.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/ops/op_list.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"
#include "runtime/kernels/dct.h"
#include "runtime/kernels/fft.h"
#include "runtime/kernels/mel.h"
#include "runtime/ops/op_util.h"

#include <math.h>

#define MAX_BANDS 1024
#define FLOOR 1e-12

/* Sizes of a spectrogram. */
struct frames {
    size_t window, step, length; /* samples: of a window, between two, of the transform */
    size_t n_bins;
};

static enum dsinfer_status get_frames(const struct dsi_node *node, struct frames *frames,
                                      struct dsinfer_error *err) {
    const int64_t window = dsi_node_get_int(node, "window_size", 0);
    const int64_t step = dsi_node_get_int(node, "stride", 0);

    if (window < 2 || window > DSI_FFT_MAX_LENGTH || step < 1 || step > DSI_OP_MAX_DIM) {
        return dsi_fail(
            err, DSINFER_ERR_UNSUPPORTED,
            "node '%s': windows of %lld samples every %lld; supported are 2 to %d every "
            "1 or more",
            node->name, (long long)window, (long long)step, DSI_FFT_MAX_LENGTH);
    }
    frames->window = (size_t)window;
    frames->step = (size_t)step;
    frames->length = dsi_fft_find_length(frames->window);
    frames->n_bins = frames->length / 2 + 1;
    return DSINFER_OK;
}

static enum dsinfer_status infer_spectrogram(const struct dsi_node *node,
                                             const struct dsi_value_info *inputs,
                                             struct dsi_op_shapes *shapes,
                                             struct dsinfer_error *err) {
    struct dsi_shape shape = {.rank = 3};
    struct frames frames = {0};
    enum dsinfer_status status = dsi_op_check_type(node, inputs, 0, DSI_TYPES_FLOAT, err);
    size_t n_samples;

    if (status == DSINFER_OK) {
        status = dsi_op_check_rank(node, inputs, 0, 2, err);
    }
    if (status == DSINFER_OK) {
        status = get_frames(node, &frames, err);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    n_samples = (size_t)inputs[0].shape.dims[0];
    shape.dims[0] = inputs[0].shape.dims[1];
    shape.dims[1] =
        n_samples < frames.window ? 0 : (int64_t)(1 + (n_samples - frames.window) / frames.step);
    shape.dims[2] = (int64_t)frames.n_bins;
    dsi_op_set_output(shapes, DSI_DTYPE_F32, &shape);
    shapes->scratch_size = dsi_fft64_get_size(frames.length) + DSI_ALIGNMENT +
                           (2 * frames.length + 2 * frames.n_bins) * sizeof(double);
    return DSINFER_OK;
}

/* What a spectrogram is made with, in the scratch memory. */
struct spectrogram {
    struct frames frames;
    bool is_squared;
    struct dsi_fft64 *fft;
    double *shape;    /* [window], the window function */
    double *samples;  /* [length] */
    double *spectrum; /* [n_bins][2] */
};

static void init_spectrogram(struct spectrogram *made, const struct dsi_op_call *call) {
    const size_t fft_size = dsi_fft64_get_size(made->frames.length);
    uint8_t *scratch = call->scratch;
    size_t i;

    made->is_squared = dsi_node_get_bool(call->node, "magnitude_squared", false);
    made->fft = dsi_fft64_init(scratch, made->frames.length);
    scratch += (fft_size + DSI_ALIGNMENT - 1) / DSI_ALIGNMENT * DSI_ALIGNMENT;
    made->shape = (double *)(void *)scratch;
    made->samples = made->shape + made->frames.length;
    made->spectrum = made->samples + made->frames.length;
    for (i = 0; i < made->frames.window; i++) {
        made->shape[i] = 0.5 - 0.5 * cos(2.0 * M_PI * (double)i / (double)made->frames.window);
    }
    for (i = made->frames.window; i < made->frames.length; i++) {
        made->samples[i] = 0.0;
    }
}

/* One frame; samples of a channel lie `stride` apart. */
static void compute_spectrum(const struct spectrogram *made, const float *in, size_t stride,
                             float *out) {
    size_t i;

    for (i = 0; i < made->frames.window; i++) {
        made->samples[i] = in[i * stride] * made->shape[i];
    }
    dsi_fft64_run(made->fft, made->samples, made->spectrum);
    for (i = 0; i < made->frames.n_bins; i++) {
        const double re = made->spectrum[2 * i];
        const double im = made->spectrum[2 * i + 1];
        const double power = re * re + im * im;

        out[i] = (float)(made->is_squared ? power : sqrt(power));
    }
}

static enum dsinfer_status run_spectrogram(const struct dsi_op_call *call,
                                           struct dsinfer_error *err) {
    const struct dsi_shape *shape = &call->shapes->outputs[0].shape;
    const size_t n_channels = (size_t)shape->dims[0];
    const size_t n_frames = (size_t)shape->dims[1];
    const float *in = (const void *)call->inputs[0].bytes.data;
    struct spectrogram made = {0};
    float *out = call->outputs[0];
    enum dsinfer_status status = get_frames(call->node, &made.frames, err);
    size_t channel, frame;

    if (status != DSINFER_OK) {
        return status;
    }
    init_spectrogram(&made, call);
    for (channel = 0; channel < n_channels; channel++) {
        for (frame = 0; frame < n_frames; frame++) {
            compute_spectrum(&made, in + frame * made.frames.step * n_channels + channel,
                             n_channels, out);
            out += made.frames.n_bins;
        }
    }
    return DSINFER_OK;
}

const struct dsi_op dsi_op_audio_spectrogram = {
    .name = "AudioSpectrogram",
    .min_inputs = 1,
    .max_inputs = 1,
    .is_costly = true,
    .infer = infer_spectrogram,
    .run = run_spectrogram,
};

/* What an Mfcc node says. */
struct bank {
    size_t n_bins, n_bands, n_out;
    double low, high; /* Hz */
};

static enum dsinfer_status get_bank(const struct dsi_node *node, const struct dsi_shape *spectrum,
                                    struct bank *bank, struct dsinfer_error *err) {
    const int64_t n_bands = dsi_node_get_int(node, "filterbank_channel_count", 40);
    const int64_t n_out = dsi_node_get_int(node, "dct_coefficient_count", 13);

    bank->low = (double)dsi_node_get_float(node, "lower_frequency_limit", 20.0f);
    bank->high = (double)dsi_node_get_float(node, "upper_frequency_limit", 4000.0f);
    if (n_bands < 1 || n_bands > MAX_BANDS || n_out < 1 || n_out > n_bands) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "node '%s': %lld coefficients of %lld bands; supported are 1 to %d bands "
                        "and no more coefficients than bands",
                        node->name, (long long)n_out, (long long)n_bands, MAX_BANDS);
    }
    if (!(bank->low >= 0.0 && bank->low < bank->high && isfinite(bank->high))) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "node '%s': bands from %g to %g Hz, which is no range", node->name,
                        bank->low, bank->high);
    }
    if (spectrum->dims[2] < 2 || spectrum->dims[2] > DSI_FFT_MAX_LENGTH / 2 + 1) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "node '%s': spectra of %lld bins, supported are 2 to %d", node->name,
                        (long long)spectrum->dims[2], DSI_FFT_MAX_LENGTH / 2 + 1);
    }
    bank->n_bins = (size_t)spectrum->dims[2];
    bank->n_bands = (size_t)n_bands;
    bank->n_out = (size_t)n_out;
    return DSINFER_OK;
}

static enum dsinfer_status infer_mfcc(const struct dsi_node *node,
                                      const struct dsi_value_info *inputs,
                                      struct dsi_op_shapes *shapes, struct dsinfer_error *err) {
    struct dsi_shape shape = inputs[0].shape;
    struct bank bank = {0};
    enum dsinfer_status status = dsi_op_check_type(node, inputs, 0, DSI_TYPES_FLOAT, err);

    if (status == DSINFER_OK) {
        status = dsi_op_check_rank(node, inputs, 0, 3, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_op_check_type(node, inputs, 1, DSI_TYPE_BIT(DSI_DTYPE_I32), err);
    }
    if (status == DSINFER_OK) {
        status = dsi_op_check_rank(node, inputs, 1, 0, err);
    }
    if (status == DSINFER_OK) {
        status = get_bank(node, &shape, &bank, err);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    shape.dims[2] = (int64_t)bank.n_out;
    dsi_op_set_output(shapes, DSI_DTYPE_F32, &shape);
    shapes->scratch_size = bank.n_bins * (sizeof(struct dsi_mel_bin) + sizeof(double)) +
                           (bank.n_bands * bank.n_out + bank.n_bands + bank.n_out) * sizeof(double);
    return DSINFER_OK;
}

static enum dsinfer_status run_mfcc(const struct dsi_op_call *call, struct dsinfer_error *err) {
    const struct dsi_shape *from = &call->inputs[0].shape;
    const size_t n_frames = (size_t)(from->dims[0] * from->dims[1]);
    const int64_t rate = dsi_tensor_get_int(&call->inputs[1], 0);
    const float *in = (const void *)call->inputs[0].bytes.data;
    struct dsi_mel_bin *bins = call->scratch;
    float *out = call->outputs[0];
    struct bank bank = {0};
    enum dsinfer_status status = get_bank(call->node, from, &bank, err);
    double *dct, *magnitudes, *bands, *sums;
    double scale;
    size_t frame, i;

    if (status != DSINFER_OK) {
        return status;
    }
    if (rate < 1) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                        "node '%s': the sample rate is %lld, but must be positive",
                        call->node->name, (long long)rate);
    }
    dct = (double *)(void *)(bins + bank.n_bins);
    magnitudes = dct + bank.n_bands * bank.n_out;
    bands = magnitudes + bank.n_bins;
    sums = bands + bank.n_bands;
    scale = sqrt(2.0 / (double)bank.n_bands);
    dsi_mel_init_tensorflow(bins, bank.n_bins, bank.n_bands, (double)rate, bank.low, bank.high);
    dsi_dct_init(dct, bank.n_bands, bank.n_out);

    for (frame = 0; frame < n_frames; frame++) {
        for (i = 0; i < bank.n_bins; i++) {
            magnitudes[i] = sqrt(in[frame * bank.n_bins + i]);
        }
        dsi_mel64_run(bins, bank.n_bins, magnitudes, bands, bank.n_bands);
        for (i = 0; i < bank.n_bands; i++) {
            bands[i] = log(bands[i] < FLOOR ? FLOOR : bands[i]);
        }
        dsi_dct_run(dct, bands, bank.n_bands, sums, bank.n_out);
        for (i = 0; i < bank.n_out; i++) {
            out[frame * bank.n_out + i] = (float)(sums[i] * scale);
        }
    }
    return DSINFER_OK;
}

const struct dsi_op dsi_op_mfcc = {
    .name = "Mfcc",
    .min_inputs = 2,
    .max_inputs = 2,
    .is_costly = true,
    .infer = infer_mfcc,
    .run = run_mfcc,
};
