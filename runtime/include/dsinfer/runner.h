/* The network alone: a pure function (windows, h, c) -> (logits, new h, new c).
 *
 * A runner is scratch memory to run one model, for one thread at a time. It holds nothing between
 * calls: the state of every utterance is the application's, which hands new_h and new_c of one call
 * as h and c to the next (zeros before the first). Nothing is allocated while running.
 *
 *     windows, h, c ──► runner ──► logits
 *              ▲                     │
 *              └──── new_h, new_c ◄──┘
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSINFER_RUNNER_H
#define DSINFER_RUNNER_H

#include <dsinfer/model.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dsinfer_runner;

struct dsinfer_runner_options {
    size_t size;        /* of this struct, set by _init */
    size_t max_streams; /* largest N of a call; default 1, 1 to 1024 */
    size_t max_steps;   /* largest T of a call; default 16, 1 to 1024 (65536 without state) */
    size_t n_threads;   /* default 1: the caller's alone; 2 to 64: the runner has so many less one
                           of its own, which share the work of each call, with the same results to
                           the bit, and sleep between calls. They help with products of more than
                           64 columns, but never with those of BLAS */
};

DSINFER_API void dsinfer_runner_options_init(struct dsinfer_runner_options *options);

/* One call of the network for N streams and T windows each. Float32, C order. Outputs must not
 * overlap inputs, but new_h may be h, and new_c may be c. */
struct dsinfer_step {
    size_t n_streams;     /* N, 1 to max_streams */
    size_t n_steps;       /* T, 1 to max_steps; need not be the file's */
    const float *windows; /* [N][T][2 * n_context + 1][n_features] */
    const float *h, *c; /* [N][n_cell]; not looked at, like new_h and new_c, where the model has no
                           state */
    const int32_t
        *lengths;  /* [N], 0 to T; NULL: all T. Rows from the length on are one constant row */
    float *logits; /* [T][N][n_labels], the model's own output: raw up to 0.3 */
    float *new_h, *new_c; /* [N][n_cell], the state after `lengths` steps */
};

/* Makes a runner with a reference to `model`; `options` may be NULL.
 * Fails with ERR_ARGUMENT, ERR_NO_MEMORY (also where the system gives no threads),
 * ERR_UNSUPPORTED. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_runner_create(struct dsinfer_model *model, const struct dsinfer_runner_options *options,
                      struct dsinfer_runner **runner, struct dsinfer_error *error);

/* Fails with ERR_ARGUMENT when a number is out of range or a pointer is NULL; outputs are then
 * untouched. Any float is accepted; values that are no numbers stay within their own stream. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_runner_run(struct dsinfer_runner *runner, const struct dsinfer_step *step);

DSINFER_API void dsinfer_runner_destroy(struct dsinfer_runner *runner);

/* Any part of the graph: values named as in the file, handed in and out by name.
 *
 * A name is a role (`windows`, `h`, `c`, `lengths`; `logits`, `new_h`, `new_c`) or a node of the
 * graph, with `:K` for its output K. */

enum dsinfer_element {
    DSINFER_ELEMENT_F32 = 1,
    DSINFER_ELEMENT_I32,
    DSINFER_ELEMENT_I64,
    DSINFER_ELEMENT_BOOL
};

#define DSINFER_MAX_RANK 6

struct dsinfer_array {
    enum dsinfer_element element;
    size_t rank;
    size_t dims[DSINFER_MAX_RANK];
    const void *data; /* C order */
};

struct dsinfer_binding {
    const char *name;
    struct dsinfer_array array;
};

struct dsinfer_query;

/* Compiles the part of the graph that leads to `output_names`, for inputs of exactly the given
 * names, elements and shapes (their data is not looked at). State inputs not named start at zero in
 * every call; `lengths` not named is all T. Fails with ERR_ARGUMENT for a name that is not in the
 * graph (the nearest one is named) and for shapes that do not fit. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_query_create(struct dsinfer_model *model, const struct dsinfer_binding *inputs,
                     size_t n_inputs, const char *const *output_names, size_t n_outputs,
                     struct dsinfer_query **query, struct dsinfer_error *error);

/* Runs it once. `inputs` as at creation, in the same order, with data; outputs[i] is filled in with
 * an array lent until the next run or destroy. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_query_run(struct dsinfer_query *query, const struct dsinfer_binding *inputs,
                  struct dsinfer_array *outputs, struct dsinfer_error *error);

DSINFER_API void dsinfer_query_destroy(struct dsinfer_query *query);

#ifdef __cplusplus
}
#endif

#endif
