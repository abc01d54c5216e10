/* What a file is: told by its content, described without running it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSINFER_INSPECT_H
#define DSINFER_INSPECT_H

#include <dsinfer/model.h>
#include <dsinfer/scorer.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dsinfer_inspection;

enum dsinfer_file_kind {
    DSINFER_FILE_MODEL = 1,
    DSINFER_FILE_ALPHABET,
    DSINFER_FILE_LANGUAGE_MODEL,
    DSINFER_FILE_DICTIONARY, /* a trie */
    DSINFER_FILE_SCORER      /* a package of both */
};

struct dsinfer_role {
    const char *role;   /* "windows", "h", "c", "lengths", "logits", "new_h", "new_c" */
    const char *tensor; /* name in the graph, for example "previous_state_c/read" */
    size_t rank;
    int64_t dims[4]; /* as `runner.h` takes and gives it, in the file's own size; -1: left open */
};

/* Something that the file says of how it was made. */
struct dsinfer_origin_fact {
    const char *name;  /* a program, "Model Optimizer"; or one of its flags, "--input" */
    const char *value; /* the program's version; the flag's value, "" where it has none */
    int is_flag;
};

struct dsinfer_op_count {
    const char *op; /* as the file names it */
    size_t n_nodes;
};

/* One node of weights. */
struct dsinfer_weight {
    const char *name;
    size_t rank;
    size_t dims[6];
    size_t size; /* bytes */
};

/* A piece of the network that runs. */
struct dsinfer_network_node {
    const char *name;      /* of the node; of an input or output, its role */
    const char *op;        /* "" for inputs and outputs */
    size_t rank, dims[6];  /* of its matrix of weights; rank 0: it has none */
    size_t n_sources;      /* nodes whose values it reads */
    const size_t *sources; /* their places in the list */
};

struct dsinfer_inspection_info {
    enum dsinfer_file_kind kind;
    const char *format; /* "graphdef", "memmapped", "alphabet", or the scorer's */
    const struct dsinfer_model_info *model; /* NULL unless kind is DSINFER_FILE_MODEL */
    size_t n_roles;
    const struct dsinfer_role *roles;
    size_t n_ops; /* kinds of op in the file, by name */
    const struct dsinfer_op_count *ops;
    size_t n_weights; /* constants of at least 64 elements, in the order of the file */
    const struct dsinfer_weight *weights;
    size_t n_plan_ops; /* kinds of op that run after all passes */
    const struct dsinfer_op_count *plan_ops;
    size_t n_nodes; /* of the network, each after its sources */
    const struct dsinfer_network_node *nodes;
    size_t n_origin; /* 0: the file does not say */
    const struct dsinfer_origin_fact *origin;
    size_t n_labels;                          /* alphabet: labels, the blank not counted */
    const struct dsinfer_scorer_info *scorer; /* NULL unless kind is one of the last three */
};

/* Fails like dsinfer_model_open. On failure *inspection is NULL. */
DSINFER_API DSINFER_MUST_CHECK enum dsinfer_status
dsinfer_inspection_open(const char *path, struct dsinfer_inspection **inspection,
                        struct dsinfer_error *error);

/* Lent until close. */
DSINFER_API const struct dsinfer_inspection_info *
dsinfer_inspection_get_info(const struct dsinfer_inspection *inspection);

DSINFER_API void dsinfer_inspection_close(struct dsinfer_inspection *inspection);

#ifdef __cplusplus
}
#endif

#endif
