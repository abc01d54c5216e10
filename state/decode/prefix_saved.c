/* The prefix search as bytes: whether it has begun, what all prefixes have in common (times,
 * labels, the dictionary's state behind them), then the nodes, the root first. A node is its place
 * in the tree and its place in the beam, counted from 1; where it has one, its scores and, in 0.9,
 * its alignment follow; in other releases each label has a time, in some with what it must beat.
 *
 * States of the dictionary, contexts of the language model and scores of units follow from the
 * labels: where the text before the root is long, from its last units, which make up its context.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/prefix.h"

#include "runtime/base/alloc.h"

#include <inttypes.h>

static bool is_by_alignment(const struct dsi_prefix *prefix) {
    return prefix->rules.time == DSI_PREFIX_TIME_BY_ALIGNMENT;
}

static bool has_best(const struct dsi_prefix *prefix) {
    return prefix->rules.time == DSI_PREFIX_TIME_WHEN_LIKELIER ||
           prefix->rules.time == DSI_PREFIX_TIME_WHILE_LEAF;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void write_nodes(const struct dsi_prefix *prefix, struct dsi_alignment_saved *saved,
                        struct dsi_writer *writer) {
    const struct dsi_label_tree *tree = &prefix->tree;
    uint32_t before = DSI_LABEL_NONE;
    uint32_t timestep = 0;
    uint32_t index;

    for (index = tree->root; index != DSI_LABEL_NONE;
         index = dsi_label_tree_get_next(tree, index)) {
        const struct dsi_prefix_node *own = &prefix->nodes[index];

        if (before != DSI_LABEL_NONE) {
            dsi_label_tree_write_node(tree, before, index, writer);
        }
        if (before != DSI_LABEL_NONE && !is_by_alignment(prefix)) {
            dsi_alignment_write_time(writer, timestep, own->time);
            timestep = own->time.timestep;
        }
        if (before != DSI_LABEL_NONE && has_best(prefix)) {
            dsi_writer_put_float(writer, own->best);
        }
        before = index;
        dsi_writer_put_number(writer, own->slot + 1); /* 0: not in the beam */
        if (dsi_prefix_is_active(prefix, index)) {
            const struct dsi_prefix_member *member = &prefix->members[own->slot];

            dsi_writer_put_float(writer, member->blank);
            dsi_writer_put_float(writer, member->last);
            if (is_by_alignment(prefix)) {
                dsi_alignment_write(&prefix->alignments, saved, member->alignment, prefix->n_frames,
                                    writer);
            }
        }
    }
}

enum dsinfer_status dsi_prefix_write(const struct dsi_search *search, struct dsi_writer *writer) {
    const struct dsi_prefix *prefix = (const struct dsi_prefix *)(const void *)search;
    struct dsi_alignment_saved saved = {0};
    enum dsinfer_status status;

    dsi_writer_put_number(writer, prefix->has_begun);
    status = dsi_alignment_begin_write(&prefix->alignments, &saved, writer);
    if (status == DSINFER_OK) {
        dsi_label_tree_write_root(&prefix->tree, writer);
        if (dsi_prefix_get_dictionary(prefix)) {
            dsi_writer_put_number(writer, prefix->nodes[prefix->tree.root].state);
        }
        dsi_writer_put_number(writer, prefix->tree.n_used);
        write_nodes(prefix, &saved, writer);
    }
    dsi_alignment_saved_finish(&saved);
    return status;
}

/* --- reading: the root ------------------------------------------------------------------------ */

/* Walks the units of the root again, from the label `first` on. */
static void say_again(struct dsi_prefix *prefix, uint32_t first, struct dsi_reader *reader) {
    struct dsi_label_tree *tree = &prefix->tree;
    const uint32_t n = tree->nodes[tree->root].depth;
    const uint32_t state = prefix->nodes[tree->root].state;
    uint32_t last = tree->root;
    struct dsi_scoring_context *context =
        &prefix->contexts.contexts[prefix->nodes[tree->root].context];
    uint32_t i;

    dsi_label_tree_rewind(tree, first);
    if (first > 0) {
        *context = (struct dsi_scoring_context){.n_known = 0};
        dsi_lm_get_null(&context->lm);
    }
    for (i = first; i < n && reader->status == DSINFER_OK; i++) {
        uint32_t node;

        if (dsi_reader_check(
                reader, dsi_label_tree_add(tree, last, DSI_LABEL_NONE, tree->labels[i], &node)) &&
            dsi_reader_check(reader, dsi_prefix_fill_node(prefix, node, state, 0.0f))) {
            last = node;
        }
    }
    while (tree->root != last && reader->status == DSINFER_OK) {
        if (tree->nodes[tree->root].ends_unit) {
            dsi_scoring_pool_remove(&prefix->contexts, prefix->nodes[tree->root].context);
        }
        dsi_reader_check(reader, dsi_label_tree_advance(tree));
    }
}

/* What the dictionary and the language model say behind what is certain. */
static void read_units(struct dsi_prefix *prefix, struct dsi_reader *reader) {
    const struct dsi_scoring *scoring = prefix->config.scoring;
    const struct dsi_dictionary *dictionary = dsi_prefix_get_dictionary(prefix);
    struct dsi_label_tree *tree = &prefix->tree;
    uint32_t state = prefix->nodes[tree->root].state;

    if (!scoring || reader->status != DSINFER_OK) {
        return;
    }
    if (dictionary) {
        state = (uint32_t)dsi_reader_take_number(reader, (uint64_t)dictionary->info.n_states - 1,
                                                 "the state of the dictionary");
    }
    say_again(prefix, dsi_scoring_find_start(scoring, tree->labels, tree->nodes[tree->root].depth),
              reader);
    if (reader->status == DSINFER_OK && !tree->nodes[tree->root].ends_unit) {
        dsi_reader_fail(reader, "the labels that are certain do not end with a unit");
    }
    prefix->nodes[tree->root].state = state;
}

/* --- reading: the nodes ----------------------------------------------------------------------- */

/* Adds the next node; returns its index. */
static uint32_t read_node(struct dsi_prefix *prefix, uint32_t before, struct dsi_reader *reader) {
    const struct dsi_scoring *scoring = prefix->config.scoring;
    const uint32_t n_labels = (uint32_t)prefix->config.n_labels - 1;
    const uint32_t index = dsi_label_tree_read_node(&prefix->tree, before, n_labels, reader);
    const struct dsi_label_node *nodes = prefix->tree.nodes;
    float entry_score = 0.0f;
    uint32_t parent, label, sibling, state;

    if (reader->status != DSINFER_OK) {
        return before;
    }
    parent = nodes[index].parent;
    label = nodes[index].label;
    for (sibling = nodes[index].previous; sibling != DSI_LABEL_NONE;
         sibling = nodes[sibling].previous) {
        if (nodes[sibling].label == label) {
            dsi_reader_fail(reader, "two prefixes are the same");
            return before;
        }
    }
    if (!dsi_prefix_may_follow(prefix, parent, label, &state)) {
        dsi_reader_fail(reader, "the dictionary has no such prefix");
        return before;
    }
    if (scoring && scoring->unit != DSI_SCORING_WORDS &&
        dsi_prefix_is_boundary(prefix, parent, label)) {
        entry_score = dsi_prefix_score_unit(prefix, parent, label, false, NULL);
    }
    dsi_reader_check(reader, dsi_prefix_fill_node(prefix, index, state, entry_score));
    return index;
}

/* The time of its label. */
static void read_time(struct dsi_prefix *prefix, uint32_t index, uint32_t before,
                      struct dsi_reader *reader) {
    struct dsi_prefix_node *own = &prefix->nodes[index];

    if (!is_by_alignment(prefix)) {
        own->time = dsi_alignment_read_time(reader, before, prefix->n_frames);
    }
    if (has_best(prefix)) {
        own->best = dsi_reader_take_float(reader, -FLT_MAX, DSI_SEARCH_MAX_SCORE,
                                          "the log probability of a label");
    }
}

static float take_score(struct dsi_reader *reader) {
    return dsi_reader_take_float(reader, DSI_PREFIX_IMPOSSIBLE, DSI_SEARCH_MAX_SCORE,
                                 "the score of a prefix");
}

/* Gives a node its place in the beam and its scores. */
static void read_place(struct dsi_prefix *prefix, struct dsi_alignment_saved *saved, uint32_t index,
                       struct dsi_reader *reader) {
    const size_t place =
        (size_t)dsi_reader_take_number(reader, prefix->config.beam_width, "the place of a prefix");
    uint32_t alignment = DSI_ALIGNMENT_NONE;
    float blank, last;

    if (place == 0) {
        return;
    }
    if (prefix->members[place - 1].node != DSI_LABEL_NONE) {
        dsi_reader_fail(reader, "two prefixes have place %zu", place);
        return;
    }
    blank = take_score(reader);
    last = take_score(reader);
    if (is_by_alignment(prefix)) {
        alignment = dsi_alignment_read(&prefix->alignments, saved, prefix->tree.nodes[index].depth,
                                       prefix->n_frames, reader);
    }
    dsi_prefix_join(prefix, (uint32_t)place - 1, index, blank, last,
                    dsi_prefix_add_logs(blank, last), alignment);
    prefix->n_members++;
}

static void read_nodes(struct dsi_prefix *prefix, struct dsi_alignment_saved *saved,
                       struct dsi_reader *reader) {
    const size_t n =
        (size_t)dsi_reader_take_number(reader, prefix->tree.max_nodes, "the number of prefixes");
    uint32_t index = prefix->tree.root;
    uint32_t timestep = 0;
    size_t i;

    for (i = 0; i < prefix->config.beam_width; i++) {
        prefix->members[i].node = DSI_LABEL_NONE;
    }
    prefix->nodes[prefix->tree.root].slot = DSI_PREFIX_NO_PLACE; /* where reset put it */
    prefix->tree.nodes[prefix->tree.root].is_active = false;
    prefix->n_members = 0;
    for (i = 0; i < n && reader->status == DSINFER_OK; i++) {
        if (i > 0) {
            index = read_node(prefix, index, reader);
        }
        if (i > 0 && reader->status == DSINFER_OK) {
            read_time(prefix, index, timestep, reader);
            timestep = prefix->nodes[index].time.timestep;
        }
        if (reader->status == DSINFER_OK) {
            read_place(prefix, saved, index, reader);
        }
    }
}

/* No place is empty, and nothing is there that no prefix needs. */
static void check_nodes(struct dsi_prefix *prefix, struct dsi_reader *reader) {
    const struct dsi_label_tree *tree = &prefix->tree;
    uint32_t index;
    size_t i;

    prefix->worst_total = INFINITY;
    for (i = 0; i < prefix->n_members && prefix->members[i].node != DSI_LABEL_NONE; i++) {
        prefix->worst_total = fminf(prefix->worst_total, prefix->members[i].total);
    }
    if (prefix->n_members == 0 || i < prefix->n_members) {
        dsi_reader_fail(reader, "place %zu of %zu is empty", i + 1, prefix->n_members);
        return;
    }
    for (index = tree->root; index != DSI_LABEL_NONE;
         index = dsi_label_tree_get_next(tree, index)) {
        if (tree->nodes[index].first_child == DSI_LABEL_NONE &&
            !dsi_prefix_is_active(prefix, index)) {
            dsi_reader_fail(reader, "a prefix has no place and no longer one");
            return;
        }
    }
}

void dsi_prefix_read(struct dsi_search *search, uint32_t n_frames, struct dsi_reader *reader) {
    struct dsi_prefix *prefix = (struct dsi_prefix *)(void *)search;
    struct dsi_alignment_saved saved = {0};

    prefix->n_frames = n_frames;
    prefix->has_begun = dsi_reader_take_number(reader, 1, "whether anything was said") != 0;
    dsi_alignment_begin_read(&prefix->alignments, &saved, n_frames, reader);
    dsi_label_tree_read_root(&prefix->tree, (uint32_t)prefix->config.n_labels - 1, reader);
    if (reader->status == DSINFER_OK && !is_by_alignment(prefix) &&
        prefix->alignments.n_times != prefix->tree.nodes[prefix->tree.root].depth) {
        dsi_reader_fail(reader, "%" PRIu32 " labels are certain, and %zu times",
                        prefix->tree.nodes[prefix->tree.root].depth, prefix->alignments.n_times);
    }
    read_units(prefix, reader);
    if (reader->status == DSINFER_OK) {
        read_nodes(prefix, &saved, reader);
    }
    if (reader->status == DSINFER_OK) {
        check_nodes(prefix, reader);
    }
    dsi_alignment_saved_finish(&saved);
}
