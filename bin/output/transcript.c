/* Every part of a copy is a piece of memory of its own.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/output/transcript.h"
#include "bin/memory.h"

#include <stdlib.h>
#include <string.h>

static void *copy(const void *items, size_t n, size_t size) {
    void *made = cli_calloc(n + 1, size);

    if (n > 0) {
        memcpy(made, items, n * size);
    }
    return made;
}

struct dsinfer_transcript *cli_transcript_copy(const struct dsinfer_transcript *from) {
    struct dsinfer_transcript *to = copy(from, 1, sizeof(*to));
    struct dsinfer_word *words = copy(from->words, from->n_words, sizeof(*words));
    struct dsinfer_candidate *candidates =
        copy(from->candidates, from->n_candidates, sizeof(*candidates));
    size_t i;

    for (i = 0; i < from->n_words; i++) {
        words[i].text = cli_strdup(words[i].text);
    }
    for (i = 0; i < from->n_candidates; i++) {
        const struct dsinfer_candidate *candidate = &from->candidates[i];
        const size_t n = candidate->n_labels;

        candidates[i].text = cli_strdup(candidate->text);
        candidates[i].labels = copy(candidate->labels, n, sizeof(*candidate->labels));
        candidates[i].timesteps = copy(candidate->timesteps, n, sizeof(*candidate->timesteps));
    }
    to->text = cli_strdup(from->text);
    to->words = words;
    to->candidates = candidates;
    return to;
}

void cli_transcript_free(struct dsinfer_transcript *transcript) {
    size_t i;

    if (!transcript) {
        return;
    }
    for (i = 0; i < transcript->n_words; i++) {
        free((char *)transcript->words[i].text);
    }
    for (i = 0; i < transcript->n_candidates; i++) {
        free((char *)transcript->candidates[i].text);
        free((uint32_t *)transcript->candidates[i].labels);
        free((uint32_t *)transcript->candidates[i].timesteps);
    }
    free((char *)transcript->text);
    free((struct dsinfer_word *)transcript->words);
    free((struct dsinfer_candidate *)transcript->candidates);
    free(transcript);
}
