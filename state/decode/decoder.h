/* What a decoder is to the other units of state: made for a model, copied.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_DECODE_DECODER_H
#define DSI_STATE_DECODE_DECODER_H

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

#endif
