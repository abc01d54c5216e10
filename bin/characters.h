/* UTF-8 that may be damaged.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_CHARACTERS_H
#define BIN_CHARACTERS_H

#include <stddef.h>

/* Bytes of the character at the NUL-terminated `text`, 0 if there is none: what is overlong, a
 * surrogate or beyond U+10FFFF is no character. */
size_t cli_character_size(const char *text);

#endif
