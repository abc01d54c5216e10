/* Wording of errors. Whoever detects a problem words it; whoever passes it on only returns it.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_BASE_ERROR_H
#define DSI_BASE_ERROR_H

#include <dsinfer/status.h>

#include <stddef.h>

#if defined(__GNUC__)
#define DSI_PRINTF(index, first) __attribute__((format(printf, index, first)))
#else
#define DSI_PRINTF(index, first)
#endif

/* Writes status and sentence to `err` (NULL is fine) and returns `status`. Bytes from files that
 * are no printable text are shown as '?'. */
enum dsinfer_status dsi_fail(struct dsinfer_error *err, enum dsinfer_status status,
                             const char *format, ...) DSI_PRINTF(3, 4);

/* The same with the usual sentence for a failed allocation of `size` bytes. */
enum dsinfer_status dsi_fail_memory(struct dsinfer_error *err, size_t size);

/* The size a caller's options struct says it has must be the one the library knows: ERR_ARGUMENT
 * for another. `of` says whose options: "the stream". */
enum dsinfer_status dsi_check_options_size(size_t size, size_t needed, const char *of,
                                           struct dsinfer_error *err);

#endif
