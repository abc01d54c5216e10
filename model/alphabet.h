/* Labels and their texts.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_MODEL_ALPHABET_H
#define DSI_MODEL_ALPHABET_H

#include "runtime/base/cursor.h"

#include <dsinfer/status.h>

#include <stdbool.h>

/* Most labels, bytes of a label, and bytes of an alphabet file. */
#define DSI_ALPHABET_MAX_LABELS 65535
#define DSI_ALPHABET_MAX_LABEL_SIZE 255
#define DSI_ALPHABET_MAX_FILE_SIZE ((size_t)4 << 20)

struct dsi_alphabet {
    char *text;      /* owned; all labels, NUL-terminated, one after the other */
    size_t *offsets; /* owned; [n_labels] */
    size_t n_labels; /* without the blank, whose number is n_labels */
    bool has_space;
    uint32_t space; /* number of the label " ", where there is one */
};

/* Reads alphabet.txt: one label a line; `\#` is "#", other lines that begin with `#` are comments;
 * CR, LF and CRLF end a line, empty lines and a byte order mark are skipped, the last line may lack
 * its end. Fails with ERR_MALFORMED for text that is not UTF-8, a NUL, equal labels (each with
 * its line) or no label at all, with ERR_LIMIT beyond the limits above; *alphabet is then
 * untouched.
 */
enum dsinfer_status dsi_alphabet_read(struct dsi_alphabet *alphabet, struct dsi_bytes bytes,
                                      struct dsinfer_error *err);

/* The same from a file. */
enum dsinfer_status dsi_alphabet_open(struct dsi_alphabet *alphabet, const char *path,
                                      struct dsinfer_error *err);

/* Reads `metadata_alphabet` of a graph: u16 count, then per label u16 number, u16 size and text, in
 * any order. Fails with ERR_MALFORMED for a number or text that is missing, there twice or no UTF-8
 * (but the bytes of bytes output are taken), and bytes left over, with ERR_LIMIT for a long label;
 * *alphabet is then untouched. */
enum dsinfer_status dsi_alphabet_read_embedded(struct dsi_alphabet *alphabet,
                                               struct dsi_bytes bytes, struct dsinfer_error *err);

/* Space, a to z, apostrophe. */
enum dsinfer_status dsi_alphabet_init_english(struct dsi_alphabet *alphabet);

/* The 255 labels of bytes output: label i is the byte i + 1, which may be no UTF-8 by itself. */
enum dsinfer_status dsi_alphabet_init_bytes(struct dsi_alphabet *alphabet);

enum dsinfer_status dsi_alphabet_copy(struct dsi_alphabet *to, const struct dsi_alphabet *from);

/* Text of a label below n_labels. */
const char *dsi_alphabet_get(const struct dsi_alphabet *alphabet, uint32_t label);

void dsi_alphabet_finish(struct dsi_alphabet *alphabet); /* takes a zeroed struct as well */

#endif
