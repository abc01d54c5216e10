/* How wide text is on a terminal: marks that combine with a letter take no column, the letters of
 * East Asian scripts and emoji take two, all else one. After Unicode 15's East_Asian_Width (W, F)
 * and the categories Mn, Me and Cf, in the scripts that models of speech write.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_OUTPUT_COLUMNS_H
#define BIN_OUTPUT_COLUMNS_H

#include <stddef.h>

/* The longest ending of `text` that is no wider than `columns`. It begins with a whole character
 * that is no mark. Bytes that are no UTF-8 take a column each. */
const char *cli_columns_tail(const char *text, size_t columns);

#endif
