/* dsinfer run: the network alone, as a pure function of arrays in files.
 *
 * An array with one more axis in front stands for consecutive calls: `windows` [calls,N,T,19,26]
 * is cut into calls, the new states of each call are the states of the next, and the outputs are
 * stacked on the same axis.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/commands.h"
#include "bin/errors.h"
#include "bin/memory.h"
#include "bin/run_job.h"
#include "bin/settings.h"

#include <stdlib.h>
#include <string.h>

#define MAX_OUTPUT_SIZE ((size_t)1 << 32) /* bytes of one stacked output */

struct settings {
    struct cli_model_settings model;
    struct {
        struct cli_words inputs, outputs;
    } own;
};

#define OWN(member) (offsetof(struct settings, own.member) - offsetof(struct settings, own))

static const struct cli_option own_options[] = {
    {"input", 'i', CLI_LIST, "NAME=FILE", OWN(inputs),
     "an array for windows, h, c, lengths or a node", 0, 0, NULL},
    {"output", 'o', CLI_LIST, "NAME=FILE", OWN(outputs),
     "where logits, new_h, new_c or a node goes", 0, 0, NULL},
};

static struct cli_run_input *find_input(struct cli_run_job *job, enum cli_role role) {
    size_t i;

    for (i = 0; i < job->n_inputs; i++) {
        if (job->inputs[i].role == role) {
            return &job->inputs[i];
        }
    }
    return NULL;
}

/* With several calls the states go round: both are inputs, and their new values are asked for. */
static void add_states(struct cli_run_job *job) {
    static const char *const new_names[2] = {"new_h", "new_c"};
    const size_t n_cell = dsinfer_model_info(job->model)->n_cell;
    const size_t n = job->n_streams * n_cell;
    size_t k;

    if (job->n_calls < 2 || !dsinfer_model_info(job->model)->has_state) {
        return;
    }
    for (k = 0; k < 2; k++) {
        const enum cli_role role = k ? CLI_ROLE_C : CLI_ROLE_H;
        struct cli_run_input *input = find_input(job, role);
        size_t i;

        job->states[k] = cli_calloc(n, sizeof(float));
        if (input) {
            memcpy(job->states[k], input->array.data, n * sizeof(float));
        } else {
            input = &job->inputs[job->n_inputs++];
            input->name = cli_strdup(cli_run_role_name(role));
            input->role = role;
            input->array.element = DSINFER_ELEMENT_F32;
            input->array.rank = 2;
            input->array.dims[0] = job->n_streams;
            input->array.dims[1] = n_cell;
        }
        for (i = 0; i < job->n_outputs; i++) {
            if (strcmp(job->outputs[i].name, new_names[k]) == 0) {
                break;
            }
        }
        if (i == job->n_outputs) {
            job->outputs[job->n_outputs++].name = cli_strdup(new_names[k]);
        }
    }
}

/* The inputs of call `call`. */
static void bind(const struct cli_run_job *job, size_t call, struct dsinfer_binding *bindings) {
    size_t i;

    for (i = 0; i < job->n_inputs; i++) {
        const struct cli_run_input *input = &job->inputs[i];
        const size_t skip = (input->role == CLI_ROLE_WINDOWS && job->has_calls) ||
                            (input->role == CLI_ROLE_LENGTHS && input->stride);

        memset(&bindings[i], 0, sizeof(bindings[i]));
        bindings[i].name = input->name;
        bindings[i].array.element = input->array.element;
        bindings[i].array.rank = input->array.rank - skip;
        memcpy(bindings[i].array.dims, input->array.dims + skip,
               bindings[i].array.rank * sizeof(size_t));
        bindings[i].array.data = (const char *)input->array.data + call * input->stride;
        if (input->role == CLI_ROLE_H && job->states[0]) {
            bindings[i].array.data = job->states[0];
        } else if (input->role == CLI_ROLE_C && job->states[1]) {
            bindings[i].array.data = job->states[1];
        }
    }
}

/* Puts what a call gave into its place in the stack, and the new states into theirs. */
static bool collect(struct cli_run_job *job, size_t call, const struct dsinfer_array *arrays,
                    struct cli_error *error) {
    size_t i, axis;

    for (i = 0; i < job->n_outputs; i++) {
        const struct dsinfer_array *array = &arrays[i];
        struct cli_run_output *output = &job->outputs[i];
        const int state = strcmp(output->name, "new_h") == 0   ? 0
                          : strcmp(output->name, "new_c") == 0 ? 1
                                                               : -1;

        if (call == 0) {
            size_t size = cli_npy_element_size(array->element);

            for (axis = 0; axis < array->rank; axis++) {
                size *= array->dims[axis];
                output->dims[axis] = array->dims[axis];
            }
            if (size > MAX_OUTPUT_SIZE / job->n_calls) {
                return cli_fail(error, CLI_RESOURCES, "%s is larger than the limit of 4 GiB",
                                output->name);
            }
            output->element = array->element;
            output->rank = array->rank;
            output->call_size = size;
            output->data = cli_calloc(job->n_calls, size);
        }
        memcpy(output->data + call * output->call_size, array->data, output->call_size);
        if (state >= 0 && job->states[state]) {
            memcpy(job->states[state], array->data, output->call_size);
        }
    }
    return true;
}

static int run_calls(struct cli_run_job *job) {
    struct dsinfer_binding *bindings = cli_calloc(job->n_inputs, sizeof(*bindings));
    struct dsinfer_array *arrays = cli_calloc(job->n_outputs, sizeof(*arrays));
    const char **names = cli_calloc(job->n_outputs, sizeof(*names));
    struct dsinfer_error library_error = {DSINFER_OK, ""};
    enum dsinfer_status status;
    int exit_code = CLI_PARSED;
    struct cli_error error;
    size_t i, call;

    for (i = 0; i < job->n_outputs; i++) {
        names[i] = job->outputs[i].name;
    }
    bind(job, 0, bindings);
    status = dsinfer_query_create(job->model, bindings, job->n_inputs, names, job->n_outputs,
                                  &job->query, &library_error);
    for (call = 0; call < job->n_calls && status == DSINFER_OK; call++) {
        bind(job, call, bindings);
        status = dsinfer_query_run(job->query, bindings, arrays, &library_error);
        if (status == DSINFER_OK && !collect(job, call, arrays, &error)) {
            exit_code = cli_report_exit(job->model_path, &error, CLI_EXIT_RUNTIME);
            goto out;
        }
    }
    if (status != DSINFER_OK) {
        cli_fail_library(&error, status, &library_error);
        exit_code =
            cli_report_exit(job->model_path, &error,
                            status == DSINFER_ERR_ARGUMENT ? CLI_EXIT_USAGE : CLI_EXIT_RUNTIME);
    }
out:
    free(bindings);
    free(arrays);
    free(names);
    return exit_code;
}

/* Writes every output beside its place, and only when all are complete moves them there. */
static int write_outputs(struct cli_run_job *job) {
    struct cli_error error;
    size_t i;

    for (i = 0; i < job->n_outputs; i++) {
        struct cli_run_output *output = &job->outputs[i];
        size_t dims[CLI_NPY_MAX_RANK];

        if (!output->path) {
            continue;
        }
        dims[0] = job->n_calls;
        memcpy(dims + (job->has_calls ? 1 : 0), output->dims, output->rank * sizeof(*dims));
        if (!cli_whole_file_open(&output->file, output->path, &error) ||
            !cli_npy_write(output->file.file, output->element, dims,
                           output->rank + (job->has_calls ? 1 : 0), output->data, &error) ||
            !cli_whole_file_finish(&output->file, &error)) {
            return cli_report_exit(output->path, &error, CLI_EXIT_RUNTIME);
        }
    }
    for (i = 0; i < job->n_outputs; i++) {
        if (job->outputs[i].path && !cli_whole_file_commit(&job->outputs[i].file, &error)) {
            return cli_report_exit(job->outputs[i].path, &error, CLI_EXIT_RUNTIME);
        }
    }
    return CLI_EXIT_OK;
}

static void finish_job(struct cli_run_job *job) {
    size_t i;

    dsinfer_query_destroy(job->query);
    for (i = 0; i < job->n_inputs; i++) {
        free(job->inputs[i].name);
        cli_npy_finish(&job->inputs[i].array);
    }
    for (i = 0; i < job->n_outputs; i++) {
        free(job->outputs[i].name);
        free(job->outputs[i].data);
        cli_whole_file_discard(&job->outputs[i].file);
    }
    free(job->inputs);
    free(job->outputs);
    free(job->states[0]);
    free(job->states[1]);
    dsinfer_model_unref(job->model);
}

/* Outputs may replace inputs, which have been read by then (--input h=h.npy --output new_h=h.npy),
 * but not the model. */
static int check_outputs(const struct cli_run_job *job) {
    size_t i;

    for (i = 0; i < job->n_outputs; i++) {
        if (cli_is_same_file(job->outputs[i].path, job->model_path)) {
            return cli_usage(job->outputs[i].path, "is the model: it would be overwritten");
        }
    }
    return CLI_PARSED;
}

static int run_job(struct settings *settings, const char *model_path) {
    struct cli_run_job job = {.model_path = model_path};
    int exit_code;

    settings->model.path = model_path;
    exit_code = cli_run_split(&job, &settings->own.inputs, &settings->own.outputs);
    if (exit_code == CLI_PARSED) {
        exit_code = check_outputs(&job);
    }
    if (exit_code == CLI_PARSED) {
        exit_code = cli_model_open(&settings->model, &job.model);
        exit_code = exit_code == CLI_EXIT_OK ? CLI_PARSED : exit_code;
    }
    if (exit_code == CLI_PARSED) {
        exit_code = cli_run_find_roles(&job);
    }
    if (exit_code == CLI_PARSED) {
        exit_code = cli_run_read(&job);
    }
    if (exit_code == CLI_PARSED) {
        add_states(&job);
        exit_code = run_calls(&job);
    }
    if (exit_code == CLI_PARSED) {
        exit_code = write_outputs(&job);
    }
    finish_job(&job);
    return exit_code;
}

static int run(int argc, char **argv) {
    struct settings settings;
    struct cli_group groups[] = {
        {"Arrays", own_options, CLI_N(own_options), &settings.own},
        cli_kernel_options(&settings.model),
    };
    struct cli_words words = {0};
    int exit_code;

    memset(&settings.own, 0, sizeof(settings.own));
    exit_code = cli_parse(&cli_run, groups, CLI_N(groups), argc, argv, &words);
    if (exit_code == CLI_PARSED) {
        exit_code = words.n == 1 ? run_job(&settings, words.items[0])
                                 : cli_usage("run", "one model is needed");
    }
    cli_words_finish(&settings.own.inputs);
    cli_words_finish(&settings.own.outputs);
    cli_words_finish(&words);
    return exit_code;
}

const struct cli_command cli_run = {
    "run",
    "MODEL",
    "the network alone, on arrays",
    "Runs a model on arrays of float32 (lengths: int32) in .npy files. NAME is windows [N, T, 19, "
    "26], h, c [N, n_cell], lengths [N]; logits [T, N, n_labels], new_h, new_c; or a node of the "
    "graph. One more axis in front of windows (and lengths) stands for consecutive calls, each "
    "handing its states to the next; outputs then have that axis, too. States not given are "
    "zeros; a network that takes recordings whole has none.",
    "  dsinfer run output_graph.pb --input windows=w.npy --output logits=l.npy\n"
    "  dsinfer run output_graph.pb --input windows=w.npy --input h=h.npy \\\n"
    "      --input c=c.npy --output logits=l.npy --output new_h=h2.npy\n",
    run,
};
