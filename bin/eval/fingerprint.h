/* With what an evaluation is done, as an object of strings: two runs with the same one give the
 * same texts. Files stand there by their content, wherever they lie.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BIN_EVAL_FINGERPRINT_H
#define BIN_EVAL_FINGERPRINT_H

#include "bin/errors.h"
#include "bin/options.h"
#include "bin/output/json.h"

#include <dsinfer/model.h>

/* Sets `key` to a number made of the file's bytes; for the `.xml` of a model also of those of the
 * `.bin` beside it. Nothing is set where `path` is NULL. */
bool cli_fingerprint_file(json_t *object, const char *key, const char *path,
                          struct cli_error *error);

/* Sets "labels" to a number made of the model's labels, wherever they come from. */
void cli_fingerprint_labels(json_t *object, const struct dsinfer_model *model);

/* Sets each option of the group that was given, by its name; but none that name files. */
void cli_fingerprint_options(json_t *object, const struct cli_group *group);

#endif
