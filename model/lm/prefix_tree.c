/* The prefix trees of 0.1 to 0.3.
 *
 * Behind magic and version: the number of letters, then nodes before their children:
 *   number of words below, index of the worst word, lowest log10 score of a word below,
 *   then for each letter a node, or -1.
 * Version 1 is decimal text, a number a line; version 2 is i32, i32, u32, f32. An empty tree is -1.
 * Words are not marked: one ends where a node counts more words than its children together.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/dictionary.h"

#include "model/lm/index.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

struct reader {
    struct dsi_cursor cursor;
    bool is_text;
    uint32_t n_letters;
    struct dsi_dictionary_node *nodes; /* owned */
    int64_t *n_own; /* owned; words below a node, less those below its children */
    uint32_t n_nodes, capacity;
    struct dsinfer_error *err;
};

static enum dsinfer_status fail(const struct reader *reader, const char *what) {
    return dsi_fail(reader->err, DSINFER_ERR_MALFORMED,
                    "%s at byte %zu behind the head of the trie", what, reader->cursor.position);
}

/* A line of text as a number; false if it is none. */
static bool read_line(struct reader *reader, double *out) {
    const char *text = (const char *)reader->cursor.bytes.data + reader->cursor.position;
    const char *end = memchr(text, '\n', dsi_cursor_get_rest(&reader->cursor));
    const size_t size = end ? (size_t)(end - text) : dsi_cursor_get_rest(&reader->cursor);

    if (!dsi_lm_parse_number(text, size, out)) {
        return false;
    }
    return dsi_cursor_skip(&reader->cursor, size + (end ? 1 : 0));
}

static bool read_int(struct reader *reader, int64_t *out) {
    uint32_t word;
    double number;

    if (reader->is_text) {
        if (!read_line(reader, &number) || number != floor(number) || fabs(number) > 4294967295.0) {
            return false;
        }
        *out = (int64_t)number;
        return true;
    }
    if (!dsi_cursor_read_u32(&reader->cursor, &word)) {
        return false;
    }
    *out = (int32_t)word;
    return true;
}

static bool read_score(struct reader *reader, float *out) {
    struct dsi_bytes bytes;
    double number;

    if (reader->is_text) {
        if (!read_line(reader, &number)) {
            return false;
        }
        *out = (float)number;
        return isfinite(*out);
    }
    if (!dsi_cursor_read_bytes(&reader->cursor, 4, &bytes)) {
        return false;
    }
    *out = dsi_load_f32(bytes.data);
    return isfinite(*out);
}

static enum dsinfer_status reserve_node(struct reader *reader) {
    const size_t capacity = reader->capacity ? (size_t)reader->capacity * 2 : 1024;
    void *nodes, *n_own;

    if (reader->n_nodes < reader->capacity) {
        return DSINFER_OK;
    }
    if (capacity > DSI_DICTIONARY_MAX_STATES) {
        return dsi_fail(reader->err, DSINFER_ERR_LIMIT, "the trie has more than %" PRIu32 " nodes",
                        DSI_DICTIONARY_MAX_STATES);
    }
    nodes = dsi_realloc(reader->nodes, capacity * sizeof(*reader->nodes));
    if (nodes) {
        reader->nodes = nodes;
    }
    n_own = dsi_realloc(reader->n_own, capacity * sizeof(*reader->n_own));
    if (n_own) {
        reader->n_own = n_own;
    }
    if (!nodes || !n_own) {
        return dsi_fail_memory(reader->err, capacity * sizeof(*reader->nodes));
    }
    reader->capacity = (uint32_t)capacity;
    return DSINFER_OK;
}

/* Reads the head of a node; *has_node is false for -1. */
static enum dsinfer_status read_node(struct reader *reader, uint32_t parent, uint32_t label,
                                     bool *has_node) {
    enum dsinfer_status status;
    int64_t n_words, worst;
    float score;

    *has_node = false;
    if (!read_int(reader, &n_words)) {
        return fail(reader, "a node or -1 is needed");
    }
    if (n_words == -1) {
        return DSINFER_OK;
    }
    if (n_words < 0 || !read_int(reader, &worst) || !read_score(reader, &score)) {
        return fail(reader, "the three numbers of a node are needed");
    }
    status = reserve_node(reader);
    if (status != DSINFER_OK) {
        return status;
    }
    reader->n_own[reader->n_nodes] = n_words;
    if (reader->n_nodes) {
        reader->n_own[parent] -= n_words;
    }
    reader->nodes[reader->n_nodes++] =
        (struct dsi_dictionary_node){.parent = parent, .label = label, .score = score};
    *has_node = true;
    return DSINFER_OK;
}

/* Reads all nodes, with a stack of its own: the depth is the file's. */
static enum dsinfer_status read_nodes(struct reader *reader) {
    struct {
        uint32_t node, next_label;
    } stack[DSI_DICTIONARY_MAX_LENGTH + 1];
    size_t depth = 0;
    bool has_node;
    enum dsinfer_status status = read_node(reader, 0, 0, &has_node);

    if (status != DSINFER_OK || !has_node) {
        return status;
    }
    stack[0].node = 0;
    stack[0].next_label = 0;
    for (;;) {
        const uint32_t label = stack[depth].next_label++;

        if (label == reader->n_letters) {
            if (depth == 0) {
                return DSINFER_OK;
            }
            depth--;
            continue;
        }
        status = read_node(reader, stack[depth].node, label, &has_node);
        if (status != DSINFER_OK) {
            return status;
        }
        if (has_node) {
            if (depth == DSI_DICTIONARY_MAX_LENGTH) {
                return fail(reader, "a word of too many letters stands");
            }
            depth++;
            stack[depth].node = reader->n_nodes - 1;
            stack[depth].next_label = 0;
        }
    }
}

/* Marks the nodes where words end: those that count more words than their children together. */
static void mark_words(struct reader *reader) {
    uint32_t i;

    for (i = 0; i < reader->n_nodes; i++) {
        reader->nodes[i].is_word = reader->n_own[i] > 0;
    }
}

enum dsinfer_status dsi_prefix_tree_read(struct dsi_dictionary *dictionary, struct dsi_bytes bytes,
                                         bool is_text, const struct dsi_alphabet *alphabet,
                                         struct dsinfer_error *err) {
    struct reader reader = {.is_text = is_text, .err = err};
    enum dsinfer_status status = DSINFER_OK;
    int64_t n_letters;

    dsi_cursor_init(&reader.cursor, bytes);
    if (!read_int(&reader, &n_letters)) {
        status = fail(&reader, "the number of letters is needed");
    } else if (n_letters < 1 || (uint64_t)n_letters != alphabet->n_labels) {
        status =
            dsi_fail(err, DSINFER_ERR_MISMATCH,
                     "the trie was made for an alphabet of %" PRId64 " labels, but this one has "
                     "%zu",
                     n_letters, alphabet->n_labels);
    } else {
        reader.n_letters = (uint32_t)n_letters;
        status = read_nodes(&reader);
    }
    if (status == DSINFER_OK && reader.n_nodes == 0) { /* no words at all: a root alone */
        status = reserve_node(&reader);
        if (status == DSINFER_OK) {
            reader.nodes[0] = (struct dsi_dictionary_node){.score = 0.0f};
            reader.n_own[0] = 0;
            reader.n_nodes = 1;
        }
    }
    if (status == DSINFER_OK) {
        mark_words(&reader);
        status = dsi_dictionary_make(dictionary, reader.nodes, reader.n_nodes, err);
    }
    dsi_free(reader.nodes);
    dsi_free(reader.n_own);
    return status;
}
