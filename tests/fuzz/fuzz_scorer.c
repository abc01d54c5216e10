/* Any bytes as a scorer package or language model for the alphabet of space, a and b: refused
 * cleanly, or its words can be scored, drawn, looked up, and expanded to a tree that holds them.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/scorer.h"
#include "tests/fuzz/use_lm.h"

/* Both dictionaries agree on every text of up to three letters. */
static void compare(const struct dsi_dictionary *dag, const struct dsi_dictionary *tree) {
    uint32_t i, k;

    for (i = 0; i < 64; i++) {
        const uint32_t letters[3] = {1 + i % 2, 1 + i / 2 % 2, 1 + i / 4 % 2};
        uint32_t a = dag->start;
        uint32_t b = tree->start;

        for (k = 0; k < i / 8 % 4; k++) {
            const bool in_dag = dsi_dictionary_find(dag, a, letters[k], &a);
            const bool in_tree = dsi_dictionary_find(tree, b, letters[k], &b);

            FUZZ_CHECK(in_dag == in_tree);
            if (!in_dag) {
                break;
            }
            FUZZ_CHECK(dsi_dictionary_is_word(dag, a) == dsi_dictionary_is_word(tree, b));
        }
    }
}

/* Whether the arcs of every state ascend, which those of damaged files need not. */
static bool is_sorted(const struct dsi_dictionary *dictionary) {
    uint32_t state, first, end;

    for (state = 0; state < dictionary->info.n_states; state++) {
        uint32_t last = 0;

        dsi_dictionary_get_arcs(dictionary, state, &first, &end);
        for (; first < end; first++) {
            uint32_t label, next;

            dsi_dictionary_get_arc(dictionary, first, &label, &next);
            if (label <= last) {
                return false;
            }
            last = label;
        }
    }
    return true;
}

static void use_dictionary(const struct dsinfer_scorer *scorer) {
    struct dsi_dictionary tree;
    struct dsinfer_error err = {0};

    FUZZ_CHECK(dsi_scorer_check_alphabet(scorer, &err) == DSINFER_OK ||
               (err.status == DSINFER_ERR_MISMATCH && err.message[0]));
    if (dsi_dictionary_expand(&scorer->dictionary, scorer->lm, &scorer->alphabet, &tree, NULL) ==
        DSINFER_OK) {
        if (is_sorted(&scorer->dictionary) && !scorer->dictionary.info.is_bytes) {
            compare(&scorer->dictionary, &tree);
        }
    }
    dsi_dictionary_finish(&tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char letters[] = " \na\nb\n";
    struct dsinfer_scorer scorer = {.lm = NULL};
    struct dsinfer_scorer_info info;
    struct dsinfer_error err = {0};

    FUZZ_CHECK(dsi_alphabet_read(&scorer.alphabet,
                                 (struct dsi_bytes){(const uint8_t *)letters, sizeof(letters) - 1},
                                 NULL) == DSINFER_OK);
    if (dsi_scorer_read(&scorer, (struct dsi_bytes){data, size}, &scorer.alphabet, &err) ==
        DSINFER_OK) {
        use_lm(scorer.lm);
        if (scorer.has_dictionary) {
            use_dictionary(&scorer);
        }
        FUZZ_CHECK(dsi_scorer_describe((struct dsi_bytes){data, size}, &info, NULL) == DSINFER_OK);
        FUZZ_CHECK(info.order >= 2 && info.format && info.type);
    } else {
        FUZZ_CHECK(err.status != DSINFER_OK && err.message[0]);
    }
    dsi_scorer_finish(&scorer);
    return 0;
}
