/* Golden files in JSON.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_SUPPORT_JSON_H
#define TESTS_SUPPORT_JSON_H

#include <jansson.h>

/* Reads a file; fails the test if it cannot. Free with json_decref. */
json_t *test_json_read(const char *path);

#endif
