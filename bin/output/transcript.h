/* Transcripts that outlive the stream they came from.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_OUTPUT_TRANSCRIPT_H
#define BIN_OUTPUT_TRANSCRIPT_H

#include <dsinfer/decoder.h>

/* A copy of all of it, freed by cli_transcript_free. */
struct dsinfer_transcript *cli_transcript_copy(const struct dsinfer_transcript *from);
void cli_transcript_free(struct dsinfer_transcript *transcript); /* takes NULL, too */

#endif
