/* One utterance in progress: samples in, text out.
 *
 *     struct dsinfer_stream *stream;
 *     dsinfer_stream_create(model, NULL, &stream, &error);
 *     while ((n = read_samples(buffer))) {
 *         dsinfer_stream_feed_s16(stream, buffer, n);
 *         dsinfer_stream_partial(stream, &transcript);    (what is known by now)
 *     }
 *     dsinfer_stream_finish(stream, &transcript);
 *     puts(transcript.text);
 *     dsinfer_stream_destroy(stream);
 *
 * A stream belongs to one thread at a time; different streams of one model may run in parallel. The
 * text never depends on how the samples are cut into feeds. After the first chunk, feeding
 * allocates only from the decoder's pool.
 *
 * Audio without end (a microphone) is cut into utterances where they are over:
 *
 *         if (dsinfer_stream_get_endpoint(stream) != DSINFER_ENDPOINT_NONE) {
 *             dsinfer_stream_next_utterance(stream, &transcript);
 *             puts(transcript.text);
 *         }
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSINFER_STREAM_H
#define DSINFER_STREAM_H

#include <dsinfer/decoder.h>
#include <dsinfer/model.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dsinfer_stream;

struct dsinfer_stream_options {
    size_t size;      /* of this struct, set by _init */
    uint32_t n_steps; /* T, windows given to the network at once; default 16, 1 to 64. Less: sooner
                         partial text, more work. The final text is the same. A network of unusual
                         structure runs at its file's own number only */
    uint32_t min_steps; /* default 0: always T windows at once. 1 to T: as many as there are at the
                           end of a feed, from so many on, and T at most: small feeds bring text
                           sooner, large ones are less work. The final text is the same. A network
                           of unusual structure always waits for its own number */
    uint32_t n_threads; /* default 1: the thread that feeds does all the work; 2 to 64: the stream
                           has so many less one of its own, which share the network's work with it
                           and sleep between calls. Texts and scores are the same */
    struct dsinfer_decoder_options decoder;

    /* Default 0: the text is what network and decoder say. 1: a stretch in which nothing stands out
     * from silence, hum or faint noise gives no text; two seconds before and after what does stand
     * out are left as they are, so that on speech no word changes. */
    int has_speech_gate;

    /* When an utterance is over, seconds above 0; INFINITY: never for that reason. */
    double endpoint_silence_s; /* default 0.8: of silence after speech … */
    double endpoint_start_s;   /* default 5: … without speech so far … */
    double endpoint_longest_s; /* default 30: … in all */
};

/* Why an utterance is over. */
enum dsinfer_endpoint {
    DSINFER_ENDPOINT_NONE = 0, /* it is not */
    DSINFER_ENDPOINT_SILENCE,  /* after speech, nothing stood out in the samples, or the network
                                  heard no letter, for endpoint_silence_s */
    DSINFER_ENDPOINT_START,    /* there was no speech for endpoint_start_s */
    DSINFER_ENDPOINT_LONGEST   /* it has lasted for endpoint_longest_s */
};

DSINFER_API void dsinfer_stream_options_init(struct dsinfer_stream_options *options);

/* Makes an empty stream that holds a reference to `model`; `options` may be NULL.
 * Fails with ERR_ARGUMENT, ERR_NO_MEMORY (also where the system gives no threads), and
 * ERR_UNSUPPORTED for a model without an alphabet or of a family whose front end or decoder is not
 * there. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_stream_create(struct dsinfer_model *model, const struct dsinfer_stream_options *options,
                      struct dsinfer_stream **stream, struct dsinfer_error *error);

/* Takes all of `samples`, mono, at the model's rate (any number, 0 included): 16-bit, or floats
 * where 1.0 is full scale (values beyond and values that are no numbers are clipped and silenced).
 * Fails with ERR_ARGUMENT, ERR_STATE after finish, ERR_NO_MEMORY, and ERR_LIMIT when the decoder's
 * pool is full. After the last two the stream can only be reset or destroyed, all else is
 * ERR_STATE.
 */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_stream_feed_s16(struct dsinfer_stream *stream, const int16_t *samples, size_t n_samples);
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_stream_feed_f32(struct dsinfer_stream *stream, const float *samples, size_t n_samples);

/* What the beams say now: cheap. It lags by the nine frames of context and up to T windows. Fails
 * with ERR_ARGUMENT, ERR_STATE after finish, ERR_NO_MEMORY, which leaves the stream as it was, and
 * ERR_UNSUPPORTED for a model without state (ds01), which decodes nothing before the end. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_stream_partial(struct dsinfer_stream *stream, struct dsinfer_transcript *transcript);

/* Exactly what finish would say now; the stream is not disturbed. The first one allocates as much
 * as a stream has, which the stream keeps for the next. Fails like partial, and with
 * ERR_LIMIT. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_stream_peek(struct dsinfer_stream *stream, struct dsinfer_transcript *transcript);

/* The audio ends here. Afterwards only finish (the same result), reset, clone and destroy. A stream
 * that never got a sample says nothing: one candidate, the empty text. (Upstream decodes a frame of
 * padding there, of which a model may make a letter.) Fails like feed. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_stream_finish(struct dsinfer_stream *stream, struct dsinfer_transcript *transcript);

/* Whether the utterance is over with what was taken so far, and why. It may go on: this only tells,
 * and speech to come makes it NONE again. Always NONE after finish and a failure, and for a model
 * without state (ds01). Feeds of 0.1 s or less notice every endpoint. */
DSINFER_API enum dsinfer_endpoint dsinfer_stream_get_endpoint(const struct dsinfer_stream *stream);

/* Ends the utterance and begins the next one, at any moment. The transcript is of what was decoded
 * so far; the samples that are still on their way (nine frames of context and up to T windows,
 * after an endpoint silence) belong to the next utterance, none is lost. The network begins the
 * next one anew; times and timesteps go on from the start of the audio. Fails like partial, also
 * with ERR_LIMIT, and then as feed does. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_stream_next_utterance(struct dsinfer_stream *stream, struct dsinfer_transcript *transcript);

/* As new, with the same model and options. */
DSINFER_API void dsinfer_stream_reset(struct dsinfer_stream *stream);

/* A second stream in exactly the same state, independent of the first, with threads of its own
 * where that has some. Fails with ERR_ARGUMENT, ERR_STATE after a failure, and ERR_NO_MEMORY; *copy
 * is then NULL. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_stream_clone(const struct dsinfer_stream *stream, struct dsinfer_stream **copy);

/* Snapshots: a stream as bytes, the same on every machine, to go on in another process or elsewhere
 * as if nothing had happened: the same text, times and scores, bit for bit where the kernels are
 * the same, and the precision. For a model of 2048 cells they take about 20 KiB and what the beams
 * need, and grow by 6 bytes a letter. Model and options must be those of the stream that was saved.
 */

/* Bytes that a snapshot takes now; 0 for NULL and for a stream that cannot be saved: after a
 * failure, of a model without state (ds01), and when there is no memory. */
DSINFER_API size_t dsinfer_stream_snapshot_size(const struct dsinfer_stream *stream);

/* Writes a snapshot to `buffer`, [size], at any moment, also after finish. The first one of a model
 * reads all its weights, to know them again. Fails with ERR_ARGUMENT, also where `size` is not that
 * of the snapshot, ERR_STATE after a failure, ERR_UNSUPPORTED for a model without state,
 * ERR_NO_MEMORY. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_stream_save_snapshot(const struct dsinfer_stream *stream, void *buffer, size_t size);

/* Makes a stream of a snapshot; `options` may be NULL. Nothing in the bytes is believed. Fails like
 * create, and with ERR_MALFORMED, ERR_UNSUPPORTED for another version of snapshots, ERR_MISMATCH
 * for another model or other options, and ERR_LIMIT. *stream is then NULL. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status dsinfer_stream_load_snapshot(
    struct dsinfer_model *model, const struct dsinfer_stream_options *options, const void *buffer,
    size_t size, struct dsinfer_stream **stream, struct dsinfer_error *error);

/* What a snapshot says of itself. */
struct dsinfer_snapshot_info {
    uint32_t version;
    uint64_t model, options; /* fingerprints: equal for equal ones */
    enum dsinfer_family family;
    uint32_t sample_rate; /* Hz */
    uint32_t n_cell, n_labels;
    uint32_t n_steps;
    enum dsinfer_decoder_kind decoder; /* never DSINFER_DECODER_DEFAULT */
    uint32_t beam_width;
    int has_speech_gate;
    uint64_t n_samples; /* taken */
    int is_finished;
};

/* Whether bytes begin like a snapshot: true or false. */
DSINFER_API int dsinfer_snapshot_probe(const void *buffer, size_t size);

/* Reads the facts of a snapshot that is whole. ERR_ARGUMENT, ERR_MALFORMED, ERR_UNSUPPORTED. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_snapshot_describe(const void *buffer, size_t size, struct dsinfer_snapshot_info *info,
                          struct dsinfer_error *error);

/* Samples taken so far, and the LSTM state (h, c: [n_cell], lent until the next call). */
DSINFER_API uint64_t dsinfer_stream_get_n_samples(const struct dsinfer_stream *stream);
DSINFER_API void dsinfer_stream_get_state(const struct dsinfer_stream *stream, const float **h,
                                          const float **c);

DSINFER_API void dsinfer_stream_destroy(struct dsinfer_stream *stream);

#ifdef __cplusplus
}
#endif

#endif
