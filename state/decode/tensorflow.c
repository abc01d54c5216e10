/* The beam search of TensorFlow 1.11 (CTCBeamSearchDecoder, merge_repeated off), as DeepSpeech 0.3
 * uses it: scores in float32, log-softmax values. 0.1 had that of 1.4, which takes logits less the
 * largest one.
 *
 * A prefix is active while it is one of the `beam_width` best. At every frame the active prefixes
 * are rescored, then those that beat the worst of the beam as it stands at that moment are
 * extended, in descending order of their score at the frame before. Both orders matter: the texts
 * depend on who had been pushed out before whom was tried.
 *
 * TensorFlow keeps every node it ever made. Here a node goes when it is neither active nor the
 * prefix of one that is: all that the search ever reads of such a node again is that its scores are
 * impossible, which is just what those of a new one are. (`before` is the exception: a prefix that
 * was pushed out in this frame is still extended by what it was at the frame before, so nodes that
 * were active at the frame before go at the end of the frame only.) The children of a node are in
 * ascending order of their labels. What all prefixes have in common is put aside, so that nothing
 * but plain labels grows with the text.
 *
 * TensorFlow tells no times. Here each prefix carries an alignment: its last label was added at the
 * frame at which the likeliest way to it (staying on the prefix, or coming from its parent) last
 * came from the parent. Scores do not depend on it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/tensorflow.h"

#include "state/decode/grow.h"
#include "state/decode/posterior.h"

#include "runtime/base/alloc.h"

#include <math.h>
#include <string.h>

/* Frames between two attempts to put aside what all prefixes have in common. */
#define COMMIT_INTERVAL 16

/* log(exp(a) + exp(b)) */
static float add_logs(float a, float b) {
    if (a == -INFINITY) {
        return b;
    }
    if (b == -INFINITY) {
        return a;
    }
    return a > b ? a + log1pf(expf(b - a)) : b + log1pf(expf(a - b));
}

/* Replaces the leaf on top of the heap: down the way of the worse ones to the end, and up again to
 * where the new one belongs, which is not far for one that was at the end. */
static void heap_sink(struct dsi_tensorflow_leaf *heap, size_t n, struct dsi_tensorflow_leaf leaf) {
    size_t i = 0;
    size_t child;

    for (child = 2; child < n; child = 2 * i + 2) {
        child -= heap[child - 1].total <= heap[child].total;
        heap[i] = heap[child];
        i = child;
    }
    if (child == n) {
        heap[i] = heap[n - 1];
        i = n - 1;
    }
    while (i > 0 && heap[(i - 1) / 2].total >= leaf.total) {
        heap[i] = heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap[i] = leaf;
}

static void heap_push(struct dsi_tensorflow *beam, struct dsi_tensorflow_leaf leaf) {
    size_t i = beam->n_heap++;

    while (i > 0 && beam->heap[(i - 1) / 2].total > leaf.total) {
        beam->heap[i] = beam->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    beam->heap[i] = leaf;
}

/* Turns the heap into the leaves, best first. */
static void take_heap(struct dsi_tensorflow *beam) {
    struct dsi_tensorflow_leaf *heap = beam->heap;
    size_t n;

    for (n = beam->n_heap; n > 1; n--) {
        const struct dsi_tensorflow_leaf worst = heap[0];

        heap_sink(heap, n - 1, heap[n - 1]);
        heap[n - 1] = worst;
    }
    beam->heap = beam->leaves;
    beam->leaves = heap;
    beam->n_leaves = beam->n_heap;
    beam->n_heap = 0;
}

/* What a total must exceed to enter the new beam. */
static float get_threshold(const struct dsi_tensorflow *beam) {
    return beam->n_heap < beam->config.beam_width ? -INFINITY : beam->heap[0].total;
}

static const struct dsi_tensorflow_score IMPOSSIBLE = {-INFINITY, -INFINITY, -INFINITY};

enum dsinfer_status dsi_tensorflow_fill_node(struct dsi_tensorflow *beam, uint32_t index) {
    struct dsi_tensorflow_node *nodes =
        dsi_grow(beam->nodes, &beam->nodes_capacity, beam->tree.n_nodes, sizeof(*nodes));

    if (!nodes) {
        return DSINFER_ERR_NO_MEMORY;
    }
    beam->nodes = nodes;
    nodes[index] = (struct dsi_tensorflow_node){IMPOSSIBLE, IMPOSSIBLE, DSI_ALIGNMENT_NONE,
                                                DSI_ALIGNMENT_NONE};
    return DSINFER_OK;
}

/* From the end of this frame on, the last label of a prefix is added at this frame, to `previous`.
 */
static enum dsinfer_status align(struct dsi_tensorflow *beam, uint32_t index, uint32_t previous) {
    uint32_t alignment;
    const struct dsi_alignment_time time = {beam->n_frames,
                                            beam->row[beam->tree.nodes[index].label] - beam->shift};
    enum dsinfer_status status = dsi_alignment_add(&beam->alignments, previous, time, &alignment);

    if (status == DSINFER_OK) {
        dsi_alignment_unref(&beam->alignments, beam->nodes[index].next_alignment);
        beam->nodes[index].next_alignment = alignment;
    }
    return status;
}

/* Moves one active prefix on by a frame without adding a label. */
static enum dsinfer_status rescore_node(struct dsi_tensorflow *beam, uint32_t index) {
    struct dsi_label_node *node = &beam->tree.nodes[index];
    struct dsi_tensorflow_node *own = &beam->nodes[index];
    const float staying = own->before.total + beam->row[beam->config.n_labels - 1];
    enum dsinfer_status status = DSINFER_OK;

    if (node->parent != DSI_LABEL_NONE && beam->tree.nodes[node->parent].is_active) {
        const struct dsi_tensorflow_node *parent = &beam->nodes[node->parent];
        float coming = beam->tree.nodes[node->parent].label == node->label ? parent->before.blank
                                                                           : parent->before.total;

        if (beam->lm.scoring) {
            coming = dsi_tensorflow_lm_get(&beam->lm, &beam->tree, index) + coming;
        }
        if (coming + beam->row[node->label] >
            fmaxf(own->now.label + beam->row[node->label], staying)) {
            status = align(beam, index, parent->alignment);
        }
        own->now.label = add_logs(own->now.label, coming);
    }
    if (node->label != DSI_LABEL_NONE) {
        own->now.label += beam->row[node->label];
    }
    own->now.blank = staying;
    own->now.total = add_logs(own->now.blank, own->now.label);
    /* A prefix that became impossible leaves the beam. */
    node->is_active = own->now.total != -INFINITY;
    return status;
}

/* Moves the active prefixes on, best first, into the new beam. */
static enum dsinfer_status rescore(struct dsi_tensorflow *beam) {
    struct dsi_tensorflow_node *nodes = beam->nodes;
    size_t i;

    for (i = 0; i < beam->n_leaves; i++) {
        nodes[beam->leaves[i].index].before = nodes[beam->leaves[i].index].now;
    }
    for (i = 0; i < beam->n_leaves; i++) {
        const uint32_t index = beam->leaves[i].index;
        enum dsinfer_status status = rescore_node(beam, index);

        if (status != DSINFER_OK) {
            return status;
        }
        if (beam->tree.nodes[index].is_active) {
            heap_push(beam, (struct dsi_tensorflow_leaf){nodes[index].now.total, index});
        }
    }
    return DSINFER_OK;
}

static void remove_node(struct dsi_tensorflow *beam, uint32_t index) {
    dsi_tensorflow_lm_remove(&beam->lm, &beam->tree, index);
    dsi_label_tree_remove(&beam->tree, index);
}

/* Removes a node, then its parent and so on up, as far as nothing needs them. */
static void prune(struct dsi_tensorflow *beam, uint32_t index) {
    const struct dsi_label_node *nodes = beam->tree.nodes;

    while (nodes[index].parent != DSI_LABEL_NONE && nodes[index].first_child == DSI_LABEL_NONE &&
           !nodes[index].is_active) {
        const uint32_t parent = nodes[index].parent;

        remove_node(beam, index);
        index = parent;
    }
}

/* Pushes the worst prefix out of the beam. */
static void evict(struct dsi_tensorflow *beam) {
    const uint32_t index = beam->heap[0].index;
    struct dsi_label_node *node = &beam->tree.nodes[index];
    struct dsi_tensorflow_node *own = &beam->nodes[index];

    beam->n_heap--;
    heap_sink(beam->heap, beam->n_heap, beam->heap[beam->n_heap]);
    node->is_active = false;
    own->now = IMPOSSIBLE;
    dsi_alignment_unref(&beam->alignments, own->next_alignment);
    own->next_alignment = DSI_ALIGNMENT_NONE;
    if (own->before.total == -INFINITY && node->first_child == DSI_LABEL_NONE) {
        if (beam->last_child == index) {
            beam->last_child = node->previous;
        }
        remove_node(beam, index);
    }
}

/* Makes `child`, or a new child of `parent` where it is none, active. */
static enum dsinfer_status activate(struct dsi_tensorflow *beam, uint32_t parent, uint32_t child,
                                    uint32_t label, float total) {
    enum dsinfer_status status = DSINFER_OK;

    if (beam->n_heap == beam->config.beam_width) {
        evict(beam);
    }
    if (child == DSI_LABEL_NONE) {
        status = dsi_label_tree_add(&beam->tree, parent, beam->last_child, label, &child);
        if (status != DSINFER_OK) {
            return status;
        }
        beam->last_child = child;
        status = dsi_tensorflow_fill_node(beam, child);
        if (status == DSINFER_OK && beam->lm.scoring) {
            status = dsi_tensorflow_lm_add(&beam->lm, &beam->tree, child);
        }
        if (status != DSINFER_OK) {
            return status;
        }
    }
    beam->tree.nodes[child].is_active = true;
    beam->nodes[child].now =
        (struct dsi_tensorflow_score){.total = total, .blank = -INFINITY, .label = total};
    heap_push(beam, (struct dsi_tensorflow_leaf){total, child});
    return align(beam, child, beam->nodes[parent].alignment);
}

/* Lists the labels that may bring the prefix `index` into the beam as it is now, ascending: as the
 * beam only gets better, no others will. Their costs are in beam->costs. */
static size_t list_likely(struct dsi_tensorflow *beam, uint32_t index) {
    const uint32_t n_labels = (uint32_t)beam->config.n_labels - 1;
    const float before = beam->nodes[index].before.total; /* before.blank is no more */
    const float threshold = get_threshold(beam);
    const float best = beam->lm.scoring ? dsi_tensorflow_lm_get_best(&beam->lm, index) : 0.0f;
    size_t n = 0;
    uint32_t label;

    if (!(beam->likeliest + (best + before) > threshold)) {
        return 0;
    }
    if (beam->lm.scoring) {
        dsi_tensorflow_lm_list(&beam->lm, &beam->tree, index, n_labels, beam->costs);
    }
    for (label = 0; label < n_labels; label++) {
        beam->likely[n] = label;
        n += beam->row[label] + (beam->costs[label] + before) > threshold;
    }
    return n;
}

/* Goes from the child `next` on to the first one whose label is not below `label`. TensorFlow
 * resets those that did not enter the beam, so that they are not extended though they were active
 * at the frame before. */
static uint32_t pass_children(struct dsi_tensorflow *beam, uint32_t next, uint32_t label) {
    const struct dsi_label_node *nodes = beam->tree.nodes;

    while (next != DSI_LABEL_NONE && nodes[next].label < label) {
        if (!nodes[next].is_active) {
            beam->nodes[next].before.total = -INFINITY;
        }
        beam->last_child = next;
        next = nodes[next].next;
    }
    return next;
}

/* Tries every label behind the prefix `index`. */
static enum dsinfer_status extend(struct dsi_tensorflow *beam, uint32_t index) {
    const size_t n = list_likely(beam, index);
    uint32_t next = beam->tree.nodes[index].first_child;
    size_t i;

    beam->last_child = DSI_LABEL_NONE;
    for (i = 0; i < n; i++) {
        const uint32_t label = beam->likely[i];
        const struct dsi_tensorflow_score *scores = &beam->nodes[index].before;
        const float before = label == beam->tree.nodes[index].label ? scores->blank : scores->total;
        const float total = beam->row[label] + (beam->costs[label] + before);
        uint32_t child;

        next = pass_children(beam, next, label);
        child =
            next != DSI_LABEL_NONE && beam->tree.nodes[next].label == label ? next : DSI_LABEL_NONE;
        if (total > get_threshold(beam) &&
            (child == DSI_LABEL_NONE || !beam->tree.nodes[child].is_active)) {
            enum dsinfer_status status = activate(beam, index, child, label, total);

            if (status != DSINFER_OK) {
                return status;
            }
        }
    }
    (void)pass_children(beam, next, DSI_LABEL_NONE);
    return DSINFER_OK;
}

static void set_alignment(struct dsi_tensorflow *beam, uint32_t index, uint32_t alignment) {
    struct dsi_tensorflow_node *own = &beam->nodes[index];

    dsi_alignment_unref(&beam->alignments, own->alignment);
    own->alignment = alignment;
    own->next_alignment = DSI_ALIGNMENT_NONE;
}

/* Drops the prefixes that differ from the best one in the older half of what is not put aside. */
static void drop_old(struct dsi_tensorflow *beam) {
    struct dsi_label_node *nodes = beam->tree.nodes;
    const uint32_t middle =
        dsi_label_tree_find_middle(&beam->tree, beam->leaves[0].index, beam->lm.scoring != NULL);
    size_t n_kept = 0;
    size_t i;

    for (i = 0; i < beam->n_leaves; i++) {
        const struct dsi_tensorflow_leaf leaf = beam->leaves[i];

        if (dsi_label_tree_is_below(&beam->tree, leaf.index, middle)) {
            beam->heap[n_kept++] = leaf;
        } else {
            nodes[leaf.index].is_active = false;
            beam->nodes[leaf.index].now = IMPOSSIBLE;
            set_alignment(beam, leaf.index, DSI_ALIGNMENT_NONE);
        }
    }
    for (i = 0; i < beam->n_leaves; i++) {
        if (!nodes[beam->leaves[i].index].is_active) {
            prune(beam, beam->leaves[i].index);
        }
    }
    memcpy(beam->leaves, beam->heap, n_kept * sizeof(*beam->leaves));
    beam->n_leaves = n_kept;
}

/* Puts aside what all prefixes have in common. */
static enum dsinfer_status commit(struct dsi_tensorflow *beam) {
    struct dsi_label_tree *tree = &beam->tree;
    enum dsinfer_status status;
    uint32_t target;

    if (beam->n_leaves > 0 && dsi_label_tree_is_overgrown(tree, beam->config.beam_width)) {
        drop_old(beam);
    }
    if (tree->nodes[tree->root].is_active || beam->n_leaves == 0) {
        return DSINFER_OK;
    }
    status = dsi_alignment_commit(&beam->alignments, beam->nodes[beam->leaves[0].index].alignment);
    target = dsi_label_tree_find_common(tree, beam->lm.scoring != NULL);
    while (status == DSINFER_OK && tree->root != target) {
        dsi_tensorflow_lm_remove(&beam->lm, tree, tree->root);
        status = dsi_label_tree_advance(tree);
    }
    return status;
}

/* Ends a frame: removes the nodes that nothing needs any more, and makes the new alignments and the
 * new beam the ones there are. */
static enum dsinfer_status end_frame(struct dsi_tensorflow *beam) {
    size_t i;

    for (i = 0; i < beam->n_leaves; i++) {
        const uint32_t index = beam->leaves[i].index;

        if (!beam->tree.nodes[index].is_active) {
            beam->nodes[index].before.total = -INFINITY;
            set_alignment(beam, index, DSI_ALIGNMENT_NONE);
            prune(beam, index);
        }
    }
    for (i = 0; i < beam->n_heap; i++) {
        const uint32_t index = beam->heap[i].index;

        if (beam->nodes[index].next_alignment != DSI_ALIGNMENT_NONE) {
            set_alignment(beam, index, beam->nodes[index].next_alignment);
        }
    }
    take_heap(beam);
    beam->n_frames++;
    return beam->n_frames % COMMIT_INTERVAL == 0 ? commit(beam) : DSINFER_OK;
}

/* Reads a row. */
static void take_row(struct dsi_tensorflow *beam, const float *row) {
    const size_t n_labels = beam->config.n_labels;
    float highest = -INFINITY;
    size_t i;

    dsi_posterior_compute(row, n_labels, beam->config.is_probability, beam->row);
    beam->shift = 0.0f;
    if (beam->config.family == DSINFER_FAMILY_DS01) {
        for (i = 0; i < n_labels; i++) {
            highest = fmaxf(highest, beam->row[i]);
        }
        for (i = 0; i < n_labels; i++) {
            beam->row[i] -= highest;
        }
        beam->shift = -highest;
    }
    beam->likeliest = -INFINITY;
    for (i = 0; i + 1 < n_labels; i++) {
        beam->likeliest = fmaxf(beam->likeliest, beam->row[i]);
    }
}

static enum dsinfer_status step(struct dsi_tensorflow *beam, const float *row) {
    enum dsinfer_status status;
    size_t i;

    take_row(beam, row);
    status = rescore(beam);
    for (i = 0; i < beam->n_leaves && status == DSINFER_OK; i++) {
        const uint32_t index = beam->leaves[i].index;

        if (beam->nodes[index].before.total > get_threshold(beam)) {
            status = extend(beam, index);
        }
    }
    return status == DSINFER_OK ? end_frame(beam) : status;
}

static void reset(struct dsi_search *search) {
    struct dsi_tensorflow *beam = (struct dsi_tensorflow *)search;

    dsi_label_tree_reset(&beam->tree);
    dsi_alignment_pool_reset(&beam->alignments);
    (void)dsi_tensorflow_fill_node(beam, beam->tree.root); /* there is room since create */
    (void)dsi_tensorflow_lm_begin(&beam->lm, &beam->tree);
    beam->tree.nodes[beam->tree.root].is_active = true;
    beam->nodes[beam->tree.root].now = (struct dsi_tensorflow_score){0.0f, 0.0f, -INFINITY};
    beam->leaves[0] = (struct dsi_tensorflow_leaf){0.0f, beam->tree.root};
    beam->n_leaves = 1;
    beam->n_heap = 0;
    beam->n_frames = 0;
}

static void destroy(struct dsi_search *search) {
    struct dsi_tensorflow *beam = (struct dsi_tensorflow *)search;

    if (beam) {
        dsi_free(beam->row);
        dsi_free(beam->costs);
        dsi_free(beam->likely);
        dsi_free(beam->leaves);
        dsi_free(beam->heap);
        dsi_free(beam->ranks);
        dsi_free(beam->nodes);
        dsi_tensorflow_lm_finish(&beam->lm);
        dsi_label_tree_finish(&beam->tree);
        dsi_alignment_pool_finish(&beam->alignments);
        dsi_free(beam);
    }
}

static enum dsinfer_status create(const struct dsi_search_config *config, struct dsi_search **out) {
    const size_t fixed =
        sizeof(struct dsi_tensorflow) + config->n_labels * (2 * sizeof(float) + sizeof(uint32_t)) +
        config->beam_width *
            (2 * sizeof(struct dsi_tensorflow_leaf) + sizeof(struct dsi_prefix_rank));
    const size_t quarter = (DSI_SEARCH_MAX_MEMORY - fixed) / 4;
    struct dsi_tensorflow *beam = dsi_calloc(1, sizeof(*beam));

    if (!beam) {
        return DSINFER_ERR_NO_MEMORY;
    }
    beam->base.type = &dsi_search_tensorflow;
    beam->config = *config;
    dsi_alignment_pool_init(&beam->alignments, quarter / sizeof(struct dsi_alignment));
    beam->row = dsi_malloc(config->n_labels * sizeof(*beam->row));
    beam->costs = dsi_calloc(config->n_labels, sizeof(*beam->costs));
    beam->likely = dsi_malloc(config->n_labels * sizeof(*beam->likely));
    beam->leaves = dsi_malloc(config->beam_width * sizeof(*beam->leaves));
    beam->heap = dsi_malloc(config->beam_width * sizeof(*beam->heap));
    beam->ranks = dsi_malloc(config->beam_width * sizeof(*beam->ranks));
    dsi_tensorflow_lm_init(&beam->lm, config->scoring, config->family == DSINFER_FAMILY_DS01);
    if (!beam->row || !beam->costs || !beam->likely || !beam->leaves || !beam->heap ||
        !beam->ranks ||
        dsi_label_tree_init(&beam->tree, quarter / (sizeof(struct dsi_label_node) +
                                                    sizeof(struct dsi_tensorflow_node) +
                                                    sizeof(struct dsi_tensorflow_words))) !=
            DSINFER_OK ||
        dsi_tensorflow_fill_node(beam, beam->tree.root) != DSINFER_OK ||
        dsi_tensorflow_lm_begin(&beam->lm, &beam->tree) != DSINFER_OK) {
        destroy(&beam->base);
        return DSINFER_ERR_NO_MEMORY;
    }
    reset(&beam->base);
    *out = &beam->base;
    return DSINFER_OK;
}

static enum dsinfer_status feed(struct dsi_search *search, const float *rows, size_t n_frames) {
    struct dsi_tensorflow *beam = (struct dsi_tensorflow *)search;
    enum dsinfer_status status = DSINFER_OK;
    size_t i;

    for (i = 0; i < n_frames && status == DSINFER_OK; i++) {
        status = step(beam, rows + i * beam->config.n_labels);
    }
    return status;
}

static size_t rank(struct dsi_search *search) {
    struct dsi_tensorflow *beam = (struct dsi_tensorflow *)search;
    size_t i;

    for (i = 0; i < beam->n_leaves; i++) {
        const struct dsi_tensorflow_leaf *leaf = &beam->leaves[i];
        const float end = beam->lm.scoring
                              ? dsi_tensorflow_lm_compute_end(&beam->lm, &beam->tree, leaf->index)
                              : 0.0f;

        beam->ranks[i] = (struct dsi_prefix_rank){leaf->total + end, (uint32_t)i, leaf->index};
    }
    dsi_prefix_sort(beam->ranks, beam->n_leaves);
    return beam->n_leaves;
}

static double get_score(const struct dsi_search *search, size_t i) {
    return (double)((const struct dsi_tensorflow *)search)->ranks[i].score;
}

static size_t get_length(const struct dsi_search *search, size_t i) {
    const struct dsi_tensorflow *beam = (const struct dsi_tensorflow *)search;

    return beam->tree.nodes[beam->ranks[i].index].depth;
}

static void get_labels(const struct dsi_search *search, size_t i, struct dsi_search_label *labels) {
    const struct dsi_tensorflow *beam = (const struct dsi_tensorflow *)search;
    const uint32_t index = beam->ranks[i].index;

    dsi_label_tree_get(&beam->tree, index, labels);
    dsi_alignment_get(&beam->alignments, beam->nodes[index].alignment, labels,
                      beam->tree.nodes[index].depth);
}

static enum dsinfer_status copy(const struct dsi_search *from, struct dsi_search *to) {
    const struct dsi_tensorflow *source = (const struct dsi_tensorflow *)from;
    struct dsi_tensorflow *target = (struct dsi_tensorflow *)to;
    enum dsinfer_status status = dsi_label_tree_copy(&source->tree, &target->tree);
    struct dsi_tensorflow_node *nodes;

    if (status == DSINFER_OK) {
        status = dsi_alignment_pool_copy(&source->alignments, &target->alignments);
    }
    if (status == DSINFER_OK) {
        status = dsi_tensorflow_lm_copy(&source->lm, &target->lm, source->tree.n_nodes);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    nodes = dsi_grow(target->nodes, &target->nodes_capacity, source->tree.n_nodes, sizeof(*nodes));
    if (!nodes) {
        return DSINFER_ERR_NO_MEMORY;
    }
    target->nodes = nodes;
    memcpy(nodes, source->nodes, source->tree.n_nodes * sizeof(*nodes));
    memcpy(target->leaves, source->leaves, source->n_leaves * sizeof(*target->leaves));
    target->n_leaves = source->n_leaves;
    target->n_heap = 0;
    target->n_frames = source->n_frames;
    return DSINFER_OK;
}

const struct dsi_search_type dsi_search_tensorflow = {
    .name = "tensorflow",
    .kind = DSINFER_DECODER_TENSORFLOW,
    .create = create,
    .feed = feed,
    .rank = rank,
    .get_score = get_score,
    .get_length = get_length,
    .get_labels = get_labels,
    .reset = reset,
    .copy = copy,
    .write = dsi_tensorflow_write,
    .read = dsi_tensorflow_read,
    .destroy = destroy,
};
