/* Numbers out of bytes that nobody vouches for.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/reader.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void dsi_reader_init(struct dsi_reader *reader, struct dsi_bytes bytes,
                     struct dsinfer_error *error) {
    dsi_cursor_init(&reader->cursor, bytes);
    reader->status = DSINFER_OK;
    reader->error = error;
}

enum dsinfer_status dsi_reader_fail(struct dsi_reader *reader, const char *format, ...) {
    char text[DSINFER_ERROR_SIZE];
    va_list args;

    if (reader->status == DSINFER_OK) {
        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        reader->status = dsi_fail(reader->error, DSINFER_ERR_MALFORMED, "byte %zu: %s",
                                  reader->cursor.position, text);
    }
    return reader->status;
}

bool dsi_reader_check(struct dsi_reader *reader, enum dsinfer_status status) {
    if (status != DSINFER_OK && reader->status == DSINFER_OK) {
        reader->status = dsi_fail(reader->error, status, "byte %zu: what is said there needs %s",
                                  reader->cursor.position,
                                  status == DSINFER_ERR_LIMIT ? "more than a decoder may hold"
                                                              : "more memory than there is");
    }
    return reader->status == DSINFER_OK;
}

static void fail_end(struct dsi_reader *reader, const char *what) {
    dsi_reader_fail(reader, "it ends inside %s", what);
}

uint64_t dsi_reader_take_number(struct dsi_reader *reader, uint64_t highest, const char *what) {
    uint64_t value;

    if (reader->status != DSINFER_OK) {
        return 0;
    }
    if (!dsi_cursor_read_varint(&reader->cursor, &value)) {
        fail_end(reader, what);
        return 0;
    }
    if (value > highest) {
        dsi_reader_fail(reader, "%s is %" PRIu64 ", and at most %" PRIu64 " is possible", what,
                        value, highest);
        return 0;
    }
    return value;
}

uint32_t dsi_reader_take_u32(struct dsi_reader *reader, const char *what) {
    uint32_t value;

    if (reader->status != DSINFER_OK) {
        return 0;
    }
    if (!dsi_cursor_read_u32(&reader->cursor, &value)) {
        fail_end(reader, what);
        return 0;
    }
    return value;
}

uint64_t dsi_reader_take_u64(struct dsi_reader *reader, const char *what) {
    uint64_t value;

    if (reader->status != DSINFER_OK) {
        return 0;
    }
    if (!dsi_cursor_read_u64(&reader->cursor, &value)) {
        fail_end(reader, what);
        return 0;
    }
    return value;
}

double dsi_reader_take_double(struct dsi_reader *reader, double lowest, double highest,
                              const char *what) {
    const uint64_t bits = dsi_reader_take_u64(reader, what);
    double value;

    memcpy(&value, &bits, sizeof(value));
    if (!(value >= lowest && value <= highest)) {
        dsi_reader_fail(reader, "%s is %g, not a number from %g to %g", what, value, lowest,
                        highest);
        return 0.0;
    }
    return value;
}

float dsi_reader_take_float(struct dsi_reader *reader, float lowest, float highest,
                            const char *what) {
    const uint32_t bits = dsi_reader_take_u32(reader, what);
    float value;

    memcpy(&value, &bits, sizeof(value));
    if (!(value >= lowest && value <= highest)) {
        dsi_reader_fail(reader, "%s is %g, not a number from %g to %g", what, (double)value,
                        (double)lowest, (double)highest);
        return 0.0f;
    }
    return value;
}

void dsi_reader_take_floats(struct dsi_reader *reader, float limit, float *values, size_t n,
                            const char *what) {
    size_t i;

    for (i = 0; i < n; i++) {
        values[i] = dsi_reader_take_float(reader, -limit, limit, what);
    }
}
