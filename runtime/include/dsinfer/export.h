/* Marks what libdsinfer exports, and functions whose result must be looked at.
 * The only header that may use compiler extensions.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSINFER_EXPORT_H
#define DSINFER_EXPORT_H

#if defined(__GNUC__)
#define DSINFER_API __attribute__((visibility("default")))
#define DSINFER_MUST_CHECK __attribute__((warn_unused_result))
#else
#define DSINFER_API
#define DSINFER_MUST_CHECK
#endif

#endif
