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
    struct dsi_tree tree;
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

/* Reads the head of a node; *n_words, the words below, is -1 where there is none. */
static enum dsinfer_status read_node(struct reader *reader, uint32_t parent, uint32_t label,
                                     int64_t *n_words) {
    int64_t worst;
    float score;

    if (!read_int(reader, n_words)) {
        return fail(reader, "a node or -1 is needed");
    }
    if (*n_words == -1) {
        return DSINFER_OK;
    }
    if (*n_words < 0 || !read_int(reader, &worst) || !read_score(reader, &score)) {
        return fail(reader, "the three numbers of a node are needed");
    }
    return dsi_tree_add(&reader->tree,
                        (struct dsi_tree_node){.parent = parent, .label = label, .score = score},
                        reader->err);
}

/* A node whose children are being read. */
struct open_node {
    uint32_t node, next_label;
    int64_t n_own; /* words below it, less those below its children so far */
};

/* Reads all nodes, with a stack of its own: the depth is the file's. */
static enum dsinfer_status read_nodes(struct reader *reader) {
    struct open_node stack[DSI_DICTIONARY_MAX_LENGTH + 1];
    struct open_node *top = stack;
    int64_t n_words = 0;
    enum dsinfer_status status = read_node(reader, 0, 0, &n_words);

    if (status == DSINFER_OK && n_words < 0) { /* no words at all: a root alone */
        return dsi_tree_add(&reader->tree, (struct dsi_tree_node){.score = 0.0f}, reader->err);
    }
    *top = (struct open_node){0, 0, n_words};
    while (status == DSINFER_OK) {
        const uint32_t label = top->next_label++;

        if (label == reader->n_letters) {
            reader->tree.nodes[top->node].is_word = top->n_own > 0;
            if (top == stack) {
                break;
            }
            top--;
            continue;
        }
        status = read_node(reader, top->node, label, &n_words);
        if (status == DSINFER_OK && n_words >= 0) {
            if (top == stack + DSI_DICTIONARY_MAX_LENGTH) {
                return fail(reader, "a word of too many letters stands");
            }
            top->n_own -= n_words;
            *++top = (struct open_node){reader->tree.n_nodes - 1, 0, n_words};
        }
    }
    return status;
}

enum dsinfer_status dsi_prefix_tree_read(struct dsi_dictionary *dictionary, struct dsi_bytes bytes,
                                         bool is_text, const struct dsi_alphabet *alphabet,
                                         struct dsinfer_error *err) {
    struct reader reader = {.is_text = is_text, .err = err};
    enum dsinfer_status status;
    int64_t n_letters;

    dsi_cursor_init(&reader.cursor, bytes);
    if (!read_int(&reader, &n_letters)) {
        status = fail(&reader, "the number of letters is needed");
    } else if (n_letters < 1 || n_letters > DSI_ALPHABET_MAX_LABELS) {
        status = fail(&reader, "a number of letters from 1 to 65535 is needed");
    } else if (alphabet && (uint64_t)n_letters != alphabet->n_labels) {
        status = dsi_fail(err, DSINFER_ERR_MISMATCH,
                          "the trie was made for an alphabet of %" PRId64
                          " labels, but this one has %zu",
                          n_letters, alphabet->n_labels);
    } else {
        reader.n_letters = (uint32_t)n_letters;
        status = read_nodes(&reader);
    }
    if (status == DSINFER_OK) {
        status = dsi_dictionary_make(dictionary, &reader.tree, err);
    }
    dsi_tree_finish(&reader.tree);
    return status;
}
