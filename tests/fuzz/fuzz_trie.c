/* Any bytes as a dictionary for the alphabet of space, a and b: refused cleanly, or an automaton
 * that can be walked.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/dictionary.h"
#include "tests/fuzz/fuzz_target.h"

#define N_STATES 256

static void walk(const struct dsi_dictionary *dictionary) {
    uint32_t states[N_STATES] = {dictionary->start};
    size_t n = 1;
    size_t i;
    uint32_t label;

    for (i = 0; i < n; i++) {
        const float score = dsi_dictionary_get_score(dictionary, states[i]);

        FUZZ_CHECK(score == score); /* no NaN */
        (void)dsi_dictionary_is_word(dictionary, states[i]);
        for (label = 0; label < 4; label++) {
            uint32_t next;

            if (dsi_dictionary_find(dictionary, states[i], label, &next)) {
                FUZZ_CHECK(dictionary->info.is_anything || next < dictionary->info.n_states);
                if (n < N_STATES) {
                    states[n++] = next;
                }
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char letters[] = " \na\nb\n";
    struct dsi_dictionary dictionary;
    struct dsi_alphabet alphabet;
    struct dsinfer_error err = {0};

    FUZZ_CHECK(dsi_alphabet_read(&alphabet,
                                 (struct dsi_bytes){(const uint8_t *)letters, sizeof(letters) - 1},
                                 NULL) == DSINFER_OK);
    if (dsi_dictionary_read(&dictionary, (struct dsi_bytes){data, size}, &alphabet, &err) ==
        DSINFER_OK) {
        walk(&dictionary);
    } else {
        FUZZ_CHECK(err.status != DSINFER_OK && err.message[0] && !dictionary.memory);
    }
    dsi_dictionary_finish(&dictionary);
    dsi_alphabet_finish(&alphabet);
    return 0;
}
