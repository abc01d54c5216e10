/* Characters of UTF-8.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/characters.h"

size_t cli_character_size(const char *text) {
    const unsigned char *bytes = (const unsigned char *)text;
    size_t size = 1;
    size_t i;

    if (bytes[0] >= 0x80) {
        size = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
    }
    if (size > 1 && (bytes[0] < 0xc2 || bytes[0] > 0xf4)) {
        return 0;
    }
    for (i = 1; i < size; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    if ((bytes[0] == 0xe0 && bytes[1] < 0xa0) || (bytes[0] == 0xed && bytes[1] > 0x9f) ||
        (bytes[0] == 0xf0 && bytes[1] < 0x90) || (bytes[0] == 0xf4 && bytes[1] > 0x8f)) {
        return 0;
    }
    return size;
}
