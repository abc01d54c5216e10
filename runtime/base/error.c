/* Status names and error sentences.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/error.h"

#include <stdarg.h>
#include <stdio.h>

#define STATUS_NAME(code, name, text)                                                              \
    case code:                                                                                     \
        return "DSINFER_" #name;
#define STATUS_TEXT(code, name, text)                                                              \
    case code:                                                                                     \
        return text;

const char *dsinfer_status_name(enum dsinfer_status status) {
    switch ((int)status) { DSINFER_STATUS_MAP(STATUS_NAME) }
    return "unknown status";
}

const char *dsinfer_status_text(enum dsinfer_status status) {
    switch ((int)status) { DSINFER_STATUS_MAP(STATUS_TEXT) }
    return "unknown status";
}

#undef STATUS_NAME
#undef STATUS_TEXT

const char *dsinfer_version(void) {
    return DSINFER_VERSION;
}

enum dsinfer_status dsi_fail(struct dsinfer_error *err, enum dsinfer_status status,
                             const char *format, ...) {
    va_list arguments;
    char *p;

    if (!err) {
        return status;
    }

    err->status = status;
    va_start(arguments, format);
    if (vsnprintf(err->message, sizeof(err->message), format, arguments) < 0) {
        err->message[0] = '\0';
    }
    va_end(arguments);

    for (p = err->message; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            *p = '?';
        }
    }
    return status;
}

enum dsinfer_status dsi_fail_memory(struct dsinfer_error *err, size_t size) {
    return dsi_fail(err, DSINFER_ERR_NO_MEMORY, "could not allocate %zu bytes", size);
}

enum dsinfer_status dsi_check_options_size(size_t size, size_t needed, const char *of,
                                           struct dsinfer_error *err) {
    if (size == needed) {
        return DSINFER_OK;
    }
    return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                    "the options of %s have %zu bytes, not %zu: they were not set by their _init, "
                    "or are those of another version",
                    of, size, needed);
}
