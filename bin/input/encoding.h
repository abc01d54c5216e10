/* Encodings of samples: bytes to floats where 1.0 is full scale. Integers of up to 24 bits are
 * exact in a float.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_INPUT_ENCODING_H
#define BIN_INPUT_ENCODING_H

#include <stddef.h>

struct cli_encoding {
    const char *name;
    size_t size; /* bytes a sample */
    float (*decode)(const unsigned char *bytes);
};

/* In the order of cli_encoding_names. */
extern const struct cli_encoding cli_encodings[];

/* The names --encoding takes, NULL-terminated. */
extern const char *const cli_encoding_names[];

/* NULL if there is none of that name; also finds "f64le", which only WAV files use. */
const struct cli_encoding *cli_encoding_find(const char *name);

#endif
