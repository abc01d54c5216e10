/* JSON with jansson. Memory that runs out ends the program, as in memory.h.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_OUTPUT_JSON_H
#define BIN_OUTPUT_JSON_H

#include <jansson.h>
#include <stdio.h>

/* Numbers are written with 9 digits: a float read back is the same float. */
#define CLI_JSON_FLAGS JSON_REAL_PRECISION(9)

/* Any bytes as a string: what is no UTF-8 becomes U+FFFD. */
json_t *cli_json_string(const char *text);

/* A number, or null for one that JSON does not know. */
json_t *cli_json_real(double value);

/* Adds `value` (taken over) under `key`. */
void cli_json_set(json_t *object, const char *key, json_t *value);
void cli_json_append(json_t *array, json_t *value);
json_t *cli_json_object(void);
json_t *cli_json_array(void);

/* Writes `value` (taken over), indented by two where `is_pretty`. No newline at the end. */
void cli_json_write(FILE *file, json_t *value, int is_pretty);

#endif
