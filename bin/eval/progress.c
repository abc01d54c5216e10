/* Progress of long work.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/eval/progress.h"
#include "bin/errors.h"
#include "bin/output/status.h"

#include <unistd.h>

#define INTERVAL_S 5.0
#define TERMINAL_INTERVAL_S 0.2

void cli_progress_begin(struct cli_progress *progress, bool is_wanted, const char *name,
                        const char *unit, size_t n, size_t n_before) {
    progress->is_terminal = isatty(STDERR_FILENO);
    progress->is_shown = is_wanted || progress->is_terminal;
    progress->has_line = false;
    progress->name = name;
    progress->unit = unit;
    progress->n = n;
    progress->n_before = n_before;
    progress->started_s = progress->shown_s = cli_clock_s();
}

void cli_progress_show(struct cli_progress *progress, size_t n_done) {
    const double now_s = cli_clock_s();
    unsigned long left_s;

    if (!progress->is_shown || n_done <= progress->n_before ||
        now_s - progress->shown_s < (progress->is_terminal ? TERMINAL_INTERVAL_S : INTERVAL_S)) {
        return;
    }
    progress->shown_s = now_s;
    left_s = (unsigned long)((now_s - progress->started_s) * (double)(progress->n - n_done) /
                             (double)(n_done - progress->n_before));
    if (progress->is_terminal) {
        fputs("\r", stderr);
    }
    cli_print(stderr, progress->name);
    fprintf(stderr, ": %zu of %zu %s, %lu:%02lu:%02lu left", n_done, progress->n, progress->unit,
            left_s / 3600, left_s / 60 % 60, left_s % 60);
    fputs(progress->is_terminal ? "\033[K" : "\n", stderr);
    fflush(stderr);
    progress->has_line = progress->is_terminal;
}

void cli_progress_clear(struct cli_progress *progress) {
    if (progress->has_line) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        progress->has_line = false;
    }
}
