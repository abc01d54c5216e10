/* The decoder and the language model that the options ask for.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/decoder_settings.h"
#include "bin/errors.h"
#include "bin/memory.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WEIGHT 1e6

/* In the order of enum dsinfer_decoder_kind from DSINFER_DECODER_GREEDY on. */
static const char *const kind_names[] = {"greedy", "tensorflow", "prefix", NULL};

static const struct cli_option options_table[] = {
    {"decoder", 0, CLI_CHOICE, NULL, offsetof(struct cli_decoder_settings, kind),
     "how text is found in the network's output (default: as the model's release does)", 0, 0,
     kind_names},
    {"beam-width", 0, CLI_NUMBER, "N", offsetof(struct cli_decoder_settings, beam_width),
     "readings kept in the search (default: as the model says, else 500)", 1, 65536, NULL},
    {"candidates", 0, CLI_NUMBER, "N", offsetof(struct cli_decoder_settings, n_candidates),
     "readings given in JSON (default 1)", 1, 1024, NULL},
    {"lm-alpha", 0, CLI_REAL, "X", offsetof(struct cli_decoder_settings, alpha),
     "weight of the language model (default: the scorer's or the decoder's)", 0, 0, NULL},
    {"lm-beta", 0, CLI_REAL, "X", offsetof(struct cli_decoder_settings, beta),
     "weight of each word, in the tensorflow decoder of each known one", 0, 0, NULL},
    {"cutoff-prob", 0, CLI_REAL, "P", offsetof(struct cli_decoder_settings, cutoff_prob),
     "prefix decoder: try a frame's likeliest labels until they sum to P (default 1: all)", 0, 0,
     NULL},
    {"cutoff-top-n", 0, CLI_NUMBER, "N", offsetof(struct cli_decoder_settings, cutoff_top_n),
     "... or N of them, where P is below 1 (default 40)", 1, 65536, NULL},
    {"hot-words", 0, CLI_TEXT, "WORD:BOOST,...", offsetof(struct cli_decoder_settings, hot_words),
     "prefix decoder: words made likelier, or with a negative boost less likely", 0, 0, NULL},
    {"hot-word-compat", 0, CLI_FLAG, NULL,
     offsetof(struct cli_decoder_settings, is_hot_word_compatible),
     "boost as DeepSpeech 0.9 does: again for each later word, but never the last one", 0, 0, NULL},
    {"no-lm", 0, CLI_FLAG, NULL, offsetof(struct cli_decoder_settings, no_lm),
     "no language model, not the bundled one either", 0, 0, NULL},
};

struct cli_group cli_decoder_options(struct cli_decoder_settings *settings) {
    struct cli_group group = {"Decoder", options_table, CLI_N(options_table), settings};

    memset(settings, 0, sizeof(*settings));
    settings->kind = -1;
    settings->alpha = settings->beta = settings->cutoff_prob = (double)NAN;
    return group;
}

struct cli_group cli_decoder_scorer_options(struct cli_decoder_settings *settings) {
    return cli_scorer_options(&settings->scorer);
}

static int check_range(const char *name, double value, double min, double max) {
    if (isnan(value) || (value >= min && value <= max)) {
        return CLI_PARSED;
    }
    return cli_usage(name, "%g is not a number from %g to %g", value, min, max);
}

/* Cuts "word:boost,word:boost" into the list. */
static int parse_hot_words(struct cli_decoder_settings *settings) {
    char *item = cli_strdup(settings->hot_words);
    size_t i;

    settings->hot_text = item;
    for (i = 0; item; i++) {
        char *comma = strchr(item, ',');
        char *colon;
        double boost;

        if (comma) {
            *comma = '\0';
        }
        colon = strrchr(item, ':');
        if (!colon || colon == item || !cli_parse_real(colon + 1, &boost) ||
            fabs(boost) > MAX_WEIGHT) {
            return cli_usage("--hot-words",
                             "'%s' is not a word, a colon and a number from %g to %g", item,
                             -MAX_WEIGHT, MAX_WEIGHT);
        }
        *colon = '\0';
        settings->hot_list = cli_realloc(settings->hot_list, i + 1, sizeof(*settings->hot_list));
        settings->hot_list[i] = (struct dsinfer_hot_word){item, (float)boost};
        settings->n_hot = i + 1;
        item = comma ? comma + 1 : NULL;
    }
    return CLI_PARSED;
}

static bool is_greedy(const struct cli_decoder_settings *settings) {
    return settings->kind == DSINFER_DECODER_GREEDY - DSINFER_DECODER_GREEDY;
}

int cli_decoder_check(struct cli_decoder_settings *settings) {
    const struct cli_scorer_settings *scorer = &settings->scorer;
    int exit_code = cli_scorer_check(scorer);

    if (exit_code == CLI_PARSED) {
        exit_code = check_range("--lm-alpha", settings->alpha, -MAX_WEIGHT, MAX_WEIGHT);
    }
    if (exit_code == CLI_PARSED) {
        exit_code = check_range("--lm-beta", settings->beta, -MAX_WEIGHT, MAX_WEIGHT);
    }
    if (exit_code == CLI_PARSED) {
        exit_code = check_range("--cutoff-prob", settings->cutoff_prob, 0.0, 1.0);
    }
    if (exit_code != CLI_PARSED) {
        return exit_code;
    }
    if (scorer->trie && !scorer->lm) {
        return cli_usage("--trie", "is a dictionary alone: --lm is needed, too");
    }
    if (is_greedy(settings) && !settings->no_lm && (scorer->lm || scorer->scorer)) {
        return cli_usage(scorer->lm ? "--lm" : "--scorer",
                         "the decoder greedy uses no language model");
    }
    if (!settings->hot_words) {
        return CLI_PARSED;
    }
    if (settings->no_lm || (settings->kind >= 0 && strcmp(kind_names[settings->kind], "prefix"))) {
        return cli_usage("--hot-words", "work with a language model and the decoder prefix only");
    }
    return parse_hot_words(settings);
}

static void fill(const struct cli_decoder_settings *settings,
                 struct dsinfer_decoder_options *options) {
    dsinfer_decoder_options_init(options);
    if (settings->kind >= 0) {
        options->kind = (enum dsinfer_decoder_kind)(DSINFER_DECODER_GREEDY + settings->kind);
    }
    if (settings->beam_width) {
        options->beam_width = settings->beam_width;
    }
    if (settings->n_candidates) {
        options->n_candidates = settings->n_candidates;
    }
    if (settings->cutoff_top_n) {
        options->cutoff_top_n = settings->cutoff_top_n;
    }
    if (!isnan(settings->cutoff_prob)) {
        options->cutoff_prob = settings->cutoff_prob;
    }
    options->alpha = settings->alpha;
    options->beta = settings->beta;
    options->is_hot_word_compatible = settings->is_hot_word_compatible;
}

/* A dictionary allows no other words, so boosting them changes nothing. */
static void note_unknown_hot_words(const struct cli_decoder_settings *settings) {
    size_t i;

    for (i = 0; i < settings->n_hot; i++) {
        const char *word = settings->hot_list[i].text;
        int is_word = 0;
        int is_prefix = 0;

        if (dsinfer_scorer_look_up(settings->opened, word, strlen(word), &is_word, &is_prefix) ==
                DSINFER_OK &&
            !is_word) {
            char sentence[160];

            snprintf(sentence, sizeof(sentence),
                     "'%.80s' is not in the dictionary: it cannot be heard", word);
            cli_note("--hot-words", sentence);
        }
    }
}

/* Opens the scorer that is named, if one is. */
static int open_named(struct cli_decoder_settings *settings,
                      const struct dsinfer_scorer_options *scorer_options,
                      struct dsinfer_decoder_options *options) {
    const struct cli_scorer_settings *scorer = &settings->scorer;
    int exit_code = CLI_EXIT_OK;

    if (!settings->no_lm && (scorer->lm || scorer->scorer)) {
        exit_code = cli_scorer_open(scorer, scorer_options, &settings->opened);
    }
    if (exit_code == CLI_EXIT_OK && settings->n_hot && !settings->opened) {
        exit_code =
            cli_usage("--hot-words", "need a language model: name one with --lm or --scorer");
    } else if (exit_code == CLI_EXIT_OK && settings->n_hot) {
        note_unknown_hot_words(settings);
    }
    options->scorer = settings->opened;
    options->hot_words = settings->hot_list;
    options->n_hot_words = settings->n_hot;
    return exit_code;
}

/* The weights in decoder.json: {"tensorflow": {"alpha": 1.3, "beta": 1.5}, "prefix": {...}}. */
static int read_bundled_weights(bool is_prefix, struct dsinfer_decoder_options *options) {
    char *path = cli_bundled_path("decoder.json");
    int exit_code = CLI_EXIT_OK;
    json_error_t json_error;
    json_t *root = json_load_file(path, 0, &json_error);
    struct cli_error error;
    double alpha, beta;

    if (json_unpack_ex(root, &json_error, 0, "{s:{s:F, s:F}}", is_prefix ? "prefix" : "tensorflow",
                       "alpha", &alpha, "beta", &beta) == 0) {
        options->alpha = isnan(options->alpha) ? alpha : options->alpha;
        options->beta = isnan(options->beta) ? beta : options->beta;
    } else {
        cli_fail(&error, CLI_MALFORMED, "the weights cannot be read: %s", json_error.text);
        exit_code = cli_report_exit(path, &error, CLI_EXIT_MODEL);
    }
    json_decref(root);
    free(path);
    return exit_code;
}

int cli_decoder_open(struct cli_decoder_settings *settings,
                     const struct cli_model_settings *model_settings,
                     const struct dsinfer_model *model, struct dsinfer_decoder_options *options) {
    const struct dsinfer_model_info *info = dsinfer_model_info(model);
    struct dsinfer_scorer_options scorer_options;
    bool is_bundled;

    fill(settings, options);
    if (!settings->beam_width && info->beam_width) {
        options->beam_width = info->beam_width;
    }
    is_bundled = !model_settings->path && !settings->no_lm && !settings->scorer.lm &&
                 !settings->scorer.scorer && !is_greedy(settings);
    if (is_bundled) {
        const int exit_code =
            read_bundled_weights(options->kind == DSINFER_DECODER_PREFIX, options);

        if (exit_code != CLI_EXIT_OK) {
            return exit_code;
        }
        settings->bundled_lm = cli_bundled_path("lm.binary");
        settings->scorer.lm = settings->bundled_lm;
    }
    dsinfer_scorer_options_init(&scorer_options);
    scorer_options.model = model;
    return open_named(settings, &scorer_options, options);
}

int cli_decoder_open_alone(struct cli_decoder_settings *settings,
                           const struct dsinfer_decoder_input *input,
                           struct dsinfer_decoder_options *options) {
    struct dsinfer_scorer_options scorer_options;

    fill(settings, options);
    dsinfer_scorer_options_init(&scorer_options);
    scorer_options.alphabet_path = input->alphabet_path;
    scorer_options.is_bytes = input->is_bytes;
    return open_named(settings, &scorer_options, options);
}

const char *cli_decoder_get_lm(const struct cli_decoder_settings *settings) {
    if (!settings->opened) {
        return NULL;
    }
    return settings->scorer.scorer ? settings->scorer.scorer : settings->scorer.lm;
}

int cli_decoder_report(const struct cli_decoder_settings *settings, const char *name,
                       enum dsinfer_status status, const struct dsinfer_error *library_error) {
    const char *lm = cli_decoder_get_lm(settings);
    struct cli_error error;

    cli_fail_library(&error, status, library_error);
    if (status == DSINFER_ERR_ARGUMENT) {
        return cli_report_exit(settings->hot_words ? "--hot-words" : "--decoder", &error,
                               CLI_EXIT_USAGE);
    }
    if (lm && (status == DSINFER_ERR_MISMATCH || status == DSINFER_ERR_LIMIT)) {
        name = lm;
    }
    return cli_report_exit(name, &error, CLI_EXIT_MODEL);
}

void cli_decoder_settings_finish(struct cli_decoder_settings *settings) {
    dsinfer_scorer_unref(settings->opened);
    free(settings->hot_list);
    free(settings->hot_text);
    free(settings->bundled_lm);
    settings->opened = NULL;
    settings->hot_list = NULL;
    settings->hot_text = NULL;
    settings->bundled_lm = NULL;
}
