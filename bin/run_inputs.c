/* What `run` was given: names, roles and arrays, checked against the model.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/run_job.h"
#include "bin/memory.h"

#include <dsinfer/inspect.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const role_names[] = {"", "windows", "h", "c", "lengths"};

/* Cuts "NAME=FILE"; a node's name has no '='. */
static char *cut_name(const char *word, const char **path) {
    const char *equals = strchr(word, '=');
    char *name;

    if (!equals || equals == word || !equals[1]) {
        return NULL;
    }
    name = cli_strdup(word);
    name[equals - word] = '\0';
    *path = equals + 1;
    return name;
}

int cli_run_split(struct cli_run_job *job, const struct cli_words *inputs,
                  const struct cli_words *outputs) {
    size_t i, k;

    job->inputs = cli_calloc(inputs->n + 2, sizeof(*job->inputs));
    job->outputs = cli_calloc(outputs->n + 2, sizeof(*job->outputs));
    for (i = 0; i < inputs->n; i++) {
        job->n_inputs = i + 1;
        job->inputs[i].name = cut_name(inputs->items[i], &job->inputs[i].path);
        if (!job->inputs[i].name) {
            return cli_usage("--input", "'%s' is not NAME=FILE.npy", inputs->items[i]);
        }
    }
    for (i = 0; i < outputs->n; i++) {
        job->n_outputs = i + 1;
        job->outputs[i].name = cut_name(outputs->items[i], &job->outputs[i].path);
        if (!job->outputs[i].name) {
            return cli_usage("--output", "'%s' is not NAME=FILE.npy", outputs->items[i]);
        }
        for (k = 0; k < i; k++) {
            if (strcmp(job->outputs[i].path, job->outputs[k].path) == 0) {
                return cli_usage("--output", "two outputs go to '%s'", job->outputs[i].path);
            }
        }
    }
    return outputs->n ? CLI_PARSED : cli_usage("--output", "is needed: nothing was asked for");
}

const char *cli_run_role_name(enum cli_role role) {
    return role_names[role];
}

/* Do both name one tensor? ":0" may be missing. */
static bool is_same_tensor(const char *a, const char *b) {
    size_t n_a = strlen(a), n_b = strlen(b);

    n_a -= n_a > 2 && strcmp(a + n_a - 2, ":0") == 0 ? 2 : 0;
    n_b -= n_b > 2 && strcmp(b + n_b - 2, ":0") == 0 ? 2 : 0;
    return n_a == n_b && strncmp(a, b, n_a) == 0;
}

static enum cli_role find_role(const char *name) {
    size_t role;

    for (role = CLI_ROLE_WINDOWS; role < CLI_N(role_names); role++) {
        if (strcmp(name, role_names[role]) == 0) {
            return (enum cli_role)role;
        }
    }
    return CLI_ROLE_NODE;
}

/* Gives inputs their roles; a node that is the role's tensor counts as the role. */
int cli_run_find_roles(struct cli_run_job *job) {
    struct dsinfer_inspection *inspection = NULL;
    const struct dsinfer_inspection_info *info = NULL;
    bool has_node = false;
    size_t i, k;

    for (i = 0; i < job->n_inputs; i++) {
        job->inputs[i].role = find_role(job->inputs[i].name);
        has_node = has_node || job->inputs[i].role == CLI_ROLE_NODE;
    }
    if (has_node && dsinfer_inspection_open(job->model_path, &inspection, NULL) == DSINFER_OK) {
        info = dsinfer_inspection_get_info(inspection);
    }
    for (i = 0; info && i < job->n_inputs; i++) {
        for (k = 0; k < info->n_roles && job->inputs[i].role == CLI_ROLE_NODE; k++) {
            if (is_same_tensor(job->inputs[i].name, info->roles[k].tensor)) {
                job->inputs[i].role = find_role(info->roles[k].role);
            }
        }
        if (job->inputs[i].role != CLI_ROLE_NODE) {
            free(job->inputs[i].name);
            job->inputs[i].name = cli_strdup(role_names[job->inputs[i].role]);
        }
    }
    dsinfer_inspection_close(inspection);
    for (i = 0; i < job->n_inputs; i++) {
        if ((job->inputs[i].role == CLI_ROLE_H || job->inputs[i].role == CLI_ROLE_C) &&
            !dsinfer_model_info(job->model)->has_state) {
            return cli_usage("--input", "this model takes recordings whole and has no state '%s'",
                             job->inputs[i].name);
        }
        for (k = 0; k < i; k++) {
            if (strcmp(job->inputs[i].name, job->inputs[k].name) == 0) {
                return cli_usage("--input", "'%s' is given twice", job->inputs[i].name);
            }
        }
    }
    return CLI_PARSED;
}

static bool wrong_shape(const struct cli_run_input *input, const char *needed,
                        struct cli_error *error) {
    char shape[160];

    return cli_fail(
        error, CLI_UNSUPPORTED, "%s has shape %s; %s is needed", input->name,
        cli_npy_describe_shape(input->array.dims, input->array.rank, shape, sizeof(shape)), needed);
}

static bool is_float(const struct cli_run_input *input, struct cli_error *error) {
    return input->array.element == DSINFER_ELEMENT_F32 ||
           cli_fail(error, CLI_UNSUPPORTED, "%s has elements that are no float32 ('<f4')",
                    input->name);
}

static bool check_windows(struct cli_run_job *job, struct cli_run_input *input,
                          struct cli_error *error) {
    const struct dsinfer_model_info *info = dsinfer_model_info(job->model);
    const struct cli_npy *array = &input->array;
    const size_t *dims = array->dims + (array->rank == 5 ? 1 : 0);
    char needed[128];
    size_t i;

    snprintf(needed, sizeof(needed),
             "[N, T, %" PRIu32 ", %" PRIu32 "] or [calls, N, T, %" PRIu32 ", %" PRIu32 "]",
             2 * info->n_context + 1, info->n_features, 2 * info->n_context + 1, info->n_features);
    if (!is_float(input, error)) {
        return false;
    }
    if ((array->rank != 4 && array->rank != 5) || dims[2] != 2 * info->n_context + 1 ||
        dims[3] != info->n_features) {
        return wrong_shape(input, needed, error);
    }
    for (i = 0; i < array->rank; i++) {
        if (array->dims[i] == 0) {
            return wrong_shape(input, "at least one of everything", error);
        }
    }
    job->has_calls = array->rank == 5;
    job->n_calls = job->has_calls ? array->dims[0] : 1;
    job->n_streams = dims[0];
    job->n_steps = dims[1];
    input->stride = array->n_values / job->n_calls * sizeof(float);
    return true;
}

static bool check_state(const struct cli_run_job *job, struct cli_run_input *input,
                        struct cli_error *error) {
    const size_t n_cell = dsinfer_model_info(job->model)->n_cell;
    char needed[64];

    snprintf(needed, sizeof(needed), "[%zu, %zu]", job->n_streams, n_cell);
    if (!is_float(input, error)) {
        return false;
    }
    if (input->array.rank != 2 || input->array.dims[1] != n_cell ||
        (job->n_streams && input->array.dims[0] != job->n_streams)) {
        return wrong_shape(input, needed, error);
    }
    return true;
}

/* int64 where int32 is needed, as numpy makes it. */
static bool narrow(struct cli_run_input *input, struct cli_error *error) {
    const unsigned char *from = input->array.data;
    unsigned char *to = input->array.data;
    size_t i;

    for (i = 0; i < input->array.n_values; i++) {
        int64_t wide;
        int32_t value;

        memcpy(&wide, from + i * sizeof(wide), sizeof(wide));
        if (wide < INT32_MIN || wide > INT32_MAX) {
            return cli_fail(error, CLI_UNSUPPORTED, "%s has the value %" PRId64 ", no int32",
                            input->name, wide);
        }
        value = (int32_t)wide;
        memcpy(to + i * sizeof(value), &value, sizeof(value));
    }
    input->array.element = DSINFER_ELEMENT_I32;
    return true;
}

static bool check_lengths(const struct cli_run_job *job, struct cli_run_input *input,
                          struct cli_error *error) {
    const struct cli_npy *array = &input->array;
    const int32_t *values = array->data;
    char needed[96];
    size_t i;

    if (array->element == DSINFER_ELEMENT_I64 && !narrow(input, error)) {
        return false;
    }
    if (array->element != DSINFER_ELEMENT_I32) {
        return cli_fail(error, CLI_UNSUPPORTED, "lengths has elements that are no int32 ('<i4')");
    }
    snprintf(needed, sizeof(needed), job->has_calls ? "[%zu] or [%zu, %zu]" : "[%zu]",
             job->n_streams, job->n_calls, job->n_streams);
    if (array->rank == 1 && array->dims[0] == job->n_streams) {
        input->stride = 0;
    } else if (job->has_calls && array->rank == 2 && array->dims[0] == job->n_calls &&
               array->dims[1] == job->n_streams) {
        input->stride = job->n_streams * sizeof(int32_t);
    } else {
        return wrong_shape(input, needed, error);
    }
    for (i = 0; i < array->n_values; i++) {
        if (values[i] < 0 || (size_t)values[i] > job->n_steps) {
            return cli_fail(error, CLI_UNSUPPORTED,
                            "lengths has the value %" PRId32 "; 0 to %zu are possible", values[i],
                            job->n_steps);
        }
    }
    return true;
}

static bool check_input(struct cli_run_job *job, struct cli_run_input *input,
                        struct cli_error *error) {
    switch (input->role) {
    case CLI_ROLE_WINDOWS:
        return check_windows(job, input, error);
    case CLI_ROLE_H:
    case CLI_ROLE_C:
        return check_state(job, input, error);
    case CLI_ROLE_LENGTHS:
        return check_lengths(job, input, error);
    default:
        return input->array.rank <= DSINFER_MAX_RANK ||
               wrong_shape(input, "one with fewer axes", error);
    }
}

/* Windows come first, since the others must fit them. */
int cli_run_read(struct cli_run_job *job) {
    struct cli_error error;
    size_t i, pass;

    for (i = 0; i < job->n_inputs; i++) {
        if (!cli_npy_read(job->inputs[i].path, &job->inputs[i].array, &error)) {
            return cli_report_exit(job->inputs[i].path, &error, CLI_EXIT_AUDIO);
        }
    }
    job->n_calls = 1;
    for (pass = 0; pass < 2; pass++) {
        for (i = 0; i < job->n_inputs; i++) {
            struct cli_run_input *input = &job->inputs[i];

            if ((input->role == CLI_ROLE_WINDOWS) != (pass == 0)) {
                continue;
            }
            if (!check_input(job, input, &error)) {
                return cli_report_exit(input->path, &error, CLI_EXIT_AUDIO);
            }
        }
    }
    return CLI_PARSED;
}
