/* Lists of recordings with what is said in them: CSV or TSV.
 *
 *     wav_filename,wav_filesize,transcript
 *     clips/a.wav,43564,his excellency madam the prefect
 *     "clips/b, c.wav",34364,"she said ""yes"""
 *
 * The first line names the columns: the audio is in `wav_filename`, `file` or `audio`, the text in
 * `transcript` or `text`; others are skipped over. Where that line holds a tab, tabs separate the
 * fields, else commas. A field that begins with " ends with the next ", may hold separators and
 * line ends, and has "" for a quote. Empty lines do not count. Every line must have as many fields
 * as the first.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_EVAL_MANIFEST_H
#define BIN_EVAL_MANIFEST_H

#include "bin/errors.h"

#define CLI_MANIFEST_MAX_SIZE ((size_t)256 << 20)
#define CLI_MANIFEST_MAX_LINES 1000000
#define CLI_MANIFEST_MAX_COLUMNS 256
#define CLI_MANIFEST_MAX_FIELD ((size_t)256 << 10) /* bytes: some five hours of speech */

struct cli_manifest_line {
    const char *audio; /* as written */
    const char *text;
    size_t number; /* of the line in the file, from 1 */
};

struct cli_manifest {
    char *bytes;                     /* owned: what the lines point into */
    char *folder;                    /* owned: of the manifest */
    struct cli_manifest_line *lines; /* owned */
    size_t n_lines;
};

/* Reads the whole file ("-": stdin). On failure nothing has to be freed. */
bool cli_manifest_read(const char *path, struct cli_manifest *manifest, struct cli_error *error);

/* Where the audio of a line is: relative names are relative to the manifest's folder. Owned by the
 * caller. */
char *cli_manifest_locate(const struct cli_manifest *manifest,
                          const struct cli_manifest_line *line);

void cli_manifest_finish(struct cli_manifest *manifest);

#endif
