/* Options of the command line: one table says what is parsed, what is printed by --help, and what
 * is suggested for a misspelt one.
 *
 * A command has groups of options (its own, and those it shares with others); each group stores
 * its values in a settings struct at the offsets the table gives. `--name VALUE`, `--name=VALUE`,
 * `-n VALUE` and `-nVALUE` are the same; `_` and `-` are the same in names; `--` ends the options;
 * `-` alone is no option. An option given twice: the last one counts, except for lists.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_OPTIONS_H
#define BIN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cli_kind {
    CLI_FLAG,   /* bool */
    CLI_TEXT,   /* const char * */
    CLI_NUMBER, /* uint32_t, min to max */
    CLI_REAL,   /* double, of at most nine digits before the point */
    CLI_CHOICE, /* int: index into choices */
    CLI_LIST    /* struct cli_words: may be given many times */
};

struct cli_option {
    const char *name; /* long, without "--" */
    char letter;      /* short, or 0 */
    enum cli_kind kind;
    const char *value; /* what --help calls the value; NULL for flags and choices */
    size_t offset;     /* of the member in the group's settings */
    const char *help;
    uint32_t min, max;          /* CLI_NUMBER */
    const char *const *choices; /* CLI_CHOICE, NULL-terminated */
};

struct cli_words {
    const char **items; /* owned array of borrowed strings */
    size_t n;
};

struct cli_group {
    const char *title;
    const struct cli_option *options;
    size_t n_options;
    void *settings;
};

struct cli_command {
    const char *name;
    const char *arguments; /* after the options in the usage line, for example "FILE... | -" */
    const char *summary;   /* one line, for the list of commands */
    const char *description;
    const char *examples; /* lines */
    int (*run)(int argc, char **argv);
};

#define CLI_N(array) (sizeof(array) / sizeof((array)[0]))

/* What cli_parse returns when the command is to go on. */
#define CLI_PARSED (-1)

/* Parses argv[1 ...]; what is no option goes to `words` in order (finish it with
 * cli_words_finish, whatever is returned). Returns CLI_PARSED, or the exit code: --help was
 * printed, or a mistake reported. */
int cli_parse(const struct cli_command *command, const struct cli_group *groups, size_t n_groups,
              int argc, char **argv, struct cli_words *words);

/* Decimal, with or without a point and an exponent, below 1e9 either way; false otherwise. */
bool cli_parse_real(const char *text, double *number);

void cli_words_add(struct cli_words *words, const char *word);
void cli_words_finish(struct cli_words *words);

/* Edits that turn `word` [length] into `name`, `_` and `-` being equal; 0 when it begins `name`. */
size_t cli_distance(const char *word, size_t length, const char *name);

#endif
