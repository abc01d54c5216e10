/* What a decoder is to the other units of state: made for a model, copied.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_DECODE_DECODER_H
#define DSI_STATE_DECODE_DECODER_H

#include "runtime/base/reader.h"
#include "runtime/base/writer.h"

#include <dsinfer/decoder.h>

/* A decoder for the logits of `model`, which must have an alphabet (ERR_UNSUPPORTED) and outlive
 * it. `options` may be NULL. */
enum dsinfer_status dsi_decoder_create_for_model(const struct dsinfer_model *model,
                                                 const struct dsinfer_decoder_options *options,
                                                 struct dsinfer_decoder **out,
                                                 struct dsinfer_error *err);

/* A new decoder of the same options, in which nothing was fed. `from` was made for a model. */
enum dsinfer_status dsi_decoder_create_like(const struct dsinfer_decoder *from,
                                            struct dsinfer_decoder **out);

/* As new, for audio in which `first_frame` frames came before: times and timesteps count from the
 * start of the audio. */
void dsi_decoder_reset_at(struct dsinfer_decoder *decoder, uint64_t first_frame);

/* Makes `to` (same model and options) equal to `from`; allocates only where `to` never held as
 * much. On failure, ERR_NO_MEMORY, `to` can only be reset, copied to, or destroyed. */
enum dsinfer_status dsi_decoder_copy(const struct dsinfer_decoder *from,
                                     struct dsinfer_decoder *to);

/* Tells decoders apart that would not go on alike: their kind, options, alphabet and scorer. The
 * first call for a scorer reads from its files. */
uint64_t dsi_decoder_get_fingerprint(const struct dsinfer_decoder *decoder);

/* The kind, never DSINFER_DECODER_DEFAULT, and the width of the beam. */
enum dsinfer_decoder_kind dsi_decoder_get_kind(const struct dsinfer_decoder *decoder);
uint32_t dsi_decoder_get_beam_width(const struct dsinfer_decoder *decoder);

/* Saving; ERR_NO_MEMORY. Reading back into a decoder of the same fingerprint in which nothing was
 * fed, as one that has taken n_frames since the start of the audio: on failure, which the reader
 * tells, it can only be reset or destroyed. */
enum dsinfer_status dsi_decoder_write(const struct dsinfer_decoder *decoder,
                                      struct dsi_writer *writer);
void dsi_decoder_read(struct dsinfer_decoder *decoder, uint64_t n_frames,
                      struct dsi_reader *reader);

#endif
