/* Models, streams and transcripts for the tests of the whole way from samples to text.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_SUPPORT_SPEECH_H
#define TESTS_SUPPORT_SPEECH_H

#include <dsinfer/dsinfer.h>

/* The model at `path`; fails the test with its error if it does not open. */
struct dsinfer_model *test_model_open(const char *path);

/* A stream with T = `n_steps`, returning up to 3 candidates. */
struct dsinfer_stream *test_stream_create(struct dsinfer_model *model, uint32_t n_steps,
                                          enum dsinfer_decoder_kind kind, uint32_t beam_width);

/* Feeds all samples, `piece` at a time (0: all at once). */
void test_stream_feed(struct dsinfer_stream *stream, const int16_t *samples, size_t n_samples,
                      size_t piece);

/* Everything a transcript says, every digit of it, as lines of text; freed by the caller. */
char *test_transcript_print(const struct dsinfer_transcript *transcript);

/* The same of what finish, peek, partial say now. */
char *test_stream_finish(struct dsinfer_stream *stream);
char *test_stream_peek(struct dsinfer_stream *stream);
char *test_stream_partial(struct dsinfer_stream *stream);

#endif
