/* From paths of labels to text, words and times.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_DECODE_TRANSCRIPT_H
#define DSI_STATE_DECODE_TRANSCRIPT_H

#include "model/alphabet.h"
#include "state/decode/search.h"

/* Seconds between frames, in every family. */
#define DSI_FRAME_S 0.02

/* A growing array. */
struct dsi_transcript_array {
    void *items; /* owned */
    size_t capacity;
};

/* The memory behind a dsinfer_transcript: used again and again, grown as needed. */
struct dsi_transcript_buffer {
    struct dsi_transcript_array raw;  /* char: the text of one candidate as the alphabet has it */
    struct dsi_transcript_array text; /* char: every string of the transcript */
    struct dsi_transcript_array numbers;    /* uint32_t: labels, timesteps of all candidates; a
                                               path before it is turned into them */
    struct dsi_transcript_array candidates; /* dsinfer_candidate */
    struct dsi_transcript_array words;      /* dsinfer_word */
};

/* Describes the best paths of `search`, at most `n_candidates` (at least 1), in everything but
 * time_s. `first_frame` frames of the audio came before those of the search. *out is lent until the
 * buffer is filled again or finished. ERR_NO_MEMORY: *out is untouched. */
enum dsinfer_status dsi_transcript_fill(struct dsi_transcript_buffer *buffer,
                                        struct dsi_search *search,
                                        const struct dsi_alphabet *alphabet, size_t n_candidates,
                                        uint64_t first_frame, struct dsinfer_transcript *out);

/* Takes a zeroed struct as well. */
void dsi_transcript_finish(struct dsi_transcript_buffer *buffer);

#endif
