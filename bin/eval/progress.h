/* How far long work is, and when it will end, on stderr: on a terminal one line that is rewritten
 * in place, elsewhere, where it was asked for, a line every few seconds.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_EVAL_PROGRESS_H
#define BIN_EVAL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct cli_progress {
    bool is_shown, is_terminal, has_line;
    const char *name, *unit;
    size_t n, n_before; /* units in all; done when it began */
    double started_s, shown_s;
};

/* `n` units lie ahead, such as "files", of which `n_before` are done already. */
void cli_progress_begin(struct cli_progress *progress, bool is_wanted, const char *name,
                        const char *unit, size_t n, size_t n_before);

void cli_progress_show(struct cli_progress *progress, size_t n_done);

/* Makes room on the terminal for other lines; also what ends it. */
void cli_progress_clear(struct cli_progress *progress);

#endif
