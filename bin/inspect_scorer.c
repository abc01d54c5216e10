/* Facts about language models, dictionaries and scorers.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/inspect_scorer.h"
#include "bin/output/json.h"

#include <inttypes.h>
#include <stdio.h>

void cli_inspect_scorer_add(json_t *object, const struct dsinfer_scorer_info *info) {
    uint32_t i;

    if (info->order) {
        json_t *counts = cli_json_array();

        for (i = 0; i < info->order; i++) {
            cli_json_append(counts, json_integer((json_int_t)info->counts[i]));
        }
        cli_json_set(object, "order", json_integer(info->order));
        cli_json_set(object, "type", cli_json_string(info->type));
        cli_json_set(object, "counts", counts);
        cli_json_set(object, "has_words", json_boolean(info->has_words));
    }
    if (info->dictionary) {
        cli_json_set(object, "n_states", json_integer(info->n_states));
        cli_json_set(object, "n_arcs", json_integer(info->n_arcs));
        cli_json_set(object, "bytes_output", json_boolean(info->is_bytes));
    }
    if (info->has_weights) {
        cli_json_set(object, "alpha", cli_json_real(info->alpha));
        cli_json_set(object, "beta", cli_json_real(info->beta));
    }
}

void cli_inspect_scorer_print(const struct dsinfer_scorer_info *info) {
    uint32_t i;

    if (info->order) {
        printf("  model     %s, order %" PRIu32 ", %s its words as text\n  n-grams  ", info->type,
               info->order, info->has_words ? "with" : "without");
        for (i = 0; i < info->order; i++) {
            printf(" %" PRIu64, info->counts[i]);
        }
        putchar('\n');
    }
    if (info->dictionary && info->n_states) {
        printf("  words     %" PRIu32 " states, %" PRIu32 " arcs; letters are %s\n", info->n_states,
               info->n_arcs, info->is_bytes ? "bytes" : "labels of an alphabet");
    } else if (info->dictionary) {
        printf("  words     any: every label may follow every other\n");
    }
    if (info->has_weights) {
        printf("  weights   alpha %.9g (language model), beta %.9g (words)\n", info->alpha,
               info->beta);
    }
}
