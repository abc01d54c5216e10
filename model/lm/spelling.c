/* Longest labels first, found by bisection among the sorted texts; those of one byte by a table.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/spelling.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <stdlib.h>
#include <string.h>

struct dsi_spelling_label {
    const char *text; /* borrowed from the alphabet */
    size_t size;
    uint32_t label;
};

static int compare_texts(const char *a, size_t a_size, const char *b, size_t b_size) {
    const int order = memcmp(a, b, a_size < b_size ? a_size : b_size);

    return order ? order : (a_size > b_size) - (a_size < b_size);
}

static int compare_labels(const void *a, const void *b) {
    const struct dsi_spelling_label *x = a;
    const struct dsi_spelling_label *y = b;

    return compare_texts(x->text, x->size, y->text, y->size);
}

enum dsinfer_status dsi_spelling_init(struct dsi_spelling *spelling,
                                      const struct dsi_alphabet *alphabet,
                                      struct dsinfer_error *err) {
    size_t i;

    memset(spelling, 0, sizeof(*spelling));
    if (!alphabet) {
        return DSINFER_OK;
    }
    spelling->labels = dsi_calloc(alphabet->n_labels, sizeof(*spelling->labels));
    if (!spelling->labels) {
        return dsi_fail_memory(err, alphabet->n_labels * sizeof(*spelling->labels));
    }
    spelling->n_labels = alphabet->n_labels;
    for (i = 0; i < spelling->n_labels; i++) {
        struct dsi_spelling_label *label = &spelling->labels[i];

        label->text = dsi_alphabet_get(alphabet, (uint32_t)i);
        label->size = strlen(label->text);
        label->label = (uint32_t)i;
        spelling->longest = label->size > spelling->longest ? label->size : spelling->longest;
        if (label->size == 1) {
            spelling->letters[(unsigned char)label->text[0]] = label->label + 1;
        }
    }
    qsort(spelling->labels, spelling->n_labels, sizeof(*spelling->labels), compare_labels);
    return DSINFER_OK;
}

/* The label whose text is just text[0 … size). */
static bool find_label(const struct dsi_spelling *spelling, const char *text, size_t size,
                       uint32_t *out) {
    size_t low = 0;
    size_t high = spelling->n_labels;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct dsi_spelling_label *label = &spelling->labels[middle];
        const int order = compare_texts(label->text, label->size, text, size);

        if (order == 0) {
            *out = label->label;
            return true;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

/* The longest label at the beginning of `text`; returns its size, 0 if there is none. */
static size_t match_label(const struct dsi_spelling *spelling, const char *text, size_t size,
                          uint32_t *out) {
    size_t length;

    if (!spelling->labels) {
        *out = (uint32_t)(unsigned char)*text - 1;
        return *text ? 1 : 0;
    }
    for (length = size < spelling->longest ? size : spelling->longest; length > 1; length--) {
        if (find_label(spelling, text, length, out)) {
            return length;
        }
    }
    *out = spelling->letters[(unsigned char)*text] - 1;
    return spelling->letters[(unsigned char)*text] ? 1 : 0;
}

bool dsi_spelling_write(const struct dsi_spelling *spelling, const char *text, size_t size,
                        uint32_t *labels, size_t capacity, size_t *n) {
    size_t used = 0;

    while (size) {
        uint32_t label;
        const size_t length = match_label(spelling, text, size, &label);

        if (!length || used == capacity) {
            return false;
        }
        labels[used++] = label;
        text += length;
        size -= length;
    }
    *n = used;
    return true;
}

void dsi_spelling_finish(struct dsi_spelling *spelling) {
    dsi_free(spelling->labels);
    memset(spelling, 0, sizeof(*spelling));
}
