/* Text taken apart at its blanks. Internal to model/lm.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_LM_TEXT_H
#define DSI_LM_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct dsi_text {
    const char *text; /* borrowed, not NUL-terminated */
    size_t size;
};

/* Space, tab, line end and the like; the six of ASCII. */
bool dsi_text_is_blank(char c);

/* Takes the next word and the blanks before it off `rest`; size 0 when none is left. */
struct dsi_text dsi_text_take_word(struct dsi_text *rest);

bool dsi_text_is(const struct dsi_text *text, const char *expected);

#endif
