/* One call of `dsinfer run`: what goes in, what comes out, and how often the network is called.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_RUN_JOB_H
#define BIN_RUN_JOB_H

#include "bin/errors.h"
#include "bin/npy.h"
#include "bin/options.h"
#include "bin/output/writer.h"

#include <dsinfer/runner.h>

enum cli_role { CLI_ROLE_NODE, CLI_ROLE_WINDOWS, CLI_ROLE_H, CLI_ROLE_C, CLI_ROLE_LENGTHS };

struct cli_run_input {
    char *name; /* owned */
    const char *path;
    enum cli_role role;
    struct cli_npy array;
    size_t stride; /* bytes from call to call; 0: the same for every call */
};

struct cli_run_output {
    char *name;       /* owned */
    const char *path; /* NULL: only wanted to be carried */
    enum dsinfer_element element;
    size_t rank;
    size_t dims[CLI_NPY_MAX_RANK]; /* of one call */
    size_t call_size;              /* bytes */
    unsigned char *data;           /* owned, all calls */
    struct cli_whole_file file;
};

struct cli_run_job {
    struct dsinfer_model *model;
    const char *model_path;
    struct cli_run_input *inputs; /* owned, with room for two more */
    size_t n_inputs;
    struct cli_run_output *outputs; /* owned, with room for two more */
    size_t n_outputs;
    bool has_calls;
    size_t n_calls, n_streams, n_steps;
    float *states[2]; /* owned: h and c between calls, or NULL */
    struct dsinfer_query *query;
};

/* These return CLI_PARSED, or the exit code after a report. */

/* Takes "NAME=FILE" words apart. */
int cli_run_split(struct cli_run_job *job, const struct cli_words *inputs,
                  const struct cli_words *outputs);

/* Tells which inputs are windows, h, c and lengths, also where they go by their node's name. */
int cli_run_find_roles(struct cli_run_job *job);

/* Reads the arrays and checks their shapes. */
int cli_run_read(struct cli_run_job *job);

/* The name of a role. */
const char *cli_run_role_name(enum cli_role role);

#endif
