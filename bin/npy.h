/* Arrays in `.npy` files, versions 1.0 to 3.0: little-endian, C order, float32, int32, int64 or
 * bool. A file begins with
 *     93 'N' 'U' 'M' 'P' 'Y'  MAJOR MINOR  length of the header (2 bytes, from version 2 on 4)
 *     {'descr': '<f4', 'fortran_order': False, 'shape': (5, 16, 1, 29), }   padded, newline
 * and goes on with the numbers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_NPY_H
#define BIN_NPY_H

#include "bin/errors.h"

#include <dsinfer/runner.h>

#include <stdio.h>

/* With a leading axis of calls: one more than the library's arrays have. */
#define CLI_NPY_MAX_RANK (DSINFER_MAX_RANK + 1)

struct cli_npy {
    enum dsinfer_element element;
    size_t rank;
    size_t dims[CLI_NPY_MAX_RANK];
    size_t n_values;
    void *data;  /* within bytes, aligned for the element */
    void *bytes; /* owned */
};

/* Reads a whole file. On failure nothing has to be freed. */
bool cli_npy_read(const char *path, struct cli_npy *array, struct cli_error *error);
void cli_npy_finish(struct cli_npy *array);

/* "[5, 16, 1, 29]". Returns `text`. */
const char *cli_npy_describe_shape(const size_t *dims, size_t rank, char *text, size_t size);

/* Writes header and numbers. */
bool cli_npy_write(FILE *file, enum dsinfer_element element, const size_t *dims, size_t rank,
                   const void *data, struct cli_error *error);

/* Only the header, for data that is written piece by piece. */
bool cli_npy_write_header(FILE *file, enum dsinfer_element element, const size_t *dims, size_t rank,
                          struct cli_error *error);

size_t cli_npy_element_size(enum dsinfer_element element);

#endif
