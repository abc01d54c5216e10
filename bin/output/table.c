/* Tables: a line of names, then a row for each utterance, with commas (`csv`) or tabs (`tsv`)
 * between the fields. Fields in which there is anything that would divide them are put between
 * quotes, those inside doubled (RFC 4180), in both. A recording without a word has one row.
 * Characters that would control a terminal become '?', but for ends of lines between quotes.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/memory.h"
#include "bin/output/cues.h"
#include "bin/output/output.h"

#include <stdlib.h>
#include <string.h>

static void write_header(struct cli_output *output, char separator) {
    fprintf(output->writer.file, "file%cstart%cend%ctext\n", separator, separator, separator);
}

/* Text as it stands between quotes, or where none are needed. */
static void write_part(FILE *file, const char *text) {
    char *part = cli_calloc(2 * strlen(text) + 1, 1);

    while (*text) {
        const char *end = text + strcspn(text, "\t\r\n");
        char *next = part;

        for (; text < end; text++) {
            if (*text == '"') {
                *next++ = '"';
            }
            *next++ = *text;
        }
        *next = '\0';
        cli_print(file, part);
        if (*text) {
            fputc(*text++, file);
        }
    }
    free(part);
}

static bool needs_quotes(const char *text, char separator) {
    return strpbrk(text, "\"\r\n") || strchr(text, separator);
}

static void write_field(FILE *file, const char *text, char separator) {
    const char *quote = needs_quotes(text, separator) ? "\"" : "";

    fputs(quote, file);
    write_part(file, text);
    fputs(quote, file);
}

static void write_text(FILE *file, const struct dsinfer_word *words, size_t n, char separator) {
    const char *quote = "";
    size_t i;

    for (i = 0; i < n; i++) {
        quote = needs_quotes(words[i].text, separator) ? "\"" : quote;
    }
    fputs(quote, file);
    for (i = 0; i < n; i++) {
        fputs(i > 0 ? " " : "", file);
        write_part(file, words[i].text);
    }
    fputs(quote, file);
}

static void write_row(struct cli_output *output, const char *input,
                      const struct dsinfer_transcript *transcript,
                      const struct cli_utterance *utterance, char separator) {
    FILE *file = output->writer.file;

    write_field(file, input, separator);
    fprintf(file, "%c%.9g%c%.9g%c", separator, utterance->start_s, separator, utterance->end_s,
            separator);
    write_text(file, transcript->words + utterance->first, utterance->end - utterance->first,
               separator);
    fputc('\n', file);
}

static void write_rows(struct cli_output *output, const char *input,
                       const struct dsinfer_transcript *transcript, char separator) {
    struct cli_utterance utterance = {.end_s = transcript->time_s};

    if (transcript->n_words == 0) {
        write_row(output, input, transcript, &utterance, separator);
        return;
    }
    utterance.end_s = 0.0;
    while (utterance.end < transcript->n_words) {
        utterance = cli_utterance_find(transcript, &output->rules, utterance.end, utterance.end_s);
        write_row(output, input, transcript, &utterance, separator);
    }
}

static void begin_csv(struct cli_output *output) {
    write_header(output, ',');
}

static void begin_tsv(struct cli_output *output) {
    write_header(output, '\t');
}

static void write_csv(struct cli_output *output, const char *input,
                      const struct dsinfer_transcript *transcript) {
    write_rows(output, input, transcript, ',');
}

static void write_tsv(struct cli_output *output, const char *input,
                      const struct dsinfer_transcript *transcript) {
    write_rows(output, input, transcript, '\t');
}

const struct cli_format cli_format_csv = {"csv", begin_csv, NULL, write_csv, NULL};
const struct cli_format cli_format_tsv = {"tsv", begin_tsv, NULL, write_tsv, NULL};
