/* The beam search of TensorFlow 1.11 (CTCBeamSearchDecoder, merge_repeated off), as DeepSpeech 0.3
 * uses it: scores in float32, log-softmax values.
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
 * were active at the frame before go at the end of the frame only.) So memory grows with the text
 * alone, and no work does.
 *
 * TensorFlow tells no times. Here each prefix carries an alignment: its last label was added at the
 * frame at which the likeliest way to it (staying on the prefix, or coming from its parent) last
 * came from the parent. Scores do not depend on it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/alignment.h"
#include "state/decode/label_tree.h"
#include "state/decode/posterior.h"

#include "runtime/base/alloc.h"

#include <math.h>
#include <string.h>

/* A prefix of the beam. */
struct leaf {
    float total; /* its node's now.total */
    uint32_t index;
};

struct beam {
    struct dsi_search base;
    struct dsi_search_config config;
    float *row; /* owned; [config.n_labels] log posteriors of the frame */
    uint32_t n_frames;
    struct dsi_label_tree tree;
    struct dsi_alignment_pool alignments;
    struct leaf *leaves; /* owned; [config.beam_width], best first, between frames */
    size_t n_leaves;
    struct leaf *heap; /* owned; [config.beam_width], within a frame: the new beam, worst on top */
    size_t n_heap;
    uint32_t last_child; /* the child behind which the extension under way adds the next one */
};

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

static void heap_sink(struct leaf *heap, size_t n, struct leaf leaf) {
    size_t i = 0;
    size_t child;

    while ((child = 2 * i + 1) < n) {
        if (child + 1 < n && heap[child + 1].total < heap[child].total) {
            child++;
        }
        if (heap[child].total >= leaf.total) {
            break;
        }
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = leaf;
}

static void heap_push(struct beam *beam, struct leaf leaf) {
    size_t i = beam->n_heap++;

    while (i > 0 && beam->heap[(i - 1) / 2].total > leaf.total) {
        beam->heap[i] = beam->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    beam->heap[i] = leaf;
}

/* Turns the heap into the leaves, best first. */
static void take_heap(struct beam *beam) {
    struct leaf *heap = beam->heap;
    size_t n;

    for (n = beam->n_heap; n > 1; n--) {
        const struct leaf worst = heap[0];

        heap_sink(heap, n - 1, heap[n - 1]);
        heap[n - 1] = worst;
    }
    beam->heap = beam->leaves;
    beam->leaves = heap;
    beam->n_leaves = beam->n_heap;
    beam->n_heap = 0;
}

/* What a total must exceed to enter the new beam. */
static float get_threshold(const struct beam *beam) {
    return beam->n_heap < beam->config.beam_width ? -INFINITY : beam->heap[0].total;
}

/* From the end of this frame on, `label` of the node is added at this frame, to `previous`. */
static enum dsinfer_status align(struct beam *beam, struct dsi_label_node *node,
                                 uint32_t previous) {
    uint32_t alignment;
    enum dsinfer_status status = dsi_alignment_add(&beam->alignments, previous, beam->n_frames,
                                                   beam->row[node->label], &alignment);

    if (status == DSINFER_OK) {
        dsi_alignment_unref(&beam->alignments, node->next_alignment);
        node->next_alignment = alignment;
    }
    return status;
}

/* Moves one active prefix on by a frame without adding a label. */
static enum dsinfer_status rescore_node(struct beam *beam, struct dsi_label_node *node) {
    const float staying = node->before.total + beam->row[beam->config.n_labels - 1];
    enum dsinfer_status status = DSINFER_OK;

    if (node->parent != DSI_LABEL_NONE) {
        const struct dsi_label_node *parent = &beam->tree.nodes[node->parent];
        const float posterior = beam->row[node->label];

        if (parent->now.total != -INFINITY) {
            const float coming =
                parent->label == node->label ? parent->before.blank : parent->before.total;

            if (coming + posterior > fmaxf(node->now.label + posterior, staying)) {
                status = align(beam, node, parent->alignment);
            }
            node->now.label = add_logs(node->now.label, coming);
        }
        node->now.label += posterior;
    }
    node->now.blank = staying;
    node->now.total = add_logs(node->now.blank, node->now.label);
    return status;
}

/* Moves the active prefixes on, best first, into the new beam. */
static enum dsinfer_status rescore(struct beam *beam) {
    struct dsi_label_node *nodes = beam->tree.nodes;
    size_t i;

    for (i = 0; i < beam->n_leaves; i++) {
        struct dsi_label_node *node = &nodes[beam->leaves[i].index];

        node->before = node->now;
    }
    for (i = 0; i < beam->n_leaves; i++) {
        struct dsi_label_node *node = &nodes[beam->leaves[i].index];
        enum dsinfer_status status = rescore_node(beam, node);

        if (status != DSINFER_OK) {
            return status;
        }
        /* A prefix that became impossible leaves the beam, so that all in it are active. */
        if (node->now.total != -INFINITY) {
            heap_push(beam, (struct leaf){node->now.total, beam->leaves[i].index});
        }
    }
    return DSINFER_OK;
}

/* Pushes the worst prefix out of the beam. */
static void evict(struct beam *beam) {
    const uint32_t index = beam->heap[0].index;
    struct dsi_label_node *node = &beam->tree.nodes[index];

    beam->n_heap--;
    heap_sink(beam->heap, beam->n_heap, beam->heap[beam->n_heap]);
    node->now = (struct dsi_label_score){-INFINITY, -INFINITY, -INFINITY};
    dsi_alignment_unref(&beam->alignments, node->next_alignment);
    node->next_alignment = DSI_ALIGNMENT_NONE;
    if (node->before.total == -INFINITY && node->first_child == DSI_LABEL_NONE) {
        if (beam->last_child == index) {
            beam->last_child = node->previous;
        }
        dsi_label_tree_remove(&beam->tree, index);
    }
}

/* Makes `child`, or a new child of `parent` where it is none, active. */
static enum dsinfer_status activate(struct beam *beam, uint32_t parent, uint32_t child,
                                    uint32_t label, float total) {
    enum dsinfer_status status = DSINFER_OK;
    struct dsi_label_node *nodes;

    if (beam->n_heap == beam->config.beam_width) {
        evict(beam);
    }
    if (child == DSI_LABEL_NONE) {
        status = dsi_label_tree_add(&beam->tree, parent, beam->last_child, label, &child);
        if (status != DSINFER_OK) {
            return status;
        }
        beam->last_child = child;
    }
    nodes = beam->tree.nodes;
    nodes[child].now = (struct dsi_label_score){.total = total, .blank = -INFINITY, .label = total};
    heap_push(beam, (struct leaf){total, child});
    return align(beam, &nodes[child], nodes[parent].alignment);
}

/* Tries every label behind the prefix `index`. */
static enum dsinfer_status extend(struct beam *beam, uint32_t index) {
    const struct dsi_label_score before = beam->tree.nodes[index].before;
    const uint32_t last_label = beam->tree.nodes[index].label;
    const uint32_t n = (uint32_t)beam->config.n_labels - 1;
    float threshold = get_threshold(beam);
    uint32_t next = beam->tree.nodes[index].first_child;
    uint32_t label;

    beam->last_child = DSI_LABEL_NONE;
    for (label = 0; label < n; label++) {
        const float total = beam->row[label] + (label == last_label ? before.blank : before.total);
        uint32_t child = DSI_LABEL_NONE;
        enum dsinfer_status status;

        if (next != DSI_LABEL_NONE && beam->tree.nodes[next].label == label) {
            child = next;
            beam->last_child = child;
            next = beam->tree.nodes[child].next;
            if (beam->tree.nodes[child].now.total != -INFINITY) {
                continue;
            }
        }
        if (!(total > threshold)) {
            /* TensorFlow resets such a child, so that it is not extended though it was active at
             * the frame before. */
            if (child != DSI_LABEL_NONE) {
                beam->tree.nodes[child].before.total = -INFINITY;
            }
            continue;
        }
        status = activate(beam, index, child, label, total);
        if (status != DSINFER_OK) {
            return status;
        }
        threshold = get_threshold(beam);
    }
    return DSINFER_OK;
}

static void set_alignment(struct beam *beam, struct dsi_label_node *node, uint32_t alignment) {
    dsi_alignment_unref(&beam->alignments, node->alignment);
    node->alignment = alignment;
    node->next_alignment = DSI_ALIGNMENT_NONE;
}

/* Ends a frame: removes the nodes that nothing needs any more, and makes the new alignments and the
 * new beam the ones there are. */
static void end_frame(struct beam *beam) {
    struct dsi_label_node *nodes = beam->tree.nodes;
    size_t i;

    for (i = 0; i < beam->n_leaves; i++) {
        const uint32_t index = beam->leaves[i].index;

        if (nodes[index].now.total == -INFINITY) {
            nodes[index].before.total = -INFINITY;
            set_alignment(beam, &nodes[index], DSI_ALIGNMENT_NONE);
            dsi_label_tree_prune(&beam->tree, index);
        }
    }
    for (i = 0; i < beam->n_heap; i++) {
        struct dsi_label_node *node = &nodes[beam->heap[i].index];

        if (node->next_alignment != DSI_ALIGNMENT_NONE) {
            set_alignment(beam, node, node->next_alignment);
        }
    }
    take_heap(beam);
    beam->n_frames++;
}

static enum dsinfer_status step(struct beam *beam, const float *row) {
    enum dsinfer_status status;
    size_t i;

    dsi_posterior_compute(row, beam->config.n_labels, beam->config.is_probability, beam->row);
    status = rescore(beam);
    for (i = 0; i < beam->n_leaves && status == DSINFER_OK; i++) {
        const uint32_t index = beam->leaves[i].index;

        if (beam->tree.nodes[index].before.total > get_threshold(beam)) {
            status = extend(beam, index);
        }
    }
    if (status == DSINFER_OK) {
        end_frame(beam);
    }
    return status;
}

static void reset(struct dsi_search *search) {
    struct beam *beam = (struct beam *)search;

    dsi_label_tree_reset(&beam->tree);
    dsi_alignment_pool_reset(&beam->alignments);
    beam->tree.nodes[DSI_LABEL_ROOT].now = (struct dsi_label_score){0.0f, 0.0f, -INFINITY};
    beam->leaves[0] = (struct leaf){0.0f, DSI_LABEL_ROOT};
    beam->n_leaves = 1;
    beam->n_heap = 0;
    beam->n_frames = 0;
}

static void destroy(struct dsi_search *search) {
    struct beam *beam = (struct beam *)search;

    if (beam) {
        dsi_free(beam->row);
        dsi_free(beam->leaves);
        dsi_free(beam->heap);
        dsi_label_tree_finish(&beam->tree);
        dsi_alignment_pool_finish(&beam->alignments);
        dsi_free(beam);
    }
}

static enum dsinfer_status create(const struct dsi_search_config *config, struct dsi_search **out) {
    const size_t fixed = sizeof(struct beam) + config->n_labels * sizeof(float) +
                         2 * config->beam_width * sizeof(struct leaf);
    const size_t half = (DSI_SEARCH_MAX_MEMORY - fixed) / 2;
    struct beam *beam = dsi_calloc(1, sizeof(*beam));

    if (!beam) {
        return DSINFER_ERR_NO_MEMORY;
    }
    beam->base.type = &dsi_search_tensorflow;
    beam->config = *config;
    dsi_alignment_pool_init(&beam->alignments, half / sizeof(struct dsi_alignment));
    beam->row = dsi_malloc(config->n_labels * sizeof(*beam->row));
    beam->leaves = dsi_malloc(config->beam_width * sizeof(*beam->leaves));
    beam->heap = dsi_malloc(config->beam_width * sizeof(*beam->heap));
    if (!beam->row || !beam->leaves || !beam->heap ||
        dsi_label_tree_init(&beam->tree, half / sizeof(struct dsi_label_node)) != DSINFER_OK) {
        destroy(&beam->base);
        return DSINFER_ERR_NO_MEMORY;
    }
    reset(&beam->base);
    *out = &beam->base;
    return DSINFER_OK;
}

static enum dsinfer_status feed(struct dsi_search *search, const float *rows, size_t n_frames) {
    struct beam *beam = (struct beam *)search;
    enum dsinfer_status status = DSINFER_OK;
    size_t i;

    for (i = 0; i < n_frames && status == DSINFER_OK; i++) {
        status = step(beam, rows + i * beam->config.n_labels);
    }
    return status;
}

static size_t get_n_paths(const struct dsi_search *search) {
    return ((const struct beam *)search)->n_leaves;
}

static double get_score(const struct dsi_search *search, size_t i) {
    return (double)((const struct beam *)search)->leaves[i].total;
}

static size_t get_length(const struct dsi_search *search, size_t i) {
    const struct beam *beam = (const struct beam *)search;

    return beam->tree.nodes[beam->leaves[i].index].depth;
}

static void get_labels(const struct dsi_search *search, size_t i, struct dsi_search_label *labels) {
    const struct beam *beam = (const struct beam *)search;
    const struct dsi_label_node *node = &beam->tree.nodes[beam->leaves[i].index];
    const struct dsi_alignment *alignments = beam->alignments.items;
    uint32_t alignment = node->alignment;

    while (node->parent != DSI_LABEL_NONE) {
        labels[node->depth - 1] = (struct dsi_search_label){
            node->label, alignments[alignment].timestep, alignments[alignment].log_posterior};
        node = &beam->tree.nodes[node->parent];
        alignment = alignments[alignment].previous;
    }
}

static enum dsinfer_status copy(const struct dsi_search *from, struct dsi_search *to) {
    const struct beam *source = (const struct beam *)from;
    struct beam *target = (struct beam *)to;
    enum dsinfer_status status = dsi_label_tree_copy(&source->tree, &target->tree);

    if (status == DSINFER_OK) {
        status = dsi_alignment_pool_copy(&source->alignments, &target->alignments);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    memcpy(target->leaves, source->leaves, source->n_leaves * sizeof(*target->leaves));
    target->n_leaves = source->n_leaves;
    target->n_heap = 0;
    target->n_frames = source->n_frames;
    return DSINFER_OK;
}

const struct dsi_search_type dsi_search_tensorflow = {
    .name = "tensorflow",
    .create = create,
    .feed = feed,
    .get_n_paths = get_n_paths,
    .get_score = get_score,
    .get_length = get_length,
    .get_labels = get_labels,
    .reset = reset,
    .copy = copy,
    .destroy = destroy,
};
