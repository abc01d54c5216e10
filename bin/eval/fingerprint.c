/* Settings as strings; FNV-1a (64 bits) of what is long.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/eval/fingerprint.h"
#include "bin/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FNV_START 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

static uint64_t hash(uint64_t value, const void *bytes, size_t size) {
    const unsigned char *byte = bytes;
    size_t i;

    for (i = 0; i < size; i++) {
        value = (value ^ byte[i]) * FNV_PRIME;
    }
    return value;
}

static bool hash_file(const char *path, uint64_t *value, struct cli_error *error) {
    FILE *file = fopen(path, "rb");
    char buffer[65536];
    bool is_good;
    size_t n;

    if (!file) {
        return cli_fail_errno(error, "cannot be read");
    }
    while ((n = fread(buffer, 1, sizeof(buffer), file)) > 0) {
        *value = hash(*value, buffer, n);
    }
    is_good = !ferror(file) || cli_fail_errno(error, "cannot be read");
    fclose(file);
    return is_good;
}

static void set_number(json_t *object, const char *key, uint64_t value) {
    char text[32];

    snprintf(text, sizeof(text), "%016" PRIx64, value);
    cli_json_set(object, key, cli_json_string(text));
}

/* Path of the weights of an IR, owned by the caller; NULL for other files. */
static char *find_weights(const char *path) {
    const size_t length = strlen(path);
    char *weights;

    if (length < 4 || strcmp(path + length - 4, ".xml") != 0) {
        return NULL;
    }
    weights = cli_strdup(path);
    memcpy(weights + length - 3, "bin", 3);
    return weights;
}

bool cli_fingerprint_file(json_t *object, const char *key, const char *path,
                          struct cli_error *error) {
    uint64_t value = FNV_START;
    char *weights;
    bool is_good;

    if (!path) {
        return true;
    }
    weights = find_weights(path);
    is_good = hash_file(path, &value, error) && (!weights || hash_file(weights, &value, error));
    if (is_good) {
        set_number(object, key, value);
    }
    free(weights);
    return is_good;
}

void cli_fingerprint_labels(json_t *object, const struct dsinfer_model *model) {
    const uint32_t n_labels = dsinfer_model_info(model)->n_labels;
    uint64_t value = FNV_START;
    uint32_t i;

    for (i = 0; i < n_labels; i++) {
        const char *label = dsinfer_model_get_label(model, i);

        value = label ? hash(value, label, strlen(label) + 1) : value;
    }
    set_number(object, "labels", value);
}

/* The value of an option, or NULL where it was not given. */
static json_t *make_value(const struct cli_option *option, const void *at) {
    char text[32];

    switch (option->kind) {
    case CLI_FLAG:
        return *(const bool *)at ? cli_json_string("given") : NULL;
    case CLI_TEXT:
        return *(const char *const *)at && strcmp(option->value, "FILE") != 0
                   ? cli_json_string(*(const char *const *)at)
                   : NULL;
    case CLI_NUMBER:
        snprintf(text, sizeof(text), "%" PRIu32, *(const uint32_t *)at);
        return *(const uint32_t *)at ? cli_json_string(text) : NULL;
    case CLI_REAL:
        snprintf(text, sizeof(text), "%.15g", *(const double *)at);
        return isnan(*(const double *)at) ? NULL : cli_json_string(text);
    case CLI_CHOICE:
        return *(const int *)at >= 0 ? cli_json_string(option->choices[*(const int *)at]) : NULL;
    default:
        return NULL;
    }
}

void cli_fingerprint_options(json_t *object, const struct cli_group *group) {
    size_t i;

    for (i = 0; i < group->n_options; i++) {
        const struct cli_option *option = &group->options[i];
        json_t *value = make_value(option, (const char *)group->settings + option->offset);

        if (value) {
            cli_json_set(object, option->name, value);
        }
    }
}
