/* TensorFlow's beam search as bytes: what all prefixes have in common (times, labels, the score of
 * its words), then the nodes, the root first. A node is its place in the tree and its place in the
 * beam, counted from 1; where it has one, its scores and its alignment follow.
 *
 * What a prefix was at the frame before is not needed: only prefixes of the beam are asked for it,
 * and each frame begins with noting it.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/tensorflow.h"

#include "runtime/base/alloc.h"

#include <float.h>
#include <math.h>

/* Lists the nodes; `places` are those in the beam. */
static void write_nodes(const struct dsi_tensorflow *beam, const uint32_t *places,
                        struct dsi_alignment_saved *saved, struct dsi_writer *writer) {
    const struct dsi_label_tree *tree = &beam->tree;
    uint32_t before = DSI_LABEL_NONE;
    uint32_t index;

    for (index = tree->root; index != DSI_LABEL_NONE;
         index = dsi_label_tree_get_next(tree, index)) {
        const struct dsi_tensorflow_node *node = &beam->nodes[index];

        if (before != DSI_LABEL_NONE) {
            dsi_label_tree_write_node(tree, before, index, writer);
        }
        before = index;
        dsi_writer_put_number(writer, places[index]);
        if (places[index] > 0) {
            dsi_writer_put_float(writer, node->now.total);
            dsi_writer_put_float(writer, node->now.blank);
            dsi_writer_put_float(writer, node->now.label);
            dsi_alignment_write(&beam->alignments, saved, node->alignment, beam->n_frames, writer);
        }
    }
}

enum dsinfer_status dsi_tensorflow_write(const struct dsi_search *search,
                                         struct dsi_writer *writer) {
    const struct dsi_tensorflow *beam = (const struct dsi_tensorflow *)search;
    struct dsi_alignment_saved saved = {0};
    enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
    uint32_t *places = dsi_calloc(beam->tree.n_nodes, sizeof(*places));
    size_t i;

    if (!places) {
        goto out;
    }
    status = dsi_alignment_begin_write(&beam->alignments, &saved, writer);
    if (status != DSINFER_OK) {
        goto out;
    }
    for (i = 0; i < beam->n_leaves; i++) {
        places[beam->leaves[i].index] = (uint32_t)i + 1;
    }
    dsi_label_tree_write_root(&beam->tree, writer);
    dsi_tensorflow_lm_write(&beam->lm, &beam->tree, writer);
    dsi_writer_put_number(writer, beam->tree.n_used);
    write_nodes(beam, places, &saved, writer);
out:
    dsi_alignment_saved_finish(&saved);
    dsi_free(places);
    return status;
}

static float take_score(struct dsi_reader *reader) {
    return dsi_reader_take_float(reader, -INFINITY, DSI_SEARCH_MAX_SCORE, "the score of a prefix");
}

/* Gives a node, which is not active, its place in the beam and its scores. */
static void read_leaf(struct dsi_tensorflow *beam, struct dsi_alignment_saved *saved,
                      uint32_t index, struct dsi_reader *reader) {
    struct dsi_label_node *node = &beam->tree.nodes[index];
    struct dsi_tensorflow_node *own = &beam->nodes[index];
    const size_t place =
        (size_t)dsi_reader_take_number(reader, beam->config.beam_width, "the place of a prefix");

    if (place == 0) {
        return;
    }
    if (beam->leaves[place - 1].index != DSI_LABEL_NONE) {
        dsi_reader_fail(reader, "two prefixes have place %zu", place);
        return;
    }
    own->now.total =
        dsi_reader_take_float(reader, -FLT_MAX, DSI_SEARCH_MAX_SCORE, "the score of a prefix");
    own->now.blank = take_score(reader);
    own->now.label = take_score(reader);
    own->alignment =
        dsi_alignment_read(&beam->alignments, saved, node->depth, beam->n_frames, reader);
    node->is_active = true;
    beam->leaves[place - 1] = (struct dsi_tensorflow_leaf){own->now.total, index};
    beam->n_leaves++;
}

/* Adds the next node; returns its index. */
static uint32_t read_node(struct dsi_tensorflow *beam, uint32_t before, struct dsi_reader *reader) {
    const uint32_t n_labels = (uint32_t)beam->config.n_labels - 1;
    const uint32_t index = dsi_label_tree_read_node(&beam->tree, before, n_labels, reader);
    const struct dsi_label_node *node = &beam->tree.nodes[index];

    if (reader->status != DSINFER_OK) {
        return before;
    }
    if (node->previous != DSI_LABEL_NONE && beam->tree.nodes[node->previous].label >= node->label) {
        dsi_reader_fail(reader, "the children of a prefix are not in order");
    } else if (dsi_reader_check(reader, dsi_tensorflow_fill_node(beam, index)) &&
               beam->lm.scoring) {
        dsi_reader_check(reader, dsi_tensorflow_lm_add(&beam->lm, &beam->tree, index));
    }
    return index;
}

/* Best first, and none missing. */
static void check_leaves(const struct dsi_tensorflow *beam, struct dsi_reader *reader) {
    size_t i;

    for (i = 0; i < beam->n_leaves; i++) {
        if (beam->leaves[i].index == DSI_LABEL_NONE ||
            (i > 0 && !(beam->leaves[i - 1].total >= beam->leaves[i].total))) {
            break;
        }
    }
    if (beam->n_leaves == 0 || i < beam->n_leaves) {
        dsi_reader_fail(reader, "the places of the %zu prefixes are not those of their scores",
                        beam->n_leaves);
    }
}

void dsi_tensorflow_read(struct dsi_search *search, uint32_t n_frames, struct dsi_reader *reader) {
    struct dsi_tensorflow *beam = (struct dsi_tensorflow *)search;
    struct dsi_alignment_saved saved = {0};
    size_t n, i;
    uint32_t index;

    for (i = 0; i < beam->config.beam_width; i++) {
        beam->leaves[i].index = DSI_LABEL_NONE;
    }
    beam->n_leaves = 0;
    beam->n_frames = n_frames;
    dsi_alignment_begin_read(&beam->alignments, &saved, n_frames, reader);
    dsi_label_tree_read_root(&beam->tree, (uint32_t)beam->config.n_labels - 1, reader);
    beam->tree.nodes[beam->tree.root].is_active = false;
    dsi_tensorflow_lm_read(&beam->lm, &beam->tree, reader);
    dsi_reader_check(reader, dsi_tensorflow_fill_node(beam, beam->tree.root));
    n = (size_t)dsi_reader_take_number(reader, beam->tree.max_nodes, "the number of prefixes");
    index = beam->tree.root;
    for (i = 0; i < n && reader->status == DSINFER_OK; i++) {
        index = i > 0 ? read_node(beam, index, reader) : index;
        if (reader->status == DSINFER_OK) {
            read_leaf(beam, &saved, index, reader);
        }
    }
    if (reader->status == DSINFER_OK) {
        check_leaves(beam, reader);
    }
    dsi_alignment_saved_finish(&saved);
}
