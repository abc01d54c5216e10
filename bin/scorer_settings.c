/* --scorer, --lm, --trie.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/scorer_settings.h"
#include "bin/errors.h"

#include <string.h>

static const struct cli_option options[] = {
    {"scorer", 0, CLI_TEXT, "FILE", offsetof(struct cli_scorer_settings, scorer),
     "a scorer package (0.7 and later)", 0, 0, NULL},
    {"lm", 0, CLI_TEXT, "FILE", offsetof(struct cli_scorer_settings, lm),
     "a language model: KenLM binary or ARPA text", 0, 0, NULL},
    {"trie", 0, CLI_TEXT, "FILE", offsetof(struct cli_scorer_settings, trie),
     "its dictionary (0.1 to 0.6; default: the words of the model)", 0, 0, NULL},
};

struct cli_group cli_scorer_options(struct cli_scorer_settings *settings) {
    const struct cli_group group = {"Language model", options, CLI_N(options), settings};

    memset(settings, 0, sizeof(*settings));
    return group;
}

int cli_scorer_check(const struct cli_scorer_settings *settings) {
    if (settings->scorer && (settings->lm || settings->trie)) {
        return cli_usage("--scorer", "is a package: it replaces --lm and --trie");
    }
    return CLI_PARSED;
}

int cli_scorer_open(const struct cli_scorer_settings *settings,
                    const struct dsinfer_scorer_options *given, struct dsinfer_scorer **scorer) {
    const char *path = settings->scorer ? settings->scorer : settings->lm;
    struct dsinfer_error library_error = {DSINFER_OK, ""};
    struct dsinfer_scorer_options all = *given;
    const char *failed = path;
    enum dsinfer_status status;
    struct cli_error error;

    all.trie_path = settings->trie;
    all.failed_path = &failed;
    status = dsinfer_scorer_open(path, &all, scorer, &library_error);
    if (status == DSINFER_OK) {
        return CLI_EXIT_OK;
    }
    cli_fail_library(&error, status, &library_error);
    return cli_report_exit(failed, &error, CLI_EXIT_MODEL);
}
