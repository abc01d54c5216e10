/* What the user is told when something fails, and the exit codes.
 *
 * An error is one line on stderr: `dsinfer: NAME: CLASS: sentence`. NAME is the file as the user
 * wrote it, or the option or word at fault. Functions that can fail return false and fill in a
 * struct cli_error; the caller who knows the name reports it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_ERRORS_H
#define BIN_ERRORS_H

#include <dsinfer/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum cli_class { CLI_MALFORMED, CLI_UNSUPPORTED, CLI_RESOURCES, CLI_IO, CLI_USAGE, CLI_AUDIO };

enum cli_exit {
    CLI_EXIT_OK = 0,
    CLI_EXIT_SOME = 1,    /* some of several inputs failed */
    CLI_EXIT_USAGE = 2,   /* the command line */
    CLI_EXIT_MODEL = 3,   /* a model or alphabet */
    CLI_EXIT_AUDIO = 4,   /* the only input: audio or an array */
    CLI_EXIT_RUNTIME = 5, /* memory, running, an output that cannot be written */
    CLI_EXIT_SIGNAL = 128 /* plus the signal's number */
};

struct cli_error {
    enum cli_class class;
    bool is_runtime; /* memory or an internal failure: CLI_EXIT_RUNTIME wherever it happens */
    char message[DSINFER_ERROR_SIZE];
};

#if defined(__GNUC__)
#define CLI_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define CLI_PRINTF(text, first)
#endif

/* Words a failure; always returns false. */
bool cli_fail(struct cli_error *error, enum cli_class class, const char *format, ...)
    CLI_PRINTF(3, 4);

/* The same for a failed system call: class I/O, "WHAT: text of errno". */
bool cli_fail_errno(struct cli_error *error, const char *what);

/* The library's failure. `from` holds the sentence; without one (empty, or another status) the
 * general text of the status is used. */
bool cli_fail_library(struct cli_error *error, enum dsinfer_status status,
                      const struct dsinfer_error *from);

/* Prints text that comes from a file or the command line and may hold anything, as part of one
 * line: control characters become '?'. Returns how many bytes it printed. */
size_t cli_print(FILE *file, const char *text);

/* Prints the line. */
void cli_report(const char *name, const struct cli_error *error);

/* CLI_EXIT_RUNTIME where the failure is one, else `otherwise`. */
int cli_exit_code(const struct cli_error *error, int otherwise);

/* Reports at once; returns `otherwise` or CLI_EXIT_RUNTIME. */
int cli_report_exit(const char *name, const struct cli_error *error, int otherwise);

/* Reports a mistake in the command line; returns CLI_EXIT_USAGE. */
int cli_usage(const char *name, const char *format, ...) CLI_PRINTF(2, 3);

/* A remark on stderr that is no error: `dsinfer: NAME: sentence`. */
void cli_note(const char *name, const char *sentence);

#endif
