/* Reading back what a writer (writer.h) wrote, without believing it: each number says its bounds.
 *
 * The first failure is kept, with its sentence, and from then on every number reads as 0, so that
 * a unit reads all it needs and looks at `status` where it matters: before it trusts two numbers to
 * fit together, and once in every loop.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_BASE_READER_H
#define DSI_BASE_READER_H

#include "runtime/base/cursor.h"
#include "runtime/base/error.h"

struct dsi_reader {
    struct dsi_cursor cursor;
    enum dsinfer_status status;  /* of the first failure */
    struct dsinfer_error *error; /* borrowed; may be NULL */
};

void dsi_reader_init(struct dsi_reader *reader, struct dsi_bytes bytes,
                     struct dsinfer_error *error);

/* A failure, unless there was one before, in words that follow "byte N: ". Returns the status. */
enum dsinfer_status dsi_reader_fail(struct dsi_reader *reader, const char *format, ...)
    DSI_PRINTF(2, 3);

/* Another failure (ERR_NO_MEMORY, ERR_LIMIT) of what the reader's bytes ask for; takes OK, too.
 * Returns whether there has been none. */
bool dsi_reader_check(struct dsi_reader *reader, enum dsinfer_status status);

/* `what` names the number: "the number of labels". */
uint64_t dsi_reader_take_number(struct dsi_reader *reader, uint64_t highest, const char *what);
uint32_t dsi_reader_take_u32(struct dsi_reader *reader, const char *what);
uint64_t dsi_reader_take_u64(struct dsi_reader *reader, const char *what);

/* Floats from lowest, which may be -INFINITY, to highest; never NaN. */
float dsi_reader_take_float(struct dsi_reader *reader, float lowest, float highest,
                            const char *what);
double dsi_reader_take_double(struct dsi_reader *reader, double lowest, double highest,
                              const char *what);

/* `n` floats from -limit to limit. */
void dsi_reader_take_floats(struct dsi_reader *reader, float limit, float *values, size_t n,
                            const char *what);

#endif
