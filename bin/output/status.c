/* Progress and partial texts on stderr.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/output/status.h"
#include "bin/errors.h"
#include "bin/memory.h"
#include "bin/messages.h"
#include "bin/output/columns.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define INTERVAL_S 1.0 /* between two lines of progress */
#define TERMINAL_INTERVAL_S 0.1
#define METER_WIDTH 10

double cli_clock_s(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void cli_status_begin(struct cli_status *status, const char *input, double duration_s) {
    status->is_terminal = !status->is_shared && isatty(fileno(cli_messages()));
    status->input = input;
    status->duration_s = duration_s;
    status->started_s = cli_clock_s();
    status->shown_s = status->started_s;
    status->text = NULL;
}

static size_t count_columns(void) {
    struct winsize size;

    return ioctl(fileno(cli_messages()), TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col
                                                                                     : 80;
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

/* Ten columns from -60 dB to full scale, and what was lost. */
static void describe_level(const struct cli_status *status, char *text, size_t size) {
    const double part = status->level > 0.0 ? 1.0 + log10(status->level) / 3.0 : 0.0;
    const int n = part <= 0.0 ? 0 : part >= 1.0 ? METER_WIDTH : (int)ceil(part * METER_WIDTH);
    int length = snprintf(text, size, "[%.*s%*s]", n, "##########", METER_WIDTH - n, "");

    if ((status->lost_s > 0.0 || status->n_overruns) && length > 0) {
        snprintf(text + length, size - (size_t)length, " lost %.1f s, %u overruns", status->lost_s,
                 status->n_overruns);
    }
}

static void rewrite(const struct cli_status *status, double audio_s) {
    FILE *file = cli_messages();
    const size_t columns = count_columns() - 1;
    char first[80] = "";
    size_t used = 0;

    if (status->has_level) {
        describe_level(status, first, sizeof(first));
    } else if (status->has_progress) {
        describe(status, audio_s, first, sizeof(first));
    }
    if (first[0]) {
        used = strlen(first) + 2;
    }
    fprintf(file, "\r%.*s%s", (int)columns, first, used ? "  " : "");
    if (status->text && used < columns) {
        cli_print(file, cli_columns_tail(status->text, columns - used));
    }
    fputs("\033[K", file);
    fflush(file);
}

static void write_progress_line(const struct cli_status *status, double audio_s) {
    char progress[80];

    describe(status, audio_s, progress, sizeof(progress));
    flockfile(cli_messages()); /* other threads write lines, too */
    cli_print(cli_messages(), status->input);
    fprintf(cli_messages(), ": %s\n", progress);
    funlockfile(cli_messages());
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

void cli_status_level(struct cli_status *status, double level, double lost_s, unsigned n_overruns) {
    const double now_s = cli_clock_s();

    status->level = level > status->level ? level : status->level;
    status->lost_s = lost_s;
    status->n_overruns = n_overruns;
    if (status->is_terminal && now_s - status->shown_s >= TERMINAL_INTERVAL_S) {
        status->shown_s = now_s;
        rewrite(status, 0.0);
        status->level = 0.0;
    }
}

void cli_status_partial(struct cli_status *status, const char *text, double audio_s) {
    free(status->text);
    status->text = cli_strdup(text);
    if (status->is_terminal) {
        rewrite(status, audio_s);
    } else {
        cli_print(cli_messages(), text);
        fputc('\n', cli_messages());
    }
}

void cli_status_end(struct cli_status *status, double audio_s) {
    if (status->is_terminal &&
        (status->has_progress || status->has_partials || status->has_level)) {
        fputs("\r\033[K", cli_messages());
    }
    if (status->has_progress) {
        write_progress_line(status, audio_s);
    }
    free(status->text);
    status->text = NULL;
}
