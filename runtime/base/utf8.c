/* UTF-8 as in Unicode's table 3-7 of well-formed byte sequences.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/utf8.h"

#include <stdbool.h>
#include <string.h>

static const char REPLACEMENT[] = "\xef\xbf\xbd";

static bool is_between(unsigned char byte, unsigned char low, unsigned char high) {
    return byte >= low && byte <= high;
}

/* Bounds of the second byte, which depend on the first. */
static bool is_second(unsigned char first, unsigned char second) {
    switch (first) {
    case 0xe0:
        return is_between(second, 0xa0, 0xbf);
    case 0xed:
        return is_between(second, 0x80, 0x9f);
    case 0xf0:
        return is_between(second, 0x90, 0xbf);
    case 0xf4:
        return is_between(second, 0x80, 0x8f);
    default:
        return is_between(second, 0x80, 0xbf);
    }
}

size_t dsi_utf8_length(const char *text, size_t size) {
    const unsigned char *bytes = (const unsigned char *)text;
    size_t length, i;

    if (size == 0) {
        return 0;
    }
    if (bytes[0] < 0x80) {
        return 1;
    }
    length = is_between(bytes[0], 0xc2, 0xdf)   ? 2
             : is_between(bytes[0], 0xe0, 0xef) ? 3
             : is_between(bytes[0], 0xf0, 0xf4) ? 4
                                                : 0;
    if (length == 0 || size < length || !is_second(bytes[0], bytes[1])) {
        return 0;
    }
    for (i = 2; i < length; i++) {
        if (!is_between(bytes[i], 0x80, 0xbf)) {
            return 0;
        }
    }
    return length;
}

/* Appends to `out` if it is there. */
static void append(char *out, size_t *n, const char *bytes, size_t length) {
    if (out) {
        memcpy(out + *n, bytes, length);
    }
    *n += length;
}

static size_t clean(const char *text, size_t size, char *out) {
    size_t n = 0;
    size_t i = 0;

    while (i < size) {
        size_t length = dsi_utf8_length(text + i, size - i);

        if (length) {
            append(out, &n, text + i, length);
            i += length;
        } else {
            append(out, &n, REPLACEMENT, sizeof(REPLACEMENT) - 1);
            i++;
        }
    }
    if (out) {
        out[n] = '\0';
    }
    return n;
}

size_t dsi_utf8_clean(const char *text, size_t size, char *out, size_t capacity) {
    const size_t needed = clean(text, size, NULL);

    if (needed < capacity) {
        clean(text, size, out);
    }
    return needed;
}
