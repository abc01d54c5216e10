/* The greedy search: the best label of every frame, repeats merged, blanks dropped.
 *
 * The score is the sum of the log posteriors of the best labels, so that of the one alignment, not
 * of the text. A label begins at the first frame of its run.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/alignment.h"
#include "state/decode/grow.h"
#include "state/decode/posterior.h"
#include "state/decode/search.h"

#include "runtime/base/alloc.h"

#include <float.h>
#include <string.h>

/* Room at the beginning: about two minutes of speech. */
#define FIRST_LABELS 2048
#define MAX_LABELS (DSI_SEARCH_MAX_MEMORY / sizeof(struct dsi_search_label))

struct greedy {
    struct dsi_search base;
    struct dsi_search_config config;
    float *row; /* owned; [config.n_labels] log posteriors of the frame */
    uint32_t n_frames;
    uint32_t last_label; /* of the frame before; the blank before the first */
    double score;
    struct dsi_search_label *labels; /* owned */
    size_t n_labels, capacity;
};

static void reset(struct dsi_search *search) {
    struct greedy *greedy = (struct greedy *)search;

    greedy->n_frames = 0;
    greedy->last_label = (uint32_t)greedy->config.n_labels - 1;
    greedy->score = 0.0;
    greedy->n_labels = 0;
}

static void destroy(struct dsi_search *search) {
    struct greedy *greedy = (struct greedy *)search;

    if (greedy) {
        dsi_free(greedy->row);
        dsi_free(greedy->labels);
        dsi_free(greedy);
    }
}

static enum dsinfer_status reserve(struct greedy *greedy, size_t n) {
    struct dsi_search_label *labels;

    if (n > MAX_LABELS) {
        return DSINFER_ERR_LIMIT;
    }
    labels = dsi_grow(greedy->labels, &greedy->capacity, n, sizeof(*labels));
    if (!labels) {
        return DSINFER_ERR_NO_MEMORY;
    }
    greedy->labels = labels;
    return DSINFER_OK;
}

static enum dsinfer_status create(const struct dsi_search_config *config, struct dsi_search **out) {
    struct greedy *greedy = dsi_calloc(1, sizeof(*greedy));

    if (!greedy) {
        return DSINFER_ERR_NO_MEMORY;
    }
    greedy->base.type = &dsi_search_greedy;
    greedy->config = *config;
    greedy->row = dsi_malloc(config->n_labels * sizeof(*greedy->row));
    if (!greedy->row || reserve(greedy, FIRST_LABELS) != DSINFER_OK) {
        destroy(&greedy->base);
        return DSINFER_ERR_NO_MEMORY;
    }
    reset(&greedy->base);
    *out = &greedy->base;
    return DSINFER_OK;
}

static uint32_t find_best(const float *row, size_t n) {
    size_t best = 0;
    size_t i;

    for (i = 1; i < n; i++) {
        if (row[i] > row[best]) {
            best = i;
        }
    }
    return (uint32_t)best;
}

static enum dsinfer_status step(struct greedy *greedy, const float *row) {
    const uint32_t blank = (uint32_t)greedy->config.n_labels - 1;
    uint32_t best;
    enum dsinfer_status status;

    dsi_posterior_compute(row, greedy->config.n_labels, greedy->config.is_probability, greedy->row);
    best = find_best(greedy->row, greedy->config.n_labels);
    if (best != blank && best != greedy->last_label) {
        status = reserve(greedy, greedy->n_labels + 1);
        if (status != DSINFER_OK) {
            return status;
        }
        greedy->labels[greedy->n_labels++] =
            (struct dsi_search_label){best, greedy->n_frames, greedy->row[best]};
    }
    greedy->score += (double)greedy->row[best];
    greedy->last_label = best;
    greedy->n_frames++;
    return DSINFER_OK;
}

static enum dsinfer_status feed(struct dsi_search *search, const float *rows, size_t n_frames) {
    struct greedy *greedy = (struct greedy *)search;
    enum dsinfer_status status = DSINFER_OK;
    size_t i;

    for (i = 0; i < n_frames && status == DSINFER_OK; i++) {
        status = step(greedy, rows + i * greedy->config.n_labels);
    }
    return status;
}

static size_t rank(struct dsi_search *search) {
    (void)search;
    return 1;
}

static double get_score(const struct dsi_search *search, size_t i) {
    (void)i;
    return ((const struct greedy *)search)->score;
}

static size_t get_length(const struct dsi_search *search, size_t i) {
    (void)i;
    return ((const struct greedy *)search)->n_labels;
}

static void get_labels(const struct dsi_search *search, size_t i, struct dsi_search_label *labels) {
    const struct greedy *greedy = (const struct greedy *)search;

    (void)i;
    memcpy(labels, greedy->labels, greedy->n_labels * sizeof(*labels));
}

static enum dsinfer_status copy(const struct dsi_search *from, struct dsi_search *to) {
    const struct greedy *source = (const struct greedy *)from;
    struct greedy *target = (struct greedy *)to;
    enum dsinfer_status status = reserve(target, source->n_labels);

    if (status != DSINFER_OK) {
        return status;
    }
    target->n_frames = source->n_frames;
    target->last_label = source->last_label;
    target->score = source->score;
    target->n_labels = source->n_labels;
    get_labels(from, 0, target->labels);
    return DSINFER_OK;
}

static enum dsinfer_status write(const struct dsi_search *search, struct dsi_writer *writer) {
    const struct greedy *greedy = (const struct greedy *)search;
    uint32_t before = 0;
    size_t i;

    dsi_writer_put_number(writer, greedy->last_label);
    dsi_writer_put_double(writer, greedy->score);
    dsi_writer_put_number(writer, greedy->n_labels);
    for (i = 0; i < greedy->n_labels; i++) {
        const struct dsi_search_label *label = &greedy->labels[i];

        dsi_writer_put_number(writer, label->label);
        dsi_alignment_write_time(
            writer, before, (struct dsi_alignment_time){label->timestep, label->log_posterior});
        before = label->timestep;
    }
    return DSINFER_OK;
}

static void read(struct dsi_search *search, uint32_t n_frames, struct dsi_reader *reader) {
    struct greedy *greedy = (struct greedy *)search;
    const uint64_t blank = greedy->config.n_labels - 1;
    struct dsi_alignment_time time = {0, 0.0f};
    size_t n, i;

    greedy->n_frames = n_frames;
    greedy->last_label = (uint32_t)dsi_reader_take_number(reader, blank, "the last label");
    greedy->score =
        dsi_reader_take_double(reader, -DBL_MAX, (double)DSI_SEARCH_MAX_SCORE, "the score");
    n = (size_t)dsi_reader_take_number(reader, MAX_LABELS, "the number of labels");
    for (i = 0; i < n && reader->status == DSINFER_OK; i++) {
        const uint32_t label = (uint32_t)dsi_reader_take_number(reader, blank - 1, "a label");

        time = dsi_alignment_read_time(reader, time.timestep, n_frames);
        if (dsi_reader_check(reader, reserve(greedy, i + 1))) {
            greedy->labels[greedy->n_labels++] =
                (struct dsi_search_label){label, time.timestep, time.log_posterior};
        }
    }
}

const struct dsi_search_type dsi_search_greedy = {
    .name = "greedy",
    .kind = DSINFER_DECODER_GREEDY,
    .create = create,
    .feed = feed,
    .rank = rank,
    .get_score = get_score,
    .get_length = get_length,
    .get_labels = get_labels,
    .reset = reset,
    .copy = copy,
    .write = write,
    .read = read,
    .destroy = destroy,
};
