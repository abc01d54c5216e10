/* What a decoder is to the other units of state: made for a model, cloned.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_DECODE_DECODER_H
#define DSI_STATE_DECODE_DECODER_H

#include <dsinfer/decoder.h>

/* A decoder for the logits of `model`, which must have an alphabet and outlive it. */
enum dsinfer_status dsi_decoder_create_for_model(struct dsinfer_model *model,
                                                 const struct dsinfer_decoder_options *options,
                                                 struct dsinfer_decoder **out,
                                                 struct dsinfer_error *err);

enum dsinfer_status dsi_decoder_clone(const struct dsinfer_decoder *decoder,
                                      struct dsinfer_decoder **out);

#endif
