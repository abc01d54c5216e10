/* What is said on stderr while a recording is being transcribed: progress and partial texts. On a
 * terminal one line is rewritten in place, otherwise a line is written each time.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_OUTPUT_STATUS_H
#define BIN_OUTPUT_STATUS_H

#include <stdbool.h>

struct cli_status {
    bool has_progress, has_partials; /* what was asked for */
    bool has_level;                  /* instead of progress: the level of a microphone */
    double level;                    /* highest since it was last shown, 1.0 being full scale */
    double lost_s;                   /* audio that was not taken in time … */
    unsigned n_overruns;             /* … and how often the system lost some */
    bool is_shared; /* with others that work at the same time: no line is rewritten */
    bool is_terminal;
    const char *input;
    double duration_s; /* negative: not known */
    double started_s;  /* monotonic clock */
    double shown_s;    /* when progress was last shown */
    char *text;        /* owned: the last partial text, or NULL */
};

/* Seconds of the monotonic clock. */
double cli_clock_s(void);

void cli_status_begin(struct cli_status *status, const char *input, double duration_s);

/* `audio_s` of the recording are done. */
void cli_status_progress(struct cli_status *status, double audio_s);

/* A microphone has this level now (shown on terminals only); so much was lost by now. */
void cli_status_level(struct cli_status *status, double level, double lost_s, unsigned n_overruns);

/* The partial text has changed. */
void cli_status_partial(struct cli_status *status, const char *text, double audio_s);

/* Clears the line of the terminal, or reports the end; releases the text. */
void cli_status_end(struct cli_status *status, double audio_s);

#endif
