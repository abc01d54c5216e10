/* dsinfer scorer: a language model or dictionary alone: scores sentences, looks words up, builds
 * packages.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/commands.h"
#include "bin/errors.h"
#include "bin/memory.h"
#include "bin/output/json.h"
#include "bin/output/writer.h"
#include "bin/scorer_settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct own {
    const char *alphabet;
    bool is_bytes;
    const char *score, *lookup, *vocab, *output;
    bool no_bos, no_eos;
    double alpha, beta;
};

struct settings {
    struct cli_scorer_settings scorer;
    struct own own;
};

static const struct cli_option own_options[] = {
    {"alphabet", 0, CLI_TEXT, "FILE", offsetof(struct own, alphabet),
     "letters of the words (default: English)", 0, 0, NULL},
    {"bytes-output", 0, CLI_FLAG, NULL, offsetof(struct own, is_bytes),
     "letters are bytes, there is no alphabet", 0, 0, NULL},
    {"score", 0, CLI_TEXT, "FILE", offsetof(struct own, score),
     "score each line as a sentence: an object a line", 0, 0, NULL},
    {"no-bos", 0, CLI_FLAG, NULL, offsetof(struct own, no_bos), "sentences do not begin behind <s>",
     0, 0, NULL},
    {"no-eos", 0, CLI_FLAG, NULL, offsetof(struct own, no_eos), "sentences do not end with </s>", 0,
     0, NULL},
    {"lookup", 0, CLI_TEXT, "FILE", offsetof(struct own, lookup),
     "look each line up: is it a word, or the beginning of one?", 0, 0, NULL},
    {"vocab", 0, CLI_TEXT, "FILE", offsetof(struct own, vocab),
     "build a package of --lm and the words of this file", 0, 0, NULL},
    {"lm-alpha", 0, CLI_REAL, "X", offsetof(struct own, alpha),
     "its weight of the language model (default 0.931289)", 0, 0, NULL},
    {"lm-beta", 0, CLI_REAL, "X", offsetof(struct own, beta),
     "its weight of words (default 1.183414)", 0, 0, NULL},
    {"output", 'o', CLI_TEXT, "FILE", offsetof(struct own, output),
     "where the package or the objects go (default for these: standard output)", 0, 0, NULL},
};

/* Lines of a file, read one by one. */
struct lines {
    FILE *file;
    char *text; /* owned; the last one, without its end */
    size_t capacity, size;
    bool has_begun;
};

static bool open_lines(struct lines *lines, const char *path, struct cli_error *error) {
    memset(lines, 0, sizeof(*lines));
    lines->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    return lines->file || cli_fail_errno(error, "cannot be opened");
}

/* False at the end, and where reading fails: then close_lines says so. A byte order mark before the
 * first line is skipped. */
static bool next_line(struct lines *lines) {
    static const char mark[] = "\xef\xbb\xbf";
    const ssize_t size = getline(&lines->text, &lines->capacity, lines->file);

    if (size < 0) {
        return false;
    }
    lines->size = (size_t)size;
    if (!lines->has_begun && lines->size >= 3 && memcmp(lines->text, mark, 3) == 0) {
        lines->size -= 3;
        memmove(lines->text, lines->text + 3, lines->size);
    }
    lines->has_begun = true;
    if (lines->size && lines->text[lines->size - 1] == '\n') {
        lines->size--;
    }
    if (lines->size && lines->text[lines->size - 1] == '\r') {
        lines->size--;
    }
    lines->text[lines->size] = '\0';
    return true;
}

static bool close_lines(struct lines *lines, struct cli_error *error) {
    const bool is_read = lines->file && !ferror(lines->file);

    if (lines->file && lines->file != stdin) {
        fclose(lines->file);
    }
    free(lines->text);
    return is_read || cli_fail_errno(error, "cannot be read");
}

static json_t *make_word(const struct dsinfer_word_score *score) {
    json_t *object = cli_json_object();
    char *text = cli_calloc(score->size + 1, 1);

    memcpy(text, score->text, score->size);
    cli_json_set(object, "word", cli_json_string(text));
    cli_json_set(object, "log10", cli_json_real((double)score->log10));
    cli_json_set(object, "ngram", json_integer(score->n_gram));
    cli_json_set(object, "oov", json_boolean(score->is_unknown));
    free(text);
    return object;
}

static json_t *score_line(const struct settings *settings, const struct dsinfer_scorer *scorer,
                          const struct lines *lines) {
    const size_t capacity = lines->size / 2 + 2;
    struct dsinfer_word_score *scores = cli_calloc(capacity, sizeof(*scores));
    json_t *object = cli_json_object();
    json_t *words = cli_json_array();
    float total = 0.0f;
    size_t n = 0;
    size_t i;

    if (dsinfer_scorer_score(scorer, lines->text, lines->size, !settings->own.no_bos,
                             !settings->own.no_eos, scores, capacity, &n, &total) == DSINFER_OK) {
        for (i = 0; i < n; i++) {
            cli_json_append(words, make_word(&scores[i]));
        }
    }
    cli_json_set(object, "total", cli_json_real((double)total));
    cli_json_set(object, "words", words);
    free(scores);
    return object;
}

static json_t *look_line_up(const struct dsinfer_scorer *scorer, const struct lines *lines) {
    json_t *object = cli_json_object();
    int is_word = 0;
    int is_prefix = 0;

    (void)!dsinfer_scorer_look_up(scorer, lines->text, lines->size, &is_word, &is_prefix);
    cli_json_set(object, "text", cli_json_string(lines->text));
    cli_json_set(object, "word", json_boolean(is_word));
    cli_json_set(object, "prefix", json_boolean(is_prefix));
    return object;
}

/* Answers every line of the file with an object; returns the exit code. */
static int answer(const struct settings *settings, const struct dsinfer_scorer *scorer) {
    const char *path = settings->own.score ? settings->own.score : settings->own.lookup;
    const char *output = settings->own.output ? settings->own.output : CLI_STDOUT_NAME;
    struct cli_writer writer;
    struct cli_error error;
    struct lines lines;
    bool is_read;

    if (!open_lines(&lines, path, &error)) {
        return cli_report_exit(path, &error, CLI_EXIT_AUDIO);
    }
    if (!cli_writer_open(&writer, settings->own.output, &error)) {
        (void)close_lines(&lines, &(struct cli_error){.is_runtime = false});
        return cli_report_exit(output, &error, CLI_EXIT_RUNTIME);
    }
    while (next_line(&lines) && !ferror(writer.file)) {
        cli_json_write(writer.file,
                       settings->own.score ? score_line(settings, scorer, &lines)
                                           : look_line_up(scorer, &lines),
                       0);
        fputc('\n', writer.file);
    }
    is_read = close_lines(&lines, &error);
    if (!is_read) {
        (void)cli_writer_close(&writer, &(struct cli_error){.is_runtime = false});
        return cli_report_exit(path, &error, CLI_EXIT_AUDIO);
    }
    if (!cli_writer_close(&writer, &error)) {
        return cli_report_exit(output, &error, CLI_EXIT_RUNTIME);
    }
    return CLI_EXIT_OK;
}

static int answer_lines(const struct settings *settings) {
    struct dsinfer_scorer_options options;
    struct dsinfer_scorer *scorer = NULL;
    int exit_code;

    dsinfer_scorer_options_init(&options);
    options.alphabet_path = settings->own.alphabet;
    options.is_bytes = settings->own.is_bytes;
    options.without_dictionary = settings->own.score != NULL;
    exit_code = cli_scorer_open(&settings->scorer, &options, &scorer);
    if (exit_code == CLI_EXIT_OK) {
        exit_code = answer(settings, scorer);
    }
    dsinfer_scorer_unref(scorer);
    return exit_code;
}

static int write_bytes(void *user, const void *bytes, size_t size) {
    return fwrite(bytes, 1, size, user) == size;
}

static void note_skipped(const char *path, const struct dsinfer_scorer_build_result *result) {
    char sentence[160];

    if (result->n_skipped) {
        snprintf(sentence, sizeof(sentence),
                 "%" PRIu64 " words are left out, as the alphabet cannot spell them; %" PRIu64
                 " are in the package",
                 result->n_skipped, result->n_words);
        cli_note(path, sentence);
    }
}

static int build(const struct settings *settings) {
    const char *output = settings->own.output;
    struct dsinfer_scorer_build_options options;
    struct dsinfer_scorer_build_result result;
    struct dsinfer_error library_error = {DSINFER_OK, ""};
    struct cli_whole_file file;
    enum dsinfer_status status;
    const char *failed = output;
    struct cli_error error;
    int exit_code = CLI_EXIT_OK;

    dsinfer_scorer_build_options_init(&options);
    options.lm_path = settings->scorer.lm;
    options.vocab_path = settings->own.vocab;
    options.alphabet_path = settings->own.alphabet;
    options.is_bytes = settings->own.is_bytes;
    options.alpha = settings->own.alpha;
    options.beta = settings->own.beta;
    options.failed_path = &failed;
    if (!cli_whole_file_open(&file, output, &error)) {
        return cli_report_exit(output, &error, CLI_EXIT_RUNTIME);
    }
    status = dsinfer_scorer_build(&options, write_bytes, file.file, &result, &library_error);
    if (status != DSINFER_OK) {
        cli_fail_library(&error, status, &library_error);
        exit_code =
            cli_report_exit(failed, &error, failed == output ? CLI_EXIT_RUNTIME : CLI_EXIT_MODEL);
    } else if (!cli_whole_file_finish(&file, &error) || !cli_whole_file_commit(&file, &error)) {
        exit_code = cli_report_exit(output, &error, CLI_EXIT_RUNTIME);
    } else {
        note_skipped(settings->own.vocab, &result);
    }
    cli_whole_file_discard(&file);
    return exit_code;
}

static int check_build(const struct settings *settings) {
    const char *inputs[] = {settings->scorer.lm, settings->own.vocab, settings->own.alphabet};
    size_t i;

    if (!settings->scorer.lm || settings->scorer.scorer || settings->scorer.trie) {
        return cli_usage("--vocab", "a package is built of --lm and words, nothing else");
    }
    if (!settings->own.output) {
        return cli_usage("--output", "is needed: where the package goes");
    }
    for (i = 0; i < CLI_N(inputs); i++) {
        if (inputs[i] && cli_is_same_file(inputs[i], settings->own.output)) {
            return cli_usage(settings->own.output, "is an input, too: it would be overwritten");
        }
    }
    return CLI_PARSED;
}

static int check(const struct settings *settings, const struct cli_words *words) {
    const struct own *own = &settings->own;
    const bool has_lm = settings->scorer.scorer || settings->scorer.lm;
    const int exit_code = cli_scorer_check(&settings->scorer);

    if (exit_code != CLI_PARSED) {
        return exit_code;
    }
    if (words->n) {
        return cli_usage(words->items[0], "files are named by options: --lm, --score and others");
    }
    if (!!own->score + !!own->lookup + !!own->vocab != 1) {
        return cli_usage("scorer", "one of --score, --lookup and --vocab is needed");
    }
    if (own->alphabet && own->is_bytes) {
        return cli_usage("--bytes-output", "needs no --alphabet");
    }
    if (own->vocab) {
        return check_build(settings);
    }
    if (own->score && (!has_lm || settings->scorer.trie)) {
        return cli_usage("--score", "needs a language model, --lm or --scorer, and no --trie");
    }
    if (own->lookup && !has_lm && !settings->scorer.trie) {
        return cli_usage("--lookup", "needs a dictionary: --scorer, --trie or --lm");
    }
    if (own->output && cli_is_same_file(own->score ? own->score : own->lookup, own->output)) {
        return cli_usage(own->output, "is the input, too: it would be overwritten");
    }
    return CLI_PARSED;
}

static int run(int argc, char **argv) {
    struct settings settings;
    struct cli_group groups[] = {
        cli_scorer_options(&settings.scorer),
        {"What to do", own_options, CLI_N(own_options), &settings.own},
    };
    struct dsinfer_scorer_build_options defaults;
    struct cli_words words = {0};
    int exit_code;

    dsinfer_scorer_build_options_init(&defaults);
    memset(&settings.own, 0, sizeof(settings.own));
    settings.own.alpha = defaults.alpha;
    settings.own.beta = defaults.beta;
    exit_code = cli_parse(&cli_scorer, groups, CLI_N(groups), argc, argv, &words);
    if (exit_code == CLI_PARSED) {
        exit_code = check(&settings, &words);
    }
    if (exit_code == CLI_PARSED) {
        exit_code = settings.own.vocab ? build(&settings) : answer_lines(&settings);
    }
    cli_words_finish(&words);
    return exit_code;
}

const struct cli_command cli_scorer = {
    "scorer",
    "--score FILE | --lookup FILE | --vocab FILE",
    "score text, look words up, build a package",
    "A language model or dictionary alone. Scores are log10 probabilities of KenLM models, "
    "binary or ARPA; dictionaries are those of every release; packages are for DeepSpeech 0.7 to "
    "0.9, Coqui STT and dsinfer.",
    "  dsinfer scorer --lm lm.binary --score sentences.txt\n"
    "  dsinfer scorer --lm lm.binary --trie trie --lookup words.txt\n"
    "  dsinfer scorer --lm lm.binary --vocab words.txt -o words.scorer\n",
    run,
};
