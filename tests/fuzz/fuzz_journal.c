/* Any bytes as the journal of an evaluation: refused with a sentence and left as it was, or
 * accepted, and then what is added to it is found again with what it had.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/eval/journal.h"
#include "tests/fuzz/fuzz_file.h"

#include <string.h>
#include <sys/stat.h>

#define N_LINES 3

static struct cli_manifest_line sources[N_LINES] = {
    {"a.wav", "one two", 2}, {"b.wav", "", 3}, {"c.wav", "caf\xe9", 5}};
static const struct cli_manifest manifest = {NULL, NULL, sources, N_LINES};

static bool open_journal(struct cli_journal *journal, const char *path, struct cli_eval_line *lines,
                         struct cli_error *error) {
    json_t *settings = cli_json_object();
    bool is_good;
    size_t i;

    cli_json_set(settings, "beam-width", cli_json_string("100"));
    for (i = 0; i < N_LINES; i++) {
        lines[i] = (struct cli_eval_line){.source = &sources[i]};
    }
    is_good = cli_journal_open(journal, path, settings, &manifest, lines, N_LINES, error);
    json_decref(settings);
    return is_good;
}

static void finish(struct cli_eval_line *lines) {
    size_t i;

    for (i = 0; i < N_LINES; i++) {
        free(lines[i].hypothesis);
    }
}

static void check_accepted(struct cli_journal *journal, const char *path,
                           struct cli_eval_line *lines) {
    struct cli_eval_line again[N_LINES];
    struct cli_error error;
    size_t i;

    for (i = 0; i < N_LINES; i++) {
        if (!lines[i].hypothesis) {
            lines[i].hypothesis = strdup("one \"too\"");
            FUZZ_CHECK(lines[i].hypothesis && cli_journal_add(journal, &lines[i], &error));
        }
    }
    cli_journal_close(journal);
    FUZZ_CHECK(open_journal(journal, path, again, &error));
    cli_journal_close(journal);
    for (i = 0; i < N_LINES; i++) {
        FUZZ_CHECK(again[i].hypothesis && strcmp(again[i].hypothesis, lines[i].hypothesis) == 0);
    }
    finish(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct cli_eval_line lines[N_LINES];
    struct cli_journal journal;
    struct cli_error error = {0};
    struct fuzz_file file;
    struct stat facts;

    fuzz_file_create(&file, data, size);
    if (open_journal(&journal, file.path, lines, &error)) {
        check_accepted(&journal, file.path, lines);
    } else {
        FUZZ_CHECK(error.message[0] && !journal.file);
        FUZZ_CHECK(stat(file.path, &facts) == 0 && (size_t)facts.st_size == size);
    }
    finish(lines);
    fuzz_file_remove(&file);
    return 0;
}
