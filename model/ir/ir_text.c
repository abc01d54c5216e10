/* Parsing by hand: strtod and its kind depend on the locale.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/ir/ir_text.h"

#include <string.h>

/* Digits and exponents beyond these are no numbers that an IR holds. */
#define MAX_DIGITS 40
#define MAX_EXPONENT 400

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static const char *skip_blanks(const char *text) {
    while (is_blank(*text)) {
        text++;
    }
    return text;
}

/* Reads digits and moves on; false if there are none or the number is too large. */
static bool read_digits(const char **text, uint64_t *out) {
    const char *at = *text;
    uint64_t value = 0;

    if (!is_digit(*at)) {
        return false;
    }
    for (; is_digit(*at); at++) {
        const unsigned digit = (unsigned)(*at - '0');

        if (value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *text = at;
    *out = value;
    return true;
}

static bool read_int(const char **text, int64_t *out) {
    const bool is_negative = **text == '-';
    const char *at = *text + (is_negative || **text == '+');
    uint64_t value;

    if (!read_digits(&at, &value) || value > (uint64_t)INT64_MAX) {
        return false;
    }
    *text = at;
    *out = is_negative ? -(int64_t)value : (int64_t)value;
    return true;
}

bool dsi_ir_parse_uint(const char *text, uint64_t *out) {
    uint64_t value;

    text = skip_blanks(text);
    if (!read_digits(&text, &value) || *skip_blanks(text)) {
        return false;
    }
    *out = value;
    return true;
}

bool dsi_ir_parse_int(const char *text, int64_t *out) {
    int64_t value;

    text = skip_blanks(text);
    if (!read_int(&text, &value) || *skip_blanks(text)) {
        return false;
    }
    *out = value;
    return true;
}

bool dsi_ir_is_equal(const char *a, const char *b) {
    while (*a && to_lower(*a) == to_lower(*b)) {
        a++;
        b++;
    }
    return to_lower(*a) == to_lower(*b);
}

bool dsi_ir_parse_bool(const char *text, bool *out) {
    const bool is_true = dsi_ir_is_equal(text, "true") || strcmp(text, "1") == 0;

    if (!is_true && !dsi_ir_is_equal(text, "false") && strcmp(text, "0") != 0) {
        return false;
    }
    *out = is_true;
    return true;
}

bool dsi_ir_parse_float(const char *text, double *out) {
    const char *at = skip_blanks(text);
    const bool is_negative = *at == '-';
    int64_t exponent = 0, shift = 0;
    double value = 0.0;
    size_t n_digits = 0;

    at += is_negative || *at == '+';
    for (; is_digit(*at) || (*at == '.' && shift == 0); at++) {
        if (*at == '.') {
            shift = 1;
            continue;
        }
        value = value * 10.0 + (*at - '0');
        shift += shift > 0;
        n_digits++;
    }
    if (n_digits == 0 || n_digits > MAX_DIGITS) {
        return false;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        if (!read_int(&at, &exponent) || exponent < -MAX_EXPONENT || exponent > MAX_EXPONENT) {
            return false;
        }
    }
    if (*skip_blanks(at)) {
        return false;
    }
    for (exponent -= shift > 0 ? shift - 1 : 0; exponent < 0; exponent++) {
        value /= 10.0;
    }
    for (; exponent > 0; exponent--) {
        value *= 10.0;
    }
    *out = is_negative ? -value : value;
    return true;
}

/* One element of a list: an integer, "?", or a range, which counts as -1. */
static bool read_element(const char **text, bool takes_ranges, int64_t *out) {
    uint64_t end;

    if (**text == '?') {
        (*text)++;
        *out = -1;
        return true;
    }
    if (takes_ranges && strncmp(*text, "..", 2) == 0) {
        *text += 2;
        *out = -1;
        return read_digits(text, &end);
    }
    if (!read_int(text, out)) {
        return false;
    }
    if (takes_ranges && strncmp(*text, "..", 2) == 0) {
        *text += 2;
        *out = -1;
        return !is_digit(**text) || read_digits(text, &end);
    }
    return true;
}

static bool parse_list(const char *text, bool takes_ranges, size_t capacity, int64_t *values,
                       size_t *n_values) {
    const char *at = skip_blanks(text);
    const bool has_bracket = *at == '[';
    size_t n = 0;

    at = skip_blanks(at + has_bracket);
    while (*at && *at != ']') {
        if (n == capacity || !read_element(&at, takes_ranges, &values[n])) {
            return false;
        }
        n++;
        at = skip_blanks(at);
        if (*at == ',') {
            at = skip_blanks(at + 1);
            if (!*at || *at == ']') {
                return false;
            }
        } else if (*at && *at != ']') {
            return false;
        }
    }
    if (has_bracket != (*at == ']') || *skip_blanks(at + has_bracket)) {
        return false;
    }
    *n_values = n;
    return true;
}

bool dsi_ir_parse_ints(const char *text, size_t capacity, int64_t *values, size_t *n_values) {
    return parse_list(text, false, capacity, values, n_values);
}

bool dsi_ir_parse_shape(const char *text, struct dsi_shape *out) {
    struct dsi_shape shape = {0};
    size_t i;

    if (!parse_list(text, true, DSI_MAX_RANK, shape.dims, &shape.rank)) {
        return false;
    }
    for (i = 0; i < shape.rank; i++) {
        if (shape.dims[i] < -1) {
            return false;
        }
    }
    *out = shape;
    return true;
}
