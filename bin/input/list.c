/* Files, and folders of them.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/input/list.h"
#include "bin/memory.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* What libsndfile can open, by the usual endings. */
static const char *const endings[] = {
    ".wav", ".wave", ".flac", ".ogg",  ".oga", ".opus", ".mp3",  ".aif", ".aiff", ".aifc", ".au",
    ".snd", ".caf",  ".w64",  ".rf64", ".voc", ".sph",  ".nist", ".avr", ".svx",  ".iff",
};

static bool has_audio_ending(const char *name) {
    const char *dot = strrchr(name, '.');
    size_t i;

    for (i = 0; dot && dot > name && i < CLI_N(endings); i++) {
        if (strcasecmp(dot, endings[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void append(struct cli_inputs *inputs, char *name) {
    inputs->names = cli_realloc(inputs->names, inputs->n + 1, sizeof(*inputs->names));
    inputs->names[inputs->n++] = name;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool cli_is_folder(const char *name) {
    struct stat facts;

    return strcmp(name, "-") != 0 && stat(name, &facts) == 0 && S_ISDIR(facts.st_mode);
}

static bool add_folder(struct cli_inputs *inputs, const char *folder, struct cli_error *error) {
    const size_t first = inputs->n;
    struct dirent *entry;
    DIR *directory = opendir(folder);

    if (!directory) {
        return cli_fail_errno(error, "cannot be read");
    }
    while ((entry = readdir(directory))) {
        char *path;

        if (entry->d_name[0] == '.' || !has_audio_ending(entry->d_name)) {
            continue;
        }
        path = cli_join(folder, entry->d_name);
        if (cli_is_folder(path)) {
            free(path);
        } else {
            append(inputs, path);
        }
    }
    closedir(directory);
    if (inputs->n == first) {
        return cli_fail(error, CLI_AUDIO, "no audio files in this folder");
    }
    qsort(inputs->names + first, inputs->n - first, sizeof(*inputs->names), compare_names);
    return true;
}

bool cli_inputs_add(struct cli_inputs *inputs, const char *name, struct cli_error *error) {
    if (cli_is_folder(name)) {
        return add_folder(inputs, name, error);
    }
    append(inputs, cli_strdup(name));
    return true;
}

void cli_inputs_finish(struct cli_inputs *inputs) {
    size_t i;

    for (i = 0; i < inputs->n; i++) {
        free(inputs->names[i]);
    }
    free(inputs->names);
    memset(inputs, 0, sizeof(*inputs));
}
