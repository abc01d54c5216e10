/* What the fuzz targets of language models and scorers do with a model that was taken.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_FUZZ_USE_LM_H
#define TESTS_FUZZ_USE_LM_H

#include "model/lm/lm.h"
#include "tests/fuzz/fuzz_target.h"

#include <string.h>

/* Scores words in every context they make: lengths are right, and the same comes twice. */
static inline void use_lm(const struct dsi_lm *lm) {
    static const char *const words[] = {"<s>", "a", "b", "</s>", "ab", "a", "a",  "b",
                                        "c",   "",  "a", "b",    "a",  "b", "ab", "<unk>"};
    const struct dsi_lm_info *info = dsi_lm_get_info(lm);
    const struct dsi_bytes strings = dsi_lm_get_strings(lm);
    struct dsi_lm_state state;
    size_t i;

    FUZZ_CHECK(info->order >= 2 && info->order <= DSI_LM_MAX_ORDER && info->type);
    FUZZ_CHECK(info->has_strings || strings.size == 0);
    dsi_lm_get_begin(lm, &state);
    for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
        const uint32_t index = dsi_lm_find_word(lm, words[i], strlen(words[i]));
        struct dsi_lm_state next, again;
        unsigned n_matched;
        const float score = dsi_lm_score(lm, &state, index, &next, &n_matched);
        const float same = dsi_lm_score(lm, &state, index, &again, NULL);

        FUZZ_CHECK(index < info->n_words);
        FUZZ_CHECK(n_matched >= 1 && n_matched <= info->order && n_matched <= state.length + 1);
        FUZZ_CHECK(next.length < info->order);
        FUZZ_CHECK(memcmp(&score, &same, sizeof(score)) == 0);
        FUZZ_CHECK(memcmp(&next, &again, sizeof(next)) == 0);
        state = next;
    }
}

#endif
