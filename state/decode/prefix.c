/* The prefix beam search of DeepSpeech 0.4 to 0.9 and Coqui STT (ds_ctcdecoder): scores in float32,
 * -FLT_MAX standing for an impossible prefix.
 *
 * At every frame each active prefix stays (by a blank or its last label again) or is extended by a
 * label, then the `beam_width` best are kept. Upstream makes a node for every extension and removes
 * most of them again; here an extension becomes a node only when it is kept, which is the same,
 * because a new prefix has but one way to come about. A prefix that was dropped stays as long as a
 * longer one hangs on it, and comes back when it is reached again.
 *
 * The releases differ in how they break ties, what they do before the first sound and at the end,
 * and in the times they report: see `struct dsi_prefix_rules`. Which of equals are kept, and some
 * times of 0.6, depend on the order in which upstream's tree lists the prefixes: followed for the
 * first minute.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/prefix.h"

#include "runtime/base/alloc.h"
#include "state/decode/grow.h"
#include "state/decode/posterior.h"

#include <math.h>
#include <string.h>

/* So that a search stays below DSI_SEARCH_MAX_MEMORY. */
#define MAX_NODES                                                                                  \
    (DSI_SEARCH_MAX_MEMORY / 4 / (sizeof(struct dsi_label_node) + sizeof(struct dsi_prefix_node)))
#define MAX_ALIGNMENTS (DSI_SEARCH_MAX_MEMORY / 8 / sizeof(struct dsi_alignment))

/* Most extensions of a frame that are listed in upstream's order, which means all at once: they
 * take a quarter of DSI_SEARCH_MAX_MEMORY at most. */
#define MAX_ORDERED                                                                                \
    (DSI_SEARCH_MAX_MEMORY / 4 /                                                                   \
     (sizeof(struct dsi_prefix_extension) + sizeof(struct dsi_prefix_rank)))

/* From here on a frame is silence. */
#define SILENCE 0.999

static void compute_probs(struct dsi_prefix *prefix, const float *row) {
    const size_t n_labels = prefix->config.n_labels;
    size_t i;

    dsi_posterior_compute(row, n_labels, prefix->config.is_probability, prefix->posteriors);
    for (i = 0; i < n_labels; i++) {
        if (prefix->config.is_probability) {
            prefix->probs[i] = row[i] > 0.0f && isfinite(row[i]) ? (double)row[i] : 0.0;
        } else {
            prefix->probs[i] = exp((double)prefix->posteriors[i]);
        }
    }
}

static enum dsinfer_status feed_row(struct dsi_prefix *prefix, const float *row) {
    enum dsinfer_status status;

    compute_probs(prefix, row);
    if (!prefix->has_begun && prefix->rules.skips_silence &&
        prefix->probs[prefix->config.n_labels - 1] >= SILENCE) {
        return DSINFER_OK;
    }
    prefix->has_begun = true;
    status = dsi_prefix_score_frame(prefix);
    return status == DSINFER_OK ? dsi_prefix_keep_best(prefix) : status;
}

static enum dsinfer_status feed(struct dsi_search *search, const float *rows, size_t n_frames) {
    struct dsi_prefix *prefix = (struct dsi_prefix *)(void *)search;
    size_t i;

    for (i = 0; i < n_frames; i++) {
        enum dsinfer_status status = feed_row(prefix, rows + i * prefix->config.n_labels);

        if (status != DSINFER_OK) {
            return status;
        }
        prefix->n_frames++;
    }
    return DSINFER_OK;
}

/* What the language model and the dictionary begin with. */
static enum dsinfer_status begin_units(struct dsi_prefix *prefix) {
    const struct dsi_scoring *scoring = prefix->config.scoring;
    struct dsi_prefix_node *root = &prefix->nodes[prefix->tree.root];
    struct dsi_scoring_context context;

    *root = (struct dsi_prefix_node){.slot = DSI_PREFIX_NO_PLACE};
    dsi_scoring_pool_reset(&prefix->contexts);
    if (!scoring) {
        return DSINFER_OK;
    }
    root->state = scoring->dictionary ? scoring->dictionary->start : 0;
    prefix->tree.nodes[prefix->tree.root].ends_unit = true;
    dsi_scoring_begin(scoring, &context);
    return dsi_scoring_pool_add(&prefix->contexts, &context, &root->context);
}

static void reset(struct dsi_search *search) {
    struct dsi_prefix *prefix = (struct dsi_prefix *)(void *)search;
    uint32_t label;

    dsi_label_tree_reset(&prefix->tree);
    dsi_alignment_pool_reset(&prefix->alignments);
    (void)begin_units(prefix); /* there is room for one context since create */
    for (label = 0; label < prefix->config.n_labels; label++) {
        prefix->children[label] = DSI_LABEL_NONE;
    }
    dsi_prefix_join(prefix, 0, prefix->tree.root, 0.0f, DSI_PREFIX_IMPOSSIBLE, 0.0f,
                    DSI_ALIGNMENT_NONE);
    prefix->n_members = 1;
    prefix->n_leavers = 0;
    prefix->worst_total = 0.0f;
    prefix->n_frames = 0;
    prefix->has_begun = false;
}

static void destroy(struct dsi_search *search) {
    struct dsi_prefix *prefix = (struct dsi_prefix *)(void *)search;

    if (!prefix) {
        return;
    }
    dsi_label_tree_finish(&prefix->tree);
    dsi_alignment_pool_finish(&prefix->alignments);
    dsi_free(prefix->probs);
    dsi_free(prefix->posteriors);
    dsi_free(prefix->log_probs);
    dsi_free(prefix->order);
    dsi_free(prefix->places);
    dsi_free(prefix->children);
    dsi_free(prefix->followers);
    dsi_free(prefix->likeliest);
    dsi_free(prefix->nodes);
    dsi_scoring_pool_finish(&prefix->contexts);
    dsi_free(prefix->members);
    dsi_free(prefix->spare);
    dsi_free(prefix->leavers);
    dsi_free(prefix->slots);
    dsi_free(prefix->extensions);
    dsi_free(prefix->ends);
    dsi_free(prefix->ranks);
    dsi_free(prefix);
}

static struct dsi_prefix_rules get_rules(const struct dsi_search_config *config) {
    struct dsi_prefix_rules rules = {.has_order =
                                         config->n_labels * config->beam_width <= MAX_ORDERED};

    switch (config->family) {
    case DSINFER_FAMILY_DS04:
        rules.time = DSI_PREFIX_TIME_WHEN_MADE;
        break;
    case DSINFER_FAMILY_DS05:
        rules.time = DSI_PREFIX_TIME_WHEN_LIKELIER;
        break;
    case DSINFER_FAMILY_DS06:
        rules.time = DSI_PREFIX_TIME_WHILE_LEAF;
        rules.needs_order = rules.has_order && !config->scoring;
        rules.adds_beta_to_nothing = true;
        break;
    default:
        rules.time = DSI_PREFIX_TIME_BY_ALIGNMENT;
        rules.lists_children_first = true;
        rules.skips_silence = true;
        rules.skips_impossible = true;
        rules.root_is_largest = true;
        break;
    }
    return rules;
}

/* The label that ends a unit, where these are words. */
static uint32_t get_space(const struct dsi_scoring *scoring) {
    return scoring && scoring->unit == DSI_SCORING_WORDS && scoring->alphabet->has_space
               ? scoring->alphabet->space
               : DSI_LABEL_NONE;
}

static bool has_exact_sets(const struct dsi_search_config *config) {
    return config->n_labels - 1 <= 64 &&
           (!config->scoring || config->scoring->unit != DSI_SCORING_CODE_POINTS);
}

/* Allocates what a search always has. */
static bool allocate(struct dsi_prefix *prefix) {
    const size_t n_labels = prefix->config.n_labels;
    const size_t beam_width = prefix->config.beam_width;

    prefix->probs = dsi_malloc(n_labels * sizeof(*prefix->probs));
    prefix->posteriors = dsi_malloc(n_labels * sizeof(*prefix->posteriors));
    prefix->log_probs = dsi_malloc(n_labels * sizeof(*prefix->log_probs));
    prefix->order = dsi_malloc(n_labels * sizeof(*prefix->order));
    prefix->places = dsi_malloc(n_labels * sizeof(*prefix->places));
    prefix->children = dsi_malloc(n_labels * sizeof(*prefix->children));
    prefix->followers = dsi_malloc(n_labels * sizeof(*prefix->followers));
    prefix->likeliest = dsi_malloc(n_labels * sizeof(*prefix->likeliest));
    prefix->members = dsi_malloc(beam_width * sizeof(*prefix->members));
    prefix->spare =
        prefix->rules.needs_order ? dsi_malloc(beam_width * sizeof(*prefix->spare)) : NULL;
    prefix->leavers = dsi_malloc(beam_width * sizeof(*prefix->leavers));
    prefix->slots = dsi_malloc(beam_width * sizeof(*prefix->slots));
    prefix->ends = dsi_malloc(beam_width * sizeof(*prefix->ends));
    prefix->nodes = dsi_grow(NULL, &prefix->nodes_capacity, 1, sizeof(*prefix->nodes));
    return prefix->probs && prefix->posteriors && prefix->log_probs && prefix->order &&
           prefix->places && prefix->children && prefix->followers && prefix->likeliest &&
           prefix->members && (prefix->spare || !prefix->rules.needs_order) && prefix->leavers &&
           prefix->slots && prefix->ends && prefix->nodes &&
           dsi_prefix_reserve_ranks(prefix, n_labels > beam_width ? n_labels : beam_width) &&
           dsi_label_tree_init(&prefix->tree, MAX_NODES) == DSINFER_OK &&
           begin_units(prefix) == DSINFER_OK;
}

static enum dsinfer_status create(const struct dsi_search_config *config, struct dsi_search **out) {
    struct dsi_prefix *prefix = dsi_calloc(1, sizeof(*prefix));

    *out = NULL;
    if (!prefix) {
        return DSINFER_ERR_NO_MEMORY;
    }
    prefix->base.type = &dsi_search_prefix;
    prefix->config = *config;
    prefix->rules = get_rules(config);
    prefix->is_exact = has_exact_sets(config);
    prefix->space = get_space(config->scoring);
    prefix->may_begin = dsi_prefix_find_may_begin(prefix);
    dsi_alignment_pool_init(&prefix->alignments, MAX_ALIGNMENTS);
    if (!allocate(prefix)) {
        destroy(&prefix->base);
        return DSINFER_ERR_NO_MEMORY;
    }
    reset(&prefix->base);
    *out = &prefix->base;
    return DSINFER_OK;
}

static enum dsinfer_status copy(const struct dsi_search *from, struct dsi_search *to) {
    const struct dsi_prefix *source = (const struct dsi_prefix *)(const void *)from;
    struct dsi_prefix *prefix = (struct dsi_prefix *)(void *)to;
    enum dsinfer_status status = dsi_label_tree_copy(&source->tree, &prefix->tree);
    struct dsi_prefix_node *nodes;

    if (status == DSINFER_OK) {
        status = dsi_alignment_pool_copy(&source->alignments, &prefix->alignments);
    }
    if (status == DSINFER_OK) {
        status = dsi_scoring_pool_copy(&source->contexts, &prefix->contexts);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    nodes = dsi_grow(prefix->nodes, &prefix->nodes_capacity, source->tree.n_nodes, sizeof(*nodes));
    if (!nodes) {
        return DSINFER_ERR_NO_MEMORY;
    }
    prefix->nodes = nodes;
    memcpy(nodes, source->nodes, source->tree.n_nodes * sizeof(*nodes));
    memcpy(prefix->members, source->members, source->n_members * sizeof(*prefix->members));
    prefix->n_members = source->n_members;
    prefix->worst_total = source->worst_total;
    prefix->n_frames = source->n_frames;
    prefix->has_begun = source->has_begun;
    return DSINFER_OK;
}

const struct dsi_search_type dsi_search_prefix = {
    .name = "prefix",
    .kind = DSINFER_DECODER_PREFIX,
    .create = create,
    .feed = feed,
    .rank = dsi_prefix_rank_results,
    .get_score = dsi_prefix_get_score,
    .get_length = dsi_prefix_get_length,
    .get_labels = dsi_prefix_get_labels,
    .reset = reset,
    .copy = copy,
    .write = dsi_prefix_write,
    .read = dsi_prefix_read,
    .destroy = destroy,
};
