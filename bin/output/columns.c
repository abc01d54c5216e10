/* Width of UTF-8 text.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/output/columns.h"
#include "bin/characters.h"
#include "bin/options.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct range {
    uint32_t first, last;
};

/* Both in ascending order. */
static const struct range marks[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x05bf, 0x05bf},   {0x05c1, 0x05c2},
    {0x05c4, 0x05c5}, {0x0610, 0x061a}, {0x064b, 0x065f}, {0x0670, 0x0670},   {0x06d6, 0x06dc},
    {0x06df, 0x06e4}, {0x06e7, 0x06e8}, {0x06ea, 0x06ed}, {0x0900, 0x0902},   {0x093a, 0x093a},
    {0x093c, 0x093c}, {0x0941, 0x0948}, {0x094d, 0x094d}, {0x0951, 0x0957},   {0x0962, 0x0963},
    {0x0981, 0x0981}, {0x09bc, 0x09bc}, {0x09c1, 0x09c4}, {0x09cd, 0x09cd},   {0x0a01, 0x0a02},
    {0x0a3c, 0x0a51}, {0x0a70, 0x0a71}, {0x0abc, 0x0abc}, {0x0ac1, 0x0ac8},   {0x0acd, 0x0acd},
    {0x0b3c, 0x0b3c}, {0x0b3f, 0x0b3f}, {0x0b41, 0x0b44}, {0x0b4d, 0x0b4d},   {0x0bc0, 0x0bc0},
    {0x0bcd, 0x0bcd}, {0x0c3e, 0x0c40}, {0x0c46, 0x0c4d}, {0x0ccc, 0x0ccd},   {0x0d41, 0x0d44},
    {0x0d4d, 0x0d4d}, {0x0e31, 0x0e31}, {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e},   {0x0eb1, 0x0eb1},
    {0x0eb4, 0x0ebc}, {0x0ec8, 0x0ecd}, {0x1160, 0x11ff}, {0x135d, 0x135f},   {0x1ab0, 0x1aff},
    {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x2060, 0x2064}, {0x20d0, 0x20f0},   {0x3099, 0x309a},
    {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0xe0100, 0xe01ef},
};

static const struct range wide[] = {
    {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},   {0xa960, 0xa97c},
    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff01, 0xff60},
    {0xffe0, 0xffe6},   {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff},
    {0x20000, 0x3fffd},
};

static bool is_in(uint32_t code, const struct range *ranges, size_t n) {
    size_t i;

    for (i = 0; i < n && ranges[i].first <= code; i++) {
        if (code <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

/* Width of the character of `size` bytes at `text`. */
static size_t get_width(const char *text, size_t size) {
    uint32_t code = (unsigned char)text[0];
    size_t i;

    if (size > 1) {
        code &= 0x7fu >> size;
    }
    for (i = 1; i < size; i++) {
        code = code << 6 | ((unsigned char)text[i] & 0x3fu);
    }
    return is_in(code, marks, CLI_N(marks)) ? 0 : is_in(code, wide, CLI_N(wide)) ? 2 : 1;
}

/* Beginning of the character that ends at `at`, and its width. */
static const char *step_back(const char *text, const char *at, size_t *width) {
    size_t size;

    for (size = 1; size <= 4 && size <= (size_t)(at - text); size++) {
        if (cli_character_size(at - size) == size) {
            *width = get_width(at - size, size);
            return at - size;
        }
    }
    *width = 1;
    return at - 1;
}

const char *cli_columns_tail(const char *text, size_t columns) {
    const char *at = text + strlen(text);
    const char *tail = at;

    while (at > text) {
        size_t width;

        at = step_back(text, at, &width);
        if (width > columns) {
            break;
        }
        columns -= width;
        if (width > 0) {
            tail = at;
        }
    }
    return tail;
}
