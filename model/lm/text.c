/* Words and blanks.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/text.h"

#include <string.h>

bool dsi_text_is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct dsi_text dsi_text_take_word(struct dsi_text *rest) {
    struct dsi_text word;

    while (rest->size && dsi_text_is_blank(*rest->text)) {
        rest->text++;
        rest->size--;
    }
    word.text = rest->text;
    word.size = 0;
    while (word.size < rest->size && !dsi_text_is_blank(word.text[word.size])) {
        word.size++;
    }
    rest->text += word.size;
    rest->size -= word.size;
    return word;
}

bool dsi_text_is(const struct dsi_text *text, const char *expected) {
    return text->size == strlen(expected) && memcmp(text->text, expected, text->size) == 0;
}
