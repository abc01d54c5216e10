/* The alphabet inside a model of 0.6 and later: a count, then for each label, in any order, its
 * number, the size of its text, and the text. Numbers are unsigned, of 16 bits.
 *
 * Upstream makes such alphabets itself, so every label has to be there, once, with a text of its
 * own. That of a model with bytes output holds single bytes, which may be no UTF-8.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/alphabet.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"
#include "runtime/base/utf8.h"

#include <stdlib.h>
#include <string.h>

#define N_BYTE_LABELS 255

struct entry {
    uint16_t label;
    struct dsi_bytes text;
};

static bool read_u16(struct dsi_cursor *cursor, uint16_t *out) {
    struct dsi_bytes bytes;

    if (!dsi_cursor_read_bytes(cursor, 2, &bytes)) {
        return false;
    }
    *out = (uint16_t)(bytes.data[0] | bytes.data[1] << 8);
    return true;
}

static enum dsinfer_status read_entries(struct dsi_cursor *cursor, struct entry *entries, size_t n,
                                        struct dsinfer_error *err) {
    size_t i;

    for (i = 0; i < n; i++) {
        uint16_t size;

        if (!read_u16(cursor, &entries[i].label) || !read_u16(cursor, &size) ||
            !dsi_cursor_read_bytes(cursor, size, &entries[i].text)) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED,
                            "the alphabet in the model ends in entry %zu of %zu", i, n);
        }
    }
    if (!dsi_cursor_is_at_end(cursor)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the alphabet in the model has %zu bytes after its %zu entries",
                        dsi_cursor_get_rest(cursor), n);
    }
    return DSINFER_OK;
}

/* Whether label i is the byte i + 1. */
static bool is_bytes(const struct entry *entries, size_t n) {
    size_t i;

    for (i = 0; i < n; i++) {
        if (entries[i].text.size != 1 || entries[i].text.data[0] != entries[i].label + 1) {
            return false;
        }
    }
    return n == N_BYTE_LABELS;
}

static bool is_text(struct dsi_bytes bytes) {
    const char *text = (const char *)bytes.data;
    size_t i = 0;

    while (i < bytes.size) {
        const size_t length = text[i] ? dsi_utf8_length(text + i, bytes.size - i) : 0;

        if (length == 0) {
            return false;
        }
        i += length;
    }
    return bytes.size > 0;
}

static enum dsinfer_status check_texts(const struct entry *entries, size_t n,
                                       struct dsinfer_error *err) {
    size_t i;

    for (i = 0; i < n; i++) {
        if (entries[i].text.size > DSI_ALPHABET_MAX_LABEL_SIZE) {
            return dsi_fail(err, DSINFER_ERR_LIMIT,
                            "label %u of the alphabet in the model is %zu bytes long, the limit is "
                            "%d",
                            (unsigned)entries[i].label, entries[i].text.size,
                            DSI_ALPHABET_MAX_LABEL_SIZE);
        }
        if (!is_text(entries[i].text)) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED,
                            "label %u of the alphabet in the model is no UTF-8 text",
                            (unsigned)entries[i].label);
        }
    }
    return DSINFER_OK;
}

static int compare_labels(const void *a, const void *b) {
    const struct entry *left = a;
    const struct entry *right = b;

    return (left->label > right->label) - (left->label < right->label);
}

static int compare_texts(const void *a, const void *b) {
    const struct entry *left = a;
    const struct entry *right = b;
    const size_t size = left->text.size < right->text.size ? left->text.size : right->text.size;
    const int order = memcmp(left->text.data, right->text.data, size);

    return order ? order
                 : (left->text.size > right->text.size) - (left->text.size < right->text.size);
}

/* Every number and every text once; leaves the entries in the order of their labels. */
static enum dsinfer_status check_unique(struct entry *entries, size_t n,
                                        struct dsinfer_error *err) {
    size_t i;

    qsort(entries, n, sizeof(*entries), compare_texts);
    for (i = 1; i < n; i++) {
        if (compare_texts(&entries[i - 1], &entries[i]) == 0) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED,
                            "labels %u and %u of the alphabet in the model are both '%.*s'",
                            (unsigned)entries[i - 1].label, (unsigned)entries[i].label,
                            (int)entries[i].text.size, (const char *)entries[i].text.data);
        }
    }
    qsort(entries, n, sizeof(*entries), compare_labels);
    for (i = 0; i < n; i++) {
        if (entries[i].label != i) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED,
                            "the alphabet in the model has %zu entries, but none for label %zu", n,
                            i);
        }
    }
    return DSINFER_OK;
}

static enum dsinfer_status copy_texts(struct dsi_alphabet *alphabet, const struct entry *entries,
                                      size_t n, size_t size, struct dsinfer_error *err) {
    struct dsi_alphabet made = {0};
    size_t used = 0;
    size_t i;

    made.text = dsi_malloc(size + n);
    made.offsets = dsi_calloc(n, sizeof(*made.offsets));
    if (!made.text || !made.offsets) {
        dsi_alphabet_finish(&made);
        return dsi_fail_memory(err, size + n);
    }
    made.n_labels = n;
    for (i = 0; i < n; i++) {
        const struct dsi_bytes text = entries[i].text;

        if (text.size == 1 && text.data[0] == ' ') {
            made.has_space = true;
            made.space = (uint32_t)i;
        }
        made.offsets[i] = used;
        memcpy(made.text + used, text.data, text.size);
        made.text[used + text.size] = '\0';
        used += text.size + 1;
    }
    *alphabet = made;
    return DSINFER_OK;
}

enum dsinfer_status dsi_alphabet_read_embedded(struct dsi_alphabet *alphabet,
                                               struct dsi_bytes bytes, struct dsinfer_error *err) {
    enum dsinfer_status status;
    struct dsi_cursor cursor;
    struct entry *entries;
    uint16_t n;

    dsi_cursor_init(&cursor, bytes);
    if (!read_u16(&cursor, &n) || n == 0) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED, "the alphabet in the model holds no label");
    }
    entries = dsi_calloc(n, sizeof(*entries));
    if (!entries) {
        return dsi_fail_memory(err, n * sizeof(*entries));
    }

    status = read_entries(&cursor, entries, n, err);
    if (status == DSINFER_OK && !is_bytes(entries, n)) {
        status = check_texts(entries, n, err);
    }
    if (status == DSINFER_OK) {
        status = check_unique(entries, n, err);
    }
    if (status == DSINFER_OK) {
        status = copy_texts(alphabet, entries, n, bytes.size, err);
    }
    dsi_free(entries);
    return status;
}
