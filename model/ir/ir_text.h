/* Numbers in the text of an IR, whatever the locale; blanks around them do not count.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_IR_TEXT_H
#define DSI_IR_TEXT_H

#include "runtime/tensor/shape.h"

/* False, and *out untouched, where the text is no such number or does not fit. */
bool dsi_ir_parse_uint(const char *text, uint64_t *out);
bool dsi_ir_parse_int(const char *text, int64_t *out);
bool dsi_ir_parse_bool(const char *text, bool *out);    /* true, false, 1, 0 in any case */
bool dsi_ir_parse_float(const char *text, double *out); /* decimal, with or without exponent */

/* Integers separated by commas, maybe in [ ]: at most `capacity`. No text is no integer. "?" counts
 * as -1. */
bool dsi_ir_parse_ints(const char *text, size_t capacity, int64_t *values, size_t *n_values);

/* The same as a shape: dimensions of -1 or more; ranges ("1..8") count as -1. */
bool dsi_ir_parse_shape(const char *text, struct dsi_shape *out);

/* True if the texts are equal but for the case of ASCII letters. */
bool dsi_ir_is_equal(const char *a, const char *b);

#endif
