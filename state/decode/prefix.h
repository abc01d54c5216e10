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

/* What a node holds besides its place in the tree, in an array beside the tree's. */
struct dsi_prefix_node {
    uint32_t slot;      /* in the beam, or DSI_PREFIX_NO_PLACE */
    uint32_t extension; /* this frame: where it comes back, which */
    uint32_t state;     /* of the dictionary */
    uint32_t context;   /* of the units that ended up to here: goes with the node that ends one */
    bool has_end_score; /* end_score is known */
    float end_score;    /* of the unit that would end here, beta not in it */
    float entry_score;  /* of the unit that ends with this label, where such are scored */
    float best;         /* highest log probability offered for the label so far */
    struct dsi_alignment_time time;
};

/* A prefix of the beam: what every frame looks at. total, blank and last are upstream's score,
 * log_prob_b_prev and log_prob_nb_prev, the next ones what the frame makes of them. Sets of labels
 * have bit label % 64. */
struct dsi_prefix_member {
    uint32_t node;
    uint32_t label;  /* of the node: the last one, or DSI_LABEL_NONE */
    uint32_t parent; /* slot of its parent, or DSI_PREFIX_NO_PLACE where that is not in the beam */
    uint32_t alignment, next_alignment; /* or DSI_ALIGNMENT_NONE */
    float total, blank, last;
    float next_total, next_blank, next_last;
    bool has_memo;       /* this frame: the likeliest way comes from the parent */
    bool is_kept;        /* this frame */
    uint64_t may_follow; /* what the dictionary lets follow: not in it, not allowed */
    uint64_t living;     /* children in the beam, where sets are exact; else none */
    uint64_t children;   /* children of the node: not in it, no such child */
};

/* A label that may be said: likeliest first. */
struct dsi_prefix_likely {
    uint64_t reached; /* set of this one and those before */
    float log_prob;
    uint32_t label;
};

/* What was in the beam. */
struct dsi_prefix_leaver {
    uint32_t slot, node;
};

/* An extension that was not in the beam before the frame. */
struct dsi_prefix_extension {
    uint32_t parent; /* slot */
    uint32_t label;
    uint32_t child; /* a node that is not in the beam, or DSI_LABEL_NONE */
    float score, entry_score;
    uint32_t alignment; /* where it is kept */
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
    float *log_probs;  /* what upstream adds up: kept from -inf, which those not chosen have */
    uint32_t *order;   /* [n_chosen] labels that may be said, in upstream's order */
    uint32_t *places;  /* of each label in `order`, or DSI_PREFIX_NO_PLACE */
    size_t n_chosen;
    struct dsi_prefix_likely *likeliest; /* [n_likeliest] those that may matter, but the blank */
    size_t n_likeliest;
    float best_total;                /* of the members */
    float lowest_next, highest_next; /* next_total of the members */
    float cutoff;    /* of a label's log probability and the score of a prefix: nothing below */
    float threshold; /* of extensions: worse ones need no listing, they will not be kept */
    float limit, unit_limit; /* the same of probabilities alone: of a label, of one with a unit */
    uint32_t *children;      /* scratch: of one prefix, by label; DSI_LABEL_NONE in between */
    uint32_t *followers;     /* scratch: of one prefix */

    struct dsi_label_tree tree;
    struct dsi_prefix_node *nodes; /* owned; beside tree.nodes */
    size_t nodes_capacity;
    struct dsi_alignment_pool alignments;
    struct dsi_scoring_pool contexts;

    uint64_t may_begin;                /* the labels that words begin with */
    uint32_t space;                    /* the label that ends a unit, where these are words */
    bool is_exact;                     /* sets of labels are: there are few */
    struct dsi_prefix_member *members; /* owned; [config.beam_width] by slot, the beam */
    struct dsi_prefix_member *spare;   /* owned; as many, where the order is needed */
    size_t n_members;
    float worst_total;                       /* of them */
    struct dsi_prefix_extension *extensions; /* owned; those of one parent together */
    size_t n_extensions, extensions_capacity;
    size_t *ends;                      /* owned; [config.beam_width] of each member's extensions */
    struct dsi_prefix_leaver *leavers; /* owned; [config.beam_width] */
    size_t n_leavers;
    uint32_t *slots;               /* scratch; owned; [config.beam_width] */
    struct dsi_prefix_rank *ranks; /* owned; of labels, of the frame, of the results */
    size_t ranks_capacity;
};

/* exp of less vanishes beside 1 in float32: its logarithm is below that of 2^-24. */
#define DSI_PREFIX_NEGLIGIBLE (-17.0f)

static inline float dsi_prefix_add_logs(float a, float b) {
    const float highest = a > b ? a : b;
    const float lowest = a > b ? b : a;

    if (lowest - highest < DSI_PREFIX_NEGLIGIBLE || lowest <= DSI_PREFIX_IMPOSSIBLE) {
        return highest;
    }
    return logf(1.0f + expf(lowest - highest)) + highest; /* expf(0) is 1 */
}

/* Whether the node is in the beam. */
static inline bool dsi_prefix_is_active(const struct dsi_prefix *prefix, uint32_t index) {
    return prefix->nodes[index].slot != DSI_PREFIX_NO_PLACE;
}

/* What stands for a label in a set. */
static inline uint64_t dsi_prefix_get_bit(uint32_t label) {
    return UINT64_C(1) << label % 64;
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

/* What `may_follow` of a node is whose `state` is known; `may_begin` for the first state. */
uint64_t dsi_prefix_find_may_begin(const struct dsi_prefix *prefix);
uint64_t dsi_prefix_get_may_follow(const struct dsi_prefix *prefix, uint32_t state);

/* Finds the labels (not the blank) that may follow a prefix in this frame, as far as sets tell, and
 * leave its score no lower than `limit` (the space of words: `unit_limit`), in upstream's order.
 * Children in the beam are left out where sets are exact. Returns their number; they are in
 * prefix->followers. */
size_t dsi_prefix_find_followers(const struct dsi_prefix *prefix,
                                 const struct dsi_prefix_member *member, float limit,
                                 float unit_limit);

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

/* What a new node begins with: `state` of the dictionary, its units, no time, no slot.
 * ERR_NO_MEMORY. */
enum dsinfer_status dsi_prefix_fill_node(struct dsi_prefix *prefix, uint32_t index, uint32_t state,
                                         float entry_score);

/* Makes room for `n` ranks. */
bool dsi_prefix_reserve_ranks(struct dsi_prefix *prefix, size_t n);

/* prefix_member.c: who is in the beam. */

/* Puts a node into an empty slot, with its scores. The alignment is handed over. */
void dsi_prefix_join(struct dsi_prefix *prefix, uint32_t slot, uint32_t node, float blank,
                     float last, float total, uint32_t alignment);

/* Takes a prefix out of the beam, its slot is empty then, and lists it as a leaver. */
void dsi_prefix_leave(struct dsi_prefix *prefix, uint32_t slot);

/* Takes the leavers, as far as nothing hangs on them, out of the tree. */
void dsi_prefix_remove_leavers(struct dsi_prefix *prefix);

/* Puts the prefixes of the slots from[0 … n), all there are, into the slots 0 … n - 1 of `to`,
 * which may be the same array where the slots ascend, and makes that the beam. */
void dsi_prefix_arrange(struct dsi_prefix *prefix, struct dsi_prefix_member *to,
                        const uint32_t *from, size_t n);

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
