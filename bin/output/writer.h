/* Where results go: stdout or a file. Every write that may fail is looked at, so that a closed
 * pipe or a full disk ends the program with a sentence.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_OUTPUT_WRITER_H
#define BIN_OUTPUT_WRITER_H

#include "bin/errors.h"

#include <stdio.h>

#define CLI_STDOUT_NAME "standard output"

/* Text written as it becomes known. */
struct cli_writer {
    FILE *file;
    const char *name;
};

/* Opens `path` for writing, or stdout where it is NULL or "-". */
bool cli_writer_open(struct cli_writer *writer, const char *path, struct cli_error *error);

/* Hands what was written to the system; false if any of it was lost. */
bool cli_writer_flush(FILE *file, struct cli_error *error);

/* Flushes and closes (stdout stays open); false if anything was lost. */
bool cli_writer_close(struct cli_writer *writer, struct cli_error *error);

/* A file written as a whole or not at all: a temporary file beside `path` that takes its place.
 * Where `path` is something else than a plain file (a device, a FIFO), it is written directly. */
struct cli_whole_file {
    FILE *file;
    char *path;      /* owned */
    char *temporary; /* owned; NULL when written directly */
    char *aside;     /* owned; what stood at `path`, while a set is put in its places; or NULL */
};

/* On failure there is nothing to discard. */
bool cli_whole_file_open(struct cli_whole_file *whole, const char *path, struct cli_error *error);

/* The same for a file that is replaced again and again by a program that may be killed: what that
 * leaves beside `path` has always one name, and the next one takes it over. */
bool cli_whole_file_open_again(struct cli_whole_file *whole, const char *path,
                               struct cli_error *error);

/* Writes what is buffered; the file is complete but not yet in its place. */
bool cli_whole_file_finish(struct cli_whole_file *whole, struct cli_error *error);

/* Puts it in its place. */
bool cli_whole_file_commit(struct cli_whole_file *whole, struct cli_error *error);

/* Puts files that belong together in their places, the last one last, or none of them: what stood
 * there before is set aside and comes back when one fails, which *failed numbers. Until all are
 * there the last place is empty, so that whoever looks for the set there finds no mixture. */
bool cli_whole_files_commit(struct cli_whole_file *const *files, size_t n, size_t *failed,
                            struct cli_error *error);

/* Releases everything; a file that was not committed is removed. Accepts a zeroed struct. */
void cli_whole_file_discard(struct cli_whole_file *whole);

/* Are both names of one existing plain file? */
bool cli_is_same_file(const char *a, const char *b);

#endif
