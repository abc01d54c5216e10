/* Progress and partial texts on stderr.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/output/status.h"
#include "bin/errors.h"
#include "bin/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define INTERVAL_S 1.0 /* between two lines of progress */
#define TERMINAL_INTERVAL_S 0.1

double cli_clock_s(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void cli_status_begin(struct cli_status *status, const char *input, double duration_s) {
    status->is_terminal = isatty(STDERR_FILENO);
    status->input = input;
    status->duration_s = duration_s;
    status->started_s = cli_clock_s();
    status->shown_s = status->started_s;
    status->text = NULL;
}

static size_t count_columns(void) {
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

/* The last `columns` characters of UTF-8 text. */
static const char *find_tail(const char *text, size_t columns) {
    const char *tail = text + strlen(text);

    while (tail > text && columns) {
        tail--;
        columns -= ((unsigned char)*tail & 0xc0) != 0x80;
    }
    return tail;
}

static void describe(const struct cli_status *status, double audio_s, char *text, size_t size) {
    const double spent_s = cli_clock_s() - status->started_s;
    const double factor = audio_s > 0.0 ? spent_s / audio_s : 0.0;

    if (status->duration_s > 0.0) {
        const double part = audio_s / status->duration_s;

        const double left_s = part < 1.0 ? (status->duration_s - audio_s) * factor : 0.0;

        snprintf(text, size, "%3.0f %%, real-time factor %.3f, %.0f:%02.0f left",
                 100.0 * (part < 1.0 ? part : 1.0), factor, floor(left_s / 60.0),
                 floor(fmod(left_s, 60.0)));
    } else {
        snprintf(text, size, "%.1f s, real-time factor %.3f", audio_s, factor);
    }
}

static void rewrite(const struct cli_status *status, double audio_s) {
    const size_t columns = count_columns() - 1;
    char progress[80] = "";
    size_t used = 0;

    if (status->has_progress) {
        describe(status, audio_s, progress, sizeof(progress));
        used = strlen(progress) + 2;
    }
    fprintf(stderr, "\r%.*s%s", (int)columns, progress, used ? "  " : "");
    if (status->text && used < columns) {
        cli_print(stderr, find_tail(status->text, columns - used));
    }
    fputs("\033[K", stderr);
    fflush(stderr);
}

static void write_progress_line(const struct cli_status *status, double audio_s) {
    char progress[80];

    describe(status, audio_s, progress, sizeof(progress));
    cli_print(stderr, status->input);
    fprintf(stderr, ": %s\n", progress);
}

void cli_status_progress(struct cli_status *status, double audio_s) {
    const double now_s = cli_clock_s();

    if (!status->has_progress ||
        now_s - status->shown_s < (status->is_terminal ? TERMINAL_INTERVAL_S : INTERVAL_S)) {
        return;
    }
    status->shown_s = now_s;
    if (status->is_terminal) {
        rewrite(status, audio_s);
    } else {
        write_progress_line(status, audio_s);
    }
}

void cli_status_partial(struct cli_status *status, const char *text, double audio_s) {
    free(status->text);
    status->text = cli_strdup(text);
    if (status->is_terminal) {
        rewrite(status, audio_s);
    } else {
        cli_print(stderr, text);
        fputc('\n', stderr);
    }
}

void cli_status_end(struct cli_status *status, double audio_s) {
    if (status->is_terminal && (status->has_progress || status->has_partials)) {
        fputs("\r\033[K", stderr);
    }
    if (status->has_progress) {
        write_progress_line(status, audio_s);
    }
    free(status->text);
    status->text = NULL;
}
