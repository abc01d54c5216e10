/* What an IR says of how it was made.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_IR_IR_ORIGIN_H
#define DSI_IR_IR_ORIGIN_H

#include "model/origin.h"

/* Adds programs and flags, in the order of the file. For documents that dsi_ir_read has taken: of
 * one that is none, it adds what comes before the place. Fails with ERR_NO_MEMORY. */
enum dsinfer_status dsi_ir_read_origin(struct dsi_origin *origin, struct dsi_bytes xml,
                                       struct dsinfer_error *err);

#endif
