/* What the files of the prefix beam search share. Internal to them.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_DECODE_PREFIX_H
#define DSI_STATE_DECODE_PREFIX_H

#include "state/decode/alignment.h"
#include "state/decode/label_tree.h"
#include "state/decode/prefix_select.h"
#include "state/decode/scoring.h"
#include "state/decode/search.h"

#include <float.h>
#include <math.h>

#define DSI_PREFIX_IMPOSSIBLE (-FLT_MAX)
#define DSI_PREFIX_NO_PLACE UINT32_MAX
#define DSI_PREFIX_ORDERED_FRAMES 3000

/* When a label's time is set, besides when its node is made. */
enum dsi_prefix_time_rule {
    DSI_PREFIX_TIME_WHEN_MADE,     /* 0.4 */
    DSI_PREFIX_TIME_WHEN_LIKELIER, /* 0.5: when a later frame offers the label more probability */
    DSI_PREFIX_TIME_WHILE_LEAF,    /* 0.6: the same, as long as nothing hangs on the node */
    DSI_PREFIX_TIME_BY_ALIGNMENT   /* 0.9: along the likeliest way, as a chain for each prefix */
};

struct dsi_prefix_rules {
    enum dsi_prefix_time_rule time;
    bool has_order;            /* where ties decide, prefixes are listed in upstream's order … */
    bool needs_order;          /* … or always */
    bool lists_children_first; /* that order: children before their parent */
    bool skips_silence;        /* nothing happens before the first frame that is not blank */
    bool skips_impossible;     /* impossible prefixes are not extended */
    bool root_is_largest;      /* in ties: labels compare as unsigned numbers, no label being -1 */
    bool adds_beta_to_nothing; /* the empty prefix is a word at the end */
};

/* What a node holds besides its place in the tree, in an array beside the tree's. The node's
 * now.total, .blank and .label are upstream's score, log_prob_b_prev and log_prob_nb_prev; a total
 * of -inf means that it is not active. */
struct dsi_prefix_node {
    uint64_t
        may_follow;   /* bit label % 64: the dictionary may let the label follow, 0: it does not */
    uint32_t state;   /* of the dictionary */
    uint32_t context; /* of the units that ended up to here: goes with the node that ends one */
    bool has_end_score; /* end_score is known */
    bool has_memo;      /* this frame: the likeliest way comes from the parent */
    float end_score;    /* of the unit that would end here, beta not in it */
    float entry_score;  /* of the unit that ends with this label, where such are scored */
    float blank, label; /* this frame: log_prob_b_cur, log_prob_nb_cur */
    float total;        /* this frame, of an active node: both */
    uint32_t slot;      /* place among the active ones or, where it comes back, the extensions */
    float best;         /* highest log probability offered for the label so far */
    struct dsi_alignment_time time;
};

/* An extension that was no active node before the frame. */
struct dsi_prefix_extension {
    uint32_t parent, label;
    uint32_t child; /* a node that is not active, or DSI_LABEL_NONE */
    uint32_t state; /* of the dictionary, where there is no child */
    float score, entry_score;
    bool is_kept;
};

struct dsi_prefix {
    struct dsi_search base;
    struct dsi_search_config config;
    struct dsi_prefix_rules rules;
    bool has_begun;
    uint32_t n_frames;

    /* Of the frame; all owned, [n_labels]. */
    double *probs;
    float *posteriors; /* their logarithms */
    float *log_probs;  /* what upstream adds up: kept from -inf */
    uint32_t *order;   /* [n_chosen] labels that may be said, in upstream's order */
    uint32_t *places;  /* of each label in `order`, or DSI_PREFIX_NO_PLACE */
    size_t n_chosen;
    uint32_t *likeliest; /* [n_likeliest] the same but for the blank, likeliest first */
    size_t n_likeliest;
    float cutoff;        /* of a label's log probability and the score of a prefix: nothing below */
    float threshold;     /* of extensions: worse ones need no listing, they will not be kept */
    uint32_t *children;  /* scratch: of one prefix, by label; DSI_LABEL_NONE in between */
    uint32_t *followers; /* scratch: of one prefix */

    struct dsi_label_tree tree;
    struct dsi_prefix_node *nodes; /* owned; beside tree.nodes */
    size_t nodes_capacity;
    struct dsi_alignment_pool alignments;
    struct dsi_scoring_pool contexts;

    uint32_t *active; /* owned; [config.beam_width] */
    size_t n_active;
    float worst_total;                       /* of them */
    struct dsi_prefix_extension *extensions; /* owned; those of one parent together */
    size_t n_extensions, extensions_capacity;
    size_t *ends;                  /* owned; [config.beam_width] of each active one's extensions */
    struct dsi_prefix_rank *ranks; /* owned; of labels, of the frame, of the results */
    size_t ranks_capacity;
};

float dsi_prefix_add_logs(float a, float b);

static inline bool dsi_prefix_is_active(const struct dsi_prefix *prefix, uint32_t index) {
    return prefix->tree.nodes[index].now.total > -INFINITY;
}

/* Whether ties are decided as upstream does: for the first minute. To list the prefixes in its
 * order is to walk the whole tree, and the longer a text, the more prefixes score the same. */
static inline bool dsi_prefix_follows_order(const struct dsi_prefix *prefix) {
    return prefix->rules.has_order && prefix->n_frames < DSI_PREFIX_ORDERED_FRAMES;
}

/* What is compared where scores are equal. */
static inline uint32_t dsi_prefix_get_tie(const struct dsi_prefix *prefix, uint32_t label) {
    return prefix->rules.root_is_largest ? label : label + 1; /* DSI_LABEL_NONE is UINT32_MAX */
}

/* prefix_unit.c: words, and what they cost. */

/* The dictionary, where there is one that refuses anything. */
const struct dsi_dictionary *dsi_prefix_get_dictionary(const struct dsi_prefix *prefix);

/* Whether a unit ends between `node` and `label` (words), or with `label` (the others). */
bool dsi_prefix_is_boundary(const struct dsi_prefix *prefix, uint32_t node, uint32_t label);

/* Score, beta not in it, of the unit that ends with `node`, then `label` (unless DSI_LABEL_NONE),
 * and the context behind it (NULL: not wanted). */
float dsi_prefix_score_unit(const struct dsi_prefix *prefix, uint32_t node, uint32_t label,
                            bool is_last, struct dsi_scoring_context *next);

/* The same for a unit that ends with the node itself, computed once. */
float dsi_prefix_get_end_score(struct dsi_prefix *prefix, uint32_t node);

/* What `may_follow` of a node is whose `state` is known. */
uint64_t dsi_prefix_get_may_follow(const struct dsi_prefix *prefix, uint32_t state);

/* Finds the labels (not the blank) that may follow `node` in this frame, as far as its `may_follow`
 * tells, and leave its score no lower than `limit`: in upstream's order. Returns their number; they
 * are in prefix->followers. */
size_t dsi_prefix_find_followers(const struct dsi_prefix *prefix, uint32_t node, float limit);

/* Whether the dictionary lets `label` follow `node`; *next is the state behind it. */
bool dsi_prefix_may_follow(const struct dsi_prefix *prefix, uint32_t node, uint32_t label,
                           uint32_t *next);

/* prefix_score.c: what may happen in a frame, and how likely it is. probs and posteriors are there.
 * ERR_NO_MEMORY, ERR_LIMIT. */

enum dsinfer_status dsi_prefix_score_frame(struct dsi_prefix *prefix);

/* Lists the extensions again, those that are no worse than a threshold. */
enum dsinfer_status dsi_prefix_extend_frame(struct dsi_prefix *prefix, float threshold);

/* prefix_keep.c: makes the best of it the prefixes of the next frame. */

enum dsinfer_status dsi_prefix_keep_best(struct dsi_prefix *prefix);

/* What a new node begins with: the units of its extension, no time. ERR_NO_MEMORY. */
enum dsinfer_status dsi_prefix_fill_node(struct dsi_prefix *prefix, uint32_t index,
                                         const struct dsi_prefix_extension *extension);

/* Makes room for `n` ranks. */
bool dsi_prefix_reserve_ranks(struct dsi_prefix *prefix, size_t n);

/* prefix_saved.c */

enum dsinfer_status dsi_prefix_write(const struct dsi_search *search, struct dsi_writer *writer);
void dsi_prefix_read(struct dsi_search *search, uint32_t n_frames, struct dsi_reader *reader);

/* prefix_result.c */

size_t dsi_prefix_rank_results(struct dsi_search *search);
double dsi_prefix_get_score(const struct dsi_search *search, size_t i);
size_t dsi_prefix_get_length(const struct dsi_search *search, size_t i);
void dsi_prefix_get_labels(const struct dsi_search *search, size_t i,
                           struct dsi_search_label *labels);

#endif
