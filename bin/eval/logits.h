/* What the network said of each recording, kept for many decodings: in memory, or in a folder as
 * `.npy` arrays [frames, labels] named by the line of the manifest.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_EVAL_LOGITS_H
#define BIN_EVAL_LOGITS_H

#include "bin/npy.h"

struct cli_logits {
    const char *folder; /* borrowed; NULL: in memory */
    size_t n_labels;
    struct {
        float *rows; /* owned; NULL where they are in the folder */
        size_t n_frames;
    } * recordings; /* owned */
    size_t n;
};

/* Room for `n` recordings. Makes the folder if it is not there. On failure nothing has to be
 * freed. */
bool cli_logits_init(struct cli_logits *logits, const char *folder, size_t n, size_t n_labels,
                     struct cli_error *error);

/* Keeps a copy of `rows` [n_frames][n_labels] for recording `i`, which is on line `number`. */
bool cli_logits_put(struct cli_logits *logits, size_t i, size_t number, const float *rows,
                    size_t n_frames, struct cli_error *error);

/* The rows of recording `i`, until the next call: `array` holds them where they are read, and is to
 * be finished then. */
bool cli_logits_get(const struct cli_logits *logits, size_t i, size_t number, struct cli_npy *array,
                    const float **rows, size_t *n_frames, struct cli_error *error);

void cli_logits_finish(struct cli_logits *logits);

#endif
