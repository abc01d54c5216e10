/* A search over label sequences behind one table of functions: greedy, TensorFlow's beam search,
 * the prefix beam search.
 *
 * A search takes rows of logits and can tell, at any time and as often as wanted, the best label
 * sequences if the audio ended there. It knows labels, not letters. Nothing depends on how the rows
 * are cut into feeds.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_DECODE_SEARCH_H
#define DSI_STATE_DECODE_SEARCH_H

#include "runtime/base/reader.h"
#include "runtime/base/writer.h"

#include <dsinfer/decoder.h>

#include <stdbool.h>

/* Most bytes one search may hold. */
#define DSI_SEARCH_MAX_MEMORY ((size_t)512 << 20)

/* Most labels of a text: those of days of speech. */
#define DSI_SEARCH_MAX_LABELS ((size_t)8 << 20)

/* Scores of prefixes are below: weights and scores of words have limits, too. */
#define DSI_SEARCH_MAX_SCORE 1e30f

struct dsi_scoring;

struct dsi_search_config {
    size_t n_labels; /* with the blank, the last one; 2 to 65536 */
    size_t beam_width;
    bool is_probability; /* rows are probabilities: their logarithm is taken */

    /* Of the prefix search only. */
    enum dsinfer_family family;        /* whose rules: ds04 to ds07 */
    double cutoff_prob;                /* below 1: labels are tried until they sum to it … */
    size_t cutoff_top_n;               /* … or so many were */
    const struct dsi_scoring *scoring; /* borrowed; NULL: no language model */
};

/* One label of a path. */
struct dsi_search_label {
    uint32_t label;
    uint32_t timestep;   /* frame at which the search added it; grows along a path, but in ds05 */
    float log_posterior; /* of the label at that frame */
};

struct dsi_search_type;

/* What every search begins with. */
struct dsi_search {
    const struct dsi_search_type *type;
};

struct dsi_search_type {
    const char *name;
    enum dsinfer_decoder_kind kind;
    enum dsinfer_status (*create)(const struct dsi_search_config *config, struct dsi_search **out);

    /* Takes n_frames rows [n_frames][n_labels]; any float is accepted. ERR_NO_MEMORY or ERR_LIMIT:
     * the search can then only be reset, copied to, or destroyed. */
    enum dsinfer_status (*feed)(struct dsi_search *search, const float *rows, size_t n_frames);

    /* Ranks the paths that live, best first, as if the audio ended here, which changes nothing that
     * later feeds do; returns their number, at least 1. */
    size_t (*rank)(struct dsi_search *search);

    /* Of path `i` of the last ranking: its score, its number of labels, the labels themselves. */
    double (*get_score)(const struct dsi_search *search, size_t i);
    size_t (*get_length)(const struct dsi_search *search, size_t i);
    void (*get_labels)(const struct dsi_search *search, size_t i, struct dsi_search_label *labels);

    void (*reset)(struct dsi_search *search);

    /* Makes `to` (same config) equal to `from`; allocates only where `to` never held as much.
     * ERR_NO_MEMORY as for feed. */
    enum dsinfer_status (*copy)(const struct dsi_search *from, struct dsi_search *to);

    /* Saves what the frames so far have made of it; what follows from labels and config is left
     * out. ERR_NO_MEMORY. */
    enum dsinfer_status (*write)(const struct dsi_search *search, struct dsi_writer *writer);

    /* Reads it back, into one without frames of the same config, to which n_frames frames have been
     * fed. On failure, which the reader tells, it can only be reset, copied to, or destroyed. */
    void (*read)(struct dsi_search *search, uint32_t n_frames, struct dsi_reader *reader);
    void (*destroy)(struct dsi_search *search); /* takes NULL */
};

extern const struct dsi_search_type dsi_search_greedy;
extern const struct dsi_search_type dsi_search_tensorflow;
extern const struct dsi_search_type dsi_search_prefix;

#endif
