/* Subtitles: SubRip (`srt`) and WebVTT (`vtt`). Cues of several recordings follow each other, each
 * recording's times beginning at 0; in WebVTT a note names them.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/memory.h"
#include "bin/output/cues.h"
#include "bin/output/output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void write_time(FILE *file, double time_s, char point) {
    const unsigned long long ms = (unsigned long long)llround(time_s * 1000.0);

    fprintf(file, "%02llu:%02llu:%02llu%c%03llu", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60,
            point, ms % 1000);
}

static void write_times(FILE *file, const struct cli_cue *cue, char point) {
    write_time(file, cue->start_s, point);
    fputs(" --> ", file);
    write_time(file, cue->end_s, point);
    fputc('\n', file);
}

static void write_srt(struct cli_output *output, const char *input,
                      const struct dsinfer_transcript *transcript) {
    FILE *file = output->writer.file;
    struct cli_cues cues;
    struct cli_cue cue;
    size_t i;

    (void)input;
    cli_cues_init(&cues, transcript, &output->rules);
    while (cli_cues_next(&cues, &cue)) {
        fprintf(file, "%zu\n", ++output->n_cues);
        write_times(file, &cue, ',');
        for (i = 0; i < cue.n_lines; i++) {
            cli_print(file, cue.lines[i]);
            fputc('\n', file);
        }
        fputc('\n', file);
    }
}

static void begin_vtt(struct cli_output *output) {
    fputs("WEBVTT\n\n", output->writer.file);
}

static const char *find_escape(char character) {
    switch (character) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    default:
        return NULL;
    }
}

/* A line without what WebVTT takes for markup. */
static void write_escaped(FILE *file, const char *text) {
    char *line = cli_calloc(strlen(text) + 1, sizeof("&amp;") - 1);
    char *next = line;

    for (; *text; text++) {
        const char *escape = find_escape(*text);

        if (escape) {
            memcpy(next, escape, strlen(escape));
            next += strlen(escape);
        } else {
            *next++ = *text;
        }
    }
    cli_print(file, line);
    fputc('\n', file);
    free(line);
}

static void write_vtt(struct cli_output *output, const char *input,
                      const struct dsinfer_transcript *transcript) {
    FILE *file = output->writer.file;
    struct cli_cues cues;
    struct cli_cue cue;
    size_t i;

    if (output->n_inputs > 1) {
        fputs("NOTE ", file);
        write_escaped(file, input);
        fputc('\n', file);
    }
    cli_cues_init(&cues, transcript, &output->rules);
    while (cli_cues_next(&cues, &cue)) {
        write_times(file, &cue, '.');
        for (i = 0; i < cue.n_lines; i++) {
            write_escaped(file, cue.lines[i]);
        }
        fputc('\n', file);
    }
}

const struct cli_format cli_format_srt = {"srt", NULL, NULL, write_srt, NULL};
const struct cli_format cli_format_vtt = {"vtt", begin_vtt, NULL, write_vtt, NULL};
