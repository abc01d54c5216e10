/* The model that the options ask for.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/settings.h"
#include "bin/memory.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const cli_family_names[] = {"ds01", "ds03", "ds04", "ds05", "ds06", "ds07", NULL};

/* In the order of enum dsinfer_kernel_level. */
static const char *const kernel_names[] = {"native", "portable", "reference", "avx2", "avx512",
                                           "vnni",   "amx",      "neon",      NULL};

/* In the order of enum dsinfer_precision. */
static const char *const precision_names[] = {"fp32", "bf16", "int8", NULL};

static const struct cli_option model_options[] = {
    {"model", 'm', CLI_TEXT, "FILE", offsetof(struct cli_model_settings, path),
     "acoustic model, .pb, .pbmm, .xml or .dsinfer (default: the bundled English one)", 0, 0, NULL},
    {"alphabet", 0, CLI_TEXT, "FILE", offsetof(struct cli_model_settings, alphabet),
     "labels of the model (default: in the model, alphabet.txt beside it, or English)", 0, 0, NULL},
    {"threads", 0, CLI_NUMBER, "N", offsetof(struct cli_model_settings, n_threads),
     "threads that share the network's work (default 1)", 1, 64, NULL},
    {"kernels", 0, CLI_CHOICE, NULL, offsetof(struct cli_model_settings, kernels),
     "arithmetic: the fastest here, any processor's, plain C, or one kind's (default native)", 0, 0,
     kernel_names},
    {"precision", 0, CLI_CHOICE, NULL, offsetof(struct cli_model_settings, precision),
     "weights: as they are, or rounded and faster (default fp32)", 0, 0, precision_names},
};

struct cli_group cli_model_options(struct cli_model_settings *settings) {
    struct cli_group group = {"Model", model_options, CLI_N(model_options), settings};

    memset(settings, 0, sizeof(*settings));
    settings->n_threads = 1;
    settings->kernels = DSINFER_KERNELS_NATIVE;
    settings->precision = DSINFER_PRECISION_F32;
    return group;
}

struct cli_group cli_model_path_options(struct cli_model_settings *settings) {
    struct cli_group group = cli_model_options(settings);

    group.n_options = 1;
    return group;
}

struct cli_group cli_kernel_options(struct cli_model_settings *settings) {
    struct cli_group group = cli_model_options(settings);

    group.options += group.n_options - 2;
    group.n_options = 2;
    return group;
}

/* The folder of the running program, or NULL. */
static char *find_program_folder(void) {
    char path[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    char *slash;

    if (length <= 0) {
        return NULL;
    }
    path[length] = '\0';
    slash = strrchr(path, '/');
    if (!slash) {
        return NULL;
    }
    *slash = '\0';
    return cli_strdup(path);
}

char *cli_bundled_path(const char *name) {
    static const char *const places[] = {"../share/dsinfer/english", "../model/english"};
    char *program_folder = find_program_folder();
    char *found = NULL;
    size_t i;

    for (i = 0; program_folder && !found && i < CLI_N(places); i++) {
        char *folder = cli_join(program_folder, places[i]);
        char *path = cli_join(folder, name);

        found = realpath(path, NULL);
        free(folder);
        free(path);
    }
    free(program_folder);
    return found ? found : cli_join(DSINFER_DATADIR "/english", name);
}

const char *cli_model_get_name(const struct cli_model_settings *settings) {
    return settings->path ? settings->path : settings->found_path;
}

/* The model could not be opened: is it all right without the alphabet the user named? */
static bool is_alphabet_at_fault(const struct cli_model_settings *settings,
                                 const struct dsinfer_model_options *options) {
    struct dsinfer_model_options others = *options;
    struct dsinfer_model *model = NULL;
    bool is_good = false;

    if (settings->alphabet) {
        others.alphabet_path = NULL;
        is_good =
            dsinfer_model_open(cli_model_get_name(settings), &others, &model, NULL) == DSINFER_OK;
        dsinfer_model_unref(model);
    }
    return is_good;
}

int cli_model_open(struct cli_model_settings *settings, struct dsinfer_model **model) {
    struct dsinfer_model_options options;
    struct dsinfer_error library_error = {DSINFER_OK, ""};
    enum dsinfer_status status;
    struct cli_error error;

    if (!settings->path && !settings->found_path) {
        settings->found_path = cli_bundled_path("output_graph.pb");
    }
    dsinfer_model_options_init(&options);
    options.kernels = (enum dsinfer_kernel_level)settings->kernels;
    options.precision = (enum dsinfer_precision)settings->precision;
    options.alphabet_path = settings->alphabet;
    status = dsinfer_model_open(cli_model_get_name(settings), &options, model, &library_error);
    if (status != DSINFER_OK) {
        cli_fail_library(&error, status, &library_error);
        return cli_report_exit(is_alphabet_at_fault(settings, &options)
                                   ? settings->alphabet
                                   : cli_model_get_name(settings),
                               &error, CLI_EXIT_MODEL);
    }
    return CLI_EXIT_OK;
}

void cli_model_note_alphabet(const struct cli_model_settings *settings,
                             const struct dsinfer_model *model) {
    if (settings->path && dsinfer_model_info(model)->alphabet_source == DSINFER_ALPHABET_ENGLISH) {
        cli_note(settings->path,
                 "no alphabet in the model nor alphabet.txt beside it: using the English one");
    }
}

void cli_model_settings_finish(struct cli_model_settings *settings) {
    free(settings->found_path);
    settings->found_path = NULL;
}
