/* What the files of TensorFlow's beam search share. Internal to them.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_STATE_DECODE_TENSORFLOW_H
#define DSI_STATE_DECODE_TENSORFLOW_H

#include "state/decode/alignment.h"
#include "state/decode/label_tree.h"
#include "state/decode/prefix_select.h"
#include "state/decode/tensorflow_lm.h"

/* Log probabilities of the alignments of a prefix, natural logarithm, -inf being impossible: those
 * that end with a blank, those that end with its last label, and both. */
struct dsi_tensorflow_score {
    float total, blank, label;
};

/* What a node holds besides its place in the tree, in an array beside the tree's. */
struct dsi_tensorflow_node {
    struct dsi_tensorflow_score now, before; /* after this frame, after the one before */
    uint32_t alignment, next_alignment;      /* or DSI_ALIGNMENT_NONE */
};

/* A prefix of the beam. */
struct dsi_tensorflow_leaf {
    float total; /* its node's now.total */
    uint32_t index;
};

struct dsi_tensorflow {
    struct dsi_search base;
    struct dsi_search_config config;
    float *row;       /* owned; [config.n_labels] what the frame says of the labels */
    float shift;      /* row, less the log posteriors */
    float likeliest;  /* of row, but the blank */
    float *costs;     /* owned; [config.n_labels] what the language model adds for each label behind
                         the prefix under way; 0 without one */
    uint32_t *likely; /* owned; [config.n_labels] labels that are tried behind it */
    uint32_t n_frames;
    struct dsi_label_tree tree;
    struct dsi_tensorflow_node *nodes; /* owned; beside tree.nodes */
    size_t nodes_capacity;
    struct dsi_alignment_pool alignments;
    struct dsi_tensorflow_leaf *leaves; /* owned; [config.beam_width], best first, between frames */
    size_t n_leaves;
    struct dsi_tensorflow_leaf
        *heap; /* owned; [config.beam_width], within a frame: the new beam, worst on top */
    size_t n_heap;
    uint32_t last_child; /* the child behind which the extension under way adds the next one */
    struct dsi_tensorflow_lm lm;
    struct dsi_prefix_rank *ranks; /* owned; [config.beam_width] of the results */
};

/* Makes a new node impossible, without alignments. ERR_NO_MEMORY. */
enum dsinfer_status dsi_tensorflow_fill_node(struct dsi_tensorflow *beam, uint32_t index);

/* tensorflow_saved.c */

enum dsinfer_status dsi_tensorflow_write(const struct dsi_search *search,
                                         struct dsi_writer *writer);
void dsi_tensorflow_read(struct dsi_search *search, uint32_t n_frames, struct dsi_reader *reader);

#endif
