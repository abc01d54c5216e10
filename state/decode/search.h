/* A search over label sequences behind one table of functions: greedy, TensorFlow's beam search.
 *
 * A search takes rows of logits and can tell, at any time and as often as wanted, the best label
 * sequences if the audio ended there. It knows labels, not letters.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_DECODE_SEARCH_H
#define DSI_STATE_DECODE_SEARCH_H

#include <dsinfer/decoder.h>

#include <stdbool.h>

/* Most bytes one search may hold. */
#define DSI_SEARCH_MAX_MEMORY ((size_t)512 << 20)

struct dsi_search_config {
    size_t n_labels; /* with the blank, the last one; 2 to 65536 */
    size_t beam_width;
    bool is_probability; /* rows are probabilities: their logarithm is taken */
};

/* One label of a path. */
struct dsi_search_label {
    uint32_t label;
    uint32_t timestep;   /* frame at which the search added it */
    float log_posterior; /* of the label at that frame */
};

struct dsi_search;

struct dsi_search_type {
    const char *name;
    enum dsinfer_status (*create)(const struct dsi_search_config *config, struct dsi_search **out);

    /* Takes n_frames rows [n_frames][n_labels]. ERR_NO_MEMORY or ERR_LIMIT: the search is unusable.
     */
    enum dsinfer_status (*feed)(struct dsi_search *search, const float *rows, size_t n_frames);

    /* Ranks the paths that live, best first, as if the audio ended here, without changing what
     * later feeds do. Returns their number, at most n_wanted, at least 1 where n_wanted is. */
    size_t (*rank)(struct dsi_search *search, size_t n_wanted);

    /* Of path `i` of the last rank: its score and number of labels, then the labels themselves. */
    double (*get_score)(const struct dsi_search *search, size_t i);
    size_t (*get_length)(const struct dsi_search *search, size_t i);
    void (*get_labels)(const struct dsi_search *search, size_t i, struct dsi_search_label *labels);

    void (*reset)(struct dsi_search *search);
    enum dsinfer_status (*clone)(const struct dsi_search *search, struct dsi_search **out);
    void (*destroy)(struct dsi_search *search); /* takes NULL */
};

extern const struct dsi_search_type dsi_search_greedy;
extern const struct dsi_search_type dsi_search_tensorflow;

#endif
