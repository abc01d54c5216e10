/* Rows of logits in memory or in files.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/eval/logits.h"
#include "bin/memory.h"
#include "bin/output/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool cli_logits_init(struct cli_logits *logits, const char *folder, size_t n, size_t n_labels,
                     struct cli_error *error) {
    memset(logits, 0, sizeof(*logits));
    if (folder && mkdir(folder, 0777) != 0 && errno != EEXIST) {
        return cli_fail_errno(error, "cannot be made");
    }
    logits->folder = folder;
    logits->n_labels = n_labels;
    logits->n = n;
    logits->recordings = cli_calloc(n + 1, sizeof(*logits->recordings));
    return true;
}

/* "FOLDER/000012.npy", owned by the caller. */
static char *make_path(const struct cli_logits *logits, size_t number) {
    char name[48];

    snprintf(name, sizeof(name), "%06zu.npy", number);
    return cli_join(logits->folder, name);
}

static bool write_rows(const char *path, const size_t *dims, const float *rows,
                       struct cli_error *error) {
    struct cli_whole_file whole;
    bool is_good = cli_whole_file_open(&whole, path, error);

    if (is_good) {
        is_good = cli_npy_write(whole.file, DSINFER_ELEMENT_F32, dims, 2, rows, error) &&
                  cli_whole_file_finish(&whole, error) && cli_whole_file_commit(&whole, error);
        cli_whole_file_discard(&whole);
    }
    return is_good;
}

bool cli_logits_put(struct cli_logits *logits, size_t i, size_t number, const float *rows,
                    size_t n_frames, struct cli_error *error) {
    const size_t dims[2] = {n_frames, logits->n_labels};
    bool is_good = true;

    logits->recordings[i].n_frames = n_frames;
    if (logits->folder) {
        char *path = make_path(logits, number);

        is_good = write_rows(path, dims, rows, error);
        free(path);
    } else {
        logits->recordings[i].rows = cli_calloc(n_frames * logits->n_labels + 1, sizeof(*rows));
        memcpy(logits->recordings[i].rows, rows, n_frames * logits->n_labels * sizeof(*rows));
    }
    return is_good;
}

bool cli_logits_get(const struct cli_logits *logits, size_t i, size_t number, struct cli_npy *array,
                    const float **rows, size_t *n_frames, struct cli_error *error) {
    char *path;
    bool is_good;

    memset(array, 0, sizeof(*array));
    *rows = logits->recordings[i].rows;
    *n_frames = logits->recordings[i].n_frames;
    if (!logits->folder) {
        return true;
    }
    path = make_path(logits, number);
    is_good = cli_npy_read(path, array, error);
    free(path);
    if (!is_good) {
        memset(array, 0, sizeof(*array));
        return false;
    }
    *rows = array->data;
    if (array->element != DSINFER_ELEMENT_F32 || array->rank != 2 || array->dims[0] != *n_frames ||
        array->dims[1] != logits->n_labels) {
        cli_npy_finish(array);
        memset(array, 0, sizeof(*array));
        return cli_fail(error, CLI_IO, "the kept array %06zu.npy has been changed", number);
    }
    return true;
}

void cli_logits_finish(struct cli_logits *logits) {
    size_t i;

    for (i = 0; i < logits->n; i++) {
        free(logits->recordings[i].rows);
    }
    free(logits->recordings);
    memset(logits, 0, sizeof(*logits));
}
