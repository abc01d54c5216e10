/* Many streams of one model at once: their chunks go through the network together, so that its
 * weights are read once for all of them.
 *
 *     struct dsinfer_batch_item items[N];        (a stream each, and the samples that have come)
 *     dsinfer_batch_feed(batch, items, N);
 *     for each item: dsinfer_stream_partial(item.stream, &transcript);
 *                    (or, where its audio ends here, dsinfer_stream_finish)
 *
 * Every stream gets the text that it would get alone. It stays the application's: between two calls
 * it may be asked, finished, reset, cloned, or fed without the batch.
 *
 * Fairness: a call goes round, and each round moves every stream on by a chunk at most, so that no
 * stream waits for another one's backlog. Back-pressure: a call returns when all samples are
 * decoded; one that takes longer than the audio it was given means that there are too many streams
 * for one core. A batch belongs to one thread at a time; more cores are used by more batches, each
 * with streams of its own, over the same model, or by threads of the batch.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSINFER_BATCH_H
#define DSINFER_BATCH_H

#include <dsinfer/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dsinfer_batch;

struct dsinfer_batch_options {
    size_t size;        /* of this struct, set by _init */
    size_t max_streams; /* default 16, 1 to 1024: chunks in one call of the network at most. A feed
                           may have more items */
    size_t max_steps;   /* default 16, 1 to 64: windows in such a chunk at most; streams with more
                           windows at a time are fed one after the other */
    size_t n_threads;   /* default 1, 1 to 64: as in the options of a runner */
};

DSINFER_API void dsinfer_batch_options_init(struct dsinfer_batch_options *options);

/* Makes a batch with a reference to `model`; `options` may be NULL. Its memory grows with
 * max_streams * max_steps. Fails with ERR_ARGUMENT, ERR_NO_MEMORY and ERR_UNSUPPORTED.
 */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_batch_create(struct dsinfer_model *model, const struct dsinfer_batch_options *options,
                     struct dsinfer_batch **batch, struct dsinfer_error *error);

/* What one stream is fed with. */
struct dsinfer_batch_item {
    struct dsinfer_stream *stream; /* of the batch's model */
    const void *samples; /* [n_samples], const float where is_float, else const int16_t: as for
                            dsinfer_stream_feed_f32 and _s16 */
    size_t n_samples;
    int is_float;
    int is_end; /* 1: the audio ends with these samples. What the stream still holds is decoded,
                   too, as by dsinfer_stream_finish, which then only gives the transcript */
    enum dsinfer_status status; /* written: what feeding this stream alone would have returned */
};

/* Feeds each stream its samples. Fails with ERR_ARGUMENT, and then nothing was fed: a pointer is
 * NULL, a stream is of another model or there twice. All other failures are of one stream: its
 * item's status. The number of windows at a time may differ from stream to stream. Streams of a
 * network that takes recordings whole, or runs at its file's number of windows only, are fed one
 * after the other. Allocates nothing but what the streams do. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_batch_feed(struct dsinfer_batch *batch, struct dsinfer_batch_item *items, size_t n_items);

DSINFER_API void dsinfer_batch_destroy(struct dsinfer_batch *batch);

#ifdef __cplusplus
}
#endif

#endif
