/* Parsing of options by table.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/options.h"
#include "bin/errors.h"
#include "bin/help.h"
#include "bin/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names longer than this are cut when they are compared for a suggestion. */
#define MAX_NAME 48

struct parser {
    const struct cli_command *command;
    const struct cli_group *groups;
    size_t n_groups;
    int argc;
    char **argv;
    int i; /* the argument being looked at */
};

static const struct cli_option help_option = {
    "help", 'h', CLI_FLAG, NULL, 0, NULL, 0, 0, NULL,
};

void cli_words_add(struct cli_words *words, const char *word) {
    words->items = cli_realloc(words->items, words->n + 1, sizeof(*words->items));
    words->items[words->n++] = word;
}

void cli_words_finish(struct cli_words *words) {
    free(words->items);
    words->items = NULL;
    words->n = 0;
}

static bool same_letter(char a, char b) {
    return (a == '_' ? '-' : a) == (b == '_' ? '-' : b);
}

static bool begins(const char *name, const char *word, size_t length) {
    size_t i;

    for (i = 0; i < length; i++) {
        if (!name[i] || !same_letter(word[i], name[i])) {
            return false;
        }
    }
    return true;
}

size_t cli_distance(const char *word, size_t length, const char *name) {
    size_t row[MAX_NAME + 1];
    const size_t n_word = length < MAX_NAME ? length : MAX_NAME;
    const size_t n_name = strnlen(name, MAX_NAME);
    size_t i, j;

    if (n_word > 1 && begins(name, word, n_word)) {
        return 0;
    }
    for (j = 0; j <= n_name; j++) {
        row[j] = j;
    }
    for (i = 1; i <= n_word; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (j = 1; j <= n_name; j++) {
            const size_t above = row[j];
            size_t best = diagonal + (same_letter(word[i - 1], name[j - 1]) ? 0 : 1);

            best = above + 1 < best ? above + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            row[j] = best;
            diagonal = above;
        }
    }
    return row[n_name];
}

/* The option with this long name (or letter, when `letter` is not 0) and its group. */
static const struct cli_option *find(const struct parser *parser, const char *name, size_t length,
                                     char letter, const struct cli_group **group) {
    size_t g, o;

    *group = NULL;
    for (g = 0; g < parser->n_groups; g++) {
        for (o = 0; o < parser->groups[g].n_options; o++) {
            const struct cli_option *option = &parser->groups[g].options[o];

            if (letter ? option->letter == letter
                       : strlen(option->name) == length && begins(option->name, name, length)) {
                *group = &parser->groups[g];
                return option;
            }
        }
    }
    if (letter ? letter == 'h' : strlen("help") == length && begins("help", name, length)) {
        return &help_option;
    }
    return NULL;
}

static int unknown_option(const struct parser *parser, const char *name, size_t length) {
    const char *nearest = "help";
    size_t best = cli_distance(name, length, nearest);
    size_t g, o;

    for (g = 0; g < parser->n_groups; g++) {
        for (o = 0; o < parser->groups[g].n_options; o++) {
            const char *candidate = parser->groups[g].options[o].name;
            const size_t distance = cli_distance(name, length, candidate);

            if (distance < best) {
                best = distance;
                nearest = candidate;
            }
        }
    }
    return cli_usage(parser->argv[parser->i], "unknown option of '%s'; did you mean --%s?",
                     parser->command->name, nearest);
}

static bool parse_number(const char *text, uint32_t min, uint32_t max, uint32_t *number) {
    uint64_t value = 0;
    const char *p;

    for (p = text; *p >= '0' && *p <= '9'; p++) {
        value = value * 10 + (uint64_t)(*p - '0');
        if (value > max) {
            return false;
        }
    }
    if (p == text || *p || value < min) {
        return false;
    }
    *number = (uint32_t)value;
    return true;
}

/* With strtod: the program never leaves the "C" locale. */
bool cli_parse_real(const char *text, double *number) {
    const double limit = 1e9;
    char *end;
    double value;

    if (!text[0] || strspn(text, "+-.0123456789eE") != strlen(text)) {
        return false;
    }
    value = strtod(text, &end);
    if (*end || !(value > -limit && value < limit)) {
        return false;
    }
    *number = value;
    return true;
}

static int store_choice(const struct cli_option *option, const char *name, const char *text,
                        int *choice) {
    char list[256] = "";
    size_t length = 0;
    int i;

    for (i = 0; option->choices[i]; i++) {
        if (strcmp(option->choices[i], text) == 0) {
            *choice = i;
            return CLI_PARSED;
        }
        length += (size_t)snprintf(list + length, sizeof(list) - length, "%s%s", i ? ", " : "",
                                   option->choices[i]);
        length = length < sizeof(list) ? length : sizeof(list) - 1;
    }
    return cli_usage(name, "'%s' is none of: %s", text, list);
}

static int store(const struct cli_option *option, const struct cli_group *group, const char *text) {
    char *at = (char *)group->settings + option->offset;
    char name[MAX_NAME + 3];

    snprintf(name, sizeof(name), "--%s", option->name);
    switch (option->kind) {
    case CLI_FLAG:
        *(bool *)(void *)at = true;
        break;
    case CLI_TEXT:
        if (!text[0]) {
            return cli_usage(name, "the value is empty");
        }
        *(const char **)(void *)at = text;
        break;
    case CLI_NUMBER:
        if (!parse_number(text, option->min, option->max, (uint32_t *)(void *)at)) {
            return cli_usage(name, "'%s' is not a whole number from %" PRIu32 " to %" PRIu32, text,
                             option->min, option->max);
        }
        break;
    case CLI_REAL:
        if (!cli_parse_real(text, (double *)(void *)at)) {
            return cli_usage(name, "'%s' is not a number", text);
        }
        break;
    case CLI_CHOICE:
        return store_choice(option, name, text, (int *)(void *)at);
    case CLI_LIST:
        cli_words_add((struct cli_words *)(void *)at, text);
        break;
    }
    return CLI_PARSED;
}

/* Takes the option's value, which is `attached` where not NULL, else the next argument. */
static int take(struct parser *parser, const struct cli_option *option,
                const struct cli_group *group, const char *attached) {
    const char *written = parser->argv[parser->i];

    if (option == &help_option) {
        return cli_help_command(parser->command, parser->groups, parser->n_groups);
    }
    if (option->kind == CLI_FLAG) {
        if (attached) {
            return cli_usage(written, "--%s takes no value", option->name);
        }
        return store(option, group, NULL);
    }
    if (!attached) {
        if (parser->i + 1 >= parser->argc || strncmp(parser->argv[parser->i + 1], "--", 2) == 0) {
            return cli_usage(written, "a value is needed: --%s=%s", option->name,
                             option->value ? option->value : option->choices[0]);
        }
        attached = parser->argv[++parser->i];
    }
    return store(option, group, attached);
}

static int parse_long(struct parser *parser) {
    const char *name = parser->argv[parser->i] + 2;
    const size_t length = strcspn(name, "=");
    const struct cli_group *group;
    const struct cli_option *option = find(parser, name, length, 0, &group);

    if (!option) {
        return unknown_option(parser, name, length);
    }
    return take(parser, option, group, name[length] ? name + length + 1 : NULL);
}

static int parse_short(struct parser *parser) {
    const char *argument = parser->argv[parser->i];
    const size_t length = strlen(argument + 1);
    const struct cli_group *group;
    const struct cli_option *option = find(parser, NULL, 0, argument[1], &group);

    /* "-model" is "--model" with a hyphen missing, not "-m odel". */
    if (!option || (length > 1 && find(parser, argument + 1, length, 0, &group))) {
        return unknown_option(parser, argument + 1, length);
    }
    return take(parser, option, group, argument[2] ? argument + 2 : NULL);
}

int cli_parse(const struct cli_command *command, const struct cli_group *groups, size_t n_groups,
              int argc, char **argv, struct cli_words *words) {
    struct parser parser = {command, groups, n_groups, argc, argv, 1};
    bool ended = false;

    for (; parser.i < argc; parser.i++) {
        const char *argument = argv[parser.i];
        int result = CLI_PARSED;

        if (ended || argument[0] != '-' || !argument[1]) {
            cli_words_add(words, argument);
        } else if (strcmp(argument, "--") == 0) {
            ended = true;
        } else {
            result = argument[1] == '-' ? parse_long(&parser) : parse_short(&parser);
        }
        if (result != CLI_PARSED) {
            return result;
        }
    }
    return CLI_PARSED;
}
