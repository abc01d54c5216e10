/* Status codes and the error a caller may ask for.
 *
 * Every function that can fail returns `enum dsinfer_status`: 0 is success, all errors are negative
 * and grouped by hundreds (1 the caller's mistake, 2 resources, 3 I/O, 4 a malformed file,
 * 5 unsupported, 6 the wrong moment, 7 internal). Functions that read files or build objects also
 * take a `struct dsinfer_error *`, which may be NULL: after a failure it holds the status and one
 * sentence that says where, what was found and what was needed. After success it is untouched.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSINFER_STATUS_H
#define DSINFER_STATUS_H

#include <dsinfer/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(code, NAME, text): the only list of status codes. */
#define DSINFER_STATUS_MAP(X)                                                                      \
    X(0, OK, "success")                                                                            \
    X(-100, ERR_ARGUMENT, "invalid argument")                                                      \
    X(-200, ERR_NO_MEMORY, "out of memory")                                                        \
    X(-201, ERR_LIMIT, "a stated limit would be exceeded")                                         \
    X(-300, ERR_IO, "input/output error")                                                          \
    X(-400, ERR_MALFORMED, "malformed file")                                                       \
    X(-500, ERR_UNSUPPORTED, "unsupported")                                                        \
    X(-501, ERR_MISMATCH, "does not belong to this model")                                         \
    X(-600, ERR_STATE, "not possible at this moment")                                              \
    X(-700, ERR_INTERNAL, "internal error")

#define DSINFER_STATUS_ENUMERATOR(code, name, text) DSINFER_##name = (code),
enum dsinfer_status {
    DSINFER_STATUS_MAP(DSINFER_STATUS_ENUMERATOR) DSINFER_STATUS_FORCE_INT = 0x7fffffff
};
#undef DSINFER_STATUS_ENUMERATOR

/* Longest sentence, with its terminating NUL. Longer ones are cut. */
#define DSINFER_ERROR_SIZE 512

struct dsinfer_error {
    enum dsinfer_status status;
    char message[DSINFER_ERROR_SIZE]; /* UTF-8 where the names in it are, NUL-terminated */
};

/* Name ("DSINFER_ERR_MALFORMED") and text ("malformed file") of a status; static strings, never
 * NULL: "unknown status" for a number that is none. Any thread. */
DSINFER_API const char *dsinfer_status_name(enum dsinfer_status status);
DSINFER_API const char *dsinfer_status_text(enum dsinfer_status status);

/* The library's version, "MAJOR.MINOR.PATCH"; a static string. */
DSINFER_API const char *dsinfer_version(void);

#ifdef __cplusplus
}
#endif

#endif
