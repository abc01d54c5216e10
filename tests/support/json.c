/* Golden files in JSON.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/support/json.h"

#include "tests/support/test.h"

json_t *test_json_read(const char *path) {
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);

    if (!root) {
        fail_msg("%s: line %d: %s", path, error.line, error.text);
    }
    return root;
}
