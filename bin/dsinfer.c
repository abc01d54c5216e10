/* dsinfer: the program. `dsinfer FILE` is short for `dsinfer transcribe FILE`.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/commands.h"
#include "bin/errors.h"
#include "bin/help.h"
#include "bin/output/writer.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct cli_command *const commands[] = {
    &cli_transcribe, &cli_listen, &cli_inspect, &cli_convert, &cli_run,
    &cli_features,   &cli_decode, &cli_scorer,  &cli_eval,    &cli_bench,
};

/* As far away as this, or altogether different, a word is not taken for a misspelt command. */
#define MAX_DISTANCE 4

static int print_version(void) {
    struct cli_error error;

    printf("dsinfer %s\n", dsinfer_version());
    if (!cli_writer_flush(stdout, &error)) {
        return cli_report_exit(CLI_STDOUT_NAME, &error, CLI_EXIT_RUNTIME);
    }
    return CLI_EXIT_OK;
}

static int print_usage(void) {
    size_t i;

    fputs("usage: dsinfer FILE.wav...\n       dsinfer COMMAND [options] ...\n\nCommands:", stderr);
    for (i = 0; i < CLI_N(commands); i++) {
        fprintf(stderr, " %s", commands[i]->name);
    }
    fputs("\n\n`dsinfer --help` says what they do.\n", stderr);
    return CLI_EXIT_USAGE;
}

static const struct cli_command *find_command(const char *name) {
    size_t i;

    for (i = 0; i < CLI_N(commands); i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

/* A word that is no command but could be an input or option of transcribe. */
static bool is_input(const char *word) {
    struct stat facts;

    return word[0] == '-' || strpbrk(word, "./") || stat(word, &facts) == 0;
}

static int unknown_command(const char *word) {
    const char *nearest = NULL;
    const size_t length = strlen(word);
    size_t best = length < MAX_DISTANCE ? length : MAX_DISTANCE;
    size_t i;

    for (i = 0; i < CLI_N(commands); i++) {
        const size_t distance = cli_distance(word, length, commands[i]->name);

        if (distance < best) {
            best = distance;
            nearest = commands[i]->name;
        }
    }
    if (nearest) {
        return cli_usage(word, "no such command nor file; did you mean '%s'?", nearest);
    }
    return cli_usage(word, "no such command nor file; see dsinfer --help");
}

/* A descriptor that is closed would be given to the next file opened; results must not go there. */
static void hold_standard_descriptors(void) {
    int fd;

    for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            /* Opened the wrong way round: reading stdin and writing stdout still fail. */
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        }
    }
}

int main(int argc, char **argv) {
    const struct cli_command *command;

    hold_standard_descriptors();
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        return print_usage();
    }
    if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
        return cli_help_program(commands, CLI_N(commands));
    }
    if (strcmp(argv[1], "--version") == 0) {
        return print_version();
    }
    command = find_command(argv[1]);
    if (command) {
        return command->run(argc - 1, argv + 1);
    }
    return is_input(argv[1]) ? cli_transcribe.run(argc, argv) : unknown_command(argv[1]);
}
