/* alphabet.txt, by the rules of upstream 0.9: a line is a label, a lone `\#` is the label "#",
 * other lines that begin with `#` are comments, and a line of one space is the space.
 *
 * Stricter than upstream where a file cannot be meant: equal labels, broken UTF-8, no label at all.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/alphabet.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/utf8.h"

#include <stdlib.h>
#include <string.h>

static const char BYTE_ORDER_MARK[] = "\xef\xbb\xbf";
static const char ENGLISH[] =
    " \na\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\nn\no\np\nq\nr\ns\nt\nu\nv\n"
    "w\nx\ny\nz\n'\n";

/* Where in the text a walk over its lines is. */
struct lines {
    struct dsi_bytes bytes;
    size_t position;
    size_t number; /* of the line read last, from 1 */
};

/* A label and where it was, to find equal ones. */
struct place {
    const char *text;
    size_t line;
};

static void start_lines(struct lines *lines, struct dsi_bytes bytes) {
    const size_t mark_size = sizeof(BYTE_ORDER_MARK) - 1;
    const bool has_mark =
        bytes.size >= mark_size && memcmp(bytes.data, BYTE_ORDER_MARK, mark_size) == 0;

    lines->bytes = bytes;
    lines->position = has_mark ? mark_size : 0;
    lines->number = 0;
}

/* The next line without its end; false after the last. */
static bool next_line(struct lines *lines, struct dsi_bytes *line) {
    const uint8_t *data = lines->bytes.data;
    const size_t size = lines->bytes.size;
    size_t end = lines->position;

    if (end == size) {
        return false;
    }
    while (end < size && data[end] != '\n' && data[end] != '\r') {
        end++;
    }
    line->data = data + lines->position;
    line->size = end - lines->position;
    if (end + 1 < size && data[end] == '\r' && data[end + 1] == '\n') {
        end++;
    }
    lines->position = end < size ? end + 1 : size;
    lines->number++;
    return true;
}

/* The next line that holds a label, and that label. */
static bool next_label(struct lines *lines, struct dsi_bytes *label) {
    while (next_line(lines, label)) {
        if (label->size == 2 && memcmp(label->data, "\\#", 2) == 0) {
            label->data++;
            label->size = 1;
            return true;
        }
        if (label->size > 0 && label->data[0] != '#') {
            return true;
        }
    }
    return false;
}

static enum dsinfer_status check_label(struct dsi_bytes label, size_t line,
                                       struct dsinfer_error *err) {
    const char *text = (const char *)label.data;
    size_t i = 0;

    if (label.size > DSI_ALPHABET_MAX_LABEL_SIZE) {
        return dsi_fail(err, DSINFER_ERR_LIMIT,
                        "line %zu of the alphabet is a label of %zu bytes, the limit is %d", line,
                        label.size, DSI_ALPHABET_MAX_LABEL_SIZE);
    }
    while (i < label.size) {
        const size_t length = dsi_utf8_length(text + i, label.size - i);

        if (length == 0) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED,
                            "line %zu of the alphabet is no UTF-8 text: byte 0x%02x", line,
                            (unsigned)label.data[i]);
        }
        if (label.data[i] == 0) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED,
                            "line %zu of the alphabet has a NUL in its label", line);
        }
        i += length;
    }
    return DSINFER_OK;
}

/* Checks every label and counts them. */
static enum dsinfer_status count_labels(struct dsi_bytes bytes, size_t *out,
                                        struct dsinfer_error *err) {
    struct lines lines;
    struct dsi_bytes label;
    size_t n = 0;

    start_lines(&lines, bytes);
    while (next_label(&lines, &label)) {
        enum dsinfer_status status = check_label(label, lines.number, err);

        if (status != DSINFER_OK) {
            return status;
        }
        if (n == DSI_ALPHABET_MAX_LABELS) {
            return dsi_fail(err, DSINFER_ERR_LIMIT,
                            "line %zu of the alphabet is one label more than the limit of %d",
                            lines.number, DSI_ALPHABET_MAX_LABELS);
        }
        n++;
    }
    if (n == 0) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED, "the alphabet holds no label");
    }
    *out = n;
    return DSINFER_OK;
}

/* Copies the labels; the arrays are large enough. Every label gives up its line end for a NUL, save
 * one that ends the file without. */
static void copy_labels(struct dsi_alphabet *alphabet, struct dsi_bytes bytes,
                        struct place *places) {
    struct lines lines;
    struct dsi_bytes label;
    size_t used = 0;
    size_t n = 0;

    start_lines(&lines, bytes);
    while (next_label(&lines, &label)) {
        char *text = alphabet->text + used;

        memcpy(text, label.data, label.size);
        text[label.size] = '\0';
        if (strcmp(text, " ") == 0) {
            alphabet->has_space = true;
            alphabet->space = (uint32_t)n;
        }
        alphabet->offsets[n] = used;
        places[n].text = text;
        places[n].line = lines.number;
        used += label.size + 1;
        n++;
    }
}

static int compare_places(const void *a, const void *b) {
    const struct place *left = a;
    const struct place *right = b;
    const int order = strcmp(left->text, right->text);

    return order ? order : (left->line > right->line) - (left->line < right->line);
}

static enum dsinfer_status check_unique(struct place *places, size_t n, struct dsinfer_error *err) {
    size_t i;

    qsort(places, n, sizeof(*places), compare_places);
    for (i = 1; i < n; i++) {
        if (strcmp(places[i - 1].text, places[i].text) == 0) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED,
                            "line %zu of the alphabet repeats the label '%s' of line %zu",
                            places[i].line, places[i].text, places[i - 1].line);
        }
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_alphabet_read(struct dsi_alphabet *alphabet, struct dsi_bytes bytes,
                                      struct dsinfer_error *err) {
    enum dsinfer_status status;
    struct dsi_alphabet made = {0};
    struct place *places = NULL;

    if (bytes.size > DSI_ALPHABET_MAX_FILE_SIZE) {
        return dsi_fail(err, DSINFER_ERR_LIMIT, "the alphabet is %zu bytes large, the limit is %zu",
                        bytes.size, DSI_ALPHABET_MAX_FILE_SIZE);
    }
    status = count_labels(bytes, &made.n_labels, err);
    if (status != DSINFER_OK) {
        return status;
    }

    made.text = dsi_malloc(bytes.size + 1);
    made.offsets = dsi_calloc(made.n_labels, sizeof(*made.offsets));
    places = dsi_calloc(made.n_labels, sizeof(*places));
    if (!made.text || !made.offsets || !places) {
        status = dsi_fail_memory(err, bytes.size + 1);
        goto out;
    }
    copy_labels(&made, bytes, places);
    status = check_unique(places, made.n_labels, err);
    if (status != DSINFER_OK) {
        goto out;
    }

    *alphabet = made;
    memset(&made, 0, sizeof(made));
out:
    dsi_free(places);
    dsi_alphabet_finish(&made);
    return status;
}

enum dsinfer_status dsi_alphabet_open(struct dsi_alphabet *alphabet, const char *path,
                                      struct dsinfer_error *err) {
    enum dsinfer_status status;
    struct dsi_mapped_file file;

    status = dsi_mapped_file_open(&file, path, err);
    if (status == DSINFER_OK) {
        status = dsi_alphabet_read(alphabet, file.bytes, err);
    }
    dsi_mapped_file_close(&file);
    return status;
}

enum dsinfer_status dsi_alphabet_init_english(struct dsi_alphabet *alphabet) {
    const struct dsi_bytes bytes = {(const uint8_t *)ENGLISH, sizeof(ENGLISH) - 1};

    return dsi_alphabet_read(alphabet, bytes, NULL);
}

/* Makes room for labels of together `size` bytes with their NULs. */
static bool allocate(struct dsi_alphabet *alphabet, size_t size, size_t n_labels) {
    memset(alphabet, 0, sizeof(*alphabet));
    alphabet->text = dsi_malloc(size);
    alphabet->offsets = dsi_calloc(n_labels, sizeof(*alphabet->offsets));
    alphabet->n_labels = n_labels;
    if (!alphabet->text || !alphabet->offsets) {
        dsi_alphabet_finish(alphabet);
        return false;
    }
    return true;
}

enum dsinfer_status dsi_alphabet_init_bytes(struct dsi_alphabet *alphabet) {
    const size_t n_labels = 255;
    size_t i;

    if (!allocate(alphabet, 2 * n_labels, n_labels)) {
        return DSINFER_ERR_NO_MEMORY;
    }
    for (i = 0; i < n_labels; i++) {
        alphabet->offsets[i] = 2 * i;
        alphabet->text[2 * i] = (char)(i + 1);
        alphabet->text[2 * i + 1] = '\0';
    }
    alphabet->has_space = true;
    alphabet->space = ' ' - 1;
    return DSINFER_OK;
}

enum dsinfer_status dsi_alphabet_copy(struct dsi_alphabet *to, const struct dsi_alphabet *from) {
    size_t size = 0;
    size_t i;

    for (i = 0; i < from->n_labels; i++) {
        const size_t end = from->offsets[i] + strlen(from->text + from->offsets[i]) + 1;

        size = end > size ? end : size;
    }
    if (!allocate(to, size, from->n_labels)) {
        return DSINFER_ERR_NO_MEMORY;
    }
    memcpy(to->text, from->text, size);
    memcpy(to->offsets, from->offsets, from->n_labels * sizeof(*from->offsets));
    to->has_space = from->has_space;
    to->space = from->space;
    return DSINFER_OK;
}

const char *dsi_alphabet_get(const struct dsi_alphabet *alphabet, uint32_t label) {
    return alphabet->text + alphabet->offsets[label];
}

void dsi_alphabet_finish(struct dsi_alphabet *alphabet) {
    dsi_free(alphabet->text);
    dsi_free(alphabet->offsets);
    memset(alphabet, 0, sizeof(*alphabet));
}
