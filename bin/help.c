/* Help of the program and of each command, at most 80 columns wide.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/help.h"
#include "bin/errors.h"
#include "bin/output/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 80
#define HELP_COLUMN 26

/* Prints words of `text` from column `column` on, continuing lines at `indent`. */
static void print_wrapped(FILE *file, const char *text, size_t column, size_t indent) {
    bool is_first = true;

    while (*text) {
        const size_t length = strcspn(text, " \n");

        if (!is_first && column + 1 + length > WIDTH) {
            fprintf(file, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!is_first) {
            fputc(' ', file);
            column++;
        }
        fwrite(text, 1, length, file);
        column += length;
        is_first = false;
        text += length;
        if (*text == '\n') {
            fprintf(file, "\n%*s", (int)indent, "");
            column = indent;
            is_first = true;
        }
        if (*text) {
            text++;
        }
    }
    fputc('\n', file);
}

static size_t print_name(FILE *file, const struct cli_option *option) {
    int length;

    length = option->letter ? fprintf(file, "  -%c, --%s", option->letter, option->name)
                            : fprintf(file, "      --%s", option->name);
    if (option->value) {
        length += fprintf(file, " %s", option->value);
    }
    if (option->kind == CLI_CHOICE) {
        size_t i;

        for (i = 0; option->choices[i]; i++) {
            length += fprintf(file, "%c%s", i ? '|' : ' ', option->choices[i]);
        }
    }
    return length < 0 ? 0 : (size_t)length;
}

static void print_option(FILE *file, const struct cli_option *option) {
    char text[512];
    size_t column = print_name(file, option);

    if (option->kind == CLI_NUMBER) {
        snprintf(text, sizeof(text), "%s; %" PRIu32 " to %" PRIu32, option->help, option->min,
                 option->max);
    } else {
        snprintf(text, sizeof(text), "%s", option->help);
    }
    if (column + 2 > HELP_COLUMN) {
        fputc('\n', file);
        column = 0;
    }
    fprintf(file, "%*s", (int)(HELP_COLUMN - column), "");
    print_wrapped(file, text, HELP_COLUMN, HELP_COLUMN);
}

static int finish(void) {
    struct cli_error error;

    if (!cli_writer_flush(stdout, &error)) {
        return cli_report_exit(CLI_STDOUT_NAME, &error, CLI_EXIT_RUNTIME);
    }
    return CLI_EXIT_OK;
}

int cli_help_command(const struct cli_command *command, const struct cli_group *groups,
                     size_t n_groups) {
    size_t g, o;

    printf("usage: dsinfer %s [options] %s\n\n", command->name, command->arguments);
    print_wrapped(stdout, command->description, 0, 0);
    for (g = 0; g < n_groups; g++) {
        printf("\n%s:\n", groups[g].title);
        for (o = 0; o < groups[g].n_options; o++) {
            print_option(stdout, &groups[g].options[o]);
        }
    }
    printf("\n  -h, --help              print this and exit\n");
    printf("\nExamples:\n%s", command->examples);
    return finish();
}

int cli_help_program(const struct cli_command *const *commands, size_t n_commands) {
    size_t i;

    printf("usage: dsinfer FILE.wav...\n"
           "       dsinfer COMMAND [options] ...\n"
           "\n"
           "Speech to text with DeepSpeech models.\n"
           "\n"
           "Commands:\n");
    for (i = 0; i < n_commands; i++) {
        printf("  %-12s%s\n", commands[i]->name, commands[i]->summary);
    }
    printf("\n"
           "  -h, --help    print this, or the help of a command, and exit\n"
           "      --version print the version and exit\n"
           "\n"
           "Exit codes: 0 done, 1 some inputs failed, 2 usage, 3 model, 4 audio,\n"
           "5 running or output, 130 and 143 after SIGINT and SIGTERM.\n"
           "\n"
           "Examples:\n"
           "  dsinfer talk.wav                 the words of a recording\n"
           "  dsinfer transcribe --help        all that transcribing can do\n"
           "  arecord -f S16_LE -r 16000 | dsinfer transcribe --partials -\n");
    return finish();
}
