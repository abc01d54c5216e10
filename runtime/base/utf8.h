/* UTF-8 that may be broken.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_BASE_UTF8_H
#define DSI_BASE_UTF8_H

#include <stddef.h>

/* Length, 1 to 4, of the well-formed sequence at the start of text[0 … size); 0 if there is none
 * (overlong forms, surrogates and numbers above U+10FFFF are none). */
size_t dsi_utf8_length(const char *text, size_t size);

/* Writes text[0 … size) to `out` with every byte that is no part of a well-formed sequence replaced
 * by U+FFFD, NUL-terminated. Returns the bytes needed without the NUL; writes nothing where
 * `capacity` is too small for them. At most 3 * size bytes are needed. */
size_t dsi_utf8_clean(const char *text, size_t size, char *out, size_t capacity);

#endif
